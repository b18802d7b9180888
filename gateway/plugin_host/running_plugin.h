// One plugin from load to unload, with the thread that all of its life happens on (hearthgate/plugin.h). Used by
// PluginHost on its own thread. The only user of Boost.DLL.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/result.h"
#include "hearthgate/plugin.h"
#include "plugin_host/plugin_file.h"
#include "plugin_host/plugin_scope.h"
#include "plugin_host/transport_gate.h"

namespace hearthgate::plugin_host {

class RunningPlugin {
 public:
  // Called once, on any thread, when the plugin threw after its start; the owner then destroys this object.
  using Failed = std::function<void(const std::string& what)>;

  // Loads `file` and brings the plugin through create, configure and start. On an error it is unloaded again. Codes:
  // plugin_load_failed, plugin_failed (it threw), or what its configure and start answered.
  static Result<std::unique_ptr<RunningPlugin>> start(PluginFile file, const std::string& section_json,
                                                      const Services& services, Failed failed);
  // stop, destroy, unload.
  ~RunningPlugin();
  RunningPlugin(const RunningPlugin&) = delete;
  RunningPlugin& operator=(const RunningPlugin&) = delete;

  // Null without the role.
  const std::shared_ptr<TransportGate>& transport() const { return transport_; }

 private:
  class Library;

  RunningPlugin(PluginFile file, const Services& services, Failed failed);
  Status live(const std::string& section_json);
  Status load();
  Status create();
  Status takeTransport();
  // Runs `code` on the plugin's thread and waits for it.
  Status step(const char* what, const std::function<Status()>& code);

  const PluginFacts facts_;
  const std::string path_;
  std::unique_ptr<Library> library_;
  Executor thread_;
  std::shared_ptr<PluginScope> scope_;
  std::unique_ptr<sdk::Plugin> plugin_;
  std::shared_ptr<TransportGate> transport_;
  bool start_tried_ = false;
};

}  // namespace hearthgate::plugin_host
