#include "cli/table.h"
#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

using testing::Each;

const std::string kCalm = R"({"id":"light.kitchen","conflicted":false})";
const std::string kTorn = R"({"id":"light.kitchen","conflicted":true})";

class EntityCommands : public Cli {
 protected:
  std::string target = api("/entities/light.kitchen");
};

TEST_F(EntityCommands, SetIsAMergePatch) {
  server.answer("PATCH " + target, 200, kCalm);
  EXPECT_EQ(run({"entity", "set", "light.kitchen", "state=on", "brightness:=128", "a.b=c=d", "empty=", "gone:=null"}),
            0);
  EXPECT_THAT(server.asked(), ElementsAre("PATCH " + target +
                                          R"( {"state":"on","brightness":128,"a.b":"c=d","empty":"","gone":null})"));
  EXPECT_EQ(server.seen().at(0).headers.at("content-type"), "application/json");
  EXPECT_EQ(out, "set light.kitchen\n");
}

TEST_F(EntityCommands, SetKeepsNumbersAsTheyAreWritten) {
  server.answer("PATCH " + target, 200, kCalm);
  EXPECT_EQ(run({"entity", "set", "light.kitchen", "a:=18446744073709551615", "b:=1.0",
                 "c:=1.8893488347419814e26"}),
            0);
  EXPECT_THAT(server.asked().at(0), HasSubstr(R"({"a":18446744073709551615,"b":1E0,"c":1.8893488347419814E26})"));
}

TEST_F(EntityCommands, SetChangesSetsAndCounters) {
  server.answer("GET " + target, 200, R"({"types":{"seen":"gset"}})");
  server.answer("PATCH " + target, 200, kCalm);
  EXPECT_EQ(run({"entity", "set", "light.kitchen", "apps+=firefox", "apps+=vlc", "apps-=gimp", "seen+:=[1]", "n++", "m--=4", "x=1"}), 0);
  EXPECT_THAT(server.asked(),
              ElementsAre("GET " + target, "PATCH " + target +
                                               R"( {"apps":{"$type":"orset","add":["firefox","vlc"],"remove":["gimp"]},)"
                                               R"("seen":{"$type":"gset","add":[[1]]},"n":{"$type":"counter","increment":1},)"
                                               R"("m":{"$type":"counter","increment":-4},"x":"1"})"));
}

TEST_F(EntityCommands, SetMakesSetsThatOnlyGrow) {
  server.answer("GET " + target, 404, R"({"code":"entity_not_found"})");
  server.answer("PATCH " + target, 201, kCalm);
  EXPECT_EQ(run({"entity", "set", "light.kitchen", "seen+=a", "--grow-only"}), 0);
  EXPECT_EQ(server.asked().back(), "PATCH " + target + R"( {"seen":{"$type":"gset","add":["a"]}})");
}

TEST_F(EntityCommands, SetRefusesWhatIsNoFieldBeforeAnythingIsSent) {
  for (const std::vector<std::string>& fields : {std::vector<std::string>{"=x"}, {"x"}, {"++"}, {"n++=x"}, {"n++=-1"}, {"n++=1.5"}, {"a+:=x"},
                                                 {"a+=1", "a=2"}, {"a=2", "a+=1"}, {"n++", "n++"}}) {
    std::vector<std::string> words{"entity", "set", "light.kitchen"};
    words.insert(words.end(), fields.begin(), fields.end());
    server.answer("GET " + target, 404, R"({"code":"entity_not_found"})");
    EXPECT_EQ(run(words), 2) << fields[0];
  }
  EXPECT_THAT(server.asked(), Each(HasSubstr("GET ")));
}

TEST_F(EntityCommands, SetWithKindMakesANewOne) {
  server.answer("PUT " + target, 201, kCalm);
  EXPECT_EQ(run({"entity", "set", "light.kitchen", "state=on", "--kind", "scene"}), 0);
  EXPECT_EQ(server.seen().at(0).headers.at("if-none-match"), "*");
  EXPECT_THAT(server.asked(), ElementsAre("PUT " + target + R"( {"kind":"scene","fields":{"state":"on"}})"));
  EXPECT_EQ(out, "made light.kitchen\n");
}

