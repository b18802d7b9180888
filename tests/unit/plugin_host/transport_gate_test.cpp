#include "plugin_host/transport_gate.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/log.h"
#include "support/loopback_transport.h"
#include "support/recording_handler.h"

namespace hearthgate::plugin_host {
namespace {

using testing::LoopbackNetwork;
using testing::LoopbackTransport;
using testing::RecordingHandler;
using testing::RecordingListener;

class TransportGateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setLogLevel(LogLevel::kOff);
    const auto failed = [this](const char*, const char*) { ++failed_; };
    gate_ = std::make_shared<TransportGate>("loop", inner_, failed);
    const auto listening = gate_->listen("127.0.0.1", 0, listener_.acceptor());
    ASSERT_TRUE(listening.outcome.ok());
    address_ = "127.0.0.1:" + std::to_string(listening.port);
  }
  void TearDown() override { inner_.stop(); }

  const std::shared_ptr<LoopbackNetwork> network_ = std::make_shared<LoopbackNetwork>();
  LoopbackTransport inner_{network_};
  RecordingListener listener_;
  std::shared_ptr<TransportGate> gate_;
  std::string address_;
  std::atomic<int> failed_{0};
};

TEST_F(TransportGateTest, ListsItsListenersUntilItCloses) {
  ASSERT_EQ(gate_->listeners().size(), 1u);
  EXPECT_EQ(gate_->listeners()[0].address, address_);
  EXPECT_TRUE(gate_->close(std::chrono::seconds(20)));
  EXPECT_TRUE(gate_->listeners().empty());
  EXPECT_EQ(gate_->listen("127.0.0.1", 0, listener_.acceptor()).outcome.code, "stopped");
  auto handler = std::make_shared<RecordingHandler>();
  gate_->dial(address_, "/peer", handler, handler->dialled());
  EXPECT_EQ(handler->outcome().code, "stopped");
}

TEST_F(TransportGateTest, EndsTheLinkAndNotThePluginWhenTheCoreThrows) {
  listener_.prepare([](RecordingHandler& handler) {
    handler.on_message = [](sdk::Link&, std::string_view) { throw std::runtime_error("a bug of ours"); };
  });
  auto near = std::make_shared<RecordingHandler>();
  gate_->dial(address_, "/peer", near, near->dialled());
  ASSERT_EQ(near->waitDialled(), "");
  near->link()->send("x");
  EXPECT_EQ(near->waitClosed(), "internal_error");
  EXPECT_EQ(failed_, 0);
}

TEST_F(TransportGateTest, RefusesWhenTheAcceptorThrows) {
  const auto listening = gate_->listen(
      "127.0.0.1", 0, [](const sdk::LinkRequest&) -> sdk::LinkDecision { throw std::runtime_error("a bug of ours"); });
  auto near = std::make_shared<RecordingHandler>();
  gate_->dial("127.0.0.1:" + std::to_string(listening.port), "/peer", near, near->dialled());
  EXPECT_EQ(near->waitDialled(), "http_500");
}

TEST_F(TransportGateTest, HoldsNothingOfThePluginAfterTheClose) {
  auto near = std::make_shared<RecordingHandler>();
  gate_->dial(address_, "/peer", near, near->dialled());
  ASSERT_EQ(near->waitDialled(), "");
  const auto far = listener_.handler();
  const auto kept = near->link();
  inner_.stop();
  EXPECT_TRUE(gate_->close(std::chrono::seconds(20)));
  EXPECT_EQ(near->closedCalls(), 1);
  EXPECT_EQ(far->closedCalls(), 1);
  EXPECT_EQ(kept->send("x"), sdk::Sent::kClosed);
  EXPECT_EQ(kept->queuedBytes(), 0u);
  kept->close("again", "");
  EXPECT_EQ(near->closedCalls(), 1);
}

TEST_F(TransportGateTest, TellsTheTransportThatTheOtherSideIsNoStranger) {
  auto near = std::make_shared<RecordingHandler>();
  gate_->dial(address_, "/peer", near, near->dialled());
  ASSERT_EQ(near->waitDialled(), "");
  const auto far = listener_.handler();
  near->link()->send(std::string(sdk::kStrangerMessageBytes + 1, 'x'));
  EXPECT_TRUE(far->waitMessages(1));
}

// A transport that does not come back from a call.
class StuckTransport final : public sdk::Transport {
 public:
  sdk::Listening listen(const std::string&, uint16_t, Acceptor) override { return {sdk::Outcome::success(), 1}; }
  void dial(const std::string&, const std::string&, std::shared_ptr<sdk::LinkHandler>, Dialled) override {
    inside.set_value();
    go_on.get_future().wait();
  }
  void stop() override {}
  std::promise<void> inside;
  std::promise<void> go_on;
};

TEST(TransportGate, SaysThatACallIsStillInsideInsteadOfWaitingForEver) {
  StuckTransport stuck;
  const auto gate = std::make_shared<TransportGate>("stuck", stuck, [](const char*, const char*) {});
  auto handler = std::make_shared<RecordingHandler>();
  std::thread caller([&] { gate->dial("192.0.2.1:1", "/peer", handler, [](const sdk::Outcome&) {}); });
  stuck.inside.get_future().wait();
  EXPECT_FALSE(gate->close(std::chrono::milliseconds(1)));
  stuck.go_on.set_value();
  EXPECT_TRUE(gate->close(std::chrono::seconds(20)));
  caller.join();
}

}  // namespace
}  // namespace hearthgate::plugin_host
