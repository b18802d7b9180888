// What the engine counts about its commits, for GET /metrics. Added to on the engine's thread, read on any.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/distribution.h"

namespace hearthgate::engine {

struct Measures {
  std::atomic<uint64_t> failed{0};  // commits that were rolled back
  // Of a group: what its work took, and what the commit itself took. 0.1 ms is this kind of disk, 50 ms a memory card.
  Distribution work_s{{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5}};
  Distribution commit_s{{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5}};
  Distribution group{{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}};  // pieces of work in one commit
};

}  // namespace hearthgate::engine
