// What every transport keeps to (hearthgate/transport.h).
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "contract/transport_world.h"
#include "support/recording_handler.h"

namespace hearthgate::testing {
namespace {

using sdk::Sent;

// Of what a machine spoils that stands still for as long as a link may be silent: a good link ends, or one side of a
// frozen one before it was frozen, so that the other hears of it. A transport that lacks something spoils every one.
constexpr size_t kTries = 5;

class TransportContract : public ::testing::TestWithParam<std::pair<const char*, MakeWorld>> {
 protected:
  struct Connection {
    std::shared_ptr<RecordingHandler> near = std::make_shared<RecordingHandler>();
    std::shared_ptr<RecordingHandler> far;
  };

  // Two transports, one listening.
  void begin(const TransportLimits& limits = {}) { begin(limits, limits); }
  void begin(const TransportLimits& near_limits, const TransportLimits& far_limits) {
    near_ = world_->make(near_limits);
    far_ = world_->make(far_limits);
    const auto listening = far_->listen("127.0.0.1", 0, listener_.acceptor());
    ASSERT_TRUE(listening.outcome.ok()) << listening.outcome.message;
    ASSERT_NE(listening.port, 0);
    port_ = listening.port;
  }
  void TearDown() override {
    if (near_) near_->stop();
    if (far_) far_->stop();
  }

  Connection connect(const std::string& address, size_t number = 0, const std::string& target = "/peer?k=abc") {
    Connection made;
    near_->dial(address, target, made.near, made.near->dialled());
    EXPECT_EQ(made.near->waitDialled(), "") << made.near->outcome().message;
    made.far = listener_.handler(number);
    return made;
  }
  Connection connect() { return connect(world_->addressOf(port_)); }
  std::string dialOutcome(const std::string& address, const std::string& target = "/peer") {
    auto handler = std::make_shared<RecordingHandler>();
    near_->dial(address, target, handler, handler->dialled());
    const std::string code = handler->waitDialled();
    EXPECT_EQ(handler->link(), nullptr);
    EXPECT_EQ(handler->closedCalls(), 0);
    EXPECT_FALSE(handler->outcome().message.empty());
    return code;
  }
  // Both ends do, when the wire freezes and `messages` are sent after that.
  void noticesSilence(int messages) {
    TransportLimits limits;
    limits.ping_interval_ms = 500;
    begin(limits);
    std::string near, far;
    for (size_t number = 0; number < kTries && (near != "ping_timeout" || far != "ping_timeout"); ++number) {
      const auto wire = world_->wireTo(port_);
      const Connection made = connect(wire->address(), number);
      ASSERT_TRUE(made.far);
      wire->freeze();
      for (int i = 0; i < messages; ++i) made.near->link()->send(std::string(4'000'000, 'x'));
      near = made.near->waitClosed();
      far = made.far->waitClosed();
    }
    EXPECT_EQ(near, "ping_timeout");
    EXPECT_EQ(far, "ping_timeout");
  }

  std::unique_ptr<TransportWorld> world_ = GetParam().second();
  RecordingListener listener_;
  std::unique_ptr<sdk::Transport> near_;
  std::unique_ptr<sdk::Transport> far_;
  uint16_t port_ = 0;
};

TEST_P(TransportContract, OpensALinkOnBothSidesAndTellsWhatWasAskedFor) {
  begin();
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  EXPECT_EQ(made.near->link()->path(), "/peer");
  EXPECT_EQ(made.far->link()->path(), "/peer");
  EXPECT_EQ(made.near->link()->remoteAddress(), world_->addressOf(port_));
  const auto requests = listener_.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].query, "k=abc");
  EXPECT_EQ(requests[0].remote_address, made.far->link()->remoteAddress());
  EXPECT_EQ(requests[0].remote_address.rfind("127.0.0.1:", 0), 0u);
}

TEST_P(TransportContract, CarriesMessagesBothWaysInOrder) {
  begin();
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  std::vector<std::string> expected;
  for (int i = 0; i < 5000; ++i) {
    expected.push_back("message " + std::to_string(i));
    ASSERT_EQ(made.near->link()->send(std::string(expected.back())), Sent::kQueued);
    ASSERT_EQ(made.far->link()->send(std::string(expected.back())), Sent::kQueued);
  }
  ASSERT_TRUE(made.far->waitMessages(expected.size()));
  ASSERT_TRUE(made.near->waitMessages(expected.size()));
  EXPECT_EQ(made.far->messages(), expected);
  EXPECT_EQ(made.near->messages(), expected);
}

