// DNS-SD on the local networks (RFC 6763 over RFC 6762): which services are there, and saying what is here. Every text that
// is heard comes from strangers, and nothing of it is proved: a hint where to knock, never a reason to trust.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hearthgate/outcome.h"

namespace hearthgate::sdk {

// One instance of a service as it was heard on one interface, by IPv4 or IPv6. The same three (name, interface, whether
// `address` is IPv6) name it in all that is told of it.
struct ServiceInstance {
  std::string type;              // `_hearthgate._tcp`
  std::string name;              // at most 63 bytes
  std::string interface;         // `eth0`: where it was heard
  std::string address;           // an IP literal; of a link-local IPv6 one with its zone: `fe80::1%eth0`
  uint16_t port = 0;
  std::vector<std::string> txt;  // `key=value`, in no certain order; at most kMaxTxtBytes in all
  bool own = false;              // announced by this gateway
  // Whether `address` can be of a machine on the network where it was heard: in a network of that interface, and loopback
  // only when it was heard there. What is not may be an attempt to make this gateway knock elsewhere (TRUST.md T3, T23).
  bool on_link = false;
};

enum class ServiceChange : uint32_t { kFound, kChanged, kLost };

// RFC 6763 section 6.2: what fits a packet of an Ethernet; more is cut off.
inline constexpr size_t kMaxTxtBytes = 1300;

// The value of `key`, which is given in lower case; empty when there is none. RFC 6763 section 6.4: the case of keys does not
// count, and the first of several does.
inline std::string txtValue(const std::vector<std::string>& txt, std::string_view key) {
  for (const std::string& text : txt) {
    if (text.size() <= key.size() || text[key.size()] != '=') continue;
    bool same = true;
    for (size_t i = 0; i < key.size() && same; ++i) {
      const char c = text[i];
      same = key[i] == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    if (same) return text.substr(key.size() + 1);
  }
  return "";
}

struct Announcement {
  std::string type;
  std::string name;  // when somebody else has it, another one is made of it
  uint16_t port = 0;
  std::vector<std::string> txt;
  // What the service listens on: an IP literal; `0.0.0.0`: every IPv4 address of each interface; `::` or empty: every address.
  std::string address;
};

// `dns_sd/1`: provided by a plugin with the role kDiscovery, and a capability for every plugin. Functions: of the provider any
// thread, of the capability the plugin's; end() alone waits, for a call that is running. What is handed in is called on the provider's thread (of the capability: the plugin's), one at a time, must not block, and is
// not called any more once end() of it has returned.
class DnsSd {
 public:
  static constexpr std::string_view kId = "dns_sd";
  static constexpr uint32_t kRevision = 1;
  using Heard = std::function<void(ServiceChange, const ServiceInstance&)>;
  // Told each time that the service is announced, with the name that it has then, or why it cannot be.
  using Announced = std::function<void(const Outcome&, const std::string& name)>;

  virtual ~DnsSd() = default;
  // Tells what is there as found, and each change, until end() of the number returned.
  virtual uint64_t browse(const std::string& type, Heard heard) = 0;
  virtual uint64_t announce(Announcement announcement, Announced announced) = 0;
  // Exchanges the texts of an announcement.
  virtual void update(uint64_t announcement, std::vector<std::string> txt) = 0;
  // Ends a browse or an announcement; the networks are told that it went.
  virtual void end(uint64_t number) = 0;
};

}  // namespace hearthgate::sdk
