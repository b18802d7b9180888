#include "conflict/view.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/assert.h"
#include "base/sha256.h"

namespace hearthgate::conflict {
namespace {

using model::Entries;
using model::Entry;
using model::Siblings;
using model::Version;

const Version* greatest(const std::vector<const Version*>& versions) {
  return *std::max_element(versions.begin(), versions.end(),
                           [](const Version* a, const Version* b) { return model::greater(*b, *a); });
}

// The greatest of those that the owner wrote, or (`remote`) that somebody else did; the greatest of all without any.
const Version* greatestBySide(const std::vector<const Version*>& live, const model::OwnerId& owner, bool remote) {
  std::vector<const Version*> side;
  for (const Version* version : live) {
    if (owner.isHome(version->author) != remote) side.push_back(version);
  }
  return greatest(side.empty() ? live : side);
}

// A live sibling with its leaves.
struct Side {
  const Version* version;
  Entries entries;

  // Its leaf at `path`, or null.
  const Entry* at(const model::Path& path) const {
    auto found = std::lower_bound(entries.begin(), entries.end(), path,
                                  [](const Entry& entry, const model::Path& wanted) { return entry.path < wanted; });
    return found != entries.end() && found->path == path ? &*found : nullptr;
  }
};
using Sides = std::vector<Side>;

// What became of an entry: whoever was written knowing it and does not have it gave it up on purpose, for another one
// at its path or for none.
enum class Fate { kStays, kReplaced, kRemoved };

Fate fateOf(const Entry& entry, const Sides& sides) {
  Fate fate = Fate::kStays;
  for (const Side& side : sides) {
    if (!side.version->vector.covers(entry.dot)) continue;
    const Entry* theirs = side.at(entry.path);
    if (!theirs) return Fate::kRemoved;
    if (theirs->dot != entry.dot) fate = Fate::kReplaced;
  }
  return fate;
}

struct Candidate {
  Entry entry;
  Fate fate;
  bool beats(const Candidate& other) const { return fate != other.fate ? fate < other.fate : entry.beats(other.entry); }
};

struct Merged {
  Entries entries;
  // Paths at which every value was replaced, each by another: two homes that each kept one of the two when they wrote.
  // One of them stands all the same, for nobody removed it, and the others are lost.
  std::set<model::Path> standoffs;
};

// Rule 5: an entry stays if every sibling that covers its dot has it; of several at one path the greatest.
Merged mergeEntries(const Sides& sides) {
  std::map<model::Path, Candidate> kept;
  for (const Side& side : sides) {
    for (const Entry& entry : side.entries) {
      Candidate candidate{entry, fateOf(entry, sides)};
      if (candidate.fate == Fate::kRemoved) continue;
      auto [at, fresh] = kept.try_emplace(entry.path, candidate);
      if (!fresh && candidate.beats(at->second)) at->second = std::move(candidate);
    }
  }
  Merged merged;
  for (const auto& [path, candidate] : kept) {
    if (candidate.fate == Fate::kReplaced) merged.standoffs.insert(path);
  }
  // A path and paths below it cannot both stand: the greatest of the clashing entries does. Everything below a path
  // follows it directly in this order.
  for (auto at = kept.begin(); at != kept.end();) {
    auto end = std::next(at);
    const Candidate* best_below = nullptr;
    for (; end != kept.end() && model::isBelow(end->first, at->first); ++end) {
      if (!best_below || end->second.beats(*best_below)) best_below = &end->second;
    }
    if (best_below && best_below->beats(at->second)) {
      ++at;  // What is below is looked at again: it may clash among itself.
    } else {
      merged.entries.push_back(std::move(at->second.entry));
      at = end;
    }
  }
  return merged;
}

// What of `siblings` the shown entries leave out: values, and removals of what is shown nevertheless.
void recordLosses(const Sides& sides, const Siblings& siblings, const std::set<model::Path>& standoffs, View* out) {
  const Entries* entries = &out->merged;
  for (const Side& side : sides) {
    if (side.version == out->single) entries = &side.entries;
  }
  std::map<std::string_view, const Entry*> shown;
  for (const Entry& entry : *entries) shown.emplace(entry.path, &entry);
  std::set<model::Path> lost_fields;
  for (const Side& side : sides) {
    bool lost = false;
    for (const Entry& entry : side.entries) {
      auto at = shown.find(entry.path);
      if (at != shown.end() && at->second->value == entry.value) continue;
      // Under merge a leaf that another sibling knowingly replaced or removed is no loss.
      Fate fate = out->single ? Fate::kStays : fateOf(entry, sides);
      if (fate == Fate::kRemoved || (fate == Fate::kReplaced && !standoffs.contains(entry.path))) continue;
      lost = true;
      lost_fields.insert(entry.path);
    }
    for (const Entry& entry : *entries) {
      if (side.at(entry.path) || !side.version->vector.covers(entry.dot)) continue;
      lost = true;
      lost_fields.insert(entry.path);
    }
    if (lost) out->lost.push_back(side.version);
  }
  for (const Version& version : siblings) {
    if (version.deleted != out->deleted) out->lost.push_back(&version);
  }
  out->lost_fields.assign(lost_fields.begin(), lost_fields.end());
}

std::string hashOfIds(const Siblings& siblings, std::string_view prefix) {
  std::vector<std::string> ids;
  for (const Version& version : siblings) ids.push_back(version.id());
  std::sort(ids.begin(), ids.end());
  std::string all(prefix);
  for (const std::string& id : ids) all += id + "\n";
  auto digest = sha256(all);
  return base32({reinterpret_cast<const char*>(digest.data()), 20});
}

}  // namespace

std::optional<Strategy> parseStrategy(std::string_view name) {
  for (Strategy strategy :
       {Strategy::kLatestWins, Strategy::kMerge, Strategy::kLocalWins, Strategy::kRemoteWins, Strategy::kUserChoice}) {
    if (strategyName(strategy) == name) return strategy;
  }
  return std::nullopt;
}

std::string_view strategyName(Strategy strategy) {
  switch (strategy) {
    case Strategy::kLatestWins:
      return "latest-wins";
    case Strategy::kMerge:
      return "merge";
    case Strategy::kLocalWins:
      return "local-wins";
    case Strategy::kRemoteWins:
      return "remote-wins";
    case Strategy::kUserChoice:
      return "user-choice";
  }
  return "latest-wins";
}

std::string View::fields() const {
  if (single) return single->fields;
  model::Leaves leaves;
  leaves.reserve(merged.size());
  for (const Entry& entry : merged) leaves.push_back({entry.path, entry.value});
  return model::canonicalFields(leaves);
}

View view(Strategy strategy, const Siblings& siblings, const model::OwnerId& owner) {
  HG_ASSERT(!siblings.empty());
  std::vector<const Version*> live;
  for (const Version& version : siblings) {
    if (!version.deleted) live.push_back(&version);
  }
  View out;
  if (live.empty()) {
    std::vector<const Version*> all;
    for (const Version& version : siblings) all.push_back(&version);
    out.deleted = true;
    out.single = greatest(all);
    out.kind = out.single->kind;
    out.version_id = out.single->id();
    return out;
  }
  auto resolves = [](const Version& version) { return version.reason == model::Reason::kResolution; };
  // A tombstone takes no part in what is shown, but a delete beside a resolution is something new to choose about.
  bool live_are_resolutions = std::all_of(live.begin(), live.end(), [&](const Version* v) { return resolves(*v); });
  bool all_are_resolutions = std::all_of(siblings.begin(), siblings.end(), resolves);
  bool sided = !owner.isCircle() && !live_are_resolutions;
  Sides sides;
  for (const Version* version : live) {
    // The leaves of a version that stands alone decide nothing.
    if (siblings.size() > 1) sides.push_back({version, model::entriesOf(*version)});
  }
  std::set<model::Path> standoffs;
  if (strategy == Strategy::kMerge && live.size() > 1 && !live_are_resolutions) {
    Merged merged = mergeEntries(sides);
    out.merged = std::move(merged.entries);
    standoffs = std::move(merged.standoffs);
    out.kind = greatest(live)->kind;
    out.version_id = hashOfIds(siblings, "");
  } else {
    out.single = sided && strategy == Strategy::kLocalWins    ? greatestBySide(live, owner, false)
                 : sided && strategy == Strategy::kRemoteWins ? greatestBySide(live, owner, true)
                                                              : greatest(live);
    out.kind = out.single->kind;
    out.version_id = out.single->id();
  }
  if (siblings.size() > 1) {
    out.differ = live.size() != siblings.size();
    for (const Version* version : live) out.differ = out.differ || version->fields != live.front()->fields;
    if (out.differ) recordLosses(sides, siblings, standoffs, &out);
    out.awaits_choice = out.differ && strategy == Strategy::kUserChoice && !all_are_resolutions;
  }
  return out;
}

std::string conflictKey(const model::Address& address, const Siblings& siblings) {
  return hashOfIds(siblings, address.text() + "\n");
}

}  // namespace hearthgate::conflict
