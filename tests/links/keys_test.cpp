// Operating keys that are replaced (TRUST.md T8, T9): with homes online, away for several epochs, rotating at once, told
// by a third home; and stolen ones.
#include <random>

#include "links/running_home.h"

namespace hearthgate::testing {
namespace {

struct Keys : TwoRunningHomes {
  Keys() {
    pairHomes(beach, city);
    beach.grant(city.id(), "*", model::Access::kRead);
  }
  static void rotate(RunningHome& home) {
    auto report = home.hub().renewKey({"rotated", "", false});
    ASSERT_TRUE(report.ok()) << report.error().message;
  }
  static bool pinsPresentKey(RunningHome& at, RunningHome& of) {
    auto row = at.rowOf(of);
    return row && row->operating_spki == of.identity().operatingSpki() && row->fork.empty();
  }
  // Linked under the present keys of both, and nobody waits for an older one any more.
  static bool settled(RunningHome& a, RunningHome& b) {
    return a.connectedTo(b) && b.connectedTo(a) && pinsPresentKey(a, b) && pinsPresentKey(b, a) &&
           a.rowOf(b)->knows_spki == a.identity().operatingSpki() && b.rowOf(a)->knows_spki == b.identity().operatingSpki();
  }
  // For people, when two homes do not settle.
  static std::string standing(RunningHome& a, RunningHome& b) {
    std::string text;
    for (auto [at, of] : {std::pair(&a, &b), std::pair(&b, &a)}) {
      sync::HomeState state = at->hub().state(of->id());
      text += at->id().text().substr(0, 8) + ": " + state.state + " " + state.refused_reason + (pinsPresentKey(*at, *of) ? "" : ", another pin") +
              (at->rowOf(*of)->knows_spki == at->identity().operatingSpki() ? "" : ", not known there") + "; ";
    }
    return text;
  }
  bool arrives(const std::string& id) {
    EXPECT_TRUE(beach.put(id, "{\"state\":\"on\"}").ok());
    return eventually([&] { return !city.shown(id, beach.id()).empty(); });
  }
};

TEST_F(Keys, AreTakenInWhileLinked) {
  rotate(beach);
  EXPECT_TRUE(eventually([&] { return settled(beach, city); }));
  EXPECT_TRUE(eventually([&] { return beach.identity().keys()->former.empty(); }));
  EXPECT_EQ(beach.identity().epoch(), 2u);
  EXPECT_TRUE(arrives("light.after"));
  EXPECT_TRUE(beach.hub().keys()->waiting.empty());
}

TEST_F(Keys, OfBothAtOnce) {
  for (int i = 0; i < 3; ++i) {
    rotate(beach);
    rotate(city);
  }
  EXPECT_TRUE(eventually([&] { return settled(beach, city); }));
  EXPECT_TRUE(arrives("light.after"));
}

TEST_F(Keys, AreLearntByAHomeThatSleptThroughFiveRotations) {
  city.stop();
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city); }));
  for (int i = 0; i < 5; ++i) rotate(beach);
  EXPECT_EQ(beach.identity().keys()->former.size(), 5u);
  EXPECT_EQ(beach.hub().keys()->waiting.size(), 1u);
  beach.stop();
  beach.start();
  city.start();
  EXPECT_TRUE(eventually([&] { return settled(beach, city); }));
  EXPECT_TRUE(eventually([&] { return beach.identity().keys()->former.empty(); }));
  EXPECT_TRUE(arrives("light.after"));
}

TEST_F(Keys, OfBothWhileApart) {
  city.stop();
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city); }));
  rotate(beach);
  rotate(beach);
  beach.stop();
  city.start();
  rotate(city);
  beach.start();
  EXPECT_TRUE(eventually([&] { return settled(beach, city); }));
  EXPECT_TRUE(arrives("light.after"));
}

TEST_F(Keys, AreDroppedWithTheHomeThatWaitedForThem) {
  city.stop();
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city); }));
  rotate(beach);
  ASSERT_EQ(beach.identity().keys()->former.size(), 1u);
  ASSERT_TRUE(beach.hub().forget(city.id()).ok());
  EXPECT_TRUE(eventually([&] { return beach.identity().keys()->former.empty(); }));
}

// A home that was away keeps the key of the other for 400 days, not longer; and only by a clock that is right.
TEST_F(Keys, AreKeptFor400Days) {
  city.stop();
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city); }));
  rotate(beach);
  beach.clock.putForward(int64_t{399} * 24 * 3600 * 1000);
  rotate(beach);
  ASSERT_EQ(beach.identity().keys()->former.size(), 2u);
  beach.clock.putForward(int64_t{2} * 24 * 3600 * 1000);
  EXPECT_TRUE(eventually([&] { return beach.identity().keys()->former.size() == 1; }));
}

