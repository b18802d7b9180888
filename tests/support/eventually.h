// How a test waits for what other threads bring about.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

namespace hearthgate::testing {

// Waits for `holds`, at most `limit_ms`; a condition that other threads bring about.
inline bool eventually(const std::function<bool()>& holds, int64_t limit_ms = 10'000) {
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace hearthgate::testing
