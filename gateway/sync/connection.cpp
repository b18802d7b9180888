#include "sync/connection.h"

#include <utility>

#include "base/assert.h"
#include "trust/tuning.h"

namespace hearthgate::sync {
namespace {

// A record's type, version and length (RFC 5246 section 6.2.1), and the most that TLS 1.2 lets encryption add.
constexpr size_t kRecordHeadBytes = 5;
static_assert(kLinkMessageBytes >= kRecordHeadBytes + trust::kMaxRecordBytes + 2048);
// So that the channel says what is wrong with a stranger.
static_assert(sdk::kStrangerMessageBytes > trust::kMaxHandshakeBytes);

// The size of the longest beginning of `stream` that is whole records and fits into a link message.
size_t wholeRecords(std::string_view stream) {
  size_t end = 0;
  while (stream.size() - end >= kRecordHeadBytes) {
    auto octet = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(stream[end + at])); };
    size_t body = octet(3) << 8 | octet(4);
    if (end + kRecordHeadBytes + body > kLinkMessageBytes) break;
    end += kRecordHeadBytes + body;
  }
  return end;
}

}  // namespace

Connection::Connection(User& user, Executor& links, Executor& handshakes, Kind kind, bool dialled,
                       std::unique_ptr<trust::Channel> channel)
    : user_(user),
      links_(links),
      handshakes_(handshakes),
      kind_(kind),
      dialled_(dialled),
      channel_(std::move(channel)) {}

void Connection::onOpen(std::shared_ptr<sdk::Link> link) {
  opened_.store(true);
  {
    std::lock_guard lock(mutex_);
    if (!finished_) link_ = std::move(link);
  }
  // It ended while it was being dialled; the other side would wait for a handshake.
  if (link) return link->close("closed", "");
  schedule();
}

void Connection::onMessage(std::string_view message) {
  {
    std::lock_guard lock(mutex_);
    if (ended_ || finished_ || closing_) return;
    inbox_bytes_ += message.size();
    // Who dialled says no more than its handshake before it has our last word of it.
    bool stranger = !dialled_ && !established_.load();
    if (stranger && inbox_bytes_ > sdk::kStrangerMessageBytes) {
      closing_ = networkError("handshake_too_large", "The other side sent more than a handshake takes.");
    } else if (inbox_bytes_ > kMaxInboxBytes) {
      closing_ = networkError("protocol", "The other home sends faster than it may.");
    } else {
      inbox_.emplace_back(message);
    }
  }
  schedule();
}

void Connection::onWritable() { schedule(); }

void Connection::onClosed(const sdk::CloseReason& reason) {
  {
    std::lock_guard lock(mutex_);
    std::string text = reason.text.empty() ? "The link ended (" + reason.code + ")." : reason.text;
    if (!ended_) {
      ended_ = networkError(reason.code, std::move(text));
      ended_by_peer_.store(reason.by_peer);
    }
    link_.reset();
  }
  schedule();
}

void Connection::failed(const Error& error) {
  {
    std::lock_guard lock(mutex_);
    if (!ended_) ended_ = error;
  }
  schedule();
}

void Connection::send(std::vector<Outgoing> messages) {
  {
    std::lock_guard lock(mutex_);
    if (ended_ || finished_) return;
    for (const Outgoing& item : messages) outbox_bytes_ += item.message.size() + kMessageChargeBytes;
    if (outbox_bytes_ + unsent_bytes_.load() > kMaxUnsentBytes) {
      if (!closing_) closing_ = networkError("not_reading", "The other home does not read what it is sent.");
      outbox_.clear();
      outbox_bytes_ = 0;
    } else if (outbox_.empty()) {
      outbox_ = std::move(messages);
    } else {
      std::move(messages.begin(), messages.end(), std::back_inserter(outbox_));
    }
  }
  schedule();
}

void Connection::close(std::string code, std::string text) {
  {
    std::lock_guard lock(mutex_);
    if (!closing_) closing_ = networkError(std::move(code), std::move(text));
  }
  schedule();
}

std::string Connection::remoteAddress() {
  std::lock_guard lock(mutex_);
  return link_ ? link_->remoteAddress() : address;
}

// At most one piece of work is queued or running, so that nothing of a connection ever runs twice at once, whichever
// thread it is on.
void Connection::schedule() {
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    again_ = scheduled_;
    if (scheduled_) return;
    scheduled_ = true;
  }
  post();
}

void Connection::post() {
  Executor& executor = established_.load() ? links_ : handshakes_;
  executor.post([self = shared_from_this()] {
    self->work();
    {
      std::lock_guard lock(self->mutex_);
      self->scheduled_ = self->again_ && !self->finished_;
      self->again_ = false;
      if (!self->scheduled_) return;
    }
    self->post();
  });
}

