// A member of a circle that lies to its keeper: invitations, answers, charters old, damaged, and signed by itself, hellos and
// entities of circles. Whatever comes, no charter is in force that its keeper did not sign, nobody is a member who was not
// one, of a circle that it is not in the liar learns nothing and changes nothing, and an honest member is served.
#include <algorithm>
#include <deque>

#include "base/assert.h"
#include "fuzz/sync/hostile_home.h"
#include "sim/circle_homes.h"
#include "trust/tuning.h"

namespace {

using namespace hearthgate;
using engine::Circles;
using model::OwnerId;
using sim::Home;

constexpr size_t kMaxSteps = 40;
constexpr size_t kMaxSettle = 3000;
constexpr char kMarker[] = "nobody-reads-7f3e";

// A keeps two circles: B and C are members of one, C alone of the other.
struct Beginning {
  std::string a, b, c;
  OwnerId common, secret;
  std::vector<std::string> proofs;  // charters of the common circle that once were in force

  static const Beginning& get() {
    static const Beginning made = make();
    return made;
  }
  static Beginning make() {
    Beginning begin;
    sim::CircleHomes homes(3, 5);
    begin.common = homes.found(0, {1});
    begin.proofs.push_back(homes.home(0).core().circles().membership(begin.common)->row.proof);
    for (size_t n : {size_t{2}}) {
      homes.link(0, n);
      HG_ASSERT(homes.settle());
      HG_ASSERT(homes.home(0).circles<Status>([&](Circles& circles) { return circles.invite(begin.common, homes.home(n).id(), "C"); }).ok());
      HG_ASSERT(homes.settle());
      HG_ASSERT(homes.home(n).circles<Status>([&](Circles& circles) { return circles.accept(begin.common); }).ok());
      HG_ASSERT(homes.settle());
    }
    begin.proofs.push_back(homes.home(0).core().circles().membership(begin.common)->row.proof);
    begin.secret = homes.found(0, {2});
    for (const char* id : {"light.a", "light.b"}) HG_ASSERT(homes.home(1).put({begin.common, id}, R"({"state":"on"})").ok());
    HG_ASSERT(homes.home(0).put({begin.secret, "light.a"}, std::string(R"({"code":")") + kMarker + "\"}").ok());
    HG_ASSERT(homes.settle());
    for (size_t n : {0, 1, 2}) homes.cutOff(n);
    begin.a = homes.home(0).image();
    begin.b = homes.home(1).image();
    begin.c = homes.home(2).image();
    return begin;
  }
};

class Attack {
 public:
  explicit Attack(fuzz::Input input)
      : input_(input), a_("A", 11, sim::readyIdentity(0), begin_.a), b_("B", 12, sim::readyIdentity(1), begin_.b),
        liar_(b_, a_.id(), sim::readyIdentity(2).home()) {
    liar_.speakOf({begin_.common, begin_.secret, *OwnerId::fromBytes(std::string(16, 'x'))});
    a_.onOutput([this](sync::Output output) {
      HG_ASSERT(output.message.find(kMarker) == std::string::npos);
      HG_ASSERT(output.message.find(begin_.secret.raw()) == std::string::npos || liar_knows_);
      if (output.message.empty()) return;
      liar_.heard(output.message);
      to_b_.push_back(std::move(output.message));
    });
    b_.onOutput([this](sync::Output output) {
      if (!output.message.empty()) to_a_.push_back(std::move(output.message));
    });
  }

  void run() {
    bool ask_third = input_.flag();
    connect();
    for (size_t i = input_.below(40); i > 0 && honest(); --i) {
    }
    for (size_t i = 0; i < kMaxSteps && !input_.atEnd(); ++i) step();
    check();
    a_.start(a_.image(), Home::Start::kClean);
    check();
    if (ask_third) serveThird();
  }

 private:
  void connect() {
    to_a_.clear();
    to_b_.clear();
    a_.linkUp(b_.id());
    b_.linkUp(a_.id());
  }
  bool honest() {
    if (!to_b_.empty()) {
      std::string message = std::move(to_b_.front());
      to_b_.pop_front();
      b_.receive(a_.id(), message);
      return true;
    }
    if (to_a_.empty()) return false;
    std::string message = std::move(to_a_.front());
    to_a_.pop_front();
    attack(message);
    return true;
  }

  void step() {
    switch (input_.below(14)) {
      case 0:
      case 1: (void)honest(); return;
      case 2:
        if (!to_a_.empty()) attack(liar_.changed(to_a_.front(), input_));
        return;
      case 3:
      case 4:
      case 5: return attack(liar_.forge(input_));
      case 6: return attack(circles());
      case 7:
      case 8: return attack(charter());
      case 9: (void)b_.put({begin_.common, input_.oneOf(fuzz::kIds)}, R"({"state":"off"})"); return;
      case 10: (void)a_.put({begin_.common, input_.oneOf(fuzz::kIds)}, R"({"state":"a"})"); return;
      case 11: return connect();
      case 12:
        for (Home* home : {&a_, &b_}) {
          int64_t ms = int64_t{1} << input_.below(24);
          home->clock().wall_ms += ms;
          home->clock().steady_ms += ms;
          home->tick();
        }
        return;
      default: return wish();
    }
  }

  void attack(const std::string& message) {
    // Who names the circle itself may hear its name again.
    liar_knows_ = liar_knows_ || message.find(begin_.secret.raw()) != std::string::npos;
    a_.receive(b_.id(), message);
    check();
  }

