// What reaches the LAN transport from the network beside links: strangers, browsers, other programs.
#include <gtest/gtest.h>

#include <filesystem>

#include <chrono>
#include <set>

#include "lan/lan_transport.h"
#include "plugin_host/request_filter.h"
#include "support/eventually.h"
#include "support/recording_handler.h"
#include "support/tcp_proxy.h"

namespace hearthgate::lan {
namespace {

using testing::connectToLoopback;
using testing::Fd;
using testing::RecordingHandler;
using testing::RecordingListener;

constexpr const char* kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

class LanWireTest : public ::testing::Test {
 protected:
  void SetUp() override { begin({}); }
  void begin(LanSettings settings) {
    transport_ = std::make_unique<LanTransport>(settings, filter_, [](sdk::Log::Level, std::string_view) {});
    const auto listening = transport_->listen("127.0.0.1", 0, listener_.acceptor());
    ASSERT_TRUE(listening.outcome.ok());
    port_ = listening.port;
  }
  void TearDown() override { transport_->stop(); }

  static void put(const Fd& fd, const std::string& bytes) {
    size_t at = 0;
    while (at < bytes.size()) {
      const ssize_t sent = ::send(fd.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<size_t>(sent);
    }
  }
  // What comes until the other side closes, or until `enough` is in it.
  static std::string take(const Fd& fd, const std::string& enough = {}) {
    timeval limit{20, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string out;
    char block[4096];
    ssize_t got = 0;
    while ((enough.empty() || out.find(enough) == std::string::npos) &&
           (got = ::recv(fd.get(), block, sizeof block, 0)) > 0) {
      out.append(block, static_cast<size_t>(got));
    }
    if (got < 0 && errno == EAGAIN) out += "(still open)";
    return out;
  }
  // The status line's number for one request.
  std::string statusOf(const std::string& request) {
    const Fd fd = connectToLoopback(port_);
    put(fd, request);
    const std::string answer = take(fd, "\r\n");
    return answer.size() >= 12 ? answer.substr(9, 3) : answer;
  }
  static std::string upgrade(const std::string& more, const std::string& host = "127.0.0.1") {
    return "GET /peer?k=1 HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + kKey +
           more + "\r\n";
  }
  Fd opened() {
    Fd fd = connectToLoopback(port_);
    put(fd, upgrade(""));
    EXPECT_NE(take(fd, "\r\n\r\n").find(" 101 "), std::string::npos);
    return fd;
  }
  // A client's frame with a mask of zeros (RFC 6455 section 5.2), for payloads below 126 bytes.
  static std::string frame(int opcode, const std::string& payload, bool masked = true) {
    std::string out{static_cast<char>(0x80 | opcode),
                    static_cast<char>((masked ? 0x80 : 0) | static_cast<int>(payload.size()))};
    if (masked) out += std::string(4, '\0');
    return out + payload;
  }

  plugin_host::HostFilter filter_;
  RecordingListener listener_;
  std::unique_ptr<LanTransport> transport_;
  uint16_t port_ = 0;
};

TEST_F(LanWireTest, AnswersAnUpgradeAsRfc6455Says) {
  const Fd fd = connectToLoopback(port_);
  put(fd, upgrade(""));
  const std::string answer = take(fd, "\r\n\r\n");
  EXPECT_EQ(answer.rfind("HTTP/1.1 101 ", 0), 0u) << answer;
  EXPECT_NE(answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos) << "section 1.3's example";
  EXPECT_EQ(answer.find("Beast"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("Extensions"), std::string::npos);
  put(fd, frame(2, "hello"));
  const auto far = listener_.handler();
  ASSERT_TRUE(far && far->waitMessages(1));
  EXPECT_EQ(far->messages()[0], "hello");
}

TEST_F(LanWireTest, RefusesEveryRequestOfABrowser) {
  EXPECT_EQ(statusOf(upgrade("Origin: http://evil.example\r\n")), "403");
  EXPECT_EQ(statusOf(upgrade("Origin: http://127.0.0.1\r\n")), "403") << "its own origin too (T6)";
  EXPECT_EQ(statusOf(upgrade("Origin: null\r\n")), "403");
  EXPECT_EQ(statusOf(upgrade("Origin:\r\n")), "403");
  EXPECT_EQ(statusOf(upgrade("Sec-Fetch-Site: cross-site\r\n")), "403");
  EXPECT_EQ(statusOf(upgrade("", "rebound.example")), "403");
  EXPECT_TRUE(listener_.requests().empty()) << "the acceptor must not even be asked";
}

TEST_F(LanWireTest, AnswersWhatIsNoUpgrade) {
  EXPECT_EQ(statusOf("GET /peer HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), "426");
  EXPECT_EQ(statusOf("POST /peer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nabc"), "400");
  EXPECT_EQ(statusOf("GET /peer HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(statusOf(upgrade("") + frame(2, "early")), "400") << "nothing may follow before the answer";
  EXPECT_EQ(statusOf(upgrade("Content-Length: 5\r\n")), "400");
  EXPECT_TRUE(listener_.requests().empty());
  EXPECT_EQ(statusOf("GET /peer HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n"),
            "426");
}

TEST_F(LanWireTest, AnswersGarbageAndClosesIt) {
  EXPECT_EQ(statusOf("\x16\x03\x01\x02 this is no HTTP\r\n\r\n"), "400");
  EXPECT_EQ(statusOf("nonsense\r\n\r\n"), "400");
  EXPECT_EQ(statusOf(std::string(100, '\0') + "\r\n\r\n"), "400");
  EXPECT_EQ(statusOf(upgrade("X: " + std::string(9000, 'x') + "\r\n")), "431");
  EXPECT_EQ(statusOf("GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n"), "431");
  EXPECT_TRUE(listener_.requests().empty());
}

TEST_F(LanWireTest, GivesAStrangerFewSeconds) {
  LanSettings settings;
  settings.upgrade_timeout = std::chrono::milliseconds(150);
  transport_->stop();
  begin(settings);
  const Fd silent = connectToLoopback(port_);
  EXPECT_EQ(take(silent), "");
  const Fd slow = connectToLoopback(port_);
  put(slow, "GET /peer HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  EXPECT_EQ(take(slow), "");
}

TEST_F(LanWireTest, KeepsRoomForOthersWhenStrangersCrowdIn) {
  std::vector<Fd> strangers;
  for (size_t i = 0; i < kMaxUpgrading + 50; ++i) strangers.push_back(connectToLoopback(port_));
  auto home = std::make_shared<RecordingHandler>();
  transport_->dial("127.0.0.1:" + std::to_string(port_), "/peer", home, home->dialled());
  EXPECT_EQ(home->waitDialled(), "") << home->outcome().message;
  EXPECT_EQ(take(strangers.front()), "") << "the oldest stranger had to go";
}

TEST_F(LanWireTest, EndsALinkThatSendsText) {
  const Fd fd = opened();
  const auto far = listener_.handler();
  put(fd, frame(1, "text"));
  EXPECT_NE(take(fd, "protocol_error").find("protocol_error"), std::string::npos) << "the reason goes out";
  put(fd, frame(8, ""));
  EXPECT_EQ(far->waitClosed(), "protocol_error");
  EXPECT_EQ(far->count(), 0u);
}

TEST_F(LanWireTest, EndsALinkThatBreaksTheProtocol) {
  size_t number = 0;
  for (const std::string& bytes :
       {frame(2, "x", false), frame(3, "x"), frame(11, "x"), std::string(14, '\xff'), frame(0, "x")}) {
    const Fd fd = opened();
    const auto far = listener_.handler(number++);
    ASSERT_TRUE(far);
    put(fd, bytes);
    ::shutdown(fd.get(), SHUT_WR);
    EXPECT_EQ(far->waitClosed(), "protocol_error") << number;
    EXPECT_EQ(far->count(), 0u);
  }
}

// Beast's reader then waits for its writer and the other way round, and both would keep the link.
TEST_F(LanWireTest, KeepsNothingOfALinkThatBreaksTheProtocolDuringTheGoodbye) {
  transport_->stop();
  LanSettings soon;
  soon.close_timeout = std::chrono::milliseconds(200);
  begin(soon);
  size_t number = 0;
  for (const std::string& bytes : {frame(3, "x"), frame(2, "x", false), std::string(14, '\xff')}) {
    const Fd fd = opened();
    const auto far = listener_.handler(number++);
    ASSERT_TRUE(far && far->waitOpen());
    put(fd, frame(1, "text") + bytes);
    EXPECT_EQ(far->waitClosed(), "protocol_error");
    const std::shared_ptr<sdk::Link> link = far->link();
    constexpr long kOurs = 2;  // this one and the handler's
    EXPECT_TRUE(testing::eventually([&] { return link.use_count() == kOurs; })) << number << ": " << link.use_count();
  }
}

TEST_F(LanWireTest, RefusesAnAnnouncedSizeBeforeItsBytesCome) {
  const Fd fd = opened();
  const auto far = listener_.handler();
  ASSERT_TRUE(far);
  // 2^40 bytes, of which none are sent.
  put(fd, std::string("\x82\xff\0\0\x01\0\0\0\0\0\0\0\0\0", 14));
  EXPECT_EQ(far->waitClosed(), "too_large");
}

TEST_F(LanWireTest, RefusesWhatIsTooLargeForAStrangerBeforeItsBytesCome) {
  listener_.prepare([](testing::RecordingHandler& handler) { handler.trusting = false; });
  size_t number = 0;
  for (const size_t size : {size_t{65'536}, kMaxMessageBytes}) {
    const Fd fd = opened();
    const auto far = listener_.handler(number++);
    ASSERT_TRUE(far);
    std::string head("\x82\xff\0\0\0\0\0\0\0\0\0\0\0\0", 14);
    for (size_t at = 0; at < 4; ++at) head[9 - at] = static_cast<char>(size >> 8 * at);
    put(fd, head);
    EXPECT_EQ(far->waitClosed(), "too_large") << size;
  }
}

TEST_F(LanWireTest, JoinsFragmentsWithPingsInBetween) {
  const Fd fd = opened();
  std::string first = frame(2, "one ");
  first[0] = 2;  // not the last
  put(fd, first + frame(9, "ping") + frame(0, "message"));
  const auto far = listener_.handler();
  ASSERT_TRUE(far && far->waitMessages(1));
  EXPECT_EQ(far->messages()[0], "one message");
}

TEST_F(LanWireTest, ReadsStrangeGoodbyes) {
  size_t number = 0;
  const auto reason = [&](const std::string& payload) {
    const Fd fd = opened();
    const auto far = listener_.handler(number++);
    put(fd, frame(8, payload));
    ::shutdown(fd.get(), SHUT_WR);  // Otherwise the other side waits for our end of the connection.
    far->waitClosed();
    return far->reason().code + "|" + far->reason().text;
  };
  EXPECT_EQ(reason(std::string("\x0f\xa0") + "done all said"), "done|all said");
  EXPECT_EQ(reason(std::string("\x0f\xa0") + "done"), "done|");
  EXPECT_EQ(reason(std::string("\x0f\xa0") + "done \x1b[31mred"), "done|?[31mred");
  EXPECT_EQ(reason(std::string("\x0f\xa0") + "Not A Code").substr(0, 7), "closed|");
  EXPECT_EQ(reason(std::string("\x0f\xa0")).substr(0, 7), "closed|");
  EXPECT_EQ(reason(std::string("\x03\xe8") + "bye").substr(0, 7), "closed|");
  EXPECT_EQ(reason("").substr(0, 7), "closed|");
  EXPECT_EQ(reason(std::string("\x0f\xa0") + "done \xff\xfe").substr(0, 15), "protocol_error|");
}

class LanDialTest : public LanWireTest {
 protected:
  // Dials something that answers every request with `answer`.
  std::string dialTo(const std::string& answer, bool close = true) {
    uint16_t port = 0;
    const Fd server = testing::listenOnLoopback(&port);
    auto handler = std::make_shared<RecordingHandler>();
    transport_->dial("127.0.0.1:" + std::to_string(port), "/peer?k=1", handler, handler->dialled());
    Fd fd(::accept(server.get(), nullptr, nullptr));
    request_ = take(fd, "\r\n\r\n");
    put(fd, answer);
    if (close) fd = Fd();
    return handler->waitDialled();
  }
  std::string request_;
};

TEST_F(LanDialTest, SaysWhatAnsweredInstead) {
  EXPECT_EQ(dialTo("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "not_a_websocket");
  // Only a gateway's own refusal counts as one.
  EXPECT_EQ(dialTo("HTTP/1.1 404 Not Found\r\nX-Hearthgate: refused\r\nContent-Length: 0\r\n\r\n"), "http_404");
  EXPECT_EQ(dialTo("HTTP/1.1 429 Too Many Requests\r\nX-Hearthgate: refused\r\nContent-Length: 0\r\n\r\n"), "http_429");
  EXPECT_EQ(dialTo("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), "not_a_websocket");
  EXPECT_EQ(dialTo("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"), "not_a_websocket");
  EXPECT_EQ(dialTo("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"), "not_a_websocket");
  EXPECT_EQ(dialTo("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "not_a_websocket");
  EXPECT_EQ(dialTo("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"),
            "not_a_websocket");
  EXPECT_EQ(dialTo("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"), "not_a_websocket");
  EXPECT_EQ(dialTo(""), "lost");
}

TEST_F(LanDialTest, SendsNeitherOriginNorNames) {
  EXPECT_EQ(dialTo(""), "lost");
  EXPECT_EQ(request_.rfind("GET /peer?k=1 HTTP/1.1\r\n", 0), 0u) << request_;
  for (const char* header : {"Origin", "User-Agent", "Cookie", "Authorization"}) {
    EXPECT_EQ(request_.find(header), std::string::npos) << request_;
  }
}

TEST_F(LanDialTest, TellsANameThatNobodyKnowsFromAnAddressThatLeadsNowhere) {
  const auto outcome = [&](const std::string& address) {
    auto handler = std::make_shared<RecordingHandler>();
    transport_->dial(address, "/peer", handler, handler->dialled());
    return handler->waitDialled();
  };
  // RFC 6761 section 6.4: never a name. Without any resolver it takes the whole time, and that is told as the same.
  EXPECT_EQ(outcome("no-such-home.invalid:8765"), "name_unknown");
  EXPECT_EQ(outcome("255.255.255.255:8765"), "unreachable");
}

TEST_F(LanDialTest, LooksUpNames) {
  auto handler = std::make_shared<RecordingHandler>();
  transport_->dial("localhost:" + std::to_string(port_), "/peer", handler, handler->dialled());
  // A system without /etc/hosts knows no names at all, and that is told too.
  if (!std::filesystem::exists("/etc/hosts")) {
    EXPECT_EQ(handler->waitDialled(), "name_unknown");
    return;
  }
  ASSERT_EQ(handler->waitDialled(), "") << handler->outcome().message;
  EXPECT_EQ(handler->link()->remoteAddress(), "127.0.0.1:" + std::to_string(port_));
}

TEST_F(LanDialTest, SpeaksIpv6) {
  const auto listening = transport_->listen("::1", 0, listener_.acceptor());
  if (listening.outcome.code == "address_not_available") GTEST_SKIP() << "no IPv6 here: " << listening.outcome.message;
  ASSERT_TRUE(listening.outcome.ok()) << listening.outcome.message;
  auto handler = std::make_shared<RecordingHandler>();
  const std::string address = "[::1]:" + std::to_string(listening.port);
  transport_->dial(address, "/peer", handler, handler->dialled());
  EXPECT_EQ(handler->waitDialled(), "") << handler->outcome().message;
  EXPECT_EQ(handler->link()->remoteAddress(), address);
  EXPECT_EQ(listener_.handler()->link()->remoteAddress().rfind("[::1]:", 0), 0u);
}

TEST_F(LanDialTest, TakesIpv4OnTheAddressOfBoth) {
  const auto listening = transport_->listen("::", 0, listener_.acceptor());
  if (!listening.outcome.ok()) GTEST_SKIP() << "no IPv6 here: " << listening.outcome.message;
  auto handler = std::make_shared<RecordingHandler>();
  transport_->dial("127.0.0.1:" + std::to_string(listening.port), "/peer", handler, handler->dialled());
  EXPECT_EQ(handler->waitDialled(), "") << handler->outcome().message;
  EXPECT_EQ(listener_.handler()->link()->remoteAddress().rfind("127.0.0.1:", 0), 0u)
      << "told as the IPv4 address that it is";
}

}  // namespace
}  // namespace hearthgate::lan