TEST_F(EntityCommands, SetWithKindChangesOneThatIsThereIfTheKindIsRight) {
  server.answer("PUT " + target, 412, R"({"code":"precondition_failed"})");
  server.answer("GET " + target, 200, R"({"kind":"state"})");
  server.answer("PATCH " + target, 200, kCalm);
  EXPECT_EQ(run({"entity", "set", "light.kitchen", "state=on", "--kind", "state"}), 0);
  EXPECT_EQ(server.asked().back(), "PATCH " + target + R"( {"state":"on"})");
  EXPECT_EQ(run({"entity", "set", "light.kitchen", "state=on", "--kind", "scene"}), 1);
  EXPECT_THAT(err, HasSubstr("is of kind state, not scene"));
}

TEST_F(EntityCommands, SetPassesThePreconditionOn) {
  server.answer("PATCH " + target, 412, R"({"code":"precondition_failed","detail":"it is at another version"})");
  EXPECT_EQ(run({"entity", "set", "light.kitchen", "a=b", "--if-match", "abc"}), 1);
  EXPECT_EQ(server.seen().at(0).headers.at("if-match"), "\"abc\"");
  EXPECT_THAT(err, HasSubstr("try again"));
}

TEST_F(EntityCommands, EndWithFourWhenAPersonHasToChoose) {
  server.answer("PATCH " + target, 200, kTorn);
  server.answer("DELETE " + target, 200, kTorn);
  server.answer("POST " + target + "/restore", 200, kTorn);
  server.answer("GET " + target + "/history?limit=1000", 200, R"({"items":[{"version":"vvv1"}]})");
  EXPECT_EQ(run({"entity", "set", "light.kitchen", "a=b"}), 4);
  EXPECT_THAT(out, HasSubstr("waits for a person"));
  EXPECT_EQ(run({"--json", "entity", "set", "light.kitchen", "a=b"}), 4);
  EXPECT_EQ(out, kTorn + "\n");
  EXPECT_EQ(run({"entity", "delete", "light.kitchen", "--yes"}), 4);
  EXPECT_EQ(run({"entity", "restore", "light.kitchen", "vvv1"}), 4);
}

TEST_F(EntityCommands, DeleteAsksFirst) {
  server.answer("DELETE " + target, 200, kCalm);
  answers = {"n"};
  EXPECT_EQ(run({"entity", "delete", "light.kitchen"}), 1);
  EXPECT_TRUE(server.asked().empty());
  answers = {};
  EXPECT_EQ(run({"entity", "delete", "light.kitchen"}), 1);
  EXPECT_THAT(err, HasSubstr("--yes"));
  answers = {"what?", "y"};
  EXPECT_EQ(run({"entity", "delete", "light.kitchen"}), 0);
  EXPECT_THAT(server.asked(), ElementsAre("DELETE " + target));
}

TEST_F(EntityCommands, ListWalksThroughAllPages) {
  server.answer("GET /api/v1/entities?kind=state&owner=" + kBeachId + "&limit=1000", 200,
                R"({"items":[{"id":"a.one","owner":")" + kBeachId +
                    R"(","kind":"state","access":"read","fields":{"x":1}}],"next":"t/1"})");
  server.answer("GET /api/v1/entities?kind=state&owner=" + kBeachId + "&limit=1000&after=t%2F1", 200,
                R"({"items":[{"id":"a.two","owner":")" + kOwnId +
                    R"(","kind":"state","access":"owner","conflicted":true,"fields":{}}]})");
  EXPECT_EQ(run({"entity", "list", "--kind", "state", "--owner", "Beach"}), 0);
  EXPECT_EQ(out,
            "ENTITY       KIND   ACCESS            FIELDS\n"
            "a.one@Beach  state  read              x=1\n"
            "a.two        state  owner   conflict  (no fields)\n");
}

TEST_F(EntityCommands, ListEndsWhenAGatewayRepeatsItself) {
  server.answer("GET /api/v1/entities?limit=1000", 200, R"({"items":[],"next":"x"})");
  server.answer("GET /api/v1/entities?limit=1000&after=x", 200, R"({"items":[],"next":"x"})");
  EXPECT_EQ(run({"entity", "list"}), 0);
  EXPECT_EQ(out, "no entities\n");
}

TEST_F(EntityCommands, ListGivesOnePageAsItIsUnderJson) {
  const std::string body = R"({"items":[{"id":"a.b"}],"next":"x"})";
  server.answer("GET /api/v1/entities?conflicted=true&limit=1000&after=p", 200, body + "\n");
  EXPECT_EQ(run({"--json", "entity", "list", "--conflicted", "--after", "p"}), 0);
  EXPECT_EQ(out, body + "\n");
}

