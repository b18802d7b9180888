// Rules: globs, which row decides, and which strategy.
#include "model/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace hearthgate::model {
namespace {

TEST(Glob, StarsStandForAnyAndQuestionMarksForOne) {
  struct Case {
    std::string_view glob, text;
    bool matches;
  };
  for (const Case& c : std::initializer_list<Case>{{"*", "", true},
                                                   {"*", "light.kitchen", true},
                                                   {"", "", true},
                                                   {"", "a", false},
                                                   {"?", "", false},
                                                   {"?", "a", true},
                                                   {"?", "ab", false},
                                                   {"??", "ab", true},
                                                   {"light.*", "light.kitchen", true},
                                                   {"light.*", "light.", true},
                                                   {"light.*", "lights.kitchen", false},
                                                   {"light.*", "xlight.kitchen", false},
                                                   {"*.kitchen", "light.kitchen", true},
                                                   {"*.kitchen", "light.kitchen_2", false},
                                                   {"*kitchen*", "kitchen", true},
                                                   {"a*b*c", "abc", true},
                                                   {"a*b*c", "aXbXbXc", true},
                                                   {"a*b*c", "aXbXc_", false},
                                                   {"*ab", "aab", true},
                                                   {"*aab", "aaab", true},
                                                   {"a**b", "ab", true},
                                                   {"**?", "", false},
                                                   {"**?", "x", true},
                                                   {"*?*", "", false},
                                                   {"a?c", "abc", true},
                                                   {"a?c", "ac", false},
                                                   {"a*?", "a", false},
                                                   {"a*?", "ab", true},
                                                   {"light.kitchen", "light.kitchen", true},
                                                   {"light.kitchen", "light.kitchens", false},
                                                   {"light.kitchen", "light-kitchen", false},
                                                   {"*.*", "a.b", true},
                                                   {"*.*", "ab", false},
                                                   {"a.*", "A.b", false}}) {
    EXPECT_EQ(globMatches(c.glob, c.text), c.matches) << c.glob << " " << c.text;
  }
}

TEST(Glob, TakesNoLongTimeOverManyStars) {
  std::string glob, text(255, 'a');
  for (int i = 0; i < 127; ++i) glob += "*a";
  glob += 'b';
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(globMatches(glob, text));
  // A hundred of them within seconds even when instrumented; matching by backtracking would take for ever.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Access, HasNamesThatReadBack) {
  for (Access access : {Access::kNone, Access::kRead, Access::kWrite})
    EXPECT_EQ(parseAccess(accessText(access)), access);
  EXPECT_EQ(accessText(Access::kNone), "none");
  EXPECT_EQ(accessText(Access::kRead), "read");
  EXPECT_EQ(accessText(Access::kWrite), "write");
  EXPECT_FALSE(parseAccess("owner"));
  EXPECT_FALSE(parseAccess("Read"));
  EXPECT_FALSE(parseAccess(""));
}

TEST(Access, IsMoreSpecificWithMoreLettersAndMostWithoutAnyGlob) {
  EXPECT_EQ(specificity("*"), 0u);
  EXPECT_EQ(specificity("???"), 0u);
  EXPECT_EQ(specificity("light.*"), 6u);
  EXPECT_EQ(specificity("l?ght.*"), 5u);
  EXPECT_GT(specificity("a.b"), specificity(std::string(254, 'a') + "*"));
}

// Whatever the order of the rows.
Access decided(AccessRows rows, std::string_view id) {
  auto less = [](const AccessRow& a, const AccessRow& b) {
    return std::tie(a.pattern, a.access) < std::tie(b.pattern, b.access);
  };
  std::sort(rows.begin(), rows.end(), less);
  Access first = accessFor(rows, id);
  while (std::next_permutation(rows.begin(), rows.end(), less)) EXPECT_EQ(accessFor(rows, id), first);
  return first;
}

TEST(Access, IsNoneWithoutARow) {
  EXPECT_EQ(accessFor({}, "light.kitchen"), Access::kNone);
  EXPECT_EQ(accessFor({{"light.hall", Access::kWrite, {}}, {"sensor.*", Access::kWrite, {}}}, "light.kitchen"),
            Access::kNone);
}

TEST(Access, IsThatOfTheMostSpecificRow) {
  AccessRows rows = {{"*", Access::kRead, {}},
                     {"light.*", Access::kWrite, {}},
                     {"light.k*", Access::kNone, {}},
                     {"light.kitchen", Access::kRead, {}}};
  EXPECT_EQ(decided(rows, "light.kitchen"), Access::kRead);
  EXPECT_EQ(decided(rows, "light.kids"), Access::kNone);
  EXPECT_EQ(decided(rows, "light.hall"), Access::kWrite);
  EXPECT_EQ(decided(rows, "sensor.door"), Access::kRead);
}

TEST(Access, MayBeAnExceptionInEitherDirection) {
  EXPECT_EQ(decided({{"light.*", Access::kWrite, {}}, {"light.bed", Access::kNone, {}}}, "light.bed"), Access::kNone);
  EXPECT_EQ(decided({{"*", Access::kNone, {}}, {"light.bed", Access::kWrite, {}}}, "light.bed"), Access::kWrite);
}

TEST(Access, IsTheLeastOfEquallySpecificRows) {
  EXPECT_EQ(decided({{"light.*", Access::kWrite, {}}, {"*.lamps", Access::kRead, {}}}, "light.lamps"), Access::kRead);
  EXPECT_EQ(decided({{"light.*", Access::kWrite, {}}, {"*.lamp", Access::kNone, {}}, {"*", Access::kWrite, {}}},
                    "light.lamp"),
            Access::kWrite);
  EXPECT_EQ(decided({{"light.*", Access::kWrite, {}}, {"*light.", Access::kNone, {}}, {"l*ight.", Access::kNone, {}}},
                    "light."),
            Access::kNone);
  EXPECT_EQ(decided({{"a.b", Access::kWrite, {}}, {"a.b", Access::kRead, {}}, {"*", Access::kNone, {}}}, "a.b"),
            Access::kRead);
}

TEST(Rules, GiveTheLeastOfSeveralLists) {
  Rules rules;
  EXPECT_EQ(rules.accessFor("a.b"), Access::kNone);
  rules.lists = {{{"*", Access::kWrite, {}}}};
  EXPECT_EQ(rules.accessFor("a.b"), Access::kWrite);
  rules.lists.push_back({{"a.*", Access::kRead, {}}});
  EXPECT_EQ(rules.accessFor("a.b"), Access::kRead);
  EXPECT_EQ(rules.accessFor("c.d"), Access::kNone);
  rules.lists.push_back({});
  EXPECT_EQ(rules.accessFor("a.b"), Access::kNone);
}

// What is made ready to be asked often answers as the rows themselves.
TEST(Rules, InForceAnswerAsTheirRows) {
  const std::vector<std::string> patterns = {"*", "a.*", "*.b", "a.b", "a.?", "?.b", "c.d", "*a*b*", "a.bc", "**"};
  const std::vector<std::string> ids = {"a.b", "a.c", "c.d", "c.b", "a.bc", "x.yz", "a.xb"};
  uint64_t seed = 1;
  auto next = [&] { return seed = seed * 6364136223846793005ull + 1442695040888963407ull, seed >> 33; };
  for (int round = 0; round < 2'000; ++round) {
    Rules rules;
    rules.lists.resize(next() % 3);
    for (AccessRows& rows : rules.lists) {
      for (uint64_t n = next() % 7; n > 0; --n) {
        rows.push_back({patterns[next() % patterns.size()], static_cast<Access>(next() % 3), {}});
      }
    }
    RulesInForce in_force(rules);
    for (const std::string& id : ids) ASSERT_EQ(in_force.accessFor(id), rules.accessFor(id)) << id << " in round " << round;
    EXPECT_EQ(in_force.rules(), rules);
  }
}

TEST(Rules, AreTheSameRowsWhateverTheirNumber) {
  Rules a, b;
  a.number = 1;
  b.number = 2;
  a.lists = b.lists = {{{"*", Access::kRead, 5}}};
  EXPECT_TRUE(a.sameRows(b));
  EXPECT_FALSE(a == b);
  b.lists[0][0].until_ms = 6;
  EXPECT_FALSE(a.sameRows(b));
  b = a;
  b.strategies.push_back({StrategyRow::Scope::kDefault, "", "merge"});
  EXPECT_FALSE(a.sameRows(b));
}

using Scope = StrategyRow::Scope;

std::string decided(StrategyRows rows, std::string_view id, std::string_view kind) {
  auto less = [](const StrategyRow& a, const StrategyRow& b) {
    return std::tie(a.scope, a.pattern, a.strategy) < std::tie(b.scope, b.pattern, b.strategy);
  };
  std::sort(rows.begin(), rows.end(), less);
  std::string first(strategyFor(rows, id, kind));
  while (std::next_permutation(rows.begin(), rows.end(), less)) EXPECT_EQ(strategyFor(rows, id, kind), first);
  return first;
}

TEST(StrategyRows, DecideInTheOrderEntityGlobKindOwnerDefault) {
  StrategyRows rows = {{Scope::kEntity, "light.kitchen", "entity"},
                       {Scope::kGlob, "light.*", "glob"},
                       {Scope::kKind, "scene", "kind"},
                       {Scope::kOwner, "", "owner"},
                       {Scope::kDefault, "", "default"}};
  EXPECT_EQ(decided(rows, "light.kitchen", "scene"), "entity");
  EXPECT_EQ(decided(rows, "light.hall", "scene"), "glob");
  EXPECT_EQ(decided(rows, "sensor.x", "scene"), "kind");
  EXPECT_EQ(decided(rows, "sensor.x", "state"), "owner");
  rows.erase(rows.begin() + 3);
  EXPECT_EQ(decided(rows, "sensor.x", "state"), "default");
  EXPECT_EQ(strategyFor({}, "a.b", "state"), "latest-wins");
  EXPECT_EQ(strategyFor({{Scope::kEntity, "a.c", "x"}}, "a.b", "state"), "latest-wins");
}

TEST(StrategyRows, TakeTheMoreSpecificGlobAndOfEqualOnesTheFirstByName) {
  StrategyRows rows = {
      {Scope::kGlob, "*", "all"}, {Scope::kGlob, "light.*", "lights"}, {Scope::kGlob, "light.k*", "k"}};
  EXPECT_EQ(decided(rows, "light.kitchen", "state"), "k");
  EXPECT_EQ(decided(rows, "light.hall", "state"), "lights");
  EXPECT_EQ(decided(rows, "a.b", "state"), "all");
  EXPECT_EQ(decided({{Scope::kGlob, "a.*", "one"}, {Scope::kGlob, "*.b", "two"}}, "a.b", "state"), "two");
  EXPECT_EQ(decided({{Scope::kGlob, "a.?*", "one"}, {Scope::kGlob, "a.*?", "two"}}, "a.b", "state"), "two");
}

TEST(StrategyRows, ReadPatternsOfEntitiesAndKindsLiterally) {
  EXPECT_EQ(strategyFor({{Scope::kEntity, "light.*", "x"}}, "light.kitchen", "state"), "latest-wins");
  EXPECT_EQ(strategyFor({{Scope::kKind, "*", "x"}}, "light.kitchen", "state"), "latest-wins");
}

}  // namespace
}  // namespace hearthgate::model
