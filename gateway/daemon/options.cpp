#include "daemon/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

namespace hearthgate::daemon {
namespace {

// /var/lib/hearthgate, for other users $XDG_STATE_HOME/hearthgate (CONTRACT.md).
std::string defaultData() {
  if (geteuid() == 0) return "/var/lib/hearthgate";
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state && *state) return std::string(state) + "/hearthgate";
  const char* home = std::getenv("HOME");
  return std::string(home ? home : "") + "/.local/state/hearthgate";
}

}  // namespace

std::optional<Options> parseOptions(int argc, char** argv, int* exit_status) {
  Options options;
  options.data = defaultData();
  CLI::App app{"hearthgated: keeps the things of this home in step with other homes"};
  app.add_option("--config", options.config, "configuration file (YAML); defaults when missing or empty");
  app.add_option("--data", options.data, "folder of this home's data")->capture_default_str();
  app.add_flag("--check", options.check, "check the configuration and leave");
  app.add_flag("--recover", options.recover, "set a corrupt database aside and begin a new one under the same identity");
  app.set_version_flag("--version", std::string("hearthgated ") + HEARTHGATE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    bool misuse = error.get_exit_code() != 0;
    *exit_status = misuse ? 2 : app.exit(error);
    if (misuse) std::fprintf(stderr, "hearthgated: %s (hearthgated --help lists the options)\n", error.what());
    return std::nullopt;
  }
  return options;
}

}  // namespace hearthgate::daemon