struct KeysOfThree : Keys {
  RunningHome attic{network, "Attic"};
  KeysOfThree() {
    pairHomes(beach, attic);
    pairHomes(city, attic);
  }
  // What `at` has stored of Beach is changed, and it starts anew.
  void startWith(RunningHome& at, const std::function<void(store::Peer&)>& change) {
    ASSERT_TRUE(at.engine().run([&](engine::Core& core) {
      auto row = core.store().peer(beach.id());
      change(*row);
      core.store().putPeer(*row);
    }).ok());
    at.stop();
    at.start();
  }
  // What `home` holds becomes what somebody else chained to the same key: the row of a home that met the thief.
  static std::string chainedByAThief(const trust::KeyChain& before, const trust::PrivateKey& stolen) {
    trust::KeyChain chain = before;
    chain.push_back(trust::makeChainStatement(before.back(), stolen, trust::PrivateKey::generate(systemRandom()), "stolen"));
    return trust::encodeChain(chain);
  }
};

TEST_F(KeysOfThree, ACompromisedOneIsReplacedWhereverAThirdHomeKnows) {
  const std::string seed = beach.seed();
  city.stop();
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city) && !attic.connectedTo(city); }));
  auto report = beach.hub().renewKey({"compromised", seed, true});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->by, trust::VouchedBy::kRoot);
  EXPECT_EQ(report->former, 0u);
  ASSERT_TRUE(eventually([&] { return settled(beach, attic); }));
  city.start();
  // It knows the old key alone, which nobody has any more; Attic tells.
  EXPECT_TRUE(eventually([&] { return settled(beach, city); }));
  EXPECT_TRUE(arrives("light.after"));
}

TEST_F(KeysOfThree, AForkIsHeldAndAlarmedUntilTheRootKeySpeaks) {
  const std::string seed = beach.seed();
  const trust::KeyChain before = beach.identity().chain();
  const trust::PrivateKey stolen = beach.identity().operatingKey();
  // City met the thief; Attic met the home.
  city.stop();
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city) && !attic.connectedTo(city); }));
  rotate(beach);
  ASSERT_TRUE(eventually([&] { return settled(beach, attic); }));
  city.start();
  ASSERT_TRUE(eventually([&] { return settled(city, attic); }));
  beach.stop();
  const std::string forged = chainedByAThief(before, stolen);
  startWith(city, [&](store::Peer& of_beach) {
    of_beach.statements = forged;
    of_beach.operating_spki = trust::decodeChain(forged)->back().operating_spki;
  });
  EXPECT_TRUE(eventually([&] { return !city.rowOf(beach)->fork.empty() && !attic.rowOf(beach)->fork.empty(); }));
  beach.start();
  EXPECT_TRUE(eventually([&] { return attic.hub().state(beach.id()).refused_reason == "identity_fork"; }));
  EXPECT_FALSE(attic.connectedTo(beach));
  // No link stands that could carry it.
  rotate(beach);
  auto report = beach.hub().renewKey({"compromised", seed, true});
  ASSERT_TRUE(report.ok()) << report.error().message;
  // Nobody pins the new key; a person pairs with one of them, the other hears of it.
  auto code = attic.hub().openPairing(300, true);
  ASSERT_TRUE(code.ok());
  auto joined = beach.hub().join(code->code, attic.address(), true);
  ASSERT_TRUE(joined.ok()) << joined.error().message;
  EXPECT_TRUE(eventually([&] { return settled(beach, attic); }));
  EXPECT_TRUE(eventually([&] { return settled(beach, city); }));
  EXPECT_TRUE(arrives("light.after"));
}

// Without the words a person decides, by pairing again; what was decided against is not raised again by a third home.
TEST_F(KeysOfThree, AForkIsOverWhenAPersonPairsAgain) {
  const trust::KeyChain before = beach.identity().chain();
  const std::string forged = chainedByAThief(before, beach.identity().operatingKey());
  rotate(beach);
  ASSERT_TRUE(eventually([&] { return settled(beach, attic) && settled(beach, city) && settled(city, attic); }));
  startWith(city, [&](store::Peer& of_beach) { of_beach.fork = forged; });
  ASSERT_TRUE(eventually([&] { return !attic.rowOf(beach)->fork.empty(); }));
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(attic) && !beach.connectedTo(city); }));
  // One that is cut before its end leaves everything held.
  askBoth(attic, beach, attic.address());
  attic.hub().cancelPairing();
  EXPECT_FALSE(attic.rowOf(beach)->fork.empty());
  pairHomes(attic, beach);
  ASSERT_TRUE(eventually([&] { return settled(beach, attic); }));
  EXPECT_FALSE(attic.rowOf(beach)->rejected.empty());
  // City has both, and tells.
  attic.stop();
  attic.start();
  ASSERT_TRUE(eventually([&] { return attic.connectedTo(city) && settled(beach, attic); }));
  EXPECT_TRUE(city.put("light.of_city", "{}").ok());
  city.grant(attic.id(), "*", model::Access::kRead);
  ASSERT_TRUE(eventually([&] { return !attic.shown("light.of_city", city.id()).empty(); }));  // Behind what it told of keys.
  EXPECT_TRUE(attic.rowOf(beach)->fork.empty());
  EXPECT_TRUE(attic.connectedTo(beach));
}

