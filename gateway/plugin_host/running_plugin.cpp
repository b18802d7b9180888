#define BOOST_DLL_USE_STD_FS
#include "plugin_host/running_plugin.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
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

  // Where its code lies: from the first to the last executable segment.
  void tellCode(CrashCount* crashes) const {
    link_map* map = nullptr;
    if (::dlinfo(library_.native(), RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return;
    struct Range {
      ElfW(Addr) base;
      uintptr_t begin = UINTPTR_MAX;
      uintptr_t end = 0;
    } range{map->l_addr};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* out) {
          auto* found = static_cast<Range*>(out);
          if (info->dlpi_addr != found->base) return 0;
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            const auto& segment = info->dlpi_phdr[i];
            if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
            found->begin = std::min<uintptr_t>(found->begin, info->dlpi_addr + segment.p_vaddr);
            found->end = std::max<uintptr_t>(found->end, info->dlpi_addr + segment.p_vaddr + segment.p_memsz);
          }
          return 1;
        },
        &range);
    if (range.end > range.begin) crashes->code(range.begin, range.end);
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

RunningPlugin::RunningPlugin(PluginFile file, const Services& services, const std::string& marks, Failed failed)
    : facts_(file.facts),
      path_(file.path),
      crashes_(marks, file.facts.name),
      library_(std::make_unique<Library>(std::move(file.file))),
      thread_("hg-" + file.facts.name),
      scope_(std::make_shared<PluginScope>(facts_, services, thread_, std::move(failed))) {}

RunningPlugin::~RunningPlugin() {
  // Its thread ends first: what is local to a thread is destroyed by code of the plugin.
  thread_.stop();
  library_.reset();
}

Status RunningPlugin::start(const std::string& section_json, const std::string& mark) {
  HG_CHECK(crashes_.begin());
  scope_->blame(crashes_.slot());
  crashes_.starting(mark);
  const Status lives = live(section_json);
  crashes_.started();
  if (lives.ok()) return {};
  Error error = lives.error();
  error.message = "cannot start the plugin " + facts_.name + " (" + path_ + "): " + error.message;
  return error;
}

void RunningPlugin::hang(const std::string& what) {
  if (hangs_in_.empty()) hangs_in_ = what;
}

Status RunningPlugin::step(const char* what, std::function<Status()> code) {
  // Shared and kept by the task, because after the limit nobody waits any more.
  const auto promise = std::make_shared<std::promise<Status>>();
  std::future<Status> future = promise->get_future();
  thread_.post([this, promise, what, code = std::move(code)] {
    Status done;
    if (!scope_->guarded(what, [&] { done = code(); }))
      done = pluginError("plugin_failed", "it threw in " + scope_->fault());
    promise->set_value(std::move(done));
  });
  if (future.wait_for(kSlowStep) != std::future_status::ready) {
    logWarning("plugin_host", "the plugin " + facts_.name + " is slow: still in its " + what);
  }
  if (future.wait_for(kStepLimit - kSlowStep) == std::future_status::ready) return future.get();
  hang(what);
  return pluginError("plugin_hung", std::string("it did not return from its ") + what + " within " +
                                        std::to_string(kStepLimit.count()) +
                                        " s; its thread is left alone, and the gateway goes on without it");
}

static Status statusOf(const sdk::Outcome& outcome) {
  if (outcome.ok()) return {};
  return pluginError(outcome.code, outcome.message);
}

Status RunningPlugin::live(const std::string& section_json) {
  HG_CHECK(step("load", [this] { return load(); }));
  HG_CHECK(step("create", [this] { return create(); }));
  HG_CHECK(step("configure", [this, section_json] { return statusOf(plugin_->configure(section_json)); }));
  start_tried_ = true;
  HG_CHECK(step("start", [this] { return statusOf(plugin_->start()); }));
  return step("provide", [this]() -> Status {
    if ((facts_.roles & sdk::kTransport) != 0) HG_CHECK(takeTransport());
    return (facts_.roles & sdk::kDiscovery) != 0 ? takeDnsSd() : Status();
  });
}

Status RunningPlugin::use(std::function<Status()> code) {
  return step("listen", [code = std::move(code)]() -> Status {
    const RunsPlugin mark(RunsPlugin::kCore);
    return code();
  });
}

Status RunningPlugin::load() {
  giveSignalStack();
  HG_CHECK(library_->load());
  library_->tellCode(&crashes_);
  return {};
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
  transport_ = std::make_shared<TransportGate>(facts_.name, *transport, toldToScope(), crashes_.slot());
  return {};
}

// A plugin with the role may be set to do without.
Status RunningPlugin::takeDnsSd() {
  auto* const dns_sd = sdk::provided<sdk::DnsSd>(*plugin_);
  if (dns_sd != nullptr) dns_sd_ = std::make_shared<DnsSdGate>(*dns_sd, toldToScope(), crashes_.slot());
  return {};
}

// The scope hears of it once and tells the owner.
DnsSdGate::Failed RunningPlugin::toldToScope() {
  return [scope = std::weak_ptr<PluginScope>(scope_)](const char* what, const char* message) {
    if (const auto alive = scope.lock()) alive->guarded(what, [&] { throw std::runtime_error(message); });
  };
}

void RunningPlugin::quietly(const char* what, std::function<void()> code) {
  if (!hangs_in_.empty()) return;
  const Status done = step(what, [code = std::move(code)]() -> Status {
    code();
    return {};
  });
  if (!done.ok()) logError("plugin_host", "the plugin " + facts_.name + ": " + done.error().message);
}

bool RunningPlugin::end(std::function<void()> returned) {
  if (plugin_ && start_tried_) {
    quietly("stop", [this] {
      stopped_ = true;
      plugin_->stop();
    });
  }
  // From here on nothing outside holds an object of the plugin, and nothing inside can be called back.
  const std::chrono::milliseconds limit = hangs_in_.empty() ? kStepLimit : std::chrono::seconds(0);
  if (transport_ && !transport_->close(limit)) hang("transport");
  if (dns_sd_ && !dns_sd_->close(limit)) hang("discovery");
  quietly("end of callbacks", [this] { scope_->close(); });
  quietly("destroy", [this] { plugin_.reset(); });
  if (hangs_in_.empty()) return true;
  scope_->refuse();
  // The rest of its life waits behind the step that hangs.
  thread_.post([this, returned = std::move(returned)] {
    const auto rest = [this](const char* what, const std::function<void()>& code) { scope_->guarded(what, code); };
    if (plugin_ && start_tried_ && !stopped_) rest("stop", [this] { plugin_->stop(); });
    // Calls that others make into its transport are waited for here, where nobody waits for this thread.
    while ((transport_ && !transport_->close(kStepLimit)) || (dns_sd_ && !dns_sd_->close(kStepLimit))) {
    }
    rest("end of callbacks", [this] { scope_->close(); });
    rest("destroy", [this] { plugin_.reset(); });
    returned();
  });
  return false;
}

}  // namespace hearthgate::plugin_host
