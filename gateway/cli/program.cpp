#include "cli/program.h"

#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

void addExamples(CLI::App& command, const std::string& words) {
  std::vector<std::string> examples = examplesOf(words);
  if (!examples.empty()) {
    std::string text = examples.size() == 1 ? "Example:" : "Examples:";
    for (const std::string& line : examples) text += "\n  " + line;
    command.footer(text);
  }
  for (CLI::App* below : command.get_subcommands([](CLI::App*) { return true; })) {
    addExamples(*below, words.empty() ? below->get_name() : words + " " + below->get_name());
  }
}

// What CLI11 says of a list of allowed values: `TEXT:{a,b}`.
std::vector<std::string> choicesOf(const std::string& type) {
  std::vector<std::string> choices;
  size_t open = type.find('{');
  size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return choices;
  std::string list = type.substr(open + 1, close - open - 1);
  for (size_t at = 0; at <= list.size();) {
    size_t end = std::min(list.find(',', at), list.size());
    choices.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return choices;
}

OptionEntry entryOf(const CLI::Option& option) {
  OptionEntry entry;
  std::string type = option.get_type_name();
  bool argument = option.get_positional();
  std::string names = option.get_name(argument, !argument);
  for (size_t at = 0; at <= names.size();) {
    size_t end = std::min(names.find(',', at), names.size());
    entry.names.push_back(names.substr(at, end - at));
    at = end + 1;
  }
  // The longest last, as `-h,--help` has it.
  if (option.get_items_expected_max() > 0) entry.value = type.substr(0, type.find(':'));
  if (entry.value.empty() && option.get_items_expected_max() > 0) entry.value = "TEXT";
  entry.help = option.get_description();
  entry.choices = choicesOf(type);
  entry.required = option.get_required();
  entry.many = option.get_items_expected_max() > 1;
  return entry;
}

void collect(const CLI::App& command, const std::string& words, std::vector<CommandEntry>* tree) {
  CommandEntry entry;
  entry.words = words;
  entry.help = command.get_description();
  entry.footer = command.get_footer();
  for (const CLI::Option* option : command.get_options()) {
    // Each command has the same --help.
    if (!words.empty() && option == command.get_help_ptr()) continue;
    (option->get_positional() ? entry.arguments : entry.options).push_back(entryOf(*option));
  }
  auto below = command.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* one : below) entry.below.push_back(one->get_name());
  entry.runs = command.get_require_subcommand_min() == 0;
  tree->push_back(std::move(entry));
  for (const CLI::App* one : below)
    collect(*one, words.empty() ? one->get_name() : words + " " + one->get_name(), tree);
}

}  // namespace

void fillProgram(CLI::App& program, Options& options, Chosen& chosen, const std::string& default_data) {
  program.fallthrough();
  program.require_subcommand(1);
  program.set_version_flag("--version", HEARTHGATE_VERSION, "Print the version and leave");
  program.add_option("--data", options.data, "Data folder of the gateway (default: " + default_data + ")")
      ->type_name("DIR");
  program.add_option("--url", options.url, "Address of the gateway instead, as http://127.0.0.1:8760")
      ->type_name("URL");
  program.add_option("--token", options.token, "Admin token, with --url");
  program.add_flag("--json", options.json, "Print the gateway's answer as it is");
  program.add_flag("--yes", options.yes, "Answer questions with yes");
  for (auto add : {addStatusCommands, addEntityCommands, addShareCommands, addHomeCommands, addPairingCommands,
                   addConflictCommands, addStrategyCommands, addPluginCommands, addAuditCommands, addConfigCommands, addCircleCommands,
                   addKindCommands, addKeyCommands, addWordsCommands, addWatchCommands, addReportCommands, addPageCommands}) {
    add(program, chosen);
  }
  addExamples(program, "");
  program.footer(
      "Exit status: 0 done, 1 failed, 2 usage, 3 gateway not reachable,\n4 done, but in conflict and waiting for a "
      "person.");
}

std::vector<CommandEntry> commandTree(const CLI::App& program) {
  std::vector<CommandEntry> tree;
  collect(program, "", &tree);
  return tree;
}

std::string usageOf(const CommandEntry& command) {
  std::string text = command.words;
  for (const OptionEntry& argument : command.arguments) {
    std::string name = argument.names.front() + (argument.many ? "..." : "");
    text += argument.required ? " " + name : " [" + name + "]";
  }
  if (!command.runs) text += " COMMAND";
  return text;
}

}  // namespace hearthgate::cli
