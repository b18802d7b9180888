// Homes that own circles together: the real core, replicator and keys, and links between any two of them over which messages
// pass in a random order. Used by the simulation of circles and by unit tests; one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/network.h"

namespace hearthgate::sim {

// The keys of the nth home, the same in every run; they take long to make, so all runs of a process share them. Any thread.
const trust::Identity& readyIdentity(size_t n);

class CircleHomes {
 public:
  CircleHomes(size_t count, uint64_t seed, Tampering* tampering = nullptr);

  size_t size() const { return homes_.size(); }
  Home& home(size_t n) { return *homes_[n]; }
  Network& network() { return *network_; }
  SeededRandom& random() { return random_; }
  size_t indexOf(const HomeId& id) const;

  void link(size_t a, size_t b) { network_->open(a, b, false); }
  void linkAll();
  void cut(size_t a, size_t b) { network_->cut(a, b, false, random_); }
  void cutOff(size_t a);
  // Delivers until nothing is left to be said; false when it does not end.
  bool settle();
  // The same, and lets pass what members wait before they offer what others wrote.
  bool calm() { return settle() && pass(200) && pass(200); }
  // Lets `ms` pass for all, with what they do from time to time, and settles.
  bool pass(int64_t ms);

  // `keeper` founds a circle; the others are linked to it and join.
  model::OwnerId found(size_t keeper, const std::vector<size_t>& others);

  // Called for every message that leaves.
  std::function<void(size_t from, size_t to, const std::string& message)> on_message;

 private:
  SeededRandom random_;
  std::vector<std::unique_ptr<Home>> homes_;
  std::unique_ptr<Network> network_;
};

}  // namespace hearthgate::sim
