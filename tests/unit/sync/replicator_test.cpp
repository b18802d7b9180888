#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

using Replicating = PairOfHomes;

TEST_F(Replicating, GrantThenWriteReachesTheReader) {
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kRead).ok());
  connect();
  settle();
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  ASSERT_TRUE(a.put(of(a, "lock.door"), R"({"state":"locked"})").ok());
  settle();
  EXPECT_EQ(b.shown(of(a, "light.kitchen")), R"({"state":"on"})");
  EXPECT_EQ(b.shown(of(a, "lock.door")), "none");
  expectSame(of(a, "light.kitchen"));
}

TEST_F(Replicating, WriteThenExactGrantReachesTheReader) {
  connect();
  settle();
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  ASSERT_TRUE(a.put(of(a, "light.hall"), R"({"state":"on"})").ok());
  settle();
  EXPECT_EQ(versions_sent, 0);
  ASSERT_TRUE(a.grant(b.id(), "light.kitchen", Access::kRead).ok());
  settle();
  EXPECT_EQ(b.shown(of(a, "light.kitchen")), R"({"state":"on"})");
  EXPECT_EQ(b.shown(of(a, "light.hall")), "none");
}

TEST_F(Replicating, WriteThenGlobGrantReachesTheReader) {
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  ASSERT_TRUE(a.put(of(a, "scene.evening"), R"({"state":"on"})").ok());
  connect();
  settle();
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kRead).ok());
  settle();
  EXPECT_EQ(b.shown(of(a, "light.kitchen")), R"({"state":"on"})");
  EXPECT_EQ(b.shown(of(a, "scene.evening")), "none");
}

TEST_F(Replicating, AWriterWritesBackAndGetsTheOwnersTag) {
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
  connect();
  settle();
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"brightness":10,"state":"on"})").ok());
  settle();
  ASSERT_TRUE(b.patch(of(a, "light.kitchen"), R"({"brightness":20})").ok());
  ASSERT_TRUE(b.put(of(a, "light.new"), R"({"state":"off"})").ok());
  settle();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"brightness":20,"state":"on"})");
  EXPECT_EQ(a.shown(of(a, "light.new")), R"({"state":"off"})");
  for (const char* id : {"light.kitchen", "light.new"}) {
    expectSame(of(a, id));
    auto siblings = b.siblings(of(a, id));
    ASSERT_EQ(siblings.size(), 1u);
    ASSERT_TRUE(siblings[0].tag.has_value());
    EXPECT_EQ(*siblings[0].tag, a.ownerTag(siblings[0].hash));
    EXPECT_TRUE(b.store().base(b.store().entity(of(a, id))->n).empty());
  }
}

TEST_F(Replicating, AReplicaIdDrawnBeforeTheOthersHelloIsTold) {
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
  connect();
  settle();
  cut();
  connect();  // Both hellos are on their way.
  ASSERT_TRUE(b.put(of(a, "light.new"), R"({"state":"off"})").ok());
  settle();
  EXPECT_EQ(a.shown(of(a, "light.new")), R"({"state":"off"})");
}

TEST_F(Replicating, AGrantMadeBeforeTheOthersHelloIsTold) {
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  connect();
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
  settle();
  EXPECT_EQ(b.shown(of(a, "light.kitchen")), R"({"state":"on"})");
}

TEST_F(Replicating, AWriterKeepsItsChangesWhileTheOwnerIsAway) {
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  connect();
  settle();
  cut();
  ASSERT_TRUE(b.patch(of(a, "light.kitchen"), R"({"state":"off"})").ok());
  EXPECT_EQ(b.store().base(b.store().entity(of(a, "light.kitchen"))->n).size(), 1u);
  connect();
  settle();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":"off"})");
  EXPECT_TRUE(b.store().base(b.store().entity(of(a, "light.kitchen"))->n).empty());
}

TEST_F(Replicating, ADeleteLeavesAStubAtBoth) {
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  connect();
  settle();
  ASSERT_TRUE(b.remove(of(a, "light.kitchen")).ok());
  settle();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), "deleted");
  expectSame(of(a, "light.kitchen"));
}

