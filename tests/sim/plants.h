// Planted defects: for each of them the simulation has to fail, else a property that it claims to check is not checked
// (`hearthgate-sim --plants`). One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sim/steps.h"

namespace hearthgate::sim {

struct Plant {
  std::string_view name;
  std::string_view what;  // the defect, as a sentence without its subject
  std::unique_ptr<Tampering> (*make)(uint64_t seed);
  Variant variant = {};  // where it shows
  bool of_circles = false;  // in runs of circles
};

// plants_messages.cpp
std::vector<Plant> plantsInMessages();
// plants_rows.cpp
std::vector<Plant> plantsInRows();
// plants_rules.cpp
std::vector<Plant> plantsInRules();
// plants_starts.cpp
std::vector<Plant> plantsAtStarts();

// plants_circles.cpp
std::vector<Plant> plantsOfCircles();

std::vector<Plant> allPlants();

// Counters far above what a home has written are taken for told: it does not find another life of its own by them.
void takeForTold(Home& home);

template <typename T>
std::unique_ptr<Tampering> makePlant(uint64_t seed) {
  if constexpr (std::is_constructible_v<T, uint64_t>) {
    return std::make_unique<T>(seed);
  } else {
    (void)seed;
    return std::make_unique<T>();
  }
}

}  // namespace hearthgate::sim
