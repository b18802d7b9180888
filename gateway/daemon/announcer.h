// This home's own announcement, `_hearthgate._tcp` (CONTRACT.md "On the network"). Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"
#include "plugin_host/discovery.h"
#include "sync/link_hub.h"

namespace hearthgate::daemon {

class Announcer {
 public:
  // `always_named`: the name is told at all times, not only while a code is open (TRUST.md T34).
  Announcer(plugin_host::Discovery& discovery, sync::LinkHub& hub, const HomeId& home, std::string name, bool always_named);

  // That this home listens there (sdk::Announcement::address); replaces what was announced.
  void listensAt(const std::string& address, uint16_t port);
  // A code was opened or closed, perhaps.
  void refresh();

  // What is announced now.
  struct Told {
    std::string address;  // sdk::Announcement::address
    uint16_t port = 0;    // 0: nothing yet
    std::string name;     // when it is announced
    std::string problem;  // why it is not
  };
  Told told() const;

 private:
  // Written on the provider's thread.
  struct Kept {
    std::mutex mutex;
    Told told;
  };
  std::vector<std::string> txt() const;

  plugin_host::Discovery& discovery_;
  sync::LinkHub& hub_;
  const std::string id8_;
  const std::string name_;
  const bool always_named_;
  const std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
  std::mutex mutex_;
  uint64_t announcement_ = 0;
  std::vector<std::string> told_;
};

}  // namespace hearthgate::daemon
