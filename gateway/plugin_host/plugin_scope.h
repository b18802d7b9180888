// One plugin's view of the gateway: the capabilities that it asked for, limited to what it declared, and the border
// that its exceptions do not cross. Functions handed in by the plugin are kept here and nowhere else, so that close()
// can destroy them all before the plugin's code is unloaded.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "hearthgate/host.h"
#include "plugin_host/crash_watch.h"
#include "plugin_host/guarded.h"
#include "plugin_host/plugin_dns_sd.h"
#include "plugin_host/plugin_file.h"
#include "plugin_host/services.h"

namespace hearthgate::plugin_host {

// Any of them may be null: then no plugin gets that capability.
struct Services {
  PluginState* state = nullptr;
  EntityAccess* entities = nullptr;
  sdk::RequestFilter* filter = nullptr;
  sdk::DnsSd* dns_sd = nullptr;
};

// The capabilities that a gateway with `services` has, as `id/revision`; empty when `facts` needs no others, else the
// first one that is missing.
std::string missingNeed(const PluginFacts& facts, const Services& services);

class PluginScope final : public sdk::Host,
                          private sdk::Log,
                          private sdk::Timers,
                          private sdk::State,
                          private sdk::Entities,
                          private sdk::RequestFilter,
                          public std::enable_shared_from_this<PluginScope> {
 public:
  // Called once, on any thread, with what the plugin threw.
  using Failed = std::function<void(const std::string& what)>;

  PluginScope(PluginFacts facts, Services services, Executor& thread, Failed failed)
      : facts_(std::move(facts)), services_(services), thread_(thread), failed_(std::move(failed)) {}

  // Names the plugin to the count of crashes (crash_watch.h). Before its code runs.
  void blame(int slot) { slot_ = slot; }

  void* capability(std::string_view id, uint32_t revision) override;

  // Runs code of the plugin; false when it threw. `what` completes "NAME failed in …".
  template <typename Code>
  bool guarded(const char* what, Code code) {
    return plugin_host::guarded(slot_, [this](const char* in, const char* message) { fail(in, message); }, what, std::move(code));
  }
  // The last thing that the plugin threw; empty when it threw nothing.
  std::string fault() const;

  // Takes nothing more from the plugin and tells it nothing more; its functions stay, for they may be running. Any
  // thread.
  void refuse();
  // Reaches no service any more, which may go away. After refuse(), any thread.
  void cut() { cut_ = true; }
  // Ends timers, subscriptions and answers, and destroys the plugin's functions; on the plugin's thread, after stop.
  void close();

 private:
  using Task = std::function<void()>;

  void fail(const char* what, const char* message);

  void write(sdk::Log::Level level, std::string_view message) override;

  uint64_t after(int64_t delay_ms, Task task) override;
  void cancel(uint64_t timer) override;
  bool post(Task task) override;
  sdk::DnsSd* dnsSd();
  uint64_t keep(Task task);
  void run(uint64_t number);

  sdk::Outcome get(std::string_view key, std::optional<std::string>* value) override;
  sdk::Outcome put(std::string_view key, std::string_view value) override;
  sdk::Outcome remove(std::string_view key) override;

  uint32_t check(const sdk::Request& request) override;

  sdk::Outcome read(std::string_view address, sdk::Entity* entity) override;
  void write(sdk::EntityWrite change, std::function<void(const sdk::Outcome&, const sdk::Entity&)> done) override;
  sdk::Outcome subscribe(std::function<void(const sdk::Entity&)> changed) override;
  bool declares(const std::string& kind) const;
  void deliverChanges(const std::vector<sdk::Entity>& changes);

  const PluginFacts facts_;
  const Services services_;
  int slot_ = -1;
  std::atomic<bool> cut_{false};
  Executor& thread_;  // Posted to only while not closed_.

  mutable std::mutex mutex_;
  bool closed_ = false;
  bool failed_told_ = false;
  std::string fault_;
  Failed failed_;
  uint64_t last_number_ = 0;
  std::map<uint64_t, Task> tasks_;
  std::map<uint64_t, std::function<void(const sdk::Outcome&, const sdk::Entity&)>> writes_;
  std::shared_ptr<std::function<void(const sdk::Entity&)>> changed_;
  uint64_t subscription_ = 0;
  std::unique_ptr<PluginDnsSd> dns_sd_;  // the plugin's thread
};

}  // namespace hearthgate::plugin_host
