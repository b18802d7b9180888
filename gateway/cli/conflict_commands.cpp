// `conflict …`.
#include "base/exact_json.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/usage.h"

namespace hearthgate::cli {
namespace {

struct ConflictOptions {
  std::string state = "open", entity, number, take, fields, after;
};

ExitStatus list(Context& context, const ConflictOptions& options) {
  std::string entity = options.entity.empty() ? "" : context.entity(options.entity);
  std::vector<std::pair<std::string, std::string>> pairs{{"state", options.state}, {"entity", entity}};
  if (context.json()) {
    pairs.push_back({"limit", "1000"});
    pairs.push_back({"after", options.after});
    context.printed(context.get(path({"conflicts"}) + query(pairs)));
    return kDone;
  }
  Table table({"N", "ENTITY", "AT", "STATE", "STRATEGY", "VERSIONS"}, {0, 2, 3});
  context.each(path({"conflicts"}) + query(pairs), [&](const Json& item) {
    table.add({readable(at(item, "id")), context.addressName(textAt(item, "entity")), toSeconds(textAt(item, "at")),
               safe(textAt(item, "state")), safe(textAt(item, "strategy")),
               number(static_cast<int64_t>(itemsAt(item, "versions").size()))});
  });
  table.print(context.out(), options.state == "open" ? "no open conflicts" : "no conflicts");
  return kDone;
}

// `color.hue` of ["color","hue"].
std::string pathText(const Json& path) {
  if (!path.is_array()) return readable(path);
  std::string text;
  for (const auto& key : path.get_array()) text += (text.empty() ? "" : ".") + readable(key);
  return text;
}

// What other programs see of the entity while the conflict is open.
std::string shownNow(const Json& entity) {
  return flagAt(entity, "deleted") ? "deleted" : fieldsLine(at(entity, "fields"));
}

ExitStatus show(Context& context, const ConflictOptions& options) {
  Reply reply = context.get(path({"conflicts", options.number}));
  if (context.printed(reply)) return kDone;
  const Json& conflict = reply.body;
  auto& out = context.out();
  out << "conflict " << readable(at(conflict, "id")) << " of " << context.addressName(textAt(conflict, "entity")) << "\n";
  printField(out, "at", safe(textAt(conflict, "at")));
  printField(out, "state", safe(textAt(conflict, "state")));
  printField(out, "strategy", safe(textAt(conflict, "strategy")));
  const Json& outcome = at(conflict, "outcome");
  for (const auto& version : itemsAt(conflict, "versions")) {
    std::string id = textAt(version, "id");
    bool won = !id.empty() && id == textAt(outcome, "version");
    out << (won ? "* " : "  ") << safe(id) << "\n      by " << context.homeName(textAt(version, "author")) << ", "
        << safe(textAt(version, "stamp")) << "\n      "
        << (flagAt(version, "deleted") ? "deleted" : fieldsLine(at(version, "fields"))) << "\n";
  }
  if (textAt(conflict, "state") == "open") {
    Reply now = context.ask("GET", path({"entities", textAt(conflict, "entity")}));
    if (now.ok()) printField(out, "shown now", shownNow(now.body));
  }
  if (outcome.is_object()) {
    // What was refused has no outcome of its own.
    if (textAt(conflict, "state") != "refused") out << "outcome: " << fieldsLine(at(outcome, "fields")) << "\n";
    if (!textAt(outcome, "reason").empty()) printField(out, "because", safe(textAt(outcome, "reason")));
  }
  for (const auto& lost : itemsAt(conflict, "lost_fields")) printField(out, "lost field", pathText(lost));
  if (textAt(conflict, "state") == "open") {
    out << "`hearthgate conflict resolve " << readable(at(conflict, "id")) << " --take VERSION` settles it\n";
  }
  return kDone;
}

// The version of the conflict that starts with what was given.
std::string versionOf(Context& context, const ConflictOptions& options) {
  Json conflict = context.get(path({"conflicts", options.number})).body;
  std::vector<std::string> meant;
  std::string list;
  for (const auto& version : itemsAt(conflict, "versions")) {
    std::string id = textAt(version, "id");
    if (id == options.take) return id;
    if (id.starts_with(options.take)) meant.push_back(id);
    list += (list.empty() ? "" : ", ") + id;
  }
  if (meant.size() == 1) return meant[0];
  context.fail(meant.empty() ? "version_not_found" : "ambiguous_version",
               (meant.empty() ? "no version starts with " : "several versions start with ") + options.take,
               "there are: " + safe(list));
}

ExitStatus resolve(Context& context, const ConflictOptions& options) {
  boost::json::object body;
  if (!options.fields.empty()) {
    boost::json::error_code error;
    Json fields = parseExactJson(options.fields, error);
    if (error || !fields.is_object()) context.misuse("--fields is no JSON object: " + options.fields);
    body["fields"] = fields;
  } else {
    if (options.take.empty()) context.misuse("give --take VERSION or --fields JSON");
    body["take"] = versionOf(context, options);
  }
  Reply reply = context.send("POST", path({"conflicts", options.number, "resolve"}), body);
  // Another home may have written meanwhile; then the entity is in conflict anew.
  std::string entity = textAt(reply.body, "entity");
  bool waits = flagAt(reply.body, "conflicted");
  if (!waits && !entity.empty()) {
    Reply now = context.ask("GET", path({"entities", entity}));
    waits = now.ok() && flagAt(now.body, "conflicted");
  }
  if (!context.printed(reply)) {
    context.out() << "resolved conflict " << options.number << "\n";
    if (waits) context.out() << "The entity is in conflict again: `hearthgate conflict list`.\n";
  }
  return waits ? kWaitsForPerson : kDone;
}

}  // namespace

void addConflictCommands(CLI::App& program, Chosen& chosen) {
  auto* group = addGroup(program, "conflict", "What was changed at several homes at once");
  auto options = std::make_shared<ConflictOptions>();
  auto* listing = addCommand(*group, chosen, "list", "List conflicts", [=](Context& c) { return list(c, *options); });
  listing->add_option("--state", options->state, "open (default), resolved, refused or all")
      ->check(CLI::IsMember({"open", "resolved", "refused", "all"}));
  listing->add_option("--entity", options->entity, "only of this entity");
  listing->add_option("--after", options->after, "with --json: the page after `next` of the one before");
  auto* showing = addCommand(*group, chosen, "show", "Show one", [=](Context& c) { return show(c, *options); });
  showing->add_option("N", options->number, "its number")->required()->check(wholeNumber());
  auto* resolving =
      addCommand(*group, chosen, "resolve", "Settle one", [=](Context& c) { return resolve(c, *options); });
  resolving->add_option("N", options->number, "its number")->required()->check(wholeNumber());
  auto* take = resolving->add_option("--take", options->take, "the version that stands: its id, or the start of it");
  auto* fields = resolving->add_option("--fields", options->fields, "a JSON object of fields instead");
  take->excludes(fields);
}

}  // namespace hearthgate::cli
