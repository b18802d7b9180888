#include "plugin_host/plugin_dns_sd.h"

#include "plugin_host/tuning.h"

namespace hearthgate::plugin_host {

uint64_t PluginDnsSd::browse(const std::string& type, Heard heard) {
  if (heard_.size() + announced_.size() >= kMaxServices) return 0;
  auto kept = std::make_shared<Heard>(std::move(heard));
  const uint64_t number = gateway_.browse(
      type, [post = post_, weak = std::weak_ptr<Heard>(kept)](sdk::ServiceChange change, const sdk::ServiceInstance& instance) {
        post([weak, change, instance] {
          if (const auto alive = weak.lock()) (*alive)(change, instance);
        });
      });
  heard_[number] = std::move(kept);
  return number;
}

uint64_t PluginDnsSd::announce(sdk::Announcement announcement, Announced announced) {
  if (heard_.size() + announced_.size() >= kMaxServices) return 0;
  auto kept = std::make_shared<Announced>(std::move(announced));
  const uint64_t number =
      gateway_.announce(std::move(announcement), [post = post_, weak = std::weak_ptr<Announced>(kept)](
                                                     const sdk::Outcome& outcome, const std::string& name) {
        post([weak, outcome, name] {
          if (const auto alive = weak.lock()) (*alive)(outcome, name);
        });
      });
  announced_[number] = std::move(kept);
  return number;
}

void PluginDnsSd::update(uint64_t announcement, std::vector<std::string> txt) {
  if (announced_.contains(announcement)) gateway_.update(announcement, std::move(txt));
}

void PluginDnsSd::end(uint64_t number) {
  if (heard_.erase(number) + announced_.erase(number) != 0) gateway_.end(number);
}

void PluginDnsSd::close(bool reach) {
  const auto heard = std::move(heard_);
  const auto announced = std::move(announced_);
  heard_.clear();
  announced_.clear();
  if (!reach) return;
  for (const auto& [number, function] : heard) gateway_.end(number);
  for (const auto& [number, function] : announced) gateway_.end(number);
}

}  // namespace hearthgate::plugin_host
