// What `why` says where real daemons are hard to bring: refusals, restarts in between, and what becomes of what was held.
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

class WhyBetweenHomes : public LevelPairOfHomes {
 protected:
  Why why(Home& home, const model::Address& address) {
    Home& other = &home == &a ? b : a;
    LinkFacts link;
    link.name = other.name();
    link.state = home.replicator().connected(other.id()) ? "connected" : "offline";
    return home.replicator().why(other.id(), address, link);
  }
  std::string verdict(Home& home, const std::string& id) { return why(home, of(a, id)).verdict; }
  static bool failed(const Why& why, const std::string& gate) {
    for (const WhyStep& step : why.steps) {
      if (step.gate == gate) return !step.passed;
    }
    return false;
  }
  void limit(Home& home, uint64_t entities) {
    sim::Limits limits;
    limits.peer_entities = entities;
    home.setLimits(limits);
    restart(home, home.image(), Home::Start::kClean);
  }
};

TEST_F(WhyBetweenHomes, IsLevelAtBothWhenAllIsAcknowledged) {
  EXPECT_EQ(verdict(a, "light.x"), "level");
  EXPECT_EQ(verdict(b, "light.x"), "level");
  EXPECT_TRUE(why(a, of(a, "light.x")).next_action.empty());
}

TEST_F(WhyBetweenHomes, IsOnItsWayUntilTheAcknowledgementCame) {
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"off"})").ok());
  EXPECT_EQ(verdict(a, "light.x"), "on_its_way");
  ASSERT_TRUE(step(a_to_b, a, b));
  EXPECT_EQ(verdict(a, "light.x"), "on_its_way");
  settle();
  EXPECT_EQ(verdict(a, "light.x"), "level");
}

TEST_F(WhyBetweenHomes, RemembersWhatIsHeldThereUntilItIsTakenIn) {
  limit(b, 1);
  connect();
  settle();
  ASSERT_TRUE(a.put(of(a, "light.y"), R"({"state":"on"})").ok());
  settle();
  EXPECT_EQ(verdict(a, "light.y"), "held");
  EXPECT_TRUE(failed(why(a, of(a, "light.y")), "limit"));
  EXPECT_EQ(verdict(b, "light.y"), "held");
  restart(a, a.image(), Home::Start::kClean);
  EXPECT_EQ(verdict(a, "light.y"), "held");
  // Raised while there is no link: the hello's word on what is held says so.
  limit(b, 10);
  b.tick();
  connect();
  settle();
  pass(300);
  EXPECT_EQ(verdict(a, "light.y"), "level");
  EXPECT_EQ(verdict(b, "light.y"), "level");
  EXPECT_EQ(a.store().peerExceptionCount(b.id(), true), 0u);
}

TEST_F(WhyBetweenHomes, TellsAtOnceWhatIsTakenInWhileTheLinkStands) {
  b.clock().wall_ms -= 90'000;
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"ahead"})").ok());
  settle();
  EXPECT_EQ(verdict(a, "light.x"), "held");
  EXPECT_TRUE(failed(why(a, of(a, "light.x")), "clock"));
  EXPECT_TRUE(failed(why(b, of(a, "light.x")), "clock"));
  b.clock().wall_ms += 90'000;
  pass(1'500);
  pass(300);
  EXPECT_EQ(verdict(a, "light.x"), "level");
  EXPECT_EQ(verdict(b, "light.x"), "level");
}

TEST_F(WhyBetweenHomes, NamesARefusalUntilALaterVersionIsAcknowledged) {
  auto entity = a.store().entity(of(a, "light.x"));
  ASSERT_TRUE(entity);
  a.commit([&] {
    a.store().putPeerException(b.id(), a.owner(), {"light.x", entity->siblings[0].hash, false, "its author is another home", 7});
  });
  // A home that keeps exceptions knows it from the start of a link on.
  restart(a, a.image(), Home::Start::kClean);
  connect();
  settle();
  pass(300);
  Why refused = why(a, of(a, "light.x"));
  EXPECT_EQ(refused.verdict, "refused");
  EXPECT_TRUE(failed(refused, "acknowledged"));
  EXPECT_EQ(refused.steps.size(), 12u);
  EXPECT_NE(refused.next_action.find("conflict list --state refused"), std::string::npos);
  EXPECT_EQ(a.replicator().report(b.id()).refused_there, 1u);
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"later"})").ok());
  settle();
  EXPECT_EQ(verdict(a, "light.x"), "level");
  EXPECT_EQ(a.replicator().report(b.id()).refused_there, 0u);
}

