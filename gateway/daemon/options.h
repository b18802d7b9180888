// The arguments of hearthgated.
#pragma once

#include <optional>
#include <string>

namespace hearthgate::daemon {

struct Options {
  std::string config;  // may be missing or empty
  std::string data;
  bool check = false;    // validate the configuration and write nothing
  bool recover = false;  // set a corrupt database aside
  std::optional<std::string> new_passphrase_file;  // seal the keys with the passphrase in it, and leave
  bool unseal = false;                             // keep the keys without a passphrase, and leave
};

// Reads the arguments; nothing when the process should end with `exit_status` (help, version, a mistake), with what it
// has to say written already.
std::optional<Options> parseOptions(int argc, char** argv, int* exit_status);

}  // namespace hearthgate::daemon
