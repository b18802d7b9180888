// One open WebSocket as a link. Made by the listener and the dialer after the upgrade; keeps itself alive until it is
// closed. send, close and the counters from any thread, everything else on the loop's.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "hub.h"

namespace hearthgate::lan {

namespace beast = boost::beast;
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

  // Tells the handler and begins to read.
  void open();

  sdk::Sent send(std::string&& message) override;
  size_t queuedBytes() const override;
  size_t queueLimitBytes() const override { return hub_->settings.queue_limit_bytes; }
  size_t maxMessageBytes() const override { return hub_->settings.max_message_bytes; }
  void close(std::string code, std::string text) override;
  std::string remoteAddress() const override { return remote_address_; }
  std::string path() const override { return path_; }

  void stop() override;
  void abort() override;

 private:
  enum class State { kOpen, kClosing, kClosed };
  using ErrorCode = boost::system::error_code;

  void read();
  void onRead(const ErrorCode& error);
  void writeNext();
  void onWritten(const ErrorCode& error, size_t charged_bytes);
  void sayGoodbye();
  void armDeadline();
  void finish(sdk::CloseReason reason);
  sdk::CloseReason reasonOf(const ErrorCode& error) const;
  template <typename Call>
  void tell(const char* what, Call call);

  const std::shared_ptr<Hub> hub_;
  WebSocket socket_;
  const std::string path_;
  const std::string remote_address_;
  std::shared_ptr<sdk::LinkHandler> handler_;
  beast::flat_buffer received_;
  std::string writing_message_;
  Timer deadline_;
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