TEST_P(TransportContract, KeepsEachMessageWholeWhateverItsBytes) {
  begin();
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  const std::vector<std::string> sent{"",
                                      every_byte,
                                      std::string(65'535, 'a'),
                                      std::string(65'536, '\0'),
                                      std::string(125, 'b'),
                                      std::string(126, 'c')};
  for (const std::string& message : sent) ASSERT_EQ(made.near->link()->send(std::string(message)), Sent::kQueued);
  ASSERT_TRUE(made.far->waitMessages(sent.size()));
  EXPECT_EQ(made.far->messages(), sent);
}

TEST_P(TransportContract, CarriesTheLargestMessageAndRefusesOneByteMore) {
  begin();
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  const size_t limit = made.near->link()->maxMessageBytes();
  EXPECT_EQ(limit, size_t{4} * 1024 * 1024);
  std::string largest(limit, 'x');
  largest.front() = 'a';
  largest.back() = 'z';
  ASSERT_EQ(made.near->link()->send(std::string(largest)), Sent::kQueued);
  ASSERT_EQ(made.far->link()->send(std::string(largest)), Sent::kQueued);
  std::string too_large(limit + 1, 'x');
  EXPECT_EQ(made.near->link()->send(std::move(too_large)), Sent::kTooLarge);
  EXPECT_EQ(too_large.size(), limit + 1) << "what is not taken stays with the sender";
  ASSERT_TRUE(made.far->waitMessages(1));
  ASSERT_TRUE(made.near->waitMessages(1));
  EXPECT_EQ(made.far->messages()[0], largest);
  EXPECT_EQ(made.near->messages()[0], largest);
}

TEST_P(TransportContract, ClosesALinkOnAMessageAboveTheReceiversLimit) {
  TransportLimits small;
  small.max_message_bytes = 1000;
  begin({}, small);
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  ASSERT_EQ(made.near->link()->send(std::string(1000, 'x')), Sent::kQueued);
  ASSERT_TRUE(made.far->waitMessages(1));
  ASSERT_EQ(made.near->link()->send(std::string(1001, 'x')), Sent::kQueued);
  EXPECT_EQ(made.far->waitClosed(), "too_large");
  EXPECT_EQ(made.near->waitClosed(), "too_large");
  EXPECT_EQ(made.far->count(), 1u);
  EXPECT_TRUE(made.near->reason().by_peer);
}

TEST_P(TransportContract, TakesMessagesFromManyThreads) {
  begin();
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  constexpr int kThreads = 4;
  constexpr int kEach = 1000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) made.near->link()->send(std::to_string(t) + ":" + std::to_string(i));
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(made.far->waitMessages(kThreads * kEach));
  std::vector<int> next(kThreads, 0);
  for (const std::string& message : made.far->messages()) {
    const int thread = message[0] - '0';
    EXPECT_EQ(message, std::to_string(thread) + ":" + std::to_string(next[static_cast<size_t>(thread)]++));
  }
}

TEST_P(TransportContract, LetsAHandlerSendFromInsideItsCalls) {
  begin();
  listener_.prepare([](RecordingHandler& handler) {
    handler.on_message = [](sdk::Link& link, std::string_view message) { link.send("echo " + std::string(message)); };
  });
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  made.near->link()->send("one");
  ASSERT_TRUE(made.near->waitMessages(1));
  EXPECT_EQ(made.near->messages()[0], "echo one");
}

TEST_P(TransportContract, TellsBothSidesTheReasonOfTheDialler) {
  begin();
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  made.near->link()->close("superseded", "two machines with one identity");
  EXPECT_EQ(made.near->waitClosed(), "superseded");
  EXPECT_EQ(made.far->waitClosed(), "superseded");
  EXPECT_EQ(made.far->reason().text, "two machines with one identity");
  EXPECT_TRUE(made.far->reason().by_peer);
  EXPECT_FALSE(made.near->reason().by_peer);
}

TEST_P(TransportContract, TellsBothSidesTheReasonOfTheListener) {
  begin();
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  made.far->link()->close("forgotten", "");
  EXPECT_EQ(made.near->waitClosed(), "forgotten");
  EXPECT_EQ(made.far->waitClosed(), "forgotten");
  EXPECT_EQ(made.near->reason().text, "");
  EXPECT_TRUE(made.near->reason().by_peer);
}

TEST_P(TransportContract, DeliversWhatWasQueuedBeforeAClose) {
  TransportLimits limits;
  limits.close_timeout_ms = 60'000;
  begin(limits);
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(made.near->link()->send(std::string(10'000, 'x')), Sent::kQueued);
  made.near->link()->close("done", "");
  EXPECT_EQ(made.near->link()->send("too late"), Sent::kClosed);
  EXPECT_EQ(made.far->waitClosed(), "done");
  EXPECT_EQ(made.far->count(), 200u);
}

TEST_P(TransportContract, ClosesOnceWhateverIsCalledHowOften) {
  begin();
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  const auto link = made.near->link();
  for (int i = 0; i < 10; ++i) link->close("first", "");
  link->close("second", "");
  EXPECT_EQ(made.near->waitClosed(), "first");
  EXPECT_EQ(made.far->waitClosed(), "first");
  near_->stop();
  far_->stop();
  EXPECT_EQ(made.near->closedCalls(), 1);
  EXPECT_EQ(made.far->closedCalls(), 1);
  EXPECT_EQ(link->send("x"), Sent::kClosed);
  EXPECT_EQ(link->queuedBytes(), 0u);
}

TEST_P(TransportContract, LetsAHandlerSendAndCloseAsItOpens) {
  begin();
  listener_.prepare([](RecordingHandler& handler) {
    handler.on_open = [](sdk::Link& link) {
      link.send("goodbye");
      link.close("too_many", "");
    };
  });
  const Connection made = connect();
  ASSERT_TRUE(made.far);
  EXPECT_EQ(made.near->waitClosed(), "too_many");
  EXPECT_EQ(made.near->messages(), std::vector<std::string>{"goodbye"});
  EXPECT_EQ(made.far->waitClosed(), "too_many");
}

TEST_P(TransportContract, LetsBothSidesCloseAtTheSameTime) {
  begin();
  for (size_t round = 0; round < 20; ++round) {
    const Connection made = connect(world_->addressOf(port_), round);
    ASSERT_TRUE(made.far);
    std::thread other([&] { made.far->link()->close("far", ""); });
    made.near->link()->close("near", "");
    other.join();
    EXPECT_NE(made.near->waitClosed(), "(still open)");
    EXPECT_NE(made.far->waitClosed(), "(still open)");
  }
}

TEST_P(TransportContract, LetsGoOfAHandlerAfterTheEnd) {
  begin();
  Connection made = connect();
  ASSERT_TRUE(made.far);
  const auto link = made.near->link();
  made.near->link()->close("done", "");
  made.near->waitClosed();
  near_->stop();
  const std::weak_ptr<RecordingHandler> weak = made.near;
  made.near.reset();
  EXPECT_TRUE(weak.expired()) << "a kept link must not keep its handler";
}

TEST_P(TransportContract, RefusesWithTheAcceptorsStatus) {
  begin();
  for (const uint32_t status : {404u, 429u, 503u}) {
    listener_.refuseWith(status);
    EXPECT_EQ(dialOutcome(world_->addressOf(port_)), "http_" + std::to_string(status));
  }
  listener_.refuseWith(0);
  EXPECT_TRUE(connect().far);
}

TEST_P(TransportContract, SaysWhyADialFailed) {
  TransportLimits limits;
  limits.connect_timeout_ms = 200;
  begin(limits);
  EXPECT_EQ(dialOutcome(world_->addressOf(world_->closedPort())), "refused");
  EXPECT_TRUE(dialOutcome(world_->addressOf(world_->silentPort())).ends_with("timeout"));  // or upgrade_timeout
  EXPECT_EQ(dialOutcome(world_->unreachableAddress()), "unreachable");
  EXPECT_EQ(dialOutcome("no port"), "bad_address");
  EXPECT_EQ(dialOutcome("127.0.0.1:0"), "bad_address");
  EXPECT_EQ(dialOutcome("127.0.0.1:99999"), "bad_address");
  EXPECT_EQ(dialOutcome(world_->addressOf(port_), "no-slash"), "bad_address");
}

TEST_P(TransportContract, SaysWhyItCannotListen) {
  begin();
  EXPECT_EQ(near_->listen("127.0.0.1", port_, listener_.acceptor()).outcome.code, "address_in_use");
  EXPECT_EQ(near_->listen("not an address", 0, listener_.acceptor()).outcome.code, "bad_address");
  near_->stop();
  EXPECT_EQ(near_->listen("127.0.0.1", 0, listener_.acceptor()).outcome.code, "stopped");
}

TEST_P(TransportContract, FreesTheAddressWhenItStops) {
  begin();
  const Connection made = connect();
  far_->stop();
  EXPECT_EQ(made.near->waitClosed(), "stopped");
  far_ = world_->make({});
  const auto again = far_->listen("127.0.0.1", port_, listener_.acceptor());
  EXPECT_TRUE(again.outcome.ok()) << again.outcome.message;
}

TEST_P(TransportContract, NoticesAPeerThatFellSilent) { noticesSilence(0); }

TEST_P(TransportContract, NoticesAPeerThatFellSilentWhileSendingToIt) {
  // More than the sockets' buffers hold, so that a write is under way when the limit passes.
  noticesSilence(8);
}

TEST_P(TransportContract, KeepsAnIdleLinkThroughPings) {
  TransportLimits limits;
  limits.ping_interval_ms = 500;
  begin(limits);
  constexpr size_t kRounds = 2;
  bool kept = false;
  for (size_t number = 0; !kept && number < kTries * (1 + kRounds); number += 1 + kRounds) {
    const Connection made = connect(world_->addressOf(port_), number);
    ASSERT_TRUE(made.far);
    // A younger link that falls silent ends at the idle limit, so each such end shows that the limit has passed here
    // too.
    for (size_t round = 1; round <= kRounds; ++round) {
      const auto wire = world_->wireTo(port_);
      const Connection silent = connect(wire->address(), number + round);
      ASSERT_TRUE(silent.far);
      wire->freeze();
      ASSERT_NE(silent.near->waitClosed(), "(still open)");
    }
    kept = made.near->link()->send("still here") == Sent::kQueued && made.far->waitMessages(1);
  }
  EXPECT_TRUE(kept);
}

TEST_P(TransportContract, NoticesABrokenConnection) {
  begin();
  const auto wire = world_->wireTo(port_);
  const Connection made = connect(wire->address());
  ASSERT_TRUE(made.far);
  wire->cut();
  EXPECT_EQ(made.near->waitClosed(), "lost");
  EXPECT_EQ(made.far->waitClosed(), "lost");
  EXPECT_TRUE(connect(wire->address(), 1).far) << "the way is free again";
}

TEST_P(TransportContract, ClosesTowardsASilentPeerWithinItsLimit) {
  TransportLimits limits;
  limits.close_timeout_ms = 200;
  begin(limits);
  const auto wire = world_->wireTo(port_);
  const Connection made = connect(wire->address());
  ASSERT_TRUE(made.far);
  wire->freeze();
  made.near->link()->close("done", "");
  EXPECT_EQ(made.near->waitClosed(), "done");
}

TEST_P(TransportContract, HoldsBackAtTheQueuesLimitAndTellsWhenToGoOn) {
  TransportLimits limits;
  limits.queue_limit_bytes = 256 * 1024;
  limits.ping_interval_ms = 60'000;
  begin(limits);
  const auto wire = world_->wireTo(port_);
  const Connection made = connect(wire->address());
  ASSERT_TRUE(made.far);
  const auto link = made.near->link();
  EXPECT_EQ(link->queueLimitBytes(), limits.queue_limit_bytes);
  made.far->keep_messages = false;
  wire->freeze();
  std::string message(32 * 1024, 'x');
  size_t taken = 0;
  const auto fill = [&] {
    const size_t before = taken;
    while (taken < 10'000 && link->send(std::string(message)) == Sent::kQueued) ++taken;
    return taken - before;
  };
  // The system's socket buffers take some megabytes first, and a fast sender can be ahead of the transport's thread:
  // the queue counts as full when it takes nothing more time after time.
  for (int rounds = 0; rounds < 30; ++rounds) {
    if (fill() > 0) rounds = 0;
    made.near->waitWritable(made.near->writableCalls() + 1, std::chrono::milliseconds(10));
  }
  const int told = made.near->writableCalls();
  ASSERT_LT(taken, size_t{10'000});
  EXPECT_GE(link->queuedBytes(), limits.queue_limit_bytes);
  EXPECT_LT(link->queuedBytes(), limits.queue_limit_bytes + 2 * message.size());
  EXPECT_EQ(link->send(std::move(message)), Sent::kFull);
  EXPECT_EQ(message.size(), size_t{32} * 1024) << "what is not taken stays with the sender";
  wire->thaw();
  ASSERT_TRUE(made.near->waitWritable(told + 1));
  EXPECT_LT(link->queuedBytes(), limits.queue_limit_bytes / 2);
  EXPECT_EQ(link->send(std::move(message)), Sent::kQueued);
  ASSERT_TRUE(made.far->waitMessages(taken + 1));
  EXPECT_EQ(made.far->bytes(), (taken + 1) * 32 * 1024);
}

TEST_P(TransportContract, CarriesAHundredLinksAtOnce) {
  begin();
  std::vector<Connection> links(100);
  for (auto& one : links) near_->dial(world_->addressOf(port_), "/peer", one.near, one.near->dialled());
  for (size_t i = 0; i < links.size(); ++i) {
    ASSERT_EQ(links[i].near->waitDialled(), "") << links[i].near->outcome().message;
    ASSERT_TRUE(links[i].far = listener_.handler(i));
  }
  for (int round = 0; round < 10; ++round) {
    for (size_t i = 0; i < links.size(); ++i) links[i].near->link()->send(std::to_string(i));
  }
  for (auto& one : links) {
    ASSERT_TRUE(one.far->waitMessages(10));
    const auto messages = one.far->messages();
    EXPECT_EQ(messages, std::vector<std::string>(10, messages[0])) << "one link's messages reached another's handler";
  }
}

TEST_P(TransportContract, StopsWhileBusyAndOwesNobodyAnAnswer) {
  TransportLimits limits;
  limits.connect_timeout_ms = 10'000;
  begin(limits);
  listener_.prepare([](RecordingHandler& handler) { handler.keep_messages = false; });
  std::vector<Connection> links;
  for (size_t i = 0; i < 20; ++i) links.push_back(connect(world_->addressOf(port_), i));
  std::vector<std::shared_ptr<RecordingHandler>> waiting(5);
  for (auto& one : waiting) {
    one = std::make_shared<RecordingHandler>();
    near_->dial(world_->addressOf(world_->silentPort()), "/peer", one, one->dialled());
  }
  std::atomic<bool> stopped{false};
  std::thread sender([&] {
    while (!stopped) {
      for (auto& one : links) one.near->link()->send(std::string(10'000, 'x'));
    }
  });
  ASSERT_TRUE(links[0].far->waitMessages(1));
  near_->stop();
  // All of it has happened when stop returns, so nothing is waited for here.
  for (auto& one : links) EXPECT_EQ(one.near->closedCalls(), 1);
  for (auto& one : waiting) EXPECT_EQ(one->outcome().code, "stopped");
  stopped = true;
  sender.join();
  for (auto& one : links) EXPECT_NE(one.far->waitClosed(), "(still open)");
  near_->stop();
}

TEST_P(TransportContract, StopsWhileTheWireIsFrozen) {
  TransportLimits limits;
  limits.close_timeout_ms = limits.connect_timeout_ms = 60'000;
  begin(limits);
  const auto wire = world_->wireTo(port_);
  const Connection made = connect(wire->address());
  ASSERT_TRUE(made.far);
  wire->freeze();
  const auto before = std::chrono::steady_clock::now();
  near_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
  EXPECT_EQ(made.near->reason().code, "stopped");
}

TEST_P(TransportContract, AnswersADialAfterTheStop) {
  begin();
  near_->stop();
  EXPECT_EQ(dialOutcome(world_->addressOf(port_)), "stopped");
}

INSTANTIATE_TEST_SUITE_P(Transports, TransportContract,
                         ::testing::Values(std::make_pair("lan", &makeLanWorld),
                                           std::make_pair("loopback", &makeLoopbackWorld)),
                         [](const auto& one) { return std::string(one.param.first); });

}  // namespace
}  // namespace hearthgate::testing
