#include "api/entity_text.h"

#include <algorithm>

#include "api/json_text.h"
#include "model/field_types.h"

namespace hearthgate::api {

using engine::OwnAccess;
using store::EntityRow;
using store::EntityState;

namespace {

void appendVector(const model::Vector& vector, std::string* out) {
  ObjectText object(out);
  for (const auto& entry : vector.entries()) object.number(entry.replica.text(), entry.counter);
}

std::string hlc(const model::Stamp& stamp, const ReplicaId& replica) {
  return std::to_string(stamp.ms) + "-" + std::to_string(stamp.count) + "-" + replica.text();
}

// `version` of the item: the single shown one, or for a value made of several their newest stamp and joined vector.
void appendShownVersion(const EntityRow& row, const conflict::View& view, std::string* out) {
  const model::Version* newest = view.single;
  if (!newest) {
    newest = &*std::max_element(row.siblings.begin(), row.siblings.end(),
                                [](const model::Version& a, const model::Version& b) { return model::greater(b, a); });
  }
  ObjectText object(out);
  object.text("id", view.version_id);
  object.textOrNull("author", view.single ? view.single->author.text() : "");
  object.time("stamp", newest->stamp.ms).text("hlc", hlc(newest->stamp, newest->dot.replica));
  object.boolean("clock_trusted", newest->stamp.trusted);
  appendVector(view.single ? view.single->vector : model::joinedVector(row.siblings), &object.value("vector"));
}

}  // namespace

std::string hlcText(const model::Version& version) { return hlc(version.stamp, version.dot.replica); }

void appendVersion(const model::Version& version, std::string* out) {
  ObjectText object(out);
  object.text("id", version.id()).text("author", version.author.text()).time("stamp", version.stamp.ms);
  object.raw("fields", model::plainFields(version.fields)).boolean("deleted", version.deleted);
}

const store::Reader::HomesRules& EntityText::ownRules() {
  if (!own_rules_) own_rules_ = reader_.keptRulesOf(gateway_.me());
  return *own_rules_;
}

const model::Rules* EntityText::received(const model::OwnerId& owner) {
  auto at = received_.find(owner);
  if (at == received_.end()) at = received_.emplace(owner, reader_.rules(owner, gateway_.home)).first;
  return at->second ? &*at->second : nullptr;
}

const model::StrategyRows& EntityText::ownStrategies() {
  if (!own_strategies_) {
    own_strategies_ = reader_.strategyRows();
    own_strategies_->push_back({model::StrategyRow::Scope::kDefault, "", gateway_.default_strategy});
  }
  return *own_strategies_;
}

const model::Rules* EntityText::given() {
  for (const auto& [home, rules] : ownRules()) {
    if (home == *as_) return &rules;
  }
  return nullptr;
}

OwnAccess EntityText::access(const model::Address& address) {
  bool own = address.owner == gateway_.me();
  // Nothing of others is passed on.
  if (as_ && !own) return OwnAccess::kNone;
  if (own && !as_) return OwnAccess::kOwner;
  const model::Rules* rules = as_ ? given() : received(address.owner);
  if (!rules) return OwnAccess::kNone;
  switch (rules->accessFor(address.id)) {
    case model::Access::kNone:
      return OwnAccess::kNone;
    case model::Access::kRead:
      return OwnAccess::kRead;
    case model::Access::kWrite:
      return OwnAccess::kWrite;
  }
  return OwnAccess::kNone;
}

bool EntityText::visible(const EntityRow& row) {
  return row.state == EntityState::kNoLongerShared || access(row.address) != OwnAccess::kNone;
}

bool EntityText::shared(const EntityRow& row) {
  if (!(row.address.owner == gateway_.me())) return true;
  const auto& all = ownRules();
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& home) { return home.second.accessFor(row.address.id) != model::Access::kNone; });
}

