#include "plugin_host/dns_sd_gate.h"

#include <mutex>

#include "base/log.h"
#include "plugin_host/guarded.h"

namespace hearthgate::plugin_host {
namespace {

// What the core throws is a fault of the gateway, not of the plugin.
template <typename Code>
void inCore(Code code) {
  const RunsPlugin mark(RunsPlugin::kCore);
  try {
    code();
  } catch (const std::exception& error) {
    logError("plugin_host", std::string("what DNS-SD told failed inside the gateway: ") + error.what());
  }
}

}  // namespace

template <typename Code>
void DnsSdGate::call(const char* what, Code code) {
  std::shared_lock lock(inner_mutex_);
  if (inner_ != nullptr) guarded(slot_, failed_, what, [&] { code(*inner_); });
}

uint64_t DnsSdGate::browse(const std::string& type, Heard heard) {
  uint64_t number = 0;
  call("browsing", [&](sdk::DnsSd& inner) {
    number = inner.browse(type, [heard = std::move(heard)](sdk::ServiceChange change, const sdk::ServiceInstance& instance) {
      inCore([&] { heard(change, instance); });
    });
  });
  return number;
}

uint64_t DnsSdGate::announce(sdk::Announcement announcement, Announced announced) {
  uint64_t number = 0;
  call("announcing", [&](sdk::DnsSd& inner) {
    number = inner.announce(std::move(announcement),
                            [announced = std::move(announced)](const sdk::Outcome& outcome, const std::string& name) {
                              inCore([&] { announced(outcome, name); });
                            });
  });
  return number;
}

void DnsSdGate::update(uint64_t announcement, std::vector<std::string> txt) {
  call("announcing", [&](sdk::DnsSd& inner) { inner.update(announcement, std::move(txt)); });
}

void DnsSdGate::end(uint64_t number) {
  call("ending DNS-SD", [&](sdk::DnsSd& inner) { inner.end(number); });
}

bool DnsSdGate::close(std::chrono::milliseconds limit) {
  const std::unique_lock lock(inner_mutex_, limit);
  if (lock.owns_lock()) inner_ = nullptr;
  return lock.owns_lock();
}

}  // namespace hearthgate::plugin_host
