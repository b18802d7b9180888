// A transport in memory that keeps the contract of hearthgate/transport.h, for tests that need links and no sockets.
// The transports of one LoopbackNetwork reach each other by port; the network's one thread calls all handlers. Wires
// between them can be frozen and cut.
#pragma once

#include <algorithm>
#include <charconv>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/executor.h"
#include "hearthgate/transport.h"

namespace hearthgate::testing {

struct LoopbackSettings {
  size_t max_message_bytes = 4 * 1024 * 1024;
  size_t queue_limit_bytes = 8 * 1024 * 1024;
  int64_t ping_interval_ms = 15'000;  // a link dies after twice this on a frozen wire
  int64_t connect_timeout_ms = 5'000;
  int64_t close_timeout_ms = 3'000;
};

class LoopbackTransport;
class LoopbackLink;

// The way to a port: frozen, it holds back every message without closing anything.
struct LoopbackWire {
  uint16_t to = 0;
  bool frozen = false;
  bool held = false;    // holds back every message of the side that dialled
  bool silent = false;  // takes connections and never answers
  bool muted = false;   // loses every message of the side that dialled
  std::string shut;     // refuses dials of this path
  std::set<std::shared_ptr<LoopbackLink>> links;
};

class LoopbackNetwork {
 public:
  LoopbackNetwork() : thread_("loopback") {}

  // A further port that leads to `port`, whose links can be frozen and cut.
  uint16_t wireTo(uint16_t port);
  // A port that takes dials and never answers them.
  uint16_t silentPort();
  void freeze(uint16_t wire_port);
  // Only what the side that dialled says waits.
  void hold(uint16_t wire_port) {
    runAndWait([&] { wires_[wire_port].held = true; });
  }
  void thaw(uint16_t wire_port);
  void cut(uint16_t wire_port);
  void mute(uint16_t wire_port, bool muted) {
    runAndWait([&] { wires_[wire_port].muted = muted; });
  }
  void shut(uint16_t wire_port, const std::string& path) {
    runAndWait([&] { wires_[wire_port].shut = path; });
  }

 private:
  friend class LoopbackTransport;
  friend class LoopbackLink;
  struct Listener {
    LoopbackTransport* transport = nullptr;
    sdk::Transport::Acceptor acceptor;
  };

  void runAndWait(std::function<void()> task) {
    if (thread_.onThread()) return task();
    const auto done = std::make_shared<std::promise<void>>();
    auto finished = done->get_future();
    thread_.post([done, &task] {
      task();
      done->set_value();
    });
    finished.wait();
  }

  // Touched on the network's thread only.
  std::map<uint16_t, Listener> listeners_;
  std::map<uint16_t, LoopbackWire> wires_;
  uint16_t next_port_ = 1024;
  Executor thread_;  // The last: it ends before what it uses.
};

// One end of a link; the other end is its `peer_`.
class LoopbackLink final : public sdk::Link, public std::enable_shared_from_this<LoopbackLink> {
 public:
  LoopbackLink(LoopbackNetwork& network, const LoopbackSettings& settings, LoopbackTransport* owner, LoopbackWire* wire,
               std::string path, std::string remote, std::shared_ptr<sdk::LinkHandler> handler)
      : network_(network),
        settings_(settings),
        owner_(owner),
        wire_(wire),
        path_(std::move(path)),
        remote_(std::move(remote)),
        handler_(std::move(handler)) {}

