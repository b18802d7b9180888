// The listen side: takes connections, reads one request from each under TRUST.md T7's limits, asks the filter and the
// acceptor, and turns what they allow into a link.
#include <fcntl.h>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <map>

#include "link.h"

namespace hearthgate::lan {
namespace {

namespace http = beast::http;
using ErrorCode = boost::system::error_code;
using asio::ip::tcp;

std::optional<std::string> header(const http::fields& fields, std::string_view name) {
  const auto found = fields.find(beast::string_view(name.data(), name.size()));
  if (found == fields.end()) return std::nullopt;
  return std::string(found->value().data(), found->value().size());
}

// One connection up to the end of its upgrade.
class Upgrade final : public Running, public std::enable_shared_from_this<Upgrade> {
 public:
  Upgrade(std::shared_ptr<Hub> hub, Socket socket, std::string remote_address,
          std::shared_ptr<const sdk::Transport::Acceptor> acceptor)
      : hub_(std::move(hub)),
        socket_(std::move(socket)),
        remote_address_(std::move(remote_address)),
        acceptor_(std::move(acceptor)),
        deadline_(hub_->io) {}

  void start() {
    parser_.header_limit(kUpgradeHeaderBytes);
    parser_.body_limit(0);
    deadline_.expires_after(hub_->settings.upgrade_timeout);
    deadline_.async_wait([self = shared_from_this()](const ErrorCode& error) {
      if (!error) self->abort();
    });
    http::async_read_header(socket_.next_layer(), buffer_, parser_,
                            [self = shared_from_this()](const ErrorCode& error, size_t) { self->onHeader(error); });
  }

  void stop() override { abort(); }

  void abort() override {
    if (ended_) return;  // The socket is the link's then.
    closeSocket(socket_);
    end();
  }

 private:
  void onHeader(const ErrorCode& error) {
    if (ended_) return;
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return answer(431);
    if (error && error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      return answer(400);
    }
    if (error) return abort();
    const uint32_t refused = check();
    if (refused != 0) return answer(refused);
    accept();
  }

  // The status to refuse with, or 0; in the order that tells a stranger least.
  uint32_t check() {
    const auto& request = parser_.get();
    sdk::Request asked;
    asked.method = std::string(request.method_string().data(), request.method_string().size());
    asked.target = std::string(request.target().data(), request.target().size());
    asked.host = header(request, "Host");
    asked.origin = header(request, "Origin");
    asked.sec_fetch_site = header(request, "Sec-Fetch-Site");
    asked.remote_address = remote_address_;
    if (const uint32_t status = hub_->filter.check(asked); status != 0) return status;
    if (asked.origin) return 403;  // TRUST.md T6: homes send none, browsers always do.
    if (!beast::websocket::is_upgrade(request)) return 426;
    // Nothing may follow the request before our answer (RFC 6455 section 4.1).
    if (buffer_.size() != 0 || parser_.chunked() || parser_.content_length().value_or(0) != 0) return 400;

    sdk::LinkRequest wanted;
    const size_t question = asked.target.find('?');
    wanted.path = asked.target.substr(0, question);
    if (question != std::string::npos) wanted.query = asked.target.substr(question + 1);
    wanted.remote_address = remote_address_;
    path_ = wanted.path;
    return decide(wanted);
  }

  uint32_t decide(const sdk::LinkRequest& wanted) {
    try {
      sdk::LinkDecision decision = (*acceptor_)(wanted);
      handler_ = std::move(decision.handler);
      if (handler_) return 0;
      return decision.status >= 400 && decision.status <= 599 ? decision.status : 500;
    } catch (const std::exception& error) {
      hub_->log(sdk::Log::Level::kError,
                "the acceptor failed on " + wanted.path + " from " + remote_address_ + ": " + error.what());
      return 500;
    }
  }

  void accept() {
    tuneWebSocket(socket_, hub_->settings);
    socket_.async_accept(parser_.get(), [self = shared_from_this()](const ErrorCode& error) {
      if (self->ended_) return;
      if (error) return self->abort();
      const auto hub = self->hub_;
      auto link = std::make_shared<WebSocketLink>(hub, std::move(self->socket_), std::move(self->path_),
                                                  self->remote_address_, std::move(self->handler_));
      self->end();
      link->open(false);
    });
  }

  void answer(uint32_t status) {
    response_.version(11);
    response_.result(status);
    response_.set(http::field::connection, "close");
    response_.set(kRefusalField, "refused");
    if (status == 426) response_.set(http::field::upgrade, "websocket");
    response_.prepare_payload();
    http::async_write(socket_.next_layer(), response_, [self = shared_from_this()](const ErrorCode& error, size_t) {
      if (self->ended_) return;
      if (error) return self->abort();
      ErrorCode ignored;  // If it is gone, the next read says so.
      self->socket_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
      self->drain();
    });
  }

  // Until the other side has closed: closing on unread bytes would reset the connection and could lose the answer.
  void drain() {
    buffer_.clear();
    socket_.next_layer().async_read_some(buffer_.prepare(1024),
                                         [self = shared_from_this()](const ErrorCode& error, size_t) {
                                           if (self->ended_) return;
                                           if (error) return self->abort();
                                           self->drain();
                                         });
  }

