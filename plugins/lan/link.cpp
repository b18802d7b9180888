#include "lan/link.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/websocket.hpp>

namespace hearthgate::lan {
namespace {

namespace websocket = beast::websocket;

// RFC 6455 section 7.4.2: 4000-4999 are for private use. Every reason of a user travels under it, as `code text`.
constexpr uint16_t kReasonFollows = 4000;

bool isCode(std::string_view text) {
  if (text.empty() || text.size() > kCloseCodeBytes) return false;
  for (char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

// At most `limit` bytes, cut between characters of UTF-8: the other side refuses a reason that is none.
std::string shortened(std::string text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  text.resize(limit);
  return text;
}

// For people's eyes and logs: what another home sends may hold terminal escapes.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

sdk::CloseReason fromFrame(const websocket::close_reason& frame) {
  const std::string_view text{frame.reason.data(), frame.reason.size()};
  if (frame.code == kReasonFollows) {
    const size_t space = text.find(' ');
    const std::string_view code = text.substr(0, space);
    if (isCode(code)) {
      return {std::string(code), space == text.npos ? "" : printable(std::string(text.substr(space + 1))), true};
    }
  }
  if (frame.code == websocket::close_code::too_big)
    return {"too_large", "the other side refused a message as too large", true};
  if (frame.code == websocket::close_code::unknown_data || frame.code == websocket::close_code::protocol_error) {
    return {"protocol_error", "the other side refused a message as none of the protocol", true};
  }
  return {"closed", "the other side closed the link", true};
}

}  // namespace

void tuneWebSocket(WebSocket& socket, const LanSettings& settings) {
  websocket::stream_base::timeout timeouts;
  timeouts.handshake_timeout = settings.upgrade_timeout;
  // Beast pings when half of the idle limit has passed in silence.
  timeouts.idle_timeout = settings.ping_interval * 2;
  timeouts.keep_alive_pings = true;
  socket.set_option(timeouts);
  // Otherwise Beast tells its version to strangers.
  socket.set_option(websocket::stream_base::decorator(
      [](websocket::response_type& response) { response.set(beast::http::field::server, "hearthgate"); }));
  socket.binary(true);
  socket.auto_fragment(false);
  socket.write_buffer_bytes(kWriteBufferBytes);
}

void closeSocket(WebSocket& socket) {
  websocket::stream_base::timeout never;
  never.handshake_timeout = websocket::stream_base::none();
  never.idle_timeout = websocket::stream_base::none();
  never.keep_alive_pings = false;
  socket.set_option(never);
  boost::system::error_code ignored;  // It may be closed already, which is what we want.
  socket.next_layer().close(ignored);
}

WebSocketLink::WebSocketLink(std::shared_ptr<Hub> hub, WebSocket socket, std::string path, std::string remote_address,
                             std::shared_ptr<sdk::LinkHandler> handler)
    : hub_(std::move(hub)),
      socket_(std::move(socket)),
      path_(std::move(path)),
      remote_address_(std::move(remote_address)),
      local_address_(localAddress(socket_->next_layer())),
      handler_(std::move(handler)),
      deadline_(hub_->io),
      progress_(hub_->io) {}

// The user's code is not ours: what it throws ends this link and no other.
template <typename Call>
void WebSocketLink::tell(const char* what, Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    hub_->log(sdk::Log::Level::kError,
              std::string(what) + " of the link with " + remote_address_ + " failed: " + error.what());
    close("internal_error", "a fault inside the gateway");
  }
}

void WebSocketLink::open(bool dialled) {
  hub_->running.insert(shared_from_this());
  limitMessages(dialled ? maxMessageBytes() : std::min(maxMessageBytes(), sdk::kStrangerMessageBytes));
  tell("onOpen", [this] { handler_->onOpen(shared_from_this()); });
  read();
  if (hub_->stopping) stop();
}

void WebSocketLink::limitMessages(size_t bytes) {
  message_limit_ = bytes;
  socket_->read_message_max(bytes);
  received_.max_size(bytes + 1);  // Beast's own limit answers first.
}

void WebSocketLink::authenticated() {
  asio::dispatch(hub_->io, [self = shared_from_this()] {
    if (self->handler_) self->limitMessages(self->maxMessageBytes());
  });
}

void WebSocketLink::read() {
  socket_->async_read_some(received_, 0,
                           [self = shared_from_this()](const ErrorCode& error, size_t) { self->onRead(error); });
}

void WebSocketLink::onRead(const ErrorCode& error) {
  if (!handler_) return;  // Closed meanwhile.
  if (error) return finish(reasonOf(error));
  bool open = false;
  {
    std::lock_guard lock(mutex_);
    open = state_ == State::kOpen;
  }
  const bool done = socket_->is_message_done();
  if (!done && open) {
    if (!watched_) watchProgress();
    return read();
  }
  if (watched_) {
    watched_ = false;
    progress_.cancel();
  }
  if (done && socket_->got_text()) {
    close("protocol_error", "a text message came; links carry binary messages");
  } else if (open) {
    const auto bytes = received_.cdata();
    tell("onMessage", [&] { handler_->onMessage({static_cast<const char*>(bytes.data()), bytes.size()}); });
  }
  if (!handler_) return;
  received_.clear();
  if (received_.capacity() > kKeepReceiveBufferBytes) received_.shrink_to_fit();
  // Goes on while closing too, and keeps nothing: the other side can only take our last messages if we take its own.
  read();
}

void WebSocketLink::watchProgress() {
  watched_ = true;
  had_bytes_ = received_.size();
  progress_.expires_after(hub_->settings.ping_interval * 2);
  progress_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (error || !self->watched_ || !self->handler_) return;
    // It was set anew for another message when this was on its way already.
    if (self->progress_.expiry() > std::chrono::steady_clock::now()) return;
    if (self->received_.size() - self->had_bytes_ >= kMinProgressBytes) return self->watchProgress();
    self->finish({"ping_timeout", "a message from " + self->remote_address_ + " stood still", false});
  });
}

