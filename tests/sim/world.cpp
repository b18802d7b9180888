#include "sim/world.h"

#include <algorithm>
#include <cstdio>

namespace hearthgate::sim {

using model::Access;

namespace {
constexpr size_t kImagesKept = 8;        // commits that a power cut can lose
constexpr size_t kArmedBefore = 4;       // steps before a power cut in which images are kept
constexpr int kMaxDeliveries = 20'000;   // in one round after healing; an honest run needs some hundred
constexpr int kMaxSlowSeconds = 600;     // the same under a bandwidth limit; it needs some ten
constexpr int kHealingRounds = 4;
// And as many more while links end: homes that find another life of theirs begin anew.
constexpr int kMoreRounds = 4;
const std::vector<std::string> kStrategies = {"latest-wins", "merge", "merge", "local-wins", "remote-wins", "user-choice"};
const std::vector<std::string> kPatterns = {"*", "light.*", "light.x", "light.y", "scene.*"};

// Whether `fresh` is `old` written again, as far as it can be told when others say the same (two deletions): a new
// replica id keeps the stamp, and fresh stamps keep the place of the old one.
bool isOf(const model::Version& fresh, const model::Version& old) {
  model::Vector vector = old.vector;
  vector.raise(fresh.dot.replica, fresh.dot.counter);
  return fresh.stamp == old.stamp || fresh.vector == vector;
}

const std::string& freshImage() {
  static const std::string image = [] {
    auto store = store::Store::inMemory();
    return (*store)->serialize();
  }();
  return image;
}
}  // namespace

World::World(const Plan& plan, uint64_t seed, bool trace, Tampering* tampering)
    : plan_(plan), seed_(seed), trace_(trace), machines_(plan.homes), tampering_(tampering) {}

void World::setUp() {
  SeededRandom random(seed_ * 2);
  for (size_t i = 0; i < plan_.homes; ++i) {
    homes_.push_back(std::make_unique<Home>(std::string(1, static_cast<char>('A' + i)), random.next(), freshImage()));
    if (plan_.variant.limits || plan_.variant.retention) {
      Limits limits;
      if (plan_.variant.limits) limits = drawLimits(SeededRandom(seed_ * 8 + i).next());
      if (plan_.variant.retention) limits.retention = kTinyRetention;
      homes_[i]->setLimits(limits);
      homes_[i]->start(freshImage(), Start::kClean);
    }
    homes_[i]->onCommitted([this, i] { committed(i); });
  }
  network_ = std::make_unique<Network>(
      homes_, [this](size_t from, size_t to, const std::string& message) { looksAtMessage(from, to, message); },
      [this](size_t from, size_t at, const std::string& message, const std::function<void(bool)>& run) {
        ++delivered_;
        deliver(from, at, message, run);
      });
  network_->setTampering(tampering_);
  if (plan_.variant.order) network_->shuffle(seed_);
  for (auto& home : homes_) home->setTampering(tampering_);
  for (size_t i = 0; i < plan_.homes; ++i) {
    setClock(i);
    Home& home = *homes_[i];
    uint64_t strategy = random.next();
    std::vector<uint64_t> grants;
    for (size_t p = 0; p < plan_.homes; ++p) grants.push_back(random.next());
    home.commit([&] {
      for (size_t p = 0; p < plan_.homes; ++p) {
        if (p == i) continue;
        home.core().admit(homes_[p]->id());
        for (int row = 0; row < 2; ++row) {
          uint64_t r = grants[p] >> (row * 16);
          if (row == 1 && r % 3 != 0) continue;
          Access access = r / 4 % 8 < 5 ? Access::kWrite : r / 4 % 8 < 7 ? Access::kRead : Access::kNone;
          const std::string& pattern = row == 0 ? kPatterns[0] : kPatterns[r / 32 % kPatterns.size()];
          if (home.core().grant(homes_[p]->id(), pattern, access, std::nullopt).ok()) {
            accountGrant(i, p, pattern, model::AccessRow{pattern, access, {}});
          }
        }
      }
      setStrategy(i, Scope::kOwner, "", kStrategies[strategy % kStrategies.size()]);
      if (plan_.variant.kinds) setStrategy(i, Scope::kKind, kKinds[0], kStrategies[strategy / 8 % kStrategies.size()]);
    });
  }
}

void World::setClock(size_t home) {
  const Machine& machine = machines_[home];
  FakeClock& clock = homes_[home]->clock();
  clock.steady_ms = steady_ms_;
  clock.wall_ms = machine.stopped ? machine.stopped_at_ms
                                  : now_ms_ + machine.offset_ms + (steady_ms_ - 1'000'000) * machine.drift_ppm / 1'000'000;
}

void World::passTime(int64_t ms) {
  now_ms_ += ms;
  steady_ms_ += ms;
  for (size_t i = 0; i < homes_.size(); ++i) setClock(i);
}

std::vector<std::string> World::run(const std::set<size_t>& skip) {
  setUp();
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    for (size_t h = 0; h < homes_.size(); ++h) {
      machines_[h].armed = false;
      for (size_t k = i; k < std::min(i + kArmedBefore, plan_.steps.size()); ++k) {
        if (plan_.steps[k].act == Act::kPowerCut && plan_.steps[k].home == h) machines_[h].armed = true;
      }
      if (!machines_[h].armed) machines_[h].images.clear();
      if (machines_[h].armed && machines_[h].images.empty()) machines_[h].images.push_back(homes_[h]->image());
    }
    if (skip.contains(i)) continue;
    passTime(plan_.steps[i].passes_ms);
    if (trace_) say("step " + std::to_string(i) + ": " + describe(plan_.steps[i]));
    act(plan_.steps[i], i);
    watchRules();
    watchWhy();
    if (trace_ && plan_.steps[i].act != Act::kOpen) say("    " + stateOf(addressOf(plan_.steps[i])));
  }
  for (Machine& machine : machines_) machine.armed = false;
  heal();
  if (failures_.empty()) check();
  return failures_;
}

