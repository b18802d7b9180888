// status, why, strategy, plugin, token and words.
#include "cli/table.h"
#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

TEST_F(Cli, StatusFitsOneScreen) {
  server.replace(
      "GET /api/v1/status", 200,
      R"({"home":{"id":")" + kOwnId +
          R"(","name":"City"},"version":"0.1.0","uptime_s":7300,"homes":{"known":1,"connected":1},)"
          R"("entities":41,"conflicts_open":2,"plugins":[{"name":"lan"}],"attention":["the clock is not synchronised"]})");
  server.replace("GET /api/v1/homes?limit=1000", 200,
                 R"({"items":[{"id":")" + kBeachId +
                     R"(","name":"Beach","state":"connected","lag":{"to_send":1,"to_receive":2}}]})");
  EXPECT_EQ(run({"status"}), 0);
  EXPECT_THAT(out, HasSubstr("id            " + kOwnId));
  EXPECT_THAT(out, HasSubstr("running for   2 h"));
  EXPECT_THAT(out, HasSubstr("conflicts     2 open"));
  EXPECT_THAT(out, HasSubstr("Beach: connected, to send 1, to receive 2"));
  EXPECT_THAT(out, HasSubstr("attention: the clock is not synchronised"));
}

TEST_F(Cli, StatusAndPluginListSayWhatIsWrong) {
  const std::string plugin = R"({"name":"lan","version":"0.1.0","state":"refused","error":{"code":"plugin_unsafe_file",)"
                             R"("detail":"cannot use the plugin lan.so: others may write to it"}})";
  std::string attention = "This home is connected to no other, because the plugin lan is refused; when its reason is mended, "
                          "`plugin enable lan` starts it.";
  server.replace("GET /api/v1/status", 200,
                 R"({"home":{"id":")" + kOwnId + R"(","name":"City"},"plugins":[)" + plugin +
                     R"(],"attention":[{"code":"no_links","detail":")" + attention + R"("}]})");
  server.replace("GET /api/v1/homes?limit=1000", 200,
                 R"({"items":[{"id":")" + kBeachId +
                     R"(","name":"Beach","state":"refused","refused_reason":"not_paired"},{"id":")" + kOtherBeachId +
                     R"(","name":"Boat","state":"offline","kept_apart":true}]})");
  EXPECT_EQ(run({"status"}), 0);
  EXPECT_THAT(out, HasSubstr("plugins       lan (refused)\n"));
  EXPECT_THAT(out, HasSubstr("Beach: refused (not_paired)"));
  EXPECT_THAT(out, HasSubstr("Boat: offline (kept apart"));
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  server.answer("GET /api/v1/plugins", 200, R"({"items":[)" + plugin + R"(],"next":null})");
  EXPECT_EQ(run({"plugin", "list"}), 0);
  EXPECT_THAT(out, HasSubstr("lan     0.1.0    refused  -\n  lan: cannot use the plugin lan.so: others may write to it"));
}

TEST_F(Cli, WhySaysThatItIsNotServed) {
  EXPECT_EQ(run({"why", "a.b"}), 1);
  EXPECT_THAT(err, HasSubstr("this version of the gateway does not answer `why`"));
}

TEST_F(Cli, WhyTellsAnUnknownEntityFromAMissingService) {
  server.answer("GET /api/v1/entities/a.b/why", 404, R"({"code":"entity_not_found","detail":"there is no a.b"})");
  EXPECT_EQ(run({"why", "a.b"}), 1);
  EXPECT_THAT(err, HasSubstr("there is no a.b"));
}

TEST_F(Cli, WhyShowsTheGates) {
  server.answer("GET /api/v1/entities/a.b/why?home=" + kBeachId, 200,
                R"({"home":")" + kBeachId +
                    R"(","verdict":"not_shared","steps":[{"gate":"known","passed":true,"detail":"it is there"},)"
                    R"({"gate":"grant","passed":false,"detail":"no row"}],"next_action":"share it"})");
  EXPECT_EQ(run({"why", "a.b", "Beach"}), 0);
  EXPECT_EQ(out, "Beach: not shared\n  yes  known         it is there\n  NO   grant         no row\n  next: share it\n");
}