  sdk::Sent send(std::string&& message) override {
    if (message.size() > settings_.max_message_bytes) return sdk::Sent::kTooLarge;
    {
      std::lock_guard lock(mutex_);
      if (state_ != State::kOpen) return sdk::Sent::kClosed;
      if (queued_bytes_ >= settings_.queue_limit_bytes) return sdk::Sent::kFull;
      queued_bytes_ += charge(message);
      if (queued_bytes_ >= settings_.queue_limit_bytes) was_full_ = true;
      queue_.push_back(std::move(message));
      if (pumping_) return sdk::Sent::kQueued;
      pumping_ = true;
    }
    network_.thread_.post([self = shared_from_this()] { self->pump(); });
    return sdk::Sent::kQueued;
  }
  size_t queuedBytes() const override {
    std::lock_guard lock(mutex_);
    return queued_bytes_;
  }
  size_t queueLimitBytes() const override { return settings_.queue_limit_bytes; }
  size_t maxMessageBytes() const override { return settings_.max_message_bytes; }
  void authenticated() override {
    std::lock_guard lock(mutex_);
    authenticated_ = true;
  }
  void close(std::string code, std::string text) override {
    {
      std::lock_guard lock(mutex_);
      if (state_ != State::kOpen) return;
      state_ = State::kClosing;
      text.resize(std::min<size_t>(text.size(), 80));
      reason_ = {std::move(code), std::move(text), false};
      if (!pumping_) network_.thread_.post([self = shared_from_this()] { self->pump(); });
      pumping_ = true;
    }
    network_.thread_.after(settings_.close_timeout_ms, [self = shared_from_this()] { self->finish(self->reason_); });
  }
  std::string remoteAddress() const override { return remote_; }
  std::string path() const override { return path_; }

 private:
  friend class LoopbackTransport;
  friend class LoopbackNetwork;
  enum class State { kOpen, kClosing, kClosed };

  // Of a message that comes in; with the mutex held.
  size_t limit() const {
    const bool stranger = !dialled_ && !authenticated_;
    return stranger ? std::min(settings_.max_message_bytes, sdk::kStrangerMessageBytes) : settings_.max_message_bytes;
  }
  static size_t charge(const std::string& message) { return message.size() + 64; }
  void open(std::shared_ptr<LoopbackLink> peer);
  void pump();
  void finish(const sdk::CloseReason& reason);

  LoopbackNetwork& network_;
  const LoopbackSettings settings_;
  LoopbackTransport* const owner_;
  bool dialled_ = false;
  LoopbackWire* const wire_;  // null: the direct way, which is never frozen
  const std::string path_;
  const std::string remote_;
  std::shared_ptr<sdk::LinkHandler> handler_;
  std::shared_ptr<LoopbackLink> peer_;

  mutable std::mutex mutex_;
  State state_ = State::kOpen;
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0;
  bool pumping_ = false;
  bool was_full_ = false;
  bool authenticated_ = false;
  sdk::CloseReason reason_;
};

class LoopbackTransport final : public sdk::Transport {
 public:
  explicit LoopbackTransport(std::shared_ptr<LoopbackNetwork> network, LoopbackSettings settings = {})
      : network_(std::move(network)), settings_(settings) {}
  ~LoopbackTransport() override { stop(); }

  sdk::Listening listen(const std::string& address, uint16_t port, Acceptor acceptor) override {
    sdk::Listening answer;
    if (address.find_first_not_of("0123456789abcdef.:") != std::string::npos) {
      answer.outcome = sdk::Outcome::failure("bad_address", "cannot listen on '" + address + "': it is no IP address");
      return answer;
    }
    network_->runAndWait([&] {
      if (stopped_) {
        answer.outcome = sdk::Outcome::failure("stopped", "cannot listen: the transport stopped");
      } else if (port != 0 && network_->listeners_.count(port) != 0) {
        answer.outcome =
            sdk::Outcome::failure("address_in_use", "cannot listen on port " + std::to_string(port) + ": it is taken");
      } else {
        answer.port = port != 0 ? port : network_->next_port_++;
        network_->listeners_[answer.port] = {this, std::move(acceptor)};
      }
    });
    return answer;
  }

