// Rules given to other homes, rules received from owners, and strategies (TRUST.md T15, CONTRACT.md grants).
#include <algorithm>
#include <unordered_set>

#include "engine/core.h"
#include "engine/tuning.h"
#include "store/rules_codec.h"

namespace hearthgate::engine {

using model::Access;
using model::AccessRow;
using model::AccessRows;
using model::Rules;
using model::StrategyRow;

namespace {
constexpr char kClockWasSynchronised[] = "clock_was_synchronised";
constexpr char kDefaultStrategy[] = "default_strategy";
}  // namespace

void Core::loadClockState() { was_synchronised_ = !store_.meta(kClockWasSynchronised).empty(); }

Access Core::accessFor(const HomeId& home, const std::string& id) {
  auto at = own_rules_.find(home);
  return at == own_rules_.end() ? Access::kNone : at->second.accessFor(id);
}

const Rules* Core::rulesFor(const HomeId& home) {
  auto at = own_rules_.find(home);
  return at == own_rules_.end() ? nullptr : &at->second.rules();
}

const Rules* Core::rulesFrom(const model::OwnerId& owner) {
  auto at = received_rules_.find(owner);
  return at == received_rules_.end() ? nullptr : &at->second.rules();
}

model::StrategyRows Core::strategyRowsFor(const HomeId&, const Rules& rules) {
  model::StrategyRows rows;
  std::optional<model::RulesInForce> access;  // made only when asked: of 10,000 rows it takes a millisecond
  for (const StrategyRow& row : own_strategies_) {
    // A row that names an entity says that it exists, a glob without * and ? too.
    bool names = row.scope == StrategyRow::Scope::kEntity || (row.scope == StrategyRow::Scope::kGlob && !model::isGlob(row.pattern));
    if (names && !access) access.emplace(rules);
    if (names && access->accessFor(row.pattern) == Access::kNone) continue;
    rows.push_back(row);
  }
  return rows;
}

void Core::putOwnRules(const HomeId& home, Rules rules) {
  rules.strategies = strategyRowsFor(home, rules);
  auto at = own_rules_.find(home);
  if (at != own_rules_.end() && at->second.rules().sameRows(rules) && rules.number <= at->second.rules().number + 1) return;
  store_.putRules(me(), home, rules);
  own_rules_.insert_or_assign(home, model::RulesInForce(std::move(rules)));
  rule_changes_.insert(home);
}

// Globs hold for entities to come: who gave one for the lights may not think of a kind that is made later (TRUST.md
// T34).
void Core::noticeKind(const store::EntityRow& row) {
  if (!own_kinds_) own_kinds_ = store_.kindsOf(me());
  if (own_kinds_->size() >= kMaxKindsNoticed || !own_kinds_->insert(row.kind).second) return;
  for (const auto& [home, in_force] : own_rules_) {
    const AccessRow* deciding = in_force.rules().decidingRow(row.address.id);
    if (!deciding || deciding->access == Access::kNone || !model::isGlob(deciding->pattern)) continue;
    event("attention", "{\"code\":\"new_kind_shared\",\"home\":\"" + home.text() + "\",\"entity\":" +
                           model::jsonString(row.address.text()) + ",\"kind\":" + model::jsonString(row.kind) +
                           ",\"pattern\":" + model::jsonString(deciding->pattern) + "}");
    audit("system", "new_kind_shared", row.address.text(),
          row.kind + " by " + deciding->pattern + " with " + home.text());
  }
}

void Core::admit(const HomeId& home) {
  // A home that was forgotten once goes on above the number that it knows.
  if (own_rules_.contains(home)) return;
  Rules rules;
  rules.number = 1;
  rules.lists.emplace_back();
  putOwnRules(home, std::move(rules));
}

void Core::dismiss(const HomeId& home) {
  auto at = own_rules_.find(home);
  if (at == own_rules_.end()) return;
  // The number stays, so that after a new pairing nobody takes the empty rows for forgotten ones (T15).
  Rules rules;
  rules.number = at->second.rules().number + 1;
  rules.lists.emplace_back();
  putOwnRules(home, std::move(rules));
  rule_changes_.erase(home);
}

Status Core::grant(const HomeId& home, const std::string& pattern, Access access, std::optional<int64_t> until_ms) {
  HG_CHECK(model::checkPattern(pattern));
  if (until_ms && *until_ms <= clock_.wallMs()) {
    return inputError("until_past", "The time given with `until` has passed already.");
  }
  auto at = own_rules_.find(home);
  Rules rules = at == own_rules_.end() ? Rules{} : at->second.rules();
  // Who changes the rules has looked at them: of several lists in force (T15) the own one goes on.
  rules.lists.resize(1);
  AccessRows& rows = rules.lists.front();
  auto place = std::lower_bound(rows.begin(), rows.end(), pattern,
                                [](const AccessRow& row, const std::string& wanted) { return row.pattern < wanted; });
  if (place != rows.end() && place->pattern == pattern) {
    *place = {pattern, access, until_ms};
  } else if (rows.size() == store::kMaxRuleRows) {
    return stateError("rules_full", "There are 10,000 grants for this home already, the most that it reads; take some back, or "
                                    "grant a glob such as light.* in place of many single ones.");
  } else {
    rows.insert(place, {pattern, access, until_ms});
  }
  store_.removeEndedGrant(me(), home, pattern);
  ++rules.number;
  putOwnRules(home, std::move(rules));
  return {};
}

bool Core::revoke(const HomeId& home, const std::string& pattern) {
  auto at = own_rules_.find(home);
  if (at == own_rules_.end()) return false;
  Rules rules = at->second.rules();
  rules.lists.resize(1);
  AccessRows& rows = rules.lists.front();
  auto gone = std::find_if(rows.begin(), rows.end(), [&](const AccessRow& row) { return row.pattern == pattern; });
  if (gone == rows.end()) return false;
  store_.putEndedGrant(me(), home, {pattern, gone->access, clock_.wallMs(), true});
  store_.trimEndedGrants(me(), home);
  rows.erase(gone);
  ++rules.number;
  putOwnRules(home, std::move(rules));
  return true;
}

void Core::meetRules(const HomeId& home, const Rules& told) {
  auto at = own_rules_.find(home);
  if (at == own_rules_.end()) return;
  const Rules& mine = at->second.rules();
  bool forgot = told.number > mine.number || (told.number == mine.number && !told.sameRows(mine));
  if (!forgot) return;
  Rules rules = mine;  // A copy: what is in force goes when the new ones come.
  for (const AccessRows& rows : told.lists) {
    if (std::find(rules.lists.begin(), rules.lists.end(), rows) == rules.lists.end()) rules.lists.push_back(rows);
  }
  size_t rows_in_all = 0;
  for (const AccessRows& rows : rules.lists) rows_in_all += rows.size();
  // More than can be told: until a person has looked, nothing is given. The own list stays for then.
  if (rules.lists.size() > store::kMaxRuleLists || rows_in_all > store::kMaxRuleRows) {
    rules.lists.resize(1);
    rules.lists.emplace_back();
  }
  rules.number = std::max(told.number, mine.number) + 1;
  rules.strategies = strategyRowsFor(home, rules);  // With less access fewer rows may be told.
  store_.putRules(me(), home, rules);
  own_rules_.insert_or_assign(home, model::RulesInForce(std::move(rules)));
  rule_changes_.insert(home);
  event("attention", "{\"code\":\"rules_forgotten\",\"home\":\"" + home.text() + "\"}");
}

// A clock that has lost its synchronisation removes nothing; one that never had any is the best there is.
bool Core::clockCountsForAge() {
  if (!clock_.synchronised()) return !was_synchronised_;
  if (!was_synchronised_) store_.setMeta(kClockWasSynchronised, "1");
  was_synchronised_ = true;
  return true;
}

bool Core::expireGrants() {
  if (!clockCountsForAge()) return false;
  int64_t now = clock_.wallMs();
  bool any = false;
  std::vector<std::pair<HomeId, Rules>> changed;
  for (const auto& [peer, in_force] : own_rules_) {
    const HomeId& home = peer;  // clang 14 captures no structured binding
    Rules next = in_force.rules();
    size_t gone = 0;
    for (AccessRows& rows : next.lists) {
      gone += std::erase_if(rows, [&](const AccessRow& row) {
        bool over = row.until_ms && *row.until_ms <= now;
        if (over) store_.putEndedGrant(me(), home, {row.pattern, row.access, *row.until_ms, false});
        return over;
      });
    }
    if (gone == 0) continue;
    ++next.number;
    changed.emplace_back(home, std::move(next));
  }
  for (auto& [home, rules] : changed) {
    audit("system", "grant.expire", home.text(), "");
    store_.trimEndedGrants(me(), home);
    putOwnRules(home, std::move(rules));
    any = true;
  }
  return any;
}

// What ended by its time stays known as that, so that people are told why.
void Core::noteEndedGrants(const model::OwnerId& owner, const Rules& before, const Rules& now) {
  std::unordered_set<std::string_view> patterns;
  for (const AccessRows& rows : now.lists) {
    for (const AccessRow& row : rows) patterns.insert(row.pattern);
  }
  auto given = [&](const std::string& pattern) { return patterns.contains(pattern); };
  for (const store::EndedGrant& ended : store_.endedGrants(owner, settings_.home)) {
    if (given(ended.pattern)) store_.removeEndedGrant(owner, settings_.home, ended.pattern);
  }
  // The owner ended it by its own clock, which may differ from this one.
  int64_t latest = clock_.wallMs() + settings_.max_clock_drift_ms;
  for (const AccessRows& rows : before.lists) {
    for (const AccessRow& row : rows) {
      if (!row.until_ms || *row.until_ms > latest || given(row.pattern)) continue;
      store_.putEndedGrant(owner, settings_.home, {row.pattern, row.access, *row.until_ms, false});
    }
  }
  store_.trimEndedGrants(owner, settings_.home);
}

void Core::receiveRules(const model::OwnerId& owner, const Rules& rules) {
  const Rules* known = rulesFrom(owner);
  if (known && rules.number <= known->number) return;
  model::RulesInForce old(known ? *known : Rules{});
  store::OwnerRow& row = writer_.owner(owner);
  store_.putRules(owner, settings_.home, rules);
  const model::RulesInForce& now_in_force =
      received_rules_.insert_or_assign(owner, model::RulesInForce(rules)).first->second;
  noteEndedGrants(owner, old.rules(), rules);
  received_rule_changes_.insert(owner);
  auditOften(owner.text(), "rules.receive", "", "", "number " + std::to_string(rules.number));
  bool lost_write = false;
  for (uint64_t after = 0;;) {
    std::vector<store::FeedId> page = store_.feedIds(owner, after, kFeedRows);
    if (page.empty()) break;
    for (const store::FeedId& item : page) {
      after = item.sequence;
      Access now = now_in_force.accessFor(item.id);
      // Forgetting gives the row a higher number; it is met again as a stub, of which there is nothing left to forget.
      if (now == Access::kNone) {
        forgetContent({owner, item.id});
      } else if (!item.shared) {
        continue;
      } else if (now == Access::kRead && old.accessFor(item.id) == Access::kWrite) {
        lost_write = true;
      }
    }
  }
  for (const store::HeldRow& held : store_.heldNames(std::nullopt, SIZE_MAX >> 1)) {
    if (held.address.owner == owner && now_in_force.accessFor(held.address.id) == Access::kNone) {
      store_.removeHeld(held.n);
      contentWent();
    }
  }
  if (lost_write) {
    row.replacing = true;
    writer_.changed(row);
  }
  if (old.rules().strategies != rules.strategies) {
    reviewStrategies([&](const store::EntityRow& entity) { return entity.address.owner == owner; });
  }
}

std::set<HomeId> Core::takeRuleChanges() { return std::exchange(rule_changes_, {}); }
std::set<model::OwnerId> Core::takeReceivedRuleChanges() { return std::exchange(received_rule_changes_, {}); }

EffectiveStrategy Core::strategyOf(const model::Address& address, std::string_view kind) {
  auto here = store_.strategyHere(address);
  if (here) return effectiveStrategy(*here);
  if (address.owner == me()) return engine::strategyOf(std::nullopt, own_strategies_, address, kind);
  const Rules* rules = rulesFrom(address.owner);
  static const model::StrategyRows none;
  return engine::strategyOf(std::nullopt, rules ? rules->strategies : none, address, kind);
}

void Core::refreshStrategyRows() {
  own_strategies_ = store_.strategyRows();
  own_strategies_.push_back({StrategyRow::Scope::kDefault, "", settings_.default_strategy});
  std::vector<HomeId> homes;
  for (const auto& [home, in_force] : own_rules_) homes.push_back(home);
  for (const HomeId& home : homes) {
    Rules rules = own_rules_.at(home).rules();
    if (rules.strategies == strategyRowsFor(home, rules)) continue;
    ++rules.number;
    putOwnRules(home, std::move(rules));
  }
}

// The configuration may say another default than at the last start: what waits for a choice is then another, and the
// records say so.
void Core::reviewDefault() {
  if (store_.meta(kDefaultStrategy) == settings_.default_strategy) return;
  store_.setMeta(kDefaultStrategy, settings_.default_strategy);
  reviewStrategies([&](const store::EntityRow& entity) { return entity.address.owner == me(); });
}

Status Core::checkStrategy(const StrategyRow& row) const {
  if (!conflict::parseStrategy(row.strategy)) {
    return inputError("unknown_strategy", "There is no strategy '" + row.strategy +
                                              "'; there are latest-wins, merge, local-wins, remote-wins and user-choice.");
  }
  if (row.scope == StrategyRow::Scope::kEntity) HG_CHECK(model::checkEntityId(row.pattern));
  if (row.scope == StrategyRow::Scope::kGlob) HG_CHECK(model::checkPattern(row.pattern));
  if (row.scope == StrategyRow::Scope::kKind) HG_CHECK(model::checkKind(row.pattern));
  bool known = std::any_of(own_strategies_.begin(), own_strategies_.end(), [&](const StrategyRow& there) {
    return there.scope == row.scope && there.pattern == row.pattern;
  });
  if (!known && own_strategies_.size() >= store::kMaxStrategyRows) {
    return stateError("rules_full", "There are 2,000 rows of strategies already, the most that other homes read; delete some, or "
                                    "use one for a glob or a kind in place of many single ones.");
  }
  return {};
}

Status Core::setStrategy(const StrategyRow& row) {
  HG_CHECK(checkStrategy(row));
  store_.putStrategyRow(row);
  refreshStrategyRows();
  reviewStrategies([&](const store::EntityRow& entity) { return entity.address.owner == me(); });
  return {};
}

bool Core::clearStrategy(StrategyRow::Scope scope, const std::string& pattern) {
  if (!store_.removeStrategyRow(scope, pattern)) return false;
  refreshStrategyRows();
  reviewStrategies([&](const store::EntityRow& entity) { return entity.address.owner == me(); });
  return true;
}

Status Core::setStrategyHere(const model::Address& address, const std::optional<std::string>& strategy) {
  if (strategy && !conflict::parseStrategy(*strategy)) {
    return inputError("unknown_strategy", "There is no strategy '" + *strategy + "'.");
  }
  store_.putStrategyHere(address, strategy.value_or(""));
  reviewStrategies([&](const store::EntityRow& entity) { return entity.address == address; });
  return {};
}

}  // namespace hearthgate::engine
