// Laws of the views, on random histories with real causality: they depend on the set alone, and merge (DESIGN.md
// section 2, rule 5) shows nothing that was given up and loses nothing without naming it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

#include "conflict/view.h"
#include "unit/model/random_histories.h"

namespace hearthgate::conflict {
namespace {

using model::Entry;
using model::Siblings;
using model::Version;

const model::OwnerId kOwner = model::address().owner;
constexpr Strategy kAll[] = {Strategy::kLatestWins, Strategy::kMerge, Strategy::kLocalWins, Strategy::kRemoteWins,
                             Strategy::kUserChoice};

// Everything that was ever written, joined; and the histories' writers see it through `strategy`, or without one each
// time through any of them, as homes do that have a strategy of their own or whose owner changes it.
Siblings played(const std::vector<uint8_t>& bytes, std::optional<Strategy> strategy) {
  model::Tape tape(bytes);
  auto history = model::randomHistory(&tape, [&](const Siblings& seen) {
    Strategy through = strategy.value_or(kAll[seen[0].hash.bytes[5] % std::size(kAll)]);
    return view(through, seen, kOwner).entries();
  });
  Siblings siblings;
  for (const Siblings& home : history.homes) siblings = model::joinedSets(std::move(siblings), home);
  return siblings;
}

rc::Gen<std::vector<uint8_t>> tapes() {
  return rc::gen::scale(8.0, rc::gen::container<std::vector<uint8_t>>(rc::gen::arbitrary<uint8_t>()));
}

std::string fieldsOf(const model::Entries& entries) {
  model::Leaves leaves;
  for (const Entry& entry : entries) leaves.push_back({entry.path, entry.value});
  return canonicalFields(leaves);
}

std::vector<ContentHash> lost(const View& v) {
  std::vector<ContentHash> out;
  for (const Version* version : v.lost) out.push_back(version->hash);
  std::sort(out.begin(), out.end());
  return out;
}

bool has(const model::Entries& entries, const Entry& wanted) {
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& e) {
    return e.path == wanted.path && e.dot == wanted.dot && e.value == wanted.value;
  });
}
const Entry* at(const model::Entries& entries, const model::Path& path) {
  for (const Entry& entry : entries) {
    if (entry.path == path) return &entry;
  }
  return nullptr;
}

RC_GTEST_PROP(ViewLaws, AViewDependsOnTheSetOfSiblingsAlone, (uint32_t seed)) {
  Siblings siblings = played(*tapes(), std::nullopt);
  RC_PRE(!siblings.empty());
  Siblings shuffled = siblings;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(seed));
  for (Strategy strategy : kAll) {
    View a = view(strategy, siblings, kOwner), b = view(strategy, shuffled, kOwner);
    RC_ASSERT(fieldsOf(a.entries()) == fieldsOf(b.entries()));
    RC_ASSERT(a.version_id == b.version_id);
    RC_ASSERT(a.kind == b.kind);
    RC_ASSERT(lost(a) == lost(b));
    RC_ASSERT(a.lost_fields == b.lost_fields);
    RC_ASSERT(std::tie(a.deleted, a.differ, a.awaits_choice) == std::tie(b.deleted, b.differ, b.awaits_choice));
    RC_ASSERT(a.entries().size() == b.entries().size());
    for (size_t i = 0; i < a.entries().size(); ++i) {
      RC_ASSERT(a.entries()[i].dot == b.entries()[i].dot);
      RC_ASSERT(a.entries()[i].stamp == b.entries()[i].stamp);
    }
  }
  RC_ASSERT(conflictKey(model::address(), siblings) == conflictKey(model::address(), shuffled));
}

RC_GTEST_PROP(ViewLaws, WhatIsShownIsADocument, ()) {
  Siblings siblings = played(*tapes(), std::nullopt);
  RC_PRE(!siblings.empty());
  for (Strategy strategy : kAll) {
    View v = view(strategy, siblings, kOwner);
    auto leaves = model::parseLeaves(fieldsOf(v.entries()));
    RC_ASSERT(leaves.ok());
    RC_ASSERT(leaves->size() == v.entries().size());
    for (size_t i = 0; i < leaves->size(); ++i) RC_ASSERT((*leaves)[i].path == v.entries()[i].path);
    RC_ASSERT(v.deleted == std::all_of(siblings.begin(), siblings.end(), [](const Version& s) { return s.deleted; }));
  }
}

