// GET /entities, GET, PUT, PATCH and DELETE /entities/{id} (CONTRACT.md).
#include "api/entities.h"

#include "api/entity_text.h"
#include "api/router.h"
#include "base/utf8.h"
#include "conflict/view.h"

namespace hearthgate::api {

using engine::OwnAccess;
using engine::WriteOrder;
using store::EntityRow;
using store::EntityState;

namespace {

// What a local write gives back to the thread that asked.
struct Stored {
  EntityRow row;
  bool created = false;
};

std::string quoted(const std::string& etag) { return '"' + etag + '"'; }

// One entity tag of an If-Match header without its quotes (RFC 9110 section 13.1.1), or `*`.
Result<std::optional<std::string>> ifMatch(const Call& call) {
  auto header = call.header("If-Match");
  if (!header) return std::optional<std::string>{};
  if (*header == "*") return std::optional<std::string>{"*"};
  const std::string& text = *header;
  bool one = text.size() >= 2 && text.front() == '"' && text.find('"', 1) == text.size() - 1;
  if (one) return std::optional<std::string>{text.substr(1, text.size() - 2)};
  return inputError("bad_request", "If-Match takes one entity tag in quotes, as ETag gave it, or *.");
}

Result<bool> ifNoneMatchAny(const Call& call) {
  auto header = call.header("If-None-Match");
  if (!header) return false;
  if (*header == "*") return true;
  return inputError("bad_request", "If-None-Match takes only * with a write: do it only when there is none yet.");
}

// Weak comparison with a list of tags (RFC 9110 section 13.1.2).
bool noneMatchNames(const std::string& header, const std::string& etag) {
  return header == "*" || header.find(quoted(etag)) != std::string::npos;
}

Answer entityAnswer(EntityText& text, const EntityRow& row, int status) {
  Answer answer = Answer::json(text.text(row), status);
  answer.headers.emplace_back("ETag", quoted(text.etag(row)));
  return answer;
}

Result<Answer> answerStored(Gateway& gateway, const Stored& stored) {
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    EntityText text(gateway, reader);
    return entityAnswer(text, stored.row, stored.created ? 201 : 200);
  });
}

Result<WriteOrder> orderOf(Gateway& gateway, const Call& call, WriteOrder::Mode mode) {
  WriteOrder order;
  order.mode = mode;
  HG_TRY(order.address, parseAddress(gateway, call.parameter(0)));
  HG_TRY(order.if_match, ifMatch(call));
  HG_TRY(order.if_none_match, ifNoneMatchAny(call));
  return order;
}

Audited audited(const WriteOrder& order, const std::optional<std::string>& strategy) {
  bool gone = order.mode == WriteOrder::Mode::kDelete;
  std::string how = order.mode == WriteOrder::Mode::kPatch ? "changed" : gone ? "deleted" : "put";
  if (strategy) how.append(", strategy ").append(*strategy);
  return {gone ? "entity.delete" : "entity.write", order.address.text(), how};
}

Result<Answer> write(Gateway& gateway, const WriteOrder& order, const std::optional<std::string>& strategy,
                     size_t weight) {
  if (strategy && !conflict::parseStrategy(*strategy)) return unknownStrategy(*strategy);
  if (strategy && !(order.address.owner == gateway.me())) return notOwner(order.address);
  std::optional<model::StrategyRow> row;
  if (strategy) row = {model::StrategyRow::Scope::kEntity, order.address.id, *strategy};
  HG_TRY(Stored stored, gateway.write<Stored>(
                            "write", audited(order, strategy),
                            [&](engine::Core& core) -> Result<Stored> {
                              // Both are done, or neither.
                              if (row) HG_CHECK(core.checkStrategy(*row));
                              HG_TRY(engine::Written written, core.write(order));
                              if (row) HG_CHECK(core.setStrategy(*row));
                              return Stored{std::move(written.row), written.created};
                            },
                            weight));
  return answerStored(gateway, stored);
}

Result<Answer> put(Gateway& gateway, Call& call) {
  HG_TRY(WriteOrder order, orderOf(gateway, call, WriteOrder::Mode::kPut));
  HG_TRY(model::Json body, call.readObject({"kind", "fields", "strategy"}));
  HG_TRY(order.kind, textMember(body, "kind"));
  HG_TRY(std::optional<std::string> strategy, textMember(body, "strategy"));
  const model::Json* fields = body.find("fields");
  if (!fields) return missingMember("fields");
  HG_CHECK(order.put(*fields));
  return write(gateway, order, strategy, static_cast<size_t>(call.bodyLength().value_or(kMaxBodyBytes)));
}

Result<Answer> patch(Gateway& gateway, Call& call) {
  HG_TRY(WriteOrder order, orderOf(gateway, call, WriteOrder::Mode::kPatch));
  std::string kind = call.queryText("kind");
  if (!kind.empty()) order.kind = kind;
  HG_TRY(order.fields, call.readJson({"application/merge-patch+json", kJson}));
  return write(gateway, order, std::nullopt, static_cast<size_t>(call.bodyLength().value_or(kMaxBodyBytes)));
}

Result<Answer> remove(Gateway& gateway, Call& call) {
  HG_TRY(WriteOrder order, orderOf(gateway, call, WriteOrder::Mode::kDelete));
  return write(gateway, order, std::nullopt, 0);
}

// The home of the query key `as`; nothing for this one's own view. Errors: home_not_found.
Result<std::optional<HomeId>> viewer(const Gateway& gateway, store::Reader& reader, const Call& call) {
  std::string text = call.queryText("as");
  if (text.empty()) return std::optional<HomeId>{};
  HG_TRY(HomeId home, parseHome(text));
  if (home == gateway.home) return std::optional<HomeId>{};
  auto peer = reader.peer(home);
  if (!peer || peer->state == store::PeerState::kForgotten) return homeNotFound(text);
  return std::optional<HomeId>{home};
}

