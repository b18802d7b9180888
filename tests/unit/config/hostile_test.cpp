// Files that are no configuration at all, or want to harm: one clear problem each, and never a crash or a long wait.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "config/tuning.h"
#include "unit/config/loading.h"

namespace hearthgate::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string oneProblem(const std::string& text) {
  Loaded loaded = loadText(text);
  EXPECT_EQ(loaded.problems.size(), 1u) << problemsOf(loaded);
  return problemsOf(loaded);
}

TEST(HostileFile, WithAliasesIsRefusedBeforeTheyMultiply) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [*" + static_cast<char>(c - 1) + ",*" + static_cast<char>(c - 1) + "]\n";
  }
  EXPECT_THAT(oneProblem(bomb), StartsWith("home.yaml:1:"));
  EXPECT_THAT(oneProblem(bomb), HasSubstr("aliases are not supported"));
  EXPECT_THAT(oneProblem("name: *x"), StartsWith("home.yaml:1:7: "));
  EXPECT_THAT(oneProblem("name: &x boat"), HasSubstr("an anchor"));
}

TEST(HostileFile, WithTagsIsRefused) {
  EXPECT_THAT(oneProblem("name: !include secrets.yaml"), HasSubstr("tags such as !include are not supported"));
  EXPECT_THAT(oneProblem("name: !!binary aGVsbG8="), HasSubstr("the tag"));
  EXPECT_THAT(oneProblem("sharing: !x {enabled: true}"), HasSubstr("the tag"));
}

