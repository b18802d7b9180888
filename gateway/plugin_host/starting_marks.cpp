#include "plugin_host/starting_marks.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "plugin_host/plugin_file.h"

namespace hearthgate::plugin_host {

int StartingMarks::crashes(const std::string& plugin) const {
  if (directory_.empty()) return 0;
  const FileDescriptor file(::open(path(plugin).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return 0;
  char digits[16];
  const ssize_t length = ::read(file.get(), digits, sizeof digits);
  int count = 0;
  // An empty mark is one whose number was not yet written when the process ended.
  if (length <= 0 || std::from_chars(digits, digits + length, count).ec != std::errc() || count < 1) return 1;
  return count;
}

// Not synced: the page cache outlives a crashed process, and a power cut is no fault of a plugin.
Status StartingMarks::begin(const std::string& plugin) {
  if (directory_.empty()) return {};
  const std::string digits = std::to_string(crashes(plugin) + 1);
  const FileDescriptor file(::open(path(plugin).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0 || ::write(file.get(), digits.data(), digits.size()) != static_cast<ssize_t>(digits.size())) {
    return systemError("file_unwritable", "cannot write " + path(plugin) +
                                              ", which guards against plugins that crash: " + std::strerror(errno));
  }
  return {};
}

Status StartingMarks::end(const std::string& plugin) {
  if (directory_.empty() || ::unlink(path(plugin).c_str()) == 0 || errno == ENOENT) return {};
  return systemError("file_unwritable", "cannot remove " + path(plugin) +
                                            "; remove it by hand, or the plugin is left out after " +
                                            "more starts: " + std::strerror(errno));
}

}  // namespace hearthgate::plugin_host
