// What a home knows of the way to another one, and that it is found out anew when a person asks.
#include "links/running_home.h"

namespace hearthgate::testing {
namespace {

using sync::ReachStep;
using sync::Step;

class WayToAHome : public TwoRunningHomes {
 protected:
  // beach knows city at this address alone.
  void knowsOnly(const std::string& address) {
    ASSERT_TRUE(beach.engine()
                    .run([&](engine::Core& core) {
                      auto row = core.store().peer(city.id());
                      row->addresses = {{address, "hand", std::nullopt}};
                      core.store().putPeer(*row);
                    })
                    .ok());
    beach.stop();
    beach.start();
  }
  void part() {
    pairHomes(city, beach);  // so that beach knows an address of city's
    city.stop();
    ASSERT_TRUE(eventually([&] { return !beach.connectedTo(city); }));
  }
  std::vector<ReachStep> tried(int64_t limit_ms = 5'000) {
    beach.hub().tryNow(limit_ms);
    auto steps = beach.hub().reach(city.id());
    EXPECT_TRUE(steps.ok());
    return *steps;
  }
  // The step that failed and its detail; nothing when none did.
  static std::optional<ReachStep> failed(const std::vector<ReachStep>& steps) {
    for (const ReachStep& step : steps) {
      if (step.verdict == ReachStep::Verdict::kFailed) return step;
    }
    return std::nullopt;
  }
};

TEST_F(WayToAHome, IsWholeOnBothSidesOfALink) {
  pairHomes(beach, city);
  for (RunningHome* home : {&beach, &city}) {
    home->hub().tryNow(5'000);  // The hellos.
    auto steps = home->hub().reach(home == &beach ? city.id() : beach.id());
    ASSERT_TRUE(steps.ok());
    ASSERT_EQ(steps->size(), std::size(sync::kSteps));
    for (const ReachStep& step : *steps) EXPECT_EQ(step.verdict, ReachStep::Verdict::kOk) << step.detail;
  }
  EXPECT_EQ(beach.hub().reach(beach.id()).error().code, "home_not_found");
}

TEST_F(WayToAHome, EndsWhereNobodyListens) {
  part();
  auto steps = tried();
  auto step = failed(steps);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->step, Step::kTcp);
  EXPECT_NE(step->detail.find("nothing listens"), std::string::npos) << step->detail;
  EXPECT_EQ(beach.hub().state(city.id()).refused_reason, "");
}

TEST_F(WayToAHome, IsFoundAgainWhenItIsAsked) {
  part();
  // It dials once in a quarter of a minute only.
  beach.clock.putForward(sync::kSyncWaitMs * 60);
  ASSERT_TRUE(failed(tried()));
  city.start();
  EXPECT_FALSE(failed(tried()));
  EXPECT_TRUE(beach.connectedTo(city));
}

TEST_F(WayToAHome, EndsAtAnAddressThatLeadsNowhere) {
  part();
  knowsOnly("255.0.0.1:8765");
  auto step = failed(tried());
  ASSERT_TRUE(step);
  EXPECT_EQ(step->step, Step::kAddress);
}

TEST_F(WayToAHome, EndsInTimeWhereNobodyAnswers) {
  part();
  knowsOnly("127.0.0.1:" + std::to_string(network->silentPort()));
  const auto began = std::chrono::steady_clock::now();
  auto step = failed(tried(1'500));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  ASSERT_TRUE(step);
  EXPECT_EQ(step->step, Step::kTcp);
  EXPECT_NE(step->detail.find("Nobody answers"), std::string::npos) << step->detail;
}

TEST_F(WayToAHome, EndsAtAnotherHomeAndIsNotRefusedAnyMoreWhenThatIsGone) {
  part();
  RunningHome other(network, "Other");
  knowsOnly(other.address());
  auto step = failed(tried());
  ASSERT_TRUE(step);
  EXPECT_EQ(step->step, Step::kPinned);
  EXPECT_NE(step->detail.find("Another key"), std::string::npos) << step->detail;
  EXPECT_EQ(beach.hub().state(city.id()).refused_reason, "key_not_pinned");
  auto why = beach.hub().why(city.id(), {model::OwnerId(city.id()), "light.x"});
  ASSERT_TRUE(why.ok());
  EXPECT_EQ(why->next_action.find("Correct the addresses"), 0u) << why->next_action;
  other.stop();
  EXPECT_EQ(failed(tried())->step, Step::kTcp);
  EXPECT_EQ(beach.hub().state(city.id()).refused_reason, "");
  EXPECT_EQ(beach.hub().state(city.id()).state, "offline");
}

TEST_F(WayToAHome, EndsAtAHomeThatForgotThisOne) {
  pairHomes(city, beach);
  ASSERT_TRUE(beach.hub().disconnect(city.id()).ok());
  ASSERT_TRUE(eventually([&] { return !city.connectedTo(beach); }));
  ASSERT_TRUE(city.hub().forget(beach.id()).ok());
  EXPECT_TRUE(tried().empty()) << "kept apart by a person";
  ASSERT_TRUE(beach.hub().connect(city.id()).ok());
  auto step = failed(tried());
  ASSERT_TRUE(step);
  EXPECT_EQ(step->step, Step::kPinned);
  EXPECT_NE(step->detail.find("refuses this home"), std::string::npos) << step->detail;
  EXPECT_EQ(beach.hub().state(city.id()).state, "refused");
}

TEST_F(WayToAHome, IsTriedByManyAtOnce) {
  part();
  std::vector<std::thread> all;
  for (int i = 0; i < 8; ++i) {
    all.emplace_back([&] {
      for (int round = 0; round < 20; ++round) beach.hub().tryNow(5'000);
    });
  }
  city.start();
  for (std::thread& one : all) one.join();
  EXPECT_TRUE(eventually([&] { return beach.connectedTo(city) && city.connectedTo(beach); }));
  EXPECT_FALSE(failed(tried()));
}

TEST_F(WayToAHome, EndsWithTheGateway) {
  part();
  knowsOnly("127.0.0.1:" + std::to_string(network->silentPort()));
  auto waiting = std::async(std::launch::async, [&] { beach.hub().tryNow(60'000); });
  beach.hub().stop();
  EXPECT_EQ(waiting.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

}  // namespace
}  // namespace hearthgate::testing
