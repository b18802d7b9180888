// Forgetting a home (TRUST.md T11) while something of it is under way.
#include <future>

#include "links/running_home.h"

namespace hearthgate::testing {
namespace {

using Forgetting = TwoRunningHomes;

TEST_F(Forgetting, ClosesALinkThatOpensMeanwhile) {
  pairHomes(beach, city);
  city.grant(beach.id(), "*", model::Access::kRead);
  ASSERT_TRUE(city.hub().disconnect(beach.id()).ok());
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city) && !city.connectedTo(beach); }));
  HeldEngine held(beach);
  const size_t waiting = held.queued();
  auto forgotten = std::async(std::launch::async, [&] { return beach.hub().forget(city.id()); });
  // The tick of a quarter of a second is one; the other waits for its commit.
  EXPECT_TRUE(eventually([&] { return held.queued() >= waiting + 2; }));
  EXPECT_TRUE(city.hub().connect(beach.id()).ok());
  EXPECT_TRUE(eventually([&] { return beach.connectedTo(city) && city.connectedTo(beach); }));
  held.goOn();
  EXPECT_TRUE(forgotten.get().ok());
  EXPECT_TRUE(eventually([&] { return city.hub().state(beach.id()).state == "refused"; }));
  EXPECT_TRUE(city.put("light.attic", "{}").ok());
  EXPECT_EQ(beach.rowOf(city)->state, store::PeerState::kForgotten);
  EXPECT_EQ(beach.shown("light.attic", city.id()), "");
}

}  // namespace
}  // namespace hearthgate::testing
