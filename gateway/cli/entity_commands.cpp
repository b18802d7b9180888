// `entity …`.
#include <set>

#include "cli/commands.h"
#include "cli/fields.h"
#include "cli/table.h"
#include "cli/tuning.h"

namespace hearthgate::cli {
namespace {

struct ListOptions {
  std::string kind, owner, prefix, as, after;
  bool shared = false, conflicted = false, deleted = false, stubs = false;
};
struct DiffOptions {
  std::string id, from, to;
};
struct WriteOptions {
  std::string id, kind, if_match, version, strategy;
  std::vector<std::string> fields;
  bool here_only = false, grows_only = false;
};

// One sentence and the right exit status for an entity that was written.
ExitStatus wrote(Context& context, const Reply& reply, const std::string& done) {
  bool waits = flagAt(reply.body, "conflicted");
  if (!context.printed(reply)) {
    context.out() << done << "\n";
    if (waits) {
      context.out() << "It is in conflict and waits for a person: `hearthgate conflict list`.\n";
    }
  }
  return waits ? kWaitsForPerson : kDone;
}

ExitStatus list(Context& context, const ListOptions& options) {
  auto flag = [](bool set) { return std::string(set ? "true" : ""); };
  std::string owner = options.owner.empty() ? "" : context.homeId(options.owner);
  std::vector<std::pair<std::string, std::string>> pairs{{"kind", options.kind},
                                                         {"owner", owner},
                                                         {"prefix", options.prefix},
                                                         {"shared", flag(options.shared)},
                                                         {"deleted", flag(options.deleted)},
                                                         {"conflicted", flag(options.conflicted)},
                                                         {"stubs", flag(options.stubs)},
                                                         {"as", options.as.empty() ? "" : context.otherHomeId(options.as)}};
  if (context.json()) {
    pairs.push_back({"limit", "1000"});
    pairs.push_back({"after", options.after});
    context.printed(context.get(path({"entities"}) + query(pairs)));
    return kDone;
  }
  Table table({"ENTITY", "KIND", "ACCESS", "", "FIELDS"});
  context.each(path({"entities"}) + query(pairs), [&](const Json& item) {
    std::string marks = flagAt(item, "conflicted") ? "conflict" : flagAt(item, "held") ? "held" : "";
    if (flagAt(item, "deleted")) marks = "deleted";
    if (marks.empty() && !at(item, "stale_since").is_null()) marks = "stale";
    bool stub = textAt(item, "access") == "none";
    table.add({context.entityName(item), safe(textAt(item, "kind")), safe(textAt(item, "access")), marks,
               stub ? "no longer shared" : fieldsLine(at(item, "fields"))});
  });
  table.print(context.out(), "no entities");
  return kDone;
}

ExitStatus get(Context& context, const std::string& id, const std::string& as) {
  std::string view = query({{"as", as.empty() ? "" : context.otherHomeId(as)}});
  Reply reply = context.get(path({"entities", context.entity(id)}) + view);
  if (context.printed(reply)) return kDone;
  const Json& entity = reply.body;
  auto& out = context.out();
  out << context.entityName(entity) << "\n";
  printField(out, "kind", safe(textAt(entity, "kind")));
  printField(out, "access", safe(textAt(entity, "access")));
  printField(out, "strategy", safe(textAt(entity, "strategy")));
  const Json& version = at(entity, "version");
  std::string author = textAt(version, "author");
  out << "  version       " << safe(textAt(version, "id")) << "\n";
  printField(out, "written by",
             (author.empty() ? "several" : context.homeName(author)) + "  " + safe(textAt(version, "stamp")));
  for (const auto& grant : itemsAt(entity, "shared_with")) {
    std::string until = textAt(grant, "until");
    printField(out, "shared with",
               context.homeName(textAt(grant, "home")) + " (" + safe(textAt(grant, "access")) +
                   (until.empty() ? "" : " until " + safe(until)) + ")");
  }
  if (!at(entity, "stale_since").is_null()) printField(out, "stale since", readable(at(entity, "stale_since")));
  if (flagAt(entity, "held")) printField(out, "held", "the brake holds what is shown");
  out << "fields\n";
  if (at(entity, "fields").is_object()) {
    // Values are not cut here: this is where one looks for the whole.
    for (const auto& field : at(entity, "fields").get_object()) {
      std::string type = textAt(at(entity, "types"), field.key());
      out << "  " << safe(field.key()) << " = " << readable(field.value()) << (type.empty() ? "" : "  (" + safe(type) + ")") << "\n";
    }
  }
  for (const auto& sibling : itemsAt(entity, "siblings")) {
    out << "concurrent " << safe(textAt(sibling, "id")) << " by " << context.homeName(textAt(sibling, "author")) << ": "
        << (flagAt(sibling, "deleted") ? "deleted" : fieldsLine(at(sibling, "fields"))) << "\n";
  }
  if (flagAt(entity, "conflicted")) out << "in conflict and waits for a person: `hearthgate conflict list`\n";
  return kDone;
}

std::map<std::string, std::string> matching(const std::string& version) {
  if (version.empty()) return {};
  return {{"If-Match", "\"" + version + "\""}};
}

// The types of its fields, when these change a set and it is there.
Json typesOf(Context& context, const std::string& target, const WriteOptions& options) {
  if (!changesSets(options.fields)) return {};
  Reply reply = context.ask("GET", target);
  return reply.ok() ? at(reply.body, "types") : Json{};
}

ExitStatus set(Context& context, const WriteOptions& options) {
  std::string target = path({"entities", context.entity(options.id)});
  Json fields = parseFields(context, options.fields, typesOf(context, target, options), options.grows_only);
  if (!options.kind.empty() && options.if_match.empty()) {
    // Made with its kind if it is new; otherwise changed, and the kind has to be its own.
    Reply made = context.ask("PUT", target, {{"kind", options.kind}, {"fields", fields}}, {{"If-None-Match", "*"}});
    if (made.ok()) return wrote(context, made, "made " + options.id);
    if (made.status != 412) context.stopAt(made);
    std::string kind = textAt(context.get(target).body, "kind");
    if (kind != options.kind) {
      context.fail("kind_differs", options.id + " is of kind " + kind + ", not " + options.kind,
                   "an entity keeps the kind of its first version; leave --kind away or use another id");
    }
  }
  Reply reply = context.send("PATCH", target, fields, matching(options.if_match));
  return wrote(context, reply, (reply.status == 201 ? "made " : "set ") + options.id);
}

ExitStatus remove(Context& context, const WriteOptions& options) {
  std::string target = path({"entities", context.entity(options.id)});
  if (!context.confirmed("delete " + safe(options.id) + " at every home that has it?")) return kFailed;
  return wrote(context, context.send("DELETE", target, {}, matching(options.if_match)), "deleted " + options.id);
}

ExitStatus history(Context& context, const std::string& id, const std::string& after) {
  std::string target = path({"entities", context.entity(id), "history"});
  if (context.json()) {
    context.printed(context.get(target + query({{"limit", "1000"}, {"after", after}})));
    return kDone;
  }
  Table table({"", "VERSION", "WRITTEN", "BY", "REASON", "FIELDS"}, {1, 2, 4});
  context.each(target, [&](const Json& item) {
    table.add({flagAt(item, "current") ? "*" : "", safe(textAt(item, "version").substr(0, kShownVersion)),
               toSeconds(textAt(item, "stamp")), context.homeName(textAt(item, "author")), safe(textAt(item, "reason")),
               textAt(item, "reason") == "delete" ? "" : fieldsLine(at(item, "fields"))});
  });
  table.print(context.out(), "no versions");
  return kDone;
}

// A version is given whole or by the start of its id, as tables show it.
std::string versionOf(Context& context, const std::string& target, const std::string& start) {
  if (start.size() >= kWholeVersion) return start;
  std::set<std::string> meant;
  context.each(target + "/history", [&](const Json& item) {
    std::string version = textAt(item, "version");
    if (version.starts_with(start)) meant.insert(version);
  });
  if (meant.size() == 1) return *meant.begin();
  if (meant.empty()) return start;  // the gateway says why not
  std::string list;
  for (const auto& version : meant) list += (list.empty() ? "" : ", ") + version;
  context.fail("ambiguous_version", "several versions start with " + start + ": " + list, "give more letters");
}

ExitStatus restore(Context& context, const WriteOptions& options) {
  std::string target = path({"entities", context.entity(options.id)});
  std::string version = versionOf(context, target, options.version);
  Reply reply = context.send("POST", target + "/restore", {{"version", version}});
  return wrote(context, reply, "restored " + options.id + " as it was in " + version);
}

// What a version had and the other has not, line by line.
ExitStatus diff(Context& context, const DiffOptions& options) {
  std::string target = path({"entities", context.entity(options.id)});
  std::string from = versionOf(context, target, options.from);
  std::string to = options.to.empty() ? "" : versionOf(context, target, options.to);
  Reply reply = context.get(target + "/diff" + query({{"from", from}, {"to", to}}));
  if (context.printed(reply)) return kDone;
  auto items = itemsAt(reply.body, "items");
  if (items.empty()) context.out() << "no difference\n";
  for (const auto& item : items) {
    std::string name;
    if (at(item, "path").is_array()) {
      for (const auto& key : at(item, "path").get_array()) name += (name.empty() ? "" : ".") + readable(key);
    }
    std::string change = textAt(item, "change");
    if (change != "added") context.out() << "- " << name << " = " << readable(at(item, "from")) << "\n";
    if (change != "removed") context.out() << "+ " << name << " = " << readable(at(item, "to")) << "\n";
  }
  return kDone;
}

ExitStatus registerEntity(Context& context, const WriteOptions& options) {
  Json body{{"fields", parseFields(context, options.fields, {}, options.grows_only)}};
  if (!options.kind.empty()) body.as_object()["kind"] = options.kind;
  Reply reply = context.ask("PUT", path({"entities", context.entity(options.id)}), body, {{"If-None-Match", "*"}});
  if (reply.status == 412)
    context.fail("precondition_failed", options.id + " is there already", "change it with `entity set`");
  if (!reply.ok()) context.stopAt(reply);
  return wrote(context, reply, "registered " + options.id + ", shared with nobody by itself");
}

// Takes an entity back from every home, then deletes it. Own rows go; a home that still sees it through a glob gets an
// exception.
ExitStatus unregisterEntity(Context& context, const WriteOptions& options) {
  std::string id = context.entity(options.id);
  std::string target = path({"entities", id});
  Json entity = context.get(target).body;
  if (textAt(entity, "access") != "owner") {
    context.fail("not_owner", options.id + " belongs to another home", "only its owner can unregister it");
  }
  if (!context.confirmed("unshare " + safe(options.id) + " from all homes and delete it?")) return kFailed;
  for (const auto& grant : itemsAt(entity, "shared_with")) {
    Reply reply = context.ask("DELETE", path({"entities", id, "grants", textAt(grant, "home")}));
    // 404: it has no row of its own, a glob shares it.
    if (!reply.ok() && reply.status != 404) context.stopAt(reply);
  }
  Json still = context.get(target).body;
  for (const auto& grant : itemsAt(still, "shared_with")) {
    context.send("PUT", path({"entities", id, "grants", textAt(grant, "home")}), {{"access", "none"}});
  }
  return wrote(context, context.send("DELETE", target), "unregistered " + options.id);
}

ExitStatus strategy(Context& context, const WriteOptions& options) {
  std::string target = path({"entities", context.entity(options.id)});
  if (options.strategy.empty()) {
    Reply reply = context.get(target);
    if (!context.printed(reply)) context.out() << safe(textAt(reply.body, "strategy")) << "\n";
    return kDone;
  }
  boost::json::object body{{"strategy", options.strategy}};
  if (options.here_only) body["here_only"] = true;
  Reply reply = context.send("PUT", target + "/strategy", body);
  if (!context.printed(reply)) context.out() << options.id << " is decided by " << options.strategy << "\n";
  return kDone;
}

}  // namespace

void addEntityCommands(CLI::App& program, Chosen& chosen) {
  auto* group = addGroup(program, "entity", "Entities of this home and those shared with it");
  auto filter = std::make_shared<ListOptions>();
  auto write = std::make_shared<WriteOptions>();
  auto id = [&](CLI::App* command) {
    command->add_option("ID", write->id, "light.kitchen, or light.kitchen@OWNER")->required();
    return command;
  };
  auto* listing = addCommand(*group, chosen, "list", "List entities", [=](Context& c) { return list(c, *filter); });
  listing->add_option("--kind", filter->kind, "only this kind");
  listing->add_option("--owner", filter->owner, "only this home's");
  listing->add_option("--prefix", filter->prefix, "only ids that start so");
  listing->add_option("--as", filter->as, "what this HOME may see of this home's");
  listing->add_option("--after", filter->after, "with --json: the page after `next` of the one before");
  listing->add_flag("--shared", filter->shared, "only shared ones");
  listing->add_flag("--conflicted", filter->conflicted, "only those that wait for a person");
  listing->add_flag("--deleted", filter->deleted, "deleted ones too");
  listing->add_flag("--stubs", filter->stubs, "what is no longer shared, too");
  auto* getting =
      id(addCommand(*group, chosen, "get", "Show one", [=](Context& c) { return get(c, write->id, filter->as); }));
  getting->add_option("--as", filter->as, "as this HOME may see it");
  auto* setting = id(addCommand(*group, chosen, "set", "Change fields",
                                [=](Context& c) { return set(c, *write); }));
  setting->add_option("FIELDS", write->fields, kFieldsHelp)->required();
  setting->add_flag("--grow-only", write->grows_only, "new sets never lose an element");
  setting->add_option("--kind", write->kind, "its kind when it is new");
  setting->add_option("--if-match", write->if_match, "only if this is still its version");
  auto* deleting =
      id(addCommand(*group, chosen, "delete", "Delete one", [=](Context& c) { return remove(c, *write); }));
  deleting->add_option("--if-match", write->if_match, "only if this is still its version");
  auto* telling = id(addCommand(*group, chosen, "history", "List its versions",
                                [=](Context& c) { return history(c, write->id, filter->after); }));
  telling->add_option("--after", filter->after, "with --json: the page after `next` of the one before");
  auto* restoring =
      id(addCommand(*group, chosen, "restore", "Bring a version back", [=](Context& c) { return restore(c, *write); }));
  restoring->add_option("VERSION", write->version, "its id, or the start of it")->required();
  auto difference = std::make_shared<DiffOptions>();
  auto* differing = addCommand(*group, chosen, "diff", "Show what differs between two versions, field by field",
                               [=](Context& c) { return diff(c, *difference); });
  differing->add_option("ID", difference->id, "light.kitchen, or light.kitchen@OWNER")->required();
  differing->add_option("FROM", difference->from, "a version's id, or the start of it")->required();
  differing->add_option("TO", difference->to, "the same; what is shown now if left out");
  auto* registering = id(addCommand(*group, chosen, "register", "Make one that is not shared",
                                    [=](Context& c) { return registerEntity(c, *write); }));
  registering->add_option("FIELDS", write->fields, "as for set");
  registering->add_option("--kind", write->kind, "its kind (default: state)");
  id(addCommand(*group, chosen, "unregister", "Unshare from all homes and delete",
                [=](Context& c) { return unregisterEntity(c, *write); }));
  auto* deciding = id(addCommand(*group, chosen, "strategy", "Show or set what decides its conflicts",
                                 [=](Context& c) { return strategy(c, *write); }));
  deciding->add_option("NAME", write->strategy, "a strategy");
  deciding->add_flag("--here-only", write->here_only, "for this home's view alone");
}

}  // namespace hearthgate::cli
