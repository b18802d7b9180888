// Looks at rtnetlink (7) for addresses of this machine that go. A connection from or to one does not end by that: nothing that
// is sent on it arrives any more, and the pings would tell after half a minute.
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "hub.h"

namespace hearthgate::lan {
namespace {

using ErrorCode = boost::system::error_code;

// Of the interfaces that are up; nothing: they cannot be read.
std::optional<std::set<asio::ip::address>> ownAddresses() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return std::nullopt;
  std::set<asio::ip::address> found;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0) continue;
    if (one->ifa_addr->sa_family == AF_INET) {
      found.insert(asio::ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr.s_addr)));
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr, bytes.size());
      found.insert(asio::ip::address_v6(bytes));
    }
  }
  ::freeifaddrs(all);
  return found;
}

class AddressWatch final : public Running, public std::enable_shared_from_this<AddressWatch> {
 public:
  explicit AddressWatch(std::shared_ptr<Hub> hub) : hub_(std::move(hub)), socket_(hub_->io) {}

  void start() {
    const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    own.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (socket < 0 || ::bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
      hub_->log(sdk::Log::Level::kWarning, std::string("changes of this machine's addresses are not seen: ") + std::strerror(errno) +
                                               "; a link whose address goes ends when pings stay away");
      if (socket >= 0) ::close(socket);
      return;
    }
    socket_.assign(socket);
    hub_->running.insert(shared_from_this());
    before_ = ownAddresses().value_or(before_);
    wait();
  }

  void stop() override { abort(); }
  void abort() override {
    ErrorCode ignored;  // Closing is all we want of it.
    socket_.close(ignored);
    hub_->ended(shared_from_this());
  }

 private:
  void wait() {
    socket_.async_wait(socket_.wait_read, [self = shared_from_this()](const ErrorCode& error) {
      if (!self->socket_.is_open() || error == asio::error::operation_aborted) return;
      self->read();
      self->wait();
    });
  }

  void read() {
    // What it says does not matter, nor that some of it was lost (ENOBUFS): everything is read anew.
    char dropped[8192];
    while (::recv(socket_.native_handle(), dropped, sizeof dropped, 0) > 0 || errno == ENOBUFS || errno == EINTR) {
    }
    auto now = ownAddresses();
    if (!now) return;
    // Of 127.0.0.0/8 and the like no list says that they are there, so only what was listed can go.
    std::set<asio::ip::address> gone;
    std::set_difference(before_.begin(), before_.end(), now->begin(), now->end(), std::inserter(gone, gone.end()));
    before_ = std::move(*now);
    if (gone.empty()) return;
    const std::vector<std::shared_ptr<Running>> all(hub_->running.begin(), hub_->running.end());
    for (const auto& one : all) one->addressesGone(gone);
  }

  const std::shared_ptr<Hub> hub_;
  asio::posix::basic_stream_descriptor<Executor> socket_;
  std::set<asio::ip::address> before_;
};

}  // namespace

void startAddressWatch(const std::shared_ptr<Hub>& hub) { std::make_shared<AddressWatch>(hub)->start(); }

asio::ip::address localAddress(const Socket& socket) {
  ErrorCode error;
  const asio::ip::address address = socket.local_endpoint(error).address();
  if (error || !address.is_v6()) return address;
  if (address.to_v6().is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return asio::ip::address_v6(address.to_v6().to_bytes());
}

}  // namespace hearthgate::lan
