// What people see of an entity's siblings under each built-in strategy, and what is named as lost.
#include "conflict/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/model/histories.h"

namespace hearthgate::conflict {
namespace {

using model::at;
using model::Siblings;
using model::Version;
using model::Writer;
using testing::ElementsAre;
using testing::IsEmpty;

// Home 1 owns the entity.
const model::OwnerId kOwner = model::address().owner;

std::string fieldsOf(const View& view) {
  model::Leaves leaves;
  for (const auto& entry : view.entries()) leaves.push_back({entry.path, entry.value});
  return canonicalFields(leaves);
}
std::string shown(Strategy strategy, const Siblings& siblings) { return fieldsOf(view(strategy, siblings, kOwner)); }

std::vector<std::string> lostFields(const View& view) {
  std::vector<std::string> out;
  for (const auto& path : view.lost_fields) out.push_back(model::pathJson(path));
  return out;
}
std::vector<ContentHash> lost(const View& view) {
  std::vector<ContentHash> out;
  for (const Version* version : view.lost) out.push_back(version->hash);
  return out;
}

// A base that all know, and writers that go on from it apart.
struct Split {
  Writer owner{1}, second{2}, third{3};
  Version base;
  explicit Split(std::string_view fields) : base(Writer{9}.put({}, fields, at(1))) {}
  Version own(std::string_view fields, int64_t ms = 10) { return owner.put({base}, fields, at(ms)); }
  Version other(std::string_view fields, int64_t ms = 20) { return second.put({base}, fields, at(ms)); }
  Version more(std::string_view fields, int64_t ms = 30) { return third.put({base}, fields, at(ms)); }
};

constexpr Strategy kAll[] = {Strategy::kLatestWins, Strategy::kMerge, Strategy::kLocalWins, Strategy::kRemoteWins,
                             Strategy::kUserChoice};

TEST(Strategy, HasANameThatReadsBack) {
  for (Strategy strategy : kAll) EXPECT_EQ(parseStrategy(strategyName(strategy)), strategy);
  EXPECT_EQ(strategyName(Strategy::kLatestWins), "latest-wins");
  EXPECT_EQ(strategyName(Strategy::kUserChoice), "user-choice");
  EXPECT_FALSE(parseStrategy("Latest-Wins"));
  EXPECT_FALSE(parseStrategy(""));
  EXPECT_FALSE(parseStrategy("lua:mine"));
}

TEST(View, OfOneVersionIsThatVersionUnderEveryStrategy) {
  Version version = Writer{2}.put({}, R"({"a":1})");
  version.kind = "scene";
  for (Strategy strategy : kAll) {
    Siblings siblings = {version};
    View v = view(strategy, siblings, kOwner);
    EXPECT_EQ(fieldsOf(v), R"({"a":1})");
    EXPECT_EQ(v.single, &siblings[0]);
    EXPECT_EQ(v.version_id, version.id());
    EXPECT_EQ(v.kind, "scene");
    EXPECT_FALSE(v.differ || v.awaits_choice || v.deleted);
    EXPECT_TRUE(v.lost.empty() && v.lost_fields.empty());
  }
}

TEST(View, ShowsTheGreatestUnderLatestWins) {
  Split s(R"({"a":0})");
  Version own = s.own(R"({"a":1})", 30), other = s.other(R"({"a":2})", 20);
  Siblings siblings = model::joined({own, other});
  View v = view(Strategy::kLatestWins, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"a":1})");
  EXPECT_EQ(v.version_id, own.id());
  EXPECT_TRUE(v.differ);
  EXPECT_FALSE(v.awaits_choice);
  EXPECT_THAT(lost(v), ElementsAre(other.hash));
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["a"])"));
}

TEST(View, PutsATrustedClockBeforeALaterUntrustedOne) {
  Split s(R"({"a":0})");
  Version own = s.owner.put({s.base}, R"({"a":1})", at(5, true));
  Version other = s.second.put({s.base}, R"({"a":2})", at(500, false));
  EXPECT_EQ(shown(Strategy::kLatestWins, model::joined({own, other})), R"({"a":1})");
}

