#include "model/version.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/assert.h"
#include "base/sha256.h"
#include "model/limits.h"

namespace hearthgate::model {
namespace {

void appendNumber(uint64_t value, std::string* out) {
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out->append(digits, static_cast<size_t>(end - digits));
}

void appendDot(const Dot& dot, std::string* out) {
  *out += '"';
  dot.replica.appendText(out);
  *out += "\",";
  appendNumber(dot.counter, out);
}

void appendStamp(const Stamp& stamp, std::string* out) {
  appendNumber(static_cast<uint64_t>(stamp.ms), out);
  *out += ',';
  appendNumber(stamp.count, out);
  *out += stamp.trusted ? ",true" : ",false";
}

// The entries in byte order of their replica ids' text, which is not that of the ids because base32's alphabet is not
// monotonic.
void appendVector(const Vector& vector, std::string* out) {
  if (vector.size() == 1) {
    *out += '"';
    vector.entries().front().replica.appendText(out);
    *out += "\":";
    return appendNumber(vector.entries().front().counter, out);
  }
  std::vector<std::pair<std::string, uint64_t>> sorted;
  sorted.reserve(vector.size());
  for (const auto& entry : vector.entries()) sorted.emplace_back(entry.replica.text(), entry.counter);
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [replica, counter] : sorted) {
    if (out->back() != '{') *out += ',';
    *out += '"';
    out->append(replica).append("\":");
    appendNumber(counter, out);
  }
}

constexpr size_t kCanonicalRest = 512;   // of a canonical form beside its fields and leaf dots
constexpr size_t kCanonicalLeafDot = 45;  // of each dot of a leaf, and of each of the stamps some 20 more

// {"author","deleted","dot":[r,c],"dots":[[leaf,r,c]…],"fields","id","kind","owner","reason","stamp":[ms,count,trusted],
//  "stamps":[[r,c,ms,count,trusted]…],"types":{},"vector":{r:c…}}.
std::string canonicalForm(const Address& address, const Version& version) {
  std::string out;
  out.reserve(kCanonicalRest + version.fields.size() + version.vector.size() * kCanonicalLeafDot +
              (version.leaf_dots.size() + 2 * version.dot_stamps.size()) * kCanonicalLeafDot);
  out += "{\"author\":\"";
  version.author.appendText(&out);
  out += version.deleted ? "\",\"deleted\":true,\"dot\":[" : "\",\"deleted\":false,\"dot\":[";
  appendDot(version.dot, &out);
  out += "],\"dots\":[";
  for (const auto& entry : version.leaf_dots) {
    if (out.back() != '[') out += ',';
    out += '[';
    appendNumber(entry.leaf, &out);
    out += ',';
    appendDot(entry.dot, &out);
    out += ']';
  }
  out += "],\"fields\":";
  out += version.fields;
  out += ",\"id\":";
  appendJsonString(address.id, &out);
  out += ",\"kind\":\"";
  out += version.kind;
  out += "\",\"owner\":\"";
  address.owner.appendText(&out);
  out += "\",\"reason\":\"";
  out += reasonText(version.reason);
  out += "\",\"stamp\":[";
  appendStamp(version.stamp, &out);
  out += "],\"stamps\":[";
  for (const auto& entry : version.dot_stamps) {
    if (out.back() != '[') out += ',';
    out += '[';
    appendDot(entry.dot, &out);
    out += ',';
    appendStamp(entry.stamp, &out);
    out += ']';
  }
  out += "],\"types\":{},\"vector\":{";
  appendVector(version.vector, &out);
  out += "}}";
  return out;
}

bool stampInRange(const Stamp& stamp) { return stamp.ms >= 0 && stamp.ms <= kMaxStampMs; }
bool dotInRange(const Dot& dot) { return dot.counter > 0 && dot.counter < kMaxCounter; }

Status badVersion(std::string message) { return inputError("bad_version", std::move(message)); }

// All that checkVersion() says but for the kind and the text of the fields, which hold so many leaves.
Status checkAroundFields(const Version& version, size_t leaves) {
  if (version.vector.size() > kMaxVectorEntries) {
    return inputError("vector_full", "The version vector has more than 1024 entries.");
  }
  if (!dotInRange(version.dot) || !stampInRange(version.stamp)) return badVersion("A counter or stamp is out of range.");
  for (const auto& entry : version.vector.entries()) {
    if (entry.counter == 0 || entry.counter >= kMaxCounter) return badVersion("A counter of the vector is out of range.");
  }
  if (version.vector.at(version.dot.replica) != version.dot.counter) {
    return badVersion("The vector does not end in the version's own dot.");
  }
  if (version.deleted && leaves > 0) return badVersion("A deleted version has fields.");
  std::vector<Dot> used;
  for (size_t i = 0; i < version.leaf_dots.size(); ++i) {
    const auto& entry = version.leaf_dots[i];
    if (entry.leaf >= leaves || (i > 0 && version.leaf_dots[i - 1].leaf >= entry.leaf)) {
      return badVersion("A leaf's dot names no leaf, or one twice.");
    }
    if (!dotInRange(entry.dot) || entry.dot == version.dot || !version.vector.covers(entry.dot)) {
      return badVersion("A leaf's dot is not covered by the vector.");
    }
    used.push_back(entry.dot);
  }
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  bool stamps_fit = used.size() == version.dot_stamps.size();
  for (size_t i = 0; stamps_fit && i < used.size(); ++i) {
    stamps_fit = version.dot_stamps[i].dot == used[i] && stampInRange(version.dot_stamps[i].stamp);
  }
  if (!stamps_fit) return badVersion("The stamps of the leaves' dots are not exactly theirs.");
  return {};
}

}  // namespace

