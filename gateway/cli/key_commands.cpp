// `key show` and `key rotate`: the operating key by which other homes know this one.
#include "cli/commands.h"

namespace hearthgate::cli {
namespace {

struct KeyOptions {
  bool words = false;
  bool compromised = false;
};

void print(Context& context, const Json& body) {
  auto& out = context.out();
  out << "key      " << safe(textAt(body, "key")) << ", the " << number(numberAt(body, "epoch")) << ". of this home, vouched for by "
      << (textAt(body, "by") == "root" ? "the recovery words" : "the key before") << "\n";
  const auto& waiting = itemsAt(body, "waiting");
  if (waiting.empty()) {
    out << "known    every paired home knows it\n";
  } else {
    out << "waiting  ";
    for (size_t i = 0; i < waiting.size(); ++i) out << (i > 0 ? ", " : "") << safe(textAt(waiting[i], "name"));
    out << (waiting.size() == 1 ? " has" : " have") << " not heard of it yet\n";
  }
  if (numberAt(body, "former") > 0) out << "former   " << number(numberAt(body, "former")) << " kept for them, at most 400 days\n";
  if (at(body, "foreign").is_bool() && at(body, "foreign").get_bool()) {
    out << "\nAnother key of this home is about that it did not make: somebody has its key, or this\n"
           "folder is older than what others know. `hearthgate key rotate --compromised` ends it.\n";
  }
}

ExitStatus show(Context& context) {
  Reply reply = context.get(path({"keys"}));
  if (!context.printed(reply)) print(context, reply.body);
  return kDone;
}

ExitStatus rotate(Context& context, const KeyOptions& options) {
  if (options.compromised) {
    context.terminal().err << "Homes that are connected now are told at once. Others hear of it from a home that both\n"
                              "know, or have to be paired again: nobody holds the old key any more.\n";
  }
  if (!context.confirmed(options.compromised ? "Replace the key and destroy the old ones?" : "Replace the key by another one?")) {
    context.fail("refused", "the key stays as it is", "answer yes, or give --yes");
  }
  boost::json::object body;
  if (options.compromised) body["compromised"] = true;
  if (options.compromised || options.words) {
    context.terminal().err << "the twelve recovery words: " << std::flush;
    auto line = context.terminal().read_line();
    if (!line || line->empty()) {
      context.fail("no_answer", "there were no words on standard input", "type the twelve words on one line");
    }
    body["words"] = *line;
  }
  Reply reply = context.send("POST", path({"keys", "rotate"}), body);
  if (!context.printed(reply)) print(context, reply.body);
  return kDone;
}

}  // namespace

void addKeyCommands(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<KeyOptions>();
  auto* group = addGroup(program, "key", "The key by which other homes know this one");
  addCommand(*group, chosen, "show", "Show it, and which homes have not heard of it yet", show);
  auto* rotating = addCommand(*group, chosen, "rotate", "Replace it; other homes take the new one in by themselves",
                              [=](Context& c) { return rotate(c, *options); });
  rotating->add_flag("--words", options->words, "let the recovery words vouch for the new key; asks for them");
  rotating->add_flag("--compromised", options->compromised, "somebody may have the old one: destroy it now; asks for the words");
}

}  // namespace hearthgate::cli
