// Counts that read a whole table, kept so that who asks often does not keep the disk busy. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "store/reader.h"

namespace hearthgate::api {

class Tallies {
 public:
  struct Counts {
    std::vector<store::EntityTally> entities;
    uint64_t history = 0;
  };
  // Counts again when something changed, and at most a twentieth of the time.
  Counts look(store::Reader& reader);

 private:
  std::mutex mutex_;
  Counts counts_;
  bool counted_ = false;
  uint64_t sequence_ = 0;
  double next_s_ = 0;  // of the steady clock
};

}  // namespace hearthgate::api
