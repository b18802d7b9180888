// What the parts of the LAN transport share: the thread's event loop and everything that lives on it. Its fields are
// touched on that thread only, except `stopping`, `settings`, `filter` and `logger`.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "lan_transport.h"

namespace hearthgate::lan {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
// A type of its own, so that link.h can say how its WebSockets are torn down.
class Socket : public asio::basic_stream_socket<asio::ip::tcp, Executor> {
 public:
  using basic_stream_socket::basic_stream_socket;
  explicit Socket(basic_stream_socket&& other) : basic_stream_socket(std::move(other)) {}
};
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

// Something on the loop that ends when the transport stops.
class Running {
 public:
  virtual ~Running() = default;
  // Begins to end in an orderly way.
  virtual void stop() = 0;
  // Ends at once; what was owed to the user is called.
  virtual void abort() = 0;
  // These addresses are no longer this machine's.
  virtual void addressesGone(const std::set<asio::ip::address>&) {}
};

struct Hub {
  Hub(LanSettings given_settings, sdk::RequestFilter& given_filter, LanTransport::Logger given_logger)
      : settings(given_settings),
        filter(given_filter),
        logger(std::move(given_logger)),
        work(io.get_executor()),
        grace(io) {}

  const LanSettings settings;
  sdk::RequestFilter& filter;
  const LanTransport::Logger logger;

  asio::io_context io{1};
  asio::executor_work_guard<Executor> work;
  std::thread thread;
  std::mutex stop_mutex;  // Two callers of stop() wait for the same end.
  std::mutex post_mutex;  // Nothing is posted after `stopping` was set, so nothing is left undone when the loop ends.
  std::atomic<bool> stopping{false};
  Timer grace;
  std::set<std::shared_ptr<Running>> running;
  // Server-side connections before the end of their upgrade, the oldest first; they are in `running` too.
  struct Upgrading {
    std::string source;
    std::shared_ptr<Running> session;
  };
  std::list<Upgrading> upgrading;

  void log(sdk::Log::Level level, std::string_view text) const { logger(level, text); }
  // Forgets `one`; the loop ends when nothing is left after stop().
  void ended(const std::shared_ptr<Running>& one) {
    running.erase(one);
    if (stopping && running.empty()) grace.cancel();
  }
};

// `IP:port`, IPv6 in brackets, an IPv4 address that came in through an IPv6 socket as IPv4.
std::string endpointText(const asio::ip::tcp::endpoint& endpoint);
std::string addressText(const asio::ip::address& address);
// Of this side of a connection, as addressesGone() tells it: without a zone, IPv4 as IPv4. Unspecified when there is none yet.
asio::ip::address localAddress(const Socket& socket);
// TCP_NODELAY, because a link's messages are small and awaited; close-on-exec, because the gateway starts programs.
void tuneSocket(Socket& socket);

// The listen side (listener.cpp): binds on the caller's thread; `start` begins to accept, on the loop's thread.
struct OpenedListener {
  sdk::Listening listening;
  std::function<void()> start;
};
OpenedListener openListener(const std::shared_ptr<Hub>& hub, const std::string& address, uint16_t port,
                            sdk::Transport::Acceptor acceptor);

// Tells what runs when addresses of this machine go (address_watch.cpp), on the loop's thread.
void startAddressWatch(const std::shared_ptr<Hub>& hub);

// The dial side (dialer.cpp), on the loop's thread.
void startDial(const std::shared_ptr<Hub>& hub, const std::string& address, const std::string& target,
               std::shared_ptr<sdk::LinkHandler> handler, sdk::Transport::Dialled dialled);

}  // namespace hearthgate::lan
