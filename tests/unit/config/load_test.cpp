#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/tuning.h"
#include "unit/config/loading.h"

namespace hearthgate::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Load, RunsOnDefaultsWhenTheFileIsEmpty) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "{}", "sharing:\n", "plugins:\n", "~"}) {
    Loaded loaded = loadText(text);
    EXPECT_EQ(problemsOf(loaded), "") << text;
    EXPECT_EQ(loaded.config.sharing.sync.port, 8765);
    EXPECT_EQ(loaded.config.admin.listen, "127.0.0.1");
    EXPECT_EQ(loaded.config.storage.retention.versions, 100);
    EXPECT_FALSE(loaded.config.sharing.sync.advertise.has_value());
    EXPECT_EQ(loaded.config.clock_trust, ClockTrust::kAuto);
    EXPECT_TRUE(loaded.config.plugins.empty());
  }
}

TEST(Load, ReadsTheExampleOfTheDesign) {
  Loaded loaded = loadText(R"(name: Beach house
sharing:
  enabled: true
  discovery: {enabled: true, port: 5353}
  sync:
    enabled: true
    listen: 0.0.0.0
    port: 8765
    encryption: {enabled: true, key_path: sharing_key}
    bandwidth_limit: 0          # bytes/s per peer, 0 = none
    full_sync_interval_s: 30
  conflict_resolution: {strategy: latest-wins}
storage: {durability: full}
admin: {listen: 127.0.0.1, port: 8760}
plugins: {}
)");
  EXPECT_EQ(problemsOf(loaded), "");
  EXPECT_EQ(loaded.config.name, "Beach house");
}

