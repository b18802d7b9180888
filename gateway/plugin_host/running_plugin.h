// One plugin from load to unload, with the thread that all of its life happens on (hearthgate/plugin.h). Used by
// PluginHost on its own thread. The only user of Boost.DLL.
//
// A step that does not return within kStepLimit hangs: nothing can end a thread that runs foreign code, so thread and
// file stay as they are, the plugin gets nothing more to do, and the rest of its life is queued behind the step. Should
// it return after all, the plugin is stopped, destroyed and unloaded as any other.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/result.h"
#include "hearthgate/plugin.h"
#include "plugin_host/crash_watch.h"
#include "plugin_host/dns_sd_gate.h"
#include "plugin_host/plugin_file.h"
#include "plugin_host/plugin_scope.h"
#include "plugin_host/transport_gate.h"

namespace hearthgate::plugin_host {

class RunningPlugin {
 public:
  // Called once, on any thread, when the plugin threw after its start; the owner then ends this object.
  using Failed = std::function<void(const std::string& what)>;

  // `marks`: the folder in which crashes are counted, or empty. Runs none of the file's code.
  RunningPlugin(PluginFile file, const Services& services, const std::string& marks, Failed failed);
  // Only when end() was true or its `returned` was called.
  ~RunningPlugin();
  RunningPlugin(const RunningPlugin&) = delete;
  RunningPlugin& operator=(const RunningPlugin&) = delete;

  // Loads the file and brings the plugin through create, configure and start; `mark` is removed if the process ends
  // meanwhile by a fault of others. After an error it has to be ended too. Codes: plugin_load_failed, plugin_failed (it
  // threw), plugin_hung, or what its configure and start answered.
  Status start(const std::string& section_json, const std::string& mark);
  // Runs `code` of the gateway, which calls into the plugin, on the plugin's thread and within the limit of a step.
  Status use(std::function<Status()> code);
  // stop, destroy. False when the plugin hangs: `returned` is then called on its thread if it ever comes to an end.
  bool end(std::function<void()> returned);
  // The step that it hangs in, empty when it does not.
  const std::string& hangsIn() const { return hangs_in_; }
  // Reaches no service any more; for a plugin that hangs while the gateway ends.
  void cut() { scope_->cut(); }

  // Null without the role; the second also when its plugin is set to do without.
  const std::shared_ptr<TransportGate>& transport() const { return transport_; }
  const std::shared_ptr<DnsSdGate>& dnsSd() const { return dns_sd_; }

 private:
  class Library;

  Status live(const std::string& section_json);
  Status load();
  Status create();
  Status takeTransport();
  Status takeDnsSd();
  DnsSdGate::Failed toldToScope();
  // Runs `code` on the plugin's thread and waits for it, up to the limit.
  Status step(const char* what, std::function<Status()> code);
  void quietly(const char* what, std::function<void()> code);
  void hang(const std::string& what);

  const PluginFacts facts_;
  const std::string path_;
  CrashCount crashes_;
  std::unique_ptr<Library> library_;
  Executor thread_;
  std::shared_ptr<PluginScope> scope_;
  std::unique_ptr<sdk::Plugin> plugin_;
  std::shared_ptr<TransportGate> transport_;
  std::shared_ptr<DnsSdGate> dns_sd_;
  bool start_tried_ = false;
  bool stopped_ = false;
  std::string hangs_in_;
};

}  // namespace hearthgate::plugin_host
