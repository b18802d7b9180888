#include "daemon/own_voice.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <set>

#include "base/base32.h"
#include "daemon/addresses.h"
#include "model/json.h"

namespace hearthgate::daemon {
namespace {

using Interface = api::NetworkLook::Interface;

// Not the homes' own type: others would take it for one. RFC 6335 section 5.1: at most fifteen characters.
constexpr char kCheckService[] = "_hg-check._tcp";
constexpr size_t kNameBytes = 10;

bool isEverywhere(const std::string& listen) { return listen == "0.0.0.0" || listen == "::" || listen.empty(); }

// Whether an announcement of what listens at `listen` should be heard there. Loopback is a network only for who is alone.
bool shouldBeHeard(const Interface& interface, const std::string& listen) {
  if (interface.point_to_point || !interface.multicast || !interface.running) return false;
  if (!isEverywhere(listen)) {
    return std::find(interface.addresses.begin(), interface.addresses.end(), listen) != interface.addresses.end();
  }
  const bool v4 = std::any_of(interface.addresses.begin(), interface.addresses.end(),
                              [](const std::string& address) { return address.find(':') == std::string::npos; });
  return !interface.loopback && (listen != "0.0.0.0" || v4) && !interface.addresses.empty();
}

}  // namespace

std::string OwnVoice::whyOff() const {
  if (!config_.sharing.enabled) return "sharing.enabled is false";
  if (!config_.sharing.sync.enabled) return "sharing.sync.enabled is false";
  if (!config_.sharing.discovery.enabled) return "sharing.discovery.enabled is false";
  auto section = config_.plugins.find("lan");
  if (section != config_.plugins.end()) {
    auto parsed = model::parseJson(section->second, 8);
    const model::Json* mdns = parsed.ok() ? parsed->find("mdns") : nullptr;
    if (mdns && mdns->isString() && mdns->text == "off") return "plugins.lan.mdns is off";
  }
  return "";
}

api::NetworkLook OwnVoice::listen(std::chrono::milliseconds limit) {
  std::promise<api::NetworkLook> mine;
  std::shared_future<api::NetworkLook> of_another;
  {
    std::lock_guard lock(mutex_);
    const bool under_way = last_.valid() && last_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
    if (under_way) of_another = last_;
    if (!under_way) last_ = mine.get_future().share();
  }
  if (of_another.valid()) return of_another.get();
  api::NetworkLook found = lookNow(limit);
  mine.set_value(found);
  return found;
}

api::NetworkLook OwnVoice::lookNow(std::chrono::milliseconds limit) {
  api::NetworkLook look;
  look.interfaces = ownInterfaces();
  look.off = whyOff();
  if (!look.off.empty() || !announcer_) return look;
  const Announcer::Told own = announcer_->told();
  for (Interface& interface : look.interfaces) {
    // Loopback carries multicast without saying so.
    const bool alone = interface.loopback && !isEverywhere(own.address);
    if (alone) interface.multicast = true;
    interface.announced = shouldBeHeard(interface, own.address);
  }
  if (own.port == 0 || !discovery_.provided()) {
    look.problem = own.problem.empty() ? "no plugin that speaks multicast DNS is running" : own.problem;
    return look;
  }
  bool anywhere = std::any_of(look.interfaces.begin(), look.interfaces.end(), [](const Interface& one) { return one.announced; });
  if (anywhere) speak(own, limit, &look);
  if (look.problem.empty()) look.problem = announcer_->told().problem;
  if (look.problem.empty()) look.name = announcer_->told().name;
  return look;
}

void OwnVoice::speak(const Announcer::Told& own, std::chrono::milliseconds limit, api::NetworkLook* look) {
  struct Kept {
    std::mutex mutex;
    std::condition_variable changed;
    std::set<std::string> interfaces;
    bool announced = false;
  };
  auto kept = std::make_shared<Kept>();
  const std::string name = "hearthgate-check-" + base32(random_.bytes(kNameBytes));
  const uint64_t browse = discovery_.browse(
      kCheckService,
      [kept, name](sdk::ServiceChange change, const sdk::ServiceInstance& instance) {
        if (instance.name != name || change == sdk::ServiceChange::kLost) return;
        std::lock_guard lock(kept->mutex);
        kept->interfaces.insert(instance.interface);
        kept->changed.notify_all();
      },
      false);
  const uint64_t announcement =
      discovery_.announce({kCheckService, name, own.port, {}, own.address}, [kept](const sdk::Outcome& outcome, const std::string&) {
        std::lock_guard lock(kept->mutex);
        kept->announced = kept->announced || outcome.ok();
      });
  {
    std::unique_lock lock(kept->mutex);
    kept->changed.wait_for(lock, limit, [&] {
      return std::all_of(look->interfaces.begin(), look->interfaces.end(), [&](const Interface& interface) {
        return !interface.announced || kept->interfaces.contains(interface.name);
      });
    });
    for (Interface& interface : look->interfaces) interface.heard = kept->interfaces.contains(interface.name);
    if (!kept->announced && kept->interfaces.empty()) look->problem = "multicast DNS takes no announcement now";
  }
  discovery_.end(announcement);
  discovery_.end(browse);
}

}  // namespace hearthgate::daemon
