// Conflict records: when one is made, what it says, and what closes it.
#include <algorithm>

#include "unit/engine/two_homes.h"

namespace hearthgate::engine {
namespace {

using model::Version;
using store::Conflict;
using store::ConflictState;
using Scope = model::StrategyRow::Scope;

class Records : public TwoHomes {
 protected:
  Conflict only(Home& home) {
    auto all = conflicts(home);
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? Conflict{} : all.front();
  }
  Version by(const std::string& who, Home& home) {
    for (const Version& version : home.siblings(lamp())) {
      if (version.fields == "{\"by\":\"" + who + "\"}") return version;
    }
    ADD_FAILURE() << who;
    return {};
  }
  Result<Written> resolve(Home& home, int64_t n, std::optional<std::string> take, std::optional<std::string> fields) {
    Result<Written> written = stateError("none", "");
    home.commit([&] {
      home.core().beginChange(home.id(), "test", "write");
      std::optional<model::Json> json;
      if (fields) json = *model::parseJson(*fields, 32);
      written = home.core().resolve(n, take, json);
      home.core().endChange();
    });
    return written;
  }
  size_t conflictEvents(Home& home) {
    size_t count = 0;
    for (const store::EventRow& event : home.store().events(0, 1000)) count += event.type == "conflict";
    return count;
  }
};

TEST_F(Records, SayWhatMetWhatWonAndWhatLost) {
  part();
  Conflict record = only(a);
  EXPECT_EQ(record.state, ConflictState::kResolved);
  EXPECT_EQ(record.strategy, "latest-wins");
  EXPECT_EQ(record.address, lamp());
  ASSERT_EQ(record.versions.size(), 2u);
  ASSERT_TRUE(record.base);
  EXPECT_EQ(record.base->fields, R"({"by":"nobody"})");
  ASSERT_TRUE(record.outcome);
  EXPECT_EQ(record.outcome->version, by("b", a).id()) << "its clock is later";
  EXPECT_EQ(record.outcome->fields, R"({"by":"b"})");
  EXPECT_EQ(record.lost, "[\"" + by("a", a).id() + "\"]");
  EXPECT_EQ(record.lost_fields, R"([["by"]])");
  EXPECT_EQ(conflictEvents(a), 1u);
}

TEST_F(Records, AreReviewedHoweverManyVersionsMeet) {
  // More than a byte counts without its sign.
  constexpr uint8_t kMany = 150;
  std::vector<Version> met;
  for (uint8_t n = 1; n <= kMany; ++n) {
    Version version;
    version.author = b.id();
    version.dot.counter = 1;
    version.dot.replica.bytes.fill(n);
    version.stamp = {true, n, 0};
    version.vector.raise(version.dot.replica, 1);
    version.fields = "{\"by\":" + std::to_string(n) + "}";
    version.hash = model::contentHash(lamp(), version);
    met.push_back(std::move(version));
  }
  a.commit([&] {
    a.core().beginChange(b.id(), "test", "sync");
    a.core().join(lamp(), "state", met);
    a.core().endChange();
  });
  ASSERT_GE(a.siblings(lamp()).size(), kMany);
  EXPECT_FALSE(a.store().entity(lamp())->conflicted);
  use(a, Scope::kOwner, "", "user-choice");
  EXPECT_TRUE(a.store().entity(lamp())->conflicted);
}

TEST_F(Records, AreOneForTheSameVersionsHoweverOftenTheyMeetAndEqualEverywhere) {
  part();
  std::string key = only(a).key;
  EXPECT_FALSE(carry(b, a, lamp()));
  EXPECT_TRUE(carry(a, b, lamp()));
  EXPECT_FALSE(carry(a, b, lamp()));
  EXPECT_EQ(only(a).key, key);
  EXPECT_EQ(only(b).key, key);
  EXPECT_EQ(conflictEvents(a), 1u);
}

TEST_F(Records, AreNotMadeOfEqualFields) {
  part(R"({"same":1})", R"({"same":1})");
  EXPECT_EQ(a.siblings(lamp()).size(), 2u);
  EXPECT_TRUE(conflicts(a).empty());
  EXPECT_EQ(conflictEvents(a), 0u);
}

TEST_F(Records, LoseNothingWhereAMergeTakesAll) {
  use(a, Scope::kOwner, "", "merge");
  ASSERT_TRUE(a.put(lamp(), R"({"x":0,"y":0})").ok());
  carry(a, b, lamp());
  ASSERT_TRUE(a.patch(lamp(), R"({"x":1})").ok());
  ASSERT_TRUE(b.patch(lamp(), R"({"y":2})").ok());
  carry(b, a, lamp());
  EXPECT_EQ(a.shown(lamp()), R"({"x":1,"y":2})");
  Conflict record = only(a);
  EXPECT_EQ(record.state, ConflictState::kResolved);
  EXPECT_EQ(record.strategy, "merge");
  EXPECT_EQ(record.outcome->fields, R"({"x":1,"y":2})");
  EXPECT_EQ(record.lost_fields, "[]");
  EXPECT_EQ(record.lost, "[]");
}

TEST_F(Records, StayOpenUntilAPersonChooses) {
  use(a, Scope::kOwner, "", "user-choice");
  part();
  Conflict record = only(a);
  EXPECT_EQ(record.state, ConflictState::kOpen);
  EXPECT_FALSE(record.outcome);
  EXPECT_TRUE(a.store().entity(lamp())->conflicted);
  EXPECT_EQ(a.shown(lamp()), R"({"by":"b"})") << "latest-wins meanwhile";
  EXPECT_EQ(codeOf(resolve(a, record.n + 1, "x", {})), "conflict_not_found");
  EXPECT_EQ(codeOf(resolve(a, record.n, "nothing", {})), "version_not_found");
  Version mine = by("a", a);
  auto chosen = resolve(a, record.n, mine.id(), {});
  ASSERT_TRUE(chosen.ok()) << chosen.error().message;
  EXPECT_FALSE(chosen->conflicted);
  EXPECT_EQ(a.shown(lamp()), R"({"by":"a"})");
  Version resolution = a.siblings(lamp()).at(0);
  EXPECT_EQ(resolution.reason, model::Reason::kResolution);
  EXPECT_TRUE(resolution.leaf_dots.empty()) << "a choice states the whole anew";
  record = only(a);
  EXPECT_EQ(record.state, ConflictState::kResolved);
  EXPECT_EQ(record.outcome->version, resolution.id());
  EXPECT_EQ(record.outcome->by, a.id().text());
  EXPECT_EQ(record.outcome->reason, "resolution");
  EXPECT_EQ(conflictEvents(a), 2u);
}

TEST_F(Records, AreSettledByFieldsOfOnesOwnAndByChoosingADeletion) {
  use(a, Scope::kOwner, "", "user-choice");
  part();
  EXPECT_EQ(codeOf(resolve(a, only(a).n, {}, "[]")), "bad_document");
  ASSERT_TRUE(resolve(a, only(a).n, {}, R"({"by":"both"})").ok());
  EXPECT_EQ(a.shown(lamp()), R"({"by":"both"})");

  carry(a, b, lamp());
  ASSERT_TRUE(a.put(lamp(), R"({"by":"a"})").ok());
  ASSERT_TRUE(b.remove(lamp()).ok());
  carry(b, a, lamp());
  Conflict record = conflicts(a).front();
  ASSERT_EQ(record.state, ConflictState::kOpen);
  EXPECT_EQ(a.shown(lamp()), R"({"by":"a"})") << "an update beats a concurrent delete meanwhile";
  auto deletion =
      std::find_if(record.versions.begin(), record.versions.end(), [](const Version& v) { return v.deleted; });
  ASSERT_NE(deletion, record.versions.end());
  ASSERT_TRUE(resolve(a, record.n, deletion->id(), {}).ok());
  EXPECT_EQ(a.shown(lamp()), "deleted");
  EXPECT_EQ(conflicts(a).front().state, ConflictState::kResolved);
}

TEST_F(Records, AreClosedByAnyWrite) {
  use(a, Scope::kOwner, "", "user-choice");
  part();
  auto written = a.patch(lamp(), R"({"more":1})");
  ASSERT_TRUE(written.ok());
  EXPECT_FALSE(written->conflicted);
  EXPECT_FALSE(a.store().entity(lamp())->conflicted);
  EXPECT_EQ(only(a).state, ConflictState::kResolved);
  EXPECT_EQ(only(a).outcome->reason, "write");
  EXPECT_EQ(a.store().openConflicts(), 0u);
}

TEST_F(Records, AreClosedByAnotherHomesWriteThatKnewAll) {
  use(a, Scope::kOwner, "", "user-choice");
  part();
  carry(a, b, lamp());
  ASSERT_TRUE(b.put(lamp(), R"({"by":"b again"})").ok());
  carry(b, a, lamp());
  EXPECT_EQ(only(a).state, ConflictState::kResolved);
  EXPECT_EQ(only(a).outcome->by, b.id().text());
  EXPECT_FALSE(a.store().entity(lamp())->conflicted);
}

TEST_F(Records, GiveWayToTheRecordOfMoreVersions) {
  use(a, Scope::kOwner, "", "user-choice");
  part();
  Home c{"C", 3};
  model::Rules rules;
  rules.number = 1;
  rules.lists = {{{"light.*", Access::kWrite, {}}}};
  c.commit([&] { c.core().receiveRules(a.owner(), rules); });
  ASSERT_TRUE(c.put(lamp(), R"({"by":"c"})").ok());
  carry(c, a, lamp());
  EXPECT_EQ(a.siblings(lamp()).size(), 3u);
  auto all = conflicts(a);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].state, ConflictState::kOpen);
  EXPECT_EQ(all[0].versions.size(), 3u);
  EXPECT_FALSE(all[0].base) << "`c` knew nothing of the first one";
  EXPECT_EQ(all[1].state, ConflictState::kResolved);
  EXPECT_NE(all[1].outcome->reason.find("newer conflict"), std::string::npos);
  EXPECT_EQ(a.store().openConflicts(), 1u);
}

