#include "engine/policy.h"

#include "base/sha256.h"

namespace hearthgate::engine {

std::string_view ownAccessText(OwnAccess access) {
  switch (access) {
    case OwnAccess::kNone: return "none";
    case OwnAccess::kRead: return "read";
    case OwnAccess::kWrite: return "write";
    case OwnAccess::kOwner: return "owner";
  }
  return "none";
}

EffectiveStrategy effectiveStrategy(std::string name) {
  auto known = conflict::parseStrategy(name);
  return {std::move(name), known.value_or(conflict::Strategy::kLatestWins), known.has_value()};
}

EffectiveStrategy strategyOf(const std::optional<std::string>& here, const model::StrategyRows& owner_rows,
                             const model::Address& address, std::string_view kind) {
  if (here) return effectiveStrategy(*here);
  return effectiveStrategy(std::string(model::strategyFor(owner_rows, address.id, kind)));
}

EffectiveStrategy strategyOf(store::Reader& reader, const HomeId& me, const std::string& default_strategy,
                             const model::Address& address, std::string_view kind) {
  auto here = reader.strategyHere(address);
  if (here) return effectiveStrategy(*here);
  model::StrategyRows rows;
  if (address.owner.isHome(me)) {
    rows = reader.strategyRows();
    rows.push_back({model::StrategyRow::Scope::kDefault, "", default_strategy});
  } else if (auto rules = reader.rules(address.owner, me)) {
    rows = std::move(rules->strategies);
  }
  return strategyOf(std::nullopt, rows, address, kind);
}

OwnAccess accessOf(store::Reader& reader, const HomeId& me, const model::Address& address) {
  if (address.owner.isHome(me)) return OwnAccess::kOwner;
  auto rules = reader.rules(address.owner, me);
  if (!rules) return OwnAccess::kNone;
  switch (rules->accessFor(address.id)) {
    case model::Access::kNone: return OwnAccess::kNone;
    case model::Access::kRead: return OwnAccess::kRead;
    case model::Access::kWrite: return OwnAccess::kWrite;
  }
  return OwnAccess::kNone;
}

std::string etag(const conflict::View& view, const model::Siblings& siblings, std::string_view strategy) {
  if (siblings.size() < 2) return view.version_id;
  std::string all(strategy);
  for (const model::Version& version : siblings) all += version.hash.view();
  auto digest = sha256(all);
  return view.version_id + "." + base32({reinterpret_cast<const char*>(digest.data()), 5});
}

}  // namespace hearthgate::engine
