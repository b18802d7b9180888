// `strategy list` and `strategy use`.
#include "cli/commands.h"
#include "cli/table.h"

namespace hearthgate::cli {
namespace {

struct StrategyOptions {
  std::string name, entity, glob, kind, owner;
  bool here_only = false;
};

ExitStatus list(Context& context) {
  Reply reply = context.get(path({"strategies"}));
  if (context.printed(reply)) return kDone;
  Table table({"STRATEGY", "", "ABOUT"});
  for (const auto& item : itemsAt(reply.body, "items")) {
    std::string about = textAt(item, "description");
    table.add({safe(textAt(item, "name")), flagAt(item, "builtin") ? "built in" : "script", safe(about)});
  }
  table.print(context.out(), "no strategies");
  return kDone;
}

ExitStatus use(Context& context, const StrategyOptions& options) {
  Reply reply;
  std::string about;
  if (!options.entity.empty()) {
    boost::json::object body{{"strategy", options.name}};
    if (options.here_only) body["here_only"] = true;
    reply = context.send("PUT", path({"entities", context.entity(options.entity), "strategy"}), body);
    about = options.entity;
  } else {
    if (options.here_only) context.misuse("--here-only goes with --entity");
    boost::json::object rule{{"strategy", options.name}};
    if (!options.glob.empty()) rule["glob"] = about = options.glob;
    if (!options.kind.empty()) rule["kind"] = about = options.kind;
    if (!options.owner.empty()) {
      rule["owner"] = context.homeId(options.owner);
      about = options.owner;
    }
    if (about.empty()) context.misuse("say for what: --entity ID, --glob GLOB, --kind KIND or --owner HOME");
    reply = context.send("PUT", path({"strategy-rules"}), rule);
  }
  if (!context.printed(reply)) context.out() << safe(about) << " is decided by " << safe(options.name) << "\n";
  return kDone;
}

}  // namespace

void addStrategyCommands(CLI::App& program, Chosen& chosen) {
  auto* group = addGroup(program, "strategy", "What decides conflicts");
  auto options = std::make_shared<StrategyOptions>();
  addCommand(*group, chosen, "list", "List strategies", list);
  auto* using_it =
      addCommand(*group, chosen, "use", "Let a strategy decide", [=](Context& c) { return use(c, *options); });
  using_it->add_option("NAME", options->name, "the strategy")->required();
  auto* entity = using_it->add_option("--entity", options->entity, "for this entity");
  auto* glob = using_it->add_option("--glob", options->glob, "for entities whose id fits");
  auto* kind = using_it->add_option("--kind", options->kind, "for entities of this kind");
  auto* owner = using_it->add_option("--owner", options->owner, "for entities of this home");
  glob->excludes(entity);
  kind->excludes(entity)->excludes(glob);
  owner->excludes(entity)->excludes(glob)->excludes(kind);
  using_it->add_flag("--here-only", options->here_only, "for this home's view alone");
}

}  // namespace hearthgate::cli
