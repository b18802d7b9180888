// A plugin file: found, opened, checked and described before any of its code runs (TRUST.md T20). Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hearthgate::plugin_host {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();
  int get() const { return fd_; }
  // Gives the descriptor away, open.
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct Need {
  std::string capability;
  uint32_t revision = 0;
};

// What a plugin says about itself, checked for form.
struct PluginFacts {
  std::string name;
  std::string version;
  uint32_t roles = 0;  // sdk::Role bits
  std::vector<Need> needs;
  std::vector<std::string> kinds;
};

struct PluginFile {
  std::string path;
  FileDescriptor file;  // what was checked; exactly this is loaded
  PluginFacts facts;
};

// Opens and checks one file, which must not lie under `data_directory` (empty: none). Errors name the file and say what
// to do. Codes: plugin_not_found, plugin_unsafe_file, plugin_not_elf, plugin_wrong_architecture, plugin_truncated,
// plugin_no_descriptor, plugin_bad_descriptor, plugin_wrong_sdk, plugin_no_entry_point, file_unreadable.
Result<PluginFile> openPluginFile(const std::string& path, const std::string& data_directory = {});

struct FoundPlugin {
  std::string name;  // the file's name without `.so`
  std::string path;
};
// The plugin files of `directories` by name; of two with one name the first directory's. A directory that is not there
// has none; one that cannot be read is an error.
Result<std::vector<FoundPlugin>> findPlugins(const std::vector<std::string>& directories);

// `transport`, `bridge`: the names of the bits.
std::vector<std::string> roleNames(uint32_t roles);
// [a-z][a-z0-9_]{0,30}
bool isPluginName(std::string_view text);

}  // namespace hearthgate::plugin_host