TEST_F(EntityCommands, HistoryGivesAnyPageAsItIsUnderJson) {
  const std::string body = R"({"items":[{"version":"vvv1"}],"next":"x"})";
  server.answer("GET " + target + "/history?limit=1000&after=p", 200, body + "\n");
  EXPECT_EQ(run({"--json", "entity", "history", "light.kitchen", "--after", "p"}), 0) << err;
  EXPECT_EQ(out, body + "\n");
}

TEST_F(EntityCommands, GetShowsFieldsSiblingsAndGrantsWithoutEscapes) {
  server.answer("GET " + target, 200,
                R"({"id":"light.kitchen","owner":")" + kOwnId +
                    R"(","kind":"state","access":"owner","strategy":"user-choice",
    "fields":{"state":"on\u001b[31m","n":1},"version":{"id":"v1","author":")" +
                    kBeachId + R"(","stamp":"2026-11-20T10:00:00.000Z"},
    "siblings":[{"id":"v2","author":")" +
                    kOwnId + R"(","fields":{"state":"off"}}],"conflicted":true,"stale_since":null,
    "shared_with":[{"home":")" +
                    kBeachId + R"(","access":"write","until":null}]})");
  EXPECT_EQ(run({"entity", "get", "light.kitchen"}), 0);
  EXPECT_THAT(out, HasSubstr("  state = on�[31m\n"));
  EXPECT_THAT(out, HasSubstr("written by    Beach"));
  EXPECT_THAT(out, HasSubstr("concurrent v2 by City: state=off"));
  EXPECT_THAT(out, HasSubstr("shared with   Beach (write)"));
  EXPECT_THAT(out, HasSubstr("waits for a person"));
}

TEST_F(EntityCommands, RestoreTakesTheStartOfAVersion) {
  server.answer("GET " + target + "/history?limit=1000", 200,
                R"({"items":[{"version":"abcd1"},{"version":"abce2"},{"version":"abce3"}]})");
  server.answer("POST " + target + "/restore", 200, kCalm);
  EXPECT_EQ(run({"entity", "restore", "light.kitchen", "abcd"}), 0);
  EXPECT_EQ(server.asked().back(), "POST " + target + R"(/restore {"version":"abcd1"})");
  EXPECT_EQ(run({"entity", "restore", "light.kitchen", "abce"}), 1);
  EXPECT_THAT(err, HasSubstr("abce2, abce3"));
}

TEST_F(EntityCommands, HistoryShowsTimesWholeAndVersionsThatCanBeCopied) {
  const std::string version = "gqddy4wsxhgi774jxp6u5ulgl3ryhlpj";
  server.answer("GET " + target + "/history?limit=1000", 200,
                R"({"items":[{"version":")" + version + R"(","author":")" + kBeachId +
                    R"(","stamp":"2026-11-20T14:07:51.301Z","reason":"resolution","current":true,"fields":{"t":")" +
                    std::string(200, 'x') + R"("}},{"version":"h76t","author":")" + kOwnId +
                    R"(","stamp":"2026-11-20T14:07:50.122Z","reason":"delete","current":false,"fields":{}}]})");
  EXPECT_EQ(run({"entity", "history", "light.kitchen"}), 0);
  EXPECT_THAT(out, HasSubstr("*  gqddy4wsxhgi  2026-11-20T14:07:51Z  Beach  resolution  t=xxx"));
  EXPECT_THAT(out, HasSubstr("\n   h76t          2026-11-20T14:07:50Z  City   delete\n"));
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width(line), 80u) << line;
}