TEST(HostileFile, NestedTooDeeplyIsRefused) {
  EXPECT_THAT(oneProblem("plugins: {lan: " + std::string(100, '[') + std::string(100, ']') + "}"),
              HasSubstr("nested too deeply (at most 24 levels)"));
  EXPECT_THAT(oneProblem(std::string(100'000, '[')), StartsWith("home.yaml:1:"));
  EXPECT_THAT(oneProblem(std::string(100'000, '{')), StartsWith("home.yaml:1:"));
  std::string blocks;
  for (int i = 0; i < 300; ++i) blocks += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(oneProblem(blocks), HasSubstr("nested too deeply"));
  std::string dashes;
  for (int i = 0; i < 20'000; ++i) dashes += "- ";
  EXPECT_THAT(oneProblem(dashes), StartsWith("home.yaml:1:"));
  std::string questions;
  for (int i = 0; i < 20'000; ++i) questions += "? ";
  EXPECT_THAT(oneProblem(questions), StartsWith("home.yaml:1:"));
}

TEST(HostileFile, ThatIsHugeIsRefused) {
  EXPECT_EQ(oneProblem(std::string(kMaxFileBytes + 1, ' ')), "home.yaml: the file has 262145 bytes (at most 262144)\n");
}

TEST(HostileFile, WithManyKeysIsReadInReasonableTime) {
  std::string many = "plugins: {lan: {";
  for (int i = 0; i < 20'000; ++i) many += "k" + std::to_string(i) + ": 1, ";
  EXPECT_EQ(problemsIn(many + "}}"), "");
}

TEST(HostileFile, WithAKeyTwiceIsRefused) {
  EXPECT_EQ(oneProblem("name: a\nadmin: {}\nname: b\n"),
            "home.yaml:3:1: the key \"name\" stands twice in its section (once; it stands in line 1 already)\n");
  EXPECT_THAT(oneProblem("plugins: {lan: {a: 1, a: 2}}"), HasSubstr("stands twice"));
}

TEST(HostileFile, WithOddNamesIsRefused) {
  EXPECT_THAT(oneProblem("[a, b]: 1"), HasSubstr("the name of a key is no plain text"));
  EXPECT_THAT(oneProblem("{a: 1}: 1"), HasSubstr("the name of a key is no plain text"));
  EXPECT_THAT(oneProblem("~: 1"), HasSubstr("the name of a key is no plain text"));
  EXPECT_THAT(oneProblem("? [a]\n: 1"), HasSubstr("the name of a key is no plain text"));
  EXPECT_THAT(oneProblem("\"\\e[31m\": 1"), HasSubstr("there is no such key"));
  EXPECT_THAT(oneProblem("\"\\e[31m\": 1"), testing::Not(HasSubstr("\x1b")));
}

TEST(HostileFile, WithBytesThatAreNoTextIsRefused) {
  using namespace std::string_literals;
  EXPECT_EQ(oneProblem("name: a\nadm\0in: 1"s), "home.yaml:2:4: there is a NUL byte (UTF-8 text)\n");
  EXPECT_EQ(oneProblem("name: \x1b[31m"), "home.yaml:1:7: there is a control character (UTF-8 text)\n");
  EXPECT_EQ(oneProblem("a: b\nname: \xff\xfe"), "home.yaml:2:1: this line is no UTF-8 text (UTF-8 text)\n");
  EXPECT_THAT(oneProblem("\xff\xfe\x6e\x00"s), HasSubstr("there is a NUL byte"));
}

TEST(HostileFile, IndentedWithTabsIsRefused) {
  EXPECT_EQ(oneProblem("admin:\n\tport: 1\n"), "home.yaml:2:1: a tab indents this line (spaces)\n");
  EXPECT_EQ(oneProblem("admin:\n  \tport: 1\n"), "home.yaml:2:3: a tab indents this line (spaces)\n");
  EXPECT_EQ(problemsIn("name: a\t# a tab before a comment\n\t\nadmin: {port: 1}\n"), "");
}

TEST(HostileFile, WhoseRootIsNoSectionIsRefused) {
  EXPECT_THAT(oneProblem("just words"),
              HasSubstr("home.yaml:1:1: the file is the value \"just words\" (a section with"));
  EXPECT_THAT(oneProblem("- a\n- b\n"), HasSubstr("the file is a list"));
  EXPECT_THAT(oneProblem("42"), HasSubstr("the file is the value \"42\""));
}

TEST(HostileFile, WithSeveralDocumentsIsRefused) {
  EXPECT_THAT(oneProblem("name: a\n---\nname: b\n"), HasSubstr("a second document starts here"));
}

TEST(HostileFile, ThatIsNoYamlIsRefusedWithItsPlace) {
  EXPECT_THAT(oneProblem("name: \"open"), StartsWith("home.yaml:1:"));
  EXPECT_THAT(oneProblem("name: [1, 2"), HasSubstr("this is no YAML"));
  EXPECT_THAT(oneProblem("a: b: c"), HasSubstr("this is no YAML"));
  EXPECT_THAT(oneProblem("%YAML 9.9\n---\nname: a"), HasSubstr("home.yaml"));
  EXPECT_THAT(oneProblem("name: a\n  admin: {}\n"), HasSubstr("this is no YAML"));
}

TEST(HostileFile, GivesProblemsOfOneLineThatATerminalMayShow) {
  std::string text =
      problemsIn("\"a\\nb\\e]0;x\\a\": 1\nname: \"x\\ny\"\nlog: {level: \"" + std::string(5000, 'l') + "\"}");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LT(text.size(), 2000u);
}

// Random changes of a valid file: whatever comes out, it is loaded or refused, never a crash. The seed is fixed, so a
// failure shows again.
TEST(HostileFile, MadeByRandomChangesNeverCrashes) {
  const std::string valid =
      "name: Beach\nsharing:\n  enabled: true\n  sync: {port: 1, advertise: [\"192.0.2.1:1\"]}\n"
      "plugins:\n  lan: {a: [1, 2.5, ~, 'x', \"y\"]}\n  poi: |\n    text\n";
  const std::string letters = std::string("\0", 1) + "\t\n :-?[]{},&*!|>'\"%@`#~.ax019\\\x80\xff";
  std::mt19937 random(20261120);
  for (int run = 0; run < 20'000; ++run) {
    std::string text = valid;
    for (unsigned changes = 1 + random() % 6; changes > 0; --changes) {
      size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = letters[random() % letters.size()];
          break;
        case 1:
          text.insert(at, 1, letters[random() % letters.size()]);
          break;
        default:
          text.erase(at, 1 + random() % 8);
      }
      if (text.empty()) text = "a";
    }
    for (const auto& problem : loadText(text).problems) ASSERT_NE(problem.text(), "");
  }
}

}  // namespace
}  // namespace hearthgate::config