TEST_F(Cli, WhyShowsSinceAndEveryHomeWithinEightyColumns) {
  server.answer("GET /api/v1/entities/a.b/why", 200,
                R"({"items":[{"home":")" + kBeachId +
                    R"(","verdict":"on_its_way","steps":[{"gate":"link","passed":false,"since":"2026-11-20T14:07:51.301Z",)"
                    R"("detail":"Not connected, and this is a reason that is longer than one line has room for."}],)"
                    R"("next_action":null},{"home":")" +
                    kOtherBeachId + R"(","verdict":"level","steps":[]}]})");
  EXPECT_EQ(run({"why", "a.b"}), 0);
  EXPECT_THAT(out, HasSubstr("Beach: on its way\n  NO   link          Not connected,"));
  EXPECT_THAT(out, HasSubstr("2026-11-20T14:07:51Z)\notherccc: level\n"));
  EXPECT_THAT(out, Not(HasSubstr("next")));
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
}

TEST_F(Cli, DoctorShowsEachCheckAndLeavesWithWhatIsWorst) {
  auto doctor = [](const std::string& worst, const std::string& items) {
    return R"({"worst":")" + worst + R"(","items":[)" + items + "]}";
  };
  const std::string well = R"({"id":"disk","about":"disk of the data folder","verdict":"ok","detail":"73.1 GiB of 251.1 GiB are free.","next_action":""})";
  const std::string skipped = R"({"id":"home.a.tls","about":"Beach: TLS","verdict":"skipped","detail":"It did not come to that.","next_action":""})";
  auto bad = [](const std::string& verdict) {
    return R"({"id":"home.a.tcp","about":"A home with a very long name indeed: port open","verdict":")" + verdict +
           R"(","detail":"Nobody answers at 192.0.2.7:8765. Nobody answers at [2001:db8::77]:8765.","next_action":)"
           R"("Look whether Beach is switched on. If it is, a firewall there or on the way drops TCP port 8765."})";
  };
  server.answer("GET /api/v1/doctor", 200, doctor("ok", well + "," + skipped));
  EXPECT_EQ(run({"doctor"}), 0);
  EXPECT_EQ(out,
            "  ok    disk of the data folder     73.1 GiB of 251.1 GiB are free.\n"
            "  -     Beach: TLS                  It did not come to that.\n"
            "1 ok, 1 skipped, 0 to look at, 0 failed\n");
  for (const char* verdict : {"warn", "fail"}) {
    const std::string body = doctor(verdict, well + "," + bad(verdict));
    server.replace("GET /api/v1/doctor", 200, body);
    EXPECT_EQ(run({"doctor"}), 1);
    EXPECT_THAT(out, HasSubstr(verdict == std::string("warn") ? "  WARN  A home" : "  FAIL  A home"));
    EXPECT_THAT(out, HasSubstr("\n        next: Look whether Beach is switched on."));
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(width(line), 80u) << line;
    EXPECT_EQ(run({"doctor", "--json"}), 1);
    EXPECT_EQ(out, body + "\n");
  }
  server.replace("GET /api/v1/doctor", 200, "{}");
  EXPECT_EQ(run({"doctor"}), 1) << "an answer that says nothing is no good news";
}

TEST_F(Cli, AuditNamesHomesAndKeepsTimesWhole) {
  server.answer("GET /api/v1/audit?limit=50", 200,
                R"({"items":[{"id":3,"at":"2026-11-20T14:07:53.210Z","actor":"token:admin","action":"grant.put",)"
                R"("subject":"light.*","detail":"write for )" +
                    kBeachId + R"(","count":1},{"id":2,"at":"2026-11-20T14:07:52.000Z","actor":")" + kBeachId +
                    R"(","action":"entity.sync","subject":"","detail":"changes came","count":4},)"
                    R"({"id":1,"at":"2026-11-20T14:07:51.000Z","actor":"system","action":"entity.write","subject":"a.b@)" +
                    kOwnId + R"(","detail":"version )" + std::string(32, 'v') + " " + std::string(200, 'x') + R"(","count":1}],"next":"m"})");
  EXPECT_EQ(run({"audit"}), 0);
  EXPECT_THAT(out, HasSubstr("2026-11-20T14:07:53Z  token:admin  grant.put     light.*: write for Beach\n"));
  EXPECT_THAT(out, HasSubstr("2026-11-20T14:07:52Z  Beach        entity.sync   changes came (4 times)\n"));
  EXPECT_THAT(out, HasSubstr("system       entity.write  a.b: version vvvvvvvvvvvv xxx"));
  EXPECT_THAT(out, HasSubstr("older ones: --after m\n"));
}