void World::act(const Step& step, size_t index) {
  SeededRandom random(step.r[5] + index);
  Home& home = *homes_[step.home];
  switch (step.act) {
    case Act::kPut:
    case Act::kPatch:
    case Act::kUnset:
    case Act::kDelete: return write(step, false);
    case Act::kBulk: return bulk(step);
    case Act::kRestoreVersion: return restoreVersion(step);
    case Act::kResolve: return resolve(step);
    case Act::kOpen: return network_->open(step.home, step.peer, step.r[0] % 2 == 0);
    case Act::kCut: return network_->cut(step.home, step.peer, false, random);
    case Act::kCutUnnoticed: return network_->cut(step.home, step.peer, true, random);
    case Act::kPartition:
      for (size_t p = 0; p < homes_.size(); ++p) {
        if (p != step.home) network_->cut(step.home, p, step.r[0] % 2 == 0, random);
      }
      return;
    case Act::kTraffic: return traffic(step);
    case Act::kGrant: return changeGrant(step);
    case Act::kStrategy:
    case Act::kStrategyHere: return changeStrategy(step);
    case Act::kCrash:
      if (plan_.variant.limits && step.r[1] % 2 == 0) {
        Limits limits = drawLimits(step.r[2]);
        limits.retention = home.limits().retention;
        home.setLimits(limits);
      }
      return restart(step.home, home.image(), Home::Start::kClean, random);
    case Act::kPowerCut: {
      auto& images = machines_[step.home].images;
      size_t lost = images.empty() ? 0 : step.r[0] % images.size();
      std::string image = images.empty() ? home.image() : images[images.size() - 1 - lost];
      if (trace_) say("    loses " + std::to_string(lost) + " commits");
      images.clear();
      return restart(step.home, image, Home::Start::kMayHaveForgotten, random);
    }
    case Act::kBackup: machines_[step.home].copies.push_back(home.image()); return;
    case Act::kRestore:
    case Act::kCopyBack: {
      auto& copies = machines_[step.home].copies;
      if (copies.empty()) return;
      std::string image = copies[step.r[0] % copies.size()];
      return restart(step.home, image, step.act == Act::kRestore ? Home::Start::kRestored : Home::Start::kClean, random);
    }
    case Act::kConfirm: return confirm(step.home);
    case Act::kClock: return changeClock(step);
    case Act::kTick: return tick(step.home);
    case Act::kFailCommit:
      if (step.r[0] % 2 == 0) return write(step, true);
      fail_next_ = true;
      (void)network_->advance(random);
      fail_next_ = false;
      return;
  }
}

