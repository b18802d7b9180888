#include "base/executor.h"

#include <pthread.h>

#include <chrono>

#include "base/clock.h"

namespace hearthgate {
namespace {
int64_t nowMs() { return systemClock(ClockTrust::kAuto).steadyMs(); }
}  // namespace

Executor::Executor(const std::string& name) {
  thread_ = std::thread([this, name] {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    run();
  });
}

Executor::~Executor() { stop(); }

bool Executor::post(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return false;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

bool Executor::after(int64_t delay_ms, Task task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return false;
    timers_.emplace(nowMs() + delay_ms, std::move(task));
  }
  changed_.notify_one();
  return true;
}

void Executor::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Executor::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (!stopping_ && !timers_.empty() && timers_.begin()->first <= nowMs()) {
      tasks_.push_back(std::move(timers_.begin()->second));
      timers_.erase(timers_.begin());
      continue;
    }
    if (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // What it captured goes away outside the lock.
      lock.lock();
      continue;
    }
    if (stopping_) {
      timers_.clear();
      return;
    }
    if (timers_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_for(lock, std::chrono::milliseconds(timers_.begin()->first - nowMs()));
    }
  }
}

}  // namespace hearthgate
