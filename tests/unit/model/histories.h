// Versions for tests: made by hand, or by writers that do what the engine does (join all siblings, add a dot, give new
// dots only to what changed). Used by the tests of model and conflict.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "model/codec.h"
#include "model/limits.h"
#include "model/version.h"

namespace hearthgate::model {

template <typename Id>
Id numbered(uint8_t first, uint8_t last = 0) {
  Id id;
  id.bytes.front() = first;
  id.bytes.back() = last;
  return id;
}
inline ReplicaId replica(uint8_t n) { return numbered<ReplicaId>(n); }
inline HomeId home(uint8_t n) { return numbered<HomeId>(n, 7); }
inline Address address(std::string id = "light.kitchen") { return {OwnerId(home(1)), std::move(id)}; }

// A table that knows every id that it was asked for.
class Table : public Numbering, public Names {
 public:
  uint32_t replicaNumber(const ReplicaId& id) override { return number(id, &replicas_); }
  uint32_t homeNumber(const HomeId& id) override { return number(id, &homes_); }
  const ReplicaId* replicaName(uint32_t number) const override { return name(number, replicas_); }
  const HomeId* homeName(uint32_t number) const override { return name(number, homes_); }

 private:
  template <typename Id>
  static uint32_t number(const Id& id, std::vector<Id>* known) {
    for (size_t i = 0; i < known->size(); ++i) {
      if ((*known)[i] == id) return static_cast<uint32_t>(i);
    }
    known->push_back(id);
    return static_cast<uint32_t>(known->size() - 1);
  }
  template <typename Id>
  static const Id* name(uint32_t number, const std::vector<Id>& known) {
    return number < known.size() ? &known[number] : nullptr;
  }

  std::vector<ReplicaId> replicas_;
  std::vector<HomeId> homes_;
};

// Writer `n` (home n, replica n), whose writes tick a counter; the stamp is given or the counter in seconds.
struct Writer {
  uint8_t n = 1;
  uint64_t counter = 0;

  Version begin(const Siblings& seen, std::optional<Stamp> stamp) {
    Version version;
    version.author = home(n);
    version.dot = {replica(n), ++counter};
    version.stamp = stamp.value_or(Stamp{true, static_cast<int64_t>(counter) * 1000, 0});
    version.vector = joinedVector(seen);
    version.vector.raise(version.dot.replica, version.dot.counter);
    return version;
  }
  // Writes the whole of `fields`; leaves of `base` (what was shown) that are the same keep their dots.
  Version put(const Siblings& seen, const Entries& base, std::string_view fields, std::optional<Stamp> stamp = {},
              Reason reason = Reason::kWrite) {
    Version version = begin(seen, stamp);
    version.reason = reason;
    auto leaves = parseLeaves(fields);
    EXPECT_TRUE(leaves.ok()) << fields;
    Entries entries;
    for (const Leaf& leaf : *leaves) {
      Entry entry{leaf.path, leaf.value, version.dot, version.stamp};
      for (const Entry& old : base) {
        if (old.path == leaf.path && old.value == leaf.value) entry = old;
      }
      entries.push_back(entry);
    }
    setEntries(entries, &version);
    version.hash = contentHash(address(), version);
    return version;
  }
  Version put(const Siblings& seen, std::string_view fields, std::optional<Stamp> stamp = {},
              Reason reason = Reason::kWrite) {
    return put(seen, seen.empty() || seen.front().deleted ? Entries{} : entriesOf(seen.front()), fields, stamp, reason);
  }
  Version erase(const Siblings& seen, std::optional<Stamp> stamp = {}, Reason reason = Reason::kDelete) {
    Version version = begin(seen, stamp);
    version.deleted = true;
    version.reason = reason;
    version.hash = contentHash(address(), version);
    return version;
  }
};

inline Siblings joined(const std::vector<Version>& versions) {
  Siblings siblings;
  for (const Version& version : versions) join(version, &siblings);
  return siblings;
}

inline std::vector<ContentHash> hashes(const Siblings& siblings) {
  std::vector<ContentHash> out;
  for (const Version& version : siblings) out.push_back(version.hash);
  return out;
}

inline Stamp at(int64_t ms, bool trusted = true, uint32_t count = 0) { return {trusted, ms, count}; }

}  // namespace hearthgate::model
