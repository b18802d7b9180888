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

TEST_F(Cli, DiscoveredShowsWholeAddressesWithinEightyColumns) {
  auto item = [](const std::string& name, const std::string& address, const std::string& known, const std::string& rest) {
    return R"({"service":"_hearthgate._tcp","id8":"aaaaaaaa","name":")" + name + R"(","address":")" + address + R"(","port":8765,)" +
           R"("known_home":)" + known + R"(,"last_seen":"2026-11-20T10:00:00.000Z","interface":"eth0",)" + rest + "}";
  };
  const std::string beach = "\"" + kBeachId + "\"", none = "null";
  const std::string here = R"("state":"here","pair":false)", code = R"("state":"here","pair":true)", lost = R"("state":"lost","pair":true)";
  server.answer("GET /api/v1/discovered?limit=1000", 200,
                R"({"items":[)" + item("hearthgate-aaaaaaaa", "fe80::5429:30ff:feb8:9c4f%eth0", beach, here) + "," +
                    item("hearthgate-aaaaaaaa", "192.168.1.2", none, here) + "," + item("guest", "192.168.100.200", none, code) + "," +
                    item("gone", "192.168.1.4", beach, lost) + R"(],"next":null})");
  EXPECT_EQ(run({"discovered"}), 0);
  EXPECT_EQ(out,
            "HOME   ID        ADDRESS                                STATE\n"
            "Beach  aaaaaaaa  [fe80::5429:30ff:feb8:9c4f%eth0]:8765  known\n"
            "-      aaaaaaaa  192.168.1.2:8765                       here\n"
            "guest  aaaaaaaa  192.168.100.200:8765                   shows a code\n"
            "gone   aaaaaaaa  192.168.1.4:8765                       last seen 11-20 10:00Z\n");
}

}  // namespace
}  // namespace hearthgate::cli
