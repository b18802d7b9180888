#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "unit/config/loading.h"

namespace hearthgate::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(EnvironmentOverrides, WinOverTheFile) {
  Loaded loaded = loadText("sharing: {sync: {port: 1}}", {{"HEARTHGATE_SHARING_SYNC_PORT", "9999"}, {"PATH", "x"}});
  ASSERT_EQ(problemsOf(loaded), "");
  EXPECT_EQ(loaded.config.sharing.sync.port, 9999);
  EXPECT_EQ(settingOf(loaded, "sharing.sync.port").origin.text(), "HEARTHGATE_SHARING_SYNC_PORT");
}

TEST(EnvironmentOverrides, ReachEveryKey) {
  for (const auto& setting : loadText("").settings) {
    if (setting.value == "null") continue;
    std::string value = setting.value;
    if (value.front() == '"') value = value.substr(1, value.size() - 2);
    Loaded loaded = loadText("", {{variableOf(setting.key), value}});
    EXPECT_EQ(problemsOf(loaded), "") << setting.key;
    EXPECT_EQ(settingOf(loaded, setting.key).value, setting.value);
    EXPECT_EQ(settingOf(loaded, setting.key).origin.text(), variableOf(setting.key));
  }
}

TEST(EnvironmentOverrides, TakeListsWithCommasOrAsJson) {
  auto kinds = [](const std::string& text) {
    Loaded loaded = loadText("", {{"HEARTHGATE_SHARING_SYNC_UNCOMPRESSED_KINDS", text}});
    EXPECT_EQ(problemsOf(loaded), "") << text;
    return loaded.config.sharing.sync.uncompressed_kinds;
  };
  EXPECT_THAT(kinds("secret"), ElementsAre("secret"));
  EXPECT_THAT(kinds("secret, app ,x"), ElementsAre("secret", "app", "x"));
  EXPECT_THAT(kinds("[\"a\",\"b\"]"), ElementsAre("a", "b"));
  EXPECT_THAT(kinds(""), ElementsAre());
  EXPECT_THAT(kinds("[]"), ElementsAre());
  Loaded none = loadText("", {{"HEARTHGATE_SHARING_SYNC_ADVERTISE", "[]"}});
  EXPECT_TRUE(none.config.sharing.sync.advertise.has_value());
}

TEST(EnvironmentOverrides, AreCheckedLikeTheFile) {
  EXPECT_EQ(problemsIn("", {{"HEARTHGATE_SHARING_SYNC_PORT", "99999"}}),
            "HEARTHGATE_SHARING_SYNC_PORT: 99999 is out of range (a whole number from 0 to 65535)\n");
  EXPECT_EQ(problemsIn("", {{"HEARTHGATE_SHARING_ENABLED", "1"}}),
            "HEARTHGATE_SHARING_ENABLED: is \"1\" (true or false)\n");
  EXPECT_THAT(problemsIn("", {{"HEARTHGATE_SHARING_SYNC_ENCRYPTION_ENABLED", "false"}}),
              HasSubstr("there is no plaintext mode between homes"));
  EXPECT_THAT(problemsIn("", {{"HEARTHGATE_SHARING_SYNC_UNCOMPRESSED_KINDS", "a,,b"}}), HasSubstr("has an empty item"));
  EXPECT_THAT(problemsIn("", {{"HEARTHGATE_SHARING_SYNC_UNCOMPRESSED_KINDS", "a,"}}), HasSubstr("has an empty item"));
  EXPECT_THAT(problemsIn("", {{"HEARTHGATE_SHARING_SYNC_UNCOMPRESSED_KINDS", "[1]"}}), HasSubstr("is no text"));
  EXPECT_THAT(problemsIn("", {{"HEARTHGATE_SHARING_SYNC_UNCOMPRESSED_KINDS", "[\"a\""}}), HasSubstr("no JSON array"));
  EXPECT_EQ(
      problemsIn("", {{"HEARTHGATE_STORAGE_COMMIT_INTERVAL_MS", "9"}}),
      "HEARTHGATE_STORAGE_COMMIT_INTERVAL_MS: a commit may not wait while storage.durability is full (default) (0, "
      "or `storage.durability: normal` beside it)\n");
}

TEST(EnvironmentOverrides, WithUnknownNamesAreMistakes) {
  EXPECT_EQ(problemsIn("", {{"HEARTHGATE_SHARING_SYNC_PROT", "1"}}),
            "HEARTHGATE_SHARING_SYNC_PROT: there is no such key (did you mean HEARTHGATE_SHARING_SYNC_PORT?)\n");
  EXPECT_THAT(problemsIn("", {{"HEARTHGATE_", "1"}}), HasSubstr("HEARTHGATE_: there is no such key"));
  EXPECT_THAT(problemsIn("", {{"HEARTHGATE_PLUGINS_", "1"}}), HasSubstr("there is no such key"));
}

TEST(EnvironmentOverrides, SetPluginsSettings) {
  Loaded loaded = loadText("plugins: {lan: {mdns: auto, keep: 1}}", {{"HEARTHGATE_PLUGINS_LAN_MDNS", "off"},
                                                                     {"HEARTHGATE_PLUGINS_MY_LAN_PORT", "5"},
                                                                     {"HEARTHGATE_PLUGINS_POI", R"({"devices":[]})"},
                                                                     {"HEARTHGATE_PLUGINS_PATH", "/p"}});
  ASSERT_EQ(problemsOf(loaded), "");
  EXPECT_EQ(loaded.config.plugins.at("lan"), R"({"mdns":"off","keep":1})");
  EXPECT_EQ(loaded.config.plugins.at("my_lan"), R"({"port":5})");
  EXPECT_EQ(loaded.config.plugins.at("poi"), R"({"devices":[]})");
  EXPECT_EQ(loaded.config.plugins_path, "/p");
  EXPECT_EQ(settingOf(loaded, "plugins.lan").origin.text(), "HEARTHGATE_PLUGINS_LAN_MDNS");
}

TEST(EnvironmentOverrides, RefusePluginsThatAreNotThere) {
  EXPECT_EQ(
      problemsIn("", {{"HEARTHGATE_PLUGINS_LNA", "{}"}}),
      "HEARTHGATE_PLUGINS_LNA: there is no plugin of this name, did you mean lan? (there are: lan, poi, my_lan)\n");
  EXPECT_THAT(problemsIn("", {{"HEARTHGATE_PLUGINS_LAN", "[]"}}), HasSubstr("is no JSON object"));
}

TEST(EnvironmentOverrides, AreTextInUtf8) {
  EXPECT_EQ(problemsIn("", {{"HEARTHGATE_PLUGINS_POI_RATE", "1\xF9"}}),
            "HEARTHGATE_PLUGINS_POI_RATE: it is no UTF-8 (text in UTF-8)\n");
}

TEST(ProcessEnvironment, TakesOnlyOurVariables) {
  setenv("HEARTHGATE_NAME", "Boat=house", 1);
  setenv("HEARTHGAT", "no", 1);
  setenv(kPassphraseVariable, "a secret", 1);
  Environment found = processEnvironment();
  unsetenv("HEARTHGATE_NAME");
  unsetenv("HEARTHGAT");
  unsetenv(kPassphraseVariable);
  EXPECT_EQ(found.at("HEARTHGATE_NAME"), "Boat=house");
  EXPECT_FALSE(found.contains("HEARTHGAT"));
  EXPECT_FALSE(found.contains(kPassphraseVariable));
}

}  // namespace
}  // namespace hearthgate::config
