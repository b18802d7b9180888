// Reads what the host needs from a plugin's ELF file without running or mapping any of it. The file's bytes are taken
// as hostile: every offset and size is checked against the file. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearthgate::plugin_host {

struct ElfFacts {
  std::string section;      // the first bytes of the wanted section, at most as many as were asked for
  bool has_symbol = false;  // the wanted function is among the exported ones
};

// `fd` is an open regular file. Codes: plugin_not_elf, plugin_wrong_architecture, plugin_truncated (also for anything
// out of the file's bounds), plugin_no_descriptor when there is no such section, file_unreadable. Messages have no name
// of the file.
Result<ElfFacts> readElf(int fd, std::string_view section, size_t section_bytes, std::string_view symbol);

}  // namespace hearthgate::plugin_host
