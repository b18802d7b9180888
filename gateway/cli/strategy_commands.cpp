// `strategy list`, `use`, `rules` and `drop`.
#include <algorithm>

#include "cli/commands.h"
#include "cli/table.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

constexpr size_t kNameColumn = 12;  // the built-in ones fit

struct StrategyOptions {
  std::string name, entity, glob, kind, owner;
  bool here_only = false;
};

ExitStatus list(Context& context) {
  Reply reply = context.get(path({"strategies"}));
  if (context.printed(reply)) return kDone;
  for (const auto& item : itemsAt(reply.body, "items")) {
    // Whole, because it is what one chooses by.
    std::string line = safe(textAt(item, "name"));
    line.resize(std::max(line.size(), kNameColumn), ' ');
    context.out() << folded(line + "  " + (flagAt(item, "builtin") ? "" : "script: ") + safe(textAt(item, "description")));
  }
  return kDone;
}

// Sets the rule, or without a name takes it back; `about` is what it speaks of.
Reply changeRule(Context& context, const StrategyOptions& options, std::string* about) {
  Json name = options.name.empty() ? Json() : Json(options.name);
  if (!options.entity.empty()) {
    boost::json::object body{{"strategy", name}};
    if (options.here_only) body["here_only"] = true;
    *about = options.entity;
    return context.send("PUT", path({"entities", context.entity(options.entity), "strategy"}), body);
  }
  if (options.here_only) context.misuse("--here-only goes with --entity");
  boost::json::object rule;
  if (!options.name.empty()) rule["strategy"] = name;
  if (!options.glob.empty()) rule["glob"] = *about = options.glob;
  if (!options.kind.empty()) rule["kind"] = *about = options.kind;
  if (!options.owner.empty()) {
    rule["owner"] = context.homeId(options.owner);
    *about = options.owner;
  }
  if (about->empty()) context.misuse("say for what: --entity ID, --glob GLOB, --kind KIND or --owner HOME");
  return context.send(options.name.empty() ? "DELETE" : "PUT", path({"strategy-rules"}), rule);
}

ExitStatus use(Context& context, const StrategyOptions& options) {
  std::string about;
  Reply reply = changeRule(context, options, &about);
  if (!context.printed(reply)) context.out() << safe(about) << " is decided by " << safe(options.name) << "\n";
  return kDone;
}

ExitStatus drop(Context& context, const StrategyOptions& options) {
  std::string about;
  Reply reply = changeRule(context, options, &about);
  if (!context.printed(reply)) context.out() << "the rule for " << safe(about) << " is gone\n";
  return kDone;
}

ExitStatus rules(Context& context) {
  Reply reply = context.get(path({"strategy-rules"}));
  if (context.printed(reply)) return kDone;
  Table table({"FOR", "", "STRATEGY"});
  for (const auto& rule : itemsAt(reply.body, "items")) {
    for (const char* scope : {"entity", "glob", "kind", "owner"}) {
      std::string what = textAt(rule, scope);
      if (what.empty()) continue;
      table.add({scope, std::string_view(scope) == "owner" ? context.homeName(what) : safe(what),
                 safe(textAt(rule, "strategy"))});
    }
  }
  table.print(context.out(), "no rules; the configuration's sharing.conflict_resolution.strategy decides");
  return kDone;
}

// What a rule is for.
void addScope(CLI::App& command, const std::shared_ptr<StrategyOptions>& options) {
  auto* entity = command.add_option("--entity", options->entity, "for this entity");
  auto* glob = command.add_option("--glob", options->glob, "for entities whose id fits");
  auto* kind = command.add_option("--kind", options->kind, "for entities of this kind");
  auto* owner = command.add_option("--owner", options->owner, "for all of this home's (this home itself)");
  glob->excludes(entity);
  kind->excludes(entity)->excludes(glob);
  owner->excludes(entity)->excludes(glob)->excludes(kind);
  command.add_flag("--here-only", options->here_only, "with --entity: for this home's view alone");
}

}  // namespace

void addStrategyCommands(CLI::App& program, Chosen& chosen) {
  auto* group = addGroup(program, "strategy", "What decides conflicts");
  auto options = std::make_shared<StrategyOptions>();
  addCommand(*group, chosen, "list", "List strategies", list);
  auto* using_it =
      addCommand(*group, chosen, "use", "Let a strategy decide", [=](Context& c) { return use(c, *options); });
  using_it->add_option("NAME", options->name, "the strategy")->required();
  addScope(*using_it, options);
  auto* dropping =
      addCommand(*group, chosen, "drop", "Take such a rule back", [=](Context& c) { return drop(c, *options); });
  addScope(*dropping, options);
  addCommand(*group, chosen, "rules", "List the rules that `use` has set", rules);
}

}  // namespace hearthgate::cli
