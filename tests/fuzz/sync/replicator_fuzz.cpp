// A home that was paired and lies: after real hellos it sends whatever it likes to a replicator with a real core and
// store, between writes, grants, cuts, failing commits and restarts. Whatever comes, it reads nothing that it may not,
// changes nothing that it may not, everything stored would pass the check again, and an honest third home is served.
#include <algorithm>
#include <deque>
#include <map>

#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/sync/hostile_home.h"
#include "model/limits.h"

namespace {

using namespace hearthgate;
using model::Access;
using sim::Home;

constexpr size_t kMaxSteps = 60;         // longer programs find nothing new and are slow
constexpr size_t kMaxSettle = 3000;      // messages between two honest homes until they must be level
constexpr size_t kMaxAnswer = 64 << 20;  // bytes that one message may set free: all that there is, many times over
constexpr char kSecretId[] = "secret.vault_9c41";
constexpr char kMarker[] = "nobody-reads-7f3e";

// Two homes and what is on its way between them.
struct Pipe {
  Pipe(Home& first, Home& second) : a(first), b(second) {
    a.onOutput([this](sync::Output output) { take(std::move(output), &a_to_b); });
    b.onOutput([this](sync::Output output) { take(std::move(output), &b_to_a); });
  }
  void connect() {
    a_to_b.clear();
    b_to_a.clear();
    closed = false;
    a.linkUp(b.id());
    b.linkUp(a.id());
  }
  void take(sync::Output output, std::deque<std::string>* queue) {
    if (output.message.empty()) {
      closed = true;
    } else {
      queue->push_back(std::move(output.message));
    }
  }
  bool step() {
    std::deque<std::string>& queue = a_to_b.empty() ? b_to_a : a_to_b;
    if (queue.empty()) return false;
    bool to_b = &queue == &a_to_b;
    std::string message = std::move(queue.front());
    queue.pop_front();
    (to_b ? b : a).receive((to_b ? a : b).id(), message);
    return true;
  }
  void settle() {
    for (size_t i = 0; step(); ++i) HG_ASSERT(i < kMaxSettle);
  }

  Home& a;
  Home& b;
  std::deque<std::string> a_to_b;
  std::deque<std::string> b_to_a;
  bool closed = false;
};

void passTime(Home& home, int64_t ms) {
  home.clock().wall_ms += ms;
  home.clock().steady_ms += ms;
}

// What every run begins with: three homes that share some entities, level with each other.
struct Beginning {
  std::string a, b, c;  // images
  HomeId c_id;

  static const Beginning& get() {
    static const Beginning beginning = make();
    return beginning;
  }

  static Beginning make() {
    Home a("A", 1), b("B", 2), c("C", 3);
    for (Home* one : {&a, &b, &c}) {
      for (Home* other : {&a, &b, &c}) {
        if (one != other) one->commit([&] { one->core().admit(other->id()); });
      }
    }
    HG_ASSERT(a.grant(b.id(), "light.*", Access::kWrite).ok() && a.grant(b.id(), "sensor.*", Access::kRead).ok());
    HG_ASSERT(a.grant(c.id(), "light.*", Access::kRead).ok() && a.grant(c.id(), "sensor.*", Access::kWrite).ok());
    HG_ASSERT(b.grant(a.id(), "*.*", Access::kWrite).ok() && c.grant(a.id(), "*.*", Access::kWrite).ok());
    for (const char* id : {"light.a", "light.b", "sensor.t", "lock.door"}) {
      for (Home* home : {&a, &b}) HG_ASSERT(home->put({home->owner(), id}, R"({"state":"on","n":1})").ok());
    }
    std::string secret = std::string(R"({"code":")") + kMarker + "\"}";
    HG_ASSERT(a.put({a.owner(), kSecretId}, secret).ok() && c.put({c.owner(), "light.a"}, secret).ok());
    for (auto [one, other] : {std::pair{&a, &c}, std::pair{&a, &b}}) {
      Pipe pipe(*one, *other);
      pipe.connect();
      pipe.settle();
      if (other == &b) HG_ASSERT(a.put({b.owner(), "light.a"}, R"({"state":"off"})").ok());
      if (other == &b) HG_ASSERT(b.put({a.owner(), "light.b"}, R"({"state":"off","by":"b"})").ok());
      pipe.settle();
      HG_ASSERT(!pipe.closed);
      one->linkDown(other->id());
      for (Home* home : {one, other}) home->onOutput({});
    }
    return {a.image(), b.image(), c.image(), c.id()};
  }
};

class Attack {
 public:
  explicit Attack(fuzz::Input input)
      : input_(input),
        a_("A", 11, Beginning::get().a),
        b_("B", 12, Beginning::get().b),
        c_id_(Beginning::get().c_id),
        liar_(b_, a_.id(), c_id_),
        pipe_(a_, b_) {
    a_.onOutput([this](sync::Output output) { leaves(std::move(output)); });
  }