TEST_F(Records, OfARefusalDoNotRepeatTheHistory) {
  ASSERT_TRUE(a.put(lamp(), R"({"by":"nobody"})").ok());
  model::Siblings accepted = a.siblings(lamp());
  carry(a, b, lamp());
  ASSERT_TRUE(b.put(lamp(), R"({"by":"b"})").ok());
  b.commit([&] { b.core().replace(lamp(), "state", accepted); });
  size_t count = 0;
  for (const auto& row : b.store().history(b.store().entity(lamp())->n, 10)) count += row.version.hash == accepted[0].hash;
  EXPECT_EQ(count, 1u);
}

TEST_F(Records, TellWhatTheStrategyInForceShows) {
  part();  // latest-wins: b's is shown, a's is lost
  use(a, Scope::kEntity, "light.kitchen", "local-wins");
  EXPECT_EQ(a.shown(lamp()), R"({"by":"a"})");
  auto record = conflicts(a).at(0);
  EXPECT_EQ(record.strategy, "local-wins");
  EXPECT_EQ(record.outcome->fields, R"({"by":"a"})");
  std::string theirs;
  for (const auto& version : a.siblings(lamp())) {
    if (version.author == b.id()) theirs = version.id();
  }
  EXPECT_EQ(record.lost, "[\"" + theirs + "\"]");
  EXPECT_EQ(conflicts(a).size(), 1u);
  // What is stored, too.
  EXPECT_EQ(a.store().conflict(record.n)->lost, record.lost);
}