sdk::Sent WebSocketLink::send(std::string&& message) {
  if (message.size() > maxMessageBytes()) return sdk::Sent::kTooLarge;
  {
    std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) return sdk::Sent::kClosed;
    if (queued_bytes_ >= queueLimitBytes()) return sdk::Sent::kFull;
    queued_bytes_ += message.size() + kMessageOverheadBytes;
    if (queued_bytes_ >= queueLimitBytes()) was_full_ = true;
    queue_.push_back(std::move(message));
    if (writing_) return sdk::Sent::kQueued;
    writing_ = true;
  }
  asio::dispatch(hub_->io, [self = shared_from_this()] { self->writeNext(); });
  return sdk::Sent::kQueued;
}

size_t WebSocketLink::queuedBytes() const {
  std::lock_guard lock(mutex_);
  return queued_bytes_;
}

void WebSocketLink::writeNext() {
  bool closing = false;
  bool have_message = false;
  {
    std::lock_guard lock(mutex_);
    closing = state_ == State::kClosing;
    have_message = state_ != State::kClosed && !queue_.empty();
    if (have_message) {
      writing_message_ = std::move(queue_.front());
      queue_.pop_front();
    }
    writing_ = have_message;
  }
  if (have_message) {
    socket_->async_write(asio::buffer(writing_message_), [self = shared_from_this()](const ErrorCode& error, size_t) {
      self->onWritten(error, self->writing_message_.size() + kMessageOverheadBytes);
    });
  } else if (closing) {
    sayGoodbye();
  }
}

