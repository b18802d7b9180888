// DNS-SD over Avahi, on one thread; what `lan-mdns` (mdns_main.cpp) is made of. Contract and threads: hearthgate/dns_sd.h.
#pragma once

#include <memory>

#include "hearthgate/dns_sd.h"
#include "hearthgate/host.h"
#include "lan/lan_transport.h"

namespace hearthgate::lan {

enum class MdnsMode { kAuto, kDaemon, kEmbedded };

class LanDnsSd final : public sdk::DnsSd {
 public:
  using Logger = LanTransport::Logger;

  // `logger` may be called from any thread.
  explicit LanDnsSd(Logger logger);
  ~LanDnsSd() override;

  // Codes: mdns_failed.
  sdk::Outcome start(MdnsMode mode);
  // Says goodbye on the networks; nothing is called afterwards. Idempotent.
  void stop();

  uint64_t browse(const std::string& type, Heard heard) override;
  uint64_t announce(sdk::Announcement announcement, Announced announced) override;
  void update(uint64_t announcement, std::vector<std::string> txt) override;
  void end(uint64_t number) override;

 private:
  struct Loop;
  const std::shared_ptr<Loop> loop_;
};

}  // namespace hearthgate::lan