  void run() {
    bool ask_third = input_.flag();
    bool honest_hello = input_.below(4) != 0;
    pipe_.connect();
    if (honest_hello) {
      deliverHonest();
      toLiar();
    }
    for (size_t i = 0; i < kMaxSteps && !input_.atEnd(); ++i) step();
    checkStored();
    checkTold();
    std::map<std::string, std::string> shown = all();
    a_.start(a_.image(), Home::Start::kClean);
    HG_ASSERT(all() == shown);
    if (ask_third) serveThird();
  }

 private:
  void step() {
    switch (input_.below(20)) {
      case 0:
      case 1:
      case 2:
        return deliverHonest();
      case 3:
      case 4:
      case 5:
        return deliverChanged();
      case 6:
      case 7:
      case 8:
      case 9:
        return attack(liar_.forge(input_));
      case 10:
      case 11:
        return toLiar();
      case 12:
        if (!sent_.empty()) attack(std::string(sent_[input_.byte() % sent_.size()]));
        return;
      case 13:
        return write(a_);
      case 14:
        return write(b_);
      case 15:
        return pass();
      case 16:
        return grant();
      case 17:
        return pipe_.connect();
      case 18:
        return restart();
      default:
        return disturb();
    }
  }

  void deliverHonest() {
    if (pipe_.b_to_a.empty()) return;
    std::string message = std::move(pipe_.b_to_a.front());
    pipe_.b_to_a.pop_front();
    attack(std::move(message));
  }
  void deliverChanged() {
    if (pipe_.b_to_a.empty()) return;
    std::string message = liar_.changed(pipe_.b_to_a.front(), input_);
    if (input_.flag()) pipe_.b_to_a.pop_front();
    attack(std::move(message));
  }
  void toLiar() {
    if (pipe_.a_to_b.empty()) return;
    std::string message = std::move(pipe_.a_to_b.front());
    pipe_.a_to_b.pop_front();
    b_.receive(a_.id(), message);
  }

  // Everything that leaves the victim.
  void leaves(sync::Output output) {
    HG_ASSERT(output.peer == b_.id());
    answer_bytes_ += output.message.size();
    HG_ASSERT(answer_bytes_ < kMaxAnswer);
    HG_ASSERT(isUtf8(output.close_text) && output.close_text.size() < 1000);
    HG_ASSERT(output.message.size() <= sync::kMaxMessageBytes);
    if (!output.message.empty()) {
      // Who sent the marker itself may get it back.
      HG_ASSERT(liar_knows_ || output.message.find(kMarker) == std::string::npos);
      HG_ASSERT(liar_knows_ || output.message.find(kSecretId) == std::string::npos);
      liar_.heard(output.message);
    }
    pipe_.take(std::move(output), &pipe_.a_to_b);
  }