std::string_view reasonText(Reason reason) {
  switch (reason) {
    case Reason::kWrite: return "write";
    case Reason::kResolution: return "resolution";
    case Reason::kRestore: return "restore";
    case Reason::kUndo: return "undo";
    case Reason::kDelete: return "delete";
  }
  return "write";
}

std::string versionId(const ContentHash& hash) { return base32(hash.view().substr(0, 20)); }

ContentHash contentHash(const Address& address, const Version& version) {
  ContentHash hash;
  hash.bytes = sha256(canonicalForm(address, version));
  return hash;
}

Entries entriesOf(const Version& version) {
  Entries entries;
  auto next = version.leaf_dots.begin();
  LeafScan scan(version.fields);
  for (uint32_t i = 0; scan.next(); ++i) {
    Entry entry{Path(scan.path()), std::string(scan.value()), version.dot, version.stamp};
    if (next != version.leaf_dots.end() && next->leaf == i) {
      entry.dot = next->dot;
      auto stamp = std::lower_bound(version.dot_stamps.begin(), version.dot_stamps.end(), entry.dot,
                                    [](const auto& known, const Dot& dot) { return known.dot < dot; });
      HG_ASSERT(stamp != version.dot_stamps.end() && stamp->dot == entry.dot);
      entry.stamp = stamp->stamp;
      ++next;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

void keepDots(const Version& before, Version* version, const std::vector<Path>& anew) {
  version->leaf_dots.clear();
  version->dot_stamps.clear();
  LeafScan old(before.fields);
  LeafScan now(version->fields);
  auto next = before.leaf_dots.begin();
  uint32_t old_leaf = 0;
  bool more = old.next();
  for (uint32_t leaf = 0; now.next(); ++leaf) {
    for (; more && old.path() < now.path(); ++old_leaf) more = old.next();
    if (!more || old.path() != now.path() || old.value() != now.value()) continue;
    if (!anew.empty() && std::binary_search(anew.begin(), anew.end(), now.path())) continue;
    while (next != before.leaf_dots.end() && next->leaf < old_leaf) ++next;
    bool own = next == before.leaf_dots.end() || next->leaf != old_leaf;
    version->leaf_dots.push_back({leaf, own ? before.dot : next->dot});
  }
  // A stamp for each dot that is left, and for no other.
  for (const auto& entry : version->leaf_dots) {
    auto byDot = [](const Version::DotStamp& known, const Dot& dot) { return known.dot < dot; };
    auto at = std::lower_bound(version->dot_stamps.begin(), version->dot_stamps.end(), entry.dot, byDot);
    if (at != version->dot_stamps.end() && at->dot == entry.dot) continue;
    auto stamp = std::lower_bound(before.dot_stamps.begin(), before.dot_stamps.end(), entry.dot, byDot);
    bool own = entry.dot == before.dot;
    HG_ASSERT(own || (stamp != before.dot_stamps.end() && stamp->dot == entry.dot));
    version->dot_stamps.insert(at, {entry.dot, own ? before.stamp : stamp->stamp});
  }
}

void setEntries(const Entries& entries, Version* version) {
  Leaves leaves;
  leaves.reserve(entries.size());
  version->leaf_dots.clear();
  version->dot_stamps.clear();
  for (uint32_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    leaves.push_back({entry.path, entry.value});
    if (entry.dot == version->dot) continue;
    version->leaf_dots.push_back({i, entry.dot});
    version->dot_stamps.push_back({entry.dot, entry.stamp});
  }
  auto byDot = [](const auto& a, const auto& b) { return a.dot < b.dot; };
  auto sameDot = [](const auto& a, const auto& b) { return a.dot == b.dot; };
  std::sort(version->dot_stamps.begin(), version->dot_stamps.end(), byDot);
  version->dot_stamps.erase(std::unique(version->dot_stamps.begin(), version->dot_stamps.end(), sameDot),
                            version->dot_stamps.end());
  version->fields = canonicalFields(leaves);
}

Status checkVersion(const Version& version) {
  HG_CHECK(checkKind(version.kind));
  HG_TRY(size_t leaves, checkFieldsText(version.fields));
  return checkAroundFields(version, leaves);
}

Status checkKept(const Version& version) {
  size_t leaves = 0;
  bool whole = version.fields.starts_with('{');
  LeafScan scan(version.fields, LeafScan::Paths::kPassedOver);
  for (; whole && scan.next(); ++leaves) whole = !scan.value().empty();
  if (!whole || scan.broken()) return badVersion("The fields are not in canonical form.");
  return checkAroundFields(version, leaves);
}

bool dominates(const Version& a, const Version& b) { return a.vector.covers(b.vector) && !(a.vector == b.vector); }

bool greater(const Version& a, const Version& b) {
  if (a.deleted != b.deleted) return !a.deleted;
  if (a.stamp != b.stamp) return a.stamp > b.stamp;
  if (a.dot.replica != b.dot.replica) return a.dot.replica > b.dot.replica;
  return a.hash > b.hash;
}

int64_t latestStampMs(const Version& version) {
  int64_t latest = version.stamp.ms;
  for (const auto& entry : version.dot_stamps) latest = std::max(latest, entry.stamp.ms);
  return latest;
}

JoinOutcome join(Version version, Siblings* siblings, Siblings* fell, bool* tag_learned) {
  for (Version& mine : *siblings) {
    if (mine.hash == version.hash) {
      if (!mine.tag && version.tag) {
        mine.tag = version.tag;
        if (tag_learned) *tag_learned = true;
      }
      return JoinOutcome::kKnown;
    }
    if (dominates(mine, version)) return JoinOutcome::kCovered;
  }
  auto stays = std::stable_partition(siblings->begin(), siblings->end(),
                                     [&](const Version& mine) { return !dominates(version, mine); });
  if (fell) std::move(stays, siblings->end(), std::back_inserter(*fell));
  siblings->erase(stays, siblings->end());
  auto place = std::lower_bound(siblings->begin(), siblings->end(), version,
                                [](const Version& a, const Version& b) { return a.hash < b.hash; });
  siblings->insert(place, std::move(version));
  return JoinOutcome::kAdded;
}

Vector joinedVector(const Siblings& siblings) {
  Vector vector;
  for (const Version& version : siblings) vector.join(version.vector);
  return vector;
}

}  // namespace hearthgate::model
