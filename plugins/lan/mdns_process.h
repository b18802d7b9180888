// DNS-SD through a process of its own (mdns_main.cpp): what is heard on port 5353 is read by a library that ends its process
// on some packets, and that must not be the gateway. A process that ends is begun again. Contract and threads:
// hearthgate/dns_sd.h.
#pragma once

#include <memory>
#include <string>

#include "hearthgate/dns_sd.h"
#include "hearthgate/host.h"
#include "lan/lan_transport.h"

namespace hearthgate::lan {

class MdnsProcess final : public sdk::DnsSd {
 public:
  using Logger = LanTransport::Logger;

  // `program` is run with `mode`; `logger` may be called from any thread.
  MdnsProcess(std::string program, std::string mode, Logger logger);
  ~MdnsProcess() override;

  // Codes: mdns_failed.
  sdk::Outcome start();
  // Has the goodbyes said; nothing is called afterwards. Idempotent.
  void stop();

  uint64_t browse(const std::string& type, Heard heard) override;
  uint64_t announce(sdk::Announcement announcement, Announced announced) override;
  void update(uint64_t announcement, std::vector<std::string> txt) override;
  void end(uint64_t number) override;

 private:
  struct Loop;
  const std::unique_ptr<Loop> loop_;
};

// Beside the shared library that this code is in: `FOLDER/lan-mdns`. Empty, with `problem`, when it is not there or others
// could have written it (TRUST.md T20).
std::string mdnsProgram(std::string* problem);

}  // namespace hearthgate::lan
