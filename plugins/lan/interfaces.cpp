#include "interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace hearthgate::lan {

namespace {

// The bytes of an address or a mask; empty when it is neither IPv4 nor IPv6.
std::string_view bytesOf(const sockaddr* address) {
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    return {reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr), sizeof(in_addr)};
  }
  if (address->sa_family == AF_INET6) {
    return {reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr), sizeof(in6_addr)};
  }
  return {};
}

std::string_view bytesOf(const AvahiAddress& address) {
  const size_t size = address.proto == AVAHI_PROTO_INET ? sizeof(in_addr) : sizeof(in6_addr);
  return {reinterpret_cast<const char*>(address.data.data), size};
}

// Calls `use` for each address of each interface.
template <typename Use>
void eachAddress(Use use) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    const auto index = static_cast<AvahiIfIndex>(if_nametoindex(one->ifa_name));
    if (index > 0 && !bytesOf(one->ifa_addr).empty()) use(*one, index);
  }
  freeifaddrs(first);
}

bool isLinkLocal(const AvahiAddress& address) {
  return address.proto == AVAHI_PROTO_INET6 && address.data.ipv6.address[0] == 0xfe &&
         (address.data.ipv6.address[1] & 0xc0) == 0x80;
}

}  // namespace

InterfaceAddresses interfaceAddresses() {
  InterfaceAddresses all;
  eachAddress([&](const ifaddrs& one, AvahiIfIndex index) {
    if ((one.ifa_flags & IFF_UP) == 0 || (one.ifa_flags & IFF_POINTOPOINT) != 0) return;
    AvahiAddress address{};
    address.proto = one.ifa_addr->sa_family == AF_INET ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6;
    const std::string_view bytes = bytesOf(one.ifa_addr);
    std::memcpy(address.data.data, bytes.data(), bytes.size());
    all[index].push_back(address);
  });
  for (auto& [index, addresses] : all) {
    std::sort(addresses.begin(), addresses.end(),
              [](const AvahiAddress& a, const AvahiAddress& b) { return avahi_address_cmp(&a, &b) < 0; });
  }
  return all;
}

bool isOnLink(AvahiIfIndex interface, const AvahiAddress& address) {
  const std::string_view wanted = bytesOf(address);
  const auto first = static_cast<uint8_t>(wanted[0]);
  const bool multicast = address.proto == AVAHI_PROTO_INET ? first >= 224 : first == 0xff;
  if (multicast) return false;
  if (isLinkLocal(address)) return true;
  bool found = false;
  eachAddress([&](const ifaddrs& one, AvahiIfIndex index) {
    const std::string_view own = bytesOf(one.ifa_addr), mask = bytesOf(one.ifa_netmask);
    if (index != interface || own.size() != wanted.size() || mask.size() != own.size()) return;
    bool same = true;
    for (size_t i = 0; i < own.size(); ++i) same = same && ((own[i] ^ wanted[i]) & mask[i]) == 0;
    found = found || same;
  });
  return found;
}

std::string interfaceName(AvahiIfIndex index) {
  char name[IF_NAMESIZE] = {};
  return if_indextoname(static_cast<unsigned>(index), name) != nullptr ? name : std::to_string(index);
}

std::string addressText(const AvahiAddress& address, AvahiIfIndex interface) {
  char text[AVAHI_ADDRESS_STR_MAX] = {};
  avahi_address_snprint(text, sizeof text, &address);
  return isLinkLocal(address) ? std::string(text) + "%" + interfaceName(interface) : text;
}

InterfaceWatch::InterfaceWatch(const AvahiPoll* poll, std::function<void()> changed)
    : poll_(poll), changed_(std::move(changed)) {
  socket_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  own.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (socket_ < 0 || ::bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
    problem_ = std::strerror(errno);
    return;
  }
  watch_ = poll_->watch_new(poll_, socket_, AVAHI_WATCH_IN, &InterfaceWatch::onReadable, this);
}

InterfaceWatch::~InterfaceWatch() {
  if (watch_ != nullptr) poll_->watch_free(watch_);
  if (socket_ >= 0) ::close(socket_);
}

void InterfaceWatch::onReadable(AvahiWatch*, int socket, AvahiWatchEvent, void* self) {
  // What it says does not matter, nor that some of it was lost (ENOBUFS): everything is read anew.
  char dropped[8192];
  while (::recv(socket, dropped, sizeof dropped, 0) > 0 || errno == ENOBUFS || errno == EINTR) {
  }
  static_cast<InterfaceWatch*>(self)->changed_();
}

}  // namespace hearthgate::lan
