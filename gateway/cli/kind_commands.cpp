// `preference …`, `app …`, `pattern …`, and `config set` and `show`: short ways to what the devices of a circle have in common
// (SYSTEMS.md M4). Each is an entity like any other; `entity` and `conflict` work on them too.
#include "base/exact_json.h"
#include "cli/commands.h"
#include "cli/fields.h"
#include "cli/table.h"

namespace hearthgate::cli {
namespace {

struct KindOptions {
  std::string circle, name, value;
  std::vector<std::string> elements;
  bool own = false, is_json = false;
};

// The owner of what is meant: the circle that was named, this home itself, or the only circle that this home is in.
std::string ownerOf(Context& context, const KindOptions& options) {
  if (options.own && !options.circle.empty()) context.misuse("--own and --circle exclude each other");
  if (!options.circle.empty()) return context.circleId(options.circle);
  std::vector<std::string> ids;
  std::string names;
  for (const auto& circle : options.own ? std::vector<Json>{} : context.all(path({"circles"}))) {
    if (textAt(circle, "state") != "member") continue;
    ids.push_back(textAt(circle, "id"));
    names += (names.empty() ? "" : ", ") + safe(textAt(circle, "name"));
  }
  if (ids.size() > 1) {
    context.fail("ambiguous_circle", "this home is in several circles: " + names, "say which with --circle, or --own for none of them");
  }
  return ids.empty() ? textAt(at(context.get(path({"status"})).body, "home"), "id") : ids[0];
}

std::string waits(const Reply& reply) {
  return flagAt(reply.body, "conflicted") ? "It is in conflict and waits for a person: `hearthgate conflict list`.\n" : "";
}

ExitStatus wrote(Context& context, const Reply& reply, const std::string& done) {
  if (!context.printed(reply)) context.out() << done << waits(reply);
  return flagAt(reply.body, "conflicted") ? kWaitsForPerson : kDone;
}

// "family", or "this home".
std::string whose(Context& context, const std::string& owner) {
  return textAt(at(context.get(path({"status"})).body, "home"), "id") == owner ? "this home" : context.homeName(owner);
}

ExitStatus setPreference(Context& context, const KindOptions& options) {
  std::string owner = ownerOf(context, options);
  Json value(options.value);
  if (options.is_json) {
    boost::json::error_code error;
    value = parseExactJson(options.value, error);
    if (error) context.misuse("the value is no JSON: " + options.value);
  }
  Json body{{"kind", "preference"}, {"fields", {{"value", value}}}};
  Reply reply = context.send("PUT", path({"entities", "preference." + options.name + "@" + owner}), body);
  return wrote(context, reply, safe(options.name) + " = " + readable(value) + " in " + whose(context, owner) + "\n");
}

ExitStatus showPreference(Context& context, const KindOptions& options) {
  std::string owner = ownerOf(context, options);
  if (!options.name.empty()) {
    Reply reply = context.get(path({"entities", "preference." + options.name + "@" + owner}));
    if (!context.printed(reply)) context.out() << readable(at(at(reply.body, "fields"), "value")) << "\n";
    return kDone;
  }
  std::string list = path({"entities"}) + query({{"kind", "preference"}, {"owner", owner}});
  if (context.json()) {
    context.printed(context.get(list + "&limit=1000"));
    return kDone;
  }
  Table table({"PREFERENCE", "VALUE", "BY", "SINCE"});
  context.each(list, [&](const Json& item) {
    std::string name = textAt(item, "id").substr(std::string("preference.").size());
    std::string author = textAt(at(item, "version"), "author");
    table.add({safe(name), readable(at(at(item, "fields"), "value")), author.empty() ? "several" : context.homeName(author),
               toSeconds(textAt(at(item, "version"), "stamp"))});
  });
  table.print(context.out(), "no preferences in " + whose(context, owner));
  return kDone;
}

ExitStatus unsetPreference(Context& context, const KindOptions& options) {
  std::string owner = ownerOf(context, options);
  Reply reply = context.send("DELETE", path({"entities", "preference." + options.name + "@" + owner}));
  return wrote(context, reply, safe(options.name) + " is unset in " + whose(context, owner) + "\n");
}

// What is one set of the whole circle.
struct SetKind {
  const char* kind;
  const char* entity;
  const char* field;
  const char* add;
  const char* remove;
  const char* about;
};
constexpr SetKind kSets[] = {
    {"app", "app.list", "installed", "install", "uninstall", "Apps that every device of a circle has"},
    {"pattern", "pattern.list", "learned", "add", "remove", "Patterns that the devices of a circle have learned"},
};

ExitStatus changeSet(Context& context, const SetKind& set, const KindOptions& options, bool add) {
  std::string owner = ownerOf(context, options);
  boost::json::array elements;
  for (const std::string& element : options.elements) elements.emplace_back(element);
  Json fields{{set.field, {{"$type", "orset"}, {add ? "add" : "remove", elements}}}};
  // Made if it is new. Two devices that make it at once both have made it.
  std::string target = path({"entities", std::string(set.entity) + "@" + owner}) + query({{"kind", set.kind}});
  Reply reply = context.send("PATCH", target, fields);
  return wrote(context, reply,
               std::to_string(itemsAt(at(reply.body, "fields"), set.field).size()) + " in " + whose(context, owner) + "\n");
}

ExitStatus showSet(Context& context, const SetKind& set, const KindOptions& options) {
  std::string owner = ownerOf(context, options);
  Reply reply = context.ask("GET", path({"entities", std::string(set.entity) + "@" + owner}));
  if (reply.status == 404 && !context.json()) {
    context.out() << "none in " << whose(context, owner) << "\n";
    return kDone;
  }
  if (!reply.ok()) context.stopAt(reply);
  if (context.printed(reply)) return kDone;
  for (const auto& element : itemsAt(at(reply.body, "fields"), set.field)) context.out() << readable(element) << "\n";
  return kDone;
}

ExitStatus setConfig(Context& context, const KindOptions& options) {
  std::string owner = ownerOf(context, options);
  std::string target = path({"entities", "config." + options.name + "@" + owner}) + query({{"kind", "config"}});
  Json types;
  if (changesSets(options.elements)) {
    Reply there = context.ask("GET", path({"entities", "config." + options.name + "@" + owner}));
    if (there.ok()) types = at(there.body, "types");
  }
  Reply reply = context.send("PATCH", target, parseFields(context, options.elements, types));
  return wrote(context, reply, "set config." + safe(options.name) + " in " + whose(context, owner) + "\n");
}

ExitStatus showConfig(Context& context, const KindOptions& options) {
  std::string owner = ownerOf(context, options);
  std::string list = path({"entities"}) + query({{"kind", "config"}, {"owner", owner}});
  if (options.name.empty()) {
    if (context.json()) {
      context.printed(context.get(list + "&limit=1000"));
      return kDone;
    }
    Table table({"CONFIG", "FIELDS"});
    context.each(list, [&](const Json& item) { table.add({safe(textAt(item, "id")), fieldsLine(at(item, "fields"))}); });
    table.print(context.out(), "no configurations in " + whose(context, owner));
    return kDone;
  }
  Reply reply = context.get(path({"entities", "config." + options.name + "@" + owner}));
  if (context.printed(reply)) return kDone;
  if (!at(reply.body, "fields").is_object()) return kDone;
  for (const auto& field : at(reply.body, "fields").get_object()) {
    context.out() << safe(field.key()) << " = " << readable(field.value()) << "\n";
  }
  return kDone;
}

}  // namespace

void addKindCommands(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<KindOptions>();
  auto add = [&](CLI::App& group, const char* name, const char* about, ExitStatus (*body)(Context&, const KindOptions&)) {
    auto* command = addCommand(group, chosen, name, about, [=](Context& c) { return body(c, *options); });
    command->add_option("--circle", options->circle, "of this circle (default: the only one that this home is in)");
    command->add_flag("--own", options->own, "of this home alone");
    return command;
  };
  auto* preference = addGroup(program, "preference", "Preferences that every device of a circle shares, key by key");
  auto* setting = add(*preference, "set", "Set one", setPreference);
  setting->add_option("KEY", options->name, "theme")->required();
  setting->add_option("VALUE", options->value, "dark")->required();
  setting->add_flag("--value-json", options->is_json, "VALUE is JSON");
  add(*preference, "show", "Show all, or the value of one", showPreference)->add_option("KEY", options->name, "theme");
  add(*preference, "unset", "Delete one", unsetPreference)->add_option("KEY", options->name, "theme")->required();

  for (const SetKind& set : kSets) {
    auto* group = addGroup(program, set.kind, set.about);
    for (bool adds : {true, false}) {
      auto* command = addCommand(*group, chosen, adds ? set.add : set.remove, adds ? "Add some" : "Take some away",
                                 [=, &set](Context& c) { return changeSet(c, set, *options, adds); });
      command->add_option("NAME", options->elements, "one or several")->required();
      command->add_option("--circle", options->circle, "of this circle (default: the only one that this home is in)");
      command->add_flag("--own", options->own, "of this home alone");
    }
    auto* showing = addCommand(*group, chosen, "show", "One a line", [=, &set](Context& c) { return showSet(c, set, *options); });
    showing->add_option("--circle", options->circle, "of this circle (default: the only one that this home is in)");
    showing->add_flag("--own", options->own, "of this home alone");
  }

  auto* config = program.get_subcommand("config");
  auto* changing = add(*config, "set", "Change a program's configuration that a circle shares, key by key", setConfig);
  changing->add_option("NAME", options->name, "cleaner, for the entity config.cleaner")->required();
  changing->add_option("FIELDS", options->elements, kFieldsHelp)->required();
  add(*config, "show", "Show the configurations that a circle shares", showConfig)->add_option("NAME", options->name, "one of them");
}

}  // namespace hearthgate::cli
