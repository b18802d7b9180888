#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

class HomeCommands : public Cli {
 protected:
  std::string target = api("/homes/") + kBeachId;
};

TEST_F(HomeCommands, ListShowsStateAndLag) {
  server.replace("GET /api/v1/homes?limit=1000", 200,
                 R"({"items":[{"id":")" + kBeachId +
                     R"(","name":"Be\u001bach","state":"connected","lag":{"to_send":3,"to_receive":0},)"
                     R"("addresses":[{"address":"192.0.2.1:8765"}]}]})");
  EXPECT_EQ(run({"home", "list"}), 0);
  EXPECT_EQ(out,
            "HOME    ID        STATE      TO SEND  TO RECEIVE  ADDRESS\n"
            "Be�ach  beachbbb  connected  3        0           192.0.2.1:8765\n");
}

TEST_F(HomeCommands, SetSendsAddressesAndName) {
  server.answer("PATCH " + target, 200, "{}");
  EXPECT_EQ(run({"home", "set", "Beach", "--at", "192.0.2.1:1", "--at", "[::1]:2", "--name", "Shore"}), 0) << err;
  EXPECT_THAT(server.asked(),
              ElementsAre("PATCH " + target + R"( {"name":"Shore","addresses":["192.0.2.1:1","[::1]:2"]})"));
}

TEST_F(HomeCommands, SetBandwidthSaysWhatHoldsNow) {
  server.answer("PATCH " + target, 200, R"({"bandwidth_limit":5000,"bandwidth_limit_own":true})");
  server.answer("PATCH " + target, 200, R"({"bandwidth_limit":0,"bandwidth_limit_own":true})");
  server.answer("PATCH " + target, 200, R"({"bandwidth_limit":7000,"bandwidth_limit_own":false})");
  EXPECT_EQ(run({"home", "set", "Beach", "--bandwidth", "5000"}), 0) << err;
  EXPECT_EQ(out, "set Beach\n  at most 5000 bytes a second are sent to it\n");
  EXPECT_EQ(run({"home", "set", "Beach", "--bandwidth", "0"}), 0) << err;
  EXPECT_EQ(out, "set Beach\n  no limit of bandwidth\n");
  EXPECT_EQ(run({"home", "set", "Beach", "--bandwidth", "default"}), 0) << err;
  EXPECT_EQ(out, "set Beach\n  at most 7000 bytes a second are sent to it, as the configuration says\n");
  EXPECT_THAT(server.asked(), ElementsAre("PATCH " + target + R"( {"bandwidth_limit":5000})",
                                          "PATCH " + target + R"( {"bandwidth_limit":0})",
                                          "PATCH " + target + R"( {"bandwidth_limit":null})"));
}

TEST_F(HomeCommands, SetRefusesAnOddBandwidthBeforeItAsksTheGateway) {
  for (const char* odd : {"fast", "-1", "5k", "1.5", "99999999999999999999"}) {
    EXPECT_EQ(run({"home", "set", "Beach", std::string("--bandwidth=") + odd}), 2) << odd;
    EXPECT_THAT(err, HasSubstr("bytes a second, 0 for no limit, or `default`")) << odd;
  }
  EXPECT_EQ(run({"home", "set", "Beach"}), 2);
  EXPECT_THAT(err, HasSubstr("nothing to set"));
  EXPECT_TRUE(server.asked().empty());
}

TEST_F(HomeCommands, SyncTellsLevelFromNot) {
  server.answer("POST " + target + "/sync", 200, R"({"level":true,"held":2,"refused":0})");
  server.answer("POST " + target + "/sync", 200, R"({"level":false,"reason":"Beach is offline"})");
  server.answer("GET /api/v1/entities?conflicted=true&limit=1000", 200, R"({"items":[]})");
  EXPECT_EQ(run({"home", "sync", "Beach"}), 0);
  EXPECT_EQ(out, "level with Beach\n2 versions are held\n");
  EXPECT_EQ(run({"home", "sync", "Beach"}), 1);
  EXPECT_EQ(out, "not level with Beach: Beach is offline\n");
}

TEST_F(HomeCommands, SyncEndsWithFourOnlyForConflictsWithThatHome) {
  server.answer("POST " + target + "/sync", 200, R"({"level":true})");
  std::string conflicted = "GET /api/v1/entities?conflicted=true&limit=1000";
  server.answer(conflicted, 200, R"({"items":[{"id":"a.b","owner":")" + kOtherBeachId + R"(","shared_with":[]}]})");
  server.answer(conflicted, 200, R"({"items":[{"id":"a.b","owner":")" + kBeachId + R"("}]})");
  server.answer(
      conflicted, 200,
      R"({"items":[{"id":"a.b","owner":")" + kOwnId + R"(","shared_with":[{"home":")" + kBeachId + R"("}]}]})");
  EXPECT_EQ(run({"home", "sync", "Beach"}), 0);
  EXPECT_EQ(run({"home", "sync", "Beach"}), 4);
  EXPECT_EQ(run({"--json", "home", "sync", "Beach"}), 4);
  EXPECT_EQ(out, "{\"level\":true}\n");
}

TEST_F(HomeCommands, ConnectDisconnectAndForgetReachTheirRoutes) {
  for (const char* verb : {"connect", "disconnect"}) {
    server.answer("POST " + target + "/" + verb, 200, "{}");
    EXPECT_EQ(run({"home", verb, "Beach"}), 0);
  }
  server.answer("DELETE " + target, 200, "{}");
  answers = {"n"};
  EXPECT_EQ(run({"home", "forget", "Beach"}), 1);
  EXPECT_THAT(err, HasSubstr(kBeachId));
  EXPECT_EQ(server.asked().size(), 2u);
  EXPECT_EQ(run({"home", "forget", "Beach", "--yes"}), 0);
  EXPECT_EQ(server.asked().back(), "DELETE " + target);
}

}  // namespace
}  // namespace hearthgate::cli
