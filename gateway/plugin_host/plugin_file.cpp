#include "plugin_host/plugin_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>

#include "hearthgate/plugin.h"
#include "plugin_host/elf_file.h"

namespace hearthgate::plugin_host {
namespace {

constexpr uint32_t kKnownRoles = sdk::kDiscovery | sdk::kTransport | sdk::kBridge | sdk::kNetwork;

bool ownedByUs(const struct stat& about) { return about.st_uid == 0 || about.st_uid == ::geteuid(); }
bool othersMayWrite(const struct stat& about) { return (about.st_mode & (S_IWGRP | S_IWOTH)) != 0; }

Error unsafe(const std::string& what, const std::string& why) {
  return pluginError("plugin_unsafe_file",
                     what + " " + why +
                         "; a plugin and the folders above it must belong to root or to the gateway's user "
                         "and be writable by nobody else (chown, chmod go-w)");
}

// The file's real path, as the kernel knows the open file: symbolic links are gone.
Result<std::string> realPath(int fd) {
  std::array<char, PATH_MAX> buffer;
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (length <= 0 || static_cast<size_t>(length) >= buffer.size() || buffer[0] != '/') {
    return pluginError("file_unreadable", "its real path cannot be read from " + link);
  }
  return std::string(buffer.data(), static_cast<size_t>(length));
}

bool isBelow(const std::filesystem::path& folder, const std::filesystem::path& path) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

// TRUST.md T20. Modes and owner are those of the open file, whatever names it has.
Status checkOwner(int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    return pluginError("file_unreadable", std::string("asking for its owner failed: ") + std::strerror(errno));
  }
  if (!S_ISREG(about.st_mode)) return pluginError("plugin_not_elf", "it is no regular file");
  if (!ownedByUs(about)) return unsafe("it", "belongs to user " + std::to_string(about.st_uid));
  if (othersMayWrite(about)) return unsafe("it", "is writable by others");
  return {};
}

// TRUST.md T20. A folder with the sticky bit (/tmp) may be writable by others when it is not the one that holds the
// file: nobody but an entry's owner can replace that entry, and the entry below it was found to be ours.
Status checkFolders(const std::filesystem::path& holder) {
  struct stat about {};
  bool holds_the_file = true;
  for (std::filesystem::path folder = holder;; folder = folder.parent_path()) {
    if (::lstat(folder.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) {
      return unsafe("the folder " + folder.string(), std::string("cannot be checked: ") + std::strerror(errno));
    }
    if (!ownedByUs(about))
      return unsafe("the folder " + folder.string(), "belongs to user " + std::to_string(about.st_uid));
    if (othersMayWrite(about) && (holds_the_file || (about.st_mode & S_ISVTX) == 0)) {
      return unsafe("the folder " + folder.string(), "is writable by others");
    }
    holds_the_file = false;
    if (folder == folder.root_path()) return {};
  }
}

Error bad(const std::string& what) {
  return pluginError("plugin_bad_descriptor", "its descriptor is damaged: " + what);
}

// The text of a field up to its NUL: printable ASCII, or nothing.
template <size_t kSize>
std::optional<std::string> textOf(const char (&field)[kSize]) {
  const auto* end = static_cast<const char*>(std::memchr(field, '\0', kSize));
  if (end == nullptr) return std::nullopt;
  for (const char* c = field; c != end; ++c) {
    if (*c < 0x20 || *c > 0x7E) return std::nullopt;
  }
  return std::string(field, end);
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::optional<Need> parseNeed(const std::string& word) {
  const size_t slash = word.find('/');
  Need need;
  if (slash == word.npos || slash == 0) return std::nullopt;
  need.capability = word.substr(0, slash);
  const char* end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data() + slash + 1, end, need.revision);
  if (parsed.ec != std::errc() || parsed.ptr != end || need.revision == 0) return std::nullopt;
  return need;
}

// CONTRACT.md: [a-z][a-z0-9_.]{0,63}
bool isKind(std::string_view text) {
  if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; });
}

Status checkVersions(const sdk::Descriptor& raw) {
  if (std::string_view(raw.magic, sizeof raw.magic) != sdk::kDescriptorMagic) return bad("its first bytes are wrong");
  if (raw.sdk_version != sdk::kSdkVersion) {
    return pluginError("plugin_wrong_sdk", "it was built with version " + std::to_string(raw.sdk_version) +
                                               " of the SDK, this gateway has version " +
                                               std::to_string(sdk::kSdkVersion) +
                                               "; install the plugin's build for this gateway");
  }
  if (raw.size_bytes != sizeof raw) return bad("its size is wrong");
  const auto build = textOf(raw.build);
  if (!build) return bad("its build stamp is no text");
  if (*build != sdk::kBuildStamp) {
    return pluginError("plugin_wrong_sdk", "it was built as '" + *build + "', this gateway as '" +
                                               std::string(sdk::kBuildStamp) + "'; build it with the same settings");
  }
  return {};
}

