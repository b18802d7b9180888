// Rules that this home gives and those that it receives: numbers, times, exceptions, and what follows in the database.
#include "store/rules_codec.h"
#include "unit/engine/two_homes.h"

namespace hearthgate::engine {
namespace {

using Scope = model::StrategyRow::Scope;

class Granting : public TwoHomes {
 protected:
  Granting() {
    a.commit([&] { a.core().admit(b.id()); });
    (void)a.core().takeRuleChanges();
  }
  std::string grant(const std::string& pattern, Access access, std::optional<int64_t> until = {}) {
    std::string code;
    alone(a, [&] {
      Status status = a.core().grant(b.id(), pattern, access, until);
      code = status.ok() ? "ok" : status.error().code;
    });
    return code;
  }
  Access access(const std::string& id) { return a.core().accessFor(b.id(), id); }
  uint64_t number() { return a.core().rulesFor(b.id())->number; }
  bool expire() {
    bool any = false;
    a.commit([&] { any = a.core().expireGrants(); });
    return any;
  }
  // What a new process would go by.
  void expectStored() { EXPECT_EQ(*a.core().rulesFor(b.id()), a.store().rules(a.owner(), b.id())); }
};

TEST_F(Granting, GivesNothingToBeginWith) {
  EXPECT_EQ(number(), 1u);
  EXPECT_EQ(access("light.a"), Access::kNone);
  EXPECT_EQ(a.core().accessFor(model::home(9), "light.a"), Access::kNone);
  EXPECT_EQ(a.core().rulesFor(model::home(9)), nullptr);
}

TEST_F(Granting, RaisesTheNumberOnlyWhenSomethingChanges) {
  EXPECT_EQ(grant("light.*", Access::kRead), "ok");
  EXPECT_EQ(number(), 2u);
  EXPECT_EQ(a.core().takeRuleChanges(), std::set<HomeId>{b.id()});
  EXPECT_EQ(grant("light.*", Access::kRead), "ok");
  EXPECT_EQ(number(), 2u);
  EXPECT_TRUE(a.core().takeRuleChanges().empty());
  EXPECT_EQ(grant("light.*", Access::kWrite), "ok");
  EXPECT_EQ(number(), 3u);
  EXPECT_EQ(a.core().rulesFor(b.id())->lists.at(0).size(), 1u) << "one row a pattern";
  expectStored();
}

TEST_F(Granting, MakesExceptionsInBothDirections) {
  grant("light.*", Access::kRead);
  grant("light.safe*", Access::kNone);
  grant("light.safe_lamp", Access::kWrite);
  EXPECT_EQ(access("light.a"), Access::kRead);
  EXPECT_EQ(access("light.safe"), Access::kNone);
  EXPECT_EQ(access("light.safe_lamp"), Access::kWrite);
  grant("light.?afe_lamp", Access::kNone);
  EXPECT_EQ(access("light.safe_lamp"), Access::kWrite) << "exact beats a glob of any length";
  bool there = false;
  a.commit([&] { there = a.core().revoke(b.id(), "light.safe_lamp"); });
  EXPECT_TRUE(there);
  EXPECT_EQ(access("light.safe_lamp"), Access::kNone);
  uint64_t before = number();
  a.commit([&] { there = a.core().revoke(b.id(), "light.safe_lamp"); });
  EXPECT_FALSE(there);
  EXPECT_EQ(number(), before);
  a.commit([&] { there = a.core().revoke(model::home(9), "light.*"); });
  EXPECT_FALSE(there);
}

TEST_F(Granting, RefusesPatternsThatAreNoneAndTimesThatPassed) {
  EXPECT_EQ(grant("li ght", Access::kRead), "bad_id");
  EXPECT_EQ(grant("light.a", Access::kRead, a.clock().wall_ms), "until_past");
  EXPECT_EQ(grant("light.a", Access::kRead, a.clock().wall_ms + 1), "ok");
}

TEST_F(Granting, EndsAtItsTimeAndNotBefore) {
  int64_t now = a.clock().wall_ms;
  grant("light.a", Access::kWrite, now + 1000);
  grant("light.b", Access::kWrite, now + 2000);
  grant("light.c", Access::kRead);
  a.clock().wall_ms = now + 999;
  EXPECT_FALSE(expire());
  a.clock().wall_ms = now + 1000;
  uint64_t before = number();
  EXPECT_TRUE(expire());
  EXPECT_EQ(number(), before + 1);
  EXPECT_EQ(access("light.a"), Access::kNone);
  EXPECT_EQ(access("light.b"), Access::kWrite);
  EXPECT_EQ(access("light.c"), Access::kRead);
  EXPECT_FALSE(expire());
  EXPECT_EQ(number(), before + 1);
  expectStored();
}

TEST_F(Granting, DoesNotEndByAClockThatLostItsSynchronisation) {
  a.clock().synced = true;
  EXPECT_FALSE(expire());
  int64_t now = a.clock().wall_ms;
  grant("light.a", Access::kWrite, now + 1000);
  a.clock().synced = false;
  a.clock().wall_ms = now + 5000;
  EXPECT_FALSE(expire());
  // Also not after the next start.
  std::string image = a.image();
  a.start(image, Home::Start::kClean);
  EXPECT_FALSE(expire());
  EXPECT_EQ(access("light.a"), Access::kWrite);
  a.clock().synced = true;
  EXPECT_TRUE(expire());
  EXPECT_EQ(access("light.a"), Access::kNone);
}

TEST_F(Granting, EndsByAClockThatNeverWasSynchronised) {
  a.clock().synced = false;
  grant("light.a", Access::kWrite, a.clock().wall_ms + 1000);
  a.clock().wall_ms += 1000;
  EXPECT_TRUE(expire());
}

TEST_F(Granting, GoesOnAboveTheOldNumberAfterAHomeWasForgotten) {
  grant("light.*", Access::kWrite);
  uint64_t before = number();
  a.commit([&] { a.core().dismiss(b.id()); });
  EXPECT_EQ(number(), before + 1);
  EXPECT_EQ(access("light.a"), Access::kNone);
  a.commit([&] { a.core().admit(b.id()); });
  EXPECT_EQ(number(), before + 1);
  EXPECT_EQ(access("light.a"), Access::kNone);
  a.commit([&] { a.core().dismiss(model::home(9)); });
  EXPECT_EQ(a.core().rulesFor(model::home(9)), nullptr);
}

TEST_F(Granting, GivesNoMoreRowsThanTheOtherSideReads) {
  a.store().begin();
  Status status;
  for (size_t i = 0; status.ok() && i < store::kMaxRuleRows; ++i) {
    status = a.core().grant(b.id(), "light.n" + std::to_string(i), Access::kRead, {});
  }
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(store::decodeRules(store::encodeRules(*a.core().rulesFor(b.id()))).ok());
  Status refused = a.core().grant(b.id(), "light.more", Access::kRead, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "rules_full");
  EXPECT_TRUE(a.core().grant(b.id(), "light.n7", Access::kWrite, {}).ok()) << "a row that is there may change";
  a.store().rollback();
}

// A home that tells other rules again and again takes access from itself alone, and never more than can be told back.
TEST_F(Granting, StaysWithinTheLimitsWhateverIsTold) {
  ASSERT_EQ(grant("light.*", Access::kWrite), "ok");
  for (uint64_t round = 0; round < 10; ++round) {
    model::Rules told;
    told.number = number() + 1;
    for (uint64_t i = 0; i < 16; ++i) told.lists.push_back({{"light.n" + std::to_string(round * 16 + i), Access::kRead, {}}});
    a.commit([&] { a.core().meetRules(b.id(), told); });
    ASSERT_LE(a.core().rulesFor(b.id())->lists.size(), store::kMaxRuleLists);
    ASSERT_TRUE(store::decodeRules(store::encodeRules(*a.core().rulesFor(b.id()))).ok());
    ASSERT_EQ(number(), told.number + 1);
  }
  EXPECT_EQ(access("light.a"), Access::kNone);
  // A person who grants has looked: the own rows go on.
  ASSERT_EQ(grant("lock.door", Access::kRead), "ok");
  EXPECT_EQ(access("light.a"), Access::kWrite);
  expectStored();
}

TEST_F(Granting, TellsStrategiesOfEntitiesOnlyToWhoMaySeeThem) {
  auto told = [&] {
    std::string out;
    for (const model::StrategyRow& row : a.core().rulesFor(b.id())->strategies)
      out.append(row.pattern).append("=").append(row.strategy).append(" ");
    return out;
  };
  use(a, Scope::kEntity, "light.secret", "merge");
  use(a, Scope::kKind, "scene", "merge");
  EXPECT_EQ(told(), "scene=merge =latest-wins ");
  uint64_t before = number();
  grant("light.*", Access::kRead);
  EXPECT_EQ(told(), "light.secret=merge scene=merge =latest-wins ");
  EXPECT_EQ(number(), before + 1);
  use(a, Scope::kEntity, "switch.other", "merge");
  EXPECT_EQ(number(), before + 1) << "nothing changed for this home";
  grant("light.secret", Access::kNone);
  EXPECT_EQ(told(), "scene=merge =latest-wins ");
  expectStored();
}

TEST_F(Granting, GivesTheLesserOfBothListsAfterItForgotSomeRules) {
  grant("light.*", Access::kWrite);
  model::Rules told = *a.core().rulesFor(b.id());
  told.number += 5;
  told.lists = {{{"light.*", Access::kRead, {}}, {"switch.*", Access::kWrite, {}}}};
  a.commit([&] { a.core().meetRules(b.id(), told); });
  EXPECT_EQ(number(), told.number + 1) << "above what the other side knows";
  EXPECT_EQ(access("light.a"), Access::kRead);
  EXPECT_EQ(access("switch.a"), Access::kNone);
  expectStored();
  // Once told, it is not met again.
  model::Rules now = *a.core().rulesFor(b.id());
  a.commit([&] { a.core().meetRules(b.id(), now); });
  EXPECT_EQ(*a.core().rulesFor(b.id()), now);
  model::Rules older = told;
  older.number = 1;
  a.commit([&] { a.core().meetRules(b.id(), older); });
  EXPECT_EQ(*a.core().rulesFor(b.id()), now) << "an older number is no news";
  // A person's next word takes the own list on.
  grant("scene.*", Access::kRead);
  EXPECT_EQ(a.core().rulesFor(b.id())->lists.size(), 1u);
  EXPECT_EQ(access("light.a"), Access::kWrite);
}

TEST_F(Granting, OutlivesARestart) {
  grant("light.*", Access::kWrite);
  model::Rules before = *a.core().rulesFor(b.id());
  std::string image = a.image();
  a.start(image, Home::Start::kClean);
  EXPECT_EQ(*a.core().rulesFor(b.id()), before);
  EXPECT_EQ(access("light.a"), Access::kWrite);
}

class Receiving : public TwoHomes {
 protected:
  Receiving() {
    EXPECT_TRUE(a.put(lamp("light.a"), R"({"n":1})").ok());
    EXPECT_TRUE(a.put(lamp("light.b"), R"({"n":1})").ok());
    carry(a, b, lamp("light.a"));
    carry(a, b, lamp("light.b"));
  }
};

TEST_F(Receiving, TakesOnlyANewerNumber) {
  tell("light.*", Access::kNone, 1);
  EXPECT_EQ(b.core().ownAccess(lamp("light.a")), OwnAccess::kWrite);
  EXPECT_EQ(b.shown(lamp("light.a")), R"({"n":1})");
  model::Rules rules = *b.core().rulesFrom(a.owner());
  alone(b, [&] { b.core().receiveRules(a.owner(), rules); });
  EXPECT_TRUE(b.core().takeReceivedRuleChanges().empty());
  rules.number = 2;
  alone(b, [&] { b.core().receiveRules(a.owner(), rules); });
  EXPECT_EQ(b.core().takeReceivedRuleChanges(), std::set<model::OwnerId>{a.owner()});
  EXPECT_EQ(b.core().rulesFrom(a.owner())->number, 2u);
}

TEST_F(Receiving, ForgetsContentThatMayNotBeReadAndWhatIsHeldOfIt) {
  b.commit([&] {
    for (const char* id : {"light.a", "light.b"}) {
      store::HeldRow held;
      held.home = a.id();
      held.address = lamp(id);
      held.version = "x";
      b.store().addHeld(held);
    }
  });
  auto n = b.store().entity(lamp("light.b"))->n;
  tell("light.a", Access::kWrite, 2);
  EXPECT_EQ(b.shown(lamp("light.a")), R"({"n":1})");
  EXPECT_EQ(b.shown(lamp("light.b")), "none");
  EXPECT_EQ(b.store().entity(lamp("light.b"))->state, store::EntityState::kNoLongerShared);
  EXPECT_TRUE(b.store().history(n, 10).empty());
  EXPECT_EQ(b.store().heldCount(), 1u);
  EXPECT_FALSE(b.core().writer().owner(a.owner()).replacing);
}

TEST_F(Receiving, ReplacesItsCopyWhenItMayWriteNoMore) {
  tell("light.*", Access::kRead, 2);
  EXPECT_TRUE(b.core().writer().owner(a.owner()).replacing);
  EXPECT_EQ(b.shown(lamp("light.a")), R"({"n":1})");
  std::string image = b.image();
  b.start(image, Home::Start::kClean);
  EXPECT_TRUE(b.core().writer().owner(a.owner()).replacing) << "the flag is durable";
}

TEST_F(Receiving, KeepsWhatItWroteAndTheOwnerNeverTook) {
  ASSERT_TRUE(b.put(lamp("light.a"), R"({"n":"mine"})").ok());
  model::Version own = b.siblings(lamp("light.a"))[0];
  tell("light.*", Access::kNone, 2);
  EXPECT_EQ(b.shown(lamp("light.a")), "none");
  auto records = conflicts(b);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].state, store::ConflictState::kRefused);
  EXPECT_EQ(records[0].versions.at(0).hash, own.hash);
  EXPECT_TRUE(b.store().historyVersion(records[0].entity, own.id()));
}

}  // namespace
}  // namespace hearthgate::engine
