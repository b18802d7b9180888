// A TCP proxy on loopback that can be frozen (nothing passes, nothing closes: a half-open connection) and cut. One
// thread.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <string>
#include <thread>
#include <vector>

namespace hearthgate::testing {

// A file descriptor with an owner.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

inline sockaddr_in loopbackAddress(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// A listening socket on a free port of 127.0.0.1 that nobody accepts from, unless the test does.
inline Fd listenOnLoopback(uint16_t* port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopbackAddress(0);
  socklen_t size = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd.get(), 64) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return Fd();
  }
  *port = ntohs(address.sin_port);
  return fd;
}

inline Fd connectToLoopback(uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopbackAddress(port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Fd();
  return fd;
}

class TcpProxy {
 public:
  explicit TcpProxy(uint16_t to) : to_(to), listener_(listenOnLoopback(&port_)), wake_(::eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::thread([this] { run(); });
  }
  ~TcpProxy() {
    stopping_ = true;
    wake();
    thread_.join();
  }

  uint16_t port() const { return port_; }
  void freeze() { change(frozen_, true); }
  void thaw() { change(frozen_, false); }
  // Closes what is open at once; later connections pass.
  void cut() { change(cutting_, true); }

 private:
  struct Pipe {
    int from = -1;
    int to = -1;
    std::string bytes;
    bool ended = false;
  };
  struct Pair {
    Fd left, right;
    Pipe there, back;
  };

  void wake() {
    const uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) < 0) std::abort();
  }
  void change(std::atomic<bool>& what, bool to) {
    what = to;
    wake();
  }

  void take() {
    Fd left(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    Fd right = connectToLoopback(to_);
    if (left.get() < 0 || right.get() < 0) return;
    const int on = 1;
    for (int fd : {left.get(), right.get()}) {
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    Pair& pair = pairs_.emplace_back();
    pair.there = {left.get(), right.get(), {}, false};
    pair.back = {right.get(), left.get(), {}, false};
    pair.left = std::move(left);
    pair.right = std::move(right);
  }

  // False when the connection is over.
  static bool move(Pipe& pipe) {
    if (pipe.bytes.empty() && !pipe.ended) {
      char block[64 * 1024];
      const ssize_t got = ::recv(pipe.from, block, sizeof block, 0);
      if (got == 0) {
        pipe.ended = true;
        ::shutdown(pipe.to, SHUT_WR);
      } else if (got < 0 && errno != EAGAIN) {
        return false;
      } else if (got > 0) {
        pipe.bytes.assign(block, static_cast<size_t>(got));
      }
    }
    if (!pipe.bytes.empty()) {
      const ssize_t put = ::send(pipe.to, pipe.bytes.data(), pipe.bytes.size(), MSG_NOSIGNAL);
      if (put < 0 && errno != EAGAIN) return false;
      if (put > 0) pipe.bytes.erase(0, static_cast<size_t>(put));
    }
    return true;
  }

  void run() {
    while (!stopping_) {
      std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      if (!frozen_) {
        for (const Pair& pair : pairs_) {
          for (const Pipe* pipe : {&pair.there, &pair.back}) {
            if (!pipe->bytes.empty()) {
              polled.push_back({pipe->to, POLLOUT, 0});
            } else if (!pipe->ended) {
              polled.push_back({pipe->from, POLLIN, 0});
            }
          }
        }
      }
      ::poll(polled.data(), polled.size(), -1);
      uint64_t count = 0;
      if ((polled[0].revents & POLLIN) != 0 && ::read(wake_.get(), &count, sizeof count) < 0) std::abort();
      if (cutting_.exchange(false)) pairs_.clear();
      if ((polled[1].revents & POLLIN) != 0) take();
      if (frozen_) continue;
      pairs_.remove_if(
          [](Pair& pair) { return !move(pair.there) || !move(pair.back) || (pair.there.ended && pair.back.ended); });
    }
  }

  const uint16_t to_;
  uint16_t port_ = 0;
  const Fd listener_;
  const Fd wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> frozen_{false};
  std::atomic<bool> cutting_{false};
  std::list<Pair> pairs_;
  std::thread thread_;
};

}  // namespace hearthgate::testing
