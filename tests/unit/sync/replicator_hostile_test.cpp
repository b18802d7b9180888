// What a home that lies is told (TRUST.md T13): it speaks through messages made by hand.
#include "unit/sync/hostile_writer.h"

namespace hearthgate::sync {
namespace {

class HostileVersions : public HostileWriter {
 protected:
  void expectRefused(const Ack& ack) {
    ASSERT_EQ(ack.exceptions.size(), 1u);
    EXPECT_FALSE(ack.exceptions[0].held) << ack.exceptions[0].reason;
    EXPECT_TRUE(ack.tags.empty());
    EXPECT_EQ(held_at(a), 0u);
  }
  void expectHeld(const Ack& ack, const std::string& reason) {
    ASSERT_EQ(ack.exceptions.size(), 1u);
    EXPECT_TRUE(ack.exceptions[0].held);
    EXPECT_EQ(ack.exceptions[0].reason, reason);
    EXPECT_TRUE(ack.tags.empty());
    EXPECT_EQ(held_at(a), 1u);
  }
};

TEST_F(HostileVersions, AnHonestVersionByHandIsJoined) {
  Ack ack = send("light.kitchen", next("light.kitchen"));
  EXPECT_TRUE(ack.exceptions.empty());
  EXPECT_EQ(ack.tags.size(), 1u);
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":"forged"})");
}

TEST_F(HostileVersions, ATagThatIsNotTheOwnersIsNotKept) {
  auto version = next("light.kitchen");
  version.tag = model::OwnerTag{1, 2, 3};
  Ack ack = send("light.kitchen", version);
  ASSERT_EQ(ack.tags.size(), 1u);
  model::Siblings siblings = a.siblings(of(a, "light.kitchen"));
  ASSERT_EQ(siblings.size(), 1u);
  EXPECT_TRUE(siblings.front().tag == ack.tags.front().second) << "else it would not come back after a restore";
}

TEST_F(HostileVersions, OfAnotherHomesReplicaIdNothingIsDoubted) {
  HomeId third;
  third.bytes.fill(3);
  model::Dot dot{{}, 1};
  dot.replica.bytes.fill(3);
  a.commit([&] { a.core().store().putToldReplica(a.owner(), dot.replica, third); });
  auto version = next("light.kitchen");
  for (const auto& [replica, doubted] : {std::pair(version.dot, true), std::pair(dot, false)}) {
    version.dot = replica;
    version.vector = model::joinedVector(a.siblings(of(a, "light.kitchen")));
    std::set<HomeId> told;
    a.commit([&] {
      auto row = a.store().entity(of(a, "light.kitchen"));
      a.core().meetCovered(*row, version);
      told = a.core().takeDoubted();
    });
    EXPECT_EQ(told, doubted ? std::set<HomeId>{b.id()} : std::set<HomeId>{});
  }
  EXPECT_TRUE(a.store().doubted(a.owner(), third).empty());
}

TEST_F(HostileVersions, AForeignAuthorIsRefused) {
  auto version = next("light.kitchen");
  version.author = a.id();
  expectRefused(send("light.kitchen", version));
  version.author.bytes.fill(7);
  expectRefused(send("light.kitchen", version));
}

TEST_F(HostileVersions, AReplicaIdThatWasNotToldIsRefused) {
  auto version = next("light.kitchen");
  version.dot.replica.bytes.fill(9);
  version.vector.raise(version.dot.replica, version.dot.counter);
  expectRefused(send("light.kitchen", version));
}

TEST_F(HostileVersions, AVectorAboveWhatTheOwnerHasIsHeldAsUnseenHistory) {
  auto version = next("light.kitchen");
  ReplicaId third;
  third.bytes.fill(5);
  version.vector.raise(third, 3);
  expectHeld(send("light.kitchen", version), "unseen history");
}

TEST_F(HostileVersions, AWriteOfTheOwnersThatItDidNotMakeIsRefused) {
  auto version = next("light.kitchen");
  version.vector.raise(*a.core().writer().find(a.owner())->replica, 1000);
  expectRefused(send("light.kitchen", version));
}

TEST_F(HostileVersions, AJumpOfTheOwnCounterIsHeld) {
  auto version = next("light.kitchen");
  version.dot.counter += uint64_t{1} << 33;
  version.vector.raise(version.dot.replica, version.dot.counter);
  expectHeld(send("light.kitchen", version), "counter jump");
}

TEST_F(HostileVersions, WhatItMayNotWriteIsRefusedAndNothingIsToldOfIt) {
  auto version = next("lock.door");
  version.vector = {};
  version.vector.raise(version.dot.replica, version.dot.counter);
  expectRefused(send("lock.door", version));
}

TEST_F(HostileVersions, ACoveredForgeryGetsNoTag) {
  // Its vector is covered, so joining it changes nothing; with the owner's tag it could be offered after a restore.
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":"two"})").ok());
  auto version = next("light.kitchen");
  version.author = a.id();
  version.vector = {};
  version.dot = {*a.core().writer().find(a.owner())->replica, 1};
  version.vector.raise(version.dot.replica, 1);
  FeedEpoch epoch = a.core().writer().owner(a.owner()).epoch;
  Ack ack = send("light.kitchen", version);
  EXPECT_TRUE(ack.tags.empty());
  EXPECT_TRUE(a.core().writer().owner(a.owner()).epoch == epoch) << "it was taken for a sign of another life";
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":"two"})");
}