TEST_F(EntityCommands, DiffShowsWhatIsGoneAndWhatIsNew) {
  server.answer("GET " + target + "/history?limit=1000", 200, R"({"items":[{"version":"abcd1"},{"version":"bcde2"}]})");
  server.answer("GET " + target + "/diff?from=abcd1&to=bcde2", 200,
                R"({"items":[{"path":["color","hue"],"change":"changed","from":1,"to":2},)"
                R"({"path":["old"],"change":"removed","from":"x\u001b[2J","to":null},)"
                R"({"path":["new"],"change":"added","from":null,"to":null}],"next":null})");
  EXPECT_EQ(run({"entity", "diff", "light.kitchen", "abc", "bcd"}), 0) << err;
  EXPECT_EQ(out, "- color.hue = 1\n+ color.hue = 2\n- old = x�[2J\n+ new = -\n");
  server.answer("GET " + target + "/diff?from=abcd1", 200, R"({"items":[],"next":null})");
  EXPECT_EQ(run({"entity", "diff", "light.kitchen", "abc"}), 0);
  EXPECT_EQ(out, "no difference\n");
}

TEST_F(EntityCommands, DiffAndRestoreSayThatAVersionIsPurged) {
  const std::string purged = R"({"code":"version_purged","detail":"Version zzz is not kept any more."})";
  server.answer("GET " + target + "/history?limit=1000", 200, R"({"items":[]})");
  server.answer("GET " + target + "/diff?from=zzz", 410, purged);
  server.answer("POST " + target + "/restore", 410, purged);
  EXPECT_EQ(run({"entity", "diff", "light.kitchen", "zzz"}), 1);
  EXPECT_THAT(err, HasSubstr("storage.retention"));
  EXPECT_EQ(run({"entity", "restore", "light.kitchen", "zzz"}), 1);
  EXPECT_THAT(err, HasSubstr("storage.retention"));
}

TEST_F(EntityCommands, ListAndGetShowWhatAnotherHomeMaySee) {
  server.answer("GET /api/v1/entities?as=" + kBeachId + "&limit=1000", 200, R"({"items":[]})");
  server.answer("GET " + target + "?as=" + kBeachId, 200, R"({"id":"light.kitchen","access":"read"})");
  EXPECT_EQ(run({"entity", "list", "--as", "Beach"}), 0) << err;
  EXPECT_EQ(run({"entity", "get", "light.kitchen", "--as", "Beach"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("access        read\n"));
}

TEST_F(EntityCommands, StubsSayThatTheyAreNoLongerShared) {
  server.answer("GET /api/v1/entities?stubs=true&limit=1000", 200,
                R"({"items":[{"id":"a.b","owner":")" + kBeachId + R"(","kind":"state","access":"none","fields":{}}]})");
  EXPECT_EQ(run({"entity", "list", "--stubs"}), 0);
  EXPECT_THAT(out, HasSubstr("a.b@Beach  state  none      no longer shared\n"));
}

TEST_F(EntityCommands, UnshareSaysWhenAGlobStillShares) {
  server.answer("DELETE " + target + "/grants/" + kBeachId, 200, "{}");
  server.answer("GET " + target, 200, R"({"shared_with":[{"home":")" + kBeachId + R"(","access":"read"}]})");
  server.answer("GET " + target, 200, R"({"shared_with":[]})");
  EXPECT_EQ(run({"unshare", "light.kitchen", "Beach"}), 0);
  EXPECT_THAT(out, HasSubstr("another one still lets Beach read it"));
  EXPECT_THAT(out, HasSubstr("hearthgate share light.kitchen Beach --none"));
  EXPECT_EQ(run({"unshare", "light.kitchen", "Beach"}), 0);
  EXPECT_EQ(out, "light.kitchen is no longer shared with Beach\n");
}

TEST_F(EntityCommands, RegisterMakesOnlyNewOnes) {
  server.answer("PUT " + target, 201, kCalm);
  server.answer("PUT " + target, 412, "{}");
  EXPECT_EQ(run({"entity", "register", "light.kitchen", "a=b", "--kind", "scene"}), 0);
  EXPECT_EQ(server.asked().at(0), "PUT " + target + R"( {"fields":{"a":"b"},"kind":"scene"})");
  EXPECT_EQ(run({"entity", "register", "light.kitchen"}), 1);
  EXPECT_THAT(err, HasSubstr("is there already"));
}

TEST_F(EntityCommands, UnregisterTakesBackEveryGrantThenDeletes) {
  std::string both =
      R"({"access":"owner","shared_with":[{"home":")" + kBeachId + R"("},{"home":")" + kOtherBeachId + R"("}]})";
  std::string by_glob = R"({"access":"owner","shared_with":[{"home":")" + kOtherBeachId + R"("}]})";
  server.answer("GET " + target, 200, both);
  server.answer("GET " + target, 200, by_glob);
  server.answer("DELETE " + target + "/grants/" + kBeachId, 200, "{}");
  server.answer("PUT " + target + "/grants/" + kOtherBeachId, 200, "{}");
  server.answer("DELETE " + target, 200, kCalm);
  EXPECT_EQ(run({"entity", "unregister", "light.kitchen", "--yes"}), 0) << err;
  EXPECT_THAT(server.asked(),
              ElementsAre("GET " + target, "DELETE " + target + "/grants/" + kBeachId,
                          "DELETE " + target + "/grants/" + kOtherBeachId, "GET " + target,
                          "PUT " + target + "/grants/" + kOtherBeachId + R"( {"access":"none"})", "DELETE " + target));
}

TEST_F(EntityCommands, UnregisterRefusesWhatBelongsToOthers) {
  server.answer("GET " + target, 200, R"({"access":"write","shared_with":[]})");
  EXPECT_EQ(run({"entity", "unregister", "light.kitchen", "--yes"}), 1);
  EXPECT_THAT(err, HasSubstr("belongs to another home"));
  EXPECT_EQ(server.asked().size(), 1u);
}

TEST_F(EntityCommands, StrategyShowsAndSets) {
  server.answer("GET " + target, 200, R"({"strategy":"merge"})");
  server.answer("PUT " + target + "/strategy", 200, "{}");
  EXPECT_EQ(run({"entity", "strategy", "light.kitchen"}), 0);
  EXPECT_EQ(out, "merge\n");
  EXPECT_EQ(run({"entity", "strategy", "light.kitchen", "user-choice", "--here-only"}), 0);
  EXPECT_EQ(server.asked().back(), "PUT " + target + R"(/strategy {"strategy":"user-choice","here_only":true})");
}

TEST_F(EntityCommands, ShareSaysWhatAGlobMatchesAndAsksBeforeEverything) {
  server.answer("PUT " + api("/entities/light.*/grants/") + kBeachId, 200, R"({"matches":0,"kinds":[]})");
  EXPECT_EQ(run({"share", "light.*", "Beach"}), 0);
  EXPECT_THAT(out, HasSubstr("it matches nothing that is there now"));
  server.answer("PUT " + api("/entities/scene.*/grants/") + kBeachId, 200, R"({"matches":12,"kinds":["scene"]})");
  EXPECT_EQ(run({"share", "scene.*", "Beach"}), 0);
  EXPECT_THAT(out, HasSubstr("it matches 12 entities now"));

  server.answer("PUT " + api("/entities/*/grants/") + kBeachId, 200, R"({"matches":12,"kinds":["state"]})");
  EXPECT_NE(run({"share", "*", "Beach", "--write"}), 0);
  EXPECT_THAT(server.asked().back(), testing::Not(HasSubstr("entities/*/grants")));
  EXPECT_EQ(run({"--yes", "share", "*", "Beach", "--write"}), 0);
  EXPECT_THAT(server.asked().back(), HasSubstr("PUT"));
  // An exception from it takes nothing but access.
  EXPECT_EQ(run({"share", "*", "Beach", "--none"}), 0);
}

TEST_F(EntityCommands, ShareGrantsAndTimes) {
  server.answer("PUT " + api("/entities/light.*/grants/") + kBeachId, 200, "{}");
  server.answer("DELETE " + api("/entities/light.%3F/grants/") + kBeachId, 200, "{}");
  EXPECT_EQ(run({"share", "light.*", "Beach"}), 0);
  EXPECT_THAT(server.asked().back(), HasSubstr(R"( {"access":"read"})"));
  EXPECT_EQ(run({"share", "light.*", "Beach", "--write", "--until", "+2h"}), 0);
  EXPECT_THAT(server.asked().back(), HasSubstr(R"( {"access":"write","until":"2026-11-20T12:00:00.000Z"})"));
  EXPECT_EQ(run({"share", "light.*", "Beach", "--until", "2030-01-31T19:00:00+01:00"}), 0);
  EXPECT_THAT(server.asked().back(), HasSubstr(R"("until":"2030-01-31T18:00:00.000Z")"));
  EXPECT_EQ(run({"share", "light.*", "Beach", "--none"}), 0);
  EXPECT_THAT(server.asked().back(), HasSubstr(R"({"access":"none"})"));
  EXPECT_EQ(run({"unshare", "light.?", "Beach"}), 0) << err;
  server.answer("GET /api/v1/grants?limit=1000", 200,
                R"({"items":[{"entity":"light.*","home":")" + kBeachId + R"(","access":"read","until":null}]})");
  EXPECT_EQ(run({"grants"}), 0);
  EXPECT_EQ(out, "ENTITY   HOME   ACCESS  UNTIL\nlight.*  Beach  read    -\n");
}

}  // namespace
}  // namespace hearthgate::cli
