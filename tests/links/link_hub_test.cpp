#include "sync/link_hub.h"

#include "links/running_home.h"
#include "sync/link_hub_impl.h"

namespace hearthgate::testing {
namespace {

using LinkHub = TwoRunningHomes;

TEST_F(LinkHub, PairsTwoHomesAndSharesWhatIsGranted) {
  ASSERT_TRUE(beach.put("light.kitchen", R"({"state":"on"})").ok());
  pairHomes(beach, city);
  beach.grant(city.id(), "light.*", model::Access::kWrite);
  ASSERT_TRUE(eventually([&] { return city.shown("light.kitchen", beach.id()) == R"({"state":"on"})"; }));
  ASSERT_TRUE(city.put("light.kitchen", R"({"state":"off"})", model::OwnerId(beach.id())).ok());
  ASSERT_TRUE(eventually([&] { return beach.shown("light.kitchen", beach.id()) == R"({"state":"off"})"; }));
  auto level = city.hub().sync(beach.id());
  ASSERT_TRUE(level.ok());
  EXPECT_TRUE(level->level) << level->reason;
}

TEST_F(LinkHub, KeepsItsCodeWhileItJoinsAnotherHome) {
  RunningHome hills{network, "Hills"};
  auto code = beach.hub().openPairing(300, true);
  auto others = hills.hub().openPairing(300, false);
  ASSERT_TRUE(code.ok() && others.ok());
  ASSERT_TRUE(beach.hub().join(others->code, hills.address(), false).ok());
  auto joined = city.hub().join(code->code, beach.address(), true);
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(joined.error().code, "pairing_throttled");
  EXPECT_EQ(beach.hub().pairing().failed_tries, 0);
  hills.hub().cancelPairing();
  ASSERT_TRUE(eventually([&] { return beach.hub().pairing().state == "open"; }));
  joined = city.hub().join(code->code, beach.address(), true);
  ASSERT_TRUE(joined.ok()) << joined.error().code << ": " << joined.error().message;
  EXPECT_EQ(joined->state, "done");
}

TEST_F(LinkHub, TellsWhatItJoinsApartFromItsOwnCode) {
  RunningHome hills{network, "Hills"};
  auto code = beach.hub().openPairing(300, true);
  auto others = hills.hub().openPairing(300, true);
  ASSERT_TRUE(code.ok() && others.ok());
  EXPECT_EQ(beach.hub().pairing("joins").state, "none");
  ASSERT_TRUE(beach.hub().join(others->code, hills.address(), true).ok());
  EXPECT_EQ(beach.hub().pairing("joins").state, "done");
  EXPECT_EQ(beach.hub().pairing("joins").peer, hills.id());
  EXPECT_EQ(beach.hub().pairing("invites").state, "open");
  ASSERT_TRUE(city.hub().join(code->code, beach.address(), true).ok());
  EXPECT_TRUE(eventually([&] { return beach.hub().pairing("invites").state == "done"; }));
  EXPECT_EQ(beach.hub().pairing("joins").state, "none");
}

// A pairing counts what it would send in turns with everything else.
TEST_F(LinkHub, CountsAnOfferInTurns) {
  constexpr size_t kEntities = 30 * sync::kOfferRows + 1;
  pairHomes(beach, city);
  ASSERT_TRUE(beach.hub().disconnect(city.id()).ok());
  beach.grant(city.id(), "light.*", model::Access::kRead);
  ASSERT_TRUE(beach.put("sensor.hidden", R"({"n":1})").ok());
  ASSERT_TRUE(beach.engine()
                  .run([&](engine::Core& core) {
                    core.beginChange(core.settings().home, "test", "write");
                    for (size_t n = 0; n < kEntities; ++n) {
                      engine::WriteOrder order;
                      order.address = {model::OwnerId(beach.id()), "light.l" + std::to_string(n)};
                      order.fields = *model::parseJson(R"({"n":1})", 32);
                      EXPECT_TRUE(core.write(order).ok());
                    }
                    core.endChange();
                  })
                  .ok());
  const uint64_t before = beach.engine().measures().group.read().at_most.back();
  auto code = beach.hub().openPairing(300, false);
  ASSERT_TRUE(code.ok());
  auto joined = city.hub().join(code->code, beach.address(), false);
  ASSERT_TRUE(joined.ok()) << joined.error().message;
  EXPECT_EQ(joined->to_receive.entities, kEntities);
  EXPECT_EQ(joined->to_receive.kinds.size(), 1u);
  EXPECT_GT(beach.engine().measures().group.read().at_most.back() - before, kEntities / sync::kOfferRows);
}

TEST_F(LinkHub, AsksBothPersonsAndShowsThemTheSameWords) {
  auto code = beach.hub().openPairing(300, false);
  ASSERT_TRUE(code.ok());
  auto joined = city.hub().join(code->code, beach.address(), false);
  ASSERT_TRUE(joined.ok()) << joined.error().message;
  EXPECT_EQ(joined->state, "confirming");
  EXPECT_EQ(joined->peer_name, "Beach");
  ASSERT_EQ(joined->words.size(), 3u);
  ASSERT_TRUE(eventually([&] { return beach.hub().pairing().state == "confirming"; }));
  EXPECT_EQ(beach.hub().pairing().words, joined->words);
  ASSERT_TRUE(city.hub().confirmPairing().ok());
  EXPECT_EQ(city.hub().pairing().state, "confirming");
  ASSERT_TRUE(beach.hub().confirmPairing().ok());
  ASSERT_TRUE(eventually([&] { return beach.hub().pairing().state == "done" && city.hub().pairing().state == "done"; }));
  EXPECT_TRUE(eventually([&] { return beach.connectedTo(city); }));
}

TEST_F(LinkHub, NamesWhatIsWrongWithACode) {
  auto join = [&](const std::string& code, const std::string& address) {
    auto joined = city.hub().join(code, address, true);
    return joined.ok() ? std::string("joined") : joined.error().code;
  };
  auto first = beach.hub().openPairing(300, true);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(join("HEARTH-0000-0000-0000-0001", beach.address()), "pairing_code_mistyped");
  auto second = beach.hub().openPairing(300, true);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(join(first->code, beach.address()), "pairing_wrong_code");
  // It sees the end of the handshake after the joiner.
  EXPECT_TRUE(eventually([&] { return beach.hub().pairing().failed_tries == 1; }));
  beach.hub().cancelPairing();
  EXPECT_EQ(join(second->code, beach.address()), "pairing_not_open");
  EXPECT_EQ(join(second->code, "127.0.0.1:1"), "pairing_unreachable");
}

TEST_F(LinkHub, PairsAfterAJoinForWhichThereWasNoTransport) {
  beach.hub().dropTransport("test");
  auto code = city.hub().openPairing(300, true);
  ASSERT_TRUE(code.ok());
  auto joined = beach.hub().join(code->code, city.address(), true);
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(joined.error().code, "pairing_unreachable");
  beach.hub().useTransport("test", std::make_shared<LoopbackTransport>(network));
  pairHomes(beach, city);
}

TEST_F(LinkHub, TakesANewCodeWhileAnEarlierPairingWaitsToBeConfirmed) {
  auto code = beach.hub().openPairing(300, false);
  ASSERT_TRUE(code.ok());
  ASSERT_TRUE(city.hub().join(code->code, beach.address(), false).ok());
  ASSERT_TRUE(eventually([&] { return beach.hub().pairing().state == "confirming"; }));
  RunningHome hills{network, "Hills"};
  pairHomes(beach, hills);
  EXPECT_TRUE(eventually([&] { return city.hub().pairing().state == "failed"; }));
}

TEST_F(LinkHub, ComesBackAfterARestartAndSendsWhatChangedMeanwhile) {
  pairHomes(beach, city);
  beach.grant(city.id(), "*", model::Access::kRead);
  ASSERT_TRUE(beach.put("light.a", R"({"n":1})").ok());
  ASSERT_TRUE(eventually([&] { return city.shown("light.a", beach.id()) == R"({"n":1})"; }));
  city.stop();
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city); }));
  ASSERT_TRUE(beach.put("light.a", R"({"n":2})").ok());
  city.start();
  EXPECT_TRUE(eventually([&] { return city.shown("light.a", beach.id()) == R"({"n":2})"; }));
}

