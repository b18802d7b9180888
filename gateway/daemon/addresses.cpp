#include "daemon/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <memory>

#include "trust/pairing_uri.h"

namespace hearthgate::daemon {
namespace {
constexpr size_t kMaxAddresses = 8;  // TRUST.md T7: a home has at most eight
}

std::vector<std::string> reachableAddresses(const std::string& listen, uint16_t port) {
  if (listen != "0.0.0.0" && listen != "::") return {trust::addressWithPort(listen, port)};
  bool v6_too = listen == "::";
  std::vector<std::string> found;
  std::vector<std::string> loopback;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return {};
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> guard(all, freeifaddrs);
  for (ifaddrs* at = all; at; at = at->ifa_next) {
    if (!at->ifa_addr || !(at->ifa_flags & IFF_UP)) continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (at->ifa_addr->sa_family == AF_INET) {
      inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(at->ifa_addr)->sin_addr, text, sizeof text);
    } else if (at->ifa_addr->sa_family == AF_INET6 && v6_too) {
      auto* address = reinterpret_cast<sockaddr_in6*>(at->ifa_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr)) continue;
      inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof text);
    } else {
      continue;
    }
    (at->ifa_flags & IFF_LOOPBACK ? loopback : found).push_back(trust::addressWithPort(text, port));
  }
  std::vector<std::string>& chosen = found.empty() ? loopback : found;
  if (chosen.size() > kMaxAddresses) chosen.resize(kMaxAddresses);
  return chosen;
}

}  // namespace hearthgate::daemon
