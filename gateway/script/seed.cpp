#include "script/seed.h"

#include <array>
#include <cstring>
#include <ctime>
#include <lua.hpp>

#include "script/tuning.h"

namespace hearthgate::script {
namespace {

time_t standing_time = 0;

// The first block of a state that is given up when it asks for the second.
struct Trial {
  alignas(std::max_align_t) std::array<char, 4096> block{};
  size_t size = 0;

  static void* allocate(void* self, void*, size_t, size_t new_size) {
    auto& trial = *static_cast<Trial*>(self);
    if (new_size == 0 || trial.size != 0 || new_size > trial.block.size()) return nullptr;
    trial.size = new_size;
    return trial.block.data();
  }
};

}  // namespace

// Two trials in one place that differ in the time alone, of which a seed is made too: what differs is the seed.
std::optional<size_t> seedPlace() {
  static Trial trial;
  std::array<std::array<char, 4096>, 2> seen;
  for (size_t i = 0; i < seen.size(); ++i) {
    trial.block.fill(0);
    trial.size = 0;
    standing_time = static_cast<time_t>(i);
    if (lua_newstate(&Trial::allocate, &trial) != nullptr || trial.size == 0) break;
    seen[i] = trial.block;
  }
  standing_time = 0;
  std::optional<size_t> place;
  for (size_t at = 0; at + sizeof kSeed <= trial.size; at += sizeof kSeed) {
    if (std::memcmp(&seen[0][at], &seen[1][at], sizeof kSeed) == 0) continue;
    if (place) return std::nullopt;
    place = at;
  }
  return place;
}

}  // namespace hearthgate::script

// Lua asks for the time where it seeds its random numbers and its hash of texts, and where sorting takes long. The filter lets nobody
// ask the kernel, and scripts are to depend on no clock. (Sanitizers have functions of these names themselves.)
#if !HEARTHGATE_SANITIZED
extern "C" __attribute__((visibility("default"))) time_t time(time_t* at) noexcept {
  if (at != nullptr) *at = hearthgate::script::standing_time;
  return hearthgate::script::standing_time;
}
extern "C" __attribute__((visibility("default"))) clock_t clock() noexcept { return 0; }
#endif
