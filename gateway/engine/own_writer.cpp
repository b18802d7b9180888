#include "engine/own_writer.h"

#include <algorithm>

namespace hearthgate::engine {

OwnWriter::OwnWriter(store::Store& store, Clock& clock, Random& random, int64_t max_clock_drift_ms)
    : store_(store), clock_(clock), random_(random), max_clock_drift_ms_(max_clock_drift_ms) {}

void OwnWriter::load() {
  head_ = store_.head();
  head_dirty_ = false;
  owners_.clear();
  former_.clear();
  dirty_owners_.clear();
  drawn_.clear();
  for (store::OwnerRow& row : store_.owners()) {
    for (const store::OwnReplica& own : store_.ownReplicas(row.id)) former_[row.id][own.replica] = own;
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

ReplicaId OwnWriter::replica(const model::OwnerId& id) {
  store::OwnerRow& row = owner(id);
  if (!row.replica) {
    row.replica = random_.id<ReplicaId>();
    row.counter = 0;
    row.told = 0;
    changed(row);
    drawn_.emplace_back(id, *row.replica);
  }
  return *row.replica;
}

model::Dot OwnWriter::nextDot(const model::OwnerId& id) {
  ReplicaId self = replica(id);
  store::OwnerRow& row = owner(id);
  ++row.counter;
  changed(row);
  return {self, row.counter};
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
  store::OwnReplica own{*row.replica, row.counter, row.told, {}};
  store_.putOwnReplica(id, own);
  former_[id][own.replica] = own;
  row.replica.reset();
  row.counter = 0;
  row.told = 0;
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

const store::OwnReplica* OwnWriter::former(const model::OwnerId& id, const ReplicaId& replica) {
  auto at = former_.find(id);
  if (at == former_.end()) return nullptr;
  auto own = at->second.find(replica);
  return own == at->second.end() ? nullptr : &own->second;
}

uint64_t OwnWriter::issued(const model::OwnerId& id, const ReplicaId& replica) {
  if (const store::OwnerRow& row = owner(id); row.replica == replica) return row.counter;
  const store::OwnReplica* own = former(id, replica);
  return own ? own->issued : 0;
}

uint64_t OwnWriter::told(const model::OwnerId& id, const ReplicaId& replica) {
  const store::OwnerRow& row = owner(id);
  if (row.replica == replica) return row.told;
  const store::OwnReplica* own = former(id, replica);
  return own ? own->told : 0;
}

bool OwnWriter::wasNeverTold(const model::OwnerId& id, const model::Dot& dot) {
  if (!isMine(id, dot.replica) || dot.counter <= told(id, dot.replica)) return false;
  const store::OwnReplica* own = former(id, dot.replica);
  return !own || !own->shared;
}

bool OwnWriter::hasUntold(const model::OwnerId& id) {
  const store::OwnerRow& row = owner(id);
  if (row.told < row.counter) return true;
  auto at = former_.find(id);
  return at != former_.end() && std::any_of(at->second.begin(), at->second.end(), [](const auto& own) {
           return own.second.told < own.second.issued;
         });
}

void OwnWriter::raiseTold(const model::OwnerId& id, const ReplicaId& replica, uint64_t counter) {
  store::OwnerRow& row = owner(id);
  if (told(id, replica) >= counter) return;
  if (row.replica == replica) {
    row.told = counter;
    changed(row);
  } else if (const store::OwnReplica* own = former(id, replica)) {
    store::OwnReplica raised = *own;
    raised.told = counter;
    store_.putOwnReplica(id, raised);
    former_[id][replica] = raised;
  }
}

void OwnWriter::parted(const model::OwnerId& id, const ReplicaId& replica, uint64_t shared) {
  if (owner(id).replica == replica) retire(id);
  const store::OwnReplica* known = former(id, replica);
  if (!known || (known->shared && *known->shared <= shared)) return;
  store::OwnReplica own = *known;
  own.shared = shared;
  store_.putOwnReplica(id, own);
  former_[id][replica] = own;
}

std::map<ReplicaId, uint64_t> OwnWriter::partings(const model::OwnerId& id) {
  std::map<ReplicaId, uint64_t> all;
  auto at = former_.find(id);
  if (at == former_.end()) return all;
  for (const auto& [replica, own] : at->second) {
    if (own.shared) all[replica] = *own.shared;
  }
  return all;
}

uint64_t OwnWriter::startBelow(const model::OwnerId& id, const ReplicaId& replica, uint64_t counter) {
  uint64_t found = 0;
  for (const store::StartRow& start : store_.starts(id)) {
    if (start.replica == replica && start.counter < counter) found = std::max(found, start.counter);
  }
  return found;
}

uint64_t OwnWriter::sharedUpTo(const model::OwnerId& id, const ReplicaId& replica) {
  uint64_t told_now = told(id, replica);
  bool current = owner(id).replica == replica;
  uint64_t last_start = UINT64_MAX;
  for (const store::StartRow& start : store_.starts(id)) {
    if (!(start.replica == replica)) continue;
    if (!current && start.counter >= told_now) return start.counter;
    last_start = start.counter;
  }
  return current ? std::min(told_now, last_start) : issued(id, replica);
}

std::optional<store::StartRow> OwnWriter::startThatSkipped(const model::OwnerId& id, uint64_t sequence) {
  for (store::StartRow& start : store_.starts(id)) {
    if (start.low < sequence && sequence < start.high) return std::move(start);
  }
  return std::nullopt;
}

void OwnWriter::skipSequence() {
  uint64_t low = head_.sequence;
  uint8_t chance[4];
  random_.fill(chance);
  uint64_t extra = (uint64_t{chance[0]} | uint64_t{chance[1]} << 8 | uint64_t{chance[2]} << 16) % kSequenceSkip;
  head_.sequence = low + kSequenceSkip + extra;
  head_dirty_ = true;
  for (const auto& [id, row] : owners_) {
    store_.addStart(id, {low, head_.sequence, row.replica, row.counter}, kStartsKept);
  }
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
