// What a paired home that lies about what it holds back and refuses can bring about here: nothing that grows, nothing
// that harms the screen, nothing about what is not its own.
#include "model/codec.h"
#include "sync/tuning.h"
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

class HostileExceptions : public LevelPairOfHomes {
 protected:
  uint64_t rows() { return a.store().peerExceptionCount(b.id(), true) + a.store().peerExceptionCount(b.id(), false); }
  ContentHash standing(const std::string& id) { return a.siblings(of(a, id)).front().hash; }
  void say(const HeldMessage& message) { a.receive(b.id(), encode(message)); }
  bool linkStands() { return a.replicator().connected(b.id()); }
  // Lets B acknowledge all that is on its way, and except it.
  void exceptAll(const std::string& reason) {
    for (; !a_to_b.empty(); a_to_b.pop_front()) {
      if (typeOf(a_to_b.front()) != MessageType::kBatch) continue;
      auto batch = decodeBatch(a_to_b.front());
      Ack ack;
      ack.owner = batch->owner;
      ack.number = batch->number;
      ack.exceptions.push_back({0, false, reason});
      a.receive(b.id(), encode(ack));
    }
  }
};

TEST_F(HostileExceptions, OfVersionsThatDoNotStandHereAreNotKept) {
  HeldMessage message;
  message.owner = a.owner();
  message.held.push_back({"light.x", ContentHash{}, "drift"});
  message.held.push_back({"light.never", standing("light.x"), "drift"});
  message.refused.push_back({"no id at all\n", standing("light.x"), "drift"});
  say(message);
  EXPECT_TRUE(linkStands());
  EXPECT_EQ(rows(), 0u);
}

TEST_F(HostileExceptions, OfAnOwnerThatIsNeitherEndTheLink) {
  HeldMessage message;
  message.owner = Home("C", 3).owner();
  say(message);
  EXPECT_FALSE(linkStands());
}

TEST_F(HostileExceptions, MoreThanAnyHomeHoldsEndTheLink) {
  HeldMessage message;
  message.owner = a.owner();
  message.refused.resize(kHeldRowsTold + 1);
  say(message);
  EXPECT_FALSE(linkStands());
}

// The owner refuses later what it held at first.
TEST_F(HostileExceptions, OfAnOwnChangeGoToTheArchive) {
  ASSERT_TRUE(b.put(of(a, "light.x"), R"({"state":"mine"})").ok());
  HeldMessage message;
  message.owner = a.owner();
  message.refused.push_back({"light.x", b.siblings(of(a, "light.x")).front().hash, "its author is another home"});
  b.receive(a.id(), encode(message));
  auto refused = b.store().conflicts({store::ConflictState::kRefused, {}}, std::nullopt, 10);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].address.id, "light.x");
}

TEST_F(HostileExceptions, CountsAndClocksAreTakenWithinReason) {
  Position position;
  position.owner = b.owner();
  position.epoch = b.core().writer().owner(b.owner()).epoch;
  position.remaining = UINT64_MAX;
  position.clock_ms = INT64_MIN;
  a.receive(b.id(), encode(position));
  auto report = a.replicator().report(b.id());
  EXPECT_LE(report.to_receive.value_or(0), 2 * kMaxToldCount);
  EXPECT_LE(report.clock_offset_ms.value_or(0), 0);
  cut();
  auto place = a.store().peerPlace(b.id(), b.owner());
  ASSERT_TRUE(place);
  EXPECT_LE(place->remaining, kMaxToldCount);
}

// However a bad version is made, one row says so.
TEST_F(HostileExceptions, BadVersionsLeaveOneRowInTheAudit) {
  for (int i = 0; i < 5; ++i) {
    Batch batch;
    batch.owner = a.owner();
    batch.number = static_cast<uint64_t>(i) + 1;
    batch.end = true;
    batch.rules_number = a.core().rulesFor(b.id())->number;
    batch.items.push_back({"light.x", "Kind " + std::to_string(i), {std::string(20, static_cast<char>(i))}, {}});
    a.receive(b.id(), encode(batch));
  }
  EXPECT_LE(a.store().audit({b.id().text(), "refused", "", {}}, {}, 100).size(), 2u);
}