TEST_F(Records, OpenAndCloseAsTheStrategyChanges) {
  part();
  int64_t n = only(a).n;
  use(a, Scope::kEntity, "light.kitchen", "user-choice");
  EXPECT_EQ(only(a).n, n);
  EXPECT_EQ(only(a).state, ConflictState::kOpen);
  EXPECT_EQ(only(a).strategy, "user-choice");
  EXPECT_FALSE(only(a).outcome);
  EXPECT_TRUE(a.store().entity(lamp())->conflicted);
  a.commit([&] { EXPECT_TRUE(a.core().clearStrategy(Scope::kEntity, "light.kitchen")); });
  EXPECT_EQ(only(a).state, ConflictState::kResolved);
  EXPECT_EQ(only(a).strategy, "latest-wins");
  EXPECT_EQ(only(a).outcome->version, by("b", a).id());
  EXPECT_FALSE(a.store().entity(lamp())->conflicted);
  a.commit([&] { EXPECT_FALSE(a.core().clearStrategy(Scope::kEntity, "light.kitchen")); });
}

TEST_F(Records, TellOfAnOwnVersionThatAnothersChoiceOverruled) {
  tell("light.*", Access::kWrite, 2, "user-choice");
  use(a, Scope::kOwner, "", "user-choice");
  ASSERT_TRUE(a.put(lamp(), R"({"by":"nobody"})").ok());
  carry(a, b, lamp());
  ASSERT_TRUE(a.put(lamp(), R"({"by":"a"})").ok());
  ASSERT_TRUE(b.put(lamp(), R"({"by":"b"})").ok());
  Version own = b.siblings(lamp())[0];
  carry(b, a, lamp());
  ASSERT_TRUE(resolve(a, only(a).n, by("a", a).id(), {}).ok());
  EXPECT_TRUE(conflicts(b).empty());
  carry(a, b, lamp());
  // The two never stood side by side at `b`.
  EXPECT_EQ(b.siblings(lamp()).size(), 1u);
  Conflict record = only(b);
  EXPECT_EQ(record.state, ConflictState::kResolved);
  EXPECT_EQ(record.lost, "[\"" + own.id() + "\"]");
  EXPECT_EQ(record.outcome->by, a.id().text());
  EXPECT_EQ(record.outcome->version, b.siblings(lamp())[0].id());
}

