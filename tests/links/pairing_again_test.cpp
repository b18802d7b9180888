// Two paired homes pair again: until that is acknowledged, and when it comes to nothing, what they have stays (TRUST.md
// T5).
#include <future>

#include "links/running_home.h"
#include "trust/tuning.h"

namespace hearthgate::testing {
namespace {

class PairingAgain : public TwoRunningHomes {
 protected:
  void SetUp() override {
    pairHomes(beach, city);
    if (HasFatalFailure()) return;
    beach.grant(city.id(), "*", model::Access::kRead);
    ASSERT_TRUE(city.hub().sync(beach.id())->level);
    pairing_ = beach.rowOf(city)->pairing;
  }

  // City joins over the wire; both screens ask.
  void ask() {
    ASSERT_NO_FATAL_FAILURE(askBoth(beach, city, "127.0.0.1:" + std::to_string(wire)));
  }
  void confirm() {
    EXPECT_TRUE(city.hub().confirmPairing().ok());
    EXPECT_TRUE(beach.hub().confirmPairing().ok());
  }
  // Both know that both did.
  bool confirmed() { return !beach.hub().confirmPairing().ok() && !city.hub().confirmPairing().ok(); }
  // Up to where beach has done its part and says so to city, whose engine is held.
  void confirmUntilDone() {
    const auto heard = city.hub().traffic(beach.id());
    const uint64_t before = heard->received.frames;
    confirm();
    ASSERT_TRUE(eventually([&] { return heard->received.frames > before; }));
  }
  void expectAsBefore(RunningHome& home, RunningHome& other) {
    auto row = home.rowOf(other);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->state, store::PeerState::kPaired);
    EXPECT_EQ(row->pairing, pairing_);
  }
  void expectLinkedAndGranted() {
    EXPECT_TRUE(eventually([&] { return beach.connectedTo(city) && city.connectedTo(beach); }));
    ASSERT_TRUE(beach.put("light.lamp", R"({"on":true})").ok());
    EXPECT_TRUE(eventually([&] { return city.shown("light.lamp", beach.id()) == R"({"on":true})"; }));
  }

