// What strangers send to the port for links, over real sockets of loopback: HTTP that is none, upgrades with any
// header, and WebSocket frames after a real upgrade. The listener answers or closes, always ends when the other side
// does, asks the acceptor only for what no browser sent, and hands on only whole binary messages within the limit.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "base/assert.h"
#include "fuzz/input.h"
#include "lan/lan_transport.h"
#include "plugin_host/request_filter.h"

using namespace hearthgate;

namespace {

constexpr size_t kMaxMessage = 4096;
// A listener that has not closed by then hangs; with a sanitizer on a loaded machine it takes milliseconds.
constexpr timeval kPatience{20, 0};

// Sends every message back.
class Echo final : public sdk::LinkHandler {
 public:
  void onOpen(std::shared_ptr<sdk::Link> link) override { link_ = std::move(link); }
  void onMessage(std::string_view message) override {
    HG_ASSERT(link_ && message.size() <= kMaxMessage);
    (void)link_->send(std::string(message));
  }
  void onWritable() override {}
  void onClosed(const sdk::CloseReason& reason) override {
    HG_ASSERT(!reason.code.empty() && reason.code.size() <= 32 && reason.text.size() <= 1000);
    link_.reset();
  }

 private:
  std::shared_ptr<sdk::Link> link_;
};

struct Listener {
  plugin_host::HostFilter filter;
  lan::LanTransport transport;
  uint16_t port = 0;

  static lan::LanSettings settings() {
    lan::LanSettings settings;
    settings.max_message_bytes = kMaxMessage;
    return settings;
  }
  Listener() : transport(settings(), filter, [](sdk::Log::Level, std::string_view) {}) {
    auto listening = transport.listen("127.0.0.1", 0, [](const sdk::LinkRequest& request) {
      HG_ASSERT(request.path.find('?') == std::string::npos && !request.remote_address.empty());
      return request.path == "/peer" ? sdk::LinkDecision::accept(std::make_shared<Echo>())
                                     : sdk::LinkDecision::refuse(404);
    });
    HG_ASSERT(listening.port != 0);
    port = listening.port;
  }
  ~Listener() { transport.stop(); }
};

std::string answerTo(uint16_t port, const std::string& bytes) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  HG_ASSERT(fd >= 0);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  // So that thousands of them leave no ports behind that wait.
  linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  HG_ASSERT(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  // It may close while this is sent.
  (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  ::shutdown(fd, SHUT_WR);
  std::string answer;
  char part[4096];
  ssize_t got;
  while ((got = ::recv(fd, part, sizeof part, 0)) > 0) answer.append(part, static_cast<size_t>(got));
  HG_ASSERT(got == 0 || errno != EAGAIN);
  ::close(fd);
  return answer;
}

constexpr char kUpgrade[] =
    "GET /peer HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Listener listener;
  fuzz::Input input(data, size);
  std::string bytes;
  bool browser = false;
  switch (input.below(3)) {
    case 0:
      bytes = std::string(input.rest());
      break;
    case 1:
      bytes = kUpgrade + std::string(input.rest()) + "\r\n\r\n";
      break;
    default:
      browser = input.below(4) == 0;
      bytes =
          kUpgrade + std::string(browser ? "Origin: http://127.0.0.1\r\n" : "") + "\r\n" + std::string(input.rest());
  }
  std::string answer = answerTo(listener.port, bytes);
  HG_ASSERT(answer.empty() || answer.starts_with("HTTP/1.1 "));
  if (browser) HG_ASSERT(!answer.starts_with("HTTP/1.1 101"));
  return 0;
}
