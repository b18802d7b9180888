// A TCP proxy on loopback that does one thing wrong at one byte: the fault that was ordered strikes the n-th connection
// after cutAndArm() when byte `at` of a direction passes; everything else passes as it came. One thread.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "support/tcp_proxy.h"

namespace hearthgate::testing {

enum class Fault {
  kNone,
  kCut,      // both sides are reset before the byte
  kEnd,      // both sides are closed in good order before the byte
  kFlip,     // one bit of the byte is another
  kLose,     // the byte and what came with it after it are lost
  kTwice,    // the byte and what came with it after it come twice
  kStall,    // from the byte on nothing passes for a while
  kTrickle,  // from the byte on every byte comes alone
  kDeaf,     // from the byte on this direction is swallowed, and the end of it too
  kSilence,  // from the byte on both directions are swallowed: a half-open connection
};

inline const char* nameOf(Fault fault) {
  static constexpr std::array names{"None",  "Cut",   "End",     "Flip", "Lose",
                                    "Twice", "Stall", "Trickle", "Deaf", "Silence"};
  return names[static_cast<size_t>(fault)];
}

enum class Direction { kToListener, kToDialler };

struct FaultOrder {
  Fault fault = Fault::kNone;
  Direction direction = Direction::kToListener;
  size_t connection = 0;  // the first after cutAndArm() is 0
  uint64_t at = 0;
  int bit = 0;
  // When given, `at` counts from the beginning of this portion that came, mostly one message of the link, from 0 on.
  std::optional<size_t> portion;
};

class FaultProxy {
 public:
  // How long a stall takes: longer than any step of a handshake, far shorter than the time limits of the tests' links.
  static constexpr std::chrono::milliseconds kStallTime{20};
  // A trickle ends after so many bytes, or a large message would take its size in system calls.
  static constexpr uint64_t kTrickleBytes = 256;
  // A ping with its mask.
  static constexpr size_t kPingBytes = 16;

  explicit FaultProxy(uint16_t to) : to_(to), listener_(listenOnLoopback(&port_)), wake_(::eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::thread([this] { run(); });
  }
  ~FaultProxy() {
    change([this] { stopping_ = true; });
    thread_.join();
  }

  uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // Resets what is open. The order is for the connections that come from now on; it strikes once.
  void cutAndArm(const FaultOrder& order) {
    change([&] {
      cutting_ = true;
      order_ = order;
      fired_ = false;
      sizes_.clear();
      ++arming_;
    });
  }
  bool fired() const {
    std::lock_guard lock(mutex_);
    return fired_;
  }
  // Connections since cutAndArm(), and the bytes that came for each direction of one.
  size_t connections() const {
    std::lock_guard lock(mutex_);
    return sizes_.size();
  }
  uint64_t bytes(size_t connection, Direction direction) const {
    std::lock_guard lock(mutex_);
    return connection < sizes_.size() ? sizes_[connection][static_cast<size_t>(direction)].bytes : 0;
  }
  size_t portions(size_t connection, Direction direction) const {
    std::lock_guard lock(mutex_);
    return connection < sizes_.size() ? sizes_[connection][static_cast<size_t>(direction)].portions : 0;
  }
  // Counts what came and was more than a ping: as long as it grows, the two sides have something to say.
  uint64_t talk() const {
    std::lock_guard lock(mutex_);
    return talk_;
  }
  size_t open() const {
    std::lock_guard lock(mutex_);
    return pairs_.size();
  }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Pipe {
    int from = -1;
    int to = -1;
    Direction direction = Direction::kToListener;
    std::string bytes;
    bool ended = false;      // nothing more comes
    bool swallowed = false;  // what comes is read and dropped
    bool hung_up = false;    // `from` has gone while swallowed
    uint64_t trickle = 0;
    Time held_until{};
  };
  struct Pair {
    Fd near, far;
    Pipe there, back;
    size_t number = 0;
    uint64_t arming = 0;
    bool over = false;
  };

