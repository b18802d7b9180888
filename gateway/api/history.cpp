// GET /entities/{id}/history, POST /entities/{id}/restore.
#include <algorithm>

#include "api/entities.h"
#include "api/json_text.h"
#include "api/router.h"

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
  object.raw("fields", version.fields).text("reason", entry.refused ? "refused" : model::reasonText(version.reason));
  object.boolean("current", current && !entry.refused);
  object.close();
  return out;
}

// The page below the entry called `after` (`CHANGE VERSION`): the history is read from its newest end, in growing
// parts.
std::vector<HistoryRow> page(store::Reader& reader, const EntityRow& row, const std::string& after, size_t wanted) {
  auto mark = [](const HistoryRow& entry) { return std::to_string(entry.change) + " " + entry.version.id(); };
  for (size_t size = wanted;; size *= 4) {
    size = std::min(size, kMaxHistoryScan);
    std::vector<HistoryRow> rows = reader.history(row.n, size);
    auto begin = rows.begin();
    if (!after.empty()) {
      begin = std::find_if(rows.begin(), rows.end(), [&](const HistoryRow& entry) { return mark(entry) == after; });
      if (begin != rows.end()) ++begin;
    }
    bool all = rows.size() < size || size == kMaxHistoryScan;
    if (all || static_cast<size_t>(rows.end() - begin) >= wanted) {
      size_t count = std::min(wanted, static_cast<size_t>(rows.end() - begin));
      return {std::make_move_iterator(begin), std::make_move_iterator(begin + static_cast<ptrdiff_t>(count))};
    }
  }
}

Result<Answer> history(Gateway& gateway, Call& call) {
  HG_TRY(model::Address address, parseAddress(gateway, call.parameter(0)));
  HG_TRY(size_t limit, call.queryLimit());
  std::string after;
  if (std::string mark = call.queryText("after"); !mark.empty()) {
    HG_TRY(after, parsePageMark(mark));
  }
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    EntityText text(gateway, reader);
    auto row = reader.entity(address);
    // A deleted entity still has its history, from which it can be restored.
    if (!row || row->state != store::EntityState::kDeleted) {
      HG_TRY(row, readableEntity(gateway, text, reader, address));
    } else if (!text.visible(*row)) {
      return stateError("entity_not_found", "There is no " + address.id + " that this home may see.");
    }
    std::vector<HistoryRow> rows = page(reader, *row, after, limit + 1);
    std::optional<std::string> next;
    if (rows.size() > limit) {
      rows.pop_back();
      next = pageMark(std::to_string(rows.back().change) + " " + rows.back().version.id());
    }
    std::vector<std::string> items;
    for (const HistoryRow& entry : rows) items.push_back(historyText(*row, entry));
    return Answer::json(listText(items, next));
  });
}

Result<Answer> restore(Gateway& gateway, Call& call) {
  HG_TRY(model::Address address, parseAddress(gateway, call.parameter(0)));
  HG_TRY(model::Json body, call.readObject({"version"}));
  HG_TRY(std::optional<std::string> version, textMember(body, "version"));
  if (!version) return missingMember("version");
  return answerWritten(gateway, "restore", [&](engine::Core& core) { return core.restoreVersion(address, *version); });
}

}  // namespace

void addHistoryRoutes(Router& router) {
  router.add({"GET", "/api/v1/entities/{id}/history", {"limit", "after"}, history});
  router.add({"POST", "/api/v1/entities/{id}/restore", {}, restore});
}

}  // namespace hearthgate::api