// With a vector that something has it would stand beside that.
TEST_F(HostileVersions, AForgeryWithAVectorThatIsThereIsRefused) {
  auto version = next("light.kitchen");
  version.author = a.id();
  model::Version there = a.siblings(of(a, "light.kitchen")).front();
  version.vector = there.vector;
  version.dot = there.dot;
  FeedEpoch epoch = a.core().writer().owner(a.owner()).epoch;
  expectRefused(send("light.kitchen", version));
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kRead).ok());
  settle();
  version.author = b.id();
  expectRefused(send("light.kitchen", version));
  EXPECT_TRUE(a.core().writer().owner(a.owner()).epoch == epoch);
  EXPECT_EQ(a.siblings(of(a, "light.kitchen")).size(), 1u);
}

TEST_F(HostileVersions, AForgeryThatSeveralTogetherCoverIsRefused) {
  connected = false;
  ASSERT_TRUE(a.patch(of(a, "light.kitchen"), R"({"state":"two"})").ok());
  ASSERT_TRUE(b.put(of(a, "light.kitchen"), R"({"state":"three"})").ok());
  connect();
  settle();
  ASSERT_EQ(a.siblings(of(a, "light.kitchen")).size(), 2u);
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kRead).ok());
  settle();
  auto version = next("light.kitchen");
  version.vector = model::joinedVector(a.siblings(of(a, "light.kitchen")));
  version.dot = {*b.core().writer().find(a.owner())->replica, version.vector.at(*b.core().writer().find(a.owner())->replica)};
  expectRefused(send("light.kitchen", version));
  EXPECT_EQ(a.siblings(of(a, "light.kitchen")).size(), 2u);
}

TEST_F(HostileVersions, AForgedTagOpensNothing) {
  auto version = next("light.kitchen");
  version.author = a.id();
  version.tag.emplace();
  version.tag->fill(3);
  expectRefused(send("light.kitchen", version));
}

TEST_F(HostileVersions, MessagesBeforeHelloAndBrokenOnesCloseTheLink) {
  cut();
  connect();
  a.receive(b.id(), encode(Ack{a.owner(), 1, {}, {}, {}}));
  EXPECT_EQ(closed["A"], "protocol");
  cut();
  closed.clear();
  connect();
  settle();
  a.receive(b.id(), std::string("\x04garbage", 8));
  EXPECT_EQ(closed["A"], "protocol");
}

}  // namespace
}  // namespace hearthgate::sync
