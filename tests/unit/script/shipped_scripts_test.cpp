// Each script that ships, and the examples of scripts/README.md, in the real worker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "unit/script/support.h"

namespace hearthgate::script::testing {
namespace {

class ShippedScriptsTest : public RunnerTest {
 protected:
  std::string by(const std::string& name, const Case& what) {
    return told(decide({name, readFile(std::string(HEARTHGATE_SCRIPTS) + "/" + name + ".lua"), "own"}, what));
  }
  std::string reasonBy(const std::string& name, const Case& what) {
    const Outcome outcome = decide({name, readFile(std::string(HEARTHGATE_SCRIPTS) + "/" + name + ".lua"), "own"}, what);
    const auto* resolved = std::get_if<Resolved>(&outcome);
    return resolved ? resolved->reason : told(outcome);
  }
};

constexpr int64_t kNoon = int64_t{19'700} * 86'400'000 + 12 * 3'600'000;  // UTC
constexpr int64_t kHour = 3'600'000;

TEST_F(ShippedScriptsTest, AreAtLeastEightAndDescribeThemselvesByTheirFilesNames) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(HEARTHGATE_SCRIPTS)) {
    if (entry.path().extension() != ".lua") continue;
    ++count;
    const std::string text = readFile(entry.path());
    const auto described = runner.describe(text, "own");
    ASSERT_TRUE(described.ok()) << entry.path() << ": " << described.error().message;
    EXPECT_EQ(described->name, entry.path().stem());
    EXPECT_FALSE(described->about.empty());
    EXPECT_THAT(text, ::testing::ContainsRegex("-- When to use it: ")) << entry.path();
  }
  EXPECT_GE(count, 8u);
}

TEST_F(ShippedScriptsTest, HighestAndLowestDecideNumbersAndMergeTheRest) {
  const Case readings = caseOf({version(R"({"a":{"kwh":120.5},"name":"old","n":3})", 2000, {"a.kwh", "n"}),
                                version(R"({"a":{"kwh":119},"name":"new","n":7})", 1000, {"a.kwh", "n", "name"})});
  EXPECT_EQ(by("highest-value", readings), R"({"a":{"kwh":120.5},"n":7,"name":"new"})");
  EXPECT_EQ(by("lowest-value", readings), R"({"a":{"kwh":119},"n":3,"name":"new"})");
  EXPECT_EQ(reasonBy("highest-value", readings), "the highest value of a.kwh, n");
}

TEST_F(ShippedScriptsTest, HighestKnowsNumbersThatLuaCannotHold) {
  const Case readings = caseOf({version(R"({"n":18446744073709551615})", 1000, {"n"}), version(R"({"n":9223372036854775807})", 2000, {"n"})});
  EXPECT_EQ(by("highest-value", readings), R"({"n":18446744073709551615})");
  EXPECT_EQ(by("lowest-value", readings), R"({"n":9223372036854775807})");
}

TEST_F(ShippedScriptsTest, TextsThatClashAreTheNewestToHighest) {
  const Case texts = caseOf({version(R"({"mode":"a"})", 1000, {"mode"}), version(R"({"mode":"b"})", 2000, {"mode"})});
  EXPECT_EQ(by("highest-value", texts), R"({"mode":"b"})");
  EXPECT_EQ(reasonBy("highest-value", texts), "no numbers clash; merged field by field");
}

TEST_F(ShippedScriptsTest, AverageLeavesOutWhatIsUnbelievable) {
  const auto reading = [](const std::string& value, int64_t time) { return version("{\"temperature\":" + value + "}", time, {"temperature"}); };
  EXPECT_EQ(by("average-within-bounds", caseOf({reading("20", 1), reading("21.5", 2)})), R"({"temperature":20.75})");
  EXPECT_EQ(by("average-within-bounds", caseOf({reading("20", 1), reading("22", 2), reading("850", 3)})), R"({"temperature":21.0})");
  EXPECT_EQ(by("average-within-bounds", caseOf({reading("-99", 1), reading("850", 2)})), "declined: no value of temperature is believable");
}

TEST_F(ShippedScriptsTest, UnionKeepsEveryEntryOnceAndOlderOnesFirst) {
  const Case lists = caseOf({version(R"({"list":["milk","tea",{"n":1}],"by":"b"})", 2000, {"list", "by"}),
                             version(R"({"list":["bread","milk",{"n":1}]})", 1000, {"list"})});
  EXPECT_EQ(by("union-of-lists", lists), R"({"by":"b","list":["bread","milk",{"n":1},"tea"]})");
  EXPECT_EQ(by("union-of-lists", caseOf({version(R"({"list":[]})", 2, {"list"}), version(R"({"list":{}})", 1, {"list"})})), R"({"list":[]})");
}

TEST_F(ShippedScriptsTest, OwnerDecidesItsFieldsEvenWhenOlder) {
  CaseVersion own = version(R"({"limits":{"high":22},"name":"Heating","on":false})", 1000, {"limits.high", "name"});
  own.owner = true;
  const CaseVersion guest = version(R"({"limits":{"high":30,"low":1},"name":"Oven","on":true})", 2000, {"limits.high", "limits.low", "name", "on"});
  EXPECT_EQ(by("owner-decides", caseOf({own, guest})), R"({"limits":{"high":22},"name":"Heating","on":true})");
  own.owner = false;
  EXPECT_EQ(reasonBy("owner-decides", caseOf({own, guest})), "the owner has no part in this; merged field by field");
}

TEST_F(ShippedScriptsTest, QuietHoursLoseAgainstTheDay) {
  const CaseVersion day = version(R"({"v":"day"})", kNoon, {"v"});
  const CaseVersion night = version(R"({"v":"night"})", kNoon + 12 * kHour, {"v"});
  CaseVersion unsure = version(R"({"v":"unsure"})", kNoon + kHour, {"v"});
  unsure.trusted = false;
  EXPECT_EQ(by("quiet-hours", caseOf({night, day})), R"({"v":"day"})");
  EXPECT_EQ(by("quiet-hours", caseOf({unsure, night, day})), R"({"v":"day"})");
  EXPECT_EQ(by("quiet-hours", caseOf({unsure, night})), R"({"v":"night"})");
  // 22:30 at one hour east of UTC is 21:30.
  EXPECT_EQ(reasonBy("quiet-hours", caseOf({version("{}", kNoon + 9 * kHour + kHour / 2), version("{}", kNoon + 10 * kHour)})),
            "all were written in quiet hours; the newest");
  EXPECT_EQ(reasonBy("quiet-hours", caseOf({version("{}", kNoon + 9 * kHour + kHour / 2 - 1), version("{}", kNoon + 10 * kHour)})),
            "the newest that was written outside of quiet hours");
}

TEST_F(ShippedScriptsTest, HomeOrderTakesTheFirstThatTookPart) {
  const CaseVersion beach = version(R"({"v":1})", 3000, {"v"}, "Beach house");
  const CaseVersion city = version(R"({"v":2})", 2000, {"v"}, "City flat");
  CaseVersion own = version(R"({"v":3})", 1000, {"v"}, "Mountain hut");
  EXPECT_EQ(by("home-order", caseOf({beach, city, own})), R"({"v":2})");
  own.owner = true;
  EXPECT_EQ(by("home-order", caseOf({beach, city, own})), R"({"v":3})");
  EXPECT_EQ(by("home-order", caseOf({version("{}", 1), version("{}", 2)})), "declined: none of the homes in the order took part");
}

TEST_F(ShippedScriptsTest, TrustedClockBeatsALaterStampOfAWrongOne) {
  CaseVersion wrong = version(R"({"v":"wrong"})", kNoon + 365 * 24 * kHour, {"v"});
  wrong.trusted = false;
  const CaseVersion right = version(R"({"v":"right"})", kNoon, {"v"});
  EXPECT_EQ(by("trusted-clock", caseOf({wrong, right})), R"({"v":"right"})");
  CaseVersion own = wrong;
  own.owner = true;
  own.fields = R"({"v":"own"})";
  EXPECT_EQ(by("trusted-clock", caseOf({wrong, own})), R"({"v":"own"})");
  EXPECT_EQ(by("trusted-clock", caseOf({wrong, wrong})), "declined: no clock was right, and the owner took no part");
}

TEST_F(ShippedScriptsTest, OnIfAnyoneIsHome) {
  const CaseVersion here = version(R"({"people":["Ann"],"state":"on"})", 1000, {"people"});
  const CaseVersion off = version(R"({"people":[],"state":"off"})", 2000, {"people", "state"});
  EXPECT_EQ(by("on-if-anyone-home", caseOf({here, off})), R"({"people":["Ann"],"state":"on"})");
  EXPECT_EQ(by("on-if-anyone-home", caseOf({off, version(R"({"people":[],"state":"on"})", 1000, {"state"})})), R"({"people":[],"state":"off"})");
}

TEST_F(ShippedScriptsTest, ThermostatKeepsTheNewestWishWithinLimits) {
  const auto wish = [](const std::string& value, int64_t time, const std::string& mode = "heat") {
    return version("{\"preset_mode\":\"" + mode + "\",\"temperature\":" + value + "}", time, {"preset_mode", "temperature"});
  };
  const auto at = [](std::vector<CaseVersion> versions) { return caseOf(std::move(versions), "climate.bath"); };
  EXPECT_EQ(by("thermostat-limits", at({wish("21", 2), wish("19", 1)})), R"({"preset_mode":"heat","temperature":21})");
  EXPECT_EQ(by("thermostat-limits", at({wish("35", 2), wish("19", 1)})), R"({"preset_mode":"heat","temperature":23})");
  EXPECT_EQ(by("thermostat-limits", at({wish("20.5", 2, "away"), wish("19", 1)})), R"({"preset_mode":"away","temperature":12})");
  EXPECT_EQ(by("thermostat-limits", lamp()), "declined: The script 'thermostat-limits' is not for entities like this one (its applies_to).");
}

TEST_F(ShippedScriptsTest, SafestStateBelievesTheDanger) {
  const auto state = [](const std::string& value, int64_t time) { return version("{\"state\":\"" + value + "\"}", time, {"state"}); };
  EXPECT_EQ(by("safest-state", caseOf({state("triggered", 1), state("disarmed", 2)})), R"({"state":"triggered"})");
  EXPECT_EQ(by("safest-state", caseOf({state("unlocked", 2), state("locked", 1)})), R"({"state":"locked"})");
  EXPECT_EQ(by("safest-state", caseOf({state("ajar", 2), state("locked", 1)})), "declined: the state \"ajar\" has no place in the order");
}

TEST_F(ShippedScriptsTest, EveryOneIsTheSameWhateverTheOrderOfVersionsThatDiffer) {
  const Case one = caseOf({version(R"({"a":1,"l":[1],"state":"locked"})", kNoon, {"a", "l", "state"}),
                           version(R"({"a":2,"l":[2],"state":"open"})", kNoon + kHour, {"a", "l", "state"}),
                           version(R"({"a":3,"b":1,"l":[3],"state":"open"})", kNoon + 2 * kHour, {"b"})},
                          "climate.a");
  Case other = one;
  std::reverse(other.versions.begin(), other.versions.end());
  for (const auto& entry : std::filesystem::directory_iterator(HEARTHGATE_SCRIPTS)) {
    if (entry.path().extension() != ".lua") continue;
    EXPECT_EQ(by(entry.path().stem(), one), by(entry.path().stem(), other)) << entry.path();
  }
}

TEST_F(ShippedScriptsTest, TheReadmesExamplesRun) {
  const std::string readme = readFile(std::string(HEARTHGATE_SCRIPTS) + "/README.md");
  size_t examples = 0;
  for (size_t at = 0; (at = readme.find("```lua\n", at)) != std::string::npos;) {
    const size_t end = readme.find("```", at + 7);
    const std::string text = readme.substr(at + 7, end - at - 7);
    at = end + 3;
    ++examples;
    ASSERT_TRUE(runner.describe(text, "own").ok()) << text;
    const Case lamps = caseOf({version(R"({"attributes":{"brightness":10},"program":1})", 1, {"attributes.brightness"}, "Gardener"),
                               version(R"({"attributes":{"brightness":99},"program":2})", 2, {"attributes.brightness", "program"})});
    EXPECT_EQ(codeOf(decide({"example", text, "own"}, lamps)), "resolved") << text;
  }
  EXPECT_EQ(examples, 3u);
}

}  // namespace
}  // namespace hearthgate::script::testing
