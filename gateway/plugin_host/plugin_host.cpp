#include "plugin_host/plugin_host.h"

#include <algorithm>
#include <filesystem>
#include <future>

#include "base/log.h"
#include "plugin_host/plugin_file.h"
#include "plugin_host/running_plugin.h"
#include "plugin_host/starting_marks.h"
#include "plugin_host/tuning.h"

namespace hearthgate::plugin_host {
namespace {

constexpr const char* kHostScope = "@host";

std::string wishKey(const std::string& name) { return "enabled." + name; }

std::string listed(const std::map<std::string, std::string>& names) {
  std::string out;
  for (const auto& [name, path] : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

Error notFound(const std::string& name) {
  return inputError("plugin_not_found",
                    "there is no plugin '" + name + "'; `hearthgate plugin list` shows those that there are");
}

}  // namespace

const char* name(PluginStatus status) {
  switch (status) {
    case PluginStatus::kDisabled:
      return "disabled";
    case PluginStatus::kRunning:
      return "running";
    case PluginStatus::kFailed:
      return "failed";
    case PluginStatus::kRefused:
      return "refused";
    case PluginStatus::kLeftOut:
      return "left_out";
  }
  return "failed";
}

PluginHost::PluginHost(PluginHostOptions options)
    : options_(std::move(options)),
      marks_(std::make_unique<StartingMarks>(options_.data_directory)),
      thread_("hg-plugins") {
  return_->host = this;
}

PluginHost::~PluginHost() {
  stopAll();
  {
    std::lock_guard lock(return_->mutex);
    return_->host = nullptr;
  }
  thread_.stop();
  // Their threads run on in code that nobody can end, so what they use stays.
  for (auto& [name, plugin] : hung_) {
    plugin->cut();
    static_cast<void>(plugin.release());
  }
}

bool PluginHost::hanging() const {
  std::lock_guard lock(mutex_);
  return !hung_.empty();
}

Status PluginHost::onThread(const std::function<Status()>& code) {
  if (thread_.onThread()) return code();
  // Shared, because the caller may go on while the thread still leaves set_value.
  const auto done = std::make_shared<std::promise<Status>>();
  auto answer = done->get_future();
  if (!thread_.post([done, &code] { done->set_value(code()); })) {
    return stateError("stopping", "the gateway is stopping; plugins stay as they are");
  }
  return answer.get();
}

Status PluginHost::startAll() {
  return onThread([this]() -> Status {
    HG_CHECK(scan());
    std::map<std::string, std::string> there;
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries_) {
      there[name] = entry.info.path;
      names.push_back(name);
    }
    for (const auto& [name, section] : options_.sections) {
      if (there.count(name) == 0) {
        return inputError("unknown_plugin",
                          "plugins." + name + ": there is no such plugin (there are: " + listed(there) + ")");
      }
    }
    for (const std::string& name : names) {
      HG_TRY(const bool wish, wanted(name));
      if (!wish) continue;
      const Status started = start(name);
      if (!started.ok()) logError("plugin_host", started.error().message);
    }
    return {};
  });
}

void PluginHost::stopAll() {
  const Status done = onThread([this]() -> Status {
    const std::vector<std::string> order(start_order_.rbegin(), start_order_.rend());
    for (const std::string& name : order) stop(name, PluginStatus::kDisabled, {});
    return {};
  });
  if (!done.ok()) logDebug("plugin_host", done.error().message);  // Stopped before.
}

std::vector<PluginInfo> PluginHost::list() const {
  std::lock_guard lock(mutex_);
  std::vector<PluginInfo> out;
  for (const auto& [name, entry] : entries_) {
    out.push_back(entry.info);
    if (entry.transport) out.back().listeners = entry.transport->listeners();
  }
  return out;
}

Status PluginHost::enable(const std::string& name) {
  return onThread([&]() -> Status {
    HG_CHECK(scan());
    if (entries_.count(name) == 0) return notFound(name);
    HG_CHECK(rememberWish(name, true));
    HG_CHECK(endSafeMode(name));
    return entry(name).running ? Status() : start(name);
  });
}

Status PluginHost::disable(const std::string& name) {
  return onThread([&]() -> Status {
    if (entries_.count(name) == 0) return notFound(name);
    HG_CHECK(rememberWish(name, false));
    stop(name, PluginStatus::kDisabled, {});
    return {};
  });
}

Status PluginHost::reload(const std::string& name) {
  return onThread([&]() -> Status {
    HG_CHECK(scan());
    if (entries_.count(name) == 0) return notFound(name);
    HG_TRY(const bool wish, wanted(name));
    if (!wish) return stateError("plugin_disabled", "the plugin " + name + " is disabled; enable it instead");
    if (entry(name).running) stop(name, PluginStatus::kDisabled, {});
    return start(name);
  });
}

// TRUST.md T20: what the gateway writes itself must never become code.
Status PluginHost::checkDirectories() const {
  if (options_.data_directory.empty()) return {};
  std::error_code ignored;  // A path that cannot be resolved is compared as it is written.
  const auto data = std::filesystem::weakly_canonical(options_.data_directory, ignored);
  for (const std::string& directory : options_.directories) {
    const auto real = std::filesystem::weakly_canonical(directory, ignored);
    if (std::mismatch(data.begin(), data.end(), real.begin(), real.end()).first == data.end()) {
      return inputError("plugin_unsafe_file", "plugins_path: " + directory + " lies under the data directory " +
                                                  options_.data_directory + "; plugins must be kept elsewhere");
    }
  }
  return {};
}

// Learns which files are there, and of those that do not run, what they say about themselves. Runs none of their code.
Status PluginHost::scan() {
  HG_CHECK(checkDirectories());
  HG_TRY(const std::vector<FoundPlugin> found, findPlugins(options_.directories));
  std::map<std::string, std::string> there;
  for (const FoundPlugin& one : found) there[one.name] = one.path;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const auto& one) { return !one.second.running && there.count(one.first) == 0; });
  }
  for (const auto& [name, path] : there) {
    Entry& one = entry(name);
    if (one.running) continue;
    const auto file = openPluginFile(path, options_.data_directory);
    std::lock_guard lock(mutex_);
    one.info.path = path;
    if (file.ok()) {
      one.info.version = file->facts.version;
      one.info.roles = roleNames(file->facts.roles);
      if (one.info.status == PluginStatus::kRefused)
        one.info = {name, path, one.info.version, one.info.roles, {}, {}, {}};
    } else {
      one.info.status = PluginStatus::kRefused;
      one.info.error = file.error();
    }
  }
  return {};
}

