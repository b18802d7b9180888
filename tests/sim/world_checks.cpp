// The properties that must hold once everything has healed.
#include "conflict/view.h"
#include "sim/world.h"

namespace hearthgate::sim {

using model::Access;
using model::Version;

namespace {

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') return matches(pattern.substr(1), text) || (!text.empty() && matches(pattern, text.substr(1)));
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) && matches(pattern.substr(1), text.substr(1));
}

std::string hashes(const model::Siblings& siblings) {
  std::string out;
  for (const Version& version : siblings) out += version.id().substr(0, 6) + (version.deleted ? "! " : " ");
  return out.empty() ? "nothing" : out;
}

}  // namespace

Access accessUnder(const model::Rules& rules, const std::string& id) {
  if (rules.lists.empty()) return Access::kNone;
  Access least = Access::kWrite;
  for (const model::AccessRows& rows : rules.lists) {
    int best = -1;
    Access access = Access::kNone;
    for (const model::AccessRow& row : rows) {
      if (!matches(row.pattern, id)) continue;
      int weight = 0;
      bool exact = true;
      for (char c : row.pattern) {
        bool wild = c == '*' || c == '?';
        exact = exact && !wild;
        weight += wild ? 0 : 1;
      }
      if (exact) weight = 1'000'000;
      access = weight > best ? row.access : weight == best ? std::min(access, row.access) : access;
      best = std::max(best, weight);
    }
    least = std::min(least, access);
  }
  return least;
}

void World::check() {
  for (size_t owner = 0; owner < homes_.size(); ++owner) {
    for (const std::string& id : kEntityIds) {
      checkEntity({homes_[owner]->owner(), id}, owner);
      checkWhy({homes_[owner]->owner(), id}, owner);
    }
  }
  for (size_t home = 0; home < homes_.size(); ++home) checkHome(home);
  checkWrites();
  checkGrants();
  if (failures_.empty()) checkQuiet();
}

