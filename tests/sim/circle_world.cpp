#include "sim/circle_world.h"

#include <algorithm>
#include <cstdio>

#include "engine/circle_limits.h"
#include "sync/wire.h"

namespace hearthgate::sim {

using engine::Circles;

namespace {

constexpr size_t kImagesKept = 6;  // commits that a power cut can lose
constexpr int kHealingRounds = 8;
struct Weight {
  unsigned weight;
  const char* name;
};
// By the order of Act, in thousandths.
constexpr Weight kWeights[] = {{90, "put"}, {130, "patch"}, {25, "delete"}, {130, "link"}, {60, "cut"}, {290, "traffic"},
                               {30, "invite"}, {45, "accept"}, {20, "remove"}, {10, "leave"}, {20, "hand-over"}, {20, "rules"},
                               {25, "answer"}, {20, "crash"}, {25, "power-cut"}, {20, "backup"}, {12, "restore"},
                               {10, "copy-back"}, {10, "confirm"}, {3, "lose"}, {25, "time"}};

std::string textOf(const model::Siblings& siblings) {
  std::string text;
  for (const model::Version& version : siblings) {
    text += (text.empty() ? "" : ", ") + version.id().substr(0, 6) + (version.deleted ? "!" : version.fields);
    for (const auto& entry : version.vector.entries()) text += " " + entry.replica.text().substr(0, 3) + ":" + std::to_string(entry.counter);
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace

CircleWorld::CircleWorld(uint64_t seed, size_t steps, bool trace, Tampering* defect)
    : trace_(trace), random_(seed * 2 + 1), defect_(defect) {
  const size_t count = 3 + random_.below(3);
  homes_ = std::make_unique<CircleHomes>(count, seed * 2, defect);
  machines_.resize(count);
  unsigned total = 0;
  for (const Weight& weight : kWeights) total += weight.weight;
  for (size_t i = 0; i < steps; ++i) {
    Step step;
    uint64_t at = random_.below(total);
    for (size_t act = 0; act < std::size(kWeights); ++act) {
      step.act = static_cast<Act>(act);
      if (at < kWeights[act].weight) break;
      at -= kWeights[act].weight;
    }
    step.home = random_.below(count);
    step.peer = (step.home + 1 + random_.below(count - 1)) % count;
    step.entity = kIds[random_.chance(50) ? 0 : random_.below(kIds.size())];
    step.r = random_.next();
    steps_.push_back(step);
  }
  planLies(seed);
}

void CircleWorld::say(const std::string& what) const {
  if (trace_) std::printf("%s\n", what.c_str());
}

const Circles::Circle* CircleWorld::membership(size_t home) { return homes_->home(home).core().circles().membership(circle_); }

const trust::Charter* CircleWorld::charterOf(size_t home) {
  const Circles::Circle* circle = membership(home);
  return circle ? circle->charter() : nullptr;
}

const trust::Charter* CircleWorld::best() {
  const trust::Charter* found = nullptr;
  for (size_t n = 0; n < homes_->size(); ++n) {
    const trust::Charter* charter = living(n) ? charterOf(n) : nullptr;
    if (charter && (!found || trust::rankOf(*found) < trust::rankOf(*charter))) found = charter;
  }
  return found;
}

std::vector<std::string> CircleWorld::run(const std::set<size_t>& skip) {
  // All but the last are in it from the beginning.
  std::vector<size_t> others;
  for (size_t n = 1; n + 1 < homes_->size(); ++n) others.push_back(n);
  circle_ = homes_->found(0, others);
  first_proof_ = homes_->home(0).core().circles().membership(circle_)->row.proof;
  homes_->on_message = [this](size_t, size_t, const std::string& message) {
    if (sync::typeOf(message) != sync::MessageType::kBatch) return;
    auto batch = sync::decodeBatch(message);
    for (const sync::BatchItem& item : batch.ok() ? batch->items : std::vector<sync::BatchItem>()) content_sent_ += item.versions.size();
  };
  for (size_t n = 0; n < homes_->size(); ++n) {
    homes_->home(n).onCommitted([this, n] { committed(n); });
    machines_[n].images.push_back(homes_->home(n).image());
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (skip.contains(i)) continue;
    const Step& step = steps_[i];
    for (size_t n = 0; n < homes_->size(); ++n) {
      homes_->home(n).clock().wall_ms += 50;
      homes_->home(n).clock().steady_ms += 50;
    }
    say("step " + std::to_string(i) + ": " + kWeights[static_cast<size_t>(step.act)].name + " home " + homes_->home(step.home).name() + " peer " +
        homes_->home(step.peer).name() + " " + step.entity);
    if (hostile_ && lies_[i] != 0) lie(lies_[i]);
    act(step);
    sayAll();
  }
  if (defect_) defect_->healing();
  castOut();
  heal();
  if (failures_.empty()) check();
  if (failures_.empty()) checkRemoved();
  return failures_;
}

void CircleWorld::act(const Step& step) {
  if (!living(step.home)) return;
  Home& home = homes_->home(step.home);
  Machine& machine = machines_[step.home];
  switch (step.act) {
    case Act::kPut:
    case Act::kPatch:
    case Act::kDelete: return write(step);
    case Act::kLink:
      if (living(step.peer)) homes_->network().open(step.home, step.peer, step.r % 4 == 0);
      return;
    case Act::kCut: return homes_->network().cut(step.home, step.peer, step.r % 2 == 0, random_);
    case Act::kTraffic:
      for (uint64_t i = 1 + step.r % (step.r % 3 == 0 ? 100 : 12); i > 0; --i) {
        if (!homes_->network().advance(random_)) return;
      }
      return;
    case Act::kInvite:
    case Act::kAccept:
    case Act::kRemove:
    case Act::kLeave:
    case Act::kHandOver:
    case Act::kRules:
    case Act::kAnswer: return change(step);
    case Act::kCrash: return restart(step.home, home.image(), Home::Start::kClean);
    case Act::kPowerCut: return restart(step.home, std::string(machine.images[step.r % machine.images.size()]), Home::Start::kMayHaveForgotten);
    case Act::kBackup: machine.backup = home.image(); return;
    case Act::kRestore:
    case Act::kCopyBack:
      if (machine.backup.empty()) return;
      return restart(step.home, machine.backup, step.act == Act::kRestore ? Home::Start::kRestored : Home::Start::kClean);
    case Act::kConfirm:
      if (std::exchange(machine.unconfirmed, false)) home.commit([&] { home.core().confirmRestore(); });
      return;
    case Act::kLose:
      // Most members go on living, else nobody can replace a keeper.
      if (std::any_of(machines_.begin(), machines_.end(), [](const Machine& one) { return one.lost; })) return;
      losing(step.home, [&] {
        homes_->cutOff(step.home);
        machine.lost = true;
      });
      return;
    case Act::kTime:
      for (size_t n = 0; n < homes_->size(); ++n) {
        homes_->home(n).clock().wall_ms += 3'000;
        homes_->home(n).clock().steady_ms += 3'000;
        if (living(n)) homes_->home(n).tick();
      }
      return;
  }
}

void CircleWorld::write(const Step& step) {
  Home& home = homes_->home(step.home);
  const model::Address address = of(step.entity);
  const model::Siblings before = home.siblings(address);
  const std::string shown = home.shown(address);
  Doc old = shown.front() == '{' ? docOf(shown) : Doc();
  Doc asked = step.act == Act::kPatch ? old : Doc();
  const std::string path = kPaths[step.r % 2];
  const std::string value = std::to_string(++values_);
  if (step.act != Act::kDelete) asked[path] = value;
  writing_ = true;
  const std::string json = "{\"" + path + "\":" + value + "}";
  auto done = step.act == Act::kDelete ? home.remove(address) : step.act == Act::kPatch ? home.patch(address, json) : home.put(address, json);
  writing_ = false;
  if (done.ok()) {
    ledger_.wrote(step.home, address, before, old, home.siblings(address).at(0), asked, step.act != Act::kPatch, {});
    say("    w" + std::to_string(ledger_.writes().size() - 1) + " by " + home.name() + " " + home.shown(address));
  }
  committed(step.home);
}

// What people do to the circle. Whatever comes of it, it has to be the same for all in the end.
void CircleWorld::change(const Step& step) {
  Home& home = homes_->home(step.home);
  const HomeId peer = homes_->home(step.peer).id();
  auto doing = [&](const std::function<Status(Circles&)>& work) {
    losing(step.home, [&] {
      Status done = home.circles<Status>(work);
      say(done.ok() ? "    done" : "    " + done.error().code);
    });
  };
  auto statusOf = [](const Result<bool>& done) { return done.ok() ? Status() : Status(done.error()); };
  switch (step.act) {
    case Act::kInvite: return doing([&](Circles& circles) { return circles.invite(circle_, peer, homes_->home(step.peer).name()); });
    case Act::kAccept: return doing([&](Circles& circles) { return circles.accept(circle_); });
    case Act::kRemove: return doing([&](Circles& circles) { return statusOf(circles.remove(circle_, peer)); });
    case Act::kLeave: return doing([&](Circles& circles) { return statusOf(circles.remove(circle_, home.id())); });
    case Act::kHandOver:
      if (hostile_ == (step.r % 2 ? step.peer : step.home)) return;
      return doing([&](Circles& circles) { return statusOf(circles.handOver(circle_, step.r % 2 ? peer : home.id())); });
    case Act::kRules: {
      engine::CircleRules rules;
      const char* patterns[] = {"*", "theme.*", "theme.x", "app.*"};
      if (step.r % 3 > 0) rules.rows.push_back({patterns[step.r / 4 % 4], step.r / 512 % 4 ? std::optional(peer) : std::nullopt, step.r / 16 % 4 ? model::Access::kRead : model::Access::kWrite});
      const char* strategies[] = {"merge", "latest-wins", "user-choice"};
      rules.strategies.push_back({model::StrategyRow::Scope::kDefault, "", strategies[step.r / 64 % 3]});
      return doing([&](Circles& circles) { return statusOf(circles.setRules(circle_, rules)); });
    }
    case Act::kAnswer: {
      auto wishes = engine::wishesOf(home.store(), circle_);
      if (wishes.empty()) return;
      return doing([&](Circles& circles) { return circles.answer(circle_, wishes[step.r % wishes.size()].id, step.r % 5 > 0); });
    }
    default: return;
  }
}

void CircleWorld::restart(size_t n, std::string_view image, Home::Start how) {
  const std::string kept(image);
  losing(n, [&] {
    homes_->network().crashed(n, random_);
    homes_->home(n).start(kept, how);
    machines_[n].images.clear();
    // A power cut can make a home forget that it was confirmed, and a copy that it was restored.
    const store::OwnerRow* own = homes_->home(n).core().writer().find(homes_->home(n).owner());
    machines_[n].unconfirmed = how == Home::Start::kRestored || (own && own->hold);
    // Counters of an id that it may have forgotten can be true: others' versions stand over its own then.
    WriteSet forgotten;
    for (size_t w = 0; w < ledger_.writes().size() && how != Home::Start::kClean; ++w) {
      if (ledger_.writes()[w].home == n && forged_.contains(ledger_.writes()[w].dot.replica)) forgotten.add(w);
    }
    ledger_.exempt(forgotten);
    committed(n);
  });
}

// Runs what may make content disappear, and takes out of the account what no living home has afterwards.
void CircleWorld::losing(size_t n, const std::function<void()>& event) {
  WriteSet gone = ledger_.heldBy(homes_->home(n), {circle_});
  gone |= ledger_.archivedBy(homes_->home(n));
  event();
  for (size_t other = 0; other < homes_->size(); ++other) {
    if (!reliable(other)) continue;
    gone -= ledger_.heldBy(homes_->home(other), {circle_});
    gone -= ledger_.archivedBy(homes_->home(other));
  }
  ledger_.exempt(gone);
  if (trace_) gone.each([&](size_t w) { say("    w" + std::to_string(w) + " is nowhere any more"); });
}

// With its membership a home loses its copy, which perhaps was the last one of what others wrote. What it wrote itself and no
// other home ever had has to be in its archive.
void CircleWorld::followMembership(size_t n) {
  Machine& machine = machines_[n];
  const bool member = charterOf(n) != nullptr;
  WriteSet held = ledger_.heldBy(homes_->home(n), {circle_});
  held |= ledger_.archivedBy(homes_->home(n));
  if (machine.member && !member) {
    WriteSet gone;
    machine.held.each([&](size_t w) {
      if (ledger_.writes()[w].home != n || spread_.has(w)) gone.add(w);
    });
    for (size_t other = 0; other < homes_->size(); ++other) {
      if (!reliable(other)) continue;
      gone -= ledger_.heldBy(homes_->home(other), {circle_});
      gone -= ledger_.archivedBy(homes_->home(other));
    }
    ledger_.exempt(gone);
  }
  held.each([&](size_t w) {
    if (ledger_.writes()[w].home != n) spread_.add(w);
  });
  machine.member = member;
  machine.held = std::move(held);
}

// Versions that the product wrote by itself take over the account of what they stand for.
void CircleWorld::committed(size_t n) {
  Home& home = homes_->home(n);
  Machine& machine = machines_[n];
  machine.images.push_back(home.image());
  if (machine.images.size() > kImagesKept) machine.images.pop_front();
  if (writing_) return;
  followMembership(n);
  for (const std::string& id : kIds) {
    auto row = home.store().entity(of(id));
    if (!row) continue;
    auto history = home.store().history(row->n, 100);
    for (size_t i = history.size(); i-- > 0;) {
      const model::Version& version = history[i].version;
      if (ledger_.knows(version.hash) || version.author != home.id()) continue;
      if (!ledger_.adoptBySaying(version.hash, n, of(id), version)) fail(id + ": a version of unknown origin at " + home.name());
    }
  }
}

// Those that live vote for one of them, as people would.
void CircleWorld::replaceLostKeeper() {
  const trust::Charter* charter = best();
  if (!charter || living(homes_->indexOf(charter->keeper))) return;
  std::optional<size_t> chosen;
  for (size_t n = 0; n < homes_->size(); ++n) {
    if (living(n) && charterOf(n) && charter->member(homes_->home(n).id()) && !chosen) chosen = n;
  }
  for (size_t n = 0; n < homes_->size() && chosen; ++n) {
    if (!living(n) || !charterOf(n)) continue;
    (void)homes_->home(n).circles<Result<bool>>([&](Circles& circles) { return circles.handOver(circle_, homes_->home(*chosen).id()); });
    if (!homes_->settle()) fail("the run does not end");
  }
}

void CircleWorld::heal() {
  for (int round = 0; round < kHealingRounds && failures_.empty(); ++round) {
    say("healing, round " + std::to_string(round));
    for (size_t a = 0; a < homes_->size(); ++a) {
      if (!living(a)) continue;
      if (std::exchange(machines_[a].unconfirmed, false)) homes_->home(a).commit([&] { homes_->home(a).core().confirmRestore(); });
      for (size_t b = a + 1; b < homes_->size(); ++b) {
        if (living(b) && (round == 0 || !homes_->network().isOpen(a, b))) homes_->network().open(a, b, false);
      }
    }
    if (!homes_->settle() || !homes_->pass(3'000) || !homes_->pass(3'000)) return fail("the run does not end");
    if (round != kHealingRounds / 2) continue;
    replaceLostKeeper();
    // What waits for persons: a folder older than its membership; at keepers one that was put back, and members that left
    // before it.
    for (size_t n = 0; n < homes_->size(); ++n) {
      if (!living(n)) continue;
      Home& home = homes_->home(n);
      if (calledBack(home)) (void)home.circles<Status>([&](Circles& circles) { return circles.accept(circle_); });
      if (!charterOf(n)) continue;
      for (const HomeId& forger : std::set(membership(n)->distrusted)) (void)home.circles<Status>([&](Circles& circles) { return circles.trustAgain(circle_, forger); });
      if (membership(n)->row.needs_pass) (void)home.circles<Status>([&](Circles& circles) { return circles.insist(circle_); });
      for (const engine::CircleWish& wish : engine::wishesOf(home.store(), circle_)) {
        if (wish.kind != engine::CircleWish::Kind::kRemove || wish.by != home.id()) continue;
        (void)home.circles<Status>([&](Circles& circles) { return circles.answer(circle_, wish.id, true); });
      }
    }
  }
}

bool CircleWorld::calledBack(Home& home) {
  const auto& all = home.core().circles().all();
  const auto circle = all.find(circle_);
  return circle != all.end() && circle->second.row.state == store::CircleState::kInvited && circle->second.row.until_ms == engine::kCalledBackMs;
}

void CircleWorld::sayAll() {
  for (size_t n = 0; n < homes_->size() && trace_; ++n) {
    const trust::Charter* here = charterOf(n);
    std::string text = "  " + homes_->home(n).name() + (living(n) ? "" : " (lost)") + ": ";
    if (here) {
      text += std::to_string(here->hand_overs) + "/" + std::to_string(here->number) + " keeper " + homes_->home(homes_->indexOf(here->keeper)).name() + " of ";
      for (const auto& member : here->members) text += member.name;
    }
    for (const std::string& id : kIds) {
      if (const model::Siblings siblings = homes_->home(n).siblings(of(id)); !siblings.empty()) text += "; " + id + " " + textOf(siblings);
    }
    say(text);
  }
}

void CircleWorld::check() {
  sayAll();
  const trust::Charter* charter = best();
  if (!charter) return;  // everybody left
  const trust::CharterHash hash = charter->hash();
  const trust::Charter right = *charter;
  std::optional<size_t> first;
  WriteSet covered, archived;
  for (size_t n = 0; n < homes_->size(); ++n) {
    if (!living(n)) continue;
    Home& home = homes_->home(n);
    archived |= ledger_.archivedBy(home);
    const trust::Charter* here = charterOf(n);
    if (!right.member(home.id())) {
      if (here) fail(home.name() + " takes itself for a member, by charter " + std::to_string(here->number));
      for (const std::string& id : kIds) {
        if (!home.siblings(of(id)).empty()) fail(home.name() + " holds " + id + " and is no member");
      }
      continue;
    }
    if (!here || here->hash() != hash) {
      fail(home.name() + " has charter " + (here ? std::to_string(here->hand_overs) + "/" + std::to_string(here->number) : "none") + ", others " +
           std::to_string(right.hand_overs) + "/" + std::to_string(right.number));
      continue;
    }
    if (const store::OwnerRow* row = home.core().writer().find(circle_); row && row->replacing && living(homes_->indexOf(right.keeper))) {
      fail(home.name() + " still replaces");
    }
    for (const store::HeldRow& held : home.store().held(std::nullopt, 100)) fail(home.name() + " still holds back " + held.address.id + ": " + held.reason);
    if (!first) first = n;
    for (const std::string& id : kIds) {
      const model::Siblings there = homes_->home(*first).siblings(of(id));
      const model::Siblings mine = home.siblings(of(id));
      const bool same = std::equal(mine.begin(), mine.end(), there.begin(), there.end(), [](const auto& a, const auto& b) { return a.hash == b.hash; });
      if (!same) fail("siblings of " + id + ": " + textOf(there) + " at " + homes_->home(*first).name() + ", " + textOf(mine) + " at " + home.name());
      if (home.shown(of(id)) != homes_->home(*first).shown(of(id))) fail(home.name() + " shows another " + id);
      for (const model::Version& version : mine) covered |= ledger_.coveredBy(version.hash);
    }
    for (size_t other = 0; other < homes_->size(); ++other) {
      if (other != n && living(other) && !home.replicator().levelTowards(homes_->home(other).id())) fail(home.name() + " is not level with " + homes_->home(other).name());
    }
  }
  for (size_t w = 0; w < ledger_.writes().size(); ++w) {
    if (covered.has(w) || archived.has(w) || ledger_.isExempt(w) || hostile_ == ledger_.writes()[w].home) continue;
    fail("acknowledged w" + std::to_string(w) + " of " + ledger_.writes()[w].address.id + " by " + homes_->home(ledger_.writes()[w].home).name() + " is lost");
  }
  if (!failures_.empty()) return;
  content_sent_ = 0;
  for (size_t a = 0; a < homes_->size(); ++a) {
    for (size_t b = a + 1; b < homes_->size(); ++b) {
      if (living(a) && living(b)) homes_->network().open(a, b, false);
    }
  }
  if (!homes_->settle() || !homes_->pass(3'000)) return fail("the run does not end");
  if (content_sent_ > 0) fail("a reconnect of level homes sends " + std::to_string(content_sent_) + " versions");
}

// A member that is removed while it is away, and does not hear of it, goes on writing: nobody takes anything of that.
void CircleWorld::checkRemoved() {
  const trust::Charter* charter = best();
  if (!charter || charter->members.size() < 3) return;
  const size_t keeper = homes_->indexOf(charter->keeper);
  std::optional<size_t> out;
  for (size_t n = 0; n < homes_->size(); ++n) {
    if (n != keeper && living(n) && charterOf(n)) out = n;
  }
  if (!living(keeper) || !out) return;
  homes_->cutOff(*out);
  Home& removed = homes_->home(*out);
  auto done = homes_->home(keeper).circles<Result<bool>>([&](Circles& circles) { return circles.remove(circle_, removed.id()); });
  if (!done.ok() || !*done) return fail("the keeper cannot remove a member: " + (done.ok() ? "it waits" : done.error().code));
  if (!homes_->settle()) return fail("the run does not end");
  writing_ = true;
  (void)removed.put(of("theme.late"), R"({"late":1})");  // perhaps it may only read
  writing_ = false;
  // It shows its own charter and content to all, and is cut off before it hears of the other one.
  for (int again = 0; again < 2; ++again) {
    for (size_t n = 0; n < homes_->size(); ++n) {
      if (n != *out && living(n)) homes_->network().open(*out, n, false);
    }
    if (!homes_->settle() || !homes_->pass(3'000)) return fail("the run does not end");
  }
  for (size_t n = 0; n < homes_->size(); ++n) {
    if (!living(n)) continue;
    if (!homes_->home(n).siblings(of("theme.late")).empty()) fail(homes_->home(n).name() + " has what a removed member wrote");
  }
  if (charterOf(*out)) fail("a removed member has not heard of it");
}

}  // namespace hearthgate::sim