TEST_F(Cli, AuditPassesItsFiltersOn) {
  server.answer("GET /api/v1/audit?actor=" + kBeachId + "&action=refused&subject=a.b&since=2026-11-20T00%3A00%3A00Z&limit=2",
                200, R"({"items":[],"next":null})");
  EXPECT_EQ(run({"audit", "--actor", "Beach", "--action", "refused", "--subject", "a.b", "--since", "2026-11-20T00:00:00Z",
                 "--limit", "2"}),
            0)
      << err;
  EXPECT_EQ(out, "nothing is on record\n");
  server.answer("GET /api/v1/audit?actor=token%3Aadmin&limit=50", 200, R"({"items":[],"next":null})");
  EXPECT_EQ(run({"audit", "--actor", "token:admin"}), 0) << err;
  EXPECT_EQ(run({"audit", "--limit", "1001"}), 2);
}

TEST_F(Cli, StrategyRulesAreShownAndTakenBack) {
  server.answer("GET /api/v1/strategy-rules", 200,
                R"({"items":[{"glob":"light.*","strategy":"merge"},{"owner":")" + kOwnId + R"(","strategy":"user-choice"}]})");
  EXPECT_EQ(run({"strategy", "rules"}), 0);
  EXPECT_EQ(out, "FOR             STRATEGY\nglob   light.*  merge\nowner  City     user-choice\n");
  server.answer("DELETE /api/v1/strategy-rules", 204, "");
  server.answer("PUT /api/v1/entities/a.b/strategy", 200, "{}");
  EXPECT_EQ(run({"strategy", "drop", "--glob", "light.*"}), 0) << err;
  EXPECT_EQ(out, "the rule for light.* is gone\n");
  EXPECT_EQ(run({"strategy", "drop", "--entity", "a.b"}), 0) << err;
  EXPECT_EQ(run({"strategy", "drop"}), 2);
  EXPECT_THAT(server.asked(), ElementsAre("GET /api/v1/strategy-rules", R"(DELETE /api/v1/strategy-rules {"glob":"light.*"})",
                                          R"(PUT /api/v1/entities/a.b/strategy {"strategy":null})"));
}

TEST_F(Cli, StrategyUseReachesEntityGlobKindAndOwner) {
  server.answer("PUT /api/v1/entities/a.b/strategy", 200, "{}");
  server.answer("PUT /api/v1/strategy-rules", 200, "{}");
  EXPECT_EQ(run({"strategy", "use", "merge", "--entity", "a.b", "--here-only"}), 0);
  EXPECT_EQ(run({"strategy", "use", "merge", "--glob", "light.*"}), 0);
  EXPECT_EQ(run({"strategy", "use", "merge", "--kind", "scene"}), 0);
  EXPECT_EQ(run({"strategy", "use", "merge", "--owner", "Beach"}), 0);
  EXPECT_THAT(server.asked(),
              ElementsAre(R"(PUT /api/v1/entities/a.b/strategy {"strategy":"merge","here_only":true})",
                          R"(PUT /api/v1/strategy-rules {"strategy":"merge","glob":"light.*"})",
                          R"(PUT /api/v1/strategy-rules {"strategy":"merge","kind":"scene"})",
                          R"(PUT /api/v1/strategy-rules {"strategy":"merge","owner":")" + kBeachId + "\"}"));
}

TEST_F(Cli, StrategyListShowsBuiltInOnes) {
  server.answer("GET /api/v1/strategies", 200, R"({"items":[{"name":"merge","builtin":true,"description":"Field by field: every change is kept, of two of one )"
                R"(field the later one is shown."},{"name":"mine","builtin":false,"description":"Mine."}]})");
  EXPECT_EQ(run({"strategy", "list"}), 0);
  EXPECT_EQ(out,
            "merge         Field by field: every change is kept, of two of one field the\n"
            "              later one is shown.\nmine          script: Mine.\n");
}

