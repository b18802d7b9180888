#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

// B may take in one entity of A's.
class PeerQuota : public PairOfHomes {
 protected:
  PeerQuota() {
    limit(1);
    EXPECT_TRUE(a.grant(b.id(), "light.x", Access::kRead).ok());
    EXPECT_TRUE(a.grant(b.id(), "light.y", Access::kRead).ok());
    EXPECT_TRUE(a.put(of(a, "light.x"), R"({"state":"on"})").ok());
    EXPECT_TRUE(a.put(of(a, "light.y"), R"({"state":"on"})").ok());
    connect();
    settle();
  }
  void limit(uint64_t entities) {
    sim::Limits limits;
    limits.peer_entities = entities;
    b.setLimits(limits);
    restart(b, b.image(), Home::Start::kClean);
  }
};

TEST_F(PeerQuota, HoldsWhatIsMoreAndTheLinkSaysWhy) {
  EXPECT_EQ(b.siblings(of(a, "light.x")).size(), 1u);
  EXPECT_EQ(b.shown(of(a, "light.y")), "none");
  auto held = b.store().held(std::nullopt, 10);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].reason, "quota");
  EXPECT_EQ(a.replicator().report(b.id()).held_there, 1u);
  // What is here already may change.
  ASSERT_TRUE(a.patch(of(a, "light.x"), R"({"state":"off"})").ok());
  settle();
  EXPECT_EQ(b.shown(of(a, "light.x")), R"({"state":"off"})");
}

TEST_F(PeerQuota, TakesInWhatItHeldWhenItIsRaised) {
  limit(2);
  b.tick();
  EXPECT_EQ(b.shown(of(a, "light.y")), R"({"state":"on"})");
  connect();
  settle();
  expectSame(of(a, "light.x"));
  expectSame(of(a, "light.y"));
  EXPECT_EQ(held_at(b), 0u);
}

TEST_F(PeerQuota, TakesInWhatItHeldWhenSpaceIsMadeByARevoke) {
  ASSERT_TRUE(a.grant(b.id(), "light.x", Access::kNone).ok());
  settle();
  pass(3'000);
  EXPECT_EQ(b.shown(of(a, "light.x")), "none");
  EXPECT_EQ(b.shown(of(a, "light.y")), R"({"state":"on"})");
}

}  // namespace
}  // namespace hearthgate::sync
