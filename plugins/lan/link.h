// One open WebSocket as a link. Made by the listener and the dialer after the upgrade; keeps itself alive until it is
// closed. send, close and the counters from any thread, everything else on the loop's.
#pragma once

#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "hub.h"

namespace hearthgate::lan {

namespace beast = boost::beast;

// A field of the listener's refusals, by which the dialer knows a gateway that says no from any other server.
inline constexpr const char* kRefusalField = "X-Hearthgate";

// How Beast ends the TCP connection after the close frames: it finds this by the socket's type. Beast's own waits for
// the other side for as long as that likes, and reports how the waiting ended instead of why the link did.
template <typename Handler>
class Teardown final : public std::enable_shared_from_this<Teardown<Handler>> {
 public:
  Teardown(Socket& socket, Handler&& handler)
      : socket_(socket), handler_(std::forward<Handler>(handler)), limit_(socket.get_executor()) {}

  void start() {
    ErrorCode ignored;  // If it is gone, the first read says so.
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    limit_.expires_after(kTeardownTime);
    limit_.async_wait([self = this->shared_from_this()](const ErrorCode&) { self->end(); });
    drain();
  }

 private:
  using ErrorCode = boost::system::error_code;

  // Closing on unread bytes would reset the connection, and the other side could lose our close frame.
  void drain() {
    socket_.async_read_some(asio::buffer(dropped_), [self = this->shared_from_this()](const ErrorCode& error, size_t) {
      if (self->ended_) return;
      if (error) return self->end();
      self->drain();
    });
  }
  void end() {
    if (ended_) return;
    ended_ = true;
    limit_.cancel();
    handler_(ErrorCode());
  }

  Socket& socket_;  // The handler keeps it.
  std::decay_t<Handler> handler_;
  Timer limit_;
  std::array<char, 4096> dropped_;
  bool ended_ = false;
};

template <typename Handler>
void async_teardown(beast::role_type, Socket& socket, Handler&& handler) {
  std::make_shared<Teardown<Handler>>(socket, std::forward<Handler>(handler))->start();
}

// Without permessage-deflate: the messages are ciphertext.
using WebSocket = beast::websocket::stream<Socket, false>;

// Sets what holds for either side; before the handshake, because the timeout of that is among it.
void tuneWebSocket(WebSocket& socket, const LanSettings& settings);
// Closes without a word, and ends Beast's own timer, which would keep the loop busy until it runs out.
void closeSocket(WebSocket& socket);

class WebSocketLink final : public sdk::Link, public Running, public std::enable_shared_from_this<WebSocketLink> {
 public:
  WebSocketLink(std::shared_ptr<Hub> hub, WebSocket socket, std::string path, std::string remote_address,
                std::shared_ptr<sdk::LinkHandler> handler);

  // Tells the handler and begins to read; `dialled`: the other side is no stranger who came by itself.
  void open(bool dialled);

  sdk::Sent send(std::string&& message) override;
  size_t queuedBytes() const override;
  size_t queueLimitBytes() const override { return hub_->settings.queue_limit_bytes; }
  size_t maxMessageBytes() const override { return hub_->settings.max_message_bytes; }
  void authenticated() override;
  void close(std::string code, std::string text) override;
  std::string remoteAddress() const override { return remote_address_; }
  std::string path() const override { return path_; }

  void stop() override;
  void abort() override;
  void addressesGone(const std::set<asio::ip::address>& gone) override;

 private:
  enum class State { kOpen, kClosing, kClosed };
  using ErrorCode = boost::system::error_code;

  void limitMessages(size_t bytes);
  void read();
  void onRead(const ErrorCode& error);
  void watchProgress();
  void writeNext();
  void onWritten(const ErrorCode& error, size_t charged_bytes);
  void sayGoodbye();
  void armDeadline();
  void finish(sdk::CloseReason reason);
  sdk::CloseReason reasonOf(const ErrorCode& error) const;
  template <typename Call>
  void tell(const char* what, Call call);

  const std::shared_ptr<Hub> hub_;
  std::optional<WebSocket> socket_;  // until some time after onClosed
  const std::string path_;
  const std::string remote_address_;
  const asio::ip::address local_address_;
  std::shared_ptr<sdk::LinkHandler> handler_;
  size_t message_limit_ = 0;
  beast::flat_buffer received_;
  std::string writing_message_;
  Timer deadline_;
  Timer progress_;         // runs while a message is coming in
  bool watched_ = false;   // it does
  size_t had_bytes_ = 0;   // of the message when it was set
  bool goodbye_said_ = false;

  mutable std::mutex mutex_;
  State state_ = State::kOpen;
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool was_full_ = false;
  // Set when leaving kOpen from this side; stands for whatever the socket reports later.
  std::optional<sdk::CloseReason> own_reason_;
};

}  // namespace hearthgate::lan
