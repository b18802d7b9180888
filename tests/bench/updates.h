// What every program of a comparison is made to carry: updates like those of a Home Assistant light, 300 bytes of JSON
// each, the same for the same seed; and the watch on whether the last one of each entity has arrived. Any thread.
#pragma once

#include <cstdint>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hearthgate::bench {

int64_t nowNs();  // CLOCK_MONOTONIC, the same in all processes

struct Update {
  int entity = 0;
  std::string token;   // 66 random hex digits, in the fields and nowhere else
  std::string fields;  // a JSON object
};

// Round robin over the entities.
std::vector<Update> updates(uint64_t seed, size_t count, int entities);
std::string entityId(int entity);

// Where the token of an update stands in a text, or empty.
std::string_view tokenIn(std::string_view text);

class Arrivals {
 public:
  // From now on the last of each entity is waited for.
  void expect(const std::vector<Update>& sent);
  // What the receiving side shows; anything of an earlier round counts as a state, not as the last.
  void seen(std::string_view token);

  struct Outcome {
    int64_t first_ns = 0;   // the first update of this round
    int64_t level_ns = 0;   // the last one that was missing
    uint64_t states = 0;
  };
  // Waits for all; false when the time is over.
  bool wait(int limit_s, Outcome* outcome);

 private:
  std::mutex mutex_;
  std::condition_variable level_;
  std::unordered_map<std::string, bool> round_;  // token -> it is the last of its entity
  size_t missing_ = 0;
  Outcome outcome_;
};

}  // namespace hearthgate::bench
