// Sides that open a link, keep it alive and say nothing: whoever dialled gives them up as the listener does.
#include <future>

#include "links/running_home.h"
#include "trust/tuning.h"

namespace hearthgate::testing {
namespace {

class SaysNothing final : public sdk::LinkHandler {
 public:
  void onOpen(std::shared_ptr<sdk::Link> link) override {
    link_ = std::move(link);
    open = true;
  }
  void onMessage(std::string_view) override {}
  void onWritable() override {}
  void onClosed(const sdk::CloseReason&) override {
    link_.reset();
    open = false;
  }
  std::atomic<bool> open{false};

 private:
  std::shared_ptr<sdk::Link> link_;
};

class SilentSide : public TwoRunningHomes {
 protected:
  SilentSide() {
    auto listening = transport.listen("127.0.0.1", 0, [this](const sdk::LinkRequest&) {
      ++links;
      return sdk::LinkDecision::accept(silent);
    });
    EXPECT_TRUE(listening.outcome.ok());
    address = "127.0.0.1:" + std::to_string(listening.port);
  }
  ~SilentSide() override { transport.stop(); }

  std::shared_ptr<SaysNothing> silent = std::make_shared<SaysNothing>();
  std::atomic<int> links{0};
  LoopbackTransport transport{network};
  std::string address;
};

TEST_F(SilentSide, IsGivenUpSoThatTheNextAddressIsTried) {
  pairHomes(beach, city);
  ASSERT_TRUE(city.hub().disconnect(beach.id()).ok());
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city) && !city.connectedTo(beach); }));
  ASSERT_TRUE(city.hub().edit(beach.id(), std::vector<std::string>{address, beach.address()}, {}).ok());
  ASSERT_TRUE(city.hub().connect(beach.id()).ok());
  ASSERT_TRUE(eventually([&] { return silent->open.load(); }));
  // The limit counts from when the hub has seen the open link; both steps take a tick of it.
  ASSERT_TRUE(eventually([&] {
    city.clock.putForward(trust::kHandshakeLimitMs + 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return !silent->open.load();
  }));
  EXPECT_TRUE(eventually([&] { return city.connectedTo(beach) && beach.connectedTo(city); }));
}

TEST_F(SilentSide, IsTakenForNoHomeToPairWith) {
  auto code = beach.hub().openPairing(300, true);
  ASSERT_TRUE(code.ok());
  auto joining = std::async(std::launch::async, [&] { return city.hub().join(code->code, address, true); });
  ASSERT_TRUE(eventually([&] { return silent->open.load(); }));
  EXPECT_TRUE(eventually([&] {
    city.clock.putForward(trust::kHandshakeLimitMs + 1);
    return joining.wait_for(std::chrono::milliseconds(50)) == std::future_status::ready;
  }));
  // Ends the link where the gateway does not.
  transport.stop();
  auto joined = joining.get();
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(joined.error().code, "pairing_unreachable");
  EXPECT_EQ(city.hub().pairing().state, "failed");
}

}  // namespace
}  // namespace hearthgate::testing
