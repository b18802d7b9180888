#define BOOST_DLL_USE_STD_FS
#include "plugin_host/running_plugin.h"

#include <dlfcn.h>

#include <boost/dll/shared_library.hpp>
#include <future>

#include "base/log.h"
#include "plugin_host/tuning.h"

namespace hearthgate::plugin_host {

// The loaded file. It is opened again through the descriptor that was checked, so nobody can exchange it in between,
// and that descriptor stays open as long as the code is there: the loader knows libraries by name, and the next file to
// get this number would be taken for the one that is loaded.
class RunningPlugin::Library {
 public:
  explicit Library(FileDescriptor file)
      : file_(std::move(file)), name_("/proc/self/fd/" + std::to_string(file_.get())) {}

  ~Library() {
    if (!library_.is_loaded()) return;
    library_.unload();
    void* still = ::dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (still == nullptr) return;
    ::dlclose(still);
    logWarning("plugin_host",
               "the code of a plugin (" + name_ + ") stays in memory; a changed file is used after a restart");
    file_.release();
  }

  Status load() {
    std::error_code error;
    library_.load(name_, error, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    if (!error) return {};
    // Boost says only "bad file descriptor"; the loader knows which symbol or library is missing.
    const char* why = ::dlerror();
    return pluginError("plugin_load_failed",
                       std::string("it cannot be loaded: ") + (why != nullptr ? why : error.message()));
  }

  sdk::CreatePlugin* entryPoint() {
    const std::string name(sdk::kEntryPoint);
    return library_.has(name) ? &library_.get<sdk::CreatePlugin>(name) : nullptr;
  }

 private:
  FileDescriptor file_;
  const std::string name_;
  boost::dll::shared_library library_;
};

RunningPlugin::RunningPlugin(PluginFile file, const Services& services, Failed failed)
    : facts_(file.facts),
      path_(file.path),
      library_(std::make_unique<Library>(std::move(file.file))),
      thread_("hg-" + file.facts.name),
      scope_(std::make_shared<PluginScope>(facts_, services, thread_, std::move(failed))) {}

Result<std::unique_ptr<RunningPlugin>> RunningPlugin::start(PluginFile file, const std::string& section_json,
                                                            const Services& services, Failed failed) {
  std::unique_ptr<RunningPlugin> made(new RunningPlugin(std::move(file), services, std::move(failed)));
  Status lives = made->live(section_json);
  if (lives.ok()) return made;
  Error error = std::move(lives).error();
  error.message = "cannot start the plugin " + made->facts_.name + " (" + made->path_ + "): " + error.message;
  return error;
}

Status RunningPlugin::step(const char* what, const std::function<Status()>& code) {
  // Shared, because the caller may go on while the plugin's thread still leaves set_value.
  const auto promise = std::make_shared<std::promise<Status>>();
  std::future<Status> future = promise->get_future();
  thread_.post([this, promise, what, &code] {
    Status done;
    if (!scope_->guarded(what, [&] { done = code(); }))
      done = pluginError("plugin_failed", "it threw in " + scope_->fault());
    promise->set_value(std::move(done));
  });
  while (future.wait_for(kSlowStep) != std::future_status::ready) {
    logWarning("plugin_host", "the plugin " + facts_.name + " is slow: still in its " + what);
  }
  return future.get();
}

static Status statusOf(const sdk::Outcome& outcome) {
  if (outcome.ok()) return {};
  return pluginError(outcome.code, outcome.message);
}

Status RunningPlugin::live(const std::string& section_json) {
  HG_CHECK(step("load", [&] { return library_->load(); }));
  HG_CHECK(step("create", [&] { return create(); }));
  HG_CHECK(step("configure", [&] { return statusOf(plugin_->configure(section_json)); }));
  start_tried_ = true;
  HG_CHECK(step("start", [&] { return statusOf(plugin_->start()); }));
  if ((facts_.roles & sdk::kTransport) == 0) return {};
  return step("provide", [&] { return takeTransport(); });
}

Status RunningPlugin::create() {
  sdk::CreatePlugin* const entry = library_->entryPoint();
  if (entry == nullptr)
    return pluginError("plugin_no_entry_point", "it does not export " + std::string(sdk::kEntryPoint));
  plugin_.reset(entry(*scope_));
  if (!plugin_) return pluginError("plugin_failed", "its " + std::string(sdk::kEntryPoint) + " made no plugin");
  return {};
}

Status RunningPlugin::takeTransport() {
  auto* const transport = sdk::provided<sdk::Transport>(*plugin_);
  if (transport == nullptr) {
    return pluginError("plugin_failed", "it has the role transport but does not provide " +
                                            std::string(sdk::Transport::kId) + "/" +
                                            std::to_string(sdk::Transport::kRevision));
  }
  // The scope hears of it once and tells the owner.
  const auto failed = [scope = std::weak_ptr<PluginScope>(scope_)](const char* what, const char* message) {
    if (const auto alive = scope.lock()) alive->guarded(what, [&] { throw std::runtime_error(message); });
  };
  transport_ = std::make_shared<TransportGate>(facts_.name, *transport, failed);
  return {};
}

RunningPlugin::~RunningPlugin() {
  const auto quietly = [this](const char* what, const std::function<void()>& code) {
    const Status done = step(what, [&]() -> Status {
      code();
      return {};
    });
    if (!done.ok()) logError("plugin_host", "the plugin " + facts_.name + ": " + done.error().message);
  };
  if (plugin_ && start_tried_) quietly("stop", [this] { plugin_->stop(); });
  // From here on nothing outside holds an object of the plugin, and nothing inside can be called back.
  if (transport_) transport_->close();
  quietly("end of callbacks", [this] { scope_->close(); });
  if (plugin_) quietly("destroy", [this] { plugin_.reset(); });
  // Its thread ends first: what is local to a thread is destroyed by code of the plugin.
  thread_.stop();
  library_.reset();
}

}  // namespace hearthgate::plugin_host
