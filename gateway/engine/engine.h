// The one writing thread: takes what is queued, runs it in one transaction, commits, and answers after the commit
// (group commit, DESIGN.md section 6). Nothing is delayed on purpose. submit() from any thread.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "engine/core.h"
#include "engine/measures.h"

namespace hearthgate::engine {

// One commit takes at most this many pieces of work, so that a flood delays nobody's answer by more than some
// milliseconds; the weight limit bounds the log that one commit writes.
inline constexpr size_t kMaxGroup = 1000;
inline constexpr size_t kMaxGroupBytes = 1 << 20;

class Engine {
 public:
  // Runs inside a transaction on the engine's thread.
  using Work = std::function<void(Core&)>;
  // Runs on the engine's thread after the commit that held the work, or with the reason why there was none.
  using Done = std::function<void(const Status&)>;

  // `commit_interval_ms`: at most one commit in that time, so that a memory card is written less often; answers wait for
  // it (storage.commit_interval_ms). 0: as soon as there is something.
  Engine(std::unique_ptr<store::Store> store, Clock& clock, Random& random, CoreSettings settings,
         int64_t commit_interval_ms = 0);
  ~Engine();

  // Loads and runs `first` (rule 8's start) in a commit of its own; then serves. Fails with what the store said.
  Status start(const Work& first);
  // Commits what is queued, checkpoints and ends the thread.
  void stop();

  // `weight` is about the bytes that the work will write. False after stop(): neither is then called.
  bool submit(Work work, Done done, size_t weight = 0);
  // The same, waiting for the commit. Never from the engine's thread.
  Status run(Work work);
  // Runs `task` on the engine's thread after `delay_ms`, outside a transaction.
  bool after(int64_t delay_ms, std::function<void()> task) { return executor_.after(delay_ms, std::move(task)); }

  // Called on the engine's thread: at the end of each transaction before its commit, after it, and after a failed one. Also
  // failed where the work was not run, since what stands on the disk could not be read.
  struct Hooks {
    std::function<void(Core&)> before_commit;
    std::function<void(Core&)> committed;
    std::function<void(Core&, const Error&)> failed;
  };
  void addHooks(Hooks hooks);

  // The feed sequence of the last commit; rises with every one that changed something. Any thread.
  uint64_t sequence() const { return sequence_.load(std::memory_order_acquire); }

  // For GET /metrics; any thread.
  const Measures& measures() const { return measures_; }
  size_t queued();
  // Why the last commit was not made, or the log cannot be written back; nothing when the disk works. Any thread.
  std::optional<Error> storageFault();

  // Only for the engine's thread.
  Core& core() { return core_; }

 private:
  struct Item {
    Work work;
    Done done;
    size_t weight;
  };
  void work();
  // One group; whether more is queued.
  bool drain();
  Status commitGroup(std::vector<Item>& group);
  Status reload();
  void tellFailed(const Error& error);

  void schedule();
  // Keeps what storageFault() gives, and tries again by itself until the disk works.
  void noteStorage(const std::optional<Error>& fault);
  void tryStorage();
  // Retention, a slice at a time (Core::retain). `idle`: nothing asked for it but the time.
  void keepHouse(bool idle);
  void keepHouseAfter(int64_t delay_ms, bool idle);

  // Content that went with the right to read goes from the file's free pages and its log too.
  void overwriteAfter(int64_t delay_ms);
  void overwrite();

  std::unique_ptr<store::Store> store_;
  Core core_;
  const int64_t commit_interval_ms_;
  std::vector<Hooks> hooks_;
  std::mutex mutex_;
  std::deque<Item> queue_;
  bool scheduled_ = false;
  bool stale_ = false;  // engine thread: reading again after a failed commit failed too
  bool retaining_ = false;  // engine thread: a slice is under way
  bool retention_awaited_ = false;  // engine thread: a timer will ask for one
  bool overwrite_awaited_ = false;  // engine thread: a timer will look
  uint64_t rewritten_ = 0;          // engine thread: Core::contentsGone() when the file was last made anew
  int64_t overwrite_not_before_ms_ = 0;  // engine thread, of the steady clock
  bool stopped_ = false;
  std::atomic<uint64_t> sequence_{0};
  std::optional<Error> storage_fault_;   // under `mutex_`
  bool storage_try_awaited_ = false;     // engine thread
  uint64_t storage_tries_ = 0;           // engine thread
  Measures measures_;
  Executor executor_;
};

}  // namespace hearthgate::engine
