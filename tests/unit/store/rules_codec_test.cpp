// Rules as bytes, written here or sent by another home.
#include "store/rules_codec.h"

#include <gtest/gtest.h>

#include "model/codec.h"
#include "model/limits.h"

namespace hearthgate::store {
namespace {

using model::Access;
using model::Rules;
using Scope = model::StrategyRow::Scope;

Rules rich() {
  Rules rules;
  rules.lists = {{{"light.*", Access::kRead, {}},
                  {"light.kitchen", Access::kWrite, INT64_MAX},
                  {"light.*_safe", Access::kNone, INT64_MIN},
                  {"a.b", Access::kNone, 0}},
                 {},
                 {{"*", Access::kWrite, -1}}};
  rules.strategies = {{Scope::kEntity, "light.kitchen", "merge"},
                      {Scope::kGlob, "light.?", "home/script#0123"},
                      {Scope::kKind, "scene", "user-choice"},
                      {Scope::kOwner, "", "local-wins"},
                      {Scope::kDefault, "", std::string(255, 's')}};
  return rules;
}

TEST(RulesCodec, ReadsWhatItWroteButTheNumber) {
  Rules rules = rich();
  for (const Rules& one : {rules, Rules{}}) {
    auto read = decodeRules(encodeRules(one));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, one);
  }
  rules.number = 7;
  EXPECT_EQ(decodeRules(encodeRules(rules))->number, 0u);
}

TEST(RulesCodec, RefusesEveryCutAndEveryTail) {
  std::string bytes = encodeRules(rich());
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto read = decodeRules(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_EQ(read.error().code, "bad_rules");
  }
  EXPECT_FALSE(decodeRules(bytes + '\0').ok());
}

TEST(RulesCodec, RefusesWhatNoHomeWrites) {
  std::string row(
      "\x01\x01\x03"
      "a.b",
      6);
  EXPECT_TRUE(decodeRules(row + '\x02' + '\0').ok());
  EXPECT_FALSE(decodeRules(row + '\x03' + '\0').ok()) << "an access beyond write";
  EXPECT_FALSE(decodeRules(row + '\x08' + '\0').ok()) << "a flag that is not known";
  EXPECT_FALSE(decodeRules(std::string("\x01\x01\x03"
                                       "a b\0\0",
                                       8))
                   .ok())
      << "a pattern that no id matches";
  EXPECT_FALSE(decodeRules(std::string("\0\x01\x05\0\0", 5)).ok()) << "a scope beyond the default";
  EXPECT_TRUE(decodeRules(std::string("\0\x01\x04\0\0", 5)).ok());
}

// Of a link; a database may hold it since before it was looked at.
TEST(RulesCodec, RefusesAStrategyThatIsNoText) {
  model::Rules rules;
  for (const char* name : {"la\x85" "est-wins", "latest\nwins", "\x1b[2J", "\u202elatest"}) {
    rules.strategies = {{model::StrategyRow::Scope::kDefault, "", name}};
    EXPECT_FALSE(decodeRules(encodeRules(rules)).ok()) << name;
    EXPECT_TRUE(decodeStoredRules(encodeRules(rules)).ok()) << name;
  }
  rules.strategies.front().strategy = "anna/lüfter#1";
  EXPECT_TRUE(decodeRules(encodeRules(rules)).ok());
}

TEST(RulesCodec, LimitsListsRowsAndNames) {
  Rules lists;
  lists.lists.resize(kMaxRuleLists);
  EXPECT_TRUE(decodeRules(encodeRules(lists)).ok());
  lists.lists.emplace_back();
  EXPECT_FALSE(decodeRules(encodeRules(lists)).ok());
  EXPECT_TRUE(decodeStoredRules(encodeRules(lists)).ok());

  // Rows of all lists count together, strategies for themselves.
  Rules rows;
  rows.lists = {{kMaxRuleRows / 2, {"a.b", Access::kRead, {}}}, {kMaxRuleRows / 2, {"a.b", Access::kRead, {}}}};
  rows.strategies = {kMaxStrategyRows, {Scope::kDefault, "", "merge"}};
  EXPECT_TRUE(decodeRules(encodeRules(rows)).ok());
  rows.strategies.push_back({Scope::kDefault, "", "merge"});
  EXPECT_FALSE(decodeRules(encodeRules(rows)).ok());
  EXPECT_EQ(decodeStoredRules(encodeRules(rows)).value(), rows);
  rows.strategies.clear();
  rows.lists.push_back({{"a.b", Access::kRead, {}}});
  EXPECT_FALSE(decodeRules(encodeRules(rows)).ok());
  EXPECT_EQ(decodeStoredRules(encodeRules(rows)).value(), rows);

  Rules names;
  names.strategies = {{Scope::kKind, std::string(256, 'k'), "merge"}};
  EXPECT_FALSE(decodeRules(encodeRules(names)).ok());
  names.strategies = {{Scope::kKind, "k", std::string(256, 's')}};
  EXPECT_FALSE(decodeRules(encodeRules(names)).ok());
}

TEST(RulesCodec, ReservesNothingForCountsThatTheRestCannotHold) {
  std::string out;
  model::ByteWriter writer(&out);
  writer.number(1);
  writer.number(UINT64_MAX / 4);
  EXPECT_FALSE(decodeRules(out).ok());
  EXPECT_FALSE(decodeStoredRules(out).ok());
}

}  // namespace
}  // namespace hearthgate::store