  template <typename What>
  void change(What what) {
    {
      std::lock_guard lock(mutex_);
      what();
    }
    const uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) < 0) std::abort();
  }

  void take() {
    Fd near(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    Fd far = connectToLoopback(to_);
    if (near.get() < 0 || far.get() < 0) return;
    const int on = 1;
    for (int fd : {near.get(), far.get()}) {
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    Pair& pair = pairs_.emplace_back();
    pair.number = sizes_.size();
    pair.arming = arming_;
    sizes_.emplace_back();
    pair.there.from = pair.back.to = near.get();
    pair.there.to = pair.back.from = far.get();
    pair.back.direction = Direction::kToDialler;
    pair.near = std::move(near);
    pair.far = std::move(far);
  }
  void reset(Pair& pair) {
    const linger now{1, 0};
    for (int fd : {pair.near.get(), pair.far.get()}) ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    pair.over = true;
  }

  struct Seen {
    uint64_t bytes = 0;
    size_t portions = 0;
  };

  // Counts a portion; gives the place in it where the order strikes, or its size.
  size_t strikesAt(size_t connection, Direction direction, size_t size) {
    Seen& seen = sizes_[connection][static_cast<size_t>(direction)];
    const Seen before = seen;
    seen.bytes += size;
    ++seen.portions;
    if (fired_ || order_.fault == Fault::kNone || order_.connection != connection || order_.direction != direction)
      return size;
    if (order_.portion) return *order_.portion == before.portions ? std::min<size_t>(order_.at, size) : size;
    return order_.at >= before.bytes ? std::min<size_t>(order_.at - before.bytes, size) : size;
  }

  // Looks whether the order strikes in `block`, which has just come; what is to be passed on is appended to the pipe.
  void pass(Pair& pair, Pipe& pipe, std::string block) {
    if (block.size() > kPingBytes) ++talk_;
    size_t at = block.size();
    if (pair.arming == arming_) at = strikesAt(pair.number, pipe.direction, block.size());
    if (at >= block.size()) {
      pipe.bytes += block;
      return;
    }
    fired_ = true;
    switch (order_.fault) {
      case Fault::kCut:
      case Fault::kEnd:
        pipe.bytes += block.substr(0, at);
        push(pair, pipe);
        if (order_.fault == Fault::kCut) reset(pair);
        pair.over = true;
        return;
      case Fault::kFlip:
        block[at] = static_cast<char>(block[at] ^ (1 << order_.bit));
        break;
      case Fault::kLose:
        block.resize(at);
        break;
      case Fault::kTwice:
        block += block.substr(at);
        break;
      case Fault::kStall:
        pipe.bytes += block.substr(0, at);
        push(pair, pipe);
        pipe.held_until = std::chrono::steady_clock::now() + kStallTime;
        block.erase(0, at);
        break;
      case Fault::kTrickle:
        pipe.bytes += block.substr(0, at);
        push(pair, pipe);
        pipe.trickle = kTrickleBytes;
        block.erase(0, at);
        break;
      case Fault::kDeaf:
      case Fault::kSilence:
        pipe.bytes += block.substr(0, at);
        push(pair, pipe);
        pipe.swallowed = true;
        if (order_.fault == Fault::kSilence)
          (pipe.direction == Direction::kToListener ? pair.back : pair.there).swallowed = true;
        return;
      case Fault::kNone:
        break;
    }
    pipe.bytes += block;
  }

  void pull(Pair& pair, Pipe& pipe) {
    char block[64 * 1024];
    const ssize_t got = ::recv(pipe.from, block, sizeof block, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (pipe.swallowed) {
      pipe.hung_up = got <= 0;
      return;
    }
    if (got < 0) return reset(pair);
    if (got == 0) {
      pipe.ended = true;
      return;
    }
    pass(pair, pipe, std::string(block, static_cast<size_t>(got)));
  }

  void push(Pair& pair, Pipe& pipe) {
    while (!pipe.bytes.empty()) {
      const size_t size = pipe.trickle > 0 ? 1 : pipe.bytes.size();
      const ssize_t put = ::send(pipe.to, pipe.bytes.data(), size, MSG_NOSIGNAL);
      if (put < 0 && errno == EAGAIN) return;
      if (put < 0) return reset(pair);
      pipe.bytes.erase(0, static_cast<size_t>(put));
      if (pipe.trickle > 0) {
        --pipe.trickle;
        std::this_thread::yield();  // A byte alone in its segment, as far as the other side keeps up.
      }
    }
    if (pipe.ended) ::shutdown(pipe.to, SHUT_WR);
  }

  static void want(std::vector<pollfd>& polled, int fd, short events) { polled.push_back({fd, events, 0}); }

  void run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      int wait_ms = -1;
      const Time now = std::chrono::steady_clock::now();
      for (const Pair& pair : pairs_) {
        for (const Pipe* pipe : {&pair.there, &pair.back}) {
          if (pipe->held_until > now) {
            wait_ms = static_cast<int>(FaultProxy::kStallTime.count());
          } else if (!pipe->bytes.empty()) {
            want(polled, pipe->to, POLLOUT);
          } else if (!pipe->ended && !pipe->hung_up) {
            want(polled, pipe->from, POLLIN);
          }
        }
      }
      lock.unlock();
      ::poll(polled.data(), polled.size(), wait_ms);
      lock.lock();
      uint64_t count = 0;
      if ((polled[0].revents & POLLIN) != 0 && ::read(wake_.get(), &count, sizeof count) < 0) std::abort();
      if (cutting_) {
        for (Pair& pair : pairs_) reset(pair);
        cutting_ = false;
      }
      if ((polled[1].revents & POLLIN) != 0) take();
      for (Pair& pair : pairs_) {
        for (Pipe* pipe : {&pair.there, &pair.back}) {
          if (pair.over || pipe->held_until > std::chrono::steady_clock::now()) continue;
          if (pipe->bytes.empty() && !pipe->ended && !pipe->hung_up) pull(pair, *pipe);
          if (!pair.over && pipe->held_until <= std::chrono::steady_clock::now()) push(pair, *pipe);
        }
        // Of a swallowed connection each side goes by itself; the other one does not hear of it.
        const bool there_done = pair.there.ended || pair.there.hung_up;
        const bool back_done = pair.back.ended || pair.back.hung_up;
        if (there_done && back_done && pair.there.bytes.empty() && pair.back.bytes.empty()) pair.over = true;
      }
      pairs_.remove_if([](const Pair& pair) { return pair.over; });
    }
  }

  const uint16_t to_;
  uint16_t port_ = 0;
  const Fd listener_;
  const Fd wake_;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  bool cutting_ = false;
  bool fired_ = false;
  uint64_t arming_ = 0;
  uint64_t talk_ = 0;
  FaultOrder order_;
  std::vector<std::array<Seen, 2>> sizes_;
  std::list<Pair> pairs_;
  std::thread thread_;
};

}  // namespace hearthgate::testing
