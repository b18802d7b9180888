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

}  // namespace

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) close(lock_);
}

Status DataDirectory::open() {
  std::error_code error;
  std::filesystem::path parent = std::filesystem::path(path_).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return notWritable(path_, std::strerror(errno));
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return notWritable(path_, "is no folder");
  // Whoever may write to the folder can put other files in the place of the keys and the database.
  if ((info.st_mode & S_IWOTH) != 0) {
    return systemError("data_exposed", "data folder " + path_ + ": every user may write to it (run chmod 700 on it)");
  }
  lock_ = ::open(file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return notWritable(path_, std::strerror(errno));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    ssize_t got = pread(lock_, holder, sizeof holder - 1, 0);
    return systemError("data_locked", "data folder " + path_ + ": locked by process " +
                                          (got > 0 ? std::string(holder) : std::string("unknown")) +
                                          " (stop that one first, or choose another folder with --data)");
  }
  std::string self = std::to_string(getpid());
  if (ftruncate(lock_, 0) != 0 || pwrite(lock_, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size())) {
    return notWritable(path_, std::strerror(errno));
  }
  return {};
}

bool DataDirectory::has(const std::string& name) const { return access(file(name).c_str(), F_OK) == 0; }

Status DataDirectory::write(const std::string& name, const std::string& content) const {
  std::string target = file(name);
  std::string temporary = target + ".new";
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool ok = fd >= 0 && ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()) && fsync(fd) == 0;
  int why = errno;
  if (fd >= 0) close(fd);
  if (ok && rename(temporary.c_str(), target.c_str()) == 0) return {};
  if (ok) why = errno;
  return notWritable(path_, "writing " + name + ": " + std::strerror(why));
}

}  // namespace hearthgate::daemon