TEST_F(LinkHub, KeepsApartUntilAPersonConnectsAgain) {
  pairHomes(beach, city);
  ASSERT_TRUE(city.hub().disconnect(beach.id()).ok());
  ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city) && !city.connectedTo(beach); }));
  auto answer = city.hub().sync(beach.id());
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->level);
  EXPECT_EQ(answer->reason, "offline");
  ASSERT_TRUE(city.hub().connect(beach.id()).ok());
  auto level = city.hub().sync(beach.id());
  ASSERT_TRUE(level.ok());
  EXPECT_TRUE(level->level) << level->reason;
}

// Beach has something to say for which its bandwidth does not last; City is level at once, and says so when asked.
class SyncThatWaits : public TwoRunningHomes {
 protected:
  void begin() {
    pairHomes(beach, city);
    beach.grant(city.id(), "*", model::Access::kRead);
    ASSERT_TRUE(beach.hub().sync(city.id())->level);
    ASSERT_TRUE(beach.hub().setBandwidth(city.id(), 1).ok());
    ASSERT_TRUE(beach.put("light.first", "{}").ok());
    ASSERT_TRUE(eventually([&] { return city.shown("light.first", beach.id()) == "{}"; }));
    ASSERT_TRUE(beach.put("light.second", "{}").ok());
    uint64_t before = framesSent();
    answer = std::async(std::launch::async, [&] { return beach.hub().sync(city.id()); });
    ASSERT_TRUE(eventually([&] { return framesSent() > before; })) << "it asks";
  }
  uint64_t framesSent() { return beach.hub().traffic(city.id())->sent.frames.load(); }
  uint64_t commits() { return beach.engine().measures().group.read().at_most.back(); }

