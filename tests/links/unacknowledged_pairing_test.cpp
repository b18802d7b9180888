// The rest case of TRUST.md T5: the listener's pin was stored, its acknowledgement never came, and the joiner stays
// away.
#include <future>

#include "links/raw_peer.h"
#include "links/running_home.h"
#include "sync/link_hub_impl.h"
#include "trust/tuning.h"

namespace hearthgate::testing {
namespace {

class UnacknowledgedPairing : public TwoRunningHomes {
 protected:
  // Both persons agree; the joiner stores its pin when nothing of it is heard any more.
  void muteTheAcknowledgement() {
    ASSERT_NO_FATAL_FAILURE(askBoth(beach, city, "127.0.0.1:" + std::to_string(wire)));
    HeldEngine held(city);
    EXPECT_TRUE(city.hub().confirmPairing().ok());
    EXPECT_TRUE(beach.hub().confirmPairing().ok());
    EXPECT_TRUE(eventually([&] { return isMarked(); }));
    network->mute(wire, true);
    held.goOn();
    EXPECT_TRUE(eventually([&] { return city.hub().pairing().state == "done"; }));
  }
  // And goes away.
  void loseTheAcknowledgement() {
    muteTheAcknowledgement();
    city.stop();
    network->mute(wire, false);
  }
  bool isMarked() {
    auto row = beach.rowOf(city);
    return row && row->state == store::PeerState::kUnacknowledged;
  }

