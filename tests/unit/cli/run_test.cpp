// What all commands share: options, exit statuses, problems, names.
#include "cli/run.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

TEST_F(Cli, PrintsHelpAndVersionAsSuccess) {
  EXPECT_EQ(runBare({"--help"}), 0);
  EXPECT_THAT(out, HasSubstr("entity"));
  EXPECT_EQ(runBare({"entity", "set", "--help"}), 0);
  EXPECT_THAT(out, HasSubstr("KEY:=JSON"));
  EXPECT_EQ(runBare({"--version"}), 0);
}

TEST_F(Cli, EndsMisuseWithTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"nonsense"},
                                             {"entity"},
                                             {"entity", "get"},
                                             {"entity", "get", "a.b", "c.d"},
                                             {"entity", "set", "a.b"},
                                             {"entity", "set", "a.b", "novalue"},
                                             {"entity", "set", "a.b", "=x"},
                                             {"entity", "set", "a.b", ":=1"},
                                             {"entity", "set", "a.b", "x:={"},
                                             {"entity", "set", "a.b", "x=1", "x=2"},
                                             {"share", "a.b"},
                                             {"share", "a.b", "Beach", "--read", "--write"},
                                             {"share", "a.b", "Beach", "--until", "tomorrow"},
                                             {"share", "a.b", "Beach", "--until", "+2"},
                                             {"share", "a.b", "Beach", "--until", "+h"},
                                             {"share", "a.b", "Beach", "--until", "+9999999999999999999h"},
                                             {"conflict", "resolve", "1"},
                                             {"conflict", "resolve", "x", "--take", "a"},
                                             {"conflict", "resolve", "1", "--fields", "[]"},
                                             {"conflict", "resolve", "1", "--fields", "{}", "--take", "a"},
                                             {"conflict", "list", "--state", "odd"},
                                             {"strategy", "use", "merge"},
                                             {"strategy", "use", "merge", "--kind", "state", "--here-only"},
                                             {"strategy", "use", "merge", "--kind", "a", "--glob", "b"},
                                             {"home", "set", "Beach"},
                                             {"join"},
                                             {"pair", "--ttl", "-5"},
                                             {"status", "--unknown"}}) {
    EXPECT_EQ(run(arguments), 2) << testing::PrintToString(arguments);
    EXPECT_NE(err, "") << testing::PrintToString(arguments);
  }
  EXPECT_EQ(runBare({"--url", server.url(), "status"}), 2);
  EXPECT_EQ(runBare({"--token", "t", "status"}), 2);
  EXPECT_EQ(runBare({"--url", "http://192.0.2.1:1", "--token", "t", "status"}), 2);
  EXPECT_TRUE(server.asked().empty());
}

TEST_F(Cli, SaysWhichCommandWasMisusedAndHow) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--data", "/x/y", "entitty"}, "hearthgate: there is no command 'entitty', did you mean entity?; there are status, "},
      {{"--data", "/x/y"}, "hearthgate: say which command; there are status, "},
      {{"--url", "u", "entity", "frob"}, "hearthgate entity: there is no command 'frob'; there are list, get, "},
      {{"entity"}, "hearthgate entity: say which command; there are list, get, "},
      {{"entity", "get"}, "hearthgate entity get: ID is required"},
      {{"backup", "--help"}, "hearthgate: there is no command 'backup'"},
      {{"pair", "--ttl", "0"}, "hearthgate pair: --ttl: '0' is no whole number from 1 on"},
      {{"conflict", "show", "x"}, "hearthgate conflict show: N: 'x' is no whole number from 1 on"},
      {{"conflict", "show", "99999999999999999999"}, "is no whole number"},
      {{"entity", "set", "a.b", "x:=1e999"}, "no JSON: 1e999"},
      {{"entity", "set", "a.b", "x=\xff"}, "holds bytes that are no UTF-8"},
      {{"entity", "get", "\x1b[31m"}, ""}};
  for (const auto& [arguments, words] : cases) {
    EXPECT_NE(runBare(arguments), 0) << words;
    EXPECT_THAT(err, HasSubstr(words));
    EXPECT_EQ(err.find('\x1b'), std::string::npos);
    EXPECT_EQ(out, "");
  }
  EXPECT_EQ(runBare({"entity", "get", "--json"}), 2);
  EXPECT_EQ(textAt(boost::json::parse(err), "code"), "usage");
}

