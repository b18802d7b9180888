#include "engine/own_writer.h"

#include <algorithm>

namespace hearthgate::engine {

OwnWriter::OwnWriter(store::Store& store, Clock& clock, Random& random, int64_t max_clock_drift_ms)
    : store_(store), clock_(clock), random_(random), max_clock_drift_ms_(max_clock_drift_ms) {}

void OwnWriter::load() {
  head_ = store_.head();
  head_dirty_ = false;
  // The first load is the start; a later one follows a failed commit and must not move the marks.
  bool first = !sequence_at_start_;
  if (first) sequence_at_start_ = head_.sequence;
  owners_.clear();
  former_.clear();
  dirty_owners_.clear();
  drawn_.clear();
  for (store::OwnerRow& row : store_.owners()) {
    for (const auto& [replica, issued] : store_.ownReplicas(row.id)) former_[row.id][replica] = issued;
    if (first && row.replica) at_start_[row.id] = {*row.replica, row.counter};
    owners_.emplace(row.id, std::move(row));
  }
}

void OwnWriter::flush() {
  if (head_dirty_) store_.putHead(head_);
  head_dirty_ = false;
  for (const model::OwnerId& id : dirty_owners_) store_.putOwner(&owners_.at(id));
  dirty_owners_.clear();
}

store::OwnerRow* OwnWriter::find(const model::OwnerId& id) {
  auto at = owners_.find(id);
  return at == owners_.end() ? nullptr : &at->second;
}

store::OwnerRow& OwnWriter::owner(const model::OwnerId& id) {
  auto [at, fresh] = owners_.try_emplace(id);
  if (fresh) {
    at->second.id = id;
    at->second.epoch = random_.id<FeedEpoch>();
    store_.putOwner(&at->second);
  }
  return at->second;
}

model::Dot OwnWriter::nextDot(const model::OwnerId& id) {
  store::OwnerRow& row = owner(id);
  if (!row.replica) {
    row.replica = random_.id<ReplicaId>();
    row.counter = 0;
    drawn_.emplace_back(id, *row.replica);
  }
  ++row.counter;
  changed(row);
  return {*row.replica, row.counter};
}

bool OwnWriter::readingTooFarAhead() {
  return clock_.synchronised() && head_.stamp_ms > clock_.wallMs() + max_clock_drift_ms_;
}

model::Stamp OwnWriter::nextStamp() {
  int64_t now = clock_.wallMs();
  if (readingTooFarAhead() || now > head_.stamp_ms) {
    head_.stamp_ms = std::max<int64_t>(now, 0);
    head_.stamp_count = 0;
  } else if (head_.stamp_count == UINT32_MAX) {
    ++head_.stamp_ms;
    head_.stamp_count = 0;
  } else {
    ++head_.stamp_count;
  }
  head_dirty_ = true;
  return {clock_.synchronised(), head_.stamp_ms, head_.stamp_count};
}

void OwnWriter::retire(const model::OwnerId& id) {
  store::OwnerRow& row = owner(id);
  if (!row.replica) return;
  store_.putOwnReplica(id, *row.replica, row.counter);
  uint64_t& issued = former_[id][*row.replica];
  issued = std::max(issued, row.counter);
  row.replica.reset();
  row.counter = 0;
  changed(row);
}

void OwnWriter::newEpoch(const model::OwnerId& id) {
  store::OwnerRow& row = owner(id);
  row.epoch = random_.id<FeedEpoch>();
  changed(row);
}

bool OwnWriter::isMine(const model::OwnerId& id, const ReplicaId& replica) {
  store::OwnerRow* row = find(id);
  if (row && row->replica == replica) return true;
  auto at = former_.find(id);
  return at != former_.end() && at->second.contains(replica);
}

uint64_t OwnWriter::issuedFormerly(const model::OwnerId& id, const ReplicaId& replica) {
  auto at = former_.find(id);
  if (at == former_.end()) return 0;
  auto issued = at->second.find(replica);
  return issued == at->second.end() ? 0 : issued->second;
}

uint64_t OwnWriter::counterAtStart(const model::OwnerId& id) {
  auto at = at_start_.find(id);
  const store::OwnerRow* row = find(id);
  bool same = at != at_start_.end() && row && row->replica == at->second.replica;
  return same ? at->second.counter : 0;
}

std::vector<std::pair<model::OwnerId, ReplicaId>> OwnWriter::takeDrawn() { return std::exchange(drawn_, {}); }

uint64_t OwnWriter::nextSequence() {
  head_dirty_ = true;
  return ++head_.sequence;
}

uint64_t OwnWriter::nextChange() {
  head_dirty_ = true;
  return ++head_.change;
}

}  // namespace hearthgate::engine
