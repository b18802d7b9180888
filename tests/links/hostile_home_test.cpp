// A paired home that means no good: what its link costs this home's threads and memory.
#include "links/raw_peer.h"
#include "links/running_home.h"
#include "sync/wire.h"

namespace hearthgate::testing {
namespace {

class HostileHome : public TwoRunningHomes {
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

  std::shared_ptr<RawPeer> hostile = std::make_shared<RawPeer>(city.identity());
};

TEST_F(HostileHome, IsLeftWithTheFirstMessageOfAnUnknownType) {
  open();
  const auto traffic = beach.hub().traffic(city.id());
  const uint64_t before = traffic->received.message_bytes;
  hostile->sayFrame(std::string(sync::kMaxMessageBytes, '\0'), 200);
  ASSERT_TRUE(eventually([&] { return !hostile->closed().empty(); }));
  EXPECT_EQ(hostile->closed(), "protocol");
  EXPECT_EQ(traffic->received.message_bytes - before, sync::kMaxMessageBytes) << "of one message";
  EXPECT_TRUE(eventually([&] { return !beach.connectedTo(city); }));
}

TEST_F(HostileHome, IsLeftWhenItsTinyMessagesPileUp) {
  open();
  HeldEngine held(beach);
  const std::string tiny = sync::encodeAskLevel({1, 0, 0});
  size_t sent = 0;
  while (hostile->closed().empty() && sent < 400'000) {
    hostile->sayFrame(tiny, 10'000);
    sent += 10'000;
  }
  EXPECT_TRUE(eventually([&] { return hostile->closed() == "protocol"; })) << sent << ", " << hostile->closed();
}

}  // namespace
}  // namespace hearthgate::testing
