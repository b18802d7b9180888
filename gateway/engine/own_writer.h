// This home as a writer: its replica id, counter and feed epoch for each owner, and its clock readings (DESIGN.md section
// 2, rules 8 and 9). Part of Core; engine thread. What it changes is written by flush() in the same commit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "store/store.h"

namespace hearthgate::engine {

// A start after a stop that may have lost the end of the log skips this many numbers, so that no number is used twice.
inline constexpr uint64_t kSequenceSkip = 1 << 20;

class OwnWriter {
 public:
  OwnWriter(store::Store& store, Clock& clock, Random& random, int64_t max_clock_drift_ms);

  // Reads everything again, at the start and after a failed commit. Inside a transaction.
  void load();
  // Writes what changed.
  void flush();

  // The owner's row, made when it is new.
  store::OwnerRow& owner(const model::OwnerId& id);
  store::OwnerRow* find(const model::OwnerId& id);
  void changed(store::OwnerRow& row) { dirty_owners_.insert(row.id); }

  // The next dot; draws a replica id when there is none (and remembers it in drawn()).
  model::Dot nextDot(const model::OwnerId& id);
  // The next stamp: max(own last + 1, own clock). A reading further ahead of a synchronised clock than the drift bound is
  // dropped first.
  model::Stamp nextStamp();
  // Whether the last reading is further ahead of a synchronised clock than it may be (T14).
  bool readingTooFarAhead();

  // The current replica id becomes a former one; the next write draws a new one.
  void retire(const model::OwnerId& id);
  void newEpoch(const model::OwnerId& id);
  // Whether `replica` is or was this home's for that owner.
  bool isMine(const model::OwnerId& id, const ReplicaId& replica);
  // What was issued under an own former replica id; 0 for any other.
  uint64_t issuedFormerly(const model::OwnerId& id, const ReplicaId& replica);
  // The counter of the current replica id and the end of the feed at this start: what was issued above them may collide
  // with what a later state of this home issued, of which it is a copy.
  uint64_t counterAtStart(const model::OwnerId& id);
  uint64_t sequenceAtStart() const { return sequence_at_start_.value_or(0); }

  // Replica ids drawn since the last call, to be told on open links before the first version under them.
  std::vector<std::pair<model::OwnerId, ReplicaId>> takeDrawn();

  uint64_t nextSequence();
  uint64_t nextChange();
  const store::Head& head() const { return head_; }
  void skipSequence() { head_.sequence += kSequenceSkip; head_dirty_ = true; }

 private:
  store::Store& store_;
  Clock& clock_;
  Random& random_;
  int64_t max_clock_drift_ms_;
  store::Head head_;
  bool head_dirty_ = false;
  std::map<model::OwnerId, store::OwnerRow> owners_;
  std::map<model::OwnerId, std::map<ReplicaId, uint64_t>> former_;
  std::map<model::OwnerId, model::Dot> at_start_;
  std::optional<uint64_t> sequence_at_start_;
  std::set<model::OwnerId> dirty_owners_;
  std::vector<std::pair<model::OwnerId, ReplicaId>> drawn_;
};

}  // namespace hearthgate::engine
