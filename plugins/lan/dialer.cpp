// The dial side: looks up the address, connects, asks for the upgrade, and says in one code what came of it.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/beast/websocket.hpp>
#include <charconv>

#include "link.h"

namespace hearthgate::lan {
namespace {

namespace websocket = beast::websocket;
using ErrorCode = boost::system::error_code;
using asio::ip::tcp;
using Resolver = asio::ip::basic_resolver<tcp, Executor>;

struct HostPort {
  std::string host;  // without brackets
  uint16_t port = 0;
};

// `HOST:PORT` or `[IPv6]:PORT`.
std::optional<HostPort> parseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != host.npos) {
    return std::nullopt;
  }
  for (char c : host) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '/' || c == '@') return std::nullopt;
  }
  uint16_t port = 0;
  const auto end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) return std::nullopt;
  return HostPort{std::string(host), port};
}

// `[fe80::1%eth0]:80` as others know it: the zone is this machine's word (RFC 6874 section 1).
std::string withoutZone(const std::string& address) {
  const size_t zone = address.find('%');
  return zone == std::string::npos ? address : address.substr(0, zone) + address.substr(address.find(']', zone));
}

bool isTarget(std::string_view text) {
  if (text.empty() || text.front() != '/' || text.size() > 1024) return false;
  for (char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '#') return false;
  }
  return true;
}

class Dial final : public Running, public std::enable_shared_from_this<Dial> {
 public:
  Dial(std::shared_ptr<Hub> hub, std::string address, std::string target, std::shared_ptr<sdk::LinkHandler> handler,
       sdk::Transport::Dialled dialled)
      : hub_(std::move(hub)),
        address_(std::move(address)),
        target_(std::move(target)),
        handler_(std::move(handler)),
        dialled_(std::move(dialled)),
        socket_(Socket(hub_->io)),
        resolver_(hub_->io),
        deadline_(hub_->io) {}

  void start() {
    hub_->running.insert(shared_from_this());
    const auto wanted = parseHostPort(address_);
    if (!wanted) return fail("bad_address", "it is not of the form HOST:PORT or [IPv6]:PORT");
    if (!isTarget(target_)) return fail("bad_address", "the path '" + target_ + "' is no path of a request");
    deadline_.expires_after(hub_->settings.connect_timeout);
    deadline_.async_wait([self = shared_from_this()](const ErrorCode& error) {
      const std::string after = " after " + std::to_string(self->hub_->settings.connect_timeout.count()) + " ms";
      if (!error && self->endpoints_.empty()) return self->fail("name_unknown", "no answer about its name" + after);
      if (!error) self->fail("timeout", "no connection" + after);
    });
    ErrorCode no_literal;
    const auto literal = asio::ip::make_address(wanted->host, no_literal);
    if (!no_literal) return connect({tcp::endpoint(literal, wanted->port)});
    resolver_.async_resolve(wanted->host, std::to_string(wanted->port),
                            [self = shared_from_this()](const ErrorCode& error, const Resolver::results_type& found) {
                              if (self->answered_) return;
                              if (error) return self->fail("name_unknown", "the name is not known: " + error.message());
                              std::vector<tcp::endpoint> endpoints;
                              for (const auto& one : found) endpoints.push_back(one.endpoint());
                              self->connect(std::move(endpoints));
                            });
  }

  void stop() override { abort(); }
  void abort() override { fail("stopped", "the transport stopped"); }
  void addressesGone(const std::set<asio::ip::address>& gone) override {
    if (gone.contains(localAddress(socket_.next_layer()))) fail("unreachable", "this machine no longer has the address it came from");
  }

 private:
  void connect(std::vector<tcp::endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    asio::async_connect(socket_.next_layer(), endpoints_,
                        [self = shared_from_this()](const ErrorCode& error, const tcp::endpoint& to) {
                          if (self->answered_) return;
                          if (error == asio::error::connection_refused)
                            return self->fail("refused", "nobody listens there");
                          if (error == asio::error::timed_out) return self->fail("timeout", error.message());
                          if (error) return self->fail("unreachable", error.message());
                          self->upgrade(to);
                        });
  }

  void upgrade(const tcp::endpoint& to) {
    deadline_.cancel();  // From here on Beast's own handshake timeout holds.
    tuneSocket(socket_.next_layer());
    tuneWebSocket(socket_, hub_->settings);
    remote_address_ = endpointText(to);
    socket_.async_handshake(response_, withoutZone(address_), target_, [self = shared_from_this()](const ErrorCode& error) {
      if (self->answered_) return;
      if (error) return self->upgradeFailed(error);
      self->succeed();
    });
  }

  void upgradeFailed(const ErrorCode& error) {
    if (error == beast::error::timeout) {
      return fail("upgrade_timeout",
                  "no answer to the upgrade after " + std::to_string(hub_->settings.upgrade_timeout.count()) + " ms");
    }
    if (error == websocket::error::upgrade_declined && response_.result_int() >= 300) {
      const std::string status = std::to_string(response_.result_int());
      const bool gateway = response_.count(kRefusalField) != 0;
      return fail(gateway ? "http_" + status : "not_a_websocket", "the other side answered with HTTP status " + status);
    }
    if (error.category() == asio::error::get_system_category() || error == beast::http::error::end_of_stream ||
        error == asio::error::eof || error == beast::http::error::partial_message) {
      return fail("lost", "the connection broke during the upgrade: " + error.message());
    }
    fail("not_a_websocket", "what answers there does not speak WebSocket: " + error.message());
  }

  void succeed() {
    answered_ = true;
    const size_t question = target_.find('?');
    const auto hub = hub_;
    const auto self = shared_from_this();
    const auto link = std::make_shared<WebSocketLink>(hub, std::move(socket_), target_.substr(0, question),
                                                      remote_address_, std::move(handler_));
    link->open(true);
    tell(sdk::Outcome::success());
    hub->ended(self);
  }

  void fail(std::string code, const std::string& why) {
    if (answered_) return;
    answered_ = true;
    const auto self = shared_from_this();
    deadline_.cancel();
    resolver_.cancel();
    closeSocket(socket_);
    handler_ = nullptr;
    tell(sdk::Outcome::failure(std::move(code), "cannot open a link to " + address_ + ": " + why));
    hub_->ended(self);
  }

  void tell(const sdk::Outcome& outcome) {
    const auto dialled = std::move(dialled_);
    dialled_ = nullptr;
    try {
      dialled(outcome);
    } catch (const std::exception& error) {
      hub_->log(sdk::Log::Level::kError, "the answer to the dial of " + address_ + " failed: " + error.what());
    }
  }

  const std::shared_ptr<Hub> hub_;
  const std::string address_;
  const std::string target_;
  std::shared_ptr<sdk::LinkHandler> handler_;
  sdk::Transport::Dialled dialled_;
  WebSocket socket_;
  Resolver resolver_;
  Timer deadline_;
  std::vector<tcp::endpoint> endpoints_;
  std::string remote_address_;
  websocket::response_type response_;
  bool answered_ = false;
};

}  // namespace

void startDial(const std::shared_ptr<Hub>& hub, const std::string& address, const std::string& target,
               std::shared_ptr<sdk::LinkHandler> handler, sdk::Transport::Dialled dialled) {
  std::make_shared<Dial>(hub, address, target, std::move(handler), std::move(dialled))->start();
}

}  // namespace hearthgate::lan