void WebSocketLink::onWritten(const ErrorCode& error, size_t charged_bytes) {
  bool writable = false;
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kClosed) return;
    queued_bytes_ -= std::min(charged_bytes, queued_bytes_);
    if (was_full_ && queued_bytes_ < queueLimitBytes() / 2) {
      was_full_ = false;
      writable = state_ == State::kOpen && !error;
    }
    if (error) {
      writing_ = false;
      if (state_ == State::kOpen) state_ = State::kClosing;
      // Of a reader and a writer only the first hears of the idle limit.
      if (error == beast::error::timeout && !own_reason_) own_reason_ = reasonOf(error);
    }
  }
  // The reader tells why, because a reason from the other side may still be on its way to it; the deadline if not.
  if (error) return armDeadline();
  if (writable && handler_) tell("onWritable", [this] { handler_->onWritable(); });
  writeNext();
}

void WebSocketLink::close(std::string code, std::string text) {
  bool idle = false;
  {
    std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) return;
    state_ = State::kClosing;
    idle = !writing_;
    if (isCode(code)) {
      own_reason_ = {std::move(code), shortened(std::move(text), kCloseTextBytes), false};
    } else {
      own_reason_ = {"closed", shortened(code + " " + text, kCloseTextBytes), false};
    }
  }
  asio::dispatch(hub_->io, [self = shared_from_this(), idle] {
    if (!self->handler_) return;  // Closed meanwhile.
    self->armDeadline();
    if (idle) self->sayGoodbye();  // Otherwise after the last queued message.
  });
}

void WebSocketLink::sayGoodbye() {
  if (goodbye_said_ || !own_reason_) return;
  goodbye_said_ = true;
  websocket::close_reason frame;
  frame.code = static_cast<websocket::close_code>(kReasonFollows);
  const std::string text = own_reason_->text.empty() ? own_reason_->code : own_reason_->code + " " + own_reason_->text;
  frame.reason.assign(text.data(), text.size());
  socket_->async_close(frame, [self = shared_from_this()](const ErrorCode&) { self->finish({}); });
}

void WebSocketLink::armDeadline() {
  deadline_.expires_after(hub_->settings.close_timeout);
  deadline_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error) self->finish({"lost", "the connection broke while writing", false});
  });
}

void WebSocketLink::stop() { close("stopped", "the gateway stops"); }

void WebSocketLink::abort() { finish({"stopped", "the gateway stops", false}); }

void WebSocketLink::addressesGone(const std::set<asio::ip::address>& gone) {
  if (gone.contains(local_address_)) finish({"lost", "this machine no longer has the address " + addressText(local_address_), false});
}

void WebSocketLink::finish(sdk::CloseReason reason) {
  std::deque<std::string> dropped;
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kClosed) return;
    state_ = State::kClosed;
    dropped.swap(queue_);
    queued_bytes_ = 0;
  }
  deadline_.cancel();
  progress_.cancel();
  closeSocket(*socket_);
  const auto self = shared_from_this();
  // Beast's reader and its goodbye may wait for each other, where the other side broke the protocol during the goodbye, and each
  // keeps this link. They go with the stream; what still waits for the socket was told before that it is closed.
  asio::post(hub_->io, [self] { self->socket_.reset(); });
  const auto handler = std::move(handler_);
  handler_ = nullptr;
  if (own_reason_) reason = *own_reason_;
  tell("onClosed", [&] { handler->onClosed(reason); });
  hub_->ended(self);
}

sdk::CloseReason WebSocketLink::reasonOf(const ErrorCode& error) const {
  if (error == websocket::error::closed) return fromFrame(socket_->reason());
  if (error == beast::error::timeout) {
    return {"ping_timeout",
            "nothing was heard from " + remote_address_ + " for " +
                std::to_string(hub_->settings.ping_interval.count() * 2) + " ms",
            false};
  }
  if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow ||
      error == beast::http::error::buffer_overflow) {
    return {"too_large", "a message above " + std::to_string(message_limit_) + " bytes came from " + remote_address_,
            false};
  }
  if (error == websocket::condition::protocol_violation) {
    return {"protocol_error", "what came from " + remote_address_ + " is no WebSocket message: " + error.message(),
            false};
  }
  return {"lost", "the connection with " + remote_address_ + " broke: " + error.message(), false};
}

}  // namespace hearthgate::lan