void World::traffic(const Step& step) {
  SeededRandom random(step.r[0]);
  uint64_t count = 1 + random.below(random.chance(30) ? 120 : 15);
  for (uint64_t i = 0; i < count; ++i) {
    if (!network_->advance(random)) return;
  }
}

void World::changeGrant(const Step& step) {
  Home& home = *homes_[step.owner == step.home || step.r[3] % 2 ? step.home : step.owner];
  size_t at = &home == homes_[step.home].get() ? step.home : step.owner;
  size_t peer = at == step.peer ? step.home : step.peer;
  if (at == peer) return;
  const std::string& pattern = kPatterns[step.r[0] % kPatterns.size()];
  uint64_t what = step.r[1] % 8;
  if (trace_) {
    say("    " + home.name() + " gives " + homes_[peer]->name() + " " + pattern + " " +
        (what == 0 ? "(row removed)" : what < 2 ? "none" : what < 4 ? "read" : "write"));
  }
  losing(at, [&] {
    home.commit([&] {
      if (what == 0) {
        (void)home.core().revoke(homes_[peer]->id(), pattern);
        accountGrant(at, peer, pattern, {});
        return;
      }
      Access access = what < 2 ? Access::kNone : what < 4 ? Access::kRead : Access::kWrite;
      std::optional<int64_t> until;
      if (step.r[2] % 6 == 0) until = home.clock().wall_ms + 1 + static_cast<int64_t>(step.r[3] % 60'000);
      if (!home.core().grant(homes_[peer]->id(), pattern, access, until).ok()) return;
      accountGrant(at, peer, pattern, model::AccessRow{pattern, access, until});
    });
  });
}

void World::confirm(size_t home) {
  machines_[home].unconfirmed = false;
  homes_[home]->commit([&] { homes_[home]->core().confirmRestore(); });
}

void World::tick(size_t home) {
  losing(home, [&] { homes_[home]->tick(); });
  watchHeld(home);
  watchExpiry(home);
}

void World::setStrategy(size_t home, Scope scope, const std::string& pattern, const std::string& strategy) {
  if (homes_[home]->core().setStrategy({scope, pattern, strategy}).ok())
    accountStrategy(home, scope, pattern, strategy);
}

void World::changeStrategy(const Step& step) {
  Home& home = *homes_[step.home];
  const std::string& strategy = kStrategies[step.r[0] % kStrategies.size()];
  auto clear = [&](Scope scope, const std::string& pattern) {
    (void)home.core().clearStrategy(scope, pattern);
    accountStrategy(step.home, scope, pattern, {});
  };
  home.commit([&] {
    if (step.act == Act::kStrategyHere) {
      auto here = step.r[1] % 2 == 0 ? std::nullopt : std::optional(strategy);
      (void)home.core().setStrategyHere(addressOf(step), here);
      accountHere(step.home, addressOf(step), here);
      return;
    }
    switch (step.r[1] % 4) {
      case 0:
        return setStrategy(step.home, Scope::kOwner, "", strategy);
      case 1:
        return setStrategy(step.home, Scope::kGlob, "light.*", strategy);
      case 2:
        return setStrategy(step.home, Scope::kEntity, kEntityIds[step.entity], strategy);
      default: break;
    }
    switch (step.r[2] % 5) {
      case 0:
        return setStrategy(step.home, Scope::kKind, "state", strategy);
      case 1:
        return clear(Scope::kKind, "state");
      case 2:
        return clear(Scope::kEntity, kEntityIds[step.entity]);
      case 3:
        return clear(Scope::kOwner, "");
      default:
        return clear(Scope::kGlob, "light.*");
    }
  });
}

void World::changeClock(const Step& step) {
  Machine& machine = machines_[step.home];
  constexpr int64_t kOffsets[] = {0, 0, 30'000, -30'000, 600'000, -600'000, 3'600'000};
  machine.offset_ms = kOffsets[step.r[0] % std::size(kOffsets)];
  machine.drift_ppm = step.r[1] % 3 == 0 ? static_cast<int64_t>(step.r[1] % 2'000'000) - 1'000'000 : 0;
  machine.stopped = step.r[2] % 5 == 0;
  setClock(step.home);
  machine.stopped_at_ms = now_ms_ + machine.offset_ms;
  setClock(step.home);
  homes_[step.home]->clock().synced = machine.synced = step.r[3] % 5 < 3;
}

void World::restart(size_t home, std::string_view image, Home::Start how, SeededRandom& random) {
  network_->crashed(home, random);
  bool same = image == homes_[home]->image();
  losing(home, [&] { homes_[home]->start(image, how); }, true);
  if (!same) {
    accountAnew(home);
    machines_[home].went_back = true;
  }
  machines_[home].issued.clear();
  // Whether it was confirmed stands in the image, but that a restore has to be is known here.
  const store::OwnerRow* own = homes_[home]->core().writer().find(homes_[home]->owner());
  machines_[home].unconfirmed = how == Home::Start::kRestored || (own && own->hold);
  committed(home);
}

bool World::exchange(SeededRandom& random) {
  for (int second = 0; second < kMaxSlowSeconds; ++second) {
    for (int i = 0; network_->advance(random); ++i) {
      if (i < kMaxDeliveries) continue;
      fail("the run does not end: " + std::to_string(kMaxDeliveries) + " messages and more to come");
      return false;
    }
    if (!plan_.variant.limits || allLevel()) break;
    // What a limited link has left to send goes on when there is room again.
    passTime(1'000);
    for (size_t h = 0; h < homes_.size(); ++h) tick(h);
  }
  return true;
}

bool World::allOpen() {
  for (size_t a = 0; a < homes_.size(); ++a) {
    for (size_t b = a + 1; b < homes_.size(); ++b) {
      if (!network_->isOpen(a, b)) return false;
    }
  }
  return true;
}

bool World::allLevel() {
  for (size_t a = 0; a < homes_.size(); ++a) {
    for (size_t b = 0; b < homes_.size(); ++b) {
      if (a != b && network_->isOpen(a, b) && !homes_[a]->replicator().levelTowards(homes_[b]->id())) return false;
    }
  }
  return true;
}

void World::heal() {
  SeededRandom random(seed_ + 77);
  if (tampering_) tampering_->healing();
  for (size_t i = 0; i < homes_.size(); ++i) {
    machines_[i].offset_ms = machines_[i].drift_ppm = 0;
    machines_[i].stopped = false;
    homes_[i]->clock().synced = machines_[i].synced = true;
  }
  // Past every stamp that a clock which ran ahead has made.
  passTime(20'000'000);
  if (plan_.variant.limits) {
    // Somebody raises the quotas; links stay slow.
    for (size_t i = 0; i < homes_.size(); ++i) {
      Limits limits;
      limits.bandwidth = homes_[i]->limits().bandwidth;
      limits.retention = homes_[i]->limits().retention;
      homes_[i]->setLimits(limits);
      restart(i, homes_[i]->image(), Start::kClean, random);
    }
  }
  for (int round = 0; round < kHealingRounds || (round < kHealingRounds + kMoreRounds && !allOpen()); ++round) {
    if (trace_) say("healing, round " + std::to_string(round));
    for (size_t a = 0; a < homes_.size(); ++a) {
      confirm(a);
      for (size_t b = a + 1; b < homes_.size(); ++b) network_->open(a, b, random.chance(50));
    }
    if (!exchange(random)) return;
    for (int second = 0; second < 3; ++second) {
      passTime(2'500);
      for (size_t a = 0; a < homes_.size(); ++a) tick(a);
      if (!exchange(random)) return;
    }
  }
}

void World::losing(size_t home, const std::function<void()>& event, bool went_back) {
  WriteSet gone = ledger_.heldBy(*homes_[home], owners());
  WriteSet archive = ledger_.archivedBy(*homes_[home]);
  // Rules take content away, but never what the archive holds.
  went_back ? gone |= archive : gone -= archive;
  event();
  gone -= ledger_.heldBy(*homes_[home], owners());
  gone -= ledger_.archivedBy(*homes_[home]);
  if (!gone.empty()) {
    for (size_t other = 0; other < homes_.size(); ++other) {
      gone -= ledger_.heldBy(*homes_[other], owners());
      gone -= ledger_.archivedBy(*homes_[other]);
    }
    ledger_.exempt(gone);
    if (trace_) gone.each([&](size_t n) { say("    w" + std::to_string(n) + " is nowhere any more"); });
  }
  markHistoryLost(home, went_back);
  watchAccess(home);
}

// Called after every commit.
void World::committed(size_t home) {
  Machine& machine = machines_[home];
  if (machine.armed) {
    machine.images.push_back(homes_[home]->image());
    if (machine.images.size() > kImagesKept) machine.images.pop_front();
  }
  if (!writing_) findRewritten(home);
  watchJoined(home);
  for (const auto& other : homes_) {
    const store::OwnerRow* row = homes_[home]->core().writer().find(other->owner());
    if (row) machine.issued[other->owner()] = {row->replica, row->counter};
  }
}

// Versions that the product made by itself: under a new replica id, or with fresh stamps.
void World::findRewritten(size_t home) {
  for (const auto& other : homes_) {
    const store::OwnerRow* row = homes_[home]->core().writer().find(other->owner());
    auto known = machines_[home].issued.find(other->owner());
    if (!row) continue;
    // Without a replica id nothing is told apart: one may have been drawn and retired in the same commit.
    bool nothing = row->replica && known != machines_[home].issued.end() &&
                   known->second == std::pair(row->replica, row->counter);
    if (nothing) continue;
    for (const std::string& id : kEntityIds) {
      model::Address address{other->owner(), id};
      auto entity = homes_[home]->store().entity(address);
      if (!entity) continue;
      auto history = homes_[home]->store().history(entity->n, 1000);
      // In order of writing, for one may have been rewritten twice; also what went straight to the archive.
      for (size_t i = history.size(); i-- > 0;) {
        const model::Version& version = history[i].version;
        if (ledger_.knows(version.hash) || version.author != homes_[home]->id()) continue;
        ledger_.markRewritten(address);
        auto adoptFirst = [&](bool told_apart) {
          return std::any_of(history.begin(), history.end(), [&](const store::HistoryRow& old) {
            bool same = old.version.author == version.author && old.version.deleted == version.deleted &&
                        old.version.fields == version.fields;
            return same && (!told_apart || isOf(version, old.version)) && ledger_.adopt(version.hash, old.version.hash);
          });
        };
        if (adoptFirst(true) || adoptFirst(false) || ledger_.adoptBySaying(version.hash, home, address, version)) continue;
        fail(nameOf(address) + ": a version of unknown origin at " + homes_[home]->name());
      }
    }
  }
}

// A home that went back in time may have lost any history; one that lost `read` must have dropped that entity's.
void World::markHistoryLost(size_t home, bool went_back) {
  Home& h = *homes_[home];
  std::map<model::Address, std::set<ContentHash>> histories;
  for (WriteRecord& write : ledger_.writes()) {
    if (write.home != home || write.history_lost) continue;
    if (!went_back) {
      if (write.address.owner == h.owner()) continue;
      const model::Rules* rules = h.core().rulesFrom(write.address.owner);
      write.history_lost = !rules || accessUnder(*rules, write.address.id) == Access::kNone;
      continue;
    }
    auto [at, fresh] = histories.try_emplace(write.address);
    auto row = fresh ? h.store().entity(write.address) : std::nullopt;
    if (row) {
      for (const store::HistoryRow& old : h.store().history(row->n, 10'000)) at->second.insert(old.version.hash);
    }
    write.history_lost = !at->second.contains(write.hash);
  }
}

std::vector<model::OwnerId> World::owners() const {
  std::vector<model::OwnerId> all;
  for (const auto& home : homes_) all.push_back(home->owner());
  return all;
}

void World::fail(const std::string& what) {
  failures_.push_back(what);
  if (trace_) say("FAILED " + what);
}

void World::say(const std::string& what) { std::printf("%s\n", what.c_str()); }

}  // namespace hearthgate::sim