TEST_F(Replicating, ConcurrentWritesAreSiblingsAtBothAndMergeWhereTheStrategySaysSo) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kWrite).ok());
  a.commit([&] { ASSERT_TRUE(a.core().setStrategy({model::StrategyRow::Scope::kGlob, "light.*", "merge"}).ok()); });
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"brightness":10,"state":"on"})").ok());
  ASSERT_TRUE(a.put(of(a, "scene.x"), R"({"state":1})").ok());
  connect();
  settle();
  cut();
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":"off"})").ok());
  ASSERT_TRUE(b.patch(of(a, "light.kitchen"), R"({"brightness":20})").ok());
  ASSERT_TRUE(a.patch(of(a, "scene.x"), R"({"state":2})").ok());
  ASSERT_TRUE(b.patch(of(a, "scene.x"), R"({"state":3})").ok());
  connect();
  settle();
  expectSame(of(a, "light.kitchen"));
  expectSame(of(a, "scene.x"));
  EXPECT_EQ(a.siblings(of(a, "light.kitchen")).size(), 2u);
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"brightness":20,"state":"off"})");
  EXPECT_EQ(b.shown(of(a, "light.kitchen")), R"({"brightness":20,"state":"off"})");
  EXPECT_EQ(a.shown(of(a, "scene.x")), b.shown(of(a, "scene.x")));
  EXPECT_EQ(a.store().conflicts({}, std::nullopt, 10).size(), 2u);
  EXPECT_EQ(b.store().conflicts({}, std::nullopt, 10).size(), 2u);
}

TEST_F(Replicating, LosingReadLeavesAStubOnly) {
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kRead).ok());
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  connect();
  settle();
  ASSERT_EQ(b.siblings(of(a, "light.kitchen")).size(), 1u);
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kNone).ok());
  settle();
  auto row = b.store().entity(of(a, "light.kitchen"));
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->state, store::EntityState::kNoLongerShared);
  EXPECT_TRUE(row->siblings.empty());
  EXPECT_TRUE(b.store().history(row->n, 10).empty());
  versions_sent = 0;
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"off"})").ok());
  settle();
  EXPECT_EQ(versions_sent, 0);
}

TEST_F(Replicating, LosingWriteArchivesWhatWasNotAccepted) {
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  connect();
  settle();
  cut();
  ASSERT_TRUE(b.patch(of(a, "light.kitchen"), R"({"state":"mine"})").ok());
  ASSERT_TRUE(b.put(of(a, "light.new"), R"({"state":"mine"})").ok());
  ReplicaId before = *b.core().writer().find(a.owner())->replica;
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kRead).ok());
  connect();
  settle();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":"on"})");
  EXPECT_EQ(b.shown(of(a, "light.kitchen")), R"({"state":"on"})");
  EXPECT_EQ(b.shown(of(a, "light.new")), "none");
  auto refused = b.store().conflicts({store::ConflictState::kRefused, {}}, std::nullopt, 10);
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_FALSE(b.core().writer().find(a.owner())->replacing);
  // It goes on under a new replica id.
  EXPECT_NE(b.core().writer().find(a.owner())->replica, std::optional(before));
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
  settle();
  ASSERT_TRUE(b.patch(of(a, "light.kitchen"), R"({"state":"again"})").ok());
  settle();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":"again"})");
  expectSame(of(a, "light.kitchen"));
}

TEST_F(Replicating, ReconnectingByCursorSendsOnlyWhatChanged) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kWrite).ok());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(a.put(of(a, "light.n" + std::to_string(i)), R"({"state":"on"})").ok());
  connect();
  settle();
  EXPECT_EQ(versions_sent, 50);
  pass(3000);  // Each tells how far it is.
  cut();
  ASSERT_TRUE(a.patch(of(a, "light.n7"), R"({"state":"off"})").ok());
  versions_sent = 0;
  connect();
  settle();
  EXPECT_EQ(versions_sent, 1);
  EXPECT_EQ(b.shown(of(a, "light.n7")), R"({"state":"off"})");
}

TEST_F(Replicating, APassOverEqualEntitiesSendsDigestsOnly) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kRead).ok());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(a.put(of(a, "light.n" + std::to_string(i)), R"({"state":"on"})").ok());
  connect();
  settle();
  versions_sent = 0;
  // Another number of the rules, so that both feeds start over.
  ASSERT_TRUE(a.grant(b.id(), "other.*", Access::kRead).ok());
  settle();
  EXPECT_EQ(versions_sent, 0);
  ASSERT_TRUE(a.patch(of(a, "light.n3"), R"({"state":"off"})").ok());
  settle();
  EXPECT_EQ(versions_sent, 1);
  expectSame(of(a, "light.n3"));
}

