// What a home that lies is told (TRUST.md T13): it speaks through messages made by hand.
#include "model/codec.h"
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

class HostileWriter : public PairOfHomes {
 protected:
  HostileWriter() {
    EXPECT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
    connect();
    settle();
    EXPECT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
    EXPECT_TRUE(b.put(of(a, "light.hall"), R"({"state":"on"})").ok());
    settle();
  }

  // A version as B would write it now.
  model::Version next(const std::string& id) {
    model::Version version;
    version.kind = "state";
    version.author = b.id();
    version.dot = {*b.core().writer().find(a.owner())->replica, b.core().writer().find(a.owner())->counter + 1};
    version.stamp = {true, b.clock().wall_ms, 0};
    version.vector = model::joinedVector(b.siblings(of(a, id)));
    version.vector.raise(version.dot.replica, version.dot.counter);
    version.fields = R"({"state":"forged"})";
    return version;
  }
  // Sends it over the link and gives A's answer.
  Ack send(const std::string& id, model::Version version) {
    struct LinkNumbers : model::Numbering {
      std::vector<ReplicaId> replicas;
      std::vector<HomeId> homes;
      uint32_t replicaNumber(const ReplicaId& replica) override {
        replicas.push_back(replica);
        return static_cast<uint32_t>(10'000 + replicas.size());
      }
      uint32_t homeNumber(const HomeId& home) override {
        homes.push_back(home);
        return static_cast<uint32_t>(10'000 + homes.size());
      }
    } numbers;
    Batch batch;
    batch.owner = a.owner();
    batch.number = 1;
    batch.end = true;
    batch.epoch = b.core().writer().find(a.owner())->epoch;
    batch.upto = b.core().writer().head().sequence;
    batch.rules_number = b.core().rulesFrom(a.owner())->number;
    BatchItem item{id, version.kind, {""}, {}};
    model::encodeVersion(version, item.kind, numbers, &item.versions[0]);
    batch.items.push_back(std::move(item));
    for (size_t i = 0; i < numbers.replicas.size(); ++i) {
      batch.replicas.emplace_back(10'001 + i, numbers.replicas[i]);
    }
    for (size_t i = 0; i < numbers.homes.size(); ++i) batch.homes.emplace_back(10'001 + i, numbers.homes[i]);
    a_to_b.clear();
    a.receive(b.id(), encode(batch));
    for (const std::string& message : a_to_b) {
      if (typeOf(message) == MessageType::kAck) return *decodeAck(message);
    }
    ADD_FAILURE() << "no answer";
    return {};
  }
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

TEST_F(HostileWriter, AnHonestVersionByHandIsJoined) {
  Ack ack = send("light.kitchen", next("light.kitchen"));
  EXPECT_TRUE(ack.exceptions.empty());
  EXPECT_EQ(ack.tags.size(), 1u);
  EXPECT_EQ(a.shown(of(a, "light.kitchen")), R"({"state":"forged"})");
}

TEST_F(HostileWriter, AForeignAuthorIsRefused) {
  auto version = next("light.kitchen");
  version.author = a.id();
  expectRefused(send("light.kitchen", version));
  version.author.bytes.fill(7);
  expectRefused(send("light.kitchen", version));
}

TEST_F(HostileWriter, AReplicaIdThatWasNotToldIsRefused) {
  auto version = next("light.kitchen");
  version.dot.replica.bytes.fill(9);
  version.vector.raise(version.dot.replica, version.dot.counter);
  expectRefused(send("light.kitchen", version));
}

TEST_F(HostileWriter, AVectorAboveWhatTheOwnerHasIsHeldAsUnseenHistory) {
  auto version = next("light.kitchen");
  ReplicaId third;
  third.bytes.fill(5);
  version.vector.raise(third, 3);
  expectHeld(send("light.kitchen", version), "unseen history");
}

TEST_F(HostileWriter, AWriteOfTheOwnersThatItDidNotMakeIsRefused) {
  auto version = next("light.kitchen");
  version.vector.raise(*a.core().writer().find(a.owner())->replica, 1000);
  expectRefused(send("light.kitchen", version));
}

TEST_F(HostileWriter, AJumpOfTheOwnCounterIsHeld) {
  auto version = next("light.kitchen");
  version.dot.counter += uint64_t{1} << 33;
  version.vector.raise(version.dot.replica, version.dot.counter);
  expectHeld(send("light.kitchen", version), "counter jump");
}

TEST_F(HostileWriter, WhatItMayNotWriteIsRefusedAndNothingIsToldOfIt) {
  auto version = next("lock.door");
  version.vector = {};
  version.vector.raise(version.dot.replica, version.dot.counter);
  expectRefused(send("lock.door", version));
}

TEST_F(HostileWriter, ACoveredForgeryGetsNoTag) {
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

TEST_F(HostileWriter, AForgedTagOpensNothing) {
  auto version = next("light.kitchen");
  version.author = a.id();
  version.tag.emplace();
  version.tag->fill(3);
  expectRefused(send("light.kitchen", version));
}

TEST_F(HostileWriter, MessagesBeforeHelloAndBrokenOnesCloseTheLink) {
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