PluginHost::Entry& PluginHost::entry(const std::string& name) {
  std::lock_guard lock(mutex_);
  Entry& found = entries_[name];
  found.info.name = name;
  return found;
}

// TRUST.md T20: a plugin runs only if named in the configuration or enabled by an admin; the admin's word is the later
// one.
Result<bool> PluginHost::wanted(const std::string& name) {
  if (options_.services.state != nullptr) {
    HG_TRY(const auto wish, options_.services.state->get(kHostScope, wishKey(name)));
    if (wish) return *wish == "1";
  }
  return options_.sections.count(name) != 0 || options_.enabled_by_default.count(name) != 0;
}

Status PluginHost::rememberWish(const std::string& name, bool enabled) {
  if (options_.services.state == nullptr) return {};
  return options_.services.state->put(kHostScope, wishKey(name), enabled ? "1" : "0");
}

Status PluginHost::start(const std::string& name) {
  Entry& one = entry(name);
  if (const Status often = crashedTooOften(name); !often.ok()) {
    show(one, PluginStatus::kLeftOut, often.error());
    return often;
  }
  if (const auto hangs = hung_.find(name); hangs != hung_.end()) {
    Error error = pluginError("plugin_hung", "cannot start the plugin " + name + ": it still hangs in its " +
                                                 hangs->second->hangsIn() + "; restart the gateway to try it again");
    show(one, PluginStatus::kFailed, error);
    return error;
  }
  HG_CHECK(open(one));
  logInfo("plugin_host", "the plugin " + name + " " + one.info.version + " runs");
  start_order_.push_back(name);
  if (one.transport && options_.transport_started) {
    const Status used = one.running->use(
        [told = options_.transport_started, name, transport = one.transport] { return told(name, transport); });
    if (!used.ok()) {
      stop(name, PluginStatus::kFailed, used.error());
      return used;
    }
  }
  if (one.dns_sd && options_.discovery_started) options_.discovery_started(name, one.dns_sd);
  return {};
}

Status PluginHost::open(Entry& one) {
  const std::string name = one.info.name;
  auto file = openPluginFile(one.info.path, options_.data_directory);
  if (file.ok()) {
    const std::string missing = missingNeed(file->facts, options_.services);
    if (!missing.empty()) {
      file = pluginError("plugin_wrong_sdk", "cannot use the plugin " + one.info.path + ": it needs " + missing +
                                                 ", which this gateway does not have; update the gateway");
    }
  }
  if (!file.ok()) {
    show(one, PluginStatus::kRefused, file.error());
    return file.error();
  }
  {
    std::lock_guard lock(mutex_);
    one.info.version = file->facts.version;
    one.info.roles = roleNames(file->facts.roles);
  }
  const auto section = options_.sections.find(name);
  const uint64_t number = one.start_number = ++last_start_;
  HG_CHECK(marks_->begin(name));
  auto running = std::make_unique<RunningPlugin>(
      std::move(file).value(), options_.services, options_.data_directory,
      [this, name, number](const std::string& what) {
        thread_.post([this, name, number, what] { failedWhileRunning(name, number, what); });
      });
  const Status started =
      running->start(section == options_.sections.end() ? "{}" : section->second, marks_->path(name));
  const bool ended = started.ok() || retire(name, std::move(running));
  const Status unmarked = marks_->end(name);
  if (!unmarked.ok()) logWarning("plugin_host", unmarked.error().message);
  if (!started.ok()) {
    if (!ended) logWarning("plugin_host", "a thread of the plugin " + name + " hangs and is left alone");
    show(one, PluginStatus::kFailed, started.error());
    return started;
  }
  {
    std::lock_guard lock(mutex_);
    one.running = std::move(running);
    one.transport = one.running->transport();
    one.dns_sd = one.running->dnsSd();
  }
  thread_.after(options_.runs_well.count(), [this, name, number] {
    const auto found = entries_.find(name);
    if (found == entries_.end() || !found->second.running || found->second.start_number != number) return;
    const Status well = CrashCount::forget(options_.data_directory, name);
    if (!well.ok()) logWarning("plugin_host", well.error().message);
  });
  show(one, PluginStatus::kRunning, {});
  return {};
}

