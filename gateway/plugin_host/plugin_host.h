// Finds, checks, loads, guards and unloads plugins, at start and at run time. Used by the daemon and the API; any
// thread, except from inside a plugin. All changes happen one after the other on the host's own thread; callers wait
// for theirs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "plugin_host/dns_sd_gate.h"
#include "plugin_host/plugin_scope.h"
#include "plugin_host/services.h"
#include "plugin_host/transport_gate.h"
#include "plugin_host/tuning.h"

namespace hearthgate::plugin_host {

class RunningPlugin;
class StartingMarks;

enum class PluginStatus {
  kDisabled,  // there, not wanted: neither named in the configuration nor enabled by an admin
  kRunning,
  kFailed,   // it answered with an error, threw, or hangs
  kRefused,  // its file was not fit to be loaded
  kLeftOut,  // safe mode: the process ended during its last starts, or crashed in its code
};
const char* name(PluginStatus status);  // `disabled`, `running`, `failed`, `refused`, `left_out`

struct PluginInfo {
  std::string name;
  std::string path;     // empty when wanted but not there
  std::string version;  // empty while the file was not readable
  std::vector<std::string> roles;
  PluginStatus status = PluginStatus::kDisabled;
  Error error;  // code empty when there is none
  std::vector<ListenerInfo> listeners;
};

struct PluginHostOptions {
  std::vector<std::string> directories;
  std::string data_directory;  // for the marks of safe mode
  std::chrono::milliseconds runs_well = kRunsWell;
  std::map<std::string, std::string>
      sections;                              // the configuration's `plugins`, each section as JSON; named means wanted
  std::set<std::string> enabled_by_default;  // wanted without being named
  Services services;                         // outlive the host

  // The first is called on the plugin's thread, the others on the host's; they must not call the host and wait. A
  // transport is to be listened and dialled on from the first call on; after the second it only answers `stopped`, and
  // a reload brings a new one. An error of the first call is the plugin's: it is stopped again and shown as failed.
  std::function<Status(const std::string& name, std::shared_ptr<sdk::Transport> transport)> transport_started;
  std::function<void(const std::string& name)> transport_stopping;
  // Both on the host's thread. After the second it does nothing any more.
  std::function<void(const std::string& name, std::shared_ptr<sdk::DnsSd> dns_sd)> discovery_started;
  std::function<void(const std::string& name, std::shared_ptr<sdk::DnsSd> dns_sd)> discovery_stopping;
  std::function<void(const PluginInfo&)> changed;
};

class PluginHost {
 public:
  explicit PluginHost(PluginHostOptions options);
  // Stops all plugins. Those that hang stay in the process, cut off from the services.
  ~PluginHost();

  // Starts what is wanted. An error only when a directory cannot be read or a name of `sections` has no file
  // (`unknown_plugin`, naming those that there are); a plugin that does not start shows in list() and holds up no
  // other.
  Status startAll();
  // In the reverse order of start; the wish of an admin stays.
  void stopAll();

  // Whether threads of plugins hang: the process then has to end without waiting for its threads. Any thread.
  bool hanging() const;

  // Ordered by name.
  std::vector<PluginInfo> list() const;
  // The admin's wish, kept over restarts (in PluginState, as `@host`). Enabling also ends safe mode for this plugin and
  // answers with the error of the start. Codes: plugin_not_found, plugin_hung, those of openPluginFile,
  // RunningPlugin::start and transport_started.
  Status enable(const std::string& name);
  Status disable(const std::string& name);
  // Stops it when it runs, and starts what the file is now.
  Status reload(const std::string& name);

 private:
  struct Entry {
    PluginInfo info;
    std::unique_ptr<RunningPlugin> running;
    std::shared_ptr<TransportGate> transport;
    std::shared_ptr<DnsSdGate> dns_sd;
    uint64_t start_number = 0;  // tells a late failure of an earlier start from one of this
  };

  Status onThread(const std::function<Status()>& code);
  Status checkDirectories() const;
  Status scan();
  Entry& entry(const std::string& name);
  Result<bool> wanted(const std::string& name);
  Status rememberWish(const std::string& name, bool enabled);
  Status start(const std::string& name);
  Status open(Entry& entry);
  void stop(const std::string& name, PluginStatus status, Error error);
  bool retire(const std::string& name, std::unique_ptr<RunningPlugin> plugin);
  void returned(const std::string& name);
  Status crashedTooOften(const std::string& name) const;
  Status endSafeMode(const std::string& name);
  void failedWhileRunning(const std::string& name, uint64_t start_number, const std::string& what);
  void show(Entry& entry, PluginStatus status, Error error);

  // How a plugin that hangs finds its host again when it returns; null once the host is gone.
  struct Return {
    std::mutex mutex;
    PluginHost* host = nullptr;
  };

  const PluginHostOptions options_;
  const std::unique_ptr<StartingMarks> marks_;
  mutable std::mutex mutex_;  // for what list() reads of entries_
  std::map<std::string, Entry> entries_;
  std::vector<std::string> start_order_;
  std::map<std::string, std::unique_ptr<RunningPlugin>> hung_;
  const std::shared_ptr<Return> return_ = std::make_shared<Return>();
  uint64_t last_start_ = 0;
  Executor thread_;  // The last: it ends before what it uses.
};

}  // namespace hearthgate::plugin_host
