// Randomness as an interface, so that the simulation can be its source. Any thread for systemRandom().
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/ids.h"

namespace hearthgate {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<uint8_t> out) = 0;

  std::string bytes(size_t count) {
    std::string out(count, '\0');
    fill({reinterpret_cast<uint8_t*>(out.data()), out.size()});
    return out;
  }
  template <typename Id>
  Id id() {
    Id value;
    fill(value.bytes);
    return value;
  }
};

// The kernel's generator, getrandom(2). Fit for keys.
Random& systemRandom();

}  // namespace hearthgate
