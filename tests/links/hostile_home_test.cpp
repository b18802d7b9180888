// A paired home that means no good: what its link costs this home's threads and memory.
#include <future>

#include "links/raw_peer.h"
#include "links/running_home.h"
#include "sync/wire.h"

namespace hearthgate::testing {
namespace {

class HostileHome : public ::testing::Test {
 protected:
  // A link of city's, with nothing but its key.
  void open() {
    pairHomes(beach, city);
    ASSERT_TRUE(beach.hub().disconnect(city.id()).ok());
    city.stop();
    ASSERT_TRUE(beach.hub().connect(city.id()).ok());
    auto accepted = beach.hub().acceptor("test")({"/peer", "", "192.0.2.1:8765"});
    ASSERT_TRUE(accepted.handler);
    hostile->open(accepted.handler);
    ASSERT_TRUE(eventually([&] { return beach.connectedTo(city); }));
  }
  // The engine's thread, until the test lets it go on.
  void holdEngine() {
    std::promise<void> held;
    beach.engine().submit(
        [&held, go = go_on.get_future().share()](engine::Core&) {
          held.set_value();
          go.wait();
        },
        {});
    held.get_future().wait();
  }

  std::shared_ptr<LoopbackNetwork> network = std::make_shared<LoopbackNetwork>();
  RunningHome beach{network, "Beach"};
  RunningHome city{network, "City"};
  std::shared_ptr<RawPeer> hostile = std::make_shared<RawPeer>(city.identity());
  std::promise<void> go_on;
};

TEST_F(HostileHome, IsLeftWithTheFirstMessageOfAnUnknownType) {
  open();
  const auto traffic = beach.hub().traffic(city.id());
  const uint64_t before = traffic->received.message_bytes;
  hostile->sayFrame(std::string(sync::kMaxMessageBytes, '\0'), 200);
  ASSERT_TRUE(eventually([&] { return !hostile->closed().empty(); }));
  EXPECT_EQ(hostile->closed(), "protocol");
  EXPECT_EQ(traffic->received.message_bytes - before, sync::kMaxMessageBytes) << "of one message";
  EXPECT_FALSE(beach.connectedTo(city));
}

TEST_F(HostileHome, IsLeftWhenItsTinyMessagesPileUp) {
  open();
  holdEngine();
  const std::string tiny = sync::encodeAskLevel({1, 0, 0});
  size_t sent = 0;
  while (hostile->closed().empty() && sent < 400'000) {
    hostile->sayFrame(tiny, 10'000);
    sent += 10'000;
  }
  EXPECT_TRUE(eventually([&] { return hostile->closed() == "protocol"; })) << sent << ", " << hostile->closed();
  go_on.set_value();
}

}  // namespace
}  // namespace hearthgate::testing
