// What happens in one run, decided from the seed before it begins, so that leaving a step out changes no other. Values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/home.h"

namespace hearthgate::sim {

enum class Act {
  kPut, kPatch, kUnset, kDelete, kBulk, kRestoreVersion, kResolve,
  kOpen, kCut, kCutUnnoticed, kPartition, kTraffic,
  kGrant, kStrategy, kStrategyHere,
  kCrash, kPowerCut, kBackup, kRestore, kCopyBack, kConfirm,
  kClock, kTick, kFailCommit,
};

// What a home keeps in runs with retention: less than most entities get.
inline constexpr engine::Retention kTinyRetention{3, 36'500, 2};

struct Step {
  Act act = Act::kTick;
  size_t home = 0;
  size_t peer = 0;   // another home
  size_t owner = 0;  // of the entity
  size_t entity = 0;
  int64_t passes_ms = 0;
  std::array<uint64_t, 6> r{};  // more numbers for the act itself
};

// What a run has beside its steps; the steps of a seed are the same with and without.
struct Variant {
  bool limits = false;  // slow links and small quotas
  bool kinds = false;   // homes make entities of the same id with different kinds
  bool space = false;   // what a quota held back is taken in as soon as there is space, not only after a restart
  bool retention = false;  // homes keep only the newest few versions of each entity
  bool order = false;      // the entities of a batch come in any order
  bool fields = false;     // entities have sets and counters too
};

struct Plan {
  size_t homes = 3;
  Variant variant;
  std::vector<Step> steps;
};

// `homes` 0: two to four, by the seed.
Plan makePlan(uint64_t seed, size_t homes, size_t steps, Variant variant);
// Small ones, drawn from `r`.
Limits drawLimits(uint64_t r);
std::string describe(const Step& step);

inline const std::vector<std::string> kKinds = {"scene", "state"};  // by the number of the home
inline const std::vector<std::string> kEntityIds = {"light.x", "light.y", "scene.z"};

}  // namespace hearthgate::sim
