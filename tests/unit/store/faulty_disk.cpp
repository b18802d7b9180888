#include "unit/store/faulty_disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace hearthgate::store {
namespace {

struct State {
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs vfs{};
  // An engine's thread may try its disk while a test sets this.
  std::atomic<int64_t> left{INT64_MAX};
  std::atomic<FaultyDisk::Fault> fault{FaultyDisk::Fault::kFull};
  std::atomic<FaultyDisk::Where> where{FaultyDisk::Where::kAnywhere};
  std::atomic<int64_t> refused{0};
  std::atomic<bool> unreadable{false};
  std::atomic<int> error{0};
};
State state;

// Whether this operation fails; counts it.
bool fails(bool on_database = false) {
  if (state.where == FaultyDisk::Where::kDatabase && !on_database) return false;
  if (state.left > 0) {
    if (state.left != INT64_MAX) --state.left;
    return false;
  }
  ++state.refused;
  state.error = state.fault == FaultyDisk::Fault::kFull ? ENOSPC : EIO;
  return true;
}
bool broken() { return state.fault == FaultyDisk::Fault::kBroken; }

struct File {
  sqlite3_file base;
  bool database;
  static bool isDatabase(sqlite3_file* file) { return reinterpret_cast<File*>(file)->database; }
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static sqlite3_file* of(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }
};

const sqlite3_io_methods kMethods = {
    3,
    [](sqlite3_file* f) { return File::of(f)->pMethods->xClose(File::of(f)); },
    [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
      if (state.unreadable) return SQLITE_IOERR_READ;
      return File::of(f)->pMethods->xRead(File::of(f), to, n, at);
    },
    [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
      if (fails(File::isDatabase(f))) return broken() ? SQLITE_IOERR_WRITE : SQLITE_FULL;
      return File::of(f)->pMethods->xWrite(File::of(f), from, n, at);
    },
    [](sqlite3_file* f, sqlite3_int64 n) { return File::of(f)->pMethods->xTruncate(File::of(f), n); },
    [](sqlite3_file* f, int) {
      if (broken() && fails(File::isDatabase(f))) return SQLITE_IOERR_FSYNC;
      return SQLITE_OK;  // The power stays on, so nothing need reach the platter.
    },
    [](sqlite3_file* f, sqlite3_int64* n) { return File::of(f)->pMethods->xFileSize(File::of(f), n); },
    [](sqlite3_file* f, int how) { return File::of(f)->pMethods->xLock(File::of(f), how); },
    [](sqlite3_file* f, int how) { return File::of(f)->pMethods->xUnlock(File::of(f), how); },
    [](sqlite3_file* f, int* out) { return File::of(f)->pMethods->xCheckReservedLock(File::of(f), out); },
    [](sqlite3_file* f, int what, void* about) {
      return File::of(f)->pMethods->xFileControl(File::of(f), what, about);
    },
    [](sqlite3_file* f) { return File::of(f)->pMethods->xSectorSize(File::of(f)); },
    [](sqlite3_file* f) { return File::of(f)->pMethods->xDeviceCharacteristics(File::of(f)); },
    [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      if (extend && fails()) return broken() ? SQLITE_IOERR_SHMMAP : SQLITE_IOERR_SHMSIZE;
      return File::of(f)->pMethods->xShmMap(File::of(f), page, size, extend, out);
    },
    [](sqlite3_file* f, int at, int n, int flags) {
      // What SQLite keeps in memory it would not read again.
      if (state.unreadable && (flags & SQLITE_SHM_LOCK) != 0) return SQLITE_IOERR_SHMLOCK;
      return File::of(f)->pMethods->xShmLock(File::of(f), at, n, flags);
    },
    [](sqlite3_file* f) { File::of(f)->pMethods->xShmBarrier(File::of(f)); },
    [](sqlite3_file* f, int remove) { return File::of(f)->pMethods->xShmUnmap(File::of(f), remove); },
    [](sqlite3_file* f, sqlite3_int64 at, int n, void** out) {
      return File::of(f)->pMethods->xFetch(File::of(f), at, n, out);
    },
    [](sqlite3_file* f, sqlite3_int64 at, void* page) {
      return File::of(f)->pMethods->xUnfetch(File::of(f), at, page);
    },
};

int openFile(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* own = reinterpret_cast<File*>(file);
  own->base.pMethods = nullptr;
  own->database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  std::memset(own->real(), 0, static_cast<size_t>(state.real->szOsFile));
  int exists = 0;
  if (name && (flags & SQLITE_OPEN_CREATE)) {
    state.real->xAccess(state.real, name, SQLITE_ACCESS_EXISTS, &exists);
    if (!exists && fails()) return SQLITE_CANTOPEN;
  }
  int code = state.real->xOpen(state.real, name, own->real(), flags, out_flags);
  if (own->real()->pMethods) own->base.pMethods = &kMethods;
  return code;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  mend();
  failAfter(INT64_MAX, Fault::kFull);
  state.real = sqlite3_vfs_find(nullptr);
  state.vfs = *state.real;
  state.vfs.pNext = nullptr;
  state.vfs.zName = "faulty";
  state.vfs.szOsFile = static_cast<int>(sizeof(File)) + state.real->szOsFile;
  state.vfs.xOpen = openFile;
  state.vfs.xGetLastError = [](sqlite3_vfs*, int, char*) {
    return state.error != 0 ? state.error.load() : state.real->xGetLastError(state.real, 0, nullptr);
  };
  EXPECT_EQ(sqlite3_vfs_register(&state.vfs, 1), SQLITE_OK);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&state.vfs);
  sqlite3_vfs_register(state.real, 1);  // Else the next of the list is the default, which may be the store's own.
}

void FaultyDisk::failAfter(int64_t operations, Fault fault, Where where) {
  state.left = operations;
  state.where = where;
  state.fault = fault;
  state.refused = 0;
  state.error = 0;
}

void FaultyDisk::failReads() { state.unreadable = true; }

void FaultyDisk::mend() {
  state.unreadable = false;
  state.left = INT64_MAX;
  state.error = 0;
}

int64_t FaultyDisk::refused() const { return state.refused; }

}  // namespace hearthgate::store
