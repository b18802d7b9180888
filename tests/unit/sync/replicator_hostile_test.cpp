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
  Ack ack = send("light.kitchen", version);
  EXPECT_TRUE(ack.tags.empty());
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
