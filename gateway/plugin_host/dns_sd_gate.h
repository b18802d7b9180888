// The core's view of a plugin's DNS-SD: exceptions stop here, and the core may keep it while the plugin is unloaded; every
// function then does nothing. Contract and threads: hearthgate/dns_sd.h.
#pragma once

#include <chrono>
#include <functional>
#include <shared_mutex>

#include "hearthgate/dns_sd.h"

namespace hearthgate::plugin_host {

class DnsSdGate final : public sdk::DnsSd {
 public:
  // Called on any thread with what the plugin threw.
  using Failed = std::function<void(const char* what, const char* message)>;

  // `slot`: see crash_watch.h.
  DnsSdGate(sdk::DnsSd& inner, Failed failed, int slot) : failed_(std::move(failed)), slot_(slot), inner_(&inner) {}

  // 0: the plugin is gone.
  uint64_t browse(const std::string& type, Heard heard) override;
  uint64_t announce(sdk::Announcement announcement, Announced announced) override;
  void update(uint64_t announcement, std::vector<std::string> txt) override;
  void end(uint64_t number) override;

  // Lets go of the plugin, after its stop or while that hangs. False when a call into it has not returned after `limit`.
  bool close(std::chrono::milliseconds limit);

 private:
  template <typename Code>
  void call(const char* what, Code code);

  const Failed failed_;
  const int slot_;
  std::shared_timed_mutex inner_mutex_;  // Held shared during calls into the plugin, so that close() waits for them.
  sdk::DnsSd* inner_;
};

}  // namespace hearthgate::plugin_host
