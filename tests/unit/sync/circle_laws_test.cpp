// Laws of circles (TRUST.md Part II, rules 16 and 17): whatever members, keepers and a majority do, and in whatever order
// others hear of it, all have the same charter in the end, and a home that was removed is not back by what it says itself.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "circle_fixture.h"

namespace hearthgate::sync {
namespace {

constexpr size_t kHomes = 5;
constexpr size_t kRemoved = 4;

struct Deed {
  enum Kind : uint8_t { kInvite, kAccept, kRemove, kHandOver, kAnswer, kWrite, kLink, kCut, kDeliver, kShowOld } kind = kDeliver;
  size_t home = 0;
  size_t peer = 0;
};

rc::Gen<Deed> deeds() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange<int>(0, 10), rc::gen::inRange<size_t>(0, kHomes), rc::gen::inRange<size_t>(0, kHomes)),
                      [](const std::tuple<int, size_t, size_t>& drawn) {
                        return Deed{static_cast<Deed::Kind>(std::get<0>(drawn)), std::get<1>(drawn), std::get<2>(drawn)};
                      });
}

class Play {
 public:
  Play() : homes(kHomes, 3) {
    circle = homes.found(0, {1, 2, 3, kRemoved});
    homes.linkAll();
    settle();
    const auto* member = homes.home(kRemoved).core().circles().membership(circle);
    old_charter = encode(CharterMessage{circle, member->row.proof});
    (void)homes.home(0).circles<Result<bool>>([&](Circles& circles) { return circles.remove(circle, homes.home(kRemoved).id()); });
    settle();
  }

  void settle() { RC_ASSERT(homes.settle()); }

  void run(const Deed& deed) {
    if (deed.home == deed.peer) return;
    Home& home = homes.home(deed.home);
    const HomeId peer = homes.home(deed.peer).id();
    const std::string name = homes.home(deed.peer).name();
    switch (deed.kind) {
      case Deed::kInvite:
        if (deed.peer != kRemoved) (void)home.circles<Status>([&](Circles& circles) { return circles.invite(circle, peer, name); });
        return;
      case Deed::kAccept: (void)home.circles<Status>([&](Circles& circles) { return circles.accept(circle); }); return;
      case Deed::kRemove: (void)home.circles<Result<bool>>([&](Circles& circles) { return circles.remove(circle, peer); }); return;
      case Deed::kHandOver: (void)home.circles<Result<bool>>([&](Circles& circles) { return circles.handOver(circle, peer); }); return;
      case Deed::kAnswer: {
        auto wishes = engine::wishesOf(home.store(), circle);
        if (wishes.empty()) return;
        (void)home.circles<Status>([&](Circles& circles) { return circles.answer(circle, wishes[deed.peer % wishes.size()].id, true); });
        return;
      }
      case Deed::kWrite: (void)home.put({circle, "theme.x"}, R"({"by":")" + home.name() + R"("})"); return;
      case Deed::kLink: return homes.link(deed.home, deed.peer);
      case Deed::kCut: return homes.cut(deed.home, deed.peer);
      case Deed::kDeliver:
        for (int i = 0; i < 10 && homes.network().advance(homes.random()); ++i) {
        }
        return;
      case Deed::kShowOld:
        // As the removed home, which would like to be back.
        if (deed.home != kRemoved) home.receive(homes.home(kRemoved).id(), old_charter);
        return;
    }
  }

  void heal() {
    for (int round = 0; round < 4; ++round) {
      homes.linkAll();
      RC_ASSERT(homes.pass(2'000));
    }
  }

  CircleHomes homes;
  OwnerId circle;
  std::string old_charter;
};

RC_GTEST_PROP(CircleLaws, AllComeToOneCharterAndTheRemovedOneStaysOut, ()) {
  const auto all = *rc::gen::resize(60, rc::gen::container<std::vector<Deed>>(deeds()));
  Play play;
  for (const Deed& deed : all) play.run(deed);
  play.heal();
  const trust::Charter* best = nullptr;
  for (size_t n = 0; n < kHomes; ++n) {
    const auto* here = play.homes.home(n).core().circles().membership(play.circle);
    if (here && (!best || trust::rankOf(*best) < trust::rankOf(*here->charter()))) best = here->charter();
  }
  if (!best) return;  // all have left
  for (size_t n = 0; n < kHomes; ++n) {
    Home& home = play.homes.home(n);
    const auto* here = play.homes.home(n).core().circles().membership(play.circle);
    RC_ASSERT((here != nullptr) == (best->member(home.id()) != nullptr));
    if (here) RC_ASSERT(here->hash == best->hash());
    RC_ASSERT(here || home.siblings({play.circle, "theme.x"}).empty());
  }
  RC_ASSERT(!best->member(play.homes.home(kRemoved).id()));
}

}  // namespace
}  // namespace hearthgate::sync
