// `words` and `words confirm`: the recovery words, shown while a person has not yet said that they are written down.
#include "cli/commands.h"

namespace hearthgate::cli {
namespace {

ExitStatus show(Context& context) {
  Reply reply = context.get(path({"recovery-words"}));
  if (context.printed(reply)) return kDone;
  auto& out = context.out();
  const auto& words = itemsAt(reply.body, "words");
  out << "Write these words down on paper and keep them away from this machine. Who sees\nthem is this home.\n\n";
  for (size_t i = 0; i < words.size(); ++i) {
    out << (i + 1 < 10 ? "   " : "  ") << i + 1 << "  " << readable(words[i]) << "\n";
  }
  out << "\nThen run `hearthgate words confirm`.\n";
  return kDone;
}

// Asks for two words, by positions that the gateway names, else by the third and the ninth.
ExitStatus confirm(Context& context) {
  Json body = context.get(path({"recovery-words"})).body;
  boost::json::array positions = itemsAt(body, "ask");
  if (positions.empty()) positions = {3, 9};
  boost::json::array answers;
  for (const auto& position : positions) {
    context.terminal().err << "word number " << readable(position) << ": " << std::flush;
    auto line = context.terminal().read_line();
    if (!line) context.fail("no_answer", "there was no word on standard input",
                            "type the two words, or give them on two lines of standard input");
    answers.push_back({{"position", position}, {"word", *line}});
  }
  Reply reply = context.send("POST", path({"recovery-words", "confirm"}), {{"words", answers}});
  if (!context.printed(reply)) context.out() << "confirmed; the words are not shown again\n";
  return kDone;
}

}  // namespace

void addWordsCommands(CLI::App& program, Chosen& chosen) {
  // `words` alone shows them, so its subcommand is optional and the more special body wins.
  auto* words = program.add_subcommand("words", "Show the recovery words while they are unconfirmed");
  words->final_callback([&chosen] {
    if (!chosen.body) chosen.body = show;
  });
  addCommand(*words, chosen, "confirm", "Say that they are written down: asks for two of them", confirm);
}

}  // namespace hearthgate::cli