  void dial(const std::string& address, const std::string& target, std::shared_ptr<sdk::LinkHandler> handler,
            Dialled dialled) override {
    network_->thread_.post(
        [this, address, target, handler = std::move(handler), dialled = std::move(dialled)]() mutable {
          const uint64_t number = ++last_dial_;
          dials_[number] = std::move(dialled);
          connect(number, address, target, std::move(handler));
        });
  }

  void stop() override {
    network_->runAndWait([this] {
      stopped_ = true;
      std::erase_if(network_->listeners_, [this](const auto& one) { return one.second.transport == this; });
      while (!dials_.empty()) answer(dials_.begin()->first, "stopped", "the transport stopped");
      const auto links = links_;
      for (const auto& link : links) {
        const auto peer = link->peer_;  // None when the other end was of this transport too, and closed it just now.
        link->finish({"stopped", "the gateway stops", false});
        if (peer) peer->finish({"stopped", "the gateway stops", true});
      }
    });
  }

 private:
  friend class LoopbackLink;

  void answer(uint64_t number, const std::string& code, const std::string& why) {
    const auto found = dials_.find(number);
    if (found == dials_.end()) return;
    const auto dialled = std::move(found->second);
    dials_.erase(found);
    dialled(code.empty() ? sdk::Outcome::success() : sdk::Outcome::failure(code, "cannot open a link: " + why));
  }

