// How often one route was asked, with which status and how long it took. Added to by all request threads without a
// lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/distribution.h"

namespace hearthgate::api {

struct RouteFigures {
  // The statuses that this server gives; what is none of them counts as 0, so that there are never more series.
  static constexpr std::array<int, 27> kStatuses{200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 409, 410, 411, 412,
                                                 413, 415, 422, 426, 429, 500, 501, 502, 503, 504, 505, 507, 0};
  std::array<std::atomic<uint64_t>, kStatuses.size()> by_status{};
  // From half a millisecond (a read) to the half minute that `home sync` may wait.
  Distribution seconds{{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30}};

  void count(int status, double took_s) {
    size_t place = 0;
    while (kStatuses[place] != status && kStatuses[place] != 0) ++place;
    by_status[place].fetch_add(1, std::memory_order_relaxed);
    seconds.add(took_s);
  }
};

}  // namespace hearthgate::api
