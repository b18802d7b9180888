// The gateway's one view of DNS-SD: what the core and plugins browse for and announce outlives the plugin that provides it,
// and what was heard is kept and shown. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "hearthgate/dns_sd.h"

namespace hearthgate::plugin_host {

// An instance that was heard on an interface, now or earlier.
struct Sighting {
  sdk::ServiceInstance instance;
  bool here = true;  // else it went, or was not heard since the start
  int64_t first_seen_ms = 0;
  int64_t last_seen_ms = 0;
};

class Discovery final : public sdk::DnsSd {
 public:
  // `changed` is called on the provider's thread, or on that of drop() or end(); with texts that are fit to be shown.
  using Changed = std::function<void(const Sighting&)>;

  Discovery(Clock& clock, Changed changed) : clock_(clock), changed_(std::move(changed)) {}

  // What was heard before the start. Before use().
  void restore(std::vector<Sighting> seen);
  // From now on over `provider`; everything that is wanted is asked of it.
  void use(std::shared_ptr<sdk::DnsSd> provider);
  // The provider goes: what was heard through it counts as lost. Another one than that in use changes nothing.
  void drop(const std::shared_ptr<sdk::DnsSd>& provider);

  // sdk::DnsSd. An error of `announced` is told in the log too.
  uint64_t browse(const std::string& type, Heard heard) override { return browse(type, std::move(heard), true); }
  uint64_t announce(sdk::Announcement announcement, Announced announced) override;
  void update(uint64_t announcement, std::vector<std::string> txt) override;
  void end(uint64_t number) override;

  // Not `listed`: what is heard is told to `heard` alone, and neither kept nor shown.
  uint64_t browse(const std::string& type, Heard heard, bool listed);

  // Whether a plugin does it now.
  bool provided() const;
  // By type, name and interface; texts fit to be shown and stored.
  std::vector<Sighting> list() const;

 private:
  // Type, name, interface, whether its address is IPv6.
  using Key = std::tuple<std::string, std::string, std::string, bool>;
  struct Browse {
    std::string type;
    Heard heard;
    uint64_t at_provider = 0;
    bool listed = true;
  };
  struct Announcing {
    sdk::Announcement announcement;
    Announced announced;
    uint64_t at_provider = 0;
  };

  void beginLocked(uint64_t number, Browse& browse);
  void beginLocked(Announcing& announcing);
  void heard(uint64_t number, uint64_t generation, sdk::ServiceChange change, const sdk::ServiceInstance& instance);
  void lose(const std::string& type);
  Sighting keepLocked(sdk::ServiceChange change, const sdk::ServiceInstance& instance);
  void makeRoomLocked();

  Clock& clock_;
  const Changed changed_;
  mutable std::mutex mutex_;
  std::shared_ptr<sdk::DnsSd> provider_;
  uint64_t generation_ = 0;  // of providers: what an earlier one still says is not listened to
  uint64_t last_number_ = 0;
  std::map<uint64_t, Browse> browses_;
  std::map<uint64_t, Announcing> announcements_;
  std::map<Key, Sighting> sightings_;
};

}  // namespace hearthgate::plugin_host
