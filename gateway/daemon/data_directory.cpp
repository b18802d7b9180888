#include "daemon/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace hearthgate::daemon {
namespace {

Error notWritable(const std::string& path, const std::string& why) {
  return systemError("data_not_writable",
                     "data folder " + path + ": " + why + " (choose another with --data, or correct owner and mode)");
}

// Of a call that failed with `error`.
Error notWritten(const std::string& path, const std::string& what, int error) {
  std::string why = what + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) {
    return storageError("storage_full", "data folder " + path + ": " + why + " (the disk is full: free some space)");
  }
  if (error == EIO) {
    return storageError("storage_failed", "data folder " + path + ": " + why + " (look at the disk, which may be failing)");
  }
  return notWritable(path, why);
}

// 0, or an errno. Less than all of it is a full disk that has not said so yet.
int writeWhole(int fd, const std::string& content) {
  ssize_t done = pwrite(fd, content.data(), content.size(), 0);
  return done < 0 ? errno : done == static_cast<ssize_t>(content.size()) ? 0 : ENOSPC;
}

}  // namespace

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) close(lock_);
}

Status DataDirectory::open() {
  std::error_code error;
  std::filesystem::path parent = std::filesystem::path(path_).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return notWritten(path_, "", errno);
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return notWritable(path_, "is no folder");
  // Whoever may write to the folder can put other files in the place of the keys and the database.
  if ((info.st_mode & S_IWOTH) != 0) {
    return systemError("data_exposed", "data folder " + path_ + ": every user may write to it (run chmod 700 on it)");
  }
  lock_ = ::open(file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return notWritten(path_, "", errno);
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    ssize_t got = pread(lock_, holder, sizeof holder - 1, 0);
    return systemError("data_locked", "data folder " + path_ + ": locked by process " +
                                          (got > 0 ? std::string(holder) : std::string("unknown")) +
                                          " (stop that one first, or choose another folder with --data)");
  }
  std::string self = std::to_string(getpid());
  int failed = ftruncate(lock_, 0) != 0 ? errno : writeWhole(lock_, self);
  return failed == 0 ? Status() : Status(notWritten(path_, "writing lock: ", failed));
}

bool DataDirectory::has(const std::string& name) const { return access(file(name).c_str(), F_OK) == 0; }

Status DataDirectory::write(const std::string& name, const std::string& content) const {
  std::string target = file(name);
  std::string temporary = target + ".new";
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int error = fd < 0 ? errno : writeWhole(fd, content);
  if (error == 0 && fsync(fd) != 0) error = errno;
  if (fd >= 0) close(fd);
  if (error == 0 && rename(temporary.c_str(), target.c_str()) != 0) error = errno;
  if (error == 0) return {};
  unlink(temporary.c_str());
  return notWritten(path_, "writing " + name + ": ", error);
}

Status DataDirectory::sync() const {
  int fd = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error = fd < 0 || fsync(fd) != 0 ? errno : 0;
  if (fd >= 0) close(fd);
  return error == 0 ? Status() : Status(notWritten(path_, "syncing: ", error));
}

}  // namespace hearthgate::daemon
