// Own versions written again: under a new replica id after forgotten writes (rule 8), or with fresh stamps after a clock
// that ran ahead (T14).
#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/core.h"

namespace hearthgate::engine {

using model::Entry;
using model::Version;
using store::EntityRow;

void Core::reissue(EntityRow& row, const Version& old, const std::function<bool(const Entry&)>& anew,
                   const std::optional<std::pair<ReplicaId, uint64_t>>& lower) {
  model::Entries entries = model::entriesOf(old);
  for (Entry& entry : entries) {
    if (entry.dot == old.dot || anew(entry)) entry.dot = {};
  }
  // It stands where the old one stood and beside the same others: only that sibling is built on.
  EntityRow alone = row;
  alone.siblings = {old};
  if (lower) {
    model::Vector vector;
    for (const auto& entry : old.vector.entries()) {
      vector.raise(entry.replica, entry.replica == lower->first ? std::min(entry.counter, lower->second) : entry.counter);
    }
    alone.siblings.front().vector = vector;
  }
  auto version = make(alone, std::move(entries), old.deleted, old.reason);
  if (!version.ok()) {
    // Only a full vector fails here; the old version stays and the refusal shows at the next write.
    event("attention", "{\"code\":\"vector_full\",\"entity\":" + model::jsonString(row.address.text()) + "}");
    return;
  }
  if (old.tag && !(row.address.owner == me())) {
    // The new one has no tag yet, and is built on one that has (rule 8).
    model::Siblings base = store_.base(row.n);
    model::join(old, &base);
    store_.putBase(row.n, row.kind, base);
  }
  model::Siblings before = row.siblings;
  std::erase_if(row.siblings, [&](const Version& version_now) { return version_now.hash == old.hash; });
  remember(row, *version, false);
  model::join(std::move(*version), &row.siblings);
  settle(row, store::Origin::kLocal, before);
}

void Core::forgotWrites(const model::OwnerId& owner) {
  store::OwnerRow& own = writer_.owner(owner);
  writer_.newEpoch(owner);
  if (!own.replica) return;
  ReplicaId old = *own.replica;
  uint64_t known = writer_.counterAtStart(owner);
  writer_.retire(owner);
  // What was written since the start used counters that others know for something else.
  std::vector<store::EntityNumber> touched;
  for (uint64_t after = 0;;) {
    std::vector<store::FeedRow> page = store_.feed(owner, after, 500);
    if (page.empty()) break;
    for (const store::FeedRow& item : page) {
      after = item.sequence;
      touched.push_back(item.n);
    }
  }
  // Often found out in the midst of another change.
  auto outer = std::pair(std::exchange(change_, {}), place_);
  beginChange(settings_.home, "", "restore");
  for (store::EntityNumber n : touched) {
    auto row = store_.entity(n);
    if (!row) continue;
    model::Siblings siblings = row->siblings;
    for (const Version& version : siblings) {
      bool collides = version.author == settings_.home && version.dot.replica == old && version.dot.counter > known;
      if (!collides) continue;
      reissue(*row, version, [&](const Entry& entry) { return entry.dot.replica == old && entry.dot.counter > known; },
              std::pair(old, known));
    }
  }
  endChange();
  std::tie(change_, place_) = outer;
}

bool Core::mendStamps() {
  if (!writer_.readingTooFarAhead()) return false;
  int64_t latest = clock_.wallMs() + settings_.max_clock_drift_ms;
  (void)writer_.nextStamp();  // Drops the reading.
  auto tooFar = [&](const Entry& entry) { return entry.stamp.ms > latest; };
  std::vector<store::EntityNumber> touched;
  for (const store::OwnerRow& owner : store_.owners()) {
    for (uint64_t after = 0;;) {
      std::vector<store::FeedRow> page = store_.feed(owner.id, after, 500);
      if (page.empty()) break;
      for (const store::FeedRow& item : page) {
        after = item.sequence;
        touched.push_back(item.n);
      }
    }
  }
  uint64_t count = 0;
  auto outer = std::pair(std::exchange(change_, {}), place_);
  beginChange(settings_.home, "", "sync");
  for (store::EntityNumber n : touched) {
    auto row = store_.entity(n);
    if (!row) continue;
    OwnAccess access = ownAccess(row->address);
    if (access != OwnAccess::kOwner && access != OwnAccess::kWrite) continue;
    model::Siblings siblings = row->siblings;
    for (const Version& version : siblings) {
      if (version.author != settings_.home || model::latestStampMs(version) <= latest) continue;
      reissue(*row, version, tooFar, std::nullopt);
      ++count;
    }
  }
  endChange();
  std::tie(change_, place_) = outer;
  event("attention", "{\"code\":\"clock_was_ahead\",\"rewritten\":" + std::to_string(count) + "}");
  return true;
}

}  // namespace hearthgate::engine
