#include "cli/usage.h"

#include <algorithm>
#include <sstream>

#include "cli/table.h"
#include "cli/tuning.h"
#include "config/suggest.h"

namespace hearthgate::cli {
namespace {

// Where the text of a line's second column begins: after the last run of two spaces in its first half.
size_t indentOf(const std::string& line) {
  size_t gap = line.rfind("  ", kColumns / 2);
  return gap == std::string::npos ? 0 : gap + 2;
}

std::string foldedLine(std::string line) {
  std::string out;
  size_t indent = std::min(indentOf(line), kColumns / 2);
  while (width(line) > kColumns) {
    size_t space = line.rfind(' ', kColumns);
    if (space == std::string::npos || space <= indent) break;
    out += line.substr(0, space) + "\n";
    line = std::string(indent, ' ') + line.substr(space + 1);
  }
  return out + line;
}

// The command that was understood before the mistake, as the words that a person typed.
const CLI::App* meant(const CLI::App& program, std::string* words) {
  const CLI::App* at = &program;
  *words = program.get_name();
  for (auto below = at->get_subcommands(); !below.empty(); below = at->get_subcommands()) {
    at = below.front();
    *words += " " + at->get_name();
  }
  return at;
}

std::vector<std::string> namesBelow(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* one : command.get_subcommands([](const CLI::App*) { return true; })) names.push_back(one->get_name());
  return names;
}

// The first word that was no option's value and no command.
std::optional<std::string> unknownWord(const CLI::App& program) {
  for (const std::string& word : program.remaining(true)) {
    if (!word.starts_with('-')) return word;
  }
  return std::nullopt;
}

std::string whatIsWrong(const CLI::App& program, const CLI::App& command, const CLI::ParseError& error) {
  std::vector<std::string> below = namesBelow(command);
  auto unknown = unknownWord(program);
  if (below.empty() || error.get_name() != "RequiredError") return error.what();
  std::string there = "there are " + config::enumerate(below);
  if (!unknown) return "say which command; " + there;
  auto near = config::nearest(*unknown, below);
  return "there is no command '" + safe(*unknown) + "'" + (near ? ", did you mean " + *near + "?" : "") + "; " + there;
}

}  // namespace

std::string folded(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += foldedLine(line) + "\n";
  return out;
}

ExitStatus endParsing(const CLI::App& program, const CLI::ParseError& error, const std::vector<std::string>& arguments,
                      Terminal& terminal) {
  std::string words;
  const CLI::App* command = meant(program, &words);
  bool help = error.get_name() == "CallForHelp";
  // Help for what is not there would look as if it were.
  if (error.get_exit_code() == 0 && !(help && command == &program && unknownWord(program))) {
    // help() writes the command's own name after those before it.
    size_t own = words.rfind(' ' + command->get_name());
    std::string before = own == std::string::npos ? "" : words.substr(0, own);
    terminal.out << (help ? folded(command->help(before)) : error.what() + std::string("\n"));
    return kDone;
  }
  std::string wrong = help ? "there is no command '" + safe(*unknownWord(program)) + "'; there are " +
                                 config::enumerate(namesBelow(program))
                           : whatIsWrong(program, *command, error);
  Options options;
  options.json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  Context context(terminal, options);
  try {
    context.fail("usage", words + ": " + wrong, "`" + words + " --help` shows how", kUsage);
  } catch (const Stop& stop) {
    return stop.status;
  }
}

CLI::Validator wholeNumber() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        bool digits = !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
        return digits && std::stoll(text) > 0 ? "" : "'" + safe(text) + "' is no whole number from 1 on";
      },
      "", "number");
}

}  // namespace hearthgate::cli
