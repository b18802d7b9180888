// `plugin …` and `token rotate`.
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

ExitStatus list(Context& context) {
  Reply reply = context.get(path({"plugins"}));
  if (context.printed(reply)) return kDone;
  Table table({"PLUGIN", "VERSION", "STATE", "LISTENS ON"});
  for (const auto& item : itemsAt(reply.body, "items")) {
    std::string listeners;
    for (const auto& listener : itemsAt(item, "listeners")) {
      listeners += (listeners.empty() ? "" : ", ") + safe(textAt(listener, "address"));
    }
    std::string state = textAt(item, "state");
    if (state.empty()) state = flagAt(item, "enabled") ? "enabled" : "disabled";
    table.add(
        {safe(textAt(item, "name")), safe(textAt(item, "version")), safe(state), listeners.empty() ? "-" : listeners});
  }
  table.print(context.out(), "no plugins; see `hearthgate config explain plugins_path`");
  for (const auto& item : itemsAt(reply.body, "items")) {
    std::string why = textAt(at(item, "error"), "detail");
    if (!why.empty()) context.out() << folded("  " + safe(textAt(item, "name")) + ": " + safe(why));
  }
  return kDone;
}

ExitStatus act(Context& context, const std::string& name, const std::string& verb) {
  Reply reply = context.send("POST", path({"plugins", name, verb}));
  if (context.printed(reply)) return kDone;
  // A plugin that hangs when it is told to stop.
  if (const std::string why = textAt(at(reply.body, "error"), "detail"); !why.empty()) {
    context.out() << folded("  " + safe(name) + ": " + safe(why));
    return kFailed;
  }
  context.out() << verb << (verb.back() == 'e' ? "d " : "ed ") << safe(name) << "\n";
  return kDone;
}

ExitStatus rotate(Context& context) {
  if (!context.confirmed("replace the admin token? Programs that use it have to be told the new one.")) return kFailed;
  Reply reply = context.send("POST", path({"tokens", "rotate"}));
  // The token itself is only shown under --json: it does not belong into a terminal's memory.
  if (!context.printed(reply)) context.out() << "the admin token was replaced; the new one is in DIR/admin.token\n";
  return kDone;
}

}  // namespace

void addPluginCommands(CLI::App& program, Chosen& chosen) {
  auto* group = addGroup(program, "plugin", "Plugins");
  auto name = std::make_shared<std::string>();
  addCommand(*group, chosen, "list", "List plugins", list);
  const std::pair<const char*, const char*> verbs[] = {{"enable", "Start one, now and at every start"},
                                                       {"disable", "Stop one, now and at every start"},
                                                       {"reload", "Stop one and start what its file is now"}};
  for (auto [verb, help] : verbs) {
    auto* command = addCommand(*group, chosen, verb, help, [=, verb = verb](Context& c) { return act(c, *name, verb); });
    command->add_option("NAME", *name, "its name")->required();
  }
  auto* tokens = addGroup(program, "token", "Tokens of the REST interface");
  addCommand(*tokens, chosen, "rotate", "Replace the admin token", rotate);
}

}  // namespace hearthgate::cli