TEST(View, TakesSidesUnderLocalWinsAndRemoteWins) {
  Split s(R"({"a":0})");
  Version own = s.own(R"({"a":1})", 10), other = s.other(R"({"a":2})", 20), more = s.more(R"({"a":3})", 30);
  Version own_later = s.own(R"({"a":4})", 40);
  Siblings siblings = model::joined({own, other, more});
  EXPECT_EQ(shown(Strategy::kLocalWins, siblings), R"({"a":1})");
  EXPECT_EQ(shown(Strategy::kRemoteWins, siblings), R"({"a":3})");
  EXPECT_EQ(shown(Strategy::kRemoteWins, model::joined({own_later, other})), R"({"a":2})");
  // Without a version of that side: the greatest.
  EXPECT_EQ(shown(Strategy::kLocalWins, model::joined({other, more})), R"({"a":3})");
  Version former = s.own(R"({"a":5})", 50);
  former.dot.replica = model::replica(70);
  former.vector.raise(model::replica(70), 9);
  former.dot.counter = 9;
  former.hash = contentHash(model::address(), former);
  // The author decides, not the replica: a home keeps its side when its replica id changed.
  EXPECT_EQ(shown(Strategy::kLocalWins, model::joined({former, more})), R"({"a":5})");
}

TEST(View, TakesNoSidesInACircle) {
  Split s(R"({"a":0})");
  Siblings siblings = model::joined({s.own(R"({"a":1})", 10), s.other(R"({"a":2})", 20)});
  auto circle = model::OwnerId::fromBytes(std::string(16, 'c'));
  ASSERT_TRUE(circle && circle->isCircle());
  for (Strategy strategy : {Strategy::kLocalWins, Strategy::kRemoteWins}) {
    EXPECT_EQ(fieldsOf(view(strategy, siblings, *circle)), R"({"a":2})");
  }
}

TEST(View, ShowsTheLatestWhileAChoiceIsAwaited) {
  Split s(R"({"a":0})");
  Siblings siblings = model::joined({s.own(R"({"a":1})", 10), s.other(R"({"a":2})", 20)});
  View v = view(Strategy::kUserChoice, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"a":2})");
  EXPECT_TRUE(v.awaits_choice);
  EXPECT_NE(v.single, nullptr);
  Version chosen = s.third.put(siblings, R"({"a":1})", at(50), model::Reason::kResolution);
  join(chosen, &siblings);
  v = view(Strategy::kUserChoice, siblings, kOwner);
  EXPECT_FALSE(v.awaits_choice || v.differ);
}

TEST(View, FindsNoConflictInEqualFields) {
  Split s(R"({"a":0})");
  Siblings siblings = model::joined({s.own(R"({"a":1})", 10), s.other(R"({"a":1})", 20)});
  ASSERT_EQ(siblings.size(), 2u);
  for (Strategy strategy : kAll) {
    View v = view(strategy, siblings, kOwner);
    EXPECT_FALSE(v.differ || v.awaits_choice);
    EXPECT_TRUE(v.lost.empty() && v.lost_fields.empty());
    EXPECT_EQ(fieldsOf(v), R"({"a":1})");
  }
}

TEST(View, ShowsSiblingsThatAreAllResolutionsByLatestWins) {
  Split s(R"({"a":0,"b":0})");
  Version own = s.owner.put({s.base}, R"({"a":1,"b":0})", at(10), model::Reason::kResolution);
  Version other = s.second.put({s.base}, R"({"a":0,"b":2})", at(20), model::Reason::kResolution);
  Siblings siblings = model::joined({own, other});
  for (Strategy strategy : kAll) {
    View v = view(strategy, siblings, kOwner);
    EXPECT_EQ(fieldsOf(v), other.fields) << strategyName(strategy);
    EXPECT_FALSE(v.awaits_choice);
    EXPECT_TRUE(v.differ);
    EXPECT_EQ(v.version_id, other.id());
  }
  // One plain write among them brings the strategy back.
  siblings = model::joined({own, other, s.more(R"({"a":0,"b":0,"c":3})", 5)});
  EXPECT_EQ(shown(Strategy::kMerge, siblings), R"({"a":1,"b":2,"c":3})");
  EXPECT_EQ(shown(Strategy::kLocalWins, siblings), own.fields);
  EXPECT_TRUE(view(Strategy::kUserChoice, siblings, kOwner).awaits_choice);
}