  // One message of the liar, and what it must not bring about.
  void attack(std::string message) {
    if (message.find(kMarker) != std::string::npos || message.find(kSecretId) != std::string::npos) liar_knows_ = true;
    std::map<std::string, Access> access;
    std::map<std::string, std::string> closed;
    for (const std::string& id : ids()) {
      access[id] = a_.core().accessFor(b_.id(), id);
      if (access[id] != Access::kWrite) closed[id] = a_.shown({a_.owner(), id});
    }
    std::vector<ContentHash> of_third = hashes(model::OwnerId(c_id_));
    answer_bytes_ = 0;
    a_.receive(b_.id(), message);
    for (const std::string& id : ids()) HG_ASSERT(a_.core().accessFor(b_.id(), id) <= access[id]);
    if (!went_back_) {
      for (const auto& [id, shown] : closed) HG_ASSERT(a_.shown({a_.owner(), id}) == shown);
    }
    HG_ASSERT(hashes(model::OwnerId(c_id_)) == of_third);
    HG_ASSERT(a_.store().heldCount() <= sync::kHeldQuota);
    if (sent_.size() < 64) sent_.push_back(std::move(message));
  }

  static std::vector<std::string> ids() {
    std::vector<std::string> ids(std::begin(fuzz::kIds), std::end(fuzz::kIds));
    ids.emplace_back(kSecretId);
    return ids;
  }
  std::vector<ContentHash> hashes(const model::OwnerId& owner) {
    std::vector<ContentHash> out;
    for (const char* id : fuzz::kIds) {
      for (const model::Version& version : a_.siblings({owner, id})) out.push_back(version.hash);
    }
    return out;
  }
  std::map<std::string, std::string> all() {
    std::map<std::string, std::string> out;
    for (const store::EntityRow& row : a_.store().entityPage(everything(), std::nullopt, {1000}).rows) {
      out[row.address.text()] = a_.shown(row.address);
    }
    return out;
  }
  static store::EntityFilter everything() {
    store::EntityFilter filter;
    filter.deleted = filter.stubs = true;
    return filter;
  }

  void write(Home& home) {
    model::Address address{input_.flag() ? a_.owner() : b_.owner(), input_.oneOf(fuzz::kIds)};
    switch (input_.below(3)) {
      case 0:
        (void)home.put(address, input_.flag() ? R"({"state":"on"})" : R"({"a":{"b":1},"n":2})");
        break;
      case 1:
        (void)home.patch(address, input_.flag() ? R"({"a":{"c":2}})" : R"({"state":null,"n":3})");
        break;
      default:
        (void)home.remove(address);
    }
  }
  void pass() {
    int64_t ms = int64_t{1} << input_.below(24);
    passTime(a_, ms);
    passTime(b_, ms);
    a_.tick();
    b_.tick();
    if (input_.below(8) == 0) a_.clock().synced = !a_.clock().synced;
  }
  void grant() {
    static const char* const kPatterns[] = {"light.*", "sensor.*", "light.a", "lock.door", "new.*", "sensor.t"};
    Home& home = input_.flag() ? a_ : b_;
    const HomeId& other = &home == &a_ ? b_.id() : a_.id();
    const char* pattern = input_.oneOf(kPatterns);
    if (input_.below(4) == 0) {
      home.commit([&] { (void)home.core().revoke(other, pattern); });
    } else {
      (void)home.grant(other, pattern, static_cast<Access>(input_.below(3)));
    }
  }
  void restart() {
    std::string image = a_.image();
    switch (input_.below(4)) {
      case 0:
        images_.push_back(std::move(image));
        return;
      case 1:
        if (images_.empty()) return;
        went_back_ = true;
        a_.start(images_.back(), input_.flag() ? Home::Start::kRestored : Home::Start::kMayHaveForgotten);
        break;
      case 2:
        a_.start(image, Home::Start::kMayHaveForgotten);
        break;
      default:
        a_.start(image, Home::Start::kClean);
    }
    b_.linkDown(a_.id());
    pipe_.connect();
  }
  void disturb() {
    if (input_.flag()) {
      // The next message comes into a commit that fails.
      if (pipe_.b_to_a.empty()) return;
      std::string message = pipe_.b_to_a.front();
      pipe_.b_to_a.pop_front();
      std::map<std::string, std::string> before = all();
      a_.commit([&] { a_.replicator().receive(b_.id(), message); }, true);
      HG_ASSERT(all() == before);
    } else {
      a_.commit([&] {
        a_.replicator().askLevel(b_.id(), [](std::optional<sync::LevelMessage> level) {
          HG_ASSERT(!level || level->held <= sync::kMaxToldCount);
        });
      });
    }
  }

