// A serial executor: one thread, tasks in the order in which they were posted, and timers. An active object runs all of
// its code on one, so its state needs no mutex. post() and after() from any thread; the destructor from the owner's.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace hearthgate {

class Executor {
 public:
  using Task = std::function<void()>;

  // `name` is shown by tools such as top (15 characters at most).
  explicit Executor(const std::string& name);
  // Runs what is queued, drops pending timers, and joins the thread.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // False after stop(); the task is then dropped.
  bool post(Task task);
  // Runs `task` once after `delay_ms`. Timers cannot be cancelled: let the task look whether it is still wanted.
  bool after(int64_t delay_ms, Task task);
  // Runs what is queued already, drops timers, ends the thread. Idempotent; never from the executor's own thread.
  void stop();
  bool onThread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::multimap<int64_t, Task> timers_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hearthgate