  const uint16_t wire = network->wireTo(beach.port());
};

TEST_F(UnacknowledgedPairing, IsCompletedWhenTheJoinerComesBackInTime) {
  loseTheAcknowledgement();
  beach.clock.putForward(trust::kUnacknowledgedLimitMs - 60'000);
  city.start();
  EXPECT_TRUE(eventually([&] { return beach.connectedTo(city) && city.connectedTo(beach); }));
  EXPECT_EQ(beach.rowOf(city)->state, store::PeerState::kPaired);
  EXPECT_EQ(beach.hub().pairing().state, "done");
}

// The link stays, with nothing on it: the acknowledgement was lost, and the joiner's hello behind it.
TEST_F(UnacknowledgedPairing, IsCompletedOverANewLinkWhenTheFirstIsSilent) {
  muteTheAcknowledgement();
  ASSERT_TRUE(eventually([&] { return city.connectedTo(beach); }));
  network->mute(wire, false);
  city.clock.putForward(31'000);
  beach.clock.putForward(31'000);
  EXPECT_TRUE(eventually([&] { return beach.connectedTo(city) && city.connectedTo(beach); }));
  EXPECT_EQ(beach.rowOf(city)->state, store::PeerState::kPaired);
}

// What a person says before the other home's last word has come is not undone by it.
TEST_F(UnacknowledgedPairing, StaysApartWhenAPersonDisconnectsTheHomeMeanwhile) {
  ASSERT_NO_FATAL_FAILURE(askBoth(beach, city, "127.0.0.1:" + std::to_string(wire)));
  HeldEngine held(city);
  EXPECT_TRUE(city.hub().confirmPairing().ok());
  EXPECT_TRUE(beach.hub().confirmPairing().ok());
  ASSERT_TRUE(eventually([&] { return isMarked(); }));
  network->hold(wire);
  held.goOn();
  ASSERT_TRUE(eventually([&] { return city.hub().pairing().state == "done"; }));
  ASSERT_TRUE(beach.hub().disconnect(city.id()).ok());
  network->thaw(wire);
  ASSERT_TRUE(eventually([&] { return beach.hub().pairing().state == "done"; }));
  EXPECT_EQ(beach.rowOf(city)->state, store::PeerState::kPaired);
  EXPECT_TRUE(beach.rowOf(city)->kept_apart);
  EXPECT_FALSE(beach.connectedTo(city));
  ASSERT_TRUE(beach.hub().connect(city.id()).ok());
  EXPECT_TRUE(eventually([&] { return beach.connectedTo(city) && city.connectedTo(beach); }));
}

TEST_F(UnacknowledgedPairing, RemovesItselfAndTheJoinerIsToldSo) {
  loseTheAcknowledgement();
  EXPECT_TRUE(isMarked());
  beach.clock.putForward(trust::kUnacknowledgedLimitMs + 1'000);
  EXPECT_TRUE(eventually([&] { return beach.rowOf(city)->state == store::PeerState::kForgotten; }));
  EXPECT_EQ(beach.hub().connect(city.id()).error().code, "home_not_found");
  EXPECT_TRUE(eventually([&] { return beach.hub().pairing().state == "failed"; }));
  city.start();
  EXPECT_TRUE(eventually([&] { return city.hub().state(beach.id()).refused_reason == "not_paired"; }));
  EXPECT_FALSE(city.connectedTo(beach));
  // What both are told to do works.
  pairHomes(beach, city);
}

TEST_F(UnacknowledgedPairing, IsForgottenAlsoWhenTheJoinerComesBackInTime) {
  loseTheAcknowledgement();
  ASSERT_TRUE(beach.hub().forget(city.id()).ok());
  EXPECT_EQ(beach.hub().pairing().state, "failed");
  city.start();
  EXPECT_TRUE(eventually([&] { return city.hub().state(beach.id()).refused_reason == "not_paired"; }));
  EXPECT_FALSE(beach.connectedTo(city));
  EXPECT_EQ(beach.rowOf(city)->state, store::PeerState::kForgotten);
}

TEST_F(UnacknowledgedPairing, IsGoneWhenThePersonWithdrawsIt) {
  loseTheAcknowledgement();
  beach.hub().cancelPairing();
  EXPECT_EQ(beach.rowOf(city)->state, store::PeerState::kForgotten);
  EXPECT_EQ(beach.hub().pairing().state, "failed");
  city.start();
  EXPECT_TRUE(eventually([&] { return city.hub().state(beach.id()).refused_reason == "not_paired"; }));
  EXPECT_FALSE(beach.connectedTo(city));
}

TEST_F(UnacknowledgedPairing, GoesOnWhenAnotherHomeIsJoined) {
  loseTheAcknowledgement();
  RunningHome hills{network, "Hills"};
  pairHomes(hills, beach);
  city.start();
  EXPECT_TRUE(eventually([&] { return beach.connectedTo(city) && city.connectedTo(beach); }));
  EXPECT_EQ(beach.rowOf(city)->state, store::PeerState::kPaired);
}

TEST_F(UnacknowledgedPairing, DoesNotStandInTheWayOfAnotherOne) {
  loseTheAcknowledgement();
  RunningHome hills{network, "Hills"};
  pairHomes(beach, hills);
  EXPECT_TRUE(isMarked());
  city.start();
  EXPECT_TRUE(eventually([&] { return beach.connectedTo(city); }));
}

TEST_F(UnacknowledgedPairing, RemovesItselfAlsoAfterARestart) {
  loseTheAcknowledgement();
  beach.stop();
  beach.start();
  EXPECT_TRUE(isMarked());
  beach.clock.putForward(trust::kUnacknowledgedLimitMs + 1'000);
  EXPECT_TRUE(eventually([&] { return beach.rowOf(city)->state == store::PeerState::kForgotten; }));
  city.start();
  EXPECT_TRUE(eventually([&] { return city.hub().state(beach.id()).refused_reason == "not_paired"; }));
}

// What opens with the joiner's key and never acknowledges.
class UnusedLink : public UnacknowledgedPairing {
 protected:
  std::shared_ptr<RawPeer> open() {
    auto peer = std::make_shared<RawPeer>(city.identity());
    auto accepted = beach.hub().acceptor("test")({"/peer", "", "192.0.2.1:8765"});
    EXPECT_TRUE(accepted.handler);
    if (accepted.handler) peer->open(accepted.handler);
    return peer;
  }
};

TEST_F(UnusedLink, EndsWhenANewerOneComes) {
  loseTheAcknowledgement();
  auto first = open();
  auto second = open();
  EXPECT_TRUE(eventually([&] { return first->closed() == "duplicate"; })) << first->closed();
  EXPECT_EQ(second->closed(), "");
}

TEST_F(UnusedLink, EndsAfterThirtySeconds) {
  loseTheAcknowledgement();
  const auto traffic = beach.hub().traffic(city.id());
  const uint64_t before = traffic->sent.frames;
  auto link = open();
  ASSERT_TRUE(eventually([&] { return traffic->sent.frames > before; }));  // It asks for the acknowledgement.
  beach.clock.putForward(sync::kHelloLimitMs + 1'000);
  EXPECT_TRUE(eventually([&] { return link->closed() == "timeout"; })) << link->closed();
  EXPECT_TRUE(isMarked());
}

TEST_F(UnusedLink, KeepsAHelloAndAFewNotes) {
  loseTheAcknowledgement();
  auto link = open();
  const auto traffic = beach.hub().traffic(city.id());
  const uint64_t before = traffic->received.frames;
  link->sayFrame(std::string(sync::kMaxMessageBytes, '\1'));
  link->sayFrame(std::string(sync::kMaxEarlyBytes - sync::kMessageChargeBytes, '\1'));
  ASSERT_TRUE(eventually([&] { return traffic->received.frames == before + 2; }));
  EXPECT_EQ(link->closed(), "");
  link->sayFrame("\1");
  EXPECT_TRUE(eventually([&] { return link->closed() == "protocol"; })) << link->closed();
}

TEST_F(UnusedLink, KeepsManyTinyNotes) {
  loseTheAcknowledgement();
  auto link = open();
  const auto traffic = beach.hub().traffic(city.id());
  const uint64_t before = traffic->received.frames;
  const size_t fit = sync::kMaxEarlyBytes / (sync::kMessageChargeBytes + 1);
  link->sayFrame("\1", 1 + fit);
  ASSERT_TRUE(eventually([&] { return traffic->received.frames == before + 1 + fit; }));
  EXPECT_EQ(link->closed(), "");
  link->sayFrame("\1");
  EXPECT_TRUE(eventually([&] { return link->closed() == "protocol"; })) << link->closed();
}

}  // namespace
}  // namespace hearthgate::testing