TEST(Load, ReadsEveryKey) {
  Loaded loaded = loadText(R"(
name: "Büro 2"
sharing:
  enabled: false
  discovery: {enabled: false, port: 5353, name: true}
  sync:
    enabled: false
    listen: "::"
    port: 0
    encryption: {key_path: /srv/keys/home}
    bandwidth_limit: 4096
    full_sync_interval_s: 5
    max_clock_drift_s: 90
    peer_entities: 70000
    peer_bytes: 2000000
    handshakes_per_second: 200
    unauthenticated_links: 400
    unauthenticated_links_per_source: 250
    advertise: ["192.0.2.7:8765", "[2001:db8::1]:443", "beach.example.org:9000"]
    uncompressed_kinds: [secret, poi.settings]
  conflict_resolution: {strategy: merge}
storage:
  durability: normal
  commit_interval_ms: 250
  retention: {versions: 7, days: 30}
admin: {listen: ::1, port: 0}
clock: {trust: no}
identity: {recovery: false}
plugins_path: /usr/lib/hearthgate/plugins
log: {level: debug}
)");
  ASSERT_EQ(problemsOf(loaded), "");
  const Config& c = loaded.config;
  EXPECT_EQ(c.name, "Büro 2");
  EXPECT_FALSE(c.sharing.enabled);
  EXPECT_FALSE(c.sharing.discovery.enabled);
  EXPECT_EQ(c.sharing.discovery.port, 5353);
  EXPECT_TRUE(c.sharing.discovery.name);
  EXPECT_FALSE(c.sharing.sync.enabled);
  EXPECT_EQ(c.sharing.sync.listen, "::");
  EXPECT_EQ(c.sharing.sync.port, 0);
  EXPECT_TRUE(c.sharing.sync.encryption.enabled);
  EXPECT_EQ(c.sharing.sync.encryption.key_path, "/srv/keys/home");
  EXPECT_EQ(c.sharing.sync.bandwidth_limit, 4096);
  EXPECT_EQ(c.sharing.sync.full_sync_interval_s, 5);
  EXPECT_EQ(c.sharing.sync.max_clock_drift_s, 90);
  EXPECT_EQ(c.sharing.sync.peer_entities, 70'000);
  EXPECT_EQ(c.sharing.sync.peer_bytes, 2'000'000);
  EXPECT_EQ(c.sharing.sync.handshakes_per_second, 200);
  EXPECT_EQ(c.sharing.sync.unauthenticated_links, 400);
  EXPECT_EQ(c.sharing.sync.unauthenticated_links_per_source, 250);
  ASSERT_TRUE(c.sharing.sync.advertise.has_value());
  EXPECT_THAT(*c.sharing.sync.advertise, ElementsAre("192.0.2.7:8765", "[2001:db8::1]:443", "beach.example.org:9000"));
  EXPECT_THAT(c.sharing.sync.uncompressed_kinds, ElementsAre("secret", "poi.settings"));
  EXPECT_EQ(c.sharing.conflict_resolution.strategy, "merge");
  EXPECT_EQ(c.storage.durability, Config::Durability::kNormal);
  EXPECT_EQ(c.storage.commit_interval_ms, 250);
  EXPECT_EQ(c.storage.retention.versions, 7);
  EXPECT_EQ(c.storage.retention.days, 30);
  EXPECT_EQ(c.admin.listen, "::1");
  EXPECT_EQ(c.admin.port, 0);
  EXPECT_EQ(c.clock_trust, ClockTrust::kNo);
  EXPECT_FALSE(c.identity_recovery);
  EXPECT_EQ(c.plugins_path, "/usr/lib/hearthgate/plugins");
  EXPECT_EQ(c.log_level, LogLevel::kDebug);
}

TEST(Load, TellsAnEmptyListOfAddressesFromNone) {
  Loaded loaded = loadText("sharing: {sync: {advertise: []}}");
  ASSERT_EQ(problemsOf(loaded), "");
  ASSERT_TRUE(loaded.config.sharing.sync.advertise.has_value());
  EXPECT_TRUE(loaded.config.sharing.sync.advertise->empty());
}

TEST(Load, SaysWhereAValueCameFrom) {
  Loaded loaded = loadText("admin:\n  port: 9000\n", {{"HEARTHGATE_NAME", "Boat"}});
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(settingOf(loaded, "admin.port").origin.text(), "home.yaml:2:9");
  EXPECT_EQ(settingOf(loaded, "admin.port").value, "9000");
  EXPECT_EQ(settingOf(loaded, "name").origin.text(), "HEARTHGATE_NAME");
  EXPECT_EQ(settingOf(loaded, "log.level").origin.text(), "default");
}

struct Mistake {
  const char* text;
  const char* message;
};

class LoadMistake : public testing::TestWithParam<Mistake> {};

TEST_P(LoadMistake, IsNamedWithItsPlaceAndWhatIsAllowed) {
  EXPECT_EQ(problemsIn(GetParam().text), std::string(GetParam().message) + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, LoadMistake,
    testing::Values(
        Mistake{"admin: {port: 70000}",
                "home.yaml:1:15: admin.port: 70000 is out of range (a whole number from 0 to 65535)"},
        Mistake{"admin: {port: -1}", "home.yaml:1:15: admin.port: -1 is out of range (a whole number from 0 to 65535)"},
        Mistake{"admin: {port: 1.5}",
                "home.yaml:1:15: admin.port: \"1.5\" is no whole number (a whole number from 0 to 65535)"},
        Mistake{
            "admin: {port: 99999999999999999999}",
            "home.yaml:1:15: admin.port: \"99999999999999999999\" is no whole number (a whole number from 0 to 65535)"},
        Mistake{
            "admin: {port: \"8760\"}",
            "home.yaml:1:15: admin.port: is the text \"8760\" because of its quotes (a whole number from 0 to 65535)"},
        Mistake{"admin: {port: [1]}", "home.yaml:1:15: admin.port: is a list (a whole number from 0 to 65535)"},
        Mistake{"admin: {port: {a: 1}}", "home.yaml:1:15: admin.port: is a section (a whole number from 0 to 65535)"},
        Mistake{
            "admin:\n  port:\n  listen: ::1\n",
            "home.yaml:2:3: admin.port: has no value; leave the line away for the default 8760 (a whole number from "
            "0 to 65535)"},
        Mistake{
            "sharing: {sync: {full_sync_interval_s: 30s}}",
            "home.yaml:1:40: sharing.sync.full_sync_interval_s: \"30s\" is no whole number (a whole number from 1 to "
            "3600)"},
        Mistake{"sharing: {enabled: yes}", "home.yaml:1:20: sharing.enabled: is \"yes\" (true or false)"},
        Mistake{"sharing: {enabled: True}", "home.yaml:1:20: sharing.enabled: is \"True\" (true or false)"},
        Mistake{"sharing: {enabled: \"true\"}",
                "home.yaml:1:20: sharing.enabled: is the text \"true\" because of its quotes (true or false)"},
        Mistake{"sharing: 5",
                "home.yaml:1:10: sharing: is the value \"5\" (a section with enabled, discovery, sync or "
                "conflict_resolution)"},
        Mistake{"sharing: [1, 2]",
                "home.yaml:1:10: sharing: is a list (a section with enabled, discovery, sync or conflict_resolution)"},
        Mistake{
            "sharing: {sync: {encryption: {enabled: false}}}",
            "home.yaml:1:40: sharing.sync.encryption.enabled: is false, but there is no plaintext mode between homes: "
            "links are always encrypted end to end (true, or leave the line away; `sharing.sync.enabled: false` "
            "switches links off)"},
        Mistake{"sharing: {sync: {encryption: {key_path: \"\"}}}",
                "home.yaml:1:41: sharing.sync.encryption.key_path: is empty (a path; a relative one starts at the data "
                "folder)"},
        Mistake{"sharing: {sync: {listen: localhost}}",
                "home.yaml:1:26: sharing.sync.listen: \"localhost\" is no IP address (an IPv4 or IPv6 address of this "
                "machine; 0.0.0.0 is all of them)"},
        Mistake{"sharing: {sync: {bandwidth_limit: 10}}",
                "home.yaml:1:35: sharing.sync.bandwidth_limit: 10 is too little for a link to live on (0, or a whole "
                "number from 1024 to 10000000000)"},
        Mistake{"sharing: {sync: {advertise: 192.0.2.1:1}}",
                "home.yaml:1:29: sharing.sync.advertise: is the value \"192.0.2.1:1\" (a list of up to 8 ADDRESS:PORT; "
                "[] tells none)"},
        Mistake{"sharing: {sync: {advertise: [\"192.0.2.300:1\"]}}",
                "home.yaml:1:29: sharing.sync.advertise: \"192.0.2.300:1\" is no ADDRESS:PORT (a list of up to 8 "
                "ADDRESS:PORT; [] tells none)"},
        Mistake{"sharing: {sync: {advertise: [\"2001:db8::1:80\"]}}",
                "home.yaml:1:29: sharing.sync.advertise: \"2001:db8::1:80\" is no ADDRESS:PORT (a list of up to 8 "
                "ADDRESS:PORT; [] tells none)"},
        Mistake{"sharing: {sync: {advertise: [\"192.0.2.1:0\"]}}",
                "home.yaml:1:29: sharing.sync.advertise: \"192.0.2.1:0\" is no ADDRESS:PORT (a list of up to 8 "
                "ADDRESS:PORT; [] tells none)"},
        Mistake{
            "sharing: {sync: {uncompressed_kinds: [Secret]}}",
            "home.yaml:1:38: sharing.sync.uncompressed_kinds: \"Secret\" is no kind (a list of kinds: a small letter, "
            "then small letters, digits, `_` and `.`, 64 in all)"},
        Mistake{"sharing: {sync: {uncompressed_kinds: [[a]]}}",
                "home.yaml:1:38: sharing.sync.uncompressed_kinds: an item is a list (a list of kinds: a small letter, "
                "then small letters, digits, `_` and `.`, 64 in all)"},
        Mistake{"sharing: {conflict_resolution: {strategy: latest-win}}",
                "home.yaml:1:43: sharing.conflict_resolution.strategy: \"latest-win\" is unknown, did you mean "
                "latest-wins? (latest-wins, merge, local-wins, remote-wins or user-choice)"},
        Mistake{"admin: {listen: 0.0.0.0}",
                "home.yaml:1:17: admin.listen: \"0.0.0.0\" would show the admin token to the network, because this "
                "version serves plain HTTP (127.0.0.1 or ::1; from elsewhere use an SSH tunnel)"},
        Mistake{"storage: {commit_interval_ms: 5}",
                "home.yaml:1:31: storage.commit_interval_ms: a commit may not wait while storage.durability is full "
                "(default) (0, or `storage.durability: normal` beside it)"},
        Mistake{"clock: {trust: true}", "home.yaml:1:16: clock.trust: \"true\" is unknown (auto, yes or no)"},
        Mistake{"nmae: Boat",
                "home.yaml:1:1: nmae: there is no such key, did you mean name? (here: name, sharing, storage, admin, "
                "clock, identity, plugins_path, log or plugins)"},
        Mistake{"port: 1",
                "home.yaml:1:1: port: there is no such key, did you mean sharing.discovery.port? (here: name, sharing, "
                "storage, admin, clock, identity, plugins_path, log or plugins)"},
        Mistake{"storage: {retention: {version: 3}}",
                "home.yaml:1:23: storage.retention.version: there is no such key, did you mean "
                "storage.retention.versions? (in storage.retention: versions or days)"},
        Mistake{"admin.port: 1",
                "home.yaml:1:1: admin.port: there is no such key, did you mean admin: {port: …}? (here: name, sharing, "
                "storage, admin, clock, identity, plugins_path, log or plugins)"},
        Mistake{"plugins: [lan]", "home.yaml:1:10: plugins: is a list (one section for each plugin, by its name)"},
        Mistake{"plugins: {lna: {}}",
                "home.yaml:1:11: plugins.lna: there is no plugin of this name, did you mean lan? (there are: lan, poi, "
                "my_lan)"},
        Mistake{
            "plugins: {lan: 5}",
            "home.yaml:1:16: plugins.lan: is the value \"5\" (the plugin's settings as a section; `{}` runs it with "
            "its defaults)"}));

TEST(Load, ReportsAllMistakesAtOnce) {
  std::string all = problemsIn("nmae: a\nadmin: {port: x}\nplugins: {foo: {}}\n", {{"HEARTHGATE_LOG_LEVEL", "loud"}});
  EXPECT_THAT(all, HasSubstr("home.yaml:1:1: nmae:"));
  EXPECT_THAT(all, HasSubstr("home.yaml:2:15: admin.port:"));
  EXPECT_THAT(all, HasSubstr("home.yaml:3:11: plugins.foo:"));
  EXPECT_THAT(all, HasSubstr("HEARTHGATE_LOG_LEVEL: \"loud\""));
}

TEST(Load, EndsAReportThatNobodyWouldRead) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "wrong" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(loadText(text).problems.size(), kMaxProblems);
}

TEST(Load, RefusesNamesThatHideSomething) {
  EXPECT_THAT(problemsIn("name: \"a\\u202Eb\""), HasSubstr("has control or hidden characters"));
  EXPECT_THAT(problemsIn("name: \"a\\eb\""), HasSubstr("has control or hidden characters"));
  EXPECT_THAT(problemsIn("name: " + std::string(65, 'x')), HasSubstr("is 65 bytes long"));
  EXPECT_EQ(problemsIn("name: " + std::string(64, 'x')), "");
  EXPECT_EQ(problemsIn("name: \"\""), "");
}

TEST(Load, PassesPluginSectionsOnAsJson) {
  Loaded loaded = loadText(R"(plugins:
  lan:
  poi:
    devices: ["192.0.2.5", panel:8080]
    listen_port: 8081
    big: 18446744073709551615
    ratio: 0.5
    code: 0123
    quoted: "12"
    on: true
    word: yes
    none: ~
    deep: {a: [1, {b: -2}]}
)");
  ASSERT_EQ(problemsOf(loaded), "");
  EXPECT_EQ(loaded.config.plugins.at("lan"), "{}");
  EXPECT_EQ(loaded.config.plugins.at("poi"),
            R"({"devices":["192.0.2.5","panel:8080"],"listen_port":8081,"big":18446744073709551615,"ratio":5E-1,)"
            R"("code":"0123","quoted":"12","on":true,"word":"yes","none":null,"deep":{"a":[1,{"b":-2}]}})");
  EXPECT_EQ(settingOf(loaded, "plugins.poi").origin.text(), "home.yaml:3:3");
}

TEST(Load, TakesAnyPluginSectionWhileThePluginsAreUnknown) {
  Loaded loaded = load({"home.yaml", "plugins: {whatever: {a: 1}}", {}, std::nullopt});
  EXPECT_EQ(problemsOf(loaded), "");
  EXPECT_EQ(loaded.config.plugins.at("whatever"), R"({"a":1})");
}

class Files : public testing::Test {
 protected:
  Files() {
    char name[] = "/tmp/hearthgate-config-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~Files() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string folder_;
};

TEST_F(Files, MissingOnesRunOnDefaults) {
  EXPECT_TRUE(loadFile(path("none.yaml"), {}, std::nullopt).ok());
  EXPECT_TRUE(loadFile("", {}, std::nullopt).ok());
  EXPECT_TRUE(loadFile("/dev/null", {}, std::nullopt).ok());
}

TEST_F(Files, AreNamedInProblems) {
  std::ofstream(path("home.yaml")) << "admin: {port: x}\n";
  EXPECT_THAT(problemsOf(loadFile(path("home.yaml"), {}, std::nullopt)),
              HasSubstr(path("home.yaml") + ":1:15: admin.port: "));
}

TEST_F(Files, ThatCannotBeReadAreProblems) {
  EXPECT_THAT(problemsOf(loadFile(folder_, {}, std::nullopt)), HasSubstr(folder_ + ": this is a folder (a YAML file)"));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(problemsOf(loadFile(path("pipe"), {}, std::nullopt)), HasSubstr("this is no regular file"));
  EXPECT_THAT(problemsOf(loadFile("/dev/zero", {}, std::nullopt)), HasSubstr("too large"));
  std::ofstream(path("below")) << "";
  EXPECT_THAT(problemsOf(loadFile(path("below") + "/home.yaml", {}, std::nullopt)), HasSubstr("Not a directory"));
}

}  // namespace
}  // namespace hearthgate::config
