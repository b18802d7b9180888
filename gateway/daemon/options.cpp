#include "daemon/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/man_page.h"

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

constexpr const char* kAbout = "keeps the things of this home in step with other homes";

// hearthgated(8), with the options as --help has them.
std::string manPage(const CLI::App& app) {
  ManPage page("hearthgated", 8, HEARTHGATE_VERSION, kAbout);
  page.heading("SYNOPSIS").paragraph("`hearthgated` [`--config` FILE] [`--data` DIR] [`--check`] [`--recover`]")
      .paragraph("`hearthgated` [`--config` FILE] [`--data` DIR] `--new-passphrase-file` FILE | `--unseal`");
  page.heading("DESCRIPTION");
  page.paragraph("Runs the gateway of one home in the foreground until SIGTERM or SIGINT. When it serves, it prints one line on "
                 "standard output:");
  page.literal("ready admin=http://127.0.0.1:PORT sync=ADDRESS:PORT home=HOME-ID");
  page.paragraph("`sync=-` says that nothing carries links. Messages go to standard error.");
  page.heading("OPTIONS");
  for (const CLI::Option* option : app.get_options()) {
    bool flag = option->get_items_expected_max() == 0;
    page.term(option->get_name(false, true) + (flag ? "" : " " + option->get_type_name()), option->get_description());
  }
  page.heading("FILES");
  page.term("/etc/hearthgate/hearthgate.yaml", "The configuration that the packages' service uses; see hearthgate.yaml(5).");
  page.term("/var/lib/hearthgate", "DIR without `--data`, made with the mode 0700 and locked; for other users than root it is "
                                   "$XDG_STATE_HOME/hearthgate.");
  page.term("DIR/home.db", "The database. It is never replaced by itself: `--recover` sets a corrupt one aside.");
  page.term("DIR/admin.token, DIR/admin.url", "What hearthgate(1) and other programs of this machine need to ask the gateway.");
  page.term("DIR/sharing_key, DIR/recovery.seed", "This home's keys, and until they were confirmed its recovery words; sealed where "
                                                  "there is a passphrase.");
  page.heading("ENVIRONMENT").paragraph("HEARTHGATE_ and a key's path in capitals set that key; see hearthgate.yaml(5).");
  page.term("HEARTHGATE_PASSPHRASE", "The passphrase under which the keys are sealed, where `sharing.sync.encryption.passphrase_file` "
                                     "names no file. It is taken out of the environment at once.");
  page.term("CREDENTIALS_DIRECTORY", "Where systemd puts credentials: `hearthgate.passphrase` is the passphrase, where neither of "
                                     "the two is there.");
  page.heading("EXIT STATUS");
  page.term("0", "It was asked to end, or `--check` found nothing wrong.");
  page.term("1", "It could not start; one line on standard error says what, why, and what to do.");
  page.term("2", "The configuration or the command line is wrong.");
  page.heading("EXAMPLES");
  page.literal("hearthgated --config /etc/hearthgate/hearthgate.yaml --check\nhearthgated --data ./beach");
  page.heading("SEE ALSO").paragraph("hearthgate(1), hearthgate.yaml(5)");
  return page.text();
}

}  // namespace

std::optional<Options> parseOptions(int argc, char** argv, int* exit_status) {
  Options options;
  options.data = defaultData();
  bool man = false;
  CLI::App app{std::string("hearthgated: ") + kAbout};
  app.add_option("--config", options.config, "configuration file (YAML); defaults when missing or empty")->type_name("FILE");
  app.add_option("--data", options.data, "folder of this home's data")->type_name("DIR")->capture_default_str();
  auto* check = app.add_flag("--check", options.check, "check the configuration and leave");
  auto* recover = app.add_flag("--recover", options.recover, "set a corrupt database aside and begin a new one under the same identity");
  auto* seal = app.add_option("--new-passphrase-file", options.new_passphrase_file,
                              "seal the keys with the passphrase in this file from now on, and leave; no gateway may run");
  auto* unseal = app.add_flag("--unseal", options.unseal, "keep the keys without a passphrase from now on, and leave; no gateway may run");
  seal->type_name("FILE")->excludes(unseal)->excludes(check)->excludes(recover);
  unseal->excludes(check)->excludes(recover);
  app.add_flag("--man", man, "print the manual page and leave");
  app.set_version_flag("--version", std::string("hearthgated ") + HEARTHGATE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    bool misuse = error.get_exit_code() != 0;
    *exit_status = misuse ? 2 : app.exit(error);
    if (misuse) std::fprintf(stderr, "hearthgated: %s (hearthgated --help lists the options)\n", error.what());
    return std::nullopt;
  }
  if (man) {
    std::fputs(manPage(app).c_str(), stdout);
    *exit_status = 0;
    return std::nullopt;
  }
  return options;
}

}  // namespace hearthgate::daemon