TEST_F(Cli, ShowsHelpOfEveryCommandWithinEightyColumns) {
  const std::vector<std::vector<std::string>> commands{
      {}, {"status"}, {"entity"}, {"entity", "list"}, {"entity", "set"}, {"share"}, {"home", "set"}, {"pair"}, {"join"},
      {"conflict", "list"}, {"conflict", "resolve"}, {"strategy", "use"}, {"plugin", "enable"}, {"config", "check"},
      {"config", "explain"}, {"words"}, {"words", "confirm"}, {"watch"}, {"token", "rotate"}, {"why"}};
  for (std::vector<std::string> command : commands) {
    std::string words = "hearthgate";
    for (const std::string& word : command) words += " " + word;
    command.push_back("--help");
    EXPECT_EQ(runBare(command), 0) << words;
    EXPECT_THAT(out, HasSubstr("Usage: " + words + " "));
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST_F(Cli, KnowsItsOwnHomeFromTheOthers) {
  EXPECT_EQ(run({"home", "sync", "City"}), 1);
  EXPECT_THAT(err, HasSubstr("\"City\" is this home itself"));
  EXPECT_EQ(run({"share", "a.b", kOwnId}), 1);
  EXPECT_THAT(err, HasSubstr("this home itself"));
}

TEST_F(Cli, EndsWithThreeWhenTheGatewayIsNotReachable) {
  EXPECT_EQ(runBare({"status"}), 3);
  EXPECT_THAT(err, HasSubstr("/nonexistent/hearthgate/admin.token"));
  EXPECT_THAT(err, HasSubstr("is hearthgated running"));
  std::string url;
  {
    ScriptedServer gone;
    url = gone.url();
  }
  EXPECT_EQ(runBare({"--url", url, "--token", "t", "status"}), 3);
  EXPECT_THAT(err, HasSubstr(url));
  EXPECT_EQ(runBare({"--url", url, "--token", "t", "--json", "status"}), 3);
  EXPECT_EQ(textAt(boost::json::parse(err), "code"), "not_reachable");
}

TEST_F(Cli, EndsWithOneAndTheProblemWhenTheGatewayRefuses) {
  const std::string problem =
      R"({"type":"about:blank","title":"Not found","status":404,"detail":"there is no a.b","code":"entity_not_found"})";
  server.answer("GET /api/v1/entities/a.b", 404, problem);
  EXPECT_EQ(run({"entity", "get", "a.b"}), 1);
  EXPECT_EQ(err,
            "hearthgate: there is no a.b (entity_not_found)\n  `hearthgate entity list` shows what this home has\n");
  EXPECT_EQ(out, "");
  EXPECT_EQ(run({"--json", "entity", "get", "a.b"}), 1);
  EXPECT_EQ(err, problem + "\n");
  EXPECT_EQ(out, "");
}

TEST_F(Cli, SaysWhatToDoAboutAWrongToken) {
  server.answer("GET /api/v1/entities/a.b", 401, R"({"title":"Unauthorized","status":401})");
  EXPECT_EQ(run({"entity", "get", "a.b"}), 1);
  EXPECT_THAT(err, HasSubstr("DIR/admin.token"));
}

TEST_F(Cli, RefusesAnswersThatAreNoJson) {
  server.answer("GET /api/v1/entities/a.b", 200, "<html>");
  EXPECT_EQ(run({"entity", "get", "a.b"}), 1);
  EXPECT_THAT(err, HasSubstr("is no Hearthgate"));
  server.answer("GET /api/v1/entities/a.c", 500, "<html>");
  EXPECT_EQ(run({"--json", "entity", "get", "a.c"}), 1);
  EXPECT_EQ(textAt(boost::json::parse(err), "code"), "http_500");
}

TEST_F(Cli, TakesGlobalOptionsAfterTheCommandToo) {
  server.answer("GET /api/v1/grants", 200, R"({"items":[]})");
  EXPECT_EQ(run({"grants", "--json"}), 0);
  EXPECT_EQ(out, "{\"items\":[]}\n");
}

TEST_F(Cli, ReadsAddressAndTokenFromTheDataFolder) {
  char name[] = "/tmp/hearthgate-cli-XXXXXX";
  default_data = mkdtemp(name);
  std::ofstream(default_data + "/admin.token") << "from-file\n";
  EXPECT_EQ(runBare({"grants"}), 3);
  EXPECT_THAT(err, HasSubstr("admin.url"));
  std::ofstream(default_data + "/admin.url") << server.url() << "\n";
  server.answer("GET /api/v1/grants?limit=1000", 200, R"({"items":[]})");
  EXPECT_EQ(runBare({"grants"}), 0);
  EXPECT_EQ(runBare({"--data", default_data, "grants"}), 0);
  EXPECT_EQ(server.seen().at(0).headers.at("authorization"), "Bearer from-file");
  std::ofstream(default_data + "/admin.token") << "";
  EXPECT_EQ(runBare({"grants"}), 1);
  EXPECT_THAT(err, HasSubstr("it is empty"));
  std::filesystem::remove_all(default_data);
}

TEST_F(Cli, TakesNamesIdsAndStartsOfIds) {
  for (const std::string& home : {std::string("Beach"), kBeachId, kBeachId.substr(0, 8)}) {
    server.answer("POST " + api("/homes/" + kBeachId + "/connect"), 200, "{}");
    EXPECT_EQ(run({"home", "connect", home}), 0) << home;
  }
  EXPECT_EQ(server.asked().size(), 3u);
  EXPECT_EQ(run({"home", "connect", "beachbb"}), 1) << "too short to be meant as the start of an id";
  EXPECT_THAT(err, HasSubstr("there are: City, Beach"));
}

TEST_F(Cli, FailsForAmbiguousNamesAndListsTheIds) {
  const std::string start = kBeachId.substr(0, 8);
  server.replace("GET /api/v1/status", 200, R"({"home":{"id":")" + kOwnId + R"(","name":"Beach"}})");
  homes(R"([{"id":")" + kBeachId + R"(","name":"Beach"},{"id":")" + kOtherBeachId + R"(","name":")" + start + R"("}])");
  EXPECT_EQ(run({"home", "forget", "--yes", "Beach"}), 1);
  EXPECT_THAT(err, HasSubstr(kBeachId));
  EXPECT_THAT(err, HasSubstr(kOwnId + " (this one)"));
  // A home that calls itself like the start of another's id is not taken for it.
  EXPECT_EQ(run({"home", "forget", "--yes", start}), 1);
  EXPECT_THAT(err, HasSubstr(kOtherBeachId));
  EXPECT_TRUE(server.asked().empty());
}

TEST_F(Cli, TakesOwnersByName) {
  server.answer("GET /api/v1/entities/a.b@" + kBeachId, 200, R"({"id":"a.b"})");
  EXPECT_EQ(run({"entity", "get", "a.b@Beach"}), 0);
  server.answer("GET /api/v1/entities/a.b@" + kOwnId, 200, R"({"id":"a.b"})");
  EXPECT_EQ(run({"entity", "get", "a.b@City"}), 0);
  EXPECT_EQ(run({"entity", "get", "a.b@Moon"}), 1);
}

TEST_F(Cli, TakesCirclesByNameWhereItIsTheOnlyOne) {
  const std::string family = "c" + std::string(26, 'f'), other = "c" + std::string(26, 'g');
  circles(R"([{"id":")" + family + R"(","name":"Family"},{"id":")" + other + R"(","name":"Beach"}])");
  server.answer("GET /api/v1/entities/a.b@" + family, 200, R"({"id":"a.b","owner":")" + family + R"("})");
  EXPECT_EQ(run({"entity", "get", "a.b@Family"}), 0);
  EXPECT_EQ(run({"entity", "get", "a.b@Beach"}), 1) << "a home is called so too";
  EXPECT_THAT(err, HasSubstr("both called"));
  circles(R"([{"id":")" + family + R"(","name":"Family"},{"id":")" + other + R"(","name":"Family"}])");
  EXPECT_EQ(run({"circle", "accept", "Family"}), 1);
  EXPECT_THAT(err, HasSubstr("several circles are called"));
  EXPECT_EQ(run({"circle", "accept", "Moon"}), 1);
  EXPECT_THAT(err, HasSubstr("there are: Family"));
}

}  // namespace
}  // namespace hearthgate::cli
