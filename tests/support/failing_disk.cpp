// A disk that fails where a test says, put under a daemon by LD_PRELOAD: calls that change files below one folder are counted,
// and chosen ones fail with a chosen error. What is chosen stands in a file that the test and this library map
// (tests/integration/failing_disk.py), so it can change while the daemon runs. FAILING_DISK names that file.
//
// It can also keep a second folder as the disk would be after a power cut that comes now: what was synced, and nothing else.
// A power cut is an "error" too: at that call some of what was not synced reaches the second folder, and the process is killed.
// A sync that fails leaves its pages clean, so that no later sync writes them unless they are written again: so does Linux
// (Rebello et al., "Can applications recover from fsync failures?", USENIX ATC 2020).
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace {

enum Kind : uint32_t { kWrite = 1, kSync = 2, kTruncate = 4, kCreate = 8, kRename = 16, kRemove = 32 };

constexpr uint64_t kPageBytes = 4096;
constexpr int kPowerCut = -1;  // in the place of an errno

// As in failing_disk.py.
struct Control {
  char folder[1024];        // absolute; files below it count
  char durable[1024];       // the second folder, or empty
  std::atomic<int64_t> calls;   // counted since the test set it to 0
  std::atomic<int64_t> first;   // the call that fails first, from 1; 0: none does
  std::atomic<int64_t> times;   // how many fail from there on; 0: all until the test says otherwise
  std::atomic<int64_t> failed;  // how many have
  std::atomic<uint32_t> kinds;  // those that count
  std::atomic<int32_t> error;   // an errno
  char name[256];           // only files with this name count, where it is not empty
  char what[256];           // the first that failed
};

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
#define REAL(name) (*[] { static auto* function = real<decltype(::name)>(#name); return function; }())

Control* control() {
  static Control* mapped = [] {
    const char* path = std::getenv("FAILING_DISK");
    int fd = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
    void* at = fd >= 0 ? ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (at == MAP_FAILED) std::abort();
    return static_cast<Control*>(at);
  }();
  return mapped;
}

// The path below the folder, or nothing.
std::string below(const std::string& path) {
  const std::string folder = control()->folder;
  if (folder.empty() || path.compare(0, folder.size(), folder) != 0) return {};
  return path.size() > folder.size() && path[folder.size()] == '/' ? path.substr(folder.size() + 1) : std::string();
}
std::string belowOf(int fd) {
  char path[PATH_MAX];
  ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return size > 0 ? below(std::string(path, static_cast<size_t>(size))) : std::string();
}
// Folders too are synced: the folder itself is named ".".
std::string syncedOf(int fd) {
  char path[PATH_MAX];
  ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  if (size <= 0) return {};
  std::string text(path, static_cast<size_t>(size));
  return text == control()->folder ? "." : below(text);
}

void cutPower(uint64_t seed);

// Counts the call; true, with errno set, when it fails.
bool fails(Kind kind, const char* call, const std::string& file) {
  Control& c = *control();
  if (file.empty() || (c.kinds.load() & kind) == 0) return false;
  if (c.name[0] != '\0' && file != c.name) return false;
  int64_t number = c.calls.fetch_add(1) + 1;
  int64_t first = c.first.load();
  int64_t times = c.times.load();
  if (first == 0 || number < first || (times != 0 && number >= first + times)) return false;
  if (c.failed.fetch_add(1) == 0) std::snprintf(c.what, sizeof c.what, "%s %s", call, file.c_str());
  if (c.error.load() == kPowerCut) cutPower(static_cast<uint64_t>(number));
  errno = c.error.load();
  return true;
}

// --- the disk after a power cut ---------------------------------------------------------------------------------------

std::mutex mutex;
std::map<std::string, std::set<uint64_t>>& dirty() {
  static auto* pages = new std::map<std::string, std::set<uint64_t>>;  // never destroyed: threads may outlive main()
  return *pages;
}

bool keeps(const std::string& file) { return control()->durable[0] != '\0' && !file.empty() && file != "."; }
std::string durable(const std::string& file) { return std::string(control()->durable) + "/" + file; }

void wrote(const std::string& file, uint64_t at, uint64_t size) {
  if (!keeps(file) || size == 0) return;
  std::lock_guard lock(mutex);
  auto& pages = dirty()[file];
  for (uint64_t page = at / kPageBytes; page <= (at + size - 1) / kPageBytes; ++page) pages.insert(page);
}

// Brings those pages of a file to the second folder that `chosen` takes.
template <typename Choice>
void bring(const std::string& file, const std::string& path, Choice chosen) {
  int to = REAL(open)(durable(file).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  int from = REAL(open)(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (to < 0 || from < 0 || ::fstat(from, &about) != 0) std::abort();
  if (REAL(ftruncate)(to, about.st_size) != 0) std::abort();
  char page[kPageBytes];
  for (uint64_t number : dirty()[file]) {
    if (!chosen(number)) continue;
    auto at = static_cast<off_t>(number * kPageBytes);
    ssize_t got = ::pread(from, page, sizeof page, at);
    if (got > 0 && REAL(pwrite)(to, page, static_cast<size_t>(got), at) != got) std::abort();
  }
  ::close(from);
  ::close(to);
}

void synced(const std::string& file, int fd) {
  if (!keeps(file)) return;
  std::lock_guard lock(mutex);
  // Another descriptor than the daemon's, which may be for writing alone.
  bring(file, "/proc/self/fd/" + std::to_string(fd), [](uint64_t) { return true; });
  dirty().erase(file);
}

void cutPower(uint64_t seed) {
  std::lock_guard lock(mutex);
  for (const auto& entry : dirty()) {
    const std::string& file = entry.first;  // clang 14 has no lambda that captures a structured binding
    // The kernel writes what it likes in the order that it likes: every other page, by chance.
    bring(file, std::string(control()->folder) + "/" + file, [&](uint64_t page) {
      return (std::hash<std::string>()(file + std::to_string(page * 31 + seed)) & 1) != 0;
    });
  }
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

void dropped(const std::string& file) {
  if (!keeps(file)) return;
  std::lock_guard lock(mutex);
  dirty().erase(file);
}

// Names and lengths are in the file system's own journal, in the order of the calls.
void truncated(const std::string& file, off_t size) {
  if (keeps(file) && ::truncate(durable(file).c_str(), size) != 0 && errno != ENOENT) std::abort();
}
void created(const std::string& file, mode_t mode) {
  if (!keeps(file)) return;
  int fd = REAL(open)(durable(file).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, mode);
  if (fd >= 0) ::close(fd);
}
void renamed(const std::string& from, const std::string& to) {
  if (!keeps(from) || !keeps(to)) return;
  std::lock_guard lock(mutex);
  REAL(rename)(durable(from).c_str(), durable(to).c_str());
  dirty()[to] = dirty()[from];
  dirty().erase(from);
}
void linked(const std::string& from, const std::string& to) {
  if (keeps(from) && keeps(to) && REAL(link)(durable(from).c_str(), durable(to).c_str()) != 0) std::abort();
}
void removed(const std::string& file) {
  if (!keeps(file)) return;
  std::lock_guard lock(mutex);
  REAL(unlink)(durable(file).c_str());
  dirty().erase(file);
}

// --- the calls ----------------------------------------------------------------------------------------------------------

constexpr int kChanges = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

template <typename Open>
int opened(const char* path, int flags, mode_t mode, Open open) {
  std::string file = (flags & kChanges) != 0 ? below(path) : std::string();
  bool is_new = !file.empty() && (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0;
  if (is_new && fails(kCreate, "open", file)) return -1;
  int fd = open();
  if (fd >= 0 && is_new) created(file, mode);
  if (fd >= 0 && !file.empty() && (flags & O_TRUNC) != 0) truncated(file, 0);
  return fd;
}

mode_t modeOf(int flags, va_list arguments) { return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0; }

template <typename Write>
ssize_t written(int fd, std::optional<off_t> at, Write write) {
  std::string file = belowOf(fd);
  if (file.empty()) return write();
  if (fails(kWrite, "write", file)) return -1;
  off_t place = at ? *at : ::lseek(fd, 0, SEEK_CUR);
  ssize_t done = write();
  if (done > 0 && place >= 0) wrote(file, static_cast<uint64_t>(place), static_cast<uint64_t>(done));
  return done;
}

template <typename Sync>
int syncedBy(int fd, const char* call, Sync sync) {
  std::string file = syncedOf(fd);
  if (fails(kSync, call, file)) {
    int error = errno;
    dropped(file);
    errno = error;
    return -1;
  }
  int done = sync();
  if (done == 0) synced(file, fd);
  return done;
}

template <typename Truncate>
int truncatedBy(int fd, off_t size, Truncate truncate) {
  std::string file = belowOf(fd);
  if (fails(kTruncate, "ftruncate", file)) return -1;
  int done = truncate();
  if (done == 0) truncated(file, size);
  return done;
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = modeOf(flags, arguments);
  va_end(arguments);
  return opened(path, flags, mode, [&] { return REAL(open)(path, flags, mode); });
}
EXPORT int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = modeOf(flags, arguments);
  va_end(arguments);
  return opened(path, flags, mode, [&] { return REAL(open64)(path, flags, mode); });
}
EXPORT ssize_t write(int fd, const void* from, size_t size) {
  return written(fd, std::nullopt, [&] { return REAL(write)(fd, from, size); });
}
EXPORT ssize_t writev(int fd, const iovec* parts, int count) {
  return written(fd, std::nullopt, [&] { return REAL(writev)(fd, parts, count); });
}
EXPORT ssize_t pwrite(int fd, const void* from, size_t size, off_t at) {
  return written(fd, at, [&] { return REAL(pwrite)(fd, from, size, at); });
}
EXPORT ssize_t pwrite64(int fd, const void* from, size_t size, off64_t at) {
  return written(fd, at, [&] { return REAL(pwrite64)(fd, from, size, at); });
}
EXPORT int fsync(int fd) {
  return syncedBy(fd, "fsync", [&] { return REAL(fsync)(fd); });
}
EXPORT int fdatasync(int fd) {
  return syncedBy(fd, "fdatasync", [&] { return REAL(fdatasync)(fd); });
}
EXPORT int ftruncate(int fd, off_t size) noexcept {
  return truncatedBy(fd, size, [&] { return REAL(ftruncate)(fd, size); });
}
EXPORT int ftruncate64(int fd, off64_t size) noexcept {
  return truncatedBy(fd, size, [&] { return REAL(ftruncate64)(fd, size); });
}
EXPORT int rename(const char* from, const char* to) noexcept {
  std::string file = below(from);
  if (fails(kRename, "rename", file)) return -1;
  int done = REAL(rename)(from, to);
  if (done == 0) renamed(file, below(to));
  return done;
}
EXPORT int link(const char* from, const char* to) noexcept {
  std::string file = below(from);
  if (fails(kRename, "link", file)) return -1;
  int done = REAL(link)(from, to);
  if (done == 0) linked(file, below(to));
  return done;
}
EXPORT int unlink(const char* path) noexcept {
  std::string file = below(path);
  // Nothing is taken away that is not there.
  if (!file.empty() && ::access(path, F_OK) == 0 && fails(kRemove, "unlink", file)) return -1;
  int done = REAL(unlink)(path);
  if (done == 0) removed(file);
  return done;
}
EXPORT int mkdir(const char* path, mode_t mode) noexcept {
  bool is_it = control()->folder == std::string(path);
  std::string file = is_it ? "." : below(path);
  if (!file.empty() && ::access(path, F_OK) != 0 && fails(kCreate, "mkdir", file)) return -1;
  return REAL(mkdir)(path, mode);
}
