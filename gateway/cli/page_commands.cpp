// `man` and `completion`: pages for other programs, made from the tree of commands and the table of keys.
#include "cli/program.h"
#include "config/config.h"

namespace hearthgate::cli {
namespace {

// What the pages name as DIR, on whatever machine they are made.
constexpr const char* kAnyData = "/var/lib/hearthgate, for other users than root $XDG_STATE_HOME/hearthgate";

std::vector<CommandEntry> pageTree() {
  Options options;
  Chosen chosen;
  CLI::App program{kProgramHelp, "hearthgate"};
  fillProgram(program, options, chosen, kAnyData);
  return commandTree(program);
}

ExitStatus print(Context& context, const std::string& text) {
  if (context.json()) {
    context.out() << boost::json::serialize(boost::json::object{{"text", text}}) << "\n";
  } else {
    context.out() << text;
  }
  return kDone;
}

}  // namespace

void addPageCommands(CLI::App& program, Chosen& chosen) {
  auto page = std::make_shared<std::string>("hearthgate");
  auto* man = addCommand(program, chosen, "man", "Print a manual page in the man(7) language", [=](Context& c) {
    return print(c, *page == "hearthgate" ? manPage(pageTree()) : config::manPage(HEARTHGATE_VERSION));
  });
  man->add_option("PAGE", *page, "hearthgate (default) or hearthgate.yaml; `hearthgated --man` prints its own")
      ->check(CLI::IsMember({"hearthgate", "hearthgate.yaml"}));
  auto shell = std::make_shared<std::string>();
  auto* completing = addCommand(program, chosen, "completion", "Print a shell's completion of this program",
                                [=](Context& c) { return print(c, completion(pageTree(), *shell)); });
  completing->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace hearthgate::cli
