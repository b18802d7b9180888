#include "conflict/view.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/assert.h"
#include "base/sha256.h"
#include "model/field_types.h"

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
  model::TypedFields typed = {};  // its sets and counters

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

bool anyTyped(const Sides& sides) {
  return std::any_of(sides.begin(), sides.end(), [](const Side& side) { return !side.typed.none(); });
}

// Of several types that homes gave a field at once that of the greatest entry stands; what is no part of it goes.
void keepWhatFits(Entries* entries) {
  std::map<std::string_view, const Entry*> greatest_of;
  for (const Entry& entry : *entries) {
    auto part = model::typedPart(entry.path);
    if (!part) continue;
    const Entry*& best = greatest_of[part->field];
    if (!best || entry.beats(*best)) best = &entry;
  }
  std::vector<model::TypedFields::Field> fields;
  for (const auto& [path, entry] : greatest_of) {
    if (!fields.empty() && model::isBelow(path, fields.back().path)) continue;
    fields.push_back({model::Path(path), model::typedPart(entry->path)->type});
  }
  const model::TypedFields typed(std::move(fields));
  std::erase_if(*entries, [&](const Entry& entry) {
    const auto* field = typed.of(entry.path);
    return field && !model::fits(*field, entry.path, entry.value);
  });
}

// The sets and counters of all sides, joined: they do so under every strategy (rule 5). Of several types that homes gave a field
// at once the winner's stands.
Entries joinedTyped(const Side& winner, const Sides& sides) {
  Sides only;
  for (const Side& side : sides) {
    only.push_back({side.version, {}});
    for (const Entry& entry : side.entries) {
      const auto* field = side.typed.of(entry.path);
      const auto* wanted = field ? winner.typed.at(field->path) : nullptr;
      if (field && (!wanted || wanted->type == field->type)) only.back().entries.push_back(entry);
    }
  }
  Entries joined = mergeEntries(only).entries;
  keepWhatFits(&joined);
  return joined;
}

// The plain fields of `winner` with the sets and counters of all. Where one of these is a plain field of the winner, or in
// its way, it is not shown.
Entries winnerWithJoined(const Side& winner, const Sides& sides) {
  Entries joined = joinedTyped(winner, sides);
  const model::TypedFields typed(joined);
  Entries shown;
  std::set<model::Path> in_the_way;
  for (const Entry& entry : winner.entries) {
    if (winner.typed.of(entry.path)) continue;
    shown.push_back(entry);
    for (const auto& field : typed.all()) {
      bool clash = entry.path == field.path || model::isBelow(entry.path, field.path) || model::isBelow(field.path, entry.path);
      if (clash) in_the_way.insert(field.path);
    }
  }
  for (Entry& entry : joined) {
    const auto* field = typed.of(entry.path);
    // What was left of a set that went as a whole is no field.
    if (field && !in_the_way.contains(field->path)) shown.push_back(std::move(entry));
  }
  std::sort(shown.begin(), shown.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
  return shown;
}

bool sameEntries(const Entries& a, const Entries& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Entry& one, const Entry& other) {
    return one.path == other.path && one.value == other.value && one.dot == other.dot;
  });
}

// Whether two sides say the same in plain fields.
bool samePlain(const Side& a, const Side& b) {
  auto skip = [](const Side& side, auto at) {
    while (at != side.entries.end() && side.typed.of(at->path)) ++at;
    return at;
  };
  auto mine = skip(a, a.entries.begin());
  auto theirs = skip(b, b.entries.begin());
  for (; mine != a.entries.end() && theirs != b.entries.end(); mine = skip(a, std::next(mine)), theirs = skip(b, std::next(theirs))) {
    if (mine->path != theirs->path || mine->value != theirs->value) return false;
  }
  return mine == a.entries.end() && theirs == b.entries.end();
}

