// DNS-SD over Avahi: what `lan-mdns` (mdns_main.cpp) is made of. All on the one thread of run(), which calls what was handed in.
#pragma once

#include <avahi-common/watch.h>

#include <memory>
#include <string>
#include <vector>

#include "hearthgate/dns_sd.h"
#include "hearthgate/host.h"
#include "lan/lan_transport.h"

namespace hearthgate::lan {

enum class MdnsMode { kAuto, kDaemon, kEmbedded };

class LanDnsSd {
 public:
  using Logger = LanTransport::Logger;

  LanDnsSd(MdnsMode mode, Logger logger);
  ~LanDnsSd();
  LanDnsSd(const LanDnsSd&) = delete;
  LanDnsSd& operator=(const LanDnsSd&) = delete;

  // For what else is waited for on this thread; null when there is no memory for it.
  const AvahiPoll* poll() const;
  // Serves until stop(), which something on the loop calls, and then has its goodbyes said on the networks.
  void run();
  void stop();

  // As sdk::DnsSd, with numbers of the caller's; not from what it calls.
  void browse(uint64_t number, const std::string& type, sdk::DnsSd::Heard heard);
  void announce(uint64_t number, sdk::Announcement announcement, sdk::DnsSd::Announced announced);
  void update(uint64_t announcement, std::vector<std::string> txt);
  void end(uint64_t number);

 private:
  struct Loop;
  const std::unique_ptr<Loop> loop_;
};

}  // namespace hearthgate::lan
