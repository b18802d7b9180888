// Whether multicast DNS carries what this home says, found out by saying something: a service of a type of its own, announced
// for a moment and browsed for. GET /doctor asks; any thread, one at a time.
#pragma once

#include <chrono>
#include <mutex>

#include "api/homes.h"
#include "base/random.h"
#include "config/config.h"
#include "daemon/announcer.h"
#include "plugin_host/discovery.h"

namespace hearthgate::daemon {

class OwnVoice {
 public:
  // `announcer`: null when nothing is announced.
  OwnVoice(const config::Config& config, plugin_host::Discovery& discovery, const Announcer* announcer, Random& random)
      : config_(config), discovery_(discovery), announcer_(announcer), random_(random) {}

  // Waits until it was heard wherever it should be, at most so long.
  api::NetworkLook listen(std::chrono::milliseconds limit);

 private:
  std::string whyOff() const;
  void speak(const Announcer::Told& own, std::chrono::milliseconds limit, api::NetworkLook* look);

  const config::Config& config_;
  plugin_host::Discovery& discovery_;
  const Announcer* const announcer_;
  Random& random_;
  std::mutex mutex_;
};

}  // namespace hearthgate::daemon