  void connect(uint64_t number, const std::string& address, const std::string& target,
               std::shared_ptr<sdk::LinkHandler> handler) {
    uint16_t port = 0;
    const size_t colon = address.rfind(':');
    if (colon != std::string::npos) std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
    if (port == 0 || target.empty() || target.front() != '/')
      return answer(number, "bad_address", address + " is no HOST:PORT");
    if (stopped_) return answer(number, "stopped", "the transport stopped");
    if (address.starts_with("255.")) return answer(number, "unreachable", address + " is unreachable");

    LoopbackWire* wire = nullptr;
    if (const auto found = network_->wires_.find(port); found != network_->wires_.end()) {
      wire = &found->second;
      port = wire->to;
      if (wire->silent || wire->frozen) {
        network_->thread_.after(settings_.connect_timeout_ms, [this, number, alive = std::weak_ptr<int>(alive_)] {
          if (!alive.expired()) answer(number, "timeout", "no answer");
        });
        return;
      }
      if (!wire->shut.empty() && target.starts_with(wire->shut)) return answer(number, "refused", "nobody listens");
    }
    const auto listener = network_->listeners_.find(port);
    if (listener == network_->listeners_.end()) return answer(number, "refused", "nobody listens at " + address);

    const size_t question = target.find('?');
    sdk::LinkRequest request{target.substr(0, question), question == target.npos ? "" : target.substr(question + 1),
                             "127.0.0.1:" + std::to_string(1024 + last_dial_ % 60'000)};
    LoopbackTransport* const other = listener->second.transport;
    const sdk::LinkDecision decision = listener->second.acceptor(request);
    if (!decision.handler) return answer(number, "http_" + std::to_string(decision.status), "the other side refused");

    auto here =
        std::make_shared<LoopbackLink>(*network_, settings_, this, wire, request.path, address, std::move(handler));
    auto there = std::make_shared<LoopbackLink>(*network_, other->settings_, other, wire, request.path,
                                                request.remote_address, decision.handler);
    here->dialled_ = true;
    there->open(here);
    here->open(there);
    answer(number, "", "");
  }

  const std::shared_ptr<LoopbackNetwork> network_;
  const LoopbackSettings settings_;
  // Touched on the network's thread only.
  bool stopped_ = false;
  uint64_t last_dial_ = 0;
  std::map<uint64_t, Dialled> dials_;
  std::set<std::shared_ptr<LoopbackLink>> links_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // for timers that outlive the transport
};

inline void LoopbackLink::open(std::shared_ptr<LoopbackLink> peer) {
  peer_ = std::move(peer);
  owner_->links_.insert(shared_from_this());
  if (wire_ != nullptr) wire_->links.insert(shared_from_this());
  handler_->onOpen(shared_from_this());
}

// Moves one message, or the goodbye after the last one; posts itself so that links take turns.
inline void LoopbackLink::pump() {
  std::string message;
  bool have_message = false;
  {
    std::lock_guard lock(mutex_);
    const bool waits = wire_ != nullptr && (wire_->frozen || (wire_->held && dialled_));
    if (state_ == State::kClosed || waits) {
      pumping_ = false;
      return;
    }
    if (!queue_.empty()) {
      message = std::move(queue_.front());
      queue_.pop_front();
      have_message = true;
    } else if (state_ == State::kOpen) {
      pumping_ = false;
      return;
    }
  }
  const auto peer = peer_;
  if (!have_message) {
    finish(reason_);
    if (peer) peer->finish({reason_.code, reason_.text, true});
    return;
  }
  if (!peer) return;
  bool heard = false;
  size_t limit = 0;
  {
    std::lock_guard lock(peer->mutex_);
    heard = peer->state_ == State::kOpen;
    limit = peer->limit();
  }
  if (wire_ != nullptr && wire_->muted && dialled_) heard = false;
  if (heard && message.size() > limit) {
    peer->finish({"too_large", "a message above the limit came", false});
    return finish({"too_large", "the other side refused a message as too large", true});
  }
  if (heard) peer->handler_->onMessage(message);
  bool writable = false;
  {
    std::lock_guard lock(mutex_);
    queued_bytes_ -= std::min(queued_bytes_, charge(message));
    if (was_full_ && queued_bytes_ < settings_.queue_limit_bytes / 2) {
      was_full_ = false;
      writable = state_ == State::kOpen;
    }
  }
  if (writable && handler_) handler_->onWritable();
  network_.thread_.post([self = shared_from_this()] { self->pump(); });
}

inline void LoopbackLink::finish(const sdk::CloseReason& reason) {
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kClosed) return;
    state_ = State::kClosed;
    queue_.clear();
    queued_bytes_ = 0;
  }
  const auto self = shared_from_this();
  owner_->links_.erase(self);
  if (wire_ != nullptr) wire_->links.erase(self);
  const auto handler = std::move(handler_);
  handler_ = nullptr;
  handler->onClosed(reason);
  peer_ = nullptr;
}

inline uint16_t LoopbackNetwork::wireTo(uint16_t port) {
  uint16_t made = 0;
  runAndWait([&] {
    made = next_port_++;
    wires_[made].to = port;
  });
  return made;
}

inline uint16_t LoopbackNetwork::silentPort() {
  const uint16_t made = wireTo(0);
  runAndWait([&] { wires_[made].silent = true; });
  return made;
}

inline void LoopbackNetwork::freeze(uint16_t wire_port) {
  runAndWait([&] {
    LoopbackWire& wire = wires_[wire_port];
    wire.frozen = true;
    for (const auto& link : wire.links) {
      thread_.after(link->settings_.ping_interval_ms * 2, [link, &wire] {
        if (wire.frozen) link->finish({"ping_timeout", "nothing was heard", false});
      });
    }
  });
}

inline void LoopbackNetwork::thaw(uint16_t wire_port) {
  runAndWait([&] {
    LoopbackWire& wire = wires_[wire_port];
    wire.frozen = false;
    wire.held = false;
    for (const auto& link : wire.links) {
      {
        std::lock_guard lock(link->mutex_);
        if (link->pumping_ || (link->queue_.empty() && link->state_ == LoopbackLink::State::kOpen)) continue;
        link->pumping_ = true;
      }
      thread_.post([link] { link->pump(); });
    }
  });
}

inline void LoopbackNetwork::cut(uint16_t wire_port) {
  runAndWait([&] {
    const auto links = wires_[wire_port].links;
    for (const auto& link : links) link->finish({"lost", "the wire was cut", false});
  });
}

}  // namespace hearthgate::testing