Result<Answer> get(Gateway& gateway, Call& call) {
  HG_TRY(model::Address address, parseAddress(gateway, call.parameter(0)));
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    HG_TRY(std::optional<HomeId> as, viewer(gateway, reader, call));
    EntityText text(gateway, reader, as);
    HG_TRY(EntityRow row, readableEntity(gateway, text, reader, address));
    std::string etag = text.etag(row);
    auto none_match = call.header("If-None-Match");
    if (none_match && noneMatchNames(*none_match, etag)) {
      Answer answer = Answer::nothing();
      answer.status = 304;
      answer.headers.emplace_back("ETag", quoted(etag));
      return answer;
    }
    return entityAnswer(text, row, 200);
  });
}

struct ListFilter {
  store::EntityFilter stored;
  std::optional<bool> shared;
};

Result<ListFilter> filterOf(Gateway& gateway, const Call& call) {
  ListFilter filter;
  filter.stored.kind = call.queryText("kind");
  filter.stored.prefix = call.queryText("prefix");
  HG_TRY(filter.stored.conflicted, call.queryFlag("conflicted"));
  HG_TRY(filter.shared, call.queryFlag("shared"));
  HG_TRY(std::optional<bool> deleted, call.queryFlag("deleted"));
  HG_TRY(std::optional<bool> stubs, call.queryFlag("stubs"));
  filter.stored.deleted = deleted.value_or(false);
  filter.stored.stubs = stubs.value_or(false);
  std::string owner = call.queryText("owner");
  if (!owner.empty()) {
    filter.stored.owner = model::OwnerId::parse(owner);
    if (!filter.stored.owner) {
      return inputError(
          "bad_query", "The query key owner is a home or circle id, not '" + displayName(owner, kMaxShownBytes) + "'.");
    }
  }
  (void)gateway;
  return filter;
}

Result<Answer> list(Gateway& gateway, Call& call) {
  HG_TRY(ListFilter filter, filterOf(gateway, call));
  HG_TRY(size_t limit, call.queryLimit());
  std::optional<model::Address> after;
  if (std::string mark = call.queryText("after"); !mark.empty()) {
    HG_TRY(std::string text, parsePageMark(mark));
    auto address = parseAddress(gateway, text);
    if (!address.ok())
      return inputError("bad_query", "The query key after is not what a list of entities gave as `next`.");
    after = std::move(*address);
  }
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    HG_TRY(std::optional<HomeId> as, viewer(gateway, reader, call));
    EntityText text(gateway, reader, as);
    auto wanted = [&](const EntityRow& row) {
      return text.visible(row) && (!filter.shared || text.shared(row) == *filter.shared);
    };
    store::EntityPage page = reader.entityPage(filter.stored, after, {limit, kMaxScannedRows}, wanted);
    std::vector<std::string> items;
    size_t bytes = 0;
    for (EntityRow& row : page.rows) {
      items.push_back(text.text(row));
      bytes += items.back().size();
      // Small rows become large where `shared_with` names many homes.
      if (bytes >= store::kRowPageBytes && &row != &page.rows.back()) {
        page.next = row.address;
        break;
      }
      row = {};  // Many may read at once.
    }
    std::optional<std::string> next;
    if (page.next) next = pageMark(page.next->text());
    return Answer::json(listText(std::move(items), next));
  });
}

}  // namespace

Error unknownStrategy(const std::string& name) {
  return inputError("unknown_strategy",
                    "There is no strategy '" + displayName(name, kMaxShownBytes) +
                        "'; there are latest-wins, merge, local-wins, remote-wins and user-choice.");
}

Error notOwner(const model::Address& address) {
  return stateError("not_owner", address.id + " belongs to another home, and only its owner may do this.");
}

Result<EntityRow> readableEntity(Gateway&, EntityText& text, store::Reader& reader, const model::Address& address) {
  auto row = reader.entity(address);
  // Unknown and not shared look alike (TRUST.md T34).
  if (!row || !text.visible(*row)) {
    return stateError("entity_not_found", "There is no " + address.id + " that this home may see.");
  }
  if (row->state == EntityState::kNoLongerShared) {
    return stateError("no_longer_shared", address.id + " is no longer shared with this home.");
  }
  if (row->state == EntityState::kDeleted) return stateError("entity_deleted", address.id + " was deleted.");
  return std::move(*row);
}

Result<Answer> answerWritten(Gateway& gateway, const char* how, const Audited& audited,
                             const std::function<Result<engine::Written>(engine::Core&)>& code) {
  HG_TRY(Stored stored, gateway.write<Stored>(how, audited, [&](engine::Core& core) -> Result<Stored> {
    HG_TRY(engine::Written written, code(core));
    return Stored{std::move(written.row), written.created};
  }));
  stored.created = false;
  return answerStored(gateway, stored);
}

void addEntityRoutes(Router& router) {
  router.add({"GET",
              "/api/v1/entities",
              {"kind", "owner", "shared", "conflicted", "prefix", "deleted", "stubs", "as", "limit", "after"},
              list});
  router.add({"GET", "/api/v1/entities/{id}", {"as"}, get});
  router.add({"PUT", "/api/v1/entities/{id}", {}, put});
  router.add({"PATCH", "/api/v1/entities/{id}", {"kind"}, patch});
  router.add({"DELETE", "/api/v1/entities/{id}", {}, remove});
}

}  // namespace hearthgate::api
