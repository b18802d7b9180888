// What every transport takes of a side that has not proved who it is (Link::authenticated).
#include <gtest/gtest.h>

#include "contract/transport_world.h"
#include "support/recording_handler.h"

namespace hearthgate::testing {
namespace {

class TransportStrangers : public ::testing::TestWithParam<std::pair<const char*, MakeWorld>> {
 protected:
  void SetUp() override {
    listener_.prepare([](RecordingHandler& handler) { handler.trusting = false; });
    const auto listening = far_->listen("127.0.0.1", 0, listener_.acceptor());
    ASSERT_TRUE(listening.outcome.ok()) << listening.outcome.message;
    dialler_->trusting = false;
    near_->dial(world_->addressOf(listening.port), "/peer", dialler_, dialler_->dialled());
    ASSERT_EQ(dialler_->waitDialled(), "") << dialler_->outcome().message;
    accepted_ = listener_.handler();
    ASSERT_TRUE(accepted_);
  }
  void TearDown() override {
    near_->stop();
    far_->stop();
  }

  const std::string large_ = std::string(sdk::kStrangerMessageBytes + 1, 'x');
  std::unique_ptr<TransportWorld> world_ = GetParam().second();
  RecordingListener listener_;
  std::unique_ptr<sdk::Transport> near_ = world_->make({});
  std::unique_ptr<sdk::Transport> far_ = world_->make({});
  std::shared_ptr<RecordingHandler> dialler_ = std::make_shared<RecordingHandler>();
  std::shared_ptr<RecordingHandler> accepted_;
};

TEST_P(TransportStrangers, MaySendLittle) {
  ASSERT_EQ(dialler_->link()->send(std::string(sdk::kStrangerMessageBytes, 'x')), sdk::Sent::kQueued);
  ASSERT_TRUE(accepted_->waitMessages(1));
  ASSERT_EQ(dialler_->link()->send(std::string(large_)), sdk::Sent::kQueued);
  EXPECT_EQ(accepted_->waitClosed(), "too_large");
  EXPECT_EQ(dialler_->waitClosed(), "too_large");
  EXPECT_EQ(accepted_->count(), 1u);
}

// The last word of a handshake is answered with as much as a home may send.
TEST_P(TransportStrangers, MaySendAllOnceTheyAreNone) {
  dialler_->on_message = [&](sdk::Link& link, std::string_view) { link.send(std::string(large_)); };
  accepted_->on_message = [&](sdk::Link& link, std::string_view message) {
    if (message == large_) return;
    link.authenticated();
    link.send("it is you");
  };
  ASSERT_EQ(dialler_->link()->send("it is me"), sdk::Sent::kQueued);
  ASSERT_TRUE(accepted_->waitMessages(2));
  EXPECT_EQ(accepted_->messages().back(), large_);
}

TEST_P(TransportStrangers, AreNotThoseWhoWereDialled) {
  ASSERT_EQ(accepted_->link()->send(std::string(large_)), sdk::Sent::kQueued);
  EXPECT_TRUE(dialler_->waitMessages(1));
}

INSTANTIATE_TEST_SUITE_P(Transports, TransportStrangers,
                         ::testing::Values(std::make_pair("lan", &makeLanWorld),
                                           std::make_pair("loopback", &makeLoopbackWorld)),
                         [](const auto& one) { return std::string(one.param.first); });

}  // namespace
}  // namespace hearthgate::testing
