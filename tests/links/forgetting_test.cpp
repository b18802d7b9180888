// Forgetting a home (TRUST.md T11) while something of it is under way.
#include <future>

#include "links/running_home.h"

namespace hearthgate::testing {
namespace {

class Forgetting : public ::testing::Test {
 protected:
  std::shared_ptr<LoopbackNetwork> network = std::make_shared<LoopbackNetwork>();
  RunningHome beach{network, "Beach"};
  RunningHome city{network, "City"};
};

TEST_F(Forgetting, ClosesALinkThatOpensMeanwhile) {
  pairHomes(beach, city);
  city.grant(beach.id(), "*", model::Access::kRead);
  ASSERT_TRUE(city.hub().disconnect(beach.id()).ok());
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city) && !city.connectedTo(beach); }));
  std::promise<void> held;
  std::promise<void> go_on;
  beach.engine().submit(
      [&](engine::Core&) {
        held.set_value();
        go_on.get_future().wait();
      },
      {});
  held.get_future().wait();
  const size_t waiting = beach.engine().queued();
  auto forgotten = std::async(std::launch::async, [&] { return beach.hub().forget(city.id()); });
  // The tick of a quarter of a second is one; the other waits for its commit.
  EXPECT_TRUE(eventually([&] { return beach.engine().queued() >= waiting + 2; }));
  EXPECT_TRUE(city.hub().connect(beach.id()).ok());
  EXPECT_TRUE(eventually([&] { return beach.connectedTo(city) && city.connectedTo(beach); }));
  go_on.set_value();
  EXPECT_TRUE(forgotten.get().ok());
  EXPECT_TRUE(eventually([&] { return city.hub().state(beach.id()).state == "refused"; }));
  EXPECT_TRUE(city.put("light.attic", "{}").ok());
  EXPECT_EQ(beach.rowOf(city)->state, store::PeerState::kForgotten);
  EXPECT_EQ(beach.shown("light.attic", city.id()), "");
}

}  // namespace
}  // namespace hearthgate::testing