void World::checkEntity(const model::Address& address, size_t owner) {
  model::Siblings right = homes_[owner]->siblings(address);
  std::map<std::string, std::pair<std::string, std::string>> shown;  // under each strategy: the first home, and what it shows
  for (size_t h = 0; h < homes_.size(); ++h) {
    Home& home = *homes_[h];
    const model::Rules* rules = h == owner ? nullptr : homes_[owner]->core().rulesFor(home.id());
    bool may_read = h == owner || (rules && accessUnder(*rules, address.id) != Access::kNone);
    model::Siblings here = home.siblings(address);
    if (!may_read) {
      auto row = home.store().entity(address);
      if (!here.empty()) fail(home.name() + " holds " + nameOf(address) + " without access");
      if (!row) continue;
      for (const store::HistoryRow& old : home.store().history(row->n, 10'000)) {
        if (!old.refused || old.version.author != home.id()) fail(home.name() + " keeps history of " + nameOf(address) + " without access");
      }
      if (!home.store().base(row->n).empty()) fail(home.name() + " keeps a base of " + nameOf(address) + " without access");
      for (const store::Conflict& record : home.store().conflicts({{}, row->n}, std::nullopt, 10'000)) {
        bool own = record.state == store::ConflictState::kRefused && !record.base;
        for (const Version& version : record.versions) own = own && version.author == home.id();
        if (!own) fail(home.name() + " keeps a conflict record of " + nameOf(address) + " without access");
      }
      continue;
    }
    bool same = here.size() == right.size();
    for (size_t i = 0; same && i < here.size(); ++i) same = here[i].hash == right[i].hash;
    if (!same) {
      fail("siblings of " + nameOf(address) + " at its owner: " + hashes(right) + ", at " + home.name() + ": " + hashes(here));
      continue;
    }
    for (const Version& version : here) {
      if (!version.tag || *version.tag != homes_[owner]->ownerTag(version.hash)) {
        fail(home.name() + " has no owner's tag on " + nameOf(address));
      }
    }
    if (here.empty()) continue;
    std::string kind = home.store().entity(address)->kind;
    std::string kind_there = homes_[owner]->store().entity(address)->kind;
    if (kind != kind_there) fail(nameOf(address) + " is a " + kind + " at " + home.name() + ", a " + kind_there + " at its owner");
    checkView(address, h);
    std::string strategy = home.core().strategyOf(address, kind).name;
    auto [at, fresh] = shown.try_emplace(strategy, home.name(), home.shown(address));
    if (at->second.second != home.shown(address)) {
      fail(home.name() + " shows " + home.shown(address) + " for " + nameOf(address) + " under " + strategy + ", " +
           at->second.first + " " + at->second.second);
    }
  }
}

void World::checkView(const model::Address& address, size_t h) {
  Home& home = *homes_[h];
  auto row = home.store().entity(address);
  auto strategy = home.core().strategyOf(address, row->kind);
  std::string shown = home.shown(address);
  auto view = conflict::view(strategy.shown, row->siblings, address.owner);
  if (row->conflicted != view.awaits_choice) fail(home.name() + " marks " + nameOf(address) + " wrongly as awaiting a choice");
  size_t open = 0;
  for (const store::Conflict& conflict : home.store().conflicts({store::ConflictState::kOpen, row->n}, std::nullopt, 100)) {
    ++open;
    if (conflict.key != conflict::conflictKey(address, row->siblings)) {
      fail(home.name() + " keeps a conflict of " + nameOf(address) + " open that is over");
    }
  }
  if ((open == 1) != view.awaits_choice || open > 1) {
    fail(home.name() + " has " + std::to_string(open) + " open conflicts of " + nameOf(address));
  }
  if (view.differ && !home.store().conflictByKey(conflict::conflictKey(address, row->siblings))) {
    fail(home.name() + " has no record of the conflict of " + nameOf(address));
  }
  if (auto typed = expectedTyped(ledger_, address, row->siblings)) {
    Typed here = typedOf(shown);
    // Where nothing was counted there may be a counter of 0, or none.
    bool right = here.elements == typed->elements && here.count.value_or(0) == typed->count.value_or(0);
    if (!right) fail("joined: " + nameOf(address) + " shows " + textOf(here) + " at " + home.name() + " and not " + textOf(*typed));
  }
  // Resolutions that met are shown by latest-wins (DESIGN.md section 2, rule 3).
  bool resolutions = true;
  for (const Version& version : row->siblings) {
    resolutions = resolutions && (version.deleted || version.reason == model::Reason::kResolution);
  }
  if (strategy.name != "merge" || row->siblings.size() < 2 || resolutions) return;
  Doc doc = docOf(shown.front() == '{' ? shown : "{}");
  for (const std::string& path : kPaths) {
    auto expected = expectedUnderMerge(ledger_, address, row->siblings, path);
    if (!expected) continue;
    auto at = doc.find(path);
    bool right = at == doc.end() ? expected->may_be_absent : expected->values.contains(at->second);
    if (!right) fail("merge shows " + shown + " for " + nameOf(address) + ", wrong at " + path);
  }
}

// Whether a home may have dropped this write of its own from its history: it says so itself, has as much as it has to
// keep, and the version is none that nobody may take away.
bool World::takenByRetention(const WriteRecord& write) {
  Home& home = *homes_[write.home];
  auto row = home.store().entity(write.address);
  if (!plan_.variant.retention || !row) return false;
  for (const Version& version : row->siblings) {
    if (version.hash == write.hash) return false;
  }
  for (const store::Conflict& conflict : home.store().conflicts({store::ConflictState::kOpen, row->n}, std::nullopt, 100)) {
    for (const Version& version : conflict.versions) {
      if (version.hash == write.hash) return false;
    }
  }
  size_t kept = 0;
  for (const store::HistoryRow& old : home.store().history(row->n, 1000)) kept += !old.refused;
  return kept >= home.limits().retention.versions && home.store().trimmed(row->n, write.dot.replica) >= write.dot.counter;
}

void World::checkWrites() {
  std::map<model::Address, WriteSet> covered;
  WriteSet archived;
  for (const auto& home : homes_) {
    for (const auto& owner : homes_) {
      for (const std::string& id : kEntityIds) {
        if (owner != home) continue;
        model::Address address{owner->owner(), id};
        for (const Version& version : home->siblings(address)) covered[address] |= ledger_.coveredBy(version.hash);
      }
    }
    archived |= ledger_.archivedBy(*home);
  }
  const auto& writes = ledger_.writes();
  std::map<std::pair<size_t, model::Address>, std::set<ContentHash>> histories;
  for (size_t n = 0; n < writes.size(); ++n) {
    const WriteRecord& write = writes[n];
    std::string name = "w" + std::to_string(n) + " of " + nameOf(write.address) + " by " + homes_[write.home]->name();
    if (!covered[write.address].has(n) && !archived.has(n) && !ledger_.isExempt(n)) fail("acknowledged " + name + " is lost");
    if (write.history_lost) continue;
    auto [at, fresh] = histories.try_emplace({write.home, write.address});
    auto row = fresh ? homes_[write.home]->store().entity(write.address) : std::nullopt;
    if (row) {
      for (const store::HistoryRow& old : homes_[write.home]->store().history(row->n, 10'000)) at->second.insert(old.version.hash);
    }
    if (!at->second.contains(write.hash) && !takenByRetention(write)) fail(name + " is not in its author's history");
  }
}

void World::checkHome(size_t h) {
  Home& home = *homes_[h];
  for (const store::HeldRow& held : home.store().held(std::nullopt, 100)) {
    fail(home.name() + " still holds back " + nameOf(held.address) + ": " + held.reason);
  }
  for (size_t p = 0; p < homes_.size(); ++p) {
    Home& owner = *homes_[p];
    const store::OwnerRow* row = home.core().writer().find(owner.owner());
    if (row && row->replacing) fail(home.name() + " still replaces what it has of " + owner.name());
    if (p == h) continue;
    const model::Rules* given = owner.core().rulesFor(home.id());
    const model::Rules* known = home.core().rulesFrom(owner.owner());
    if (!given || !known || !(*given == *known)) {
      fail("rules of " + owner.name() + " for " + home.name() + ": number " + std::to_string(given ? given->number : 0) +
           " there, " + std::to_string(known ? known->number : 0) + " here");
    }
    for (const std::string& id : kEntityIds) {
      auto entity = home.store().entity(model::Address{owner.owner(), id});
      if (entity && !home.store().base(entity->n).empty()) fail(home.name() + " keeps a base of " + id + "@" + owner.name());
    }
    if (!home.replicator().levelTowards(owner.id())) fail(home.name() + " is not level with " + owner.name());
  }
}

// Everybody is level: new links must carry no content.
void World::checkQuiet() {
  SeededRandom random(seed_ + 78);
  content_sent_ = 0;
  for (size_t a = 0; a < homes_.size(); ++a) {
    for (size_t b = a + 1; b < homes_.size(); ++b) network_->open(a, b, false);
  }
  if (exchange(random) && content_sent_ > 0) fail("a reconnect of level homes sends " + std::to_string(content_sent_) + " versions");
}

}  // namespace hearthgate::sim