  const uint16_t wire = network->wireTo(beach.port());
  std::string pairing_;
};

TEST_F(PairingAgain, EndsWithBothLinked) {
  ask();
  confirm();
  EXPECT_TRUE(
      eventually([&] { return city.hub().pairing().state == "done" && beach.hub().pairing().state == "done"; }));
  expectAsBefore(beach, city);
  expectAsBefore(city, beach);
  auto addresses = city.rowOf(beach)->addresses;
  ASSERT_EQ(addresses.size(), 2u);
  EXPECT_EQ(addresses[0].address, "127.0.0.1:" + std::to_string(wire));
  EXPECT_EQ(addresses[1].address, beach.address());
  expectLinkedAndGranted();
}

TEST_F(PairingAgain, BringsBackAHomeThatWasKeptApart) {
  ASSERT_TRUE(beach.hub().disconnect(city.id()).ok());
  ask();
  confirm();
  expectLinkedAndGranted();
  EXPECT_EQ(beach.hub().pairing().state, "done");
}

TEST_F(PairingAgain, LeavesWhatWorksWhenItIsNotAcknowledged) {
  ask();
  HeldEngine held(city);
  confirmUntilDone();
  EXPECT_TRUE(beach.connectedTo(city));
  expectAsBefore(beach, city);
  network->mute(wire, true);
  held.goOn();
  ASSERT_TRUE(eventually([&] { return city.hub().pairing().state == "done"; }));
  city.stop();
  network->mute(wire, false);
  beach.clock.putForward(trust::kUnacknowledgedLimitMs + 1'000);
  EXPECT_TRUE(eventually([&] { return beach.hub().pairing().state == "failed"; }));
  expectAsBefore(beach, city);
  city.clock.putForward(trust::kUnacknowledgedLimitMs + 1'000);  // Or the other's changes would be held for drift.
  city.start();
  expectLinkedAndGranted();
}

TEST_F(PairingAgain, IsCompletedByTheNextLink) {
  ask();
  HeldEngine held(city);
  confirmUntilDone();
  network->mute(wire, true);
  held.goOn();
  ASSERT_TRUE(eventually([&] { return city.hub().pairing().state == "done"; }));
  city.stop();
  network->mute(wire, false);
  city.start();
  EXPECT_TRUE(eventually([&] { return beach.hub().pairing().state == "done"; }));
  expectLinkedAndGranted();
}

TEST_F(PairingAgain, LeavesWhatWorksWhenTheListenerWithdrawsIt) {
  ask();
  HeldEngine held(city);
  confirmUntilDone();
  beach.hub().cancelPairing();
  EXPECT_EQ(beach.hub().pairing().state, "failed");
  expectAsBefore(beach, city);
  held.goOn();
  expectLinkedAndGranted();
}

TEST_F(PairingAgain, LeavesWhatWorksWhenTheJoinerWithdrawsIt) {
  ask();
  HeldEngine held(city);
  confirmUntilDone();
  city.hub().cancelPairing();  // It does not wait for ever for what is held.
  held.goOn();
  EXPECT_TRUE(eventually([&] { return city.hub().pairing().state == "failed"; }));
  expectAsBefore(city, beach);
  expectLinkedAndGranted();
}

TEST_F(PairingAgain, LeavesTheLinkWhenItIsGivenUp) {
  ask();
  network->shut(wire, "/peer");
  confirm();
  ASSERT_TRUE(eventually([&] { return confirmed(); }));
  beach.clock.putForward(trust::kPendingLimitMs + 1'000);
  city.clock.putForward(trust::kPendingLimitMs + 1'000);
  EXPECT_TRUE(
      eventually([&] { return city.hub().pairing().state == "failed" && beach.hub().pairing().state == "failed"; }));
  expectAsBefore(beach, city);
  expectAsBefore(city, beach);
  expectLinkedAndGranted();
}

// The listener remembers nothing of a pairing that it had not stored.
TEST_F(PairingAgain, EndsWellAndKeepsItsLinkWhenTheListenerIsRestarted) {
  ask();
  network->shut(wire, "/peer");
  confirm();
  ASSERT_TRUE(eventually([&] { return confirmed(); }));
  beach.stop();
  beach.start();
  EXPECT_TRUE(eventually([&] { return city.hub().pairing().state == "done"; }));
  expectLinkedAndGranted();
}

// City on a new machine: the same home with another key.
class PairingWithAnotherKey : public PairingAgain {
 protected:
  void ask(RunningHome& listener, RunningHome& joiner) {
    auto code = listener.hub().openPairing(300, false);
    ASSERT_TRUE(code.ok());
    const std::string way = &listener == &beach ? "127.0.0.1:" + std::to_string(wire) : listener.address();
    auto joined = joiner.hub().join(code->code, way, false);
    ASSERT_TRUE(joined.ok()) << joined.error().message;
    ASSERT_TRUE(eventually([&] { return listener.hub().pairing().state == "confirming"; }));
  }
  void confirm(RunningHome& one, RunningHome& other) {
    EXPECT_TRUE(one.hub().confirmPairing().ok());
    EXPECT_TRUE(other.hub().confirmPairing().ok());
  }
  // The new machine joins, and stores its pin when nothing of it is heard any more.
  void joinUnheard() {
    ask(beach, rebuilt);
    HeldEngine held(rebuilt);
    confirm(beach, rebuilt);
    ASSERT_TRUE(eventually([&] { return beach.rowOf(city)->state == store::PeerState::kUnacknowledged; }));
    network->mute(wire, true);
    held.goOn();
    ASSERT_TRUE(eventually([&] { return rebuilt.hub().pairing().state == "done"; }));
  }
  void expectFormerKey() {
    expectAsBefore(beach, city);
    EXPECT_EQ(beach.rowOf(city)->operating_spki, city.identity().operatingSpki());
    EXPECT_FALSE(beach.rowOf(city)->former);
  }

  RunningHome rebuilt{network, "City", city};
};

TEST_F(PairingWithAnotherKey, LinksTheOneThatWasPairedLast) {
  ask(beach, rebuilt);
  confirm(beach, rebuilt);
  ASSERT_TRUE(eventually([&] { return beach.connectedTo(rebuilt) && rebuilt.connectedTo(beach); }));
  EXPECT_TRUE(eventually([&] { return city.hub().state(beach.id()).state == "refused"; }));
  EXPECT_EQ(beach.rowOf(city)->state, store::PeerState::kPaired);
  EXPECT_EQ(beach.rowOf(city)->operating_spki, rebuilt.identity().operatingSpki());
  EXPECT_FALSE(beach.rowOf(city)->former);
  ASSERT_TRUE(beach.put("light.lamp", R"({"on":true})").ok());
  EXPECT_TRUE(eventually([&] { return rebuilt.shown("light.lamp", beach.id()) == R"({"on":true})"; }));
}

TEST_F(PairingWithAnotherKey, GivesTheFormerOneBackWhenItIsNotAcknowledged) {
  joinUnheard();
  EXPECT_TRUE(beach.connectedTo(city));
  rebuilt.stop();
  beach.stop();
  beach.start();
  EXPECT_EQ(beach.rowOf(city)->operating_spki, rebuilt.identity().operatingSpki());
  beach.clock.putForward(trust::kUnacknowledgedLimitMs + 1'000);
  city.clock.putForward(trust::kUnacknowledgedLimitMs + 1'000);
  EXPECT_TRUE(eventually([&] { return beach.rowOf(city)->state == store::PeerState::kPaired; }));
  expectFormerKey();
  ASSERT_TRUE(city.hub().connect(beach.id()).ok());  // It was refused meanwhile, and takes its time.
  expectLinkedAndGranted();
}

TEST_F(PairingWithAnotherKey, GivesTheFormerOneBackWhenTheListenerWithdrawsIt) {
  joinUnheard();
  beach.hub().cancelPairing();
  EXPECT_EQ(beach.hub().pairing().state, "failed");
  rebuilt.stop();
  expectFormerKey();
  expectLinkedAndGranted();
}

TEST_F(PairingWithAnotherKey, GivesTheFormerOneBackWhenTheJoinerWithdrawsIt) {
  ask(rebuilt, beach);
  HeldEngine held(beach);
  const auto heard = beach.hub().traffic(city.id());
  const uint64_t before = heard->received.frames;
  confirm(rebuilt, beach);
  ASSERT_TRUE(eventually([&] { return heard->received.frames > before; }));
  beach.hub().cancelPairing();
  held.goOn();
  EXPECT_TRUE(eventually([&] { return beach.hub().pairing().state == "failed"; }));
  rebuilt.stop();
  expectFormerKey();
  expectLinkedAndGranted();
}

}  // namespace
}  // namespace hearthgate::testing
