#include "store/log_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <mutex>
#include <string_view>

namespace hearthgate::store {
namespace {

// Of a page in the log (SQLite, "Database File Format", section 4.1): its header comes first, in a write of
// its own; the size of the database stands in the header of a commit's last page, and zero in all others.
constexpr int kFrameHeaderBytes = 24;
constexpr int kDatabaseSizeAt = 4;
constexpr int kDatabaseSizeBytes = 4;

// One log as SQLite has it open; the file of the VFS below follows in the same memory, which SQLite owns.
struct LogFile {
  sqlite3_file base;
  char* gathered;  // kLogBufferBytes, from the first write on
  int size;
  sqlite3_int64 at;    // of the first gathered byte in the file
  sqlite3_int64 next;  // where the last write ended
  bool last_page;      // the next write is the last page of a commit
  bool gathers;

  static LogFile* of(sqlite3_file* file) { return reinterpret_cast<LogFile*>(file); }
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  const sqlite3_io_methods& methods() { return *file()->pMethods; }

  // What could not be written is dropped: the commit has failed, and SQLite writes the next one over its place.
  int flush() {
    if (size == 0) return SQLITE_OK;
    int bytes = size;
    size = 0;
    return methods().xWrite(file(), gathered, bytes, at);
  }

  int write(const void* from, int bytes, sqlite3_int64 to) {
    bool appends = to == next;
    next = to + bytes;
    bool ends_commit = last_page;
    last_page = bytes == kFrameHeaderBytes && std::string_view(static_cast<const char*>(from) + kDatabaseSizeAt, kDatabaseSizeBytes) !=
                                                  std::string_view("\0\0\0\0", kDatabaseSizeBytes);
    // What is written over is not gathered: a commit larger than the page cache ends with headers that are written anew, and
    // nothing would say which of them is the last.
    bool gather = gathers && appends && bytes <= kLogBufferBytes;
    if (gather && !gathered) gathered = static_cast<char*>(sqlite3_malloc(kLogBufferBytes));
    if (!gather || !gathered || size + bytes > kLogBufferBytes) {
      if (int code = flush(); code != SQLITE_OK) return code;
    }
    if (!gather || !gathered) return methods().xWrite(file(), from, bytes, to);
    if (size == 0) at = to;
    std::memcpy(gathered + size, from, static_cast<size_t>(bytes));
    size += bytes;
    return ends_commit ? flush() : SQLITE_OK;
  }
};

// Everything but a write sees a file with all that was written.
template <typename Call>
int flushed(sqlite3_file* of, Call call) {
  LogFile& log = *LogFile::of(of);
  int code = log.flush();
  return code == SQLITE_OK ? call(log.methods(), log.file()) : code;
}

// SQLite asks a log for no more than version 1 has.
const sqlite3_io_methods kMethods = {
    1,
    [](sqlite3_file* f) {
      LogFile& log = *LogFile::of(f);
      int code = log.flush();
      sqlite3_free(log.gathered);
      log.gathered = nullptr;
      int closed = log.methods().xClose(log.file());
      return code == SQLITE_OK ? closed : code;
    },
    [](sqlite3_file* f, void* to, int bytes, sqlite3_int64 at) {
      return flushed(f, [&](auto& methods, auto* file) { return methods.xRead(file, to, bytes, at); });
    },
    [](sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at) { return LogFile::of(f)->write(from, bytes, at); },
    [](sqlite3_file* f, sqlite3_int64 bytes) {
      return flushed(f, [&](auto& methods, auto* file) { return methods.xTruncate(file, bytes); });
    },
    [](sqlite3_file* f, int flags) {
      return flushed(f, [&](auto& methods, auto* file) { return methods.xSync(file, flags); });
    },
    [](sqlite3_file* f, sqlite3_int64* bytes) {
      return flushed(f, [&](auto& methods, auto* file) { return methods.xFileSize(file, bytes); });
    },
    [](sqlite3_file* f, int how) { return LogFile::of(f)->methods().xLock(LogFile::of(f)->file(), how); },
    [](sqlite3_file* f, int how) { return LogFile::of(f)->methods().xUnlock(LogFile::of(f)->file(), how); },
    [](sqlite3_file* f, int* out) { return LogFile::of(f)->methods().xCheckReservedLock(LogFile::of(f)->file(), out); },
    [](sqlite3_file* f, int what, void* about) { return LogFile::of(f)->methods().xFileControl(LogFile::of(f)->file(), what, about); },
    [](sqlite3_file* f) { return LogFile::of(f)->methods().xSectorSize(LogFile::of(f)->file()); },
    [](sqlite3_file* f) { return LogFile::of(f)->methods().xDeviceCharacteristics(LogFile::of(f)->file()); },
    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
};

struct Registered {
  std::mutex mutex;
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs vfs{};
};

Registered& registered() {
  static Registered one;
  return one;
}

int openFile(sqlite3_vfs* self, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* real = static_cast<sqlite3_vfs*>(self->pAppData);
  if ((flags & SQLITE_OPEN_WAL) == 0) return real->xOpen(real, name, file, flags, out_flags);
  LogFile& log = *LogFile::of(file);
  std::memset(file, 0, static_cast<size_t>(self->szOsFile));
  int code = real->xOpen(real, name, log.file(), flags, out_flags);
  // SQLite closes what has methods, also after an error.
  if (log.file()->pMethods) log.base.pMethods = &kMethods;
  // Where a write may damage what stands beside it, SQLite pads a commit with pages and splits the last.
  log.gathers = code == SQLITE_OK && (log.methods().xDeviceCharacteristics(log.file()) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
  return code;
}

}  // namespace

const char* logVfs() {
  constexpr const char* kName = "hearthgate";
  Registered& one = registered();
  std::lock_guard lock(one.mutex);
  sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
  if (real == one.real) return kName;
  // The first time; tests put a faulty disk in the place of the default.
  sqlite3_vfs_unregister(&one.vfs);
  one.real = real;
  one.vfs = *real;
  one.vfs.pNext = nullptr;
  one.vfs.zName = kName;
  one.vfs.szOsFile = static_cast<int>(sizeof(LogFile)) + real->szOsFile;
  one.vfs.pAppData = real;
  one.vfs.xOpen = openFile;
  sqlite3_vfs_register(&one.vfs, 0);
  return kName;
}

}  // namespace hearthgate::store