TEST_F(WhyBetweenHomes, HidesWhatAHomeMayNotKnow) {
  ASSERT_TRUE(a.put(of(a, "secret.door"), "{}").ok());
  settle();
  Why hidden = why(b, of(a, "secret.door"));
  Why never = why(b, of(a, "secret.nothing"));
  EXPECT_EQ(hidden.verdict, "unknown");
  ASSERT_EQ(hidden.steps.size(), never.steps.size());
  for (size_t i = 0; i < hidden.steps.size(); ++i) EXPECT_EQ(hidden.steps[i].detail, never.steps[i].detail);
}

TEST_F(WhyBetweenHomes, SaysThatARestoreHoldsEverythingBack) {
  restart(a, a.image(), Home::Start::kRestored);
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"anew"})").ok());
  connect();
  settle();
  Why held = why(a, of(a, "light.x"));
  EXPECT_EQ(held.verdict, "held");
  EXPECT_TRUE(failed(held, "limit"));
}

TEST_F(WhyBetweenHomes, ChangesTheBandwidthOfAStandingLink) {
  a.commit([&] { a.replicator().setBandwidth(b.id(), 1); });
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"slow"})").ok());
  Why slow = why(a, of(a, "light.x"));
  EXPECT_EQ(slow.verdict, "on_its_way");
  EXPECT_TRUE(failed(slow, "throttle"));
  restart(a, a.image(), Home::Start::kClean);
  EXPECT_EQ(a.store().bandwidth(b.id()), 1u);
  a.commit([&] { a.replicator().setBandwidth(b.id(), std::nullopt); });
  connect();
  settle();
  EXPECT_EQ(verdict(a, "light.x"), "level");
}

// Of a home with more entities than events name, an event of the home itself says that they are stale.
TEST_F(WhyBetweenHomes, SilenceOfALargeHomeIsToldByAnEventOfTheHome) {
  a.commit([&] {
    a.core().beginChange(a.id(), "test", "bulk");
    for (size_t i = 0; i < kStaleEvents; ++i) {
      engine::WriteOrder order;
      order.address = of(a, "light.n" + std::to_string(i));
      order.fields = *model::parseJson("{}", 4);
      ASSERT_TRUE(a.core().write(order).ok());
    }
    a.core().endChange();
  });
  settle();
  pass(300);
  auto told = [&](const std::string& type) {
    size_t count = 0;
    for (const store::EventRow& event : b.store().events(0, 10'000))
      count += event.type == type && event.body.find("offline") == std::string::npos;
    return count;
  };
  size_t homes = told("home");
  size_t entities = told("entity");
  cut();
  EXPECT_EQ(told("home"), homes + 1);
  EXPECT_EQ(told("entity"), entities + kStaleEvents);
}

TEST_F(WhyBetweenHomes, AMessageOfHeldVersionsIsReadBack) {
  HeldMessage message;
  message.owner = a.owner();
  message.held.push_back({"light.x", ContentHash{}, "unknown format"});
  message.refused.push_back({"light.y", a.store().entity(of(a, "light.x"))->siblings[0].hash, "quota"});
  auto read = decodeHeld(encode(message));
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->held.size(), 1u);
  EXPECT_EQ(read->held[0].id, "light.x");
  ASSERT_EQ(read->refused.size(), 1u);
  EXPECT_EQ(read->refused[0].hash, message.refused[0].hash);
  EXPECT_EQ(read->refused[0].reason, "quota");
  std::string cut_short = encode(message);
  cut_short.pop_back();
  EXPECT_FALSE(decodeHeld(cut_short).ok());
}

}  // namespace
}  // namespace hearthgate::sync
