// Whether multicast DNS carries what this home says, found out by saying something: a service of a type of its own, announced
// for a moment and browsed for. GET /doctor asks; any thread.
#pragma once

#include <chrono>
#include <future>
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

  // Waits until it was heard wherever it should be, at most so long. Who asks meanwhile gets the same answer.
  api::NetworkLook listen(std::chrono::milliseconds limit);

 private:
  api::NetworkLook lookNow(std::chrono::milliseconds limit);
  std::string whyOff() const;
  void speak(const Announcer::Told& own, std::chrono::milliseconds limit, api::NetworkLook* look);

  const config::Config& config_;
  plugin_host::Discovery& discovery_;
  const Announcer* const announcer_;
  Random& random_;
  std::mutex mutex_;
  std::shared_future<api::NetworkLook> last_;
};

}  // namespace hearthgate::daemon
