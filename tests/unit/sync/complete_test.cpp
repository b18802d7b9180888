// What is told when both sides are level again, and how often; and that what many homes read is the same for each.
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

class Completing : public LevelPairOfHomes {
 protected:
  Completing() {
    a.replicator().onSyncComplete([this](const HomeId& home, uint64_t sent, uint64_t) {
      EXPECT_EQ(home, b.id());
      told.push_back(sent);
    });
    pass(2 * kCompleteEveryMs);
    told.clear();
  }
  uint64_t sum() const {
    uint64_t all = 0;
    for (uint64_t one : told) all += one;
    return all;
  }
  void change(int n) {
    ASSERT_TRUE(a.put(of(a, "light.x"), "{\"state\":" + std::to_string(n) + "}").ok());
    settle();
  }

  std::vector<uint64_t> told;
};

TEST_F(Completing, IsToldAtOnceAfterAQuietTime) {
  change(1);
  EXPECT_EQ(told, std::vector<uint64_t>{1});
}

TEST_F(Completing, IsToldOnceASecondOfManyChanges) {
  for (int n = 0; n < 100; ++n) {
    pass(kCompleteEveryMs / 20);
    change(n);
  }
  EXPECT_GE(told.size(), 5u);
  EXPECT_LE(told.size(), 7u);
  // What came last is told when its time has come, without another change.
  pass(kCompleteEveryMs);
  EXPECT_EQ(sum(), 100u);
}

TEST_F(Completing, IsToldOfTheLastChangesWhenTheLinkEnds) {
  change(1);
  change(2);
  EXPECT_EQ(sum(), 1u);
  cut();
  EXPECT_EQ(sum(), 2u);
}

TEST_F(Completing, IsNotToldOfWhatHasNotArrived) {
  change(1);
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"lost"})").ok());
  cut();
  EXPECT_EQ(sum(), 1u);
}

}  // namespace
}  // namespace hearthgate::sync