void PluginHost::stop(const std::string& name, PluginStatus status, Error error) {
  Entry& one = entry(name);
  if (one.running) {
    if (one.transport && options_.transport_stopping) options_.transport_stopping(name);
    if (one.dns_sd && options_.discovery_stopping) options_.discovery_stopping(name, one.dns_sd);
    std::unique_ptr<RunningPlugin> running;
    {
      std::lock_guard lock(mutex_);
      running = std::move(one.running);
      one.transport = nullptr;
      one.dns_sd = nullptr;
    }
    RunningPlugin& ending = *running;
    std::erase(start_order_, name);
    if (retire(name, std::move(running))) {
      logInfo("plugin_host", "the plugin " + name + " has stopped");
    } else {
      status = PluginStatus::kFailed;
      error = pluginError("plugin_hung", "the plugin " + name + " did not return from its " + ending.hangsIn() +
                                             " within " + std::to_string(kStepLimit.count()) +
                                             " s; its thread is left alone, and the gateway goes on without it");
      logError("plugin_host", error.message);
    }
  }
  show(one, status, std::move(error));
}

// Ends `plugin`; false when it hangs, and is then kept until it returns.
bool PluginHost::retire(const std::string& name, std::unique_ptr<RunningPlugin> plugin) {
  const bool ended = plugin->end([back = return_, name] {
    std::lock_guard lock(back->mutex);
    PluginHost* const host = back->host;
    if (host != nullptr) host->thread_.post([host, name] { host->returned(name); });
  });
  if (ended) return true;
  std::lock_guard lock(mutex_);
  hung_[name] = std::move(plugin);
  return false;
}

void PluginHost::returned(const std::string& name) {
  std::unique_ptr<RunningPlugin> plugin;
  {
    std::lock_guard lock(mutex_);
    plugin = std::move(hung_[name]);
    hung_.erase(name);
  }
  const std::string step = plugin->hangsIn();
  plugin.reset();
  logInfo("plugin_host", "the plugin " + name + " has returned from its " + step + " and is unloaded");
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second.info.error.code != "plugin_hung") return;
  show(found->second, PluginStatus::kFailed,
       pluginError("plugin_hung", "the plugin " + name + " took too long in its " + step +
                                      " and was unloaded when it returned; `hearthgate plugin reload " + name +
                                      "` starts it again"));
}

Status PluginHost::crashedTooOften(const std::string& name) const {
  const int starts = marks_->crashes(name);
  const int crashes = CrashCount::crashes(options_.data_directory, name);
  if (starts < kMaxCrashedStarts && crashes < kMaxCrashes) return {};
  std::string how = std::to_string(std::max(starts, crashes)) + " times ";
  how += crashes >= kMaxCrashes ? "by a crash in its code" : "while it was starting";
  return pluginError("plugin_left_out", "the plugin " + name + " is left out: the gateway ended " + how +
                                            " (`hearthgate plugin enable " + name + "` tries again)");
}

Status PluginHost::endSafeMode(const std::string& name) {
  HG_CHECK(CrashCount::forget(options_.data_directory, name));
  return marks_->end(name);
}

void PluginHost::failedWhileRunning(const std::string& name, uint64_t start_number, const std::string& what) {
  const auto found = entries_.find(name);
  if (found == entries_.end() || !found->second.running || found->second.start_number != start_number) return;
  Error error =
      pluginError("plugin_failed", "the plugin " + name + " threw in " + what +
                                       " and was stopped; `hearthgate plugin reload " + name + "` starts it again");
  logError("plugin_host", error.message);
  stop(name, PluginStatus::kFailed, std::move(error));
}

void PluginHost::show(Entry& one, PluginStatus status, Error error) {
  PluginInfo info;
  {
    std::lock_guard lock(mutex_);
    one.info.status = status;
    one.info.error = std::move(error);
    info = one.info;
  }
  if (options_.changed) options_.changed(info);
}

}  // namespace hearthgate::plugin_host