TEST(View, LetsAnUpdateBeatAConcurrentDelete) {
  Split s(R"({"a":0,"b":0})");
  Version gone = s.owner.erase({s.base}, at(1000));
  Version other = s.other(R"({"a":2,"b":0})", 20);
  Siblings siblings = model::joined({gone, other});
  for (Strategy strategy : kAll) {
    View v = view(strategy, siblings, kOwner);
    EXPECT_FALSE(v.deleted);
    EXPECT_EQ(fieldsOf(v), other.fields) << strategyName(strategy);
    EXPECT_TRUE(v.differ);
    EXPECT_THAT(lost(v), ElementsAre(gone.hash));
    EXPECT_EQ(v.awaits_choice, strategy == Strategy::kUserChoice);
    EXPECT_EQ(v.version_id, other.id());
  }
}

TEST(View, AwaitsAChoiceForADeleteBesideAResolution) {
  Split s(R"({"a":0})");
  Version resolved = s.second.put({s.base}, R"({"a":2})", at(20), model::Reason::kResolution);
  Siblings siblings = model::joined({s.owner.erase({s.base}, at(30)), resolved});
  EXPECT_TRUE(view(Strategy::kUserChoice, siblings, kOwner).awaits_choice);
  siblings = model::joined({s.owner.erase({s.base}, at(40), model::Reason::kResolution), resolved});
  EXPECT_FALSE(view(Strategy::kUserChoice, siblings, kOwner).awaits_choice);
}

TEST(View, OfTombstonesOnlyIsDeleted) {
  Split s(R"({"a":0})");
  Version first = s.owner.erase({s.base}, at(30)), second = s.second.erase({s.base}, at(40));
  Siblings siblings = model::joined({first, second});
  for (Strategy strategy : kAll) {
    View v = view(strategy, siblings, kOwner);
    EXPECT_TRUE(v.deleted);
    EXPECT_TRUE(v.entries().empty());
    EXPECT_EQ(v.version_id, second.id());
    EXPECT_FALSE(v.differ || v.awaits_choice);
  }
}

TEST(Merge, TakesWhatEachSideChanged) {
  Split s(R"({"a":0,"b":0,"c":0})");
  Siblings siblings = model::joined({s.own(R"({"a":1,"b":0,"c":0})"), s.other(R"({"a":0,"b":2,"c":0,"d":4})")});
  View v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"a":1,"b":2,"c":0,"d":4})");
  EXPECT_TRUE(v.differ);
  EXPECT_THAT(v.lost, IsEmpty());
  EXPECT_THAT(lostFields(v), IsEmpty());
  EXPECT_EQ(v.single, nullptr);
  EXPECT_EQ(v.version_id.size(), 32u);
  for (const Version& version : siblings) EXPECT_NE(v.version_id, version.id());
}

TEST(Merge, TakesTheGreaterWhereBothChangedAndNamesTheOther) {
  Split s(R"({"a":0,"b":0})");
  Version own = s.own(R"({"a":1,"b":1})", 10), other = s.other(R"({"a":2,"b":0})", 20);
  Siblings siblings = model::joined({own, other});
  View v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"a":2,"b":1})");
  EXPECT_THAT(lost(v), ElementsAre(own.hash));
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["a"])"));
}

TEST(Merge, RemovesWhatOneSideRemovedAndTheOtherDidNotTouch) {
  Split s(R"({"a":0,"b":0})");
  Siblings siblings = model::joined({s.own(R"({"b":0})"), s.other(R"({"a":0,"b":2})")});
  View v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"b":2})");
  EXPECT_THAT(lostFields(v), IsEmpty());
  EXPECT_THAT(lost(v), IsEmpty());
}