  void end() {
    if (ended_) return;
    ended_ = true;
    deadline_.cancel();
    handler_ = nullptr;
    const auto self = shared_from_this();
    hub_->upgrading.remove_if([&](const Hub::Upgrading& one) { return one.session == self; });
    hub_->ended(self);
  }

  const std::shared_ptr<Hub> hub_;
  WebSocket socket_;
  const std::string remote_address_;
  const std::shared_ptr<const sdk::Transport::Acceptor> acceptor_;
  Timer deadline_;
  beast::flat_buffer buffer_{kUpgradeHeaderBytes + 1};
  http::request_parser<http::empty_body> parser_;
  http::response<http::empty_body> response_;
  std::string path_;
  std::shared_ptr<sdk::LinkHandler> handler_;
  bool ended_ = false;
};

// Slow strangers must not keep others out: above the limit the address with the most waiting connections loses its
// oldest.
void makeRoom(Hub& hub) {
  if (hub.upgrading.size() < kMaxUpgrading) return;
  std::map<std::string_view, size_t> waiting;
  for (const auto& one : hub.upgrading) ++waiting[one.source];
  const auto busiest = std::max_element(waiting.begin(), waiting.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto oldest = std::find_if(hub.upgrading.begin(), hub.upgrading.end(),
                                   [&](const Hub::Upgrading& one) { return one.source == busiest->first; });
  const auto session = oldest->session;
  session->abort();
}

class Listener final : public Running, public std::enable_shared_from_this<Listener> {
 public:
  Listener(std::shared_ptr<Hub> hub, sdk::Transport::Acceptor acceptor)
      : hub_(std::move(hub)),
        asked_(std::make_shared<const sdk::Transport::Acceptor>(std::move(acceptor))),
        sockets_(hub_->io),
        retry_(hub_->io) {}

  sdk::Listening bind(const std::string& address, uint16_t port) {
    ErrorCode error;
    const auto parsed = asio::ip::make_address(address, error);
    if (error) {
      return {
          sdk::Outcome::failure("bad_address", "cannot listen on '" + address + "': it is no IP address (0.0.0.0, ::)"),
          0};
    }
    const tcp::endpoint endpoint(parsed, port);
    sockets_.open(endpoint.protocol(), error);
    if (!error) ::fcntl(sockets_.native_handle(), F_SETFD, FD_CLOEXEC);
    // A port of a connection that ended lately may be taken; one with a listener may not.
    if (!error) sockets_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && parsed.is_v6()) sockets_.set_option(asio::ip::v6_only(!parsed.is_unspecified()), error);
    if (!error) sockets_.bind(endpoint, error);
    if (!error) sockets_.listen(asio::socket_base::max_listen_connections, error);
    tcp::endpoint bound;
    if (!error) bound = sockets_.local_endpoint(error);
    if (error) {
      return {sdk::Outcome::failure(listenCode(error),
                                    "cannot listen on " + endpointText(endpoint) + ": " + error.message()),
              0};
    }
    return {sdk::Outcome::success(), bound.port()};
  }

  void start() {
    hub_->running.insert(shared_from_this());
    accept();
  }

  void stop() override { abort(); }

  void abort() override {
    ErrorCode ignored;  // Closing is all we want of it.
    sockets_.close(ignored);
    retry_.cancel();
    hub_->ended(shared_from_this());
  }

 private:
  static std::string listenCode(const ErrorCode& error) {
    if (error == asio::error::address_in_use) return "address_in_use";
    if (error == asio::error::access_denied || error == boost::system::errc::operation_not_permitted)
      return "not_permitted";
    return "address_not_available";
  }

  void accept() {
    sockets_.async_accept([self = shared_from_this()](const ErrorCode& error, Socket::basic_stream_socket socket) {
      if (!self->sockets_.is_open()) return;
      if (error) return self->acceptLater(error);
      self->take(Socket(std::move(socket)));
      self->accept();
    });
  }

  void acceptLater(const ErrorCode& error) {
    hub_->log(sdk::Log::Level::kWarning, "cannot accept a connection: " + error.message() + "; trying again");
    retry_.expires_after(kAcceptRetry);
    retry_.async_wait([self = shared_from_this()](const ErrorCode& cancelled) {
      if (!cancelled && self->sockets_.is_open()) self->accept();
    });
  }

  void take(Socket socket) {
    ErrorCode error;
    const tcp::endpoint remote = socket.remote_endpoint(error);
    if (error) return;  // It has left already.
    tuneSocket(socket);
    makeRoom(*hub_);
    auto session = std::make_shared<Upgrade>(hub_, std::move(socket), endpointText(remote), asked_);
    hub_->running.insert(session);
    hub_->upgrading.push_back({addressText(remote.address()), session});
    session->start();
  }

  const std::shared_ptr<Hub> hub_;
  const std::shared_ptr<const sdk::Transport::Acceptor> asked_;
  lan::Acceptor sockets_;
  Timer retry_;
};

}  // namespace

OpenedListener openListener(const std::shared_ptr<Hub>& hub, const std::string& address, uint16_t port,
                            sdk::Transport::Acceptor acceptor) {
  const auto listener = std::make_shared<Listener>(hub, std::move(acceptor));
  const sdk::Listening listening = listener->bind(address, port);
  return {listening, [listener] { listener->start(); }};
}

}  // namespace hearthgate::lan