TEST_F(HostileExceptions, BringReasonsThatAreShortAndPrintable) {
  HeldMessage message;
  message.owner = a.owner();
  message.refused.push_back({"light.x", standing("light.x"), "\x1b[2J\xe2\x80\xae" + std::string(100'000, 'x')});
  say(message);
  auto kept = a.store().peerExceptions(b.id(), of(a, "light.x"));
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_LE(kept[0].reason.size(), kMaxReasonBytes);
  EXPECT_EQ(kept[0].reason.find('\x1b'), std::string::npos);
  EXPECT_EQ(kept[0].reason.find("\xe2\x80\xae"), std::string::npos);
}

TEST_F(HostileExceptions, OfEveryVersionLeaveOnlyTheLatest) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(a.put(of(a, "light.x"), "{\"n\":" + std::to_string(i) + "}").ok());
    exceptAll("because");
  }
  EXPECT_TRUE(linkStands());
  EXPECT_EQ(rows(), 1u);
}

TEST_F(HostileExceptions, OfOneVersionTwiceEndTheLink) {
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"off"})").ok());
  auto batch = decodeBatch(a_to_b.front());
  Ack ack;
  ack.owner = batch->owner;
  ack.number = batch->number;
  ack.exceptions = {{0, true, "drift"}, {0, true, "drift"}};
  a.receive(b.id(), encode(ack));
  EXPECT_FALSE(linkStands());
}

TEST_F(HostileExceptions, AreKeptUpToALimit) {
  a.commit([&] {
    for (uint64_t i = 0; i < kMaxExceptions; ++i) {
      a.store().putPeerException(b.id(), b.owner(), {"light.x" + std::to_string(i), ContentHash{}, false, "r", 1});
    }
  });
  HeldMessage message;
  message.owner = a.owner();
  message.refused.push_back({"light.x", standing("light.x"), "one more"});
  say(message);
  EXPECT_TRUE(linkStands());
  EXPECT_EQ(rows(), kMaxExceptions);
}

TEST_F(HostileExceptions, EndedGrantsAreKeptToTheLatest) {
  model::Rules rules = *a.core().rulesFrom(b.owner());
  for (int round = 0; round < 3; ++round) {
    rules.number += 1;
    rules.lists.assign(1, {});
    for (int i = 0; i < 800; ++i) {
      char id[32];
      std::snprintf(id, sizeof id, "light.n%d_%04d", round, i);
      rules.lists[0].push_back({id, Access::kRead, 1'000 + round * 1000 + i});
    }
    a.receive(b.id(), encode(RulesMessage{b.owner(), rules}));
  }
  rules.number += 1;
  rules.lists.assign(1, {});
  a.receive(b.id(), encode(RulesMessage{b.owner(), rules}));
  auto kept = a.store().endedGrants(b.owner(), a.id());
  ASSERT_EQ(kept.size(), store::kMaxEndedGrants);
  EXPECT_EQ(kept.back().pattern, "light.n2_0799");
}

// A held version whose refusal nobody hears: its writer would wait for an answer for ever.
TEST_F(HostileExceptions, ARefusalWaitsForALink) {
  cut();
  model::Version version = a.siblings(of(a, "light.x")).front();
  version.tag.reset();
  version.author = Home("C", 3).id();
  version.dot.counter += 1;
  version.vector.raise(version.dot.replica, version.dot.counter);
  version.hash = model::contentHash(of(a, "light.x"), version);
  a.commit([&] {
    store::HeldRow held{0, b.id(), of(a, "light.x"), "state", "drift", 1, version.hash, {}};
    model::encodeVersion(version, held.kind, a.store(), &held.version);
    a.store().addHeld(held);
  });
  pass(2'000);
  EXPECT_EQ(a.store().heldCount(b.id()), 1u);
  connect();
  settle();
  pass(2'000);
  EXPECT_EQ(a.store().heldCount(b.id()), 0u);
  auto refused = a.store().audit({"", "refused", "", {}}, {}, 10);
  EXPECT_EQ(refused.size(), 1u);
}

TEST_F(HostileExceptions, APlaceCountsOnlyWhatNewRulesLeaveThere) {
  LinkFacts offline;
  offline.name = "B";
  auto verdict = [&] { return a.replicator().why(b.id(), of(a, "light.x"), offline).verdict; };
  cut();
  EXPECT_EQ(verdict(), "level");
  connect();
  settle();
  pass(300);
  // B hears of the loss and drops what it has, then the link ends, then it is given again.
  ASSERT_TRUE(a.grant(b.id(), "light.x", Access::kNone).ok());
  for (bool heard = false; !heard;) {
    ASSERT_FALSE(a_to_b.empty());
    heard = typeOf(a_to_b.front()) == MessageType::kRules;
    ASSERT_TRUE(step(a_to_b, a, b));
  }
  cut();
  ASSERT_TRUE(a.grant(b.id(), "light.x", Access::kRead).ok());
  EXPECT_EQ(verdict(), "on_its_way");
  connect();
  settle();
  pass(300);
  EXPECT_EQ(verdict(), "level");
}

}  // namespace
}  // namespace hearthgate::sync