TEST(Merge, KeepsWhatOneSideWroteAgainWhileTheOtherRemovedIt) {
  Split s(R"({"a":0})");
  Siblings siblings = model::joined({s.own(R"({})"), s.other(R"({"a":2})")});
  EXPECT_EQ(shown(Strategy::kMerge, siblings), R"({"a":2})");
}

TEST(Merge, JudgesALeafByItsOwnWriteNotByTheVersionThatCarriesIt) {
  // The second home's version is the latest, but its `a` is old; the owner's change of `a` stands.
  Split s(R"({"a":0,"b":0})");
  Siblings siblings = model::joined({s.own(R"({"a":1,"b":0})", 10), s.other(R"({"a":0,"b":9})", 99)});
  EXPECT_EQ(shown(Strategy::kMerge, siblings), R"({"a":1,"b":9})");
  // A carried leaf has the stamp of its write: third's `a` of 15 loses to second's of 20, whatever third wrote later.
  Split t(R"({"a":0,"b":0})");
  Version third = t.more(R"({"a":3,"b":0})", 15);
  third = t.third.put({third}, R"({"a":3,"b":3})", at(1000));
  EXPECT_EQ(shown(Strategy::kMerge, model::joined({third, t.other(R"({"a":2,"b":0})", 20)})), R"({"a":2,"b":3})");
}

TEST(Merge, LetsTheGreaterOfAPathAndOneBelowItStand) {
  Split s(R"({"x":0})");
  Version scalar = s.own(R"({"p":1,"x":0})", 10), below = s.other(R"({"p":{"q":2,"r":{"s":3}},"x":0})", 20);
  Siblings siblings = model::joined({scalar, below});
  View v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), below.fields);
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["p"])"));
  EXPECT_THAT(lost(v), ElementsAre(scalar.hash));

  Split t(R"({"x":0})");
  scalar = t.own(R"({"p":1,"x":0})", 30);
  below = t.other(R"({"p":{"q":2,"r":{"s":3}},"x":0})", 20);
  siblings = model::joined({scalar, below});
  v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), scalar.fields);
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["p","q"])", R"(["p","r","s"])"));
}

TEST(Merge, SettlesClashesOnSeveralLevels) {
  Split s("{}");
  Version top = s.own(R"({"p":1})", 20), middle = s.other(R"({"p":{"q":2}})", 10);
  Version bottom = s.more(R"({"p":{"q":{"r":3},"z":4}})", 30);
  Siblings siblings = model::joined({top, middle, bottom});
  View v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"p":{"q":{"r":3},"z":4}})");
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["p"])", R"(["p","q"])"));

  Split t("{}");
  siblings = model::joined(
      {t.own(R"({"p":1})", 10), t.other(R"({"p":{"q":2}})", 30), t.more(R"({"p":{"q":{"r":3},"z":4}})", 20)});
  v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"p":{"q":2,"z":4}})");
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["p"])", R"(["p","q","r"])"));
}

TEST(Merge, FindsNoClashBetweenNamesThatOnlyLookAlike) {
  Split s("{}");
  Siblings siblings = model::joined({s.own(R"({"p":1})", 10), s.other(R"({"p\u0000":{"q":2},"pq":3})", 20)});
  EXPECT_EQ(shown(Strategy::kMerge, siblings), R"({"p":1,"p\u0000":{"q":2},"pq":3})");
}

TEST(Merge, TreatsTheEmptyObjectAsAValueThatClashes) {
  Split s(R"({"p":{"q":1}})");
  // The owner removed q and left the object empty, the other added a name to it.
  Siblings siblings = model::joined({s.own(R"({"p":{}})", 10), s.other(R"({"p":{"q":1,"r":2}})", 20)});
  View v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"p":{"r":2}})");
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["p"])"));
}