RC_GTEST_PROP(MergeLaws, NothingRemovedIsShownAndNothingIsLostUnnamed, ()) {
  Siblings siblings = played(*tapes(), std::nullopt);
  RC_PRE(!siblings.empty());
  View v = view(Strategy::kMerge, siblings, kOwner);
  RC_PRE(!v.deleted && v.single == nullptr);
  std::vector<std::pair<const Version*, model::Entries>> live;
  for (const Version& version : siblings) {
    if (!version.deleted) live.emplace_back(&version, model::entriesOf(version));
  }
  RC_CLASSIFY(live.size() > 2, "more than two live");
  RC_CLASSIFY(!v.lost_fields.empty(), "something lost");
  auto anyOther = [&](const Entry& entry, auto test) {
    return std::any_of(live.begin(), live.end(),
                       [&](const auto& other) { return other.first->vector.covers(entry.dot) && test(other.second); });
  };
  auto removed = [&](const Entry& e) { return anyOther(e, [&](const auto& theirs) { return !at(theirs, e.path); }); };
  auto givenUp = [&](const Entry& e) { return anyOther(e, [&](const auto& theirs) { return !has(theirs, e); }); };
  const model::Entries all_shown = v.entries();
  for (const Entry& entry : all_shown) {
    RC_ASSERT(std::any_of(live.begin(), live.end(), [&](const auto& s) { return has(s.second, entry); }));
    RC_ASSERT(!removed(entry));
    if (!givenUp(entry)) continue;
    RC_TAG("a standoff");
    // Shown though replaced: then everything at its path was.
    for (const auto& [version, entries] : live) {
      const Entry* rival = at(entries, entry.path);
      // RC_ASSERT takes `||` apart and evaluates both sides.
      if (!rival) continue;
      RC_ASSERT(givenUp(*rival));
      RC_ASSERT(removed(*rival) || !rival->beats(entry));
    }
  }
  for (const auto& [version, entries] : live) {
    for (const Entry& entry : entries) {
      const Entry* shown = at(all_shown, entry.path);
      if (givenUp(entry) || (shown && shown->value == entry.value)) continue;
      RC_ASSERT(std::count(v.lost_fields.begin(), v.lost_fields.end(), entry.path) == 1);
      RC_ASSERT(std::count(v.lost.begin(), v.lost.end(), version) == 1);
      // And it lost to something greater, at its path, above it or below it.
      RC_ASSERT(std::any_of(all_shown.begin(), all_shown.end(), [&](const Entry& winner) {
        bool touches = winner.path == entry.path || model::isBelow(winner.path, entry.path) ||
                       model::isBelow(entry.path, winner.path);
        return touches && winner.beats(entry);
      }));
    }
  }
}

// What every live sibling has at a path must not vanish between them, whatever strategies the writers saw it through.
void checkNothingVanishes(const Siblings& siblings) {
  RC_PRE(!siblings.empty());
  View v = view(Strategy::kMerge, siblings, kOwner);
  std::vector<model::Entries> live;
  for (const Version& version : siblings) {
    if (!version.deleted) live.push_back(model::entriesOf(version));
  }
  RC_PRE(!live.empty());
  for (const Entry& entry : live[0]) {
    if (!std::all_of(live.begin(), live.end(), [&](const auto& entries) { return at(entries, entry.path) != nullptr; }))
      continue;
    bool shown = at(v.entries(), entry.path) != nullptr;
    bool clashed = std::count(v.lost_fields.begin(), v.lost_fields.end(), entry.path) > 0;
    RC_ASSERT(shown || clashed);
  }
}

RC_GTEST_PROP(MergeLaws, NothingVanishesThatAllSiblingsHave, ()) {
  checkNothingVanishes(played(*tapes(), std::nullopt));
}

RC_GTEST_PROP(MergeLaws, WritingWhatIsShownChangesNothingAndSettlesEverything, ()) {
  Siblings siblings = played(*tapes(), std::nullopt);
  RC_PRE(!siblings.empty());
  View before = view(Strategy::kMerge, siblings, kOwner);
  RC_PRE(!before.deleted);
  Version written = model::Writer{250}.put(siblings, before.entries(), fieldsOf(before.entries()));
  RC_ASSERT(checkVersion(written).ok());
  // Nothing changed, so no leaf has the new dot.
  RC_ASSERT(written.leaf_dots.size() == before.entries().size());
  std::string shown = fieldsOf(before.entries());
  join(written, &siblings);
  RC_ASSERT(siblings.size() == 1u);
  View after = view(Strategy::kMerge, siblings, kOwner);
  RC_ASSERT(fieldsOf(after.entries()) == shown);
  RC_ASSERT(!after.differ);
}

RC_GTEST_PROP(ViewLaws, NothingIsNamedAsLostWhereSiblingsAgree, ()) {
  Siblings siblings = played(*tapes(), Strategy::kLatestWins);
  RC_PRE(!siblings.empty());
  for (Strategy strategy : kAll) {
    View v = view(strategy, siblings, kOwner);
    if (!v.differ) RC_ASSERT(v.lost.empty() && v.lost_fields.empty() && !v.awaits_choice);
    if (v.awaits_choice) RC_ASSERT(strategy == Strategy::kUserChoice);
    if (v.single) {
      RC_ASSERT(std::count(v.lost.begin(), v.lost.end(), v.single) == 0);
      RC_ASSERT(v.version_id == v.single->id());
    }
    const model::Entries all_shown = v.entries();
    for (const Version& version : siblings) {
      // A live version of which a value is not shown under a strategy that shows one version whole is named.
      if (!v.single || version.deleted || v.deleted) continue;
      for (const Entry& entry : model::entriesOf(version)) {
        const Entry* shown = at(all_shown, entry.path);
        if (!shown || shown->value != entry.value) RC_ASSERT(std::count(v.lost.begin(), v.lost.end(), &version) == 1);
      }
    }
  }
}

}  // namespace
}  // namespace hearthgate::conflict