void Connection::work() {
  std::deque<std::string> inbox;
  std::vector<Outgoing> outbox;
  std::optional<Error> ended;
  std::optional<Error> closing;
  std::shared_ptr<sdk::Link> link;
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    if (closing_) {
      inbox_.clear();
      inbox_bytes_ = 0;
    }
    for (size_t taken = 0; !unread_ && !inbox_.empty() && taken < kRoundReceivedBytes; inbox_.pop_front()) {
      taken += inbox_.front().size();
      inbox_bytes_ -= inbox_.front().size();
      inbox.push_back(std::move(inbox_.front()));
    }
    if (established_.load()) {
      outbox.swap(outbox_);
      outbox_bytes_ = 0;
    }
    ended = ended_;
    closing = closing_;
    link = link_;
  }
  auto self = shared_from_this();
  if (closing) {
    reader_ = {};
    unread_ = false;
  }
  for (const std::string& bytes : inbox) {
    Status status = channel_->feed(bytes);
    // A link keeps its messages' bounds, so the rest of a record never comes: its length was changed on the way.
    // Waiting for it, a link would look well while nothing passes any more.
    if (status.ok() && channel_->midRecord()) {
      status = trustError("tls_refused", "the other side sent half a TLS record, or bytes were changed on the way");
    }
    if (!status.ok()) {
      flush();
      return end(status.error());
    }
  }
  bool first = channel_->established() && !told_established_;
  if (first) {
    // Before our last word of the handshake leaves: the other side may answer it with as much as a home may send.
    if (link) link->authenticated();
    established_.store(true);
  }
  if (link) flush();
  if (first) {
    told_established_ = true;
    user_.onEstablished(self);
  }
  if (told_established_ && !closing) {
    if (Status status = receive(); !status.ok()) return end(status.error());
  }
  // After the other side's end nothing reaches it, and why it ended comes behind it.
  if (!outbox.empty() && !channel_->closed()) {
    std::string stream;
    for (const Outgoing& item : outbox) {
      if (kind_ == Kind::kPairing) {
        stream += item.message;
      } else {
        size_t before = stream.size();
        appendFrame(item.message, !item.uncompressed, &stream);
        if (traffic) traffic->sent.add(stream.size() - before, item.message.size());
      }
    }
    Status status = channel_->write(stream);
    if (!status.ok() && !ended) return end(status.error());
    flush();
  }
  if (!closing) {
    std::lock_guard lock(mutex_);
    bool more = unread_ || (!inbox_.empty() && !channel_->closed());
    again_ = again_ || more;
    // What came before the end, its reason perhaps, is heard first.
    if (more) return;
  }
  if (channel_->closed() && !ended && !closing) {
    // Why comes behind it, with the end of the link.
    auto unsaid = [weak = weak_from_this()] {
      if (auto connection = weak.lock()) connection->failed(networkError("closed", "The other home closed the link."));
    };
    if (!std::exchange(waits_for_reason_, true) && !links_.after(kReasonWaitMs, unsaid)) unsaid();
    return;
  }
  if (ended) return end(*ended);
  if (closing) {
    std::lock_guard lock(mutex_);
    // Queued meanwhile: the next round, which its send() asked for, sends it first.
    if (!outbox_.empty() && established_.load()) return;
  }
  if (closing) {
    channel_->close();
    flush();
    return end(*closing);
  }
}

bool Connection::wantsToClose() {
  std::lock_guard lock(mutex_);
  return closing_.has_value();
}

Status Connection::receive() {
  std::string plaintext = channel_->takePlaintext();
  if (kind_ == Kind::kPairing) {
    if (!plaintext.empty()) user_.onReceived(shared_from_this(), std::move(plaintext));
    return {};
  }
  reader_.feed(plaintext);
  unread_ = false;
  size_t received = 0;
  // The user may have closed the link over the last message.
  while (!wantsToClose()) {
    unread_ = received >= kRoundReceivedBytes;
    if (unread_) break;
    auto message = reader_.next();
    if (!message.ok()) return message.error();
    if (!message->has_value()) break;
    received += (*message)->size() + kMessageChargeBytes;
    if (traffic) traffic->received.add(reader_.frameBytes(), (*message)->size());
    user_.onReceived(shared_from_this(), std::move(**message));
  }
  return {};
}

void Connection::flush() {
  std::string output = channel_->takeOutput();
  if (output.size() <= kLinkMessageBytes) {
    if (!output.empty()) keepUnsent(std::move(output));
  } else {
    for (std::string_view rest = output; !rest.empty();) {
      size_t size = wholeRecords(rest);
      HG_ASSERT(size > 0);
      keepUnsent(std::string(rest.substr(0, size)));
      rest.remove_prefix(size);
    }
  }
  std::shared_ptr<sdk::Link> link;
  {
    std::lock_guard lock(mutex_);
    link = link_;
  }
  while (link && !unsent_.empty()) {
    size_t size = unsent_.front().size();
    sdk::Sent sent = link->send(std::move(unsent_.front()));
    if (sent == sdk::Sent::kFull) return;  // onWritable() goes on.
    unsent_.pop_front();
    unsent_bytes_ -= size + kMessageChargeBytes;
    if (sent != sdk::Sent::kQueued) return;
  }
}

void Connection::keepUnsent(std::string message) {
  unsent_bytes_ += message.size() + kMessageChargeBytes;
  unsent_.push_back(std::move(message));
}

void Connection::end(Error error) {
  std::shared_ptr<sdk::Link> link;
  {
    std::lock_guard lock(mutex_);
    if (finished_) return;
    finished_ = true;
    link = std::move(link_);
  }
  if (link) link->close(error.code, error.message.substr(0, 80));
  user_.onEnded(shared_from_this(), error);
  // The link holds this object until the other side has said goodbye, which it may put off for seconds: what weighs
  // goes now, or strangers who come by the hundred would find it still there.
  channel_.reset();
  reader_ = {};
  unsent_.clear();
  std::lock_guard lock(mutex_);
  inbox_.clear();
  outbox_.clear();
}

}  // namespace hearthgate::sync