TEST_F(Replicating, AStampTooFarAheadIsHeldAndReleased) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kWrite).ok());
  connect();
  settle();
  b.clock().wall_ms += 600'000;
  ASSERT_TRUE(b.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  settle();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), "none");
  auto held = a.store().held(std::nullopt, 10);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].reason, "drift");
  pass(300'000);
  EXPECT_EQ(held_at(a), 1u);
  pass(300'000);
  EXPECT_EQ(held_at(a), 0u);
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":"on"})");
  // The author gets the owner's tag when it is joined.
  ASSERT_EQ(b.siblings(of(a, "light.kitchen")).size(), 1u);
  EXPECT_TRUE(b.siblings(of(a, "light.kitchen"))[0].tag.has_value());
}

TEST_F(Replicating, AClockSetBackMakesItsVersionsAnew) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kWrite).ok());
  connect();
  settle();
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
  settle();
  b.clock().wall_ms += 600'000;
  ASSERT_TRUE(b.patch(of(a, "light.kitchen"), R"({"state":"off"})").ok());
  settle();
  EXPECT_EQ(held_at(a), 1u);
  b.clock().wall_ms -= 600'000;
  b.tick();
  settle();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":"off"})");
  expectSame(of(a, "light.kitchen"));
  EXPECT_EQ(a.siblings(of(a, "light.kitchen")).size(), 1u);
}

TEST_F(Replicating, ARestoredOwnerTakesBackWhatOthersHold) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kRead).ok());
  connect();
  settle();
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":1})").ok());
  settle();
  std::string backup = a.image();
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":2})").ok());
  ASSERT_TRUE(a.put(of(a, "light.new"), R"({"state":3})").ok());
  settle();
  restart(a, backup, Home::Start::kRestored);
  connect();
  settle();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":2})");
  EXPECT_EQ(a.shown(of(a, "light.new")), R"({"state":3})");
  a.commit([&] { a.core().confirmRestore(); });
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":4})").ok());
  settle();
  EXPECT_EQ(b.shown(of(a, "light.kitchen")), R"({"state":4})");
}

TEST_F(Replicating, ACopiedBackHomeIsFoundOutByItsCountersAndWritesAgain) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kRead).ok());
  connect();
  settle();
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":1})").ok());
  settle();
  std::string copy = a.image();
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":2})").ok());
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":3})").ok());
  settle();
  ReplicaId before = *a.core().writer().find(a.owner())->replica;
  restart(a, copy, Home::Start::kClean);
  // The same counter as state 2, then something else.
  ASSERT_TRUE(a.put(of(a, "light.other"), R"({"state":9})").ok());
  connect();
  settle();
  EXPECT_NE(a.core().writer().find(a.owner())->replica, std::optional(before));
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":3})");
  expectSame(of(a, "light.kitchen"));
  EXPECT_EQ(b.shown(of(a, "light.other")), R"({"state":9})");
  expectSame(of(a, "light.other"));
}

TEST_F(Replicating, ACopiedBackHomeThatWroteAsMuchAgainIsFoundOut) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kRead).ok());
  connect();
  settle();
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":1})").ok());
  settle();
  std::string copy = a.image();
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":2})").ok());
  settle();
  restart(a, copy, Home::Start::kClean);
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":7})").ok());
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":8})").ok());
  connect();
  settle();
  expectSame(of(a, "light.kitchen"));
  EXPECT_EQ(a.siblings(of(a, "light.kitchen")).size(), 2u);
}

TEST_F(Replicating, AFailedCommitEndsTheLinksAndLosesNothing) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kWrite).ok());
  connect();
  settle();
  ASSERT_TRUE(b.put(of(a, "light.kitchen"), R"({"state":1})").ok());
  std::string message = b_to_a.front();
  b_to_a.pop_front();
  a.commit([&] { a.replicator().receive(b.id(), message); }, true);
  EXPECT_EQ(closed["A"], "storage");
  cut();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), "none");
  connect();
  settle();
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":1})");
}

TEST_F(Replicating, AnAcknowledgementLostWithTheLinkIsMadeUpFor) {
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kWrite).ok());
  connect();
  settle();
  ASSERT_TRUE(b.put(of(a, "light.kitchen"), R"({"state":1})").ok());
  while (step(b_to_a, b, a)) {
  }
  ASSERT_FALSE(a_to_b.empty());
  cut();
  connect();
  settle();
  ASSERT_EQ(b.siblings(of(a, "light.kitchen")).size(), 1u);
  EXPECT_TRUE(b.siblings(of(a, "light.kitchen"))[0].tag.has_value());
}

}  // namespace
}  // namespace hearthgate::sync
