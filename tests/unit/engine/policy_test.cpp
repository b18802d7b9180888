// What rules and strategies say of one entity: the same whether the engine is asked or the database.
#include "engine/policy.h"

#include "unit/engine/two_homes.h"

namespace hearthgate::engine {
namespace {

using Scope = model::StrategyRow::Scope;

class Policy : public TwoHomes {
 protected:
  std::string strategyAt(Home& home, const model::Address& address, const std::string& kind = "state") {
    EffectiveStrategy core = home.core().strategyOf(address, kind);
    EffectiveStrategy reader =
        strategyOf(home.store(), home.id(), home.core().settings().default_strategy, address, kind);
    EXPECT_EQ(core.name, reader.name);
    EXPECT_EQ(core.shown, reader.shown);
    EXPECT_EQ(core.known, reader.known);
    return core.name;
  }
  std::string accessAt(Home& home, const model::Address& address) {
    EXPECT_EQ(home.core().ownAccess(address), accessOf(home.store(), home.id(), address)) << address.id;
    return std::string(ownAccessText(home.core().ownAccess(address)));
  }
};

TEST_F(Policy, TakesTheMostParticularStrategy) {
  EXPECT_EQ(strategyAt(a, lamp()), "latest-wins") << "the configuration's";
  use(a, Scope::kOwner, "", "merge");
  EXPECT_EQ(strategyAt(a, lamp()), "merge");
  use(a, Scope::kKind, "state", "local-wins");
  EXPECT_EQ(strategyAt(a, lamp()), "local-wins");
  EXPECT_EQ(strategyAt(a, lamp(), "scene"), "merge");
  use(a, Scope::kGlob, "light.*", "remote-wins");
  EXPECT_EQ(strategyAt(a, lamp()), "remote-wins");
  use(a, Scope::kGlob, "light.k*", "merge");
  EXPECT_EQ(strategyAt(a, lamp()), "merge") << "of two globs the one with more characters";
  use(a, Scope::kEntity, "light.kitchen", "user-choice");
  EXPECT_EQ(strategyAt(a, lamp()), "user-choice");
  EXPECT_EQ(strategyAt(a, lamp("light.k2")), "merge");
  a.commit([&] { EXPECT_TRUE(a.core().setStrategyHere(lamp(), "latest-wins").ok()); });
  EXPECT_EQ(strategyAt(a, lamp()), "latest-wins");
  a.commit([&] { EXPECT_TRUE(a.core().setStrategyHere(lamp(), std::nullopt).ok()); });
  EXPECT_EQ(strategyAt(a, lamp()), "user-choice");
}

TEST_F(Policy, TakesTheOwnersStrategiesForItsThings) {
  use(b, Scope::kOwner, "", "merge");
  tell("light.*", Access::kRead, 2, "local-wins");
  EXPECT_EQ(strategyAt(b, lamp()), "local-wins");
  EXPECT_EQ(strategyAt(b, {b.owner(), "light.kitchen"}), "merge");
  b.commit([&] { EXPECT_TRUE(b.core().setStrategyHere(lamp(), "user-choice").ok()); });
  EXPECT_EQ(strategyAt(b, lamp()), "user-choice");
  // Of an owner that told nothing.
  EXPECT_EQ(strategyAt(b, {model::OwnerId(model::home(9)), "light.x"}), "latest-wins");
}

TEST_F(Policy, ShowsLatestWinsForAStrategyOfALaterRelease) {
  tell("light.*", Access::kRead, 2, "home/script#0123");
  EXPECT_EQ(strategyAt(b, lamp()), "home/script#0123");
  EXPECT_FALSE(b.core().strategyOf(lamp(), "state").known);
  EXPECT_EQ(b.core().strategyOf(lamp(), "state").shown, conflict::Strategy::kLatestWins);
}

TEST_F(Policy, RefusesStrategiesAndPatternsThatAreNone) {
  auto code = [&](const model::StrategyRow& row) {
    std::string said;
    a.commit([&] {
      Status status = a.core().setStrategy(row);
      said = status.ok() ? "ok" : status.error().code;
    });
    return said;
  };
  EXPECT_EQ(code({Scope::kOwner, "", "newest"}), "unknown_strategy");
  EXPECT_EQ(code({Scope::kEntity, "light.*", "merge"}), "bad_id");
  EXPECT_EQ(code({Scope::kGlob, "li ght", "merge"}), "bad_id");
  EXPECT_EQ(code({Scope::kKind, "Kind", "merge"}), "bad_document");
  EXPECT_TRUE(a.store().strategyRows().empty());
}

TEST_F(Policy, KnowsWhatThisHomeMayDo) {
  EXPECT_EQ(accessAt(a, lamp("anything.at_all")), "owner");
  EXPECT_EQ(accessAt(b, lamp()), "write");
  EXPECT_EQ(accessAt(b, lamp("scene.x")), "none");
  tell("light.*", Access::kRead, 2);
  EXPECT_EQ(accessAt(b, lamp()), "read");
  EXPECT_EQ(accessAt(a, {b.owner(), "light.kitchen"}), "none");
  model::Rules doubtful;
  doubtful.number = 3;
  doubtful.lists = {{{"light.*", Access::kWrite, {}}}, {{"light.k*", Access::kRead, {}}}};
  b.commit([&] { b.core().receiveRules(a.owner(), doubtful); });
  EXPECT_EQ(accessAt(b, lamp()), "read") << "of several lists the lesser answer";
  EXPECT_EQ(accessAt(b, lamp("light.x")), "none");
}

TEST_F(Policy, GivesTheSameETagForTheSameSiblingsAtEveryHome) {
  part();
  carry(a, b, lamp());
  EXPECT_EQ(etagAt(a, lamp()), etagAt(b, lamp()));
  EXPECT_NE(etagAt(a, lamp()), a.siblings(lamp())[0].id());
  ASSERT_TRUE(a.put(lamp(), "{}").ok());
  EXPECT_EQ(etagAt(a, lamp()), a.siblings(lamp())[0].id()) << "of one version its id";
}

}  // namespace
}  // namespace hearthgate::engine
