// What strangers send to the port for links, over real sockets of loopback: HTTP that is none, upgrades with any
// header, and WebSocket frames after a real upgrade. The listener answers or closes, always ends when the other side
// does and lets go of the link then, asks the acceptor only for what no browser sent, and hands on only whole binary
// messages within the limit.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <vector>

#include "base/assert.h"
#include "fuzz/input.h"
#include "lan/lan_transport.h"
#include "plugin_host/request_filter.h"
#include "support/eventually.h"

using namespace hearthgate;

namespace {

constexpr size_t kMaxMessage = 4096;
// A listener that has not closed by then hangs; with a sanitizer on a loaded machine it takes milliseconds.
constexpr timeval kPatience{20, 0};
// How long it waits for the rest of a goodbye; short, so that inputs that never finish one do not slow the others.
constexpr std::chrono::milliseconds kCloseTimeout{10};

// Every link that was opened and is not freed. Any thread.
class Links {
 public:
  void add(const std::shared_ptr<sdk::Link>& link) {
    std::lock_guard lock(mutex_);
    links_.push_back(link);
  }
  bool allGone() {
    std::lock_guard lock(mutex_);
    std::erase_if(links_, [](const std::weak_ptr<sdk::Link>& link) { return link.expired(); });
    return links_.empty();
  }

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<sdk::Link>> links_;
};

// Sends every message back.
class Echo final : public sdk::LinkHandler {
 public:
  explicit Echo(Links& links) : links_(links) {}
  void onOpen(std::shared_ptr<sdk::Link> link) override {
    links_.add(link);
    link_ = std::move(link);
  }
  void onMessage(std::string_view message) override {
    HG_ASSERT(link_ && message.size() <= kMaxMessage);
    (void)link_->send(std::string(message));
    link_->authenticated();
  }
  void onWritable() override {}
  void onClosed(const sdk::CloseReason& reason) override {
    HG_ASSERT(!reason.code.empty() && reason.code.size() <= 32 && reason.text.size() <= 1000);
    link_.reset();
  }

 private:
  Links& links_;
  std::shared_ptr<sdk::Link> link_;
};

struct Listener {
  Links links;
  plugin_host::HostFilter filter;
  lan::LanTransport transport;
  uint16_t port = 0;

  static lan::LanSettings settings() {
    lan::LanSettings settings;
    settings.max_message_bytes = kMaxMessage;
    settings.close_timeout = kCloseTimeout;
    return settings;
  }
  Listener() : transport(settings(), filter, [](sdk::Log::Level, std::string_view) {}) {
    auto listening = transport.listen("127.0.0.1", 0, [this](const sdk::LinkRequest& request) {
      HG_ASSERT(request.path.find('?') == std::string::npos && !request.remote_address.empty());
      return request.path == "/peer" ? sdk::LinkDecision::accept(std::make_shared<Echo>(links))
                                     : sdk::LinkDecision::refuse(404);
    });
    HG_ASSERT(listening.port != 0);
    port = listening.port;
  }
  ~Listener() { transport.stop(); }
};

// One connection of a stranger.
class Stranger {
 public:
  explicit Stranger(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    HG_ASSERT(fd_ >= 0);
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    // So that thousands of them leave no ports behind that wait.
    linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    HG_ASSERT(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Stranger() { ::close(fd_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  // The listener may close while this is sent.
  void send(std::string_view bytes) { (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // What the listener says until the end of an HTTP header, or of the connection.
  std::string header() {
    std::string answer;
    char byte;
    while (!answer.ends_with("\r\n\r\n") && receive(&byte, 1) == 1) answer.push_back(byte);
    return answer;
  }
  // Sends no more, and hears the listener out.
  std::string rest() {
    ::shutdown(fd_, SHUT_WR);
    std::string answer;
    char part[4096];
    ssize_t got;
    while ((got = receive(part, sizeof part)) > 0) answer.append(part, static_cast<size_t>(got));
    return answer;
  }

 private:
  ssize_t receive(char* to, size_t size) {
    ssize_t got = ::recv(fd_, to, size, 0);
    HG_ASSERT(got >= 0 || errno != EAGAIN);
    return got;
  }

  int fd_;
};

constexpr char kUpgrade[] =
    "GET /peer HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Listener listener;
  fuzz::Input input(data, size);
  {
    Stranger stranger(listener.port);
    size_t kind = input.below(3);
    if (kind == 0) {
      stranger.send(input.rest());
    } else if (kind == 1) {
      stranger.send(kUpgrade + std::string(input.rest()) + "\r\n\r\n");
    } else {
      bool browser = input.below(4) == 0;
      stranger.send(kUpgrade + std::string(browser ? "Origin: http://127.0.0.1\r\n" : "") + "\r\n");
      // Frames before the answer would be refused as a body.
      HG_ASSERT(stranger.header().starts_with(browser ? "HTTP/1.1 403" : "HTTP/1.1 101"));
      stranger.send(input.rest());
    }
    std::string answer = stranger.rest();
    HG_ASSERT(kind == 2 || answer.empty() || answer.starts_with("HTTP/1.1 "));
  }
  HG_ASSERT(testing::eventually([] { return listener.links.allGone(); }, kPatience.tv_sec * 1000));
  return 0;
}
