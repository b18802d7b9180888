#include "trust/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {

// More than any std::string keeps inside itself.
constexpr size_t kNeverInPlaceBytes = 64;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Where the disk is at fault the error's code says so, as the database's do, instead of `code`.
Error fileError(std::string code, const std::string& path, const std::string& tried) {
  int why = errno;
  std::string next = why == ENOENT  ? "make its folder, or correct the path"
                     : why == EROFS ? "mount the disk for writing"
                                    : "correct the owner and mode of the file and its folder";
  if (why == ENOSPC || why == EDQUOT) {
    code = "storage_full";
    next = "the disk is full: free some space";
  } else if (why == EIO) {
    code = "storage_failed";
    next = "look at the disk, which may be failing";
  }
  return storageError(code, tried + " " + path + ": " + std::strerror(why) + " (" + next + ")");
}

std::string folderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool writeAll(int fd, std::string_view content) {
  while (!content.empty()) {
    ssize_t done = ::write(fd, content.data(), content.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    content.remove_prefix(static_cast<size_t>(done));
  }
  return true;
}

Status syncFolder(const std::string& path) {
  std::string folder = folderOf(path);
  Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.open() || ::fsync(fd.get()) != 0) return fileError("file_write", folder, "could not sync the folder");
  return {};
}

// A synced file of that content under a temporary name beside `path`.
Result<std::string> writeTemporary(const std::string& path, std::string_view content) {
  std::string temporary = path + ".new";
  HG_CHECK(discardPrivateFile(temporary));  // a crash left it
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.open() || ::fchmod(fd.get(), 0600) != 0 || !writeAll(fd.get(), content) || ::fsync(fd.get()) != 0) {
    Error error = fileError("file_write", temporary, "could not write");
    ::unlink(temporary.c_str());
    return error;
  }
  return temporary;
}

// Overwrites and removes, unless the file has another name and `only_if_alone` says to keep that one's content.
Status remove(const std::string& path, bool only_if_alone) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.open() && errno == ENOENT) return {};
  struct stat about {};
  if (!fd.open() || ::fstat(fd.get(), &about) != 0) return fileError("file_write", path, "could not open to overwrite");
  if (!only_if_alone || about.st_nlink == 1) {
    std::string zeros(static_cast<size_t>(about.st_size), '\0');
    if (!writeAll(fd.get(), zeros) || ::fsync(fd.get()) != 0) return fileError("file_write", path, "could not overwrite");
  }
  if (::unlink(path.c_str()) != 0) return fileError("file_write", path, "could not remove");
  return syncFolder(path);
}

// `exposed` are the bits of the mode that show the file to others.
Result<std::string> read(const std::string& path, unsigned exposed) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.open()) return fileError(errno == ENOENT ? "file_missing" : "file_read", path, "could not open");
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return fileError("file_read", path, "could not look at");
  if (!S_ISREG(about.st_mode) || static_cast<uint64_t>(about.st_size) > kMaxPrivateFileBytes) {
    return storageError("file_read", path + " is no file of ours: not a regular file, or too large (move it away, or restore a backup)");
  }
  if ((about.st_mode & exposed) != 0 || (about.st_uid != ::geteuid() && about.st_uid != 0)) {
    return storageError("file_exposed",
                        path +
                            " can be read by other users, and its secret may be known (run chmod 600 on it, and chown "
                            "to the gateway's user, or rotate it)");
  }
  std::string content;
  // Short strings would be copied, not moved, and what is left behind is not wiped.
  content.reserve(std::max<size_t>(static_cast<size_t>(about.st_size), kNeverInPlaceBytes));
  content.resize(static_cast<size_t>(about.st_size));
  size_t have = 0;
  while (have < content.size()) {
    ssize_t got = ::read(fd.get(), content.data() + have, content.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fileError("file_read", path, "could not read");
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  content.resize(have);
  return content;
}

}  // namespace

Status writePrivateFile(const std::string& path, std::string_view content) {
  HG_TRY(std::string temporary, writeTemporary(path, content));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    Error error = fileError("file_write", path, "could not put the new content in place of");
    ::unlink(temporary.c_str());
    return error;
  }
  return syncFolder(path);
}

Status createPrivateFile(const std::string& path, std::string_view content) {
  HG_TRY(std::string temporary, writeTemporary(path, content));
  // link() fails where rename() would replace: O_EXCL for a file that appears whole.
  bool linked = ::link(temporary.c_str(), path.c_str()) == 0;
  Error error = linked ? Error{} : fileError(errno == EEXIST ? "file_exists" : "file_write", path, "could not create");
  ::unlink(temporary.c_str());
  if (!linked) return error;
  return syncFolder(path);
}

Status replacePrivateFile(const std::string& path, std::string_view content) {
  std::string old = path + ".replaced";
  HG_CHECK(discardPrivateFile(old));
  if (::link(path.c_str(), old.c_str()) != 0) return fileError("file_write", old, "could not keep the old content as");
  HG_CHECK(writePrivateFile(path, content));
  return discardPrivateFile(old);
}

Result<std::string> readPrivateFile(const std::string& path) { return read(path, 077); }
Result<std::string> readCredential(const std::string& path) { return read(path, 037); }
Status shredPrivateFile(const std::string& path) { return remove(path, false); }
Status discardPrivateFile(const std::string& path) { return remove(path, true); }

}  // namespace hearthgate::trust
