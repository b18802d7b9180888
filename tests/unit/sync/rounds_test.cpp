// What changes while a link sends waits for the next round (kRoundBytes), and entities that are rewritten all the while wait
// longer (kRoundPauseMs).
#include "sync/tuning.h"
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

constexpr int kEntities = 200;  // of a thousand bytes: two rounds' worth in flight

class Rounds : public PairOfHomes {
 protected:
  Rounds() {
    EXPECT_TRUE(a.grant(b.id(), "*", Access::kRead).ok());
    connect();
    settle();
  }
  // Each entity once, in one transaction, as a bulk call does.
  void rewrite(int entities = kEntities) {
    a.commit([&] {
      a.core().beginChange(a.id(), "test", "bulk");
      for (int i = 0; i < entities; ++i) {
        engine::WriteOrder order;
        order.address = of(a, "light.n" + std::to_string(i));
        order.fields = *model::parseJson("{\"n\":" + std::to_string(++written_) + ",\"state\":\"" + std::string(1000, 'x') + "\"}", 8);
        ASSERT_TRUE(a.core().write(order).ok());
      }
      a.core().endChange();
    });
  }
  void pass(int64_t ms) {
    for (Home* home : {&a, &b}) home->clock().steady_ms += ms;
    a.commit([] {});
  }
  int sent() { return std::exchange(versions_sent, 0); }
  void expectLevel() {
    settle();
    pass(kRoundPauseMs);
    settle();
    for (const char* id : {"light.n0", "light.n99", "light.n199"}) expectSame(of(a, id));
    EXPECT_TRUE(a.replicator().levelTowards(b.id()));
  }
  // A round of states that were rewritten while the one before was under way, and rewritten again in the `ms` that it takes.
  void oneRewrittenRound(int64_t ms) {
    for (int i = 0; i < 4; ++i) rewrite();
    EXPECT_EQ(sent(), kEntities);
    while (step(a_to_b, a, b)) {
    }
    while (step(b_to_a, b, a)) {
    }
    EXPECT_EQ(sent(), kEntities);
    rewrite();
    pass(ms);
    settle();
  }

 private:
  int written_ = 0;
};

TEST_F(Rounds, StatesThatAreOldBeforeTheyLeaveAreNotSent) {
  rewrite();
  EXPECT_EQ(sent(), kEntities);
  for (int i = 0; i < 5; ++i) rewrite();
  EXPECT_EQ(sent(), 0);
  settle();
  EXPECT_EQ(sent(), kEntities);
  expectLevel();
}

TEST_F(Rounds, WhatIsRewrittenAllTheWhileWaitsAsLongAsTheRoundTook) {
  oneRewrittenRound(40);
  EXPECT_EQ(sent(), 0);
  for (int ms = 0; ms < 40; ms += 4) {
    ASSERT_TRUE(a.replicator().pumpDueMs().has_value());
    EXPECT_GT(*a.replicator().pumpDueMs(), a.clock().steadyMs());
    EXPECT_LE(*a.replicator().pumpDueMs(), a.clock().steadyMs() + kRoundIdleMs);
    rewrite();
    EXPECT_EQ(sent(), 0) << ms;
    pass(4);
  }
  EXPECT_EQ(sent(), kEntities);
  EXPECT_FALSE(a.replicator().pumpDueMs().has_value());
  expectLevel();
}

TEST_F(Rounds, ThePauseHasAnEnd) {
  oneRewrittenRound(5'000);
  for (int64_t ms = 0; ms < kRoundPauseMs; ms += 4) {
    rewrite();
    EXPECT_EQ(sent(), 0) << ms;
    pass(4);
  }
  EXPECT_EQ(sent(), kEntities);
  expectLevel();
}

TEST_F(Rounds, NothingWaitsForWritesThatDoNotCome) {
  oneRewrittenRound(60);
  pass(4);
  rewrite();
  EXPECT_EQ(sent(), 0);
  EXPECT_EQ(*a.replicator().pumpDueMs(), a.clock().steadyMs() + kRoundIdleMs);
  pass(kRoundIdleMs - 1);
  EXPECT_EQ(sent(), 0);
  pass(1);
  EXPECT_EQ(sent(), kEntities);
  EXPECT_FALSE(a.replicator().pumpDueMs().has_value());
  expectLevel();
}

TEST_F(Rounds, DifferentEntitiesDoNotWait) {
  rewrite(2000);
  for (int i = 0; i < 40 && !a.replicator().levelTowards(b.id()); ++i) {
    pass(10);
    settle();
    EXPECT_FALSE(a.replicator().pumpDueMs().has_value());
  }
  EXPECT_TRUE(a.replicator().levelTowards(b.id()));
  EXPECT_EQ(sent(), 2000);
}

TEST_F(Rounds, AFewEntitiesDoNotWaitHoweverOftenTheyAreRewritten) {
  constexpr int kFew = static_cast<int>(kRoundRows) - 1;
  for (int i = 0; i < 30; ++i) {
    rewrite(kFew);
    if (i % 3 != 2) continue;
    pass(20);
    settle();
    EXPECT_FALSE(a.replicator().pumpDueMs().has_value());
    EXPECT_TRUE(a.replicator().levelTowards(b.id()));
  }
}

}  // namespace
}  // namespace hearthgate::sync
