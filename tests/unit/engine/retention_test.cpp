// Retention: what goes, what never goes, and that a trimmed history looks like nothing else.
#include "engine/tuning.h"
#include "unit/engine/two_homes.h"

namespace hearthgate::engine {
namespace {

class RetentionTest : public TwoHomes {
 protected:
  RetentionTest() {
    for (Home* home : {&a, &b}) keep(*home, 3);
    tell("light.*", Access::kWrite, 2);
  }
  // The tests say when it runs.
  static void keep(Home& home, size_t versions, size_t after_writes = 1'000'000) {
    sim::Limits limits;
    limits.retention = {versions, 90, after_writes};
    home.setLimits(limits);
    home.start(home.image(), Home::Start::kClean);
  }
  void writes(Home& home, int count, const std::string& id = "light.kitchen") {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(home.put(lamp(id), "{\"n\":" + std::to_string(++value_) + "}").ok());
  }
  // Until there is nothing left to do.
  static int settle(Home& home) {
    int slices = 0;
    for (bool more = true; more && slices < 10'000; ++slices) {
      home.store().begin();
      more = home.core().retain();
      home.core().flush();
      EXPECT_TRUE(home.store().commit().ok());
    }
    return slices;
  }
  static void nextDay(Home& home, int64_t wall_days = 1) {
    home.clock().steady_ms += kRetentionDayMs;
    home.clock().wall_ms += wall_days * kRetentionDayMs;
    settle(home);
  }
  size_t kept(Home& home, const std::string& id = "light.kitchen") {
    return home.store().history(home.store().entity(lamp(id))->n, 1'000'000).size();
  }
  int value_ = 0;
};

TEST_F(RetentionTest, KeepsTheNewestVersionsOfEachEntity) {
  writes(a, 10);
  writes(a, 2, "light.hall");
  settle(a);
  EXPECT_EQ(kept(a), 3u);
  EXPECT_EQ(kept(a, "light.hall"), 2u);
  auto rows = a.store().history(a.store().entity(lamp())->n, 10);
  EXPECT_EQ(rows.front().version.hash, a.siblings(lamp()).front().hash);
}

// Each write adds to the audit, and where that is full each slice finds something of it to take away.
TEST_F(RetentionTest, ComesToAnEndWhileWritesGoOn) {
  auto audited = [&] { a.store().addAudit({0, 1, "token:admin", "entity.write", "light.kitchen", "put", 1}); };
  a.store().begin();
  for (size_t i = 0; i < kAuditKept; ++i) audited();
  ASSERT_TRUE(a.store().commit().ok());
  writes(a, 10);
  bool more = true;
  for (int slices = 0; more && slices < 10; ++slices) {
    a.store().begin();
    audited();
    more = a.core().retain();
    a.core().flush();
    ASSERT_TRUE(a.store().commit().ok());
  }
  EXPECT_FALSE(more);
  EXPECT_EQ(kept(a), 3u);
}

// The daily look at every entity happens once, however much of the audit goes after it.
TEST_F(RetentionTest, LooksAtEachEntityOnceADay) {
  constexpr int kEntities = 3 * static_cast<int>(kRetentionSliceRows);
  constexpr size_t kRanges = 20;
  alone(a, [&] {
    for (int i = 0; i < kEntities; ++i) {
      EXPECT_TRUE(a.core().write(order(WriteOrder::Mode::kPut, "light.l" + std::to_string(i))).ok());
    }
  });
  settle(a);
  a.store().begin();
  for (size_t i = 0; i < kAuditKept + kRanges * kRetentionSliceRange; ++i) {
    a.store().addAudit({0, 1, "token:admin", "entity.write", "light.kitchen", "put", 1});
  }
  ASSERT_TRUE(a.store().commit().ok());
  a.clock().steady_ms += kRetentionDayMs;
  EXPECT_LE(settle(a), static_cast<int>(kRanges) + 8);
}

TEST_F(RetentionTest, IsDueAfterSoManyWritesAndOnceADay) {
  keep(a, 3, 2);
  settle(a);
  EXPECT_FALSE(a.core().retentionDue(true));
  auto one = [&] { alone(a, [&] { EXPECT_TRUE(a.core().write(order(WriteOrder::Mode::kPut)).ok()); }); };
  one();
  EXPECT_FALSE(a.core().retentionDue(false));
  EXPECT_TRUE(a.core().retentionDue(true)) << "in an idle moment the first write counts too";
  one();
  EXPECT_TRUE(a.core().retentionDue(false));
  settle(a);
  EXPECT_FALSE(a.core().retentionDue(true));
  a.clock().steady_ms += kRetentionDayMs;
  EXPECT_TRUE(a.core().retentionDue(true));
}

// Two entities that are written in commits of a thousand versions, as bulk calls make them: what is kept does not grow.
TEST_F(RetentionTest, KeepsUpWithWrites) {
  settle(a);
  constexpr size_t kAtOnce = 1'000;
  for (int round = 0; round < 10; ++round) {
    alone(a, [&] {
      for (size_t i = 0; i < kAtOnce; ++i) {
        EXPECT_TRUE(a.core().write(order(WriteOrder::Mode::kPut, i % 2 == 0 ? "light.kitchen" : "light.hall")).ok());
      }
    });
    a.store().begin();
    (void)a.core().retain();
    ASSERT_TRUE(a.store().commit().ok());
    EXPECT_LE(kept(a) + kept(a, "light.hall"), 6u) << round;
  }
}

TEST_F(RetentionTest, TakesAwayOnlySoMuchAtOnce) {
  keep(a, 1'000'000);
  writes(a, 1'000);
  keep(a, 3);
  a.store().begin();
  a.core().retain();
  ASSERT_TRUE(a.store().commit().ok());
  EXPECT_GE(kept(a), 1'000 - kRetentionSliceRows);
  EXPECT_GT(settle(a), 5);
}

TEST_F(RetentionTest, KeepsSiblingsAndWhatOpenConflictsName) {
  tell("light.*", Access::kWrite, 3, "user-choice");
  use(a, model::StrategyRow::Scope::kOwner, "", "user-choice");
  part();
  auto open = conflicts(a);
  ASSERT_EQ(open.size(), 1u);
  // Many more versions of the hall do not matter; the kitchen waits for a person.
  writes(a, 20, "light.hall");
  for (int day = 0; day < 200; ++day) nextDay(a);
  auto n = a.store().entity(lamp())->n;
  for (const auto& version : open[0].versions) EXPECT_TRUE(a.store().inHistory(n, version.hash));
  ASSERT_TRUE(open[0].base);
  EXPECT_TRUE(a.store().inHistory(n, open[0].base->hash));
  EXPECT_EQ(conflicts(a).size(), 1u);
  EXPECT_EQ(kept(a, "light.hall"), 1u) << "only what is shown is left of the old";
}

TEST_F(RetentionTest, KeepsTheBaseOfAWriteThatTheOwnerHasNotAcknowledged) {
  writes(a, 1);
  carry(a, b, lamp());
  auto base = b.siblings(lamp()).front();
  writes(b, 10);
  settle(b);
  for (int day = 0; day < 200; ++day) nextDay(b);
  auto n = b.store().entity(lamp())->n;
  EXPECT_TRUE(b.store().inHistory(n, base.hash));
  EXPECT_EQ(b.store().base(n).size(), 1u);
}

TEST_F(RetentionTest, TakesWhatIsOldEvenWhereItIsNotMuch) {
  writes(a, 2);
  nextDay(a);
  writes(a, 1, "light.hall");
  for (int day = 0; day < 89; ++day) nextDay(a);
  EXPECT_EQ(kept(a), 2u);
  nextDay(a, 2);
  EXPECT_EQ(kept(a), 1u) << "the one that is shown stays";
}

TEST_F(RetentionTest, TakesWhatWasNotAcceptedOnlyByItsAge) {
  writes(a, 1);
  carry(a, b, lamp());
  writes(b, 5);
  b.commit([&] { b.core().replace(lamp(), "state", a.siblings(lamp())); });
  // Four more of what is not accepted, each beside the owner's.
  for (int i = 0; i < 4; ++i) {
    writes(b, 1);
    b.commit([&] { b.core().replace(lamp(), "state", a.siblings(lamp())); });
  }
  settle(b);
  auto refused = [&] {
    size_t count = 0;
    for (const auto& row : b.store().history(b.store().entity(lamp())->n, 100)) count += row.refused;
    return count;
  };
  EXPECT_EQ(refused(), 5u);
  EXPECT_EQ(b.store().conflicts({store::ConflictState::kRefused, {}}, {}, 100).size(), 5u);
  nextDay(b);
  for (int day = 0; day < 92; ++day) nextDay(b);
  EXPECT_EQ(refused(), 0u);
  EXPECT_EQ(b.store().conflicts({store::ConflictState::kRefused, {}}, {}, 100).size(), 0u);
}

TEST_F(RetentionTest, AClockThatJumpsTakesTwoDaysAtMost) {
  keep(a, 1'000);
  for (int day = 0; day < 30; ++day) {
    writes(a, 1);
    nextDay(a);
  }
  ASSERT_EQ(kept(a), 30u);
  nextDay(a, 10 * 365);
  EXPECT_EQ(kept(a), 28u);
  // Put right again, it takes nothing more.
  a.clock().wall_ms -= 10 * 365 * kRetentionDayMs;
  nextDay(a);
  nextDay(a);
  EXPECT_EQ(kept(a), 28u);
}

TEST_F(RetentionTest, AClockThatLostItsTimeTakesNothingByAge) {
  keep(a, 1'000);
  writes(a, 5);
  nextDay(a);
  a.clock().synced = false;
  for (int day = 0; day < 400; ++day) nextDay(a);
  EXPECT_EQ(kept(a), 5u);
  a.clock().synced = true;
  nextDay(a);
  EXPECT_EQ(kept(a), 1u);
}

TEST_F(RetentionTest, VersionsOfAClockThatBeganIn1970AreNotOld) {
  keep(a, 1'000);
  int64_t real = a.clock().wall_ms;
  a.clock().wall_ms = 1'000;
  writes(a, 5);
  a.clock().wall_ms = real;
  nextDay(a);
  nextDay(a);
  EXPECT_EQ(kept(a), 5u);
}

TEST_F(RetentionTest, ConflictRecordsAndAuditGoToo) {
  for (int i = 0; i < 10; ++i) {
    part("{\"by\":\"a" + std::to_string(i) + "\"}", "{\"by\":\"b" + std::to_string(i) + "\"}");
    ASSERT_TRUE(a.put(lamp(), "{\"by\":\"over\"}").ok());
    carry(a, b, lamp());
  }
  ASSERT_GE(conflicts(a).size(), 10u);
  a.commit([&] { a.core().audit("token:admin", "entity.write", "light.kitchen", "put"); });
  settle(a);
  EXPECT_EQ(conflicts(a).size(), 3u);
  EXPECT_EQ(a.store().audit({}, {}, 10).size(), 1u);
  for (int day = 0; day < 93; ++day) nextDay(a);
  EXPECT_EQ(conflicts(a).size(), 0u);
  EXPECT_EQ(a.store().audit({}, {}, 10).size(), 0u);
}

TEST_F(RetentionTest, TheRecordOfSiblingsThatStillStandStays) {
  use(a, model::StrategyRow::Scope::kOwner, "", "merge");
  part(R"({"a":1})", R"({"b":1})");
  ASSERT_EQ(a.siblings(lamp()).size(), 2u);
  for (int day = 0; day < 100; ++day) nextDay(a);
  EXPECT_EQ(kept(a), 2u);
}

TEST_F(RetentionTest, ATrimmedVersionThatComesBackIsNoSignOfAnotherLife) {
  writes(a, 1);
  auto early = a.siblings(lamp());
  writes(a, 20);
  settle(a);
  auto n = a.store().entity(lamp())->n;
  ASSERT_FALSE(a.store().inHistory(n, early.front().hash));
  auto now = a.siblings(lamp());
  auto replica = a.core().writer().owner(a.owner()).replica;
  auto epoch = a.core().writer().owner(a.owner()).epoch;
  // Somebody who was away for long tells what it has.
  a.commit([&] { a.core().join(lamp(), "state", early); });
  EXPECT_EQ(a.core().writer().owner(a.owner()).replica, replica) << "this home retired its replica id";
  EXPECT_EQ(a.core().writer().owner(a.owner()).epoch, epoch);
  ASSERT_EQ(a.siblings(lamp()).size(), 1u);
  EXPECT_EQ(a.siblings(lamp()).front().hash, now.front().hash);
  EXPECT_TRUE(a.store().events(0, 10).empty());
}

TEST_F(RetentionTest, AVersionThatWasTakenAwaySaysSo) {
  writes(a, 1);
  std::string first = a.siblings(lamp()).front().id();
  writes(a, 1, "light.hall");
  writes(a, 20);
  settle(a);
  auto restore = [&](const std::string& version, const std::string& id = "light.kitchen") {
    Result<Written> written = stateError("none", "");
    a.commit([&] { written = a.core().restoreVersion(lamp(id), version); });
    return codeOf(written);
  };
  EXPECT_EQ(restore(first), "version_purged");
  EXPECT_EQ(restore(first, "light.hall"), "version_not_found") << "nothing of this one was taken away";
  EXPECT_EQ(restore("nonsense"), "version_not_found");
  std::string oldest = a.store().history(a.store().entity(lamp())->n, 10).back().version.id();
  EXPECT_EQ(restore(oldest), "ok");
}

TEST_F(RetentionTest, GoesOnAfterAFailedCommit) {
  writes(a, 500);
  a.store().begin();
  a.core().retain();
  a.store().rollback();
  a.store().begin();
  a.core().load();
  ASSERT_TRUE(a.store().commit().ok());
  settle(a);
  nextDay(a);
  EXPECT_EQ(kept(a), 3u);
}

}  // namespace
}  // namespace hearthgate::engine
