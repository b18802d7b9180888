#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

using testing::Contains;

const std::string kFamily = "c" + std::string(26, 'f');
const std::string kWork = "c" + std::string(26, 'w');
const std::string kInFamily = R"([{"id":")" + kFamily + R"(","name":"family","state":"member"},{"id":")" + kWork +
                              R"(","name":"work","state":"invited"}])";
const std::string kInBoth = R"([{"id":")" + kFamily + R"(","name":"family","state":"member"},{"id":")" + kWork +
                            R"(","name":"work","state":"member"}])";
const std::string kInNone = "[]";

class KindCommands : public Cli {
 protected:
  std::string theme = api("/entities/preference.theme@" + kFamily);
};

TEST_F(KindCommands, APreferenceIsOfTheOnlyCircle) {
  circles(kInFamily);
  server.answer("PUT " + theme, 201, R"({"conflicted":false})");
  EXPECT_EQ(run({"preference", "set", "theme", "dark"}), 0);
  EXPECT_THAT(server.asked(), Contains("PUT " + theme + R"( {"kind":"preference","fields":{"value":"dark"}})"));
  EXPECT_EQ(out, "theme = dark in family\n");
  server.answer("GET " + theme, 200, R"({"fields":{"value":"dark"}})");
  EXPECT_EQ(run({"preference", "show", "theme"}), 0);
  EXPECT_EQ(out, "dark\n");
}

TEST_F(KindCommands, APreferenceMayBeJson) {
  circles(kInFamily);
  server.answer("PUT " + theme, 201, R"({"conflicted":false})");
  EXPECT_EQ(run({"preference", "set", "theme", "[1]", "--value-json", "--circle", "family"}), 0);
  EXPECT_THAT(server.asked(), Contains("PUT " + theme + R"( {"kind":"preference","fields":{"value":[1]}})"));
  EXPECT_EQ(run({"preference", "set", "theme", "x", "--value-json"}), 2);
}

TEST_F(KindCommands, WithoutACircleItIsOfThisHome) {
  circles(kInNone);
  std::string mine = api("/entities/preference.theme@" + kOwnId);
  server.answer("PUT " + mine, 201, R"({"conflicted":false})");
  EXPECT_EQ(run({"preference", "set", "theme", "dark"}), 0);
  EXPECT_EQ(out, "theme = dark in this home\n");
  circles(kInBoth);
  EXPECT_EQ(run({"preference", "set", "theme", "dark", "--own"}), 0);
}

TEST_F(KindCommands, WithSeveralCirclesOneHasToBeNamed) {
  circles(kInBoth);
  EXPECT_EQ(run({"preference", "set", "theme", "dark"}), 1);
  EXPECT_THAT(err, HasSubstr("family, work"));
  EXPECT_EQ(run({"app", "show", "--circle", "family", "--own"}), 2);
}

TEST_F(KindCommands, PreferencesAreListed) {
  circles(kInFamily);
  std::string list = api("/entities?kind=preference&owner=" + kFamily + "&limit=1000");
  server.answer("GET " + list, 200, R"({"items":[],"next":null})");
  EXPECT_EQ(run({"preference", "show"}), 0);
  EXPECT_EQ(out, "no preferences in family\n");
}

TEST_F(KindCommands, AppsComeAndGo) {
  circles(kInFamily);
  std::string apps = api("/entities/app.list@" + kFamily);
  server.answer("PATCH " + apps + "?kind=app", 200, R"({"conflicted":false,"fields":{"installed":["firefox","vlc"]}})");
  EXPECT_EQ(run({"app", "install", "firefox", "vlc"}), 0);
  EXPECT_THAT(server.asked(), Contains("PATCH " + apps + R"(?kind=app {"installed":{"$type":"orset","add":["firefox","vlc"]}})"));
  EXPECT_EQ(out, "2 in family\n");
  EXPECT_EQ(run({"app", "uninstall", "gimp"}), 0);
  EXPECT_THAT(server.asked(), Contains("PATCH " + apps + R"(?kind=app {"installed":{"$type":"orset","remove":["gimp"]}})"));
  server.answer("GET " + apps, 404, R"({"code":"entity_not_found"})");
  EXPECT_EQ(run({"app", "show"}), 0);
  EXPECT_EQ(out, "none in family\n");
  server.replace("GET " + apps, 200, R"({"fields":{"installed":["firefox","vlc"]}})");
  EXPECT_EQ(run({"app", "show"}), 0);
  EXPECT_EQ(out, "firefox\nvlc\n");
}

TEST_F(KindCommands, AConfigurationIsChangedKeyByKey) {
  circles(kInFamily);
  std::string cleaner = api("/entities/config.cleaner@" + kFamily);
  server.answer("PATCH " + cleaner + "?kind=config", 200, R"({"conflicted":true})");
  EXPECT_EQ(run({"config", "set", "cleaner", "interval_s:=60"}), 4);
  EXPECT_THAT(server.asked(), Contains("PATCH " + cleaner + R"(?kind=config {"interval_s":60})"));
  EXPECT_THAT(out, HasSubstr("waits for a person"));
  server.answer("GET " + cleaner, 200, R"({"fields":{"interval_s":60},"types":{}})");
  EXPECT_EQ(run({"config", "show", "cleaner"}), 0);
  EXPECT_EQ(out, "interval_s = 60\n");
}

}  // namespace
}  // namespace hearthgate::cli
