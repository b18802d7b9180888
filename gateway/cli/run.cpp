#include "cli/run.h"

#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/usage.h"

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
  for (const std::string& argument : arguments) {
    if (isUtf8(argument)) continue;
    terminal.err << "hearthgate: the argument '" << safe(argument) << "' holds bytes that are no UTF-8\n"
                 << "  set the terminal to UTF-8 and type it again\n";
    return kUsage;
  }
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
                   addConflictCommands, addStrategyCommands, addPluginCommands, addAuditCommands, addConfigCommands, addWordsCommands,
                   addWatchCommands}) {
    add(program, chosen);
  }
  try {
    program.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return endParsing(program, error, arguments, terminal);
  }
  return runChosen(chosen, terminal, options);
}

}  // namespace hearthgate::cli