  std::future<Result<sync::SyncAnswer>> answer;
};

TEST_F(SyncThatWaits, AsksOnceUntilThisSideIsLevelAndEndsWithItsTime) {
  begin();
  uint64_t frames = framesSent();
  uint64_t ticks = commits() + 10;
  ASSERT_TRUE(eventually([&] { return commits() >= ticks; }));
  EXPECT_LE(framesSent(), frames + 3) << "where it stands in its feed, not questions";
  beach.clock.putForward(sync::kSyncWaitMs);
  ASSERT_EQ(answer.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  auto said = answer.get();
  ASSERT_TRUE(said.ok());
  EXPECT_EQ(said->reason, "timeout");
}

TEST_F(SyncThatWaits, EndsAsSoonAsThisSideIsLevelToo) {
  begin();
  ASSERT_TRUE(beach.hub().setBandwidth(city.id(), std::nullopt).ok());
  auto said = answer.get();
  ASSERT_TRUE(said.ok());
  EXPECT_TRUE(said->level) << said->reason;
  EXPECT_EQ(city.shown("light.second", beach.id()), "{}");
}

TEST_F(LinkHub, ForgetsAHomeAndTellsIt) {
  pairHomes(beach, city);
  beach.grant(city.id(), "light.*", model::Access::kWrite);
  ASSERT_TRUE(beach.put("light.a", "{}").ok());
  ASSERT_TRUE(eventually([&] { return city.shown("light.a", beach.id()) == "{}"; }));
  ASSERT_TRUE(beach.hub().forget(city.id()).ok());
  EXPECT_TRUE(eventually([&] { return city.hub().state(beach.id()).state == "refused"; }));
  EXPECT_EQ(beach.hub().forget(city.id()).error().code, "home_not_found");
  pairHomes(beach, city);
  beach.grant(city.id(), "light.*", model::Access::kRead);
  ASSERT_TRUE(beach.put("light.a", "{}").ok());
  EXPECT_TRUE(eventually([&] { return city.shown("light.a", beach.id()) == "{}"; }));
}

TEST_F(LinkHub, HoldsWhatIsAboveTheQuotaAndTakesItWhenThereIsRoom) {
  pairHomes(beach, city);
  city.stop();
  city.peer_entities = 3;
  city.start();
  beach.grant(city.id(), "*", model::Access::kRead);
  for (const char* id : {"light.a", "light.b", "light.c", "light.d"}) ASSERT_TRUE(beach.put(id, "{}").ok());
  uint64_t held = 0;
  auto heldOne = [&] {
    return city.engine().run([&](engine::Core& core) { held = core.store().heldCount(); }).ok() && held == 1;
  };
  EXPECT_TRUE(eventually(heldOne));
  EXPECT_EQ(city.shown("light.c", beach.id()), "{}");
  EXPECT_EQ(city.shown("light.d", beach.id()), "");
  // What is here already goes on changing.
  ASSERT_TRUE(beach.put("light.a", R"({"on":true})").ok());
  EXPECT_TRUE(eventually([&] { return city.shown("light.a", beach.id()) == R"({"on":true})"; }));
  city.stop();
  city.peer_entities = 10;
  city.start();
  EXPECT_TRUE(eventually([&] { return city.shown("light.d", beach.id()) == "{}"; }));
}

TEST_F(LinkHub, KeepsOneLinkWhenBothDial) {
  pairHomes(beach, city);
  ASSERT_TRUE(beach.hub().edit(city.id(), std::vector<std::string>{city.address()}, {}).ok());
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(beach.hub().disconnect(city.id()).ok());
    ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city) && !city.connectedTo(beach); }));
    ASSERT_TRUE(beach.hub().connect(city.id()).ok());
    ASSERT_TRUE(eventually([&] {
      auto answer = beach.hub().sync(city.id());
      return answer.ok() && answer->level;
    }));
  }
}

}  // namespace
}  // namespace hearthgate::testing