TEST_F(Cli, PluginCommandsReachTheirRoutes) {
  server.answer(
      "GET /api/v1/plugins", 200,
      R"({"items":[{"name":"lan","version":"1","state":"running","listeners":[{"name":"peer","address":"0.0.0.0:8765"}]}]})");
  EXPECT_EQ(run({"plugin", "list"}), 0);
  EXPECT_EQ(out, "PLUGIN  VERSION  STATE    LISTENS ON\nlan     1        running  0.0.0.0:8765\n");
  for (const char* verb : {"enable", "disable", "reload"}) {
    server.answer(std::string("POST /api/v1/plugins/lan/") + verb, 200, "{}");
    EXPECT_EQ(run({"plugin", verb, "lan"}), 0) << verb;
  }
  EXPECT_EQ(out, "reloaded lan\n");
}

TEST_F(Cli, TokenRotateNeverPrintsTheTokenByItself) {
  server.answer("POST /api/v1/tokens/rotate", 200, R"({"token":"new-secret"})");
  answers = {"y"};
  EXPECT_EQ(run({"token", "rotate"}), 0);
  EXPECT_THAT(out, Not(HasSubstr("new-secret")));
  EXPECT_EQ(run({"--json", "--yes", "token", "rotate"}), 0);
  EXPECT_THAT(out, HasSubstr("new-secret"));
}

TEST_F(Cli, KeysAreShownAndReplaced) {
  const std::string key = R"({"home":"x","epoch":2,"key":"abcdefghijklmnop","by":"chain","former":1,"waiting":[{"id":"y","name":"Beach"}],"foreign":false})";
  server.answer("GET /api/v1/keys", 200, key);
  server.answer("POST /api/v1/keys/rotate", 200, key);
  EXPECT_EQ(run({"key", "show"}), 0);
  EXPECT_THAT(out, HasSubstr("abcdefghijklmnop, the 2. of this home, vouched for by the key before"));
  EXPECT_THAT(out, HasSubstr("Beach has not heard of it yet"));
  EXPECT_EQ(run({"key", "rotate", "--yes"}), 0);
  EXPECT_EQ(server.asked().back(), "POST /api/v1/keys/rotate {}");
  answers = {"one two three"};
  EXPECT_EQ(run({"key", "rotate", "--compromised", "--yes"}), 0);
  EXPECT_EQ(server.asked().back(), R"(POST /api/v1/keys/rotate {"compromised":true,"words":"one two three"})");
  answers = {"n"};
  const size_t before = server.asked().size();
  EXPECT_EQ(run({"key", "rotate"}), 1);
  EXPECT_EQ(server.asked().size(), before);
}

TEST_F(Cli, ARestoreIsConfirmed) {
  server.answer("GET /api/v1/restore", 200, R"({"held":true,"homes":[{"id":"y","name":"Beach","grants":3}]})");
  server.answer("GET /api/v1/restore", 200, R"({"held":false,"homes":[]})");
  server.answer("POST /api/v1/restore/confirm", 204, "");
  EXPECT_EQ(run({"home", "confirm", "--yes"}), 0);
  EXPECT_THAT(out, HasSubstr("Beach"));
  EXPECT_THAT(out, HasSubstr("confirmed"));
  EXPECT_EQ(server.asked().back(), "POST /api/v1/restore/confirm");
  EXPECT_EQ(run({"home", "confirm", "--yes"}), 1);
}

TEST_F(Cli, WordsAreShownAndConfirmed) {
  server.answer("GET /api/v1/recovery-words", 200, R"({"words":["apple","river","stone"],"ask":[1,3]})");
  server.answer("POST /api/v1/recovery-words/confirm", 200, "{}");
  EXPECT_EQ(run({"words"}), 0);
  EXPECT_THAT(out, HasSubstr("   1  apple\n   2  river\n   3  stone\n"));
  answers = {"apple", "stone"};
  EXPECT_EQ(run({"words", "confirm"}), 0);
  EXPECT_EQ(
      server.asked().back(),
      R"(POST /api/v1/recovery-words/confirm {"words":[{"position":1,"word":"apple"},{"position":3,"word":"stone"}]})");
}

}  // namespace
}  // namespace hearthgate::cli
