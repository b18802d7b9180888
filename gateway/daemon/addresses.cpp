#include "daemon/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <memory>

#include "trust/pairing_uri.h"

namespace hearthgate::daemon {
using Interface = api::NetworkLook::Interface;

namespace {
constexpr size_t kMaxAddresses = 8;  // TRUST.md T7: a home has at most eight
}

std::vector<std::string> reachableAddresses(const std::string& listen, uint16_t port) {
  if (listen != "0.0.0.0" && listen != "::") return {trust::addressWithPort(listen, port)};
  bool v6_too = listen == "::";
  std::vector<std::string> found;
  std::vector<std::string> loopback;
  for (const Interface& interface : ownInterfaces()) {
    for (const std::string& address : interface.addresses) {
      bool six = address.find(':') != std::string::npos;
      if (six && (!v6_too || address.find('%') != std::string::npos)) continue;
      (interface.loopback ? loopback : found).push_back(trust::addressWithPort(address, port));
    }
  }
  std::vector<std::string>& chosen = found.empty() ? loopback : found;
  if (chosen.size() > kMaxAddresses) chosen.resize(kMaxAddresses);
  return chosen;
}

std::vector<Interface> ownInterfaces() {
  std::vector<Interface> found;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return {};
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> guard(all, freeifaddrs);
  for (ifaddrs* at = all; at; at = at->ifa_next) {
    if (!at->ifa_addr || !(at->ifa_flags & IFF_UP)) continue;
    auto same = std::find_if(found.begin(), found.end(), [&](const Interface& one) { return one.name == at->ifa_name; });
    if (same == found.end()) {
      same = found.insert(found.end(), Interface{});
      same->name = at->ifa_name;
      same->running = (at->ifa_flags & IFF_RUNNING) != 0;
      same->multicast = (at->ifa_flags & IFF_MULTICAST) != 0;
      same->loopback = (at->ifa_flags & IFF_LOOPBACK) != 0;
      same->point_to_point = (at->ifa_flags & IFF_POINTOPOINT) != 0;
    }
    char text[INET6_ADDRSTRLEN] = {};
    if (at->ifa_addr->sa_family == AF_INET) {
      inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(at->ifa_addr)->sin_addr, text, sizeof text);
      same->addresses.push_back(text);
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      const in6_addr& address = reinterpret_cast<sockaddr_in6*>(at->ifa_addr)->sin6_addr;
      inet_ntop(AF_INET6, &address, text, sizeof text);
      same->addresses.push_back(text + (IN6_IS_ADDR_LINKLOCAL(&address) ? "%" + same->name : ""));
    }
  }
  return found;
}

}  // namespace hearthgate::daemon
