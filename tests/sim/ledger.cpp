#include "sim/ledger.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"
#include "model/field_types.h"

namespace hearthgate::sim {

void WriteSet::add(size_t n) {
  if (words_.size() <= n / 64) words_.resize(n / 64 + 1);
  words_[n / 64] |= uint64_t{1} << (n % 64);
}

bool WriteSet::has(size_t n) const { return n / 64 < words_.size() && (words_[n / 64] >> (n % 64) & 1) != 0; }

WriteSet& WriteSet::operator|=(const WriteSet& other) {
  if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
  for (size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
  return *this;
}

WriteSet& WriteSet::operator-=(const WriteSet& other) {
  for (size_t i = 0; i < words_.size() && i < other.words_.size(); ++i) words_[i] &= ~other.words_[i];
  return *this;
}

bool WriteSet::empty() const {
  for (uint64_t word : words_) {
    if (word != 0) return false;
  }
  return true;
}

Doc docOf(const std::string& fields) {
  auto leaves = model::parseLeaves(fields);
  HG_ASSERT(leaves.ok());
  Doc doc;
  const model::TypedFields typed(*leaves);
  for (const model::Leaf& leaf : *leaves) {
    if (typed.of(leaf.path)) continue;
    std::string path;
    for (const std::string& key : model::splitPath(leaf.path)) path += (path.empty() ? "" : "/") + key;
    doc[path] = leaf.value;
  }
  return doc;
}

Typed typedOf(const std::string& fields) {
  Typed typed;
  if (fields.empty() || fields.front() != '{') return typed;
  auto plain = model::parseJson(model::plainFields(fields), model::kMaxDepth);
  HG_ASSERT(plain.ok());
  if (const model::Json* set = plain->find("s")) {
    for (const model::Json& element : set->items) typed.elements.insert(element.text);
  }
  if (const model::Json* count = plain->find("c")) typed.count = std::stoll(count->text);
  return typed;
}

std::string textOf(const Typed& typed) {
  std::string out = "{";
  for (const std::string& element : typed.elements) out += element + " ";
  return out + "} " + (typed.count ? std::to_string(*typed.count) : "-");
}

void Ledger::wrote(size_t home, const model::Address& address, const model::Siblings& before, const Doc& shown_before,
                   const model::Version& after, const Doc& asked, bool all_anew, const Typed& typed_before) {
  size_t n = writes_.size();
  WriteRecord record;
  record.home = home;
  record.address = address;
  record.hash = after.hash;
  record.dot = after.dot;
  record.deletes = after.deleted;
  record.doc = asked;
  for (const model::Version& version : before) record.ancestors |= coveredBy(version.hash);
  record.ancestors.add(n);
  for (const std::string& path : kPaths) {
    auto now = asked.find(path);
    if (now == asked.end()) {
      record.effects[path] = Effect::kUnset;
      continue;
    }
    auto old = shown_before.find(path);
    bool same = !all_anew && old != shown_before.end() && old->second == now->second;
    if (!same) {
      record.effects[path] = Effect::kSet;
    } else if (before.size() > 1) {
      record.effects[path] = Effect::kKeep;
    }
  }
  Typed now = after.deleted ? Typed{} : typedOf(after.fields);
  std::set_difference(now.elements.begin(), now.elements.end(), typed_before.elements.begin(), typed_before.elements.end(),
                      std::inserter(record.added, record.added.end()));
  std::set_difference(typed_before.elements.begin(), typed_before.elements.end(), now.elements.begin(), now.elements.end(),
                      std::inserter(record.removed, record.removed.end()));
  record.counted = now.count.value_or(0) - typed_before.count.value_or(0);
  record.uncounts = typed_before.count && !now.count;
  // Two lives of a home whose clock stands still may write the very same version.
  covered_[after.hash] |= record.ancestors;
  writes_.push_back(std::move(record));
}

bool Ledger::adopt(const ContentHash& fresh, const ContentHash& old) {
  auto at = covered_.find(old);
  if (at == covered_.end()) return false;
  covered_[fresh] = WriteSet(at->second);
  return true;
}

bool Ledger::adoptBySaying(const ContentHash& fresh, size_t home, const model::Address& address, const model::Version& version) {
  Doc doc = docOf(version.fields);
  for (size_t n = writes_.size(); n-- > 0;) {
    const WriteRecord& write = writes_[n];
    if (write.home != home || write.address != address || write.deletes != version.deleted || write.doc != doc) continue;
    return adopt(fresh, write.hash);
  }
  return false;
}

const WriteSet& Ledger::coveredBy(const ContentHash& hash) const {
  static const WriteSet none;
  auto at = covered_.find(hash);
  return at == covered_.end() ? none : at->second;
}

WriteSet Ledger::heldBy(Home& home, const std::vector<model::OwnerId>& owners) const {
  WriteSet all;
  for (const model::OwnerId& owner : owners) {
    for (const store::FeedRow& row : home.store().feedPart(owner, 0, 1000).rows) {
      model::scanSiblings(row.siblings, [&](const ContentHash& hash, std::string_view) { all |= coveredBy(hash); });
      if (owner == home.owner()) continue;
      for (const model::Version& version : home.store().base(row.n)) all |= coveredBy(version.hash);
    }
  }
  for (const store::HeldRow& held : home.store().held(std::nullopt, 10'000)) all |= coveredBy(held.hash);
  return all;
}

WriteSet Ledger::archivedBy(Home& home) const {
  WriteSet all;
  for (const store::Conflict& conflict : home.store().conflicts({store::ConflictState::kRefused, {}}, std::nullopt, 10'000)) {
    for (const model::Version& version : conflict.versions) all |= coveredBy(version.hash);
  }
  return all;
}

namespace {
bool clash(const std::string& a, const std::string& b) { return b.size() > a.size() && b.compare(0, a.size() + 1, a + "/") == 0; }
}  // namespace

std::optional<Expected> expectedUnderMerge(const Ledger& ledger, const model::Address& address,
                                           const model::Siblings& siblings, const std::string& path) {
  if (ledger.isRewritten(address)) return std::nullopt;
  WriteSet seen;
  for (const model::Version& version : siblings) {
    if (version.deleted) return std::nullopt;
    seen |= ledger.coveredBy(version.hash);
  }
  const auto& writes = ledger.writes();
  std::vector<size_t> here;
  bool deleted = false;
  seen.each([&](size_t n) {
    if (writes[n].address != address) return;
    here.push_back(n);
    deleted = deleted || writes[n].deletes;
  });
  if (deleted) return std::nullopt;
  // The effects on a path that no later write on the same path knew.
  auto latest = [&](const std::string& of) {
    std::vector<size_t> maximal;
    for (size_t n : here) {
      if (!writes[n].effects.contains(of)) continue;
      bool over = false;
      for (size_t m : here) {
        over = over || (m != n && writes[m].effects.contains(of) && writes[m].ancestors.has(n));
      }
      if (!over) maximal.push_back(n);
    }
    return maximal;
  };
  for (const std::string& other : kPaths) {
    if (!clash(path, other) && !clash(other, path)) continue;
    for (size_t n : latest(other)) {
      if (writes[n].effects.at(other) != Effect::kUnset) return std::nullopt;
    }
  }
  Expected expected;
  bool must = false;
  for (size_t n : latest(path)) {
    Effect effect = writes[n].effects.at(path);
    if (effect == Effect::kUnset) continue;
    expected.values.insert(writes[n].doc.at(path));
    must = must || effect == Effect::kSet;
  }
  expected.may_be_absent = !must;
  return expected;
}

std::optional<Typed> expectedTyped(const Ledger& ledger, const model::Address& address, const model::Siblings& siblings) {
  if (ledger.isRewritten(address)) return std::nullopt;
  WriteSet seen;
  for (const model::Version& version : siblings) seen |= ledger.coveredBy(version.hash);
  const auto& writes = ledger.writes();
  std::vector<size_t> here;
  bool decided = true;
  seen.each([&](size_t n) {
    if (writes[n].address != address) return;
    here.push_back(n);
    // A deleted version takes no part, and a counter that began anew may go on from what it was.
    decided = decided && !writes[n].deletes && !writes[n].uncounts;
  });
  if (!decided) return std::nullopt;
  Typed expected;
  for (size_t n : here) {
    for (const std::string& element : writes[n].added) {
      bool gone = std::any_of(here.begin(), here.end(), [&](size_t m) {
        return m != n && writes[m].removed.contains(element) && writes[m].ancestors.has(n);
      });
      if (!gone) expected.elements.insert(element);
    }
    if (writes[n].counted != 0) expected.count = expected.count.value_or(0) + writes[n].counted;
  }
  return expected;
}

}  // namespace hearthgate::sim