Result<PluginFacts> parseDescriptor(const std::string& section, const std::string& file_name) {
  sdk::Descriptor raw;
  if (section.size() < sizeof raw) {
    return pluginError("plugin_truncated",
                       "its descriptor is cut off after " + std::to_string(section.size()) + " bytes");
  }
  std::memcpy(&raw, section.data(), sizeof raw);
  HG_CHECK(checkVersions(raw));
  const auto name = textOf(raw.id);
  const auto version = textOf(raw.version);
  const auto needs = textOf(raw.needs);
  const auto kinds = textOf(raw.kinds);
  if (!name || !version || !needs || !kinds) return bad("a field is no text");
  if (!isPluginName(*name)) return bad("'" + *name + "' is no name ([a-z][a-z0-9_]*)");
  if (*name != file_name) return bad("it calls itself '" + *name + "'; the file must be named " + *name + ".so");
  if (raw.roles == 0 || (raw.roles & ~kKnownRoles) != 0) return bad("its roles are none that this gateway knows");
  PluginFacts facts{*name, *version, raw.roles, {}, words(*kinds)};
  for (const std::string& word : words(*needs)) {
    auto need = parseNeed(word);
    if (!need) return bad("'" + word + "' is no need (capability/revision)");
    facts.needs.push_back(std::move(*need));
  }
  for (const std::string& kind : facts.kinds) {
    if (!isKind(kind)) return bad("'" + kind + "' is no kind");
  }
  return facts;
}

// Where the file really is, and, if a symbolic link led there, where that link is: nobody else may exchange either.
Status checkPlace(int fd, const std::string& path, const std::string& data_directory) {
  HG_TRY(const std::string real, realPath(fd));
  HG_CHECK(checkFolders(std::filesystem::path(real).parent_path()));
  std::error_code error;
  const auto named = std::filesystem::canonical(std::filesystem::absolute(path).parent_path(), error);
  if (error) return unsafe("the folder of " + path, "cannot be checked: " + error.message());
  HG_CHECK(checkFolders(named));
  if (data_directory.empty()) return {};
  const auto data = std::filesystem::weakly_canonical(data_directory, error);
  if (!error && !isBelow(data, real)) return {};
  return pluginError("plugin_unsafe_file", "it lies under the data directory " + data_directory + " (" + real +
                                               "), where the gateway itself writes; keep plugins elsewhere");
}

Result<PluginFacts> checkFile(int fd, const std::string& path, const std::string& data_directory) {
  HG_CHECK(checkOwner(fd));
  HG_CHECK(checkPlace(fd, path, data_directory));
  HG_TRY(const ElfFacts elf, readElf(fd, sdk::kDescriptorSection, sizeof(sdk::Descriptor), sdk::kEntryPoint));
  HG_TRY(PluginFacts facts, parseDescriptor(elf.section, std::filesystem::path(path).stem().string()));
  if (!elf.has_symbol) {
    return pluginError("plugin_no_entry_point", "it does not export " + std::string(sdk::kEntryPoint) +
                                                    "; plugin.cpp needs the macro HEARTHGATE_PLUGIN");
  }
  return facts;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

bool isPluginName(std::string_view text) {
  if (text.empty() || text.size() > 31 || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::vector<std::string> roleNames(uint32_t roles) {
  std::vector<std::string> names;
  if ((roles & sdk::kDiscovery) != 0) names.emplace_back("discovery");
  if ((roles & sdk::kTransport) != 0) names.emplace_back("transport");
  if ((roles & sdk::kBridge) != 0) names.emplace_back("bridge");
  if ((roles & sdk::kNetwork) != 0) names.emplace_back("network");
  return names;
}

Result<PluginFile> openPluginFile(const std::string& path, const std::string& data_directory) {
  // Non-blocking, so that a pipe of that name does not hold us up; it is refused as no regular file.
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    return pluginError(missing ? "plugin_not_found" : "file_unreadable",
                       "cannot open the plugin " + path + ": " + std::strerror(errno));
  }
  auto facts = checkFile(file.get(), path, data_directory);
  if (!facts.ok()) {
    Error error = std::move(facts).error();
    error.message = "cannot use the plugin " + path + ": " + error.message;
    return error;
  }
  return PluginFile{path, std::move(file), std::move(facts).value()};
}

Result<std::vector<FoundPlugin>> findPlugins(const std::vector<std::string>& directories) {
  std::vector<FoundPlugin> found;
  std::set<std::string> seen;
  for (const std::string& directory : directories) {
    std::error_code error;
    if (!std::filesystem::exists(directory, error)) continue;
    std::filesystem::directory_iterator entries(directory, error);
    std::vector<std::filesystem::path> files;
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      const std::filesystem::path& path = entries->path();
      if (path.extension() == ".so" && isPluginName(path.stem().string())) files.push_back(path);
    }
    if (error) {
      return pluginError("file_unreadable", "cannot look for plugins in " + directory + ": " + error.message());
    }
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
      if (seen.insert(path.stem().string()).second) found.push_back({path.stem().string(), path.string()});
    }
  }
  return found;
}

}  // namespace hearthgate::plugin_host
