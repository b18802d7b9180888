// GET /report: it tells what helps to find a fault, and nothing that is a person's own. Secrets are planted wherever a
// gateway keeps or says something, and none of them may be in the report.
#include <unistd.h>

#include "api/redactor.h"
#include "base/log.h"
#include "unit/api/served_home.h"

namespace hearthgate::api {

class Report : public ServedHome {
 protected:
  void SetUp() override {
    ServedHome::SetUp();
    config::Sources sources;
    sources.file_name = "/etc/secret-folder/hearthgate.yaml";
    sources.text =
        "name: Villa Rosebud\nsharing:\n  sync:\n    listen: 198.51.100.77\n    port: 9999\n"
        "plugins:\n  lan:\n    token: plugin-section-secret\n";
    configuration_ = config::load(sources);
    ASSERT_TRUE(configuration_.ok()) << configuration_.problems[0].text();
    restart();
  }
};

TEST_F(Report, TellsWhatHelpsToFindAFault) {
  pair("City");
  put("light.a", "{\"state\":\"on\"}");
  homes_.home_state.state = "refused";
  homes_.home_state.refused_reason = "not_paired";
  homes_.home_state.to_send = 3;
  Got got = get("/report");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.at("report"), "1");
  EXPECT_EQ(got.at("status.version"), "test");
  EXPECT_EQ(got.at("database.sound"), "true");
  EXPECT_NE(got.at("machine.sqlite"), "");
  EXPECT_NE(got.at("machine.libraries").find("libsqlite3.so."), std::string::npos);
  EXPECT_EQ(got.at("homes.0.state"), "refused");
  EXPECT_EQ(got.at("homes.0.to_send"), "3");
  EXPECT_EQ(got.at("plugins.0.name"), "lan");
  EXPECT_EQ(got.at("entities.0.live"), "1");
  EXPECT_NE(got.at("metrics").find("hearthgate_commits_total"), std::string::npos);
  EXPECT_NE(got.body.find("{\"key\":\"sharing.sync.port\",\"origin\":\"file\",\"line\":5,\"value\":9999}"),
            std::string::npos);
  EXPECT_NE(got.body.find("{\"key\":\"name\",\"origin\":\"file\",\"line\":1,\"value\":\"(set)\"}"), std::string::npos);
  // One home is the same wherever it is told of.
  std::string home = got.at("homes.0.home");
  EXPECT_TRUE(home.starts_with("home-"));
  bool refused = false;
  for (const model::Json& one : got.json_at("attention").items) {
    if (one.find("code")->text != "home_refused") continue;
    refused = true;
    EXPECT_EQ(one.find("home")->text, home);
  }
  EXPECT_TRUE(refused);
  EXPECT_NE(got.at("metrics").find("home=\"" + home + "\""), std::string::npos);
  // Another report calls it otherwise, so that reports cannot be joined.
  EXPECT_NE(get("/report").at("homes.0.home"), home);
}

