#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "base/log.h"
#include "engine/tuning.h"

namespace hearthgate::engine {

namespace {
// Of what may wait, not of anything stored: so not the Clock, which stands still in tests.
int64_t steadyNowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}
}  // namespace

Engine::Engine(std::unique_ptr<store::Store> store, Clock& clock, Random& random, CoreSettings settings,
               int64_t commit_interval_ms)
    : store_(std::move(store)),
      core_(*store_, clock, random, std::move(settings)),
      commit_interval_ms_(commit_interval_ms),
      executor_("engine") {}

Engine::~Engine() { stop(); }

void Engine::addHooks(Hooks hooks) { hooks_.push_back(std::move(hooks)); }

Status Engine::start(const Work& first) {
  std::promise<Status> started;
  executor_.post([&] {
    store_->begin();
    core_.load();
    first(core_);
    core_.flush();
    Status status = store_->commit();
    sequence_.store(core_.writer().head().sequence, std::memory_order_release);
    if (status.ok()) keepHouseAfter(kRetentionFirstMs, true);
    if (status.ok() && core_.contentsGone() > 0) overwriteAfter(kOverwriteAfterMs);
    started.set_value(std::move(status));
  });
  return started.get_future().get();
}

void Engine::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  // Whoever waits for an answer gets it.
  executor_.post([this] {
    while (drain()) {
    }
  });
  executor_.stop();
  Status status = store_->checkpoint();
  if (!status.ok()) logWarning("engine", status.error().message);
}

bool Engine::submit(Work work, Done done, size_t weight) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return false;
    queue_.push_back({std::move(work), std::move(done), weight});
    first = !scheduled_;
    scheduled_ = true;
  }
  if (first) schedule();
  return true;
}

void Engine::schedule() {
  if (commit_interval_ms_ > 0) {
    executor_.after(commit_interval_ms_, [this] { work(); });
  } else {
    executor_.post([this] { work(); });
  }
}

void Engine::work() {
  if (drain()) executor_.post([this] { work(); });
}

Status Engine::run(Work work) {
  auto promise = std::make_shared<std::promise<Status>>();
  auto future = promise->get_future();
  if (!submit(std::move(work), [promise](const Status& status) { promise->set_value(status); })) {
    return stateError("stopping", "The gateway is stopping; repeat this when it runs again.");
  }
  return future.get();
}

bool Engine::drain() {
  std::vector<Item> group;
  bool more;
  {
    std::lock_guard lock(mutex_);
    for (size_t bytes = 0; !queue_.empty() && group.size() < kMaxGroup && bytes < kMaxGroupBytes; queue_.pop_front()) {
      bytes += queue_.front().weight;
      group.push_back(std::move(queue_.front()));
    }
    more = !queue_.empty();
    scheduled_ = more;
  }
  if (group.empty()) return false;
  Status status = commitGroup(group);
  for (Item& item : group) {
    if (item.done) item.done(status);
  }
  return more;
}

void Engine::keepHouseAfter(int64_t delay_ms, bool idle) {
  executor_.after(delay_ms, [this, idle] { keepHouse(idle); });
}

void Engine::keepHouse(bool idle) {
  if (idle) {
    keepHouseAfter(kRetentionTickMs, true);
  } else {
    retention_awaited_ = false;
  }
  if (retaining_ || stale_ || !core_.retentionDue(idle)) return;
  retaining_ = true;
  auto more = std::make_shared<bool>(false);
  submit([more](Core& core) { *more = core.retain(); },
         [this, more](const Status& status) {
           retaining_ = false;
           // After a failed commit the next tick tries again.
           if (!status.ok() || !*more || retention_awaited_) return;
           retention_awaited_ = true;
           keepHouseAfter(kRetentionPauseMs, false);
         });
}

void Engine::overwriteAfter(int64_t delay_ms) {
  if (overwrite_awaited_) return;
  overwrite_awaited_ = true;
  executor_.after(std::max(delay_ms, overwrite_not_before_ms_ - steadyNowMs()), [this] {
    overwrite_awaited_ = false;
    overwrite();
  });
}

