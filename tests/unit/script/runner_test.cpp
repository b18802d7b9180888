#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/script/support.h"

namespace hearthgate::script::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(RunnerTest, GivesFieldsAndReason) {
  EXPECT_EQ(decide(scriptWith("return {brightness = hg.highest(c, 'brightness'), state = 'on'}, 'the brighter one'")),
            Outcome(Resolved{R"({"brightness":200,"state":"on"})", "the brighter one"}));
}

TEST_F(RunnerTest, NilDeclinesWithItsReason) {
  EXPECT_EQ(tell("return nil, 'ask somebody'"), "declined: ask somebody");
  EXPECT_EQ(tell("return nil"), "declined: The script 'test' declined without a reason.");
}

TEST_F(RunnerTest, AnErrorFailsWithItsLine) {
  EXPECT_EQ(tell("error('no such lamp')"), "script_failed: The script 'test' stopped with an error: test:3: no such lamp");
}

TEST_F(RunnerTest, AnEndlessLoopIsKilledAndTheOthersGoOn) {
  std::vector<Case> cases(600, lamp());
  cases[300].id = "light.loop";
  const auto outcomes = runner.run(scriptWith("if c.entity.id == 'light.loop' then while true do end end "
                                              "return hg.newest(c).fields, 'newest'"), cases);
  for (size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(codeOf(outcomes[i]), i == 300 ? "time_limit" : "resolved") << i;
}

TEST_F(RunnerTest, MemoryEndsBeforeTheMachines) {
  EXPECT_THAT(tell("local s = ('x'):rep(1000000) while true do s = s .. s end"), StartsWith("memory_limit: "));
}

TEST_F(RunnerTest, DescribesWithoutResolving) {
  const auto described = runner.describe("return {name = 'my-own', about = 'for lamps', applies_to = {kinds = {'state'}, ids = {'light.*'}}, "
                                         "resolve = function(c) while true do end end}", "beach");
  ASSERT_TRUE(described.ok()) << described.error().message;
  EXPECT_EQ(*described, (Description{"my-own", "for lamps", {"state"}, {"light.*"}}));
}

}  // namespace
}  // namespace hearthgate::script::testing
