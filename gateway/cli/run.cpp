#include "cli/run.h"

#include <algorithm>

#include "base/utf8.h"

#include "cli/commands.h"

namespace hearthgate::cli {
namespace {

ExitStatus runChosen(const Chosen& chosen, Terminal& terminal, const Options& options) {
  Context context(terminal, options);
  try {
    return chosen.body(context);
  } catch (const Stop& stop) {
    return stop.status;
  }
}

}  // namespace

int run(const std::vector<std::string>& arguments, Terminal& terminal) {
  Options options;
  Chosen chosen;
  CLI::App program{"Hearthgate keeps the things of a home in step with other homes.", "hearthgate"};
  program.fallthrough();
  program.require_subcommand(1);
  program.set_version_flag("--version", HEARTHGATE_VERSION);
  program.add_option("--data", options.data, "Data folder of the gateway (default: " + terminal.default_data + ")");
  program.add_option("--url", options.url, "Address of the gateway instead, as http://127.0.0.1:8760");
  program.add_option("--token", options.token, "Admin token, with --url");
  program.add_flag("--json", options.json, "Print the gateway's answer as it is");
  program.add_flag("--yes", options.yes, "Answer questions with yes");
  program.footer(
      "Exit status: 0 done, 1 failed, 2 usage, 3 gateway not reachable,\n4 done, but in conflict and waiting for a "
      "person.");
  for (auto add : {addStatusCommands, addEntityCommands, addShareCommands, addHomeCommands, addPairingCommands,
                   addConflictCommands, addStrategyCommands, addPluginCommands, addConfigCommands, addWordsCommands,
                   addWatchCommands}) {
    add(program, chosen);
  }
  try {
    program.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    // CLI11 says of an unknown command only that one is required.
    auto word = std::find_if(arguments.begin(), arguments.end(), [](const std::string& a) { return !a.starts_with('-'); });
    bool named = word != arguments.end() && program.get_subcommands().empty();
    if (named && error.get_name() == "RequiredError" ) {
      terminal.err << "There is no command '" << displayName(*word) << "'; `hearthgate --help` lists those that there are.\n";
      return kUsage;
    }
    int status = program.exit(error, terminal.out, terminal.err);
    return status == 0 ? kDone : kUsage;
  }
  return runChosen(chosen, terminal, options);
}

}  // namespace hearthgate::cli