TEST_F(Report, HoldsNothingThatWasPlanted) {
  const std::string peer_name = "Grandma Eulalia";
  HomeId city = pair(peer_name);
  put("light.secretroom", "{\"pin\":\"content-secret-4711\",\"field_secret\":1}");
  bulk("{\"id\":\"diary.dear\",\"kind\":\"diary.private\",\"fields\":{\"text\":\"dear diary\"}}\n");
  receive(city, "*", model::Access::kWrite);
  receiveVersion({model::OwnerId(city), "lock.vault"}, city, "{\"code\":\"vault-secret\"}", 5);
  homes_.home_state.state = "refused";
  homes_.home_state.refused_reason = "said by " + city.text();
  plugins_.items[0].error =
      pluginError("start_failed", "cannot reach 203.0.113.9:1234 for /home/eulalia/notes as " + peer_name);
  onEngine([&](engine::Core& core) {
    store::HeldRow row;
    row.home = city;
    row.address = {model::OwnerId(city), "lock.held"};
    row.reason = "drift";
    core.store().addHeld(row);
    core.event("home", "{\"id\":\"" + city.text() + "\",\"name\":\"" + peer_name + "\",\"state\":\"connected\"}");
    core.event("pairing", "{\"state\":\"open\",\"code\":\"HEARTH-1234-5678-9ABC-DEFG\"}");
  });
  logWarning("links", "link to " + city.text().substr(0, 8) + " at 203.0.113.9:8765 ended: '" + peer_name +
                          "' said light.secretroom");
  logWarning("links",
             "[2001:db8::77]:8765 and 2001:db8::78 of eulalia.example:8765 sent HEARTH-1234-5678-9ABC-DEFG, " + token_);
  logWarning("daemon", "the file /home/eulalia/keys/identity.key of Villa Rosebud; see https://eulalia.example/x?y");
  std::string body = get("/report").body;
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  for (const std::string& secret : std::vector<std::string>{token_,
                                                            me(),
                                                            me().substr(0, 8),
                                                            city.text(),
                                                            city.text().substr(0, 8),
                                                            peer_name,
                                                            "Eulalia",
                                                            "eulalia",
                                                            "Beach",
                                                            "Rosebud",
                                                            "secretroom",
                                                            "content-secret",
                                                            "field_secret",
                                                            "diary",
                                                            "dear",
                                                            "lock.vault",
                                                            "vault-secret",
                                                            "lock.held",
                                                            "192.0.2.7",
                                                            "203.0.113",
                                                            "198.51.100",
                                                            "2001:db8",
                                                            "HEARTH-",
                                                            "plugin-section-secret",
                                                            "secret-folder",
                                                            "/home/",
                                                            "identity.key",
                                                            folder_}) {
    size_t at = body.find(secret);
    EXPECT_EQ(at, std::string::npos) << secret << " in: " << body.substr(at < 60 ? 0 : at - 60, 160);
  }
  if (std::string(host).size() > 3) {
    EXPECT_EQ(body.find(host), std::string::npos) << host;
  }
  // What remains is still of use.
  EXPECT_NE(body.find("ended: "), std::string::npos);
  EXPECT_NE(body.find("(public)"), std::string::npos);
}

TEST(RedactorTest, KeepsWhatThisProgramSaysAndNothingElse) {
  Redactor redactor(systemRandom());
  redactor.knowName("Beach");
  redactor.knowHome(std::string(52, 'a'));
  for (const char* line : {"The database could not be read to its end; nothing was changed.",
                           "set sharing.sync.port or sharing.sync.listen to another",
                           "2026-11-20T10:00:00.123Z info daemon: took 12.5 of home.db in /var/lib/hearthgate",
                           "`hearthgate home list` shows the others"}) {
    EXPECT_EQ(redactor.text(line), line);
  }
  EXPECT_EQ(redactor.text("Beach, Beachcomber").find("Beach,"), std::string::npos);
  EXPECT_NE(redactor.text("Beach, Beachcomber").find("Beachcomber"), std::string::npos);
  EXPECT_EQ(redactor.text("of " + std::string(8, 'a') + "."), "of " + redactor.home(std::string(52, 'a')) + ".");
  EXPECT_EQ(redactor.text(std::string(100'000, 'x')).size(), std::string("secret-12345678").size());
  EXPECT_EQ(redactor.text("a 'b' \"c"), "a '" + redactor.pseudonym("quoted", "b") + "' \"c");
  EXPECT_EQ(redactor.address("127.0.0.1:1"), redactor.pseudonym("address", "127.0.0.1:1") + " (loopback)");
  EXPECT_NE(redactor.address("172.16.3.4:1").find("(private)"), std::string::npos);
  EXPECT_NE(redactor.address("172.15.3.4:1").find("(public)"), std::string::npos);
}

}  // namespace hearthgate::api