  OwnerId circle() {
    const OwnerId all[] = {begin_.common, begin_.secret, *OwnerId::fromBytes(std::string(16, static_cast<char>(input_.byte())))};
    return input_.oneOf(all);
  }
  std::string circles() {
    sync::CirclesMessage message;
    for (size_t i = input_.below(3); i > 0; --i) message.invitations.push_back({circle(), std::string(input_.bytes()), 1 + static_cast<int64_t>(input_.word() >> 20)});
    for (size_t i = input_.below(3); i > 0; --i) message.replies.push_back({circle(), static_cast<int64_t>(input_.word()), input_.flag()});
    for (size_t i = input_.below(3); i > 0; --i) {
      sync::CirclesMessage::Known known{circle(), {}};
      const Circles::Circle* here = b_.core().circles().membership(known.circle);
      if (here && input_.flag()) known.charter = here->hash;
      if (input_.flag()) known.charter.bytes.fill(input_.byte());
      message.known.push_back(known);
    }
    return encode(message);
  }
  std::string charter() {
    std::string bytes = begin_.proofs[input_.below(begin_.proofs.size())];
    auto proof = trust::decodeCharterProof(bytes);
    if (input_.flag()) {
      // A charter of its own making, under its own signature.
      trust::Charter next = trust::nextCharter(proof->current());
      if (input_.flag()) next.keeper = b_.id();
      if (input_.flag()) ++next.hand_overs;
      if (input_.flag()) next.members.pop_back();
      next.number += input_.below(4);
      const auto& signer = b_.core().settings().signer;
      trust::SignedCharter made{next, {signer.sign(next)}};
      if (input_.flag()) made.signatures.push_back(proof->chain.back().signatures.front());
      proof->chain.push_back(std::move(made));
      proof->keys[b_.id()] = signer.chain();
      bytes = trust::encodeCharterProof(*proof);
    }
    input_.damage(&bytes);
    return encode(sync::CharterMessage{circle(), bytes});
  }
  void wish() {
    b_.commit([&] {
      Circles& circles = b_.core().circles();
      switch (input_.below(3)) {
        case 0: (void)circles.handOver(begin_.common, b_.id()); return;
        case 1: (void)circles.remove(begin_.common, sim::readyIdentity(2).home()); return;
        default: (void)circles.invite(begin_.common, sim::readyIdentity(3).home(), "D");
      }
    });
  }

  void check() {
    Circles& circles = a_.core().circles();
    const Circles::Circle* secret = circles.membership(begin_.secret);
    HG_ASSERT(secret && secret->charter()->members.size() == 2 && secret->charter()->keeper == a_.id());
    const Circles::Circle* common = circles.membership(begin_.common);
    // The liar may leave; nobody else comes or goes.
    const size_t others = common && common->charter()->member(b_.id()) ? 3 : 2;
    HG_ASSERT(common && common->charter()->keeper == a_.id() && common->charter()->members.size() == others);
    HG_ASSERT(common->charter()->member(sim::readyIdentity(2).home()));
    HG_ASSERT(a_.shown({begin_.secret, "light.a"}).find(kMarker) != std::string::npos);
    for (const char* id : fuzz::kIds) {
      if (std::string_view(id) != "light.a") HG_ASSERT(a_.siblings({begin_.secret, id}).empty());
      for (const model::Version& version : a_.siblings({begin_.common, id})) HG_ASSERT(model::checkVersion(version).ok());
    }
    HG_ASSERT(circles.all().size() <= engine::kMaxCircles);
    HG_ASSERT(a_.store().takeError().ok());
  }

  void serveThird() {
    Home c("C", 13, sim::readyIdentity(2), begin_.c);
    c.clock() = a_.clock();
    std::deque<std::pair<bool, std::string>> queue;
    bool closed = false;
    a_.onOutput([&](sync::Output output) {
      closed = closed || (output.message.empty() && output.peer == c.id());
      if (output.peer == c.id() && !output.message.empty()) queue.emplace_back(true, std::move(output.message));
    });
    c.onOutput([&](sync::Output output) {
      closed = closed || output.message.empty();
      if (!output.message.empty()) queue.emplace_back(false, std::move(output.message));
    });
    // What the liar brought may show counters that are not there: links begin anew after each, a few times.
    for (int again = 0; again < 8; ++again) {
      closed = false;
      queue.clear();
      a_.linkUp(c.id());
      c.linkUp(a_.id());
      for (size_t i = 0; !queue.empty() && !closed; ++i) {
        HG_ASSERT(i < kMaxSettle);
        auto [to_c, message] = std::move(queue.front());
        queue.pop_front();
        (to_c ? c : a_).receive((to_c ? a_ : c).id(), message);
      }
      if (!closed) break;
    }
    HG_ASSERT(!closed);
    HG_ASSERT(c.shown({begin_.secret, "light.a"}).find(kMarker) != std::string::npos);
    for (const char* id : fuzz::kIds) {
      const model::Address address{begin_.common, id};
      if (c.store().heldOf(address).empty() && a_.store().heldOf(address).empty()) HG_ASSERT(a_.shown(address) == c.shown(address));
    }
    a_.onOutput({});
  }

  const Beginning& begin_ = Beginning::get();
  fuzz::Input input_;
  Home a_;
  Home b_;
  fuzz::HostileHome liar_;
  std::deque<std::string> to_a_;
  std::deque<std::string> to_b_;
  bool liar_knows_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Attack(hearthgate::fuzz::Input(data, size)).run();
  return 0;
}
