#include "plugin_host/discovery.h"

#include <algorithm>

#include "base/log.h"
#include "base/utf8.h"
#include "plugin_host/tuning.h"

namespace hearthgate::plugin_host {

using sdk::ServiceChange;
using sdk::ServiceInstance;

static bool isV6(const ServiceInstance& instance) { return instance.address.find(':') != std::string::npos; }

void Discovery::restore(std::vector<Sighting> seen) {
  std::lock_guard lock(mutex_);
  for (Sighting& one : seen) {
    const ServiceInstance& instance = one.instance;
    if (sightings_.size() < kMaxSightings) {
      sightings_.try_emplace({instance.type, instance.name, instance.interface, isV6(instance)}, std::move(one));
    }
  }
}

void Discovery::use(std::shared_ptr<sdk::DnsSd> provider) {
  std::lock_guard lock(mutex_);
  provider_ = std::move(provider);
  ++generation_;
  for (auto& [number, browse] : browses_) beginLocked(number, browse);
  for (auto& [number, announcing] : announcements_) beginLocked(announcing);
}

// As it is shown and stored: strangers need not speak UTF-8.
static Sighting shown(Sighting seen) {
  seen.instance.name = displayName(seen.instance.name, kMaxServiceNameBytes);
  for (std::string& text : seen.instance.txt) text = displayName(text, kMaxTxtStringBytes);
  return seen;
}

void Discovery::drop(const std::shared_ptr<sdk::DnsSd>& provider) {
  {
    std::lock_guard lock(mutex_);
    if (provider_ != provider) return;
    provider_.reset();
    ++generation_;
  }
  lose("");
}

// All that is here, or of one type, is not any more.
void Discovery::lose(const std::string& type) {
  std::vector<std::pair<Heard, Sighting>> lost;
  {
    std::lock_guard lock(mutex_);
    for (auto& [key, sighting] : sightings_) {
      if (!sighting.here || (!type.empty() && sighting.instance.type != type)) continue;
      sighting.here = false;
      sighting.last_seen_ms = clock_.wallMs();
      for (const auto& [number, browse] : browses_) {
        if (browse.type == sighting.instance.type) lost.emplace_back(browse.heard, sighting);
      }
      lost.emplace_back(nullptr, sighting);
    }
  }
  for (const auto& [heard, sighting] : lost) {
    if (heard) {
      heard(ServiceChange::kLost, sighting.instance);
    } else {
      changed_(shown(sighting));
    }
  }
}

// The provider's functions do not call back from inside, and all but end() return at once.
void Discovery::beginLocked(uint64_t number, Browse& browse) {
  browse.at_provider = provider_->browse(browse.type, [this, number, generation = generation_](ServiceChange change,
                                                                                              const ServiceInstance& instance) {
    heard(number, generation, change, instance);
  });
}

void Discovery::beginLocked(Announcing& announcing) {
  announcing.at_provider = provider_->announce(
      announcing.announcement, [announced = announcing.announced](const sdk::Outcome& outcome, const std::string& name) {
        if (!outcome.ok()) logWarning("discovery", "the announcement of " + name + ": " + outcome.message);
        announced(outcome, name);
      });
}

uint64_t Discovery::browse(const std::string& type, Heard heard, bool listed) {
  std::lock_guard lock(mutex_);
  const uint64_t number = ++last_number_;
  Browse& browse = browses_[number] = {type, std::move(heard), 0, listed};
  if (provider_) beginLocked(number, browse);
  return number;
}

uint64_t Discovery::announce(sdk::Announcement announcement, Announced announced) {
  std::lock_guard lock(mutex_);
  const uint64_t number = ++last_number_;
  Announcing& announcing = announcements_[number] = {std::move(announcement), std::move(announced)};
  if (provider_) beginLocked(announcing);
  return number;
}

void Discovery::update(uint64_t announcement, std::vector<std::string> txt) {
  std::lock_guard lock(mutex_);
  const auto at = announcements_.find(announcement);
  if (at == announcements_.end()) return;
  at->second.announcement.txt = txt;
  if (provider_) provider_->update(at->second.at_provider, std::move(txt));
}

void Discovery::end(uint64_t number) {
  std::shared_ptr<sdk::DnsSd> provider;
  uint64_t at_provider = 0;
  std::string unheard;  // nobody browses for this type any more
  {
    std::lock_guard lock(mutex_);
    if (const auto browse = browses_.find(number); browse != browses_.end()) {
      at_provider = browse->second.at_provider;
      unheard = browse->second.type;
      browses_.erase(browse);
      const bool others = std::any_of(browses_.begin(), browses_.end(), [&](const auto& other) { return other.second.type == unheard; });
      if (others) unheard.clear();
    }
    if (const auto announcing = announcements_.find(number); announcing != announcements_.end()) {
      at_provider = announcing->second.at_provider;
      announcements_.erase(announcing);
    }
    provider = provider_;
  }
  // It waits for a call that is running, which may want the mutex.
  if (provider && at_provider != 0) provider->end(at_provider);
  if (!unheard.empty()) lose(unheard);
}

void Discovery::heard(uint64_t number, uint64_t generation, ServiceChange change, const ServiceInstance& instance) {
  Sighting sighting;
  Heard user;
  bool first;  // of those that browse for this type: of one change all of them hear
  {
    std::lock_guard lock(mutex_);
    const auto browse = browses_.find(number);
    if (generation != generation_ || browse == browses_.end()) return;
    user = browse->second.heard;
    const bool listed = browse->second.listed;
    first = listed && std::none_of(browses_.begin(), browse, [&](const auto& other) {
      return other.second.listed && other.second.type == browse->second.type;
    });
    if (listed) sighting = keepLocked(change, instance);
  }
  user(change, instance);
  if (first) changed_(shown(std::move(sighting)));
}

Sighting Discovery::keepLocked(ServiceChange change, const ServiceInstance& instance) {
  const Key key{instance.type, instance.name, instance.interface, isV6(instance)};
  const bool known = sightings_.contains(key);
  if (!known) makeRoomLocked();
  Sighting& kept = sightings_[key];
  const int64_t now = clock_.wallMs();
  if (!known) kept.first_seen_ms = now;
  kept.last_seen_ms = now;
  kept.instance = instance;
  kept.here = change != ServiceChange::kLost;
  return kept;
}

// The one that went first gives way.
void Discovery::makeRoomLocked() {
  if (sightings_.size() < kMaxSightings) return;
  const auto oldest = std::min_element(sightings_.begin(), sightings_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.here, a.second.last_seen_ms) < std::pair(b.second.here, b.second.last_seen_ms);
  });
  sightings_.erase(oldest);
}

bool Discovery::provided() const {
  std::lock_guard lock(mutex_);
  return provider_ != nullptr;
}

std::vector<Sighting> Discovery::list() const {
  std::lock_guard lock(mutex_);
  std::vector<Sighting> all;
  for (const auto& [key, sighting] : sightings_) {
    all.push_back(shown(sighting));
    if (sighting.here) all.back().last_seen_ms = clock_.wallMs();
  }
  return all;
}

}  // namespace hearthgate::plugin_host
