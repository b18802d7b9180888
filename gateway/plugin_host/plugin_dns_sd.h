// One plugin's DNS-SD (`dns_sd/1`) over the gateway's: what is heard comes on the plugin's thread, and everything ends with
// the plugin. Functions on the plugin's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "hearthgate/dns_sd.h"

namespace hearthgate::plugin_host {

class PluginDnsSd final : public sdk::DnsSd {
 public:
  // Runs a task on the plugin's thread, guarded; any thread, also when the plugin has gone.
  using Post = std::function<void(std::function<void()>)>;

  PluginDnsSd(sdk::DnsSd& gateway, Post post) : gateway_(gateway), post_(std::move(post)) {}

  // 0: the plugin has kMaxServices already.
  uint64_t browse(const std::string& type, Heard heard) override;
  uint64_t announce(sdk::Announcement announcement, Announced announced) override;
  void update(uint64_t announcement, std::vector<std::string> txt) override;
  void end(uint64_t number) override;

  // Ends all that is left. `reach`: the gateway is there to be told.
  void close(bool reach);

 private:
  sdk::DnsSd& gateway_;
  const Post post_;
  // The plugin's functions by number; destroyed here and nowhere else.
  std::map<uint64_t, std::shared_ptr<Heard>> heard_;
  std::map<uint64_t, std::shared_ptr<Announced>> announced_;
};

}  // namespace hearthgate::plugin_host