// Told in the middle of what the other one is about to answer.
TEST_F(Keys, ReplacedManyTimesInARow) {
  for (int i = 0; i < 20; ++i) rotate(i % 3 == 0 ? city : beach);
  EXPECT_TRUE(eventually([&] { return settled(beach, city); }));
  EXPECT_TRUE(eventually([&] { return beach.identity().keys()->former.empty() && city.identity().keys()->former.empty(); }));
  EXPECT_TRUE(arrives("light.after"));
}

TEST_F(KeysOfThree, AHomeIsToldOfStatementsThatItDidNotMake) {
  const std::string forged = chainedByAThief(beach.identity().chain(), beach.identity().operatingKey());
  city.stop();
  ASSERT_TRUE(eventually([&] { return !attic.connectedTo(city); }));
  city.start();
  ASSERT_TRUE(eventually([&] { return city.connectedTo(attic) && city.connectedTo(beach); }));
  // The home has replaced its key too, so the thief's statement contradicts one that is known.
  rotate(beach);
  ASSERT_TRUE(eventually([&] { return settled(beach, attic) && settled(beach, city); }));
  EXPECT_FALSE(beach.hub().keys()->foreign);
  startWith(city, [&](store::Peer& of_beach) { of_beach.fork = forged; });
  EXPECT_TRUE(eventually([&] { return !attic.rowOf(beach)->fork.empty(); }));
  EXPECT_TRUE(eventually([&] { return beach.hub().keys()->foreign; }));
}

// Whatever order homes rotate, go and come back in: in the end each pins the present key of each, and no other is kept.
TEST(KeysOfFour, SettleInAnyOrder) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    auto network = std::make_shared<LoopbackNetwork>();
    std::vector<std::unique_ptr<RunningHome>> homes;
    for (const char* name : {"Beach", "City", "Attic", "Boat"}) homes.push_back(std::make_unique<RunningHome>(network, name));
    std::vector<bool> up(homes.size(), true);
    for (size_t i = 0; i < homes.size(); ++i) {
      for (size_t j = i + 1; j < homes.size(); ++j) pairHomes(*homes[i], *homes[j]);
    }
    auto linkedTo = [&](size_t one) -> RunningHome* {
      for (size_t other = 0; other < homes.size(); ++other) {
        if (other != one && up[other] && Keys::settled(*homes[one], *homes[other])) return homes[other].get();
      }
      return nullptr;
    };
    for (int step = 0; step < 24; ++step) {
      const size_t at = random() % homes.size();
      RunningHome& home = *homes[at];
      switch (random() % 4) {
        case 0:
          if (up[at]) home.stop();
          up[at] = false;
          break;
        case 1:
          if (!up[at]) home.start();
          up[at] = true;
          break;
        case 2:
          if (up[at]) Keys::rotate(home);
          break;
        case 3: {
          // One home alone: of two that destroyed their keys, a third that missed both could hear from nobody.
          RunningHome* witness = at == 0 && up[at] ? linkedTo(at) : nullptr;
          if (!witness) break;
          ASSERT_TRUE(home.hub().renewKey({"compromised", home.seed(), true}).ok());
          ASSERT_TRUE(eventually([&] { return Keys::settled(home, *witness); }));  // Somebody has to know.
          break;
        }
      }
    }
    for (size_t i = 0; i < homes.size(); ++i) {
      if (!up[i]) homes[i]->start();
    }
    for (auto& one : homes) {
      for (auto& other : homes) {
        if (one == other) continue;
        EXPECT_TRUE(eventually([&] { return Keys::settled(*one, *other); })) << Keys::standing(*one, *other);
      }
      EXPECT_TRUE(eventually([&] { return one->identity().keys()->former.empty(); }));
    }
  }
}

}  // namespace
}  // namespace hearthgate::testing
