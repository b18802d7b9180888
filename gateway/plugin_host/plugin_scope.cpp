#include "plugin_host/plugin_scope.h"

#include <algorithm>

#include "base/log.h"
#include "plugin_host/tuning.h"

namespace hearthgate::plugin_host {
namespace {

sdk::Outcome failure(const Error& error) { return sdk::Outcome::failure(error.code, error.message); }

sdk::Outcome stopped(const std::string& plugin) {
  return sdk::Outcome::failure("stopped", "the plugin " + plugin + " is being stopped");
}

// A plugin's text may come from a device: no control characters in the log.
std::string oneLine(std::string_view text, size_t limit) {
  std::string out(text.substr(0, limit));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return out;
}

template <typename Capability>
bool offered(const Need& need, bool there) {
  return there && need.capability == Capability::kId && need.revision == Capability::kRevision;
}

}  // namespace

std::string missingNeed(const PluginFacts& facts, const Services& services) {
  for (const Need& need : facts.needs) {
    const bool there = offered<sdk::Log>(need, true) || offered<sdk::Timers>(need, true) ||
                       offered<sdk::State>(need, services.state != nullptr) ||
                       offered<sdk::Entities>(need, services.entities != nullptr) ||
                       offered<sdk::RequestFilter>(need, services.filter != nullptr) ||
                       offered<sdk::DnsSd>(need, services.dns_sd != nullptr);
    if (!there) return need.capability + "/" + std::to_string(need.revision);
  }
  return {};
}

void* PluginScope::capability(std::string_view id, uint32_t revision) {
  const bool declared = std::any_of(facts_.needs.begin(), facts_.needs.end(), [&](const Need& need) {
    return need.capability == id && need.revision == revision;
  });
  if (!declared) return nullptr;
  if (id == sdk::Log::kId) return static_cast<sdk::Log*>(this);
  if (id == sdk::Timers::kId) return static_cast<sdk::Timers*>(this);
  if (id == sdk::State::kId) return static_cast<sdk::State*>(this);
  if (id == sdk::Entities::kId) return static_cast<sdk::Entities*>(this);
  if (id == sdk::RequestFilter::kId) return static_cast<sdk::RequestFilter*>(this);
  if (id == sdk::DnsSd::kId) return dnsSd();
  return nullptr;
}

sdk::DnsSd* PluginScope::dnsSd() {
  if (!dns_sd_) {
    dns_sd_ = std::make_unique<PluginDnsSd>(*services_.dns_sd, [weak = weak_from_this()](Task task) {
      if (const auto self = weak.lock()) self->post(std::move(task));
    });
  }
  return dns_sd_.get();
}

void PluginScope::fail(const char* what, const char* message) {
  Failed failed;
  std::string text = oneLine(std::string(what) + ": " + message, kMaxFaultBytes);
  {
    std::lock_guard lock(mutex_);
    fault_ = text;
    if (failed_told_) return;
    failed_told_ = true;
    failed = failed_;
  }
  if (failed) failed(text);
}

std::string PluginScope::fault() const {
  std::lock_guard lock(mutex_);
  return fault_;
}

void PluginScope::refuse() {
  uint64_t subscription = 0;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    std::swap(subscription, subscription_);
  }
  if (subscription != 0 && !cut_) services_.entities->unsubscribe(subscription);
}

void PluginScope::close() {
  refuse();
  decltype(tasks_) tasks;
  decltype(writes_) writes;
  decltype(changed_) changed;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    writes.swap(writes_);
    changed.swap(changed_);
  }
  guarded("the end of its callbacks", [&] {
    tasks.clear();
    writes.clear();
    changed.reset();
    if (dns_sd_) dns_sd_->close(!cut_);
  });
}