  // Everything that is stored would be taken again from anybody.
  void checkStored() {
    for (const store::EntityRow& row : a_.store().entityPage(everything(), std::nullopt, {1000}).rows) {
      HG_ASSERT(model::checkEntityId(row.address.id).ok() && model::checkKind(row.kind).ok());
      HG_ASSERT(row.stored_bytes <= sync::kMaxSiblingBytes && row.siblings.size() <= model::kMaxSiblings);
      for (const model::Version& one : row.siblings) {
        HG_ASSERT(model::checkVersion(one).ok() && model::contentHash(row.address, one) == one.hash);
        for (const model::Version& other : row.siblings) HG_ASSERT(!model::dominates(one, other));
        if (row.address.owner == a_.owner())
          HG_ASSERT(one.author == a_.id() || one.author == b_.id() || one.author == c_id_);
      }
    }
    uint64_t held_bytes = 0;
    a_.store().eachHeld(b_.id(), [&](const store::HeldRow&, uint64_t bytes) { held_bytes += bytes; });
    HG_ASSERT(held_bytes <= sync::kHeldQuotaBytes);
    for (const model::OwnerId& owner : {a_.owner(), b_.owner()}) {
      HG_ASSERT(a_.store().toldCount(owner, b_.id()) <= sync::kMaxToldReplicas);
    }
    HG_ASSERT(a_.store().takeError().ok() && a_.store().quickCheck(1).empty());
  }
  // What people are told of the other home.
  void checkTold() {
    a_.commit([&] {
      sync::PeerReport report = a_.replicator().report(b_.id());
      HG_ASSERT(report.to_receive.value_or(0) <= 2 * sync::kMaxToldCount);
      HG_ASSERT(report.held_there + report.refused_there <= sync::kMaxExceptions);
      for (const char* id : fuzz::kIds) {
        for (const model::OwnerId& owner : {a_.owner(), b_.owner()}) {
          sync::Why why = a_.replicator().why(b_.id(), {owner, id}, {.name = "B"});
          HG_ASSERT(!why.steps.empty());
          for (const sync::WhyStep& step : why.steps) HG_ASSERT(isUtf8(step.detail) && step.detail.size() < 2000);
        }
      }
    });
    for (const store::EventRow& event : a_.store().events(0, 1000)) {
      HG_ASSERT(isUtf8(event.body) && model::parseJson(event.body, model::kMaxDepth).ok());
    }
    for (const store::AuditRow& row : a_.store().audit({}, std::nullopt, 1000)) {
      HG_ASSERT(isUtf8(row.subject) && isUtf8(row.detail) && isUtf8(row.action));
    }
  }

  // A home that never lied comes and gets what it may read.
  void serveThird() {
    Home c("C", 13, Beginning::get().c);
    c.clock() = a_.clock();
    if (a_.core().writer().find(a_.owner())->hold) a_.commit([&] { a_.core().confirmRestore(); });
    Pipe pipe(a_, c);
    pipe.connect();
    pipe.settle();
    HG_ASSERT(!pipe.closed);
    for (const char* id : {"light.a", "light.b", "sensor.t"}) {
      model::Address address{a_.owner(), id};
      // What says that it was written later than this home's bound allows waits there.
      if (c.store().heldOf(address).empty()) HG_ASSERT(a_.shown(address) == c.shown(address));
    }
    a_.onOutput({});
  }

  fuzz::Input input_;
  Home a_;
  Home b_;
  HomeId c_id_;
  fuzz::HostileHome liar_;
  Pipe pipe_;
  std::vector<std::string> sent_;
  std::vector<std::string> images_;
  size_t answer_bytes_ = 0;
  bool liar_knows_ = false;
  bool went_back_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Attack(hearthgate::fuzz::Input(data, size)).run();
  return 0;
}