// What of `siblings` the shown entries leave out: values, and removals of what is shown nevertheless. `whole`: the plain fields
// are those of one version.
void recordLosses(const Sides& sides, const Siblings& siblings, const std::set<model::Path>& standoffs, bool whole, View* out) {
  const Entries* entries = &out->merged;
  for (const Side& side : sides) {
    if (side.version == out->single) entries = &side.entries;
  }
  std::map<std::string_view, const Entry*> shown;
  for (const Entry& entry : *entries) shown.emplace(entry.path, &entry);
  std::set<model::Path> lost_fields;
  const model::TypedFields typed(*entries);
  for (const Side& side : sides) {
    bool lost = false;
    for (const Entry& entry : side.entries) {
      auto at = shown.find(entry.path);
      if (at != shown.end() && at->second->value == entry.value) continue;
      // Under merge, and in sets and counters, a leaf that another sibling knowingly replaced or removed is no loss.
      const auto* field = side.typed.of(entry.path);
      Fate fate = whole && !field ? Fate::kStays : fateOf(entry, sides);
      if (fate == Fate::kRemoved || (fate == Fate::kReplaced && !standoffs.contains(entry.path))) continue;
      lost = true;
      lost_fields.insert(field ? field->path : entry.path);
    }
    for (const Entry& entry : *entries) {
      if (side.at(entry.path) || !side.version->vector.covers(entry.dot)) continue;
      lost = true;
      const auto* field = typed.of(entry.path);
      lost_fields.insert(field ? field->path : entry.path);
    }
    if (lost) out->lost.push_back(side.version);
  }
  for (const Version& version : siblings) {
    if (version.deleted != out->deleted) out->lost.push_back(&version);
  }
  out->lost_fields.assign(lost_fields.begin(), lost_fields.end());
}

std::string hashOfIds(const Siblings& siblings, std::string_view prefix);

// Where the sets and counters of all sides are not those of the version that was to be shown, the value is made of several.
void showJoined(const Sides& sides, const Siblings& siblings, View* out) {
  const Side& winner = *std::find_if(sides.begin(), sides.end(), [&](const Side& side) { return side.version == out->single; });
  Entries shown = winnerWithJoined(winner, sides);
  if (sameEntries(shown, winner.entries)) return;
  out->merged = std::move(shown);
  out->single = nullptr;
  out->version_id = hashOfIds(siblings, "");
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
    if (siblings.size() == 1) break;
    sides.push_back({version, model::entriesOf(*version)});
    if (model::mentionsTypes(version->fields)) sides.back().typed = model::TypedFields(sides.back().entries);
  }
  const bool typed = live.size() > 1 && anyTyped(sides);
  std::set<model::Path> standoffs;
  const bool whole = strategy != Strategy::kMerge || live.size() == 1 || live_are_resolutions;
  if (!whole) {
    Merged merged = mergeEntries(sides);
    if (typed) keepWhatFits(&merged.entries);
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
    if (typed) showJoined(sides, siblings, &out);
  }
  if (siblings.size() > 1) {
    out.differ = live.size() != siblings.size();
    for (const Side& side : sides) {
      // Sets and counters that differ join: nothing is decided about them.
      out.differ = out.differ || (typed ? !samePlain(side, sides.front()) : side.version->fields != live.front()->fields);
    }
    if (out.differ || typed) recordLosses(sides, siblings, standoffs, whole, &out);
    out.differ = out.differ || !out.lost.empty();
    out.awaits_choice = out.differ && strategy == Strategy::kUserChoice && !all_are_resolutions;
  }
  return out;
}

Entries chosen(const Version& version, const Siblings& siblings) {
  Sides sides;
  bool stands = false;
  for (const Version& sibling : siblings) {
    stands = stands || sibling.hash == version.hash;
    if (!sibling.deleted) sides.push_back({&sibling, model::entriesOf(sibling)});
  }
  if (!stands) sides.push_back({&version, model::entriesOf(version)});
  for (Side& side : sides) side.typed = model::TypedFields(side.entries);
  const Side& winner =
      *std::find_if(sides.begin(), sides.end(), [&](const Side& side) { return side.version->hash == version.hash; });
  return winnerWithJoined(winner, sides);
}

std::string conflictKey(const model::Address& address, const Siblings& siblings) {
  return hashOfIds(siblings, address.text() + "\n");
}

}  // namespace hearthgate::conflict