void Engine::overwrite() {
  uint64_t gone = core_.contentsGone();
  if (gone == 0 || stale_) return;
  int64_t begun = steadyNowMs();
  Status status;
  bool too_large = store_->fileBytes() > core_.settings().overwrite_most_bytes;
  if (rewritten_ != gone && !too_large) {
    status = store_->rewrite();
    if (status.ok()) rewritten_ = gone;
    overwrite_not_before_ms_ = steadyNowMs() + (steadyNowMs() - begun) * kOverwriteRest;
  }
  bool empty = false;
  if (status.ok()) {
    auto emptied = store_->emptyLog();
    empty = emptied.ok() && *emptied;
    if (!emptied.ok()) status = emptied.error();
  }
  if (empty) {
    store_->begin();
    core_.contentsOverwritten();
    status = store_->commit();
    // The next commit tells the error again.
    if (!status.ok() && !reload().ok()) tellFailed(status.error());
  }
  if (!status.ok()) {
    logWarning("engine", "What is no longer shared with this home may still stand in free pages of its database; it is tried "
                         "again in a minute. " + status.error().message);
    return overwriteAfter(kOverwriteRetryMs);
  }
  if (!empty) return overwriteAfter(kOverwriteAfterMs);  // Somebody reads.
  rewritten_ = 0;
  if (too_large) {
    return logInfo("engine", "the database is too large to be made anew while homes wait: traces of what is no longer shared stay in "
                             "its free pages until they are used again");
  }
  logInfo("engine", "what is no longer shared was overwritten in " + std::to_string(steadyNowMs() - begun) + " ms");
}

// What is cached belongs to a commit that failed; nothing may be written on top of it before it was read again.
Status Engine::reload() {
  store_->begin();
  core_.load();
  Status status = store_->commit();
  stale_ = !status.ok();
  rewritten_ = 0;
  return status;
}

std::optional<Error> Engine::storageFault() {
  std::lock_guard lock(mutex_);
  return storage_fault_;
}

void Engine::noteStorage(const std::optional<Error>& fault) {
  bool was_there = false;
  {
    std::lock_guard lock(mutex_);
    was_there = storage_fault_.has_value();
    storage_fault_ = fault;
  }
  if (!fault) {
    if (was_there) logInfo("engine", "the disk takes writes again");
    return;
  }
  if (!was_there) logError("engine", fault->message);
  if (storage_try_awaited_) return;
  storage_try_awaited_ = true;
  executor_.after(kStorageTryMs, [this] {
    storage_try_awaited_ = false;
    tryStorage();
  });
}

void Engine::tryStorage() {
  if (!storageFault()) return;
  if (stale_ && !reload().ok()) return noteStorage(storageFault());
  store_->begin();
  // SQLite does not write what is there already.
  store_->setMeta("disk_tried", std::to_string(core_.clock().wallMs()) + " " + std::to_string(++storage_tries_));
  Status status = store_->commit();
  if (status.ok() && store_->checkpointError()) store_->writeBack();
  noteStorage(status.ok() ? store_->checkpointError() : std::optional<Error>(status.error()));
}

size_t Engine::queued() {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

Status Engine::commitGroup(std::vector<Item>& group) {
  if (stale_) {
    if (Status status = reload(); !status.ok()) {
      tellFailed(status.error());
      return status;
    }
  }
  // Figures for people, not something that anything depends on: so not the Clock, which knows only milliseconds.
  using Steady = std::chrono::steady_clock;
  auto seconds = [](Steady::duration time) { return std::chrono::duration<double>(time).count(); };
  Steady::time_point begun = Steady::now();
  uint64_t written_before = store_->commitsWritten();
  store_->begin();
  for (Item& item : group) item.work(core_);
  for (const Hooks& hooks : hooks_) {
    if (hooks.before_commit) hooks.before_commit(core_);
  }
  core_.flush();
  Steady::time_point worked = Steady::now();
  Status status = store_->commit();
  measures_.group.add(static_cast<double>(group.size()));
  measures_.work_s.add(seconds(worked - begun));
  measures_.commit_s.add(seconds(Steady::now() - worked));
  if (status.ok()) {
    sequence_.store(core_.writer().head().sequence, std::memory_order_release);
    for (const Hooks& hooks : hooks_) {
      if (hooks.committed) hooks.committed(core_);
    }
    if (core_.contentsGone() > 0) overwriteAfter(kOverwriteAfterMs);
    if (!retaining_ && !retention_awaited_ && core_.retentionDue(false)) {
      retention_awaited_ = true;
      keepHouseAfter(kRetentionPauseMs, false);
    }
    bool wrote = store_->commitsWritten() != written_before;
    if (wrote && (storage_fault_ || store_->checkpointError())) noteStorage(store_->checkpointError());
    return status;
  }
  measures_.failed.fetch_add(1, std::memory_order_relaxed);
  (void)reload();  // An error of it is told again by the next commit, which tries it once more.
  tellFailed(status.error());
  return status;
}

// Whoever keeps something of what was not stored forgets it.
void Engine::tellFailed(const Error& error) {
  noteStorage(error);
  for (const Hooks& hooks : hooks_) {
    if (hooks.failed) hooks.failed(core_, error);
  }
}

}  // namespace hearthgate::engine
