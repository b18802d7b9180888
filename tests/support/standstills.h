// Machines that are shared stand still now and then, for seconds: links time out then that nothing is wrong with, and
// limits of a test pass in which nobody worked.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>

namespace hearthgate::testing {

// Sees it by a thread that sleeps, and now and then longer than it wanted to.
class Standstills {
 public:
  Standstills() : thread_([this] { run(); }) {}
  ~Standstills() {
    stopping_ = true;
    thread_.join();
  }

  // So far, the one that this thread just came out of too.
  int64_t ms() const {
    std::lock_guard lock(mutex_);
    return seen_ms_ + lateMs();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kSleep{10};
  // What a busy machine makes of a sleep at any time.
  static constexpr std::chrono::milliseconds kUsual{100};

  int64_t lateMs() const {
    const auto late = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - due_ - kUsual).count();
    return late > 0 ? late : 0;
  }
  void run() {
    while (!stopping_) {
      std::this_thread::sleep_for(kSleep);
      std::lock_guard lock(mutex_);
      seen_ms_ += lateMs();
      due_ = Clock::now() + kSleep;
    }
  }

  mutable std::mutex mutex_;
  int64_t seen_ms_ = 0;
  Clock::time_point due_ = Clock::now() + kSleep;
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // The last: it uses the others.
};

}  // namespace hearthgate::testing
