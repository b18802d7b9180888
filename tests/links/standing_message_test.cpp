// A message that begins and does not go on, from a side that lets a byte follow now and then: pings cannot see it.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "lan/lan_transport.h"
#include "support/recording_handler.h"
#include "support/tcp_proxy.h"

namespace hearthgate::testing {
namespace {

class AcceptEverything final : public sdk::RequestFilter {
 public:
  uint32_t check(const sdk::Request&) override { return 0; }
};

class StandingMessage : public ::testing::Test {
 protected:
  StandingMessage() {
    auto listening = transport.listen("127.0.0.1", 0, listener.acceptor());
    EXPECT_TRUE(listening.outcome.ok());
    raw = connectToLoopback(listening.port);
    const std::string request =
        "GET /peer HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    EXPECT_TRUE(send(request));
    handler = listener.handler();
    EXPECT_NE(handler, nullptr);
  }
  ~StandingMessage() override { transport.stop(); }

  static lan::LanSettings settings() {
    lan::LanSettings limits;
    // A machine that stands still for as long ends a link that is only slow, or for another reason.
    limits.ping_interval = std::chrono::seconds(2);
    limits.close_timeout = std::chrono::milliseconds(100);
    return limits;
  }
  bool send(const std::string& bytes) {
    return ::send(raw.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  // Sends `bytes` again and again, `pause` in between, until the link is closed; false when it is not.
  bool isClosedWhileGetting(const std::string& bytes, std::chrono::milliseconds pause) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (handler->closedCalls() == 0 && std::chrono::steady_clock::now() < end) {
      (void)send(bytes);  // It may be closed by now.
      std::this_thread::sleep_for(pause);
    }
    return handler->closedCalls() > 0;
  }

  AcceptEverything filter;
  RecordingListener listener;
  lan::LanTransport transport{settings(), filter, [](sdk::Log::Level, std::string_view) {}};
  Fd raw;
  std::shared_ptr<RecordingHandler> handler;
};

// RFC 6455 section 5.2: the last part of a binary message, 60,000 bytes, with a mask of zeros.
const std::string kHead("\x82\xfe\xea\x60\0\0\0\0", 8);

TEST_F(StandingMessage, EndsItsLink) {
  ASSERT_TRUE(send(kHead));
  ASSERT_TRUE(isClosedWhileGetting("x", std::chrono::milliseconds(20)));
  EXPECT_EQ(handler->reason().code, "ping_timeout");
  EXPECT_NE(handler->reason().text.find("stood still"), std::string::npos) << handler->reason().text;
}

TEST_F(StandingMessage, IsNotOneThatComesSlowly) {
  ASSERT_TRUE(send(kHead));
  // 60,000 bytes take 4.8 seconds, longer than a link may stand.
  for (int part = 0; part < 60; ++part) {
    ASSERT_TRUE(send(std::string(1000, 'x'))) << "closed after " << part * 1000 << " bytes";
    std::this_thread::sleep_for(std::chrono::milliseconds(80));
  }
  ASSERT_TRUE(handler->waitMessages(1));
  EXPECT_EQ(handler->bytes(), 60'000u);
  EXPECT_EQ(handler->closedCalls(), 0);
}

}  // namespace
}  // namespace hearthgate::testing
