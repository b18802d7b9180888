#include "api/event_streams.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.h"
#include "base/log.h"

namespace hearthgate::api {

StreamBell::StreamBell() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { HG_ASSERT(descriptor_ >= 0); }
StreamBell::~StreamBell() { ::close(descriptor_); }

void StreamBell::ring() {
  if (wanted.load(std::memory_order_relaxed)) ringAlways();
}

void StreamBell::ringAlways() {
  uint64_t one = 1;
  // It only fails when the counter is full, and then the bell rings already.
  [[maybe_unused]] ssize_t done = ::write(descriptor_, &one, sizeof one);
}

void StreamBell::quiet() {
  uint64_t count = 0;
  [[maybe_unused]] ssize_t done = ::read(descriptor_, &count, sizeof count);
}

EventStreams::EventStreams(Gateway& gateway, std::shared_ptr<StreamBell> bell)
    : gateway_(gateway), bell_(std::move(bell)), thread_([this] { run(); }) {}

EventStreams::~EventStreams() { stop(); }

void EventStreams::stop() {
  stopping_ = true;
  bell_->ringAlways();
  if (thread_.joinable()) thread_.join();
}

bool EventStreams::reserve() {
  size_t taken = reserved_.load();
  while (taken < kMaxStreams) {
    if (reserved_.compare_exchange_weak(taken, taken + 1)) return true;
  }
  return false;
}

void EventStreams::giveBack() { --reserved_; }

void EventStreams::add(StreamWish wish) {
  {
    std::lock_guard lock(mutex_);
    fresh_.push_back(std::move(wish));
  }
  bell_->ringAlways();
}

void EventStreams::closeAll() {
  closing_ = true;
  bell_->ringAlways();
}

void EventStreams::run() {
  last_comment_ms_ = gateway_.parts.clock.steadyMs();
  bool more = false;
  while (!stopping_) {
    std::vector<pollfd> sockets{{bell_->descriptor(), POLLIN, 0}};
    for (const auto& stream : streams_) {
      short events = stream->pending() > 0 ? POLLIN | POLLOUT : POLLIN;
      sockets.push_back({stream->wish.socket, events, 0});
    }
    ::poll(sockets.data(), sockets.size(), more ? 0 : static_cast<int>(waitMs()));
    bell_->quiet();
    for (size_t i = 0; i < streams_.size(); ++i) {
      if (sockets[i + 1].revents & POLLIN) {
        // A reader of events has nothing to say: what it sends is dropped, and an end is its goodbye.
        char ignored[1024];
        ssize_t got = ::recv(streams_[i]->wish.socket, ignored, sizeof ignored, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) streams_[i]->dead = true;
      }
      if (sockets[i + 1].revents & (POLLERR | POLLHUP | POLLNVAL)) streams_[i]->dead = true;
      if (sockets[i + 1].revents & POLLOUT) flush(*streams_[i]);
    }
    takeNew();
    more = feedAll();
    comment();
    if (closing_.exchange(false)) {
      for (auto& stream : streams_) stream->dead = true;
    }
    std::erase_if(streams_, [this](const std::unique_ptr<Stream>& stream) {
      if (!stream->dead) return false;
      ::close(stream->wish.socket);
      giveBack();
      return true;
    });
    bell_->wanted = !streams_.empty();
  }
  takeNew();
  for (auto& stream : streams_) {
    ::close(stream->wish.socket);
    giveBack();
  }
  streams_.clear();
}

int64_t EventStreams::waitMs() const {
  if (streams_.empty()) return -1;
  int64_t due = last_comment_ms_ + kStreamCommentInterval.count() - gateway_.parts.clock.steadyMs();
  return std::clamp<int64_t>(due, 0, kStreamCommentInterval.count());
}

void EventStreams::takeNew() {
  std::vector<StreamWish> fresh;
  {
    std::lock_guard lock(mutex_);
    fresh.swap(fresh_);
  }
  for (StreamWish& wish : fresh) {
    auto stream = std::make_unique<Stream>();
    stream->wish = std::move(wish);
    // The kernel knows when the other side took something last. Where it refuses the option, a stream stands as before.
    const unsigned int standstill_ms = static_cast<unsigned int>(kStreamStandstill.count());
    (void)::setsockopt(stream->wish.socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &standstill_ms, sizeof standstill_ms);
    stream->told = stream->wish.position;
    begin(*stream);
    streams_.push_back(std::move(stream));
  }
  // Before the first read, so that every commit after it rings.
  if (!streams_.empty()) bell_->wanted = true;
}

// The head of the answer, and at once an id without data, so that a reader can resume before its first event.
void EventStreams::begin(Stream& stream) {
  auto epoch = gateway_.readers.read<std::string>([&](store::Reader& reader) -> Result<std::string> {
    auto own = reader.owner(gateway_.me());
    return own ? own->epoch.text() : std::string();
  });
  std::string id = (epoch.ok() ? *epoch : "") + "-" + std::to_string(stream.wish.position);
  stream.buffer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
      "Connection: close\r\n\r\n";
  if (stream.wish.reset) {
    stream.buffer += sseText(id, "reset", "{\"id\":\"" + id + "\"}");
  } else {
    stream.buffer += "id: " + id + "\n\n";
  }
  flush(stream);
}

// One batch for each, so that a long way of one stream holds up neither the others nor an end. True when one of them
// can take more at once.
bool EventStreams::feedAll() {
  // Streams at the same place come one after the other and share what is read.
  std::sort(streams_.begin(), streams_.end(),
            [](const auto& a, const auto& b) { return a->wish.position < b->wish.position; });
  std::shared_ptr<const EventBatch> last;
  bool more = false;
  for (auto& stream : streams_) {
    if (stopping_ || closing_) return false;
    if (feed(*stream, last)) more = true;
  }
  return more;
}

bool EventStreams::feed(Stream& stream, std::shared_ptr<const EventBatch>& last) {
  if (stream.dead || (!stream.live && stream.pending() > kCatchUpBufferBytes)) return false;
  bool kept = stream.batch != nullptr;
  if (!kept) {
    uint64_t after = stream.wish.position;
    if (!last || last->after != after) {
      if (gateway_.parts.engine.sequence() <= after && stream.live) return false;
      auto batch = gateway_.readers.read<EventBatch>(
          [&](store::Reader& reader) -> Result<EventBatch> { return readEvents(gateway_, reader, after); });
      if (!batch.ok()) {
        logError("api", "An event stream is closed: " + batch.error().message);
        stream.dead = true;
        return false;
      }
      last = std::make_shared<const EventBatch>(std::move(*batch));
    }
    stream.batch = last;
    stream.given = 0;
  }
  std::shared_ptr<const EventBatch> batch = stream.batch;
  give(stream);
  if (stream.dead || stream.batch) return false;
  // What was kept says nothing about what was written meanwhile.
  if (!kept && batch->position >= batch->head) stream.live = true;
  return !stream.live || batch->position < batch->head;
}

// As much of the stream's batch as it may be given now; one that is level is given all or dropped.
void EventStreams::give(Stream& stream) {
  const EventBatch& batch = *stream.batch;
  const StreamWish& wish = stream.wish;
  for (; stream.given < batch.events.size(); ++stream.given) {
    const EventText& event = batch.events[stream.given];
    if (!wish.types.empty() && !wish.types.contains(event.type)) continue;
    if (!wish.prefix.empty() && !event.entity.starts_with(wish.prefix) &&
        (event.type == "entity" || event.type == "conflict"))
      continue;
    if (!stream.live && stream.pending() > kCatchUpBufferBytes) return;
    if (stream.pending() > kMaxStreamBufferBytes) {
      logInfo("api", "An event stream is closed because its reader is more than 1 MiB behind.");
      stream.dead = true;
      return;
    }
    stream.buffer += event.text;
    stream.told = event.sequence;
    if (stream.pending() > kMaxStreamBufferBytes / 16) flush(stream);
  }
  if (batch.position >= stream.told + kStreamPlaceInterval) {
    stream.buffer += "id: " + batch.place + "\n\n";
    stream.told = batch.position;
  }
  stream.wish.position = batch.position;
  stream.batch.reset();
  flush(stream);
}

void EventStreams::flush(Stream& stream) {
  while (stream.pending() > 0 && !stream.dead) {
    ssize_t sent = ::send(stream.wish.socket, stream.buffer.data() + stream.written, stream.pending(),
                          MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) stream.dead = true;
      break;
    }
    stream.written += static_cast<size_t>(sent);
  }
  if (stream.pending() == 0 || stream.written > kMaxStreamBufferBytes) {
    stream.buffer.erase(0, stream.written);
    stream.written = 0;
  }
}

void EventStreams::comment() {
  int64_t now = gateway_.parts.clock.steadyMs();
  if (now - last_comment_ms_ < kStreamCommentInterval.count()) return;
  last_comment_ms_ = now;
  for (auto& stream : streams_) {
    if (stream->pending() > kMaxStreamBufferBytes) {
      // One that catches up may have a large event to take, and hears from us by that.
      stream->dead = stream->live;
      continue;
    }
    stream->buffer += ": still here\n\n";
    flush(*stream);
  }
}

}  // namespace hearthgate::api
