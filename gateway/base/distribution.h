// Counts of what was measured, by upper bound: a histogram that any number of threads add to without a lock and that
// one reads while they do. Used where durations and sizes are counted for GET /metrics. Any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

namespace hearthgate {

class Distribution {
 public:
  // `bounds` rise; what is above the last one is counted apart.
  explicit Distribution(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}
  Distribution(const Distribution&) = delete;
  Distribution& operator=(const Distribution&) = delete;

  void add(double value) {
    auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    counts_[static_cast<size_t>(at - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }

  struct Counts {
    std::vector<uint64_t> at_most;  // for each bound, rising; the last is of everything
    double sum = 0;                 // may miss or exceed the counts by what is added meanwhile
  };
  const std::vector<double>& bounds() const { return bounds_; }
  Counts read() const {
    Counts out;
    uint64_t all = 0;
    for (const auto& count : counts_) out.at_most.push_back(all += count.load(std::memory_order_relaxed));
    out.sum = sum_.load(std::memory_order_relaxed);
    return out;
  }

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

}  // namespace hearthgate