TEST_F(Records, ArchiveWhatTheOwnerDoesNotTake) {
  ASSERT_TRUE(a.put(lamp(), R"({"by":"nobody"})").ok());
  model::Siblings accepted = a.siblings(lamp());
  carry(a, b, lamp());
  ASSERT_TRUE(b.put(lamp(), R"({"by":"b"})").ok());
  Version refused = b.siblings(lamp())[0];
  ReplicaId old = refused.dot.replica;
  b.commit([&] { b.core().replace(lamp(), "state", accepted); });
  EXPECT_EQ(b.shown(lamp()), R"({"by":"nobody"})");
  Conflict record = only(b);
  EXPECT_EQ(record.state, ConflictState::kRefused);
  EXPECT_EQ(record.lost, "[\"" + refused.id() + "\"]");
  EXPECT_EQ(record.outcome->by, a.owner().text());
  EXPECT_TRUE(b.store().historyVersion(record.entity, refused.id()));
  for (const store::HistoryRow& row : b.store().history(record.entity, 10)) {
    EXPECT_TRUE(!row.refused || row.version.hash == refused.hash);
  }
  // And this home is another writer from now on.
  EXPECT_FALSE(b.core().writer().owner(a.owner()).replica);
  EXPECT_TRUE(b.core().writer().isMine(a.owner(), old));
  // The archive outlives the content.
  tell("light.*", Access::kNone, 2);
  EXPECT_EQ(b.shown(lamp()), "none");
  EXPECT_EQ(only(b).state, ConflictState::kRefused);
  ASSERT_EQ(b.store().history(record.entity, 10).size(), 1u);
  EXPECT_EQ(b.store().history(record.entity, 10)[0].version.hash, refused.hash);
}

TEST_F(Records, TellsWhatAChoiceLeftOut) {
  use(a, model::StrategyRow::Scope::kOwner, "", "user-choice");
  part(R"({"by":"a","mine":1})", R"({"by":"b"})");
  auto record = conflicts(a).at(0);
  std::string mine, theirs;
  for (const auto& version : record.versions) (version.author == a.id() ? mine : theirs) = version.id();
  a.commit([&] { EXPECT_TRUE(a.core().resolve(record.n, theirs, std::nullopt).ok()); });
  record = *a.store().conflict(record.n);
  EXPECT_EQ(record.state, store::ConflictState::kResolved);
  EXPECT_EQ(record.lost, "[\"" + mine + "\"]");
  EXPECT_EQ(record.lost_fields, R"([["by"],["mine"]])");
  ASSERT_TRUE(record.base);
  EXPECT_EQ(record.base->fields, R"({"by":"nobody"})");
  EXPECT_EQ(record.outcome->reason, "resolution");
}

TEST_F(Records, TwoPeopleWhoChooseAtOnceEndWithOneOutcomeEverywhere) {
  tell("light.*", Access::kWrite, 2, "user-choice");
  use(a, model::StrategyRow::Scope::kOwner, "", "user-choice");
  part();
  carry(a, b, lamp());
  auto choose = [&](Home& home, const HomeId& author) {
    auto record = conflicts(home).at(0);
    for (const auto& version : record.versions) {
      if (version.author != author) continue;
      home.commit([&] { EXPECT_TRUE(home.core().resolve(record.n, version.id(), std::nullopt).ok()); });
    }
  };
  choose(a, a.id());
  b.clock().wall_ms += 10;
  choose(b, b.id());
  auto first = a.siblings(lamp());
  carry(b, a, lamp());
  b.commit([&] { b.core().join(lamp(), "state", first); });
  std::string key;
  for (Home* home : {&a, &b}) {
    EXPECT_EQ(home->store().openConflicts(), 0u);
    EXPECT_EQ(home->shown(lamp()), R"({"by":"b"})");
  }
  auto ofA = conflicts(a).back();
  auto ofB = b.store().conflictByKey(ofA.key);
  ASSERT_TRUE(ofB);
  EXPECT_EQ(ofA.outcome->version, ofB->outcome->version);
  EXPECT_EQ(ofA.outcome->by, b.id().text());
  EXPECT_EQ(ofA.lost, ofB->lost);
}

}  // namespace
}  // namespace hearthgate::engine
