// Version vectors and stamps. Values, any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"

namespace hearthgate::model {

// One write: the counter-th of `replica`. Counters start at 1 and rise by 1.
struct Dot {
  ReplicaId replica;
  uint64_t counter = 0;
  auto operator<=>(const Dot&) const = default;
};

// A hybrid logical clock reading (Kulkarni et al. 2014) without its replica, which the dot beside it names. Member order
// is comparison order: a trusted clock beats an untrusted one (DESIGN.md section 2, rule 6).
struct Stamp {
  bool trusted = false;
  int64_t ms = 0;  // since 1970
  uint32_t count = 0;
  auto operator<=>(const Stamp&) const = default;
};

// For each replica the highest counter that is covered. Sorted by replica, no zero counters.
class Vector {
 public:
  struct Entry {
    ReplicaId replica;
    uint64_t counter;
    auto operator<=>(const Entry&) const = default;
  };

  uint64_t at(const ReplicaId& replica) const;
  bool covers(const Dot& dot) const { return at(dot.replica) >= dot.counter; }
  // Whether every entry of `other` is at most ours.
  bool covers(const Vector& other) const;
  void raise(const ReplicaId& replica, uint64_t counter);
  void join(const Vector& other);

  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  bool operator==(const Vector&) const = default;

 private:
  std::vector<Entry> entries_;
};

}  // namespace hearthgate::model