void PluginScope::write(sdk::Log::Level level, std::string_view message) {
  const RunsPlugin mark(RunsPlugin::kCore);
  LogLevel to = LogLevel::kInfo;
  if (level == sdk::Log::Level::kDebug) to = LogLevel::kDebug;
  if (level == sdk::Log::Level::kWarning) to = LogLevel::kWarning;
  if (level == sdk::Log::Level::kError) to = LogLevel::kError;
  log(to, facts_.name, oneLine(message, kMaxLogBytes));
}

// The number under which `task` waits; 0 when it may not. The mutex is held.
uint64_t PluginScope::keep(Task task) {
  if (closed_ || !task || tasks_.size() >= kMaxWaitingTasks) return 0;
  tasks_.emplace(++last_number_, std::move(task));
  return last_number_;
}

uint64_t PluginScope::after(int64_t delay_ms, Task task) {
  std::lock_guard lock(mutex_);
  const uint64_t number = keep(std::move(task));
  if (number == 0) return 0;
  thread_.after(std::max<int64_t>(delay_ms, 0), [weak = weak_from_this(), number] {
    if (const auto self = weak.lock()) self->run(number);
  });
  return number;
}

bool PluginScope::post(Task task) {
  std::lock_guard lock(mutex_);
  const uint64_t number = keep(std::move(task));
  if (number == 0) return false;
  thread_.post([weak = weak_from_this(), number] {
    if (const auto self = weak.lock()) self->run(number);
  });
  return true;
}

void PluginScope::cancel(uint64_t timer) {
  decltype(tasks_)::node_type gone;  // Destroyed outside the lock: its captures are the plugin's.
  std::lock_guard lock(mutex_);
  gone = tasks_.extract(timer);
}

void PluginScope::run(uint64_t number) {
  decltype(tasks_)::node_type task;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    task = tasks_.extract(number);
  }
  if (!task.empty()) guarded("a timer or task", task.mapped());
}

sdk::Outcome PluginScope::get(std::string_view key, std::optional<std::string>* value) {
  const RunsPlugin mark(RunsPlugin::kCore);
  if (cut_) return stopped(facts_.name);
  auto found = services_.state->get(facts_.name, key);
  if (!found.ok()) return failure(found.error());
  *value = std::move(found).value();
  return sdk::Outcome::success();
}

sdk::Outcome PluginScope::put(std::string_view key, std::string_view value) {
  const RunsPlugin mark(RunsPlugin::kCore);
  if (cut_) return stopped(facts_.name);
  if (key.empty() || key.size() > kMaxStateKeyBytes || value.size() > kMaxStateValueBytes) {
    return sdk::Outcome::failure("too_large", "cannot keep a value of " + std::to_string(value.size()) +
                                                  " bytes under a key of " + std::to_string(key.size()) +
                                                  " bytes (at most " + std::to_string(kMaxStateValueBytes) +
                                                  " and 1 to " + std::to_string(kMaxStateKeyBytes) + ")");
  }
  const Status done = services_.state->put(facts_.name, key, value);
  return done.ok() ? sdk::Outcome::success() : failure(done.error());
}

sdk::Outcome PluginScope::remove(std::string_view key) {
  const RunsPlugin mark(RunsPlugin::kCore);
  if (cut_) return stopped(facts_.name);
  const Status done = services_.state->remove(facts_.name, key);
  return done.ok() ? sdk::Outcome::success() : failure(done.error());
}

bool PluginScope::declares(const std::string& kind) const {
  return std::find(facts_.kinds.begin(), facts_.kinds.end(), kind) != facts_.kinds.end();
}

uint32_t PluginScope::check(const sdk::Request& request) {
  const RunsPlugin mark(RunsPlugin::kCore);
  constexpr uint32_t kServiceUnavailable = 503;  // RFC 9110 section 15.6.4
  return cut_ ? kServiceUnavailable : services_.filter->check(request);
}

