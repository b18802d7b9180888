// hearthgate(1), from the tree of commands.
#include "base/man_page.h"

#include "cli/program.h"

namespace hearthgate::cli {
namespace {

void addOptions(ManPage& page, const std::vector<OptionEntry>& options) {
  for (const OptionEntry& option : options) {
    std::string names;
    for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + name;
    if (!option.value.empty() && option.names.front().starts_with('-')) names += " " + option.value;
    page.term(names, option.help);
  }
}

}  // namespace

std::string manPage(const std::vector<CommandEntry>& tree) {
  ManPage page("hearthgate", 1, HEARTHGATE_VERSION, "look after the things that homes share");
  page.heading("SYNOPSIS").paragraph("`hearthgate` [`--data` DIR | `--url` URL `--token` TOKEN] COMMAND ...");
  page.heading("DESCRIPTION").paragraph(tree.front().help);
  page.paragraph(
      "Asks the gateway that hearthgated(8) runs on this machine. HOME and OWNER may be names, ids, or the first eight "
      "letters "
      "of an id; one that could mean several homes fails and lists the ids. An entity of another home is written "
      "ID@OWNER.");
  page.heading("OPTIONS");
  addOptions(page, tree.front().options);
  page.paragraph(
      "They may stand before or behind the command. With `--json` every command prints the body of the gateway's "
      "answer as it is, and errors as a problem document (RFC 9457) on standard error.");
  page.heading("COMMANDS");
  for (const CommandEntry& command : tree) {
    if (command.words.empty() || !command.runs) continue;
    page.subheading(usageOf(command));
    page.paragraph(command.help + ".");
    addOptions(page, command.arguments);
    addOptions(page, command.options);
    std::string lines;
    for (const std::string& line : examplesOf(command.words)) lines += line + "\n";
    if (!lines.empty()) page.literal(lines);
  }
  page.heading("EXIT STATUS");
  page.term("0", "Done.")
      .term("1", "Failed.")
      .term("2", "The command line is wrong.")
      .term("3", "The gateway is not reachable.");
  page.term("4", "Done, but what it touched is in conflict and waits for a person.");
  page.heading("FILES");
  page.term("DIR/admin.token, DIR/admin.url",
            "The token and the address of the gateway, which it writes at its start.");
  page.heading("SEE ALSO").paragraph("hearthgated(8), hearthgate.yaml(5)");
  return page.text();
}

}  // namespace hearthgate::cli
