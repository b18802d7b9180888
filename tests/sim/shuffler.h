// Puts the entities of each batch into another order, and the places in its acknowledgement back: what a receiver makes
// of a batch may not depend on an order that no sender has promised. Of one entity, what a version is built on stays
// before it. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "sim/home.h"

namespace hearthgate::sim {

class Shuffler {
 public:
  explicit Shuffler(uint64_t seed) : random_(seed + 31'337) {}

  // A message on its way from one home to another.
  void pass(size_t from, size_t to, std::string* message);

 private:
  // Where what stands at a place now stood before.
  struct Places {
    std::vector<uint32_t> items;
    std::vector<uint32_t> versions;
  };

  SeededRandom random_;
  // By sender, receiver, owner and number: of the batch that was sent last with that number.
  std::map<std::tuple<size_t, size_t, model::OwnerId, uint64_t>, Places> sent_;
};

}  // namespace hearthgate::sim