sdk::Outcome PluginScope::read(std::string_view address, sdk::Entity* entity) {
  const RunsPlugin mark(RunsPlugin::kCore);
  if (cut_) return stopped(facts_.name);
  auto found = services_.entities->read(address);
  if (!found.ok()) return failure(found.error());
  if (!declares(found->kind)) {
    return sdk::Outcome::failure("entity_not_found", "there is no entity " + std::string(address) + " of a kind that " +
                                                         facts_.name + " declares");
  }
  *entity = std::move(found).value();
  return sdk::Outcome::success();
}

void PluginScope::write(sdk::EntityWrite change, std::function<void(const sdk::Outcome&, const sdk::Entity&)> done) {
  const RunsPlugin mark(RunsPlugin::kCore);
  if (!declares(change.kind)) {
    const auto refused =
        sdk::Outcome::failure("kind_not_declared", "the plugin " + facts_.name + " may not write " + change.address +
                                                       ": its descriptor does not name the kind '" + change.kind + "'");
    post([done = std::move(done), refused] { done(refused, {}); });
    return;
  }
  uint64_t number = 0;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    if (writes_.size() >= kMaxWaitingTasks)
      number = 0;
    else
      writes_.emplace(number = ++last_number_, std::move(done));
  }
  if (number == 0) {
    post([done = std::move(done), this] {
      done(sdk::Outcome::failure("busy", std::to_string(kMaxWaitingTasks) + " writes of " + facts_.name +
                                             " wait already; write again when some were answered"),
           {});
    });
    return;
  }
  services_.entities->write(facts_.name, std::move(change),
                            [weak = weak_from_this(), number](Result<sdk::Entity> written) {
                              const auto self = weak.lock();
                              if (!self) return;
                              self->post([plugin = self.get(), number, written = std::move(written)] {
                                decltype(writes_)::node_type answer;
                                {
                                  std::lock_guard lock(plugin->mutex_);
                                  answer = plugin->writes_.extract(number);
                                }
                                if (answer.empty()) return;
                                if (written.ok())
                                  answer.mapped()(sdk::Outcome::success(), *written);
                                else
                                  answer.mapped()(failure(written.error()), {});
                              });
                            });
}

sdk::Outcome PluginScope::subscribe(std::function<void(const sdk::Entity&)> changed) {
  const RunsPlugin mark(RunsPlugin::kCore);
  auto kept = std::make_shared<std::function<void(const sdk::Entity&)>>(std::move(changed));
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return stopped(facts_.name);
    changed_.swap(kept);
    first = subscription_ == 0;
  }
  if (!first) return sdk::Outcome::success();
  const uint64_t subscription =
      services_.entities->subscribe(facts_.kinds, [weak = weak_from_this()](std::vector<sdk::Entity> changes) {
        const auto self = weak.lock();
        if (!self) return;
        std::lock_guard lock(self->mutex_);
        if (self->closed_) return;
        self->thread_.post([weak, changes = std::move(changes)] {
          if (const auto plugin = weak.lock()) plugin->deliverChanges(changes);
        });
      });
  {
    std::lock_guard lock(mutex_);
    if (!closed_) {
      subscription_ = subscription;
      return sdk::Outcome::success();
    }
  }
  if (!cut_) services_.entities->unsubscribe(subscription);  // It was refused meanwhile.
  return stopped(facts_.name);
}

void PluginScope::deliverChanges(const std::vector<sdk::Entity>& changes) {
  for (const sdk::Entity& entity : changes) {
    decltype(changed_) changed;
    {
      std::lock_guard lock(mutex_);
      if (closed_) return;
      changed = changed_;
    }
    if (!declares(entity.kind)) continue;
    if (!guarded("a change of an entity", [&] { (*changed)(entity); })) return;
  }
  uint64_t subscription = 0;
  {
    std::lock_guard lock(mutex_);
    subscription = subscription_;
  }
  if (subscription != 0 && !cut_) services_.entities->more(subscription);
}

}  // namespace hearthgate::plugin_host