// Two siblings carry one leaf, a third replaced it without knowing it: that both cover its dot is no reason to forget
// it.
TEST(Merge, NamesALostLeafThatTwoSiblingsCarry) {
  Split s(R"({"x":0,"y":0})");
  Version shared = s.own(R"({"x":1,"y":0})", 10);
  Writer fourth{4}, fifth{5};
  Version left = fourth.put({shared}, R"({"x":1,"y":4})", at(11));
  Version right = fifth.put({shared}, R"({"x":1,"y":0,"z":5})", at(12));
  Version apart = s.other(R"({"x":2,"y":0})", 50);
  Siblings siblings = model::joined({left, right, apart});
  ASSERT_EQ(siblings.size(), 3u);
  View v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"x":2,"y":4,"z":5})");
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["x"])"));
  EXPECT_THAT(lost(v), testing::UnorderedElementsAre(left.hash, right.hash));
}

// Two homes that saw their siblings by latest-wins each kept one value of x and so gave up the other's. Whoever then
// looks through merge sees one of them: replaced is not removed.
TEST(Merge, KeepsOneOfTwoValuesThatWereGivenUpForEachOther) {
  Writer first{1}, second{2}, third{3}, fourth{4};
  Version older = second.put({}, R"({"x":1})", at(10));
  Version other = third.put({}, R"({"x":2})", at(5));
  Siblings seen_by_first = model::joined({older, other});
  ASSERT_EQ(shown(Strategy::kLatestWins, seen_by_first), older.fields);
  Version a = first.put(seen_by_first, entriesOf(older), R"({"x":1,"y":1})", at(30));
  Version other_later = third.put({other}, R"({"x":2,"z":3})", at(20));
  Siblings seen_by_fourth = model::joined({older, other_later});
  ASSERT_EQ(shown(Strategy::kLatestWins, seen_by_fourth), other_later.fields);
  Version b = fourth.put(seen_by_fourth, entriesOf(other_later), R"({"w":4,"x":2,"z":3})", at(40));
  Siblings siblings = model::joined({a, b});
  ASSERT_EQ(siblings.size(), 2u);
  View v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"w":4,"x":1,"y":1,"z":3})");
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["x"])"));
  EXPECT_THAT(lost(v), ElementsAre(b.hash));
}

TEST(View, NamesARemovalThatIsNotShown) {
  Split s(R"({"x":0,"y":0})");
  Version removed = s.own(R"({"x":0})", 10), other = s.other(R"({"x":0,"y":0,"z":1})", 20);
  Siblings siblings = model::joined({removed, other});
  View v = view(Strategy::kLatestWins, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), other.fields);
  // `y` is shown although it was removed; `z` was not known there, so its absence says nothing.
  EXPECT_THAT(lost(v), ElementsAre(removed.hash));
  EXPECT_THAT(lostFields(v), ElementsAre(R"(["y"])"));
}

TEST(Merge, ShowsADeletedSiblingsFieldsOnlyAsOthersHaveThem) {
  Split s(R"({"a":0,"b":0})");
  Version gone = s.owner.erase({s.base}, at(30));
  Siblings siblings = model::joined({gone, s.other(R"({"a":2,"b":0})"), s.more(R"({"a":0,"b":3})")});
  View v = view(Strategy::kMerge, siblings, kOwner);
  EXPECT_EQ(fieldsOf(v), R"({"a":2,"b":3})");
  EXPECT_THAT(lost(v), ElementsAre(gone.hash));
}

TEST(ConflictKey, IsEqualForEqualSiblingsOfOneEntity) {
  Split s(R"({"a":0})");
  Version own = s.own(R"({"a":1})"), other = s.other(R"({"a":2})");
  std::string key = conflictKey(model::address(), model::joined({own, other}));
  EXPECT_EQ(key, conflictKey(model::address(), model::joined({other, own})));
  EXPECT_EQ(key, conflictKey(model::address(), {other, own}));
  EXPECT_EQ(key.size(), 32u);
  EXPECT_NE(key, conflictKey(model::address("light.hall"), {own, other}));
  EXPECT_NE(key, conflictKey({model::OwnerId(model::home(2)), "light.kitchen"}, {own, other}));
  EXPECT_NE(key, conflictKey(model::address(), {own}));
  EXPECT_NE(key, conflictKey(model::address(), {own, s.more(R"({"a":2})")}));
  EXPECT_NE(key, view(Strategy::kMerge, {own, other}, kOwner).version_id);
}

}  // namespace
}  // namespace hearthgate::conflict