engine::EffectiveStrategy EntityText::strategy(const EntityRow& row) {
  static const model::StrategyRows none;
  const model::StrategyRows* rows = &none;
  if (as_) {
    const model::Rules* rules = given();
    return engine::strategyOf(std::nullopt, rules ? rules->strategies : none, row.address, row.kind);
  }
  if (row.address.owner == gateway_.me()) {
    rows = &ownStrategies();
  } else if (const model::Rules* rules = received(row.address.owner)) {
    rows = &rules->strategies;
  }
  // Most homes have none, and then nothing is asked for each entity.
  if (!any_here_) any_here_ = reader_.anyStrategyHere();
  auto here = *any_here_ ? reader_.strategyHere(row.address) : std::nullopt;
  return engine::strategyOf(here, *rows, row.address, row.kind);
}

std::string EntityText::etag(const EntityRow& row) {
  if (row.siblings.empty()) return "";
  engine::EffectiveStrategy effective = strategy(row);
  return engine::etag(conflict::view(effective.shown, row.siblings, row.address.owner), row.siblings, effective.name);
}

std::optional<int64_t> EntityText::staleSince(const EntityRow& row) {
  const model::OwnerId& owner = row.address.owner;
  if (owner == gateway_.me() || owner.isCircle()) return std::nullopt;
  auto at = links_.find(owner);
  if (at == links_.end()) {
    Link link;
    if (auto cursor = reader_.cursor(owner.home(), owner)) link.as_of_ms = cursor->as_of_ms;
    // DESIGN.md section 3: down, or silent for twice the interval.
    link.fresh = gateway_.parts.homes.state(owner.home()).fresh;
    at = links_.emplace(owner, link).first;
  }
  if (at->second.fresh) return std::nullopt;
  return at->second.as_of_ms.value_or(row.updated_ms);
}

void EntityText::appendSharedWith(const EntityRow& row, std::string* out) {
  ArrayText list(out);
  if (!(row.address.owner == gateway_.me()) || as_) return;
  for (const auto& [home, rules] : ownRules()) {
    const model::AccessRow* deciding = rules.decidingRow(row.address.id);
    if (!deciding || deciding->access == model::Access::kNone) continue;
    ObjectText object(list.item());
    object.text("home", home.text())
        .text("access", model::accessText(deciding->access))
        .time("until", deciding->until_ms);
  }
}

std::string EntityText::text(const EntityRow& row) {
  std::string out;
  append(row, "", &out);
  return out;
}

void EntityText::append(const EntityRow& row, std::string_view change, std::string* out) {
  ObjectText object(out);
  if (!change.empty()) object.text("change", change);
  object.text("id", row.address.id).text("owner", row.address.owner.text()).text("address", row.address.text());
  object.text("kind", row.kind);
  engine::EffectiveStrategy effective = strategy(row);
  std::string_view allowed = engine::ownAccessText(access(row.address));
  if (row.siblings.empty()) {
    // A stub: that it was there, and nothing of what it said.
    object.raw("fields", "{}").raw("types", "{}").text("access", allowed).text("strategy", effective.name);
    object.raw("version", "null").raw("siblings", "[]").boolean("conflicted", false).boolean("deleted", false);
  } else {
    conflict::View view = conflict::view(effective.shown, row.siblings, row.address.owner);
    std::string kept = view.fields();
    object.raw("fields", model::plainFields(kept)).raw("types", model::typesText(kept));
    object.text("access", allowed).text("strategy", effective.name);
    appendShownVersion(row, view, &object.value("version"));
    {
      ArrayText siblings(&object.value("siblings"));
      for (const model::Version& version : row.siblings) {
        if (row.siblings.size() > 1 && &version != view.single) appendVersion(version, siblings.item());
      }
    }
    object.boolean("conflicted", as_ ? view.awaits_choice : row.conflicted).boolean("deleted", view.deleted);
  }
  object.boolean("held", false).time("stale_since", staleSince(row));
  appendSharedWith(row, &object.value("shared_with"));
  object.time("updated_at", row.updated_ms);
}

}  // namespace hearthgate::api
