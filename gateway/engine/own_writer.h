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

// Every start skips this many feed numbers and up to as many again by chance: so no number is used twice after a stop
// that lost the end of the log, and two lives of a home that was copied back do not use the same ones.
inline constexpr uint64_t kSequenceSkip = 1 << 20;
// Starts that are remembered: a copy that was brought back longer ago than these is not told apart any more.
inline constexpr size_t kStartsKept = 64;

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

  // The replica id that the next dot has; draws one when there is none (and remembers it in drawn()).
  ReplicaId replica(const model::OwnerId& id);
  // The next dot, under replica().
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
  // What was issued under an own replica id, current or former; 0 for any other.
  uint64_t issued(const model::OwnerId& id, const ReplicaId& replica);
  // The highest counter of an own replica id that others can know: the highest in a version that left.
  uint64_t told(const model::OwnerId& id, const ReplicaId& replica);
  // Whether this dot is under an own replica id and above what was told, and no other life is known to have written there.
  bool wasNeverTold(const model::OwnerId& id, const model::Dot& dot);
  // Whether any own replica id has counters that nobody was told.
  bool hasUntold(const model::OwnerId& id);
  // That much is told with this commit.
  void raiseTold(const model::OwnerId& id, const ReplicaId& replica, uint64_t counter);
  // If this home is a copy of an older state of itself: up to what counter of `replica` are its versions certainly the
  // same in the other life? Of the current one what was told before the last start, where they may have parted. One that
  // a known restore or power cut ended can only have parted from another life at a start since the last that was told.
  uint64_t sharedUpTo(const model::OwnerId& id, const ReplicaId& replica);
  // Another life of this home wrote under `replica` too, the same up to `shared`: it is retired, and that is kept.
  void parted(const model::OwnerId& id, const ReplicaId& replica, uint64_t shared);
  // Own replica ids under which another life wrote too, each with the counter up to which its versions are the same.
  std::map<ReplicaId, uint64_t> partings(const model::OwnerId& id);
  // The highest counter of `replica` below `counter` that a start found: lives part where a copy is started. 0 if none.
  uint64_t startBelow(const model::OwnerId& id, const ReplicaId& replica, uint64_t counter);
  // The start that skipped this feed number, if one did.
  std::optional<store::StartRow> startThatSkipped(const model::OwnerId& id, uint64_t sequence);

  // Replica ids drawn since the last call, to be told on open links before the first version under them.
  std::vector<std::pair<model::OwnerId, ReplicaId>> takeDrawn();

  uint64_t nextSequence();
  uint64_t nextChange();
  const store::Head& head() const { return head_; }
  void skipSequence();

 private:
  const store::OwnReplica* former(const model::OwnerId& id, const ReplicaId& replica);

  store::Store& store_;
  Clock& clock_;
  Random& random_;
  int64_t max_clock_drift_ms_;
  store::Head head_;
  bool head_dirty_ = false;
  std::map<model::OwnerId, store::OwnerRow> owners_;
  std::map<model::OwnerId, std::map<ReplicaId, store::OwnReplica>> former_;
  std::set<model::OwnerId> dirty_owners_;
  std::vector<std::pair<model::OwnerId, ReplicaId>> drawn_;
};

}  // namespace hearthgate::engine
