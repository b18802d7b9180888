// What the simulation itself knows of every acknowledged write: who made it, on top of which others (found by looking at
// what stood there, never by the product's vectors), what it said, and whether the world has lost every copy of it. The
// properties are judged against this account. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/home.h"

namespace hearthgate::sim {

// A set of writes by number.
class WriteSet {
 public:
  void add(size_t n);
  bool has(size_t n) const;
  WriteSet& operator|=(const WriteSet& other);
  WriteSet& operator-=(const WriteSet& other);
  bool empty() const;
  template <typename F>
  void each(F&& f) const {
    for (size_t n = 0; n < words_.size() * 64; ++n) {
      if (has(n)) f(n);
    }
  }

 private:
  std::vector<uint64_t> words_;
};

// Plain fields as paths like `n/x`, each with its JSON.
using Doc = std::map<std::string, std::string>;
Doc docOf(const std::string& fields);

// The set `s` and the counter `c`, which entities have in runs with --fields.
struct Typed {
  std::set<std::string> elements;
  std::optional<int64_t> count;  // nothing: there is no counter
  bool operator==(const Typed&) const = default;
};
Typed typedOf(const std::string& fields);
std::string textOf(const Typed& typed);

// The paths that the simulation writes.
inline const std::vector<std::string> kPaths = {"p", "q", "n", "n/x", "n/y"};

// What a write did to one path. kKeep: several siblings stood there and the write kept what was shown.
enum class Effect { kSet, kKeep, kUnset };

struct WriteRecord {
  size_t home = 0;
  model::Address address;
  ContentHash hash;
  model::Dot dot;
  bool deletes = false;
  Doc doc;
  std::map<std::string, Effect> effects;
  std::set<std::string> added;    // elements, said to be there
  std::set<std::string> removed;  // elements that stood there and are gone
  int64_t counted = 0;
  bool uncounts = false;  // takes the counter away
  WriteSet ancestors;         // itself included
  bool history_lost = false;  // its author went back to before it, or lost `read`
};

class Ledger {
 public:
  // A local write by `home` made `after` on top of `before`.
  void wrote(size_t home, const model::Address& address, const model::Siblings& before, const Doc& shown_before,
             const model::Version& after, const Doc& asked, bool all_anew, const Typed& typed_before);
  // A version that the product made without being asked takes over the account of the one it stands for; which one that
  // is, is told by what it says, and only among several that say the same by its stamp and vector.
  bool adopt(const ContentHash& fresh, const ContentHash& old);
  // The same when the old one is gone with the history: the newest write of `home` that said the same.
  bool adoptBySaying(const ContentHash& fresh, size_t home, const model::Address& address, const model::Version& version);
  bool knows(const ContentHash& hash) const { return covered_.contains(hash); }
  const WriteSet& coveredBy(const ContentHash& hash) const;
  // All that a home's database still says: siblings, what they were built on, what is held back; the archive apart.
  WriteSet heldBy(Home& home, const std::vector<model::OwnerId>& owners) const;
  WriteSet archivedBy(Home& home) const;

  std::vector<WriteRecord>& writes() { return writes_; }
  const std::vector<WriteRecord>& writes() const { return writes_; }
  void exempt(const WriteSet& lost) { exempt_ |= lost; }
  bool isExempt(size_t n) const { return exempt_.has(n); }
  void markRewritten(const model::Address& address) { rewritten_.insert(address); }
  bool isRewritten(const model::Address& address) const { return rewritten_.contains(address); }

 private:
  std::vector<WriteRecord> writes_;
  std::unordered_map<ContentHash, WriteSet> covered_;
  WriteSet exempt_;
  std::set<model::Address> rewritten_;
};

// What `merge` has to show at `path` for these siblings, found from the account alone; nothing when the account does not
// decide it (deletes, rewritten versions, clashing paths).
struct Expected {
  bool may_be_absent = false;
  std::set<std::string> values;
};
std::optional<Expected> expectedUnderMerge(const Ledger& ledger, const model::Address& address,
                                           const model::Siblings& siblings, const std::string& path);

// What the set and the counter have to show under every strategy; nothing when the account does not decide it.
std::optional<Typed> expectedTyped(const Ledger& ledger, const model::Address& address, const model::Siblings& siblings);

}  // namespace hearthgate::sim
