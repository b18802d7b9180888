// GET /conflicts, GET /conflicts/{n}, POST /conflicts/{n}/resolve.
#include <charconv>
#include <map>

#include "api/entity_text.h"
#include "api/items.h"
#include "api/json_text.h"
#include "api/router.h"
#include "base/utf8.h"
#include "model/field_types.h"

namespace hearthgate::api {

using store::Conflict;
using store::ConflictState;

namespace {

const char* stateText(ConflictState state) {
  switch (state) {
    case ConflictState::kOpen:
      return "open";
    case ConflictState::kResolved:
      return "resolved";
    case ConflictState::kRefused:
      return "refused";
  }
  return "open";
}

std::optional<int64_t> positive(const std::string& text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

Error noConflict(const std::string& text) {
  return stateError("conflict_not_found", "There is no conflict " + displayName(text, kMaxShownBytes) +
                                              "; `conflict list --state all` lists them.");
}

// Nothing: of any state.
Result<std::optional<ConflictState>> stateFilter(const Call& call) {
  static const std::map<std::string, std::optional<ConflictState>> states = {{"open", ConflictState::kOpen},
                                                                             {"resolved", ConflictState::kResolved},
                                                                             {"refused", ConflictState::kRefused},
                                                                             {"all", std::nullopt}};
  if (!call.query.contains("state")) return std::optional<ConflictState>{};
  auto at = states.find(call.queryText("state"));
  if (at != states.end()) return at->second;
  return inputError("bad_query", "The query key state is open, resolved, refused or all.");
}

// What the owner did not take is this home's own word: it stays to be seen when the right to read has gone.
bool mayBeSeen(EntityText& text, const Conflict& record) {
  return record.state == ConflictState::kRefused || text.access(record.address) != engine::OwnAccess::kNone;
}

Result<Answer> list(Gateway& gateway, Call& call) {
  HG_TRY(std::optional<ConflictState> state, stateFilter(call));
  HG_TRY(size_t limit, call.queryLimit());
  std::optional<model::Address> address;
  if (call.query.contains("entity")) {
    HG_TRY(address, parseAddress(gateway, call.queryText("entity")));
  }
  std::optional<int64_t> before;
  if (std::string mark = call.queryText("after"); !mark.empty()) {
    HG_TRY(std::string text, parsePageMark(mark));
    before = positive(text);
    if (!before) return inputError("bad_query", "The query key after is not what a list of conflicts gave as `next`.");
  }
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    store::ConflictFilter filter{state, std::nullopt};
    EntityText text(gateway, reader);
    if (address) {
      auto row = reader.entity(*address);
      // Unknown and not shared look alike: no conflicts.
      if (!row || !text.visible(*row)) return Answer::json(listText({}, std::nullopt));
      filter.entity = row->n;
    }
    std::vector<std::string> items;
    std::optional<std::string> next;
    store::Page<Conflict> page = reader.conflictPage(filter, before, limit);
    if (page.more) next = pageMark(std::to_string(page.rows.back().n));
    for (const Conflict& row : page.rows) {
      if (mayBeSeen(text, row)) items.push_back(conflictText(row));
    }
    return Answer::json(listText(std::move(items), next));
  });
}

Result<Answer> show(Gateway& gateway, const std::string& text) {
  auto number = positive(text);
  if (!number) return noConflict(text);
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    auto row = reader.conflict(*number);
    EntityText seen(gateway, reader);
    if (!row || !mayBeSeen(seen, *row)) return noConflict(text);
    return Answer::json(conflictText(*row));
  });
}

Result<Answer> get(Gateway& gateway, Call& call) { return show(gateway, call.parameter(0)); }

Result<Answer> resolve(Gateway& gateway, Call& call) {
  // Also says whether there is one that this home may see.
  HG_CHECK([&]() -> Status {
    HG_TRY(Answer seen, show(gateway, call.parameter(0)));
    return {};
  }());
  HG_TRY(model::Json body, call.readObject({"take", "fields"}));
  HG_TRY(std::optional<std::string> take, textMember(body, "take"));
  std::optional<model::Json> fields;
  if (const model::Json* member = body.find("fields")) fields = *member;
  if (take.has_value() == fields.has_value()) {
    return inputError("bad_document",
                      "The body has exactly one of \"take\" (a version of the conflict) and \"fields\".");
  }
  int64_t number = *positive(call.parameter(0));
  HG_TRY(engine::Written written,
         gateway.write<engine::Written>("write", {"conflict.resolve", call.parameter(0), take ? "took " + *take : "fields"}, [&](engine::Core& core) -> Result<engine::Written> {
           return core.resolve(number, take, fields);
         }));
  (void)written;
  return show(gateway, call.parameter(0));
}

}  // namespace

std::string conflictText(const Conflict& conflict) {
  std::string out;
  ObjectText object(&out);
  object.number("id", conflict.n).text("key", conflict.key).text("entity", conflict.address.text());
  object.time("at", conflict.at_ms).text("state", stateText(conflict.state)).text("strategy", conflict.strategy);
  {
    ArrayText versions(&object.value("versions"));
    for (const model::Version& version : conflict.versions) appendVersion(version, versions.item());
  }
  if (conflict.base) {
    appendVersion(*conflict.base, &object.value("base"));
  } else {
    object.raw("base", "null");
  }
  if (conflict.outcome) {
    ObjectText outcome(&object.value("outcome"));
    outcome.textOrNull("version", conflict.outcome->version);
    outcome.raw("fields", conflict.outcome->fields.empty() ? "{}" : model::plainFields(conflict.outcome->fields));
    outcome.textOrNull("by", conflict.outcome->by).text("reason", conflict.outcome->reason);
  } else {
    object.raw("outcome", "null");
  }
  object.raw("lost", conflict.lost).raw("lost_fields", conflict.lost_fields);
  object.close();
  return out;
}

void addConflictRoutes(Router& router) {
  router.add({"GET", "/api/v1/conflicts", {"state", "entity", "limit", "after"}, list});
  router.add({"GET", "/api/v1/conflicts/{n}", {}, get});
  router.add({"POST", "/api/v1/conflicts/{n}/resolve", {}, resolve});
}

}  // namespace hearthgate::api
