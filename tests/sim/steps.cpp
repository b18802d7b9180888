#include "sim/steps.h"

#include <utility>

namespace hearthgate::sim {
namespace {

struct Weight {
  Act act;
  const char* name;
  unsigned weight;
};

// In thousandths. Writes and traffic are what the rest disturbs.
constexpr Weight kWeights[] = {
    {Act::kPut, "put", 60},
    {Act::kPatch, "patch", 130},
    {Act::kUnset, "unset", 25},
    {Act::kDelete, "delete", 25},
    {Act::kBulk, "bulk", 20},
    {Act::kRestoreVersion, "restore-version", 15},
    {Act::kResolve, "resolve", 20},
    {Act::kOpen, "open", 130},
    {Act::kCut, "cut", 35},
    {Act::kCutUnnoticed, "cut-unnoticed", 30},
    {Act::kPartition, "partition", 10},
    {Act::kTraffic, "traffic", 280},
    {Act::kGrant, "grant", 50},
    {Act::kStrategy, "strategy", 12},
    {Act::kStrategyHere, "strategy-here", 8},
    {Act::kCrash, "crash", 25},
    {Act::kPowerCut, "power-cut", 25},
    {Act::kBackup, "backup", 30},
    {Act::kRestore, "restore", 18},
    {Act::kCopyBack, "copy-back", 14},
    {Act::kConfirm, "confirm", 10},
    {Act::kClock, "clock", 25},
    {Act::kTick, "tick", 20},
    {Act::kFailCommit, "fail-commit", 20},
};

}  // namespace

Plan makePlan(uint64_t seed, size_t homes, size_t steps, Variant variant) {
  SeededRandom random(seed * 2 + 1);
  Plan plan;
  plan.variant = variant;
  constexpr size_t kSizes[] = {2, 3, 3, 4};
  size_t drawn = kSizes[random.below(4)];
  plan.homes = homes == 0 ? drawn : homes;
  unsigned total = 0;
  for (const Weight& weight : kWeights) total += weight.weight;
  for (size_t i = 0; i < steps; ++i) {
    Step step;
    uint64_t at = random.below(total);
    for (const Weight& weight : kWeights) {
      step.act = weight.act;
      if (at < weight.weight) break;
      at -= weight.weight;
    }
    step.home = random.below(plan.homes);
    step.peer = (step.home + 1 + random.below(plan.homes - 1)) % plan.homes;
    // Most of it about one owner, so that things meet.
    step.owner = random.chance(75) ? 0 : random.below(plan.homes);
    step.entity = random.chance(50) ? 0 : random.below(kEntityIds.size());
    step.passes_ms = static_cast<int64_t>(random.below(4000));
    for (uint64_t& r : step.r) r = random.next();
    plan.steps.push_back(step);
  }
  return plan;
}

Limits drawLimits(uint64_t r) {
  constexpr uint64_t kBandwidths[] = {0, 300, 1'500, 6'000};  // a version takes some 150 bytes
  constexpr uint64_t kEntities[] = {0, 1, 1, 2};              // there are three of each owner
  constexpr uint64_t kBytes[] = {150, 200, 400, 800};
  Limits limits;
  limits.bandwidth = kBandwidths[r % 4];
  if (r / 4 % 3 == 0) limits.peer_entities = kEntities[r / 16 % 4];
  if (r / 4 % 3 == 1) limits.peer_bytes = kBytes[r / 16 % 4];
  return limits;
}

std::string describe(const Step& step) {
  std::string name = "?";
  for (const Weight& weight : kWeights) {
    if (weight.act == step.act) name = weight.name;
  }
  std::string out = name + " home " + std::string(1, static_cast<char>('A' + step.home)) + " peer " +
                    std::string(1, static_cast<char>('A' + step.peer)) + " " + kEntityIds[step.entity] + "@" +
                    std::string(1, static_cast<char>('A' + step.owner));
  return out;
}

}  // namespace hearthgate::sim
