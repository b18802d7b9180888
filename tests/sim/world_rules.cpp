// What people set stays as they set it: rows of rules until their time, strategies of every scope, overrides of one
// home. The account is kept beside the product; a home that went back is asked anew.
#include <algorithm>

#include "sim/world.h"

namespace hearthgate::sim {

using model::Access;
using Scope = model::StrategyRow::Scope;

void World::accountGrant(size_t home, size_t peer, const std::string& pattern, std::optional<model::AccessRow> row) {
  given_.erase({home, peer, pattern});
  if (row) given_.emplace(std::tuple(home, peer, pattern), *row);
}

void World::accountStrategy(size_t home, Scope scope, const std::string& pattern, std::optional<std::string> strategy) {
  strategies_.erase({home, scope, pattern});
  if (strategy) strategies_.emplace(std::tuple(home, scope, pattern), *strategy);
}

void World::accountHere(size_t home, const model::Address& address, std::optional<std::string> strategy) {
  here_.erase({home, address});
  if (strategy) here_.emplace(std::pair(home, address), *strategy);
}

// After a start on another image: what stands there is what is known.
void World::accountAnew(size_t h) {
  Home& home = *homes_[h];
  std::erase_if(given_, [&](const auto& row) { return std::get<0>(row.first) == h; });
  std::erase_if(strategies_, [&](const auto& row) { return std::get<0>(row.first) == h; });
  std::erase_if(here_, [&](const auto& row) { return row.first.first == h; });
  for (size_t p = 0; p < homes_.size(); ++p) {
    const model::Rules* rules = p == h ? nullptr : home.core().rulesFor(homes_[p]->id());
    if (!rules || rules->lists.empty()) continue;
    for (const model::AccessRow& row : rules->lists[0]) accountGrant(h, p, row.pattern, row);
  }
  for (const model::StrategyRow& row : home.store().strategyRows())
    accountStrategy(h, row.scope, row.pattern, row.strategy);
  for (const auto& owner : homes_) {
    for (const std::string& id : kEntityIds) {
      model::Address address{owner->owner(), id};
      accountHere(h, address, home.store().strategyHere(address));
    }
  }
}

// After each step.
void World::watchRules() {
  for (size_t h = 0; h < homes_.size(); ++h) {
    for (size_t p = 0; p < homes_.size(); ++p) {
      if (p != h) watchGrants(h, p);
    }
    watchStrategies(h);
  }
}

void World::watchGrants(size_t h, size_t p) {
  Home& home = *homes_[h];
  const model::Rules* rules = home.core().rulesFor(homes_[p]->id());
  // Of several lists in force (T15) the first is the own one.
  model::AccessRows rows = rules && !rules->lists.empty() ? rules->lists[0] : model::AccessRows{};
  std::string name = home.name() + " for " + homes_[p]->name();
  // A clock that lost its synchronisation ends nothing; one that never had any is the best there is.
  bool ends = home.clock().synced || home.store().meta("clock_was_synchronised").empty();
  for (auto at = given_.lower_bound({h, p, ""}); at != given_.end();) {
    const auto& [of, to, pattern] = at->first;
    if (of != h || to != p) break;
    auto found = std::find_if(rows.begin(), rows.end(),
                              [&wanted = pattern](const model::AccessRow& row) { return row.pattern == wanted; });
    const model::AccessRow& given = at->second;
    bool there = found != rows.end();
    if (there && !(found->access == given.access && found->until_ms == given.until_ms)) {
      fail("the row " + pattern + " of " + name + " is not what was given");
    }
    bool over = given.until_ms && *given.until_ms <= home.clock().wall_ms && ends;
    if (!there && !over) fail("the row " + pattern + " of " + name + " is gone, and nobody took it back");
    if (there) {
      rows.erase(found);
      ++at;
    } else {
      at = given_.erase(at);
    }
  }
  for (const model::AccessRow& row : rows) fail("the row " + row.pattern + " of " + name + " was given by nobody");
}

void World::watchStrategies(size_t h) {
  Home& home = *homes_[h];
  size_t of_home = 0;
  for (auto at = strategies_.lower_bound({h, Scope{}, ""}); at != strategies_.end() && std::get<0>(at->first) == h;
       ++at)
    ++of_home;
  model::StrategyRows rows = home.store().strategyRows();
  if (rows.size() != of_home) fail(home.name() + " has other rows of strategies than people set");
  for (const model::StrategyRow& row : rows) {
    auto at = strategies_.find({h, row.scope, row.pattern});
    if (at == strategies_.end() || at->second != row.strategy) {
      fail(home.name() + " has a strategy for '" + row.pattern + "' that nobody set");
    }
  }
  for (const auto& owner : homes_) {
    for (const std::string& id : kEntityIds) {
      model::Address address{owner->owner(), id};
      auto at = here_.find({h, address});
      auto wanted = at == here_.end() ? std::nullopt : std::optional(at->second);
      if (home.store().strategyHere(address) != wanted)
        fail(home.name() + " has another override of " + nameOf(address) + " than was set");
    }
  }
}

// A tick with a clock that counts ends what is over at once.
void World::watchExpiry(size_t h) {
  Home& home = *homes_[h];
  if (!home.clock().synced) return;
  for (size_t p = 0; p < homes_.size(); ++p) {
    const model::Rules* rules = p == h ? nullptr : home.core().rulesFor(homes_[p]->id());
    for (const model::AccessRows& rows : rules ? rules->lists : std::vector<model::AccessRows>{}) {
      for (const model::AccessRow& row : rows) {
        if (row.until_ms && *row.until_ms <= home.clock().wall_ms) {
          fail(home.name() + " gives " + homes_[p]->name() + " " + row.pattern + " although its time has passed");
        }
      }
    }
  }
}

// The strategy that decides at `h`, told apart from the product's own way of looking it up: its own override, else what
// the owner's people set for the entity, the longest glob, the kind, or all.
std::string World::strategyAt(size_t h, size_t owner, const model::Address& address, const std::string& kind) {
  if (auto at = here_.find({h, address}); at != here_.end()) return at->second;
  auto set = [&](Scope scope, const std::string& pattern) {
    auto at = strategies_.find({owner, scope, pattern});
    return at == strategies_.end() ? std::string() : at->second;
  };
  std::string glob = address.id.starts_with("light.") ? set(Scope::kGlob, "light.*") : "";
  for (const std::string& strategy :
       {set(Scope::kEntity, address.id), glob, set(Scope::kKind, kind), set(Scope::kOwner, "")}) {
    if (!strategy.empty()) return strategy;
  }
  return "latest-wins";
}

// Once everything has healed: no row outlives its time, and strategies have travelled to whoever may read.
void World::checkGrants() {
  watchRules();
  for (size_t h = 0; h < homes_.size(); ++h) watchExpiry(h);
  for (size_t owner = 0; owner < homes_.size(); ++owner) {
    for (const std::string& id : kEntityIds) {
      model::Address address{homes_[owner]->owner(), id};
      for (size_t h = 0; h < homes_.size(); ++h) {
        const model::Rules* rules = h == owner ? nullptr : homes_[owner]->core().rulesFor(homes_[h]->id());
        if (h != owner && (!rules || accessUnder(*rules, id) == Access::kNone)) continue;
        auto row = homes_[h]->store().entity(address);
        if (!row || row->siblings.empty()) continue;
        std::string wanted = strategyAt(h, owner, address, row->kind);
        std::string decides = homes_[h]->core().strategyOf(address, row->kind).name;
        if (decides != wanted)
          fail(decides + " decides about " + nameOf(address) + " at " + homes_[h]->name() + " instead of " + wanted);
      }
    }
  }
}

}  // namespace hearthgate::sim
