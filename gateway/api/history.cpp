// GET /entities/{id}/history and /diff, POST /entities/{id}/restore.
#include <algorithm>
#include <charconv>

#include "api/entities.h"
#include "api/entity_text.h"
#include "api/json_text.h"
#include "api/router.h"
#include "conflict/view.h"
#include "model/field_types.h"

namespace hearthgate::api {

using store::EntityRow;
using store::HistoryRow;

namespace {

std::string historyText(const EntityRow& row, const HistoryRow& entry) {
  const model::Version& version = entry.version;
  bool current = std::any_of(row.siblings.begin(), row.siblings.end(),
                             [&](const model::Version& sibling) { return sibling.hash == version.hash; });
  std::string out;
  ObjectText object(&out);
  object.text("version", version.id()).text("author", version.author.text()).time("stamp", version.stamp.ms);
  object.raw("fields", model::plainFields(version.fields)).text("reason", entry.refused ? "refused" : model::reasonText(version.reason));
  object.boolean("current", current && !entry.refused);
  object.close();
  return out;
}

// `CHANGE PLACE`, which stays right whatever is written or taken away meanwhile. Errors: bad_query.
Result<std::optional<store::HistoryPlace>> markOf(const Call& call) {
  std::string mark = call.queryText("after");
  if (mark.empty()) return std::optional<store::HistoryPlace>{};
  HG_TRY(std::string text, parsePageMark(mark));
  store::HistoryPlace place;
  const char* end = text.data() + text.size();
  auto change = std::from_chars(text.data(), end, place.change);
  bool good = change.ec == std::errc{} && change.ptr != end && *change.ptr == ' ';
  if (good) {
    auto rest = std::from_chars(change.ptr + 1, end, place.place);
    good = rest.ec == std::errc{} && rest.ptr == end;
  }
  if (good) return std::optional(place);
  return inputError("bad_query", "The query key after is not what a history gave as `next`.");
}

// The entity, deleted ones too: they still have a history, from which they can be restored.
Result<EntityRow> rowWithHistory(Gateway& gateway, EntityText& text, store::Reader& reader, const model::Address& address) {
  auto row = reader.entity(address);
  if (!row || row->state != store::EntityState::kDeleted) return readableEntity(gateway, text, reader, address);
  if (text.visible(*row)) return std::move(*row);
  return stateError("entity_not_found", "There is no " + address.id + " that this home may see.");
}

Result<Answer> history(Gateway& gateway, Call& call) {
  HG_TRY(model::Address address, parseAddress(gateway, call.parameter(0)));
  HG_TRY(size_t limit, call.queryLimit());
  HG_TRY(std::optional<store::HistoryPlace> before, markOf(call));
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    EntityText text(gateway, reader);
    HG_TRY(EntityRow row, rowWithHistory(gateway, text, reader, address));
    store::Page<HistoryRow> page = reader.historyPage(row.n, before, limit);
    std::optional<std::string> next;
    if (page.more) {
      next = pageMark(std::to_string(page.rows.back().change) + " " + std::to_string(page.rows.back().place));
    }
    std::vector<std::string> items;
    for (const HistoryRow& entry : page.rows) items.push_back(historyText(row, entry));
    return Answer::json(listText(std::move(items), next));
  });
}

// A version of the history; one that is shown but was taken out of the history (it never is) or a sibling counts too.
Result<model::Version> versionOf(store::Reader& reader, const EntityRow& row, const std::string& id) {
  for (const model::Version& sibling : row.siblings) {
    if (sibling.id() == id) return sibling;
  }
  if (auto version = reader.historyVersion(row.n, id)) return std::move(*version);
  return engine::noVersion(reader, row, id);
}

std::string differenceText(const model::Path& path, const std::string* from, const std::string* to) {
  std::string out;
  ObjectText object(&out);
  object.raw("path", model::pathJson(path)).text("change", !from ? "added" : !to ? "removed" : "changed");
  object.raw("from", from ? *from : "null").raw("to", to ? *to : "null");
  object.close();
  return out;
}

// Both lists are sorted by path.
std::vector<std::string> differences(const model::Leaves& from, const model::Leaves& to) {
  std::vector<std::string> items;
  auto old = from.begin();
  for (const model::Leaf& leaf : to) {
    for (; old != from.end() && old->path < leaf.path; ++old) items.push_back(differenceText(old->path, &old->value, nullptr));
    bool both = old != from.end() && old->path == leaf.path;
    if (!both) items.push_back(differenceText(leaf.path, nullptr, &leaf.value));
    if (both && old->value != leaf.value) items.push_back(differenceText(leaf.path, &old->value, &leaf.value));
    if (both) ++old;
  }
  for (; old != from.end(); ++old) items.push_back(differenceText(old->path, &old->value, nullptr));
  return items;
}

// All at once: there are no more than the fields of two documents.
Result<Answer> diff(Gateway& gateway, Call& call) {
  HG_TRY(model::Address address, parseAddress(gateway, call.parameter(0)));
  std::string from = call.queryText("from");
  std::string to = call.queryText("to");
  if (from.empty()) return inputError("bad_query", "The query key from names a version; `entity history` lists them.");
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    EntityText text(gateway, reader);
    HG_TRY(EntityRow row, rowWithHistory(gateway, text, reader, address));
    HG_TRY(model::Version old, versionOf(reader, row, from));
    std::string now;
    if (to.empty()) {
      now = conflict::view(text.strategy(row).shown, row.siblings, address.owner).fields();
    } else {
      HG_TRY(model::Version wanted, versionOf(reader, row, to));
      now = std::move(wanted.fields);
    }
    return Answer::json(listText(differences(model::plainLeaves(model::scanLeaves(old.fields)), model::plainLeaves(model::scanLeaves(now))), std::nullopt));
  });
}

Result<Answer> restore(Gateway& gateway, Call& call) {
  HG_TRY(model::Address address, parseAddress(gateway, call.parameter(0)));
  HG_TRY(model::Json body, call.readObject({"version"}));
  HG_TRY(std::optional<std::string> version, textMember(body, "version"));
  if (!version) return missingMember("version");
  Audited audited{"entity.restore", address.text(), "version " + *version};
  return answerWritten(gateway, "restore", audited, [&](engine::Core& core) { return core.restoreVersion(address, *version); });
}

}  // namespace

void addHistoryRoutes(Router& router) {
  router.add({"GET", "/api/v1/entities/{id}/history", {"limit", "after"}, history});
  router.add({"GET", "/api/v1/entities/{id}/diff", {"from", "to"}, diff});
  router.add({"POST", "/api/v1/entities/{id}/restore", {}, restore});
}

}  // namespace hearthgate::api
