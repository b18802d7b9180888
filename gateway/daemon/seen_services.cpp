#include "daemon/seen_services.h"

#include <algorithm>
#include <charconv>

#include "api/json_text.h"
#include "base/log.h"
#include "base/utf8.h"
#include "model/json.h"

namespace hearthgate::daemon {
namespace {

using plugin_host::Sighting;

constexpr const char* kScope = "@host";  // plugin_host::PluginState
constexpr const char* kKey = "discovered";
// The newest are kept: the homes of a house and its neighbours, some 20 KiB. Of their texts only what GET /discovered shows.
constexpr size_t kMaxKept = 100;
constexpr size_t kMaxTextBytes = 72;  // `name=` and a name
// What comes and goes costs no more writes than this. What changes sooner waits for the next change or the end; after a power
// cut it is "last seen" as it was before.
constexpr int64_t kSaveEveryMs = 30'000;
// Strangers decide how often something is found and lost: thirty events at once, then one a minute, so that they push nobody
// else's events out. The list is right all the same.
constexpr int64_t kEventCostMs = 60'000;
constexpr int64_t kEventBurstMs = 30 * kEventCostMs;

std::string textOf(const model::Json& item, const char* name) {
  const model::Json* member = item.find(name);
  return member && member->isString() ? member->text : "";
}

int64_t numberOf(const model::Json& item, const char* name) {
  const model::Json* member = item.find(name);
  int64_t number = 0;
  if (member) std::from_chars(member->text.data(), member->text.data() + member->text.size(), number);
  return number;
}

}  // namespace

SeenServices::SeenServices(engine::Engine& engine, plugin_host::PluginState& state, Clock& clock)
    : engine_(engine), state_(state), clock_(clock), saved_ms_(clock.steadyMs()), told_ms_(clock.steadyMs() - kEventBurstMs) {}

Status SeenServices::restore(plugin_host::Discovery& discovery) {
  discovery_ = &discovery;
  HG_TRY(auto kept, state_.get(kScope, kKey));
  if (!kept) return {};
  auto items = model::parseJson(*kept, 8);
  if (!items.ok()) return {};  // Of another version: only hints are lost.
  std::vector<Sighting> all;
  for (const model::Json& item : items->items) {
    Sighting seen;
    seen.instance = {textOf(item, "service"), textOf(item, "instance"), textOf(item, "interface"), textOf(item, "address"),
                     static_cast<uint16_t>(numberOf(item, "port")), {}, false, false};
    if (const model::Json* txt = item.find("txt")) {
      for (const model::Json& text : txt->items) seen.instance.txt.push_back(text.text);
    }
    seen.here = false;
    seen.first_seen_ms = numberOf(item, "first_seen_ms");
    seen.last_seen_ms = numberOf(item, "last_seen_ms");
    all.push_back(std::move(seen));
  }
  discovery.restore(std::move(all));
  return {};
}

bool SeenServices::mayTell() {
  int64_t now = clock_.steadyMs();
  told_ms_ = std::max(told_ms_, now - kEventBurstMs);
  if (told_ms_ + kEventCostMs > now) return false;
  told_ms_ += kEventCostMs;
  return true;
}

void SeenServices::changed(const Sighting& sighting) {
  if (sighting.instance.own) return;
  bool tell;
  bool due;
  {
    std::lock_guard lock(mutex_);
    tell = mayTell();
    unsaved_ = true;
    due = clock_.steadyMs() - saved_ms_ >= kSaveEveryMs;
  }
  if (tell) {
    std::string body;
    api::ObjectText object(&body);
    object.text("service", sighting.instance.type).text("instance", sighting.instance.name);
    object.text("interface", sighting.instance.interface).text("address", sighting.instance.address);
    object.close();
    engine_.submit([body](engine::Core& core) { core.event("discovered", body); }, {});
  }
  if (due) save();
}

void SeenServices::save() {
  {
    std::lock_guard lock(mutex_);
    if (!std::exchange(unsaved_, false) || !discovery_) return;
    saved_ms_ = clock_.steadyMs();
  }
  std::vector<Sighting> all = discovery_->list();
  std::erase_if(all, [](const Sighting& seen) { return seen.instance.own; });
  std::stable_sort(all.begin(), all.end(), [](const Sighting& a, const Sighting& b) { return a.last_seen_ms > b.last_seen_ms; });
  if (all.size() > kMaxKept) all.resize(kMaxKept);
  std::string text;
  api::ArrayText items(&text);
  for (const Sighting& seen : all) {
    const sdk::ServiceInstance& instance = seen.instance;
    api::ObjectText item(items.item());
    item.text("service", instance.type).text("instance", instance.name).text("interface", instance.interface);
    item.text("address", instance.address).number("port", instance.port);
    {
      api::ArrayText txt(&item.value("txt"));
      for (const char* key : {"id", "name", "pair"}) {
        std::string value = sdk::txtValue(instance.txt, key);
        if (!value.empty()) model::appendJsonString(displayName(std::string(key) + "=" + value, kMaxTextBytes), txt.item());
      }
    }
    item.number("first_seen_ms", seen.first_seen_ms).number("last_seen_ms", seen.last_seen_ms);
  }
  items.close();
  // Not waited for: this may be the thread on which the network is heard.
  engine_.submit([text](engine::Core& core) { core.store().putPluginState(kScope, kKey, "=" + text); },
                 [](const Status& status) {
                   if (!status.ok()) logWarning("discovery", "what was found is not kept: " + status.error().message);
                 });
}

}  // namespace hearthgate::daemon
