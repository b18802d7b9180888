// The worker's answers, as the gateway takes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "script/frames.h"
#include "script/tuning.h"

namespace hearthgate::script {
namespace {

// Without its length.
std::string bare(const std::string& frame) { return frame.substr(4); }

Outcome outcomeOf(const std::string& frame) {
  auto answer = parseAnswer(frame);
  if (!answer.ok()) return Failed{answer.error().code, answer.error().message};
  return std::get<CaseAnswer>(*answer).outcome;
}
Outcome resolved(const std::string& fields) { return outcomeOf(bare(answerFrame(0, Resolved{fields, "r"}))); }
std::string codeOf(const Outcome& outcome) { return std::holds_alternative<Failed>(outcome) ? std::get<Failed>(outcome).code : "fine"; }

TEST(Answers, FieldsBecomeCanonicalOrAreRefused) {
  EXPECT_EQ(resolved(R"({ "b" : 1.50, "a":1e2})"), Outcome(Resolved{R"({"a":100.0,"b":1.5})", "r"}));
  for (const char* bad : {"", "{", "[]", "1", "null", R"({"a":1e999})", R"({"a":NaN})", R"({"a":99999999999999999999})", R"({"a":1,"a":2})",
                          "{\"a\":\"\xff\"}", R"({"a":"\ud800"})", R"({"a":1}x)"}) {
    EXPECT_EQ(codeOf(resolved(bad)), "bad_result") << bad;
  }
  EXPECT_EQ(codeOf(resolved("{\"a\":" + std::string(31, '[') + std::string(31, ']') + "}")), "fine");
  EXPECT_EQ(codeOf(resolved("{\"a\":" + std::string(32, '[') + std::string(32, ']') + "}")), "bad_result");
  EXPECT_EQ(codeOf(resolved("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}")), "bad_result");
}

TEST(Answers, OnlyTheWorkersCodesAreTaken) {
  for (const char* code : {"bad_script", "script_failed", "bad_result", "result_too_large", "memory_limit"}) {
    EXPECT_EQ(codeOf(outcomeOf(bare(answerFrame(0, Failed{code, "m"})))), code);
  }
  for (const char* code : {"", "worker_killed", "switched_off", "time_limit", "BAD_SCRIPT"}) {
    EXPECT_EQ(codeOf(outcomeOf(bare(answerFrame(0, Failed{code, "m"})))), "bad_answer") << code;
  }
}

TEST(Answers, WhatIsShownIsFitToBeShown) {
  EXPECT_EQ(outcomeOf(bare(answerFrame(0, Declined{"a\x1b[2J"}))), Outcome(Declined{"a\xEF\xBF\xBD[2J"}));
  EXPECT_EQ(std::get<Declined>(outcomeOf(bare(answerFrame(0, Declined{std::string(100'000, 'x')})))).reason.size(), kReasonBytes);
  EXPECT_EQ(codeOf(outcomeOf(bare(answerFrame(0, Declined{""})))), "bad_answer");
}

TEST(Answers, EveryLengthButTheRightOneIsRefused) {
  const std::string frames[] = {bare(readyFrame()), bare(answerFrame(7, Resolved{R"({"a":1})", "r"})), bare(answerFrame(7, Declined{"r"})),
                                bare(answerFrame(7, Failed{"bad_result", "m"})), bare(answerFrame(Description{"a", "x", {"state"}, {"*"}}))};
  for (const std::string& frame : frames) {
    EXPECT_TRUE(parseAnswer(frame).ok());
    EXPECT_FALSE(parseAnswer(frame + "x").ok());
    for (size_t size = 0; size < frame.size(); ++size) EXPECT_FALSE(parseAnswer(frame.substr(0, size)).ok()) << size;
  }
}

TEST(Answers, AFrameIsWaitedForAndHasALimit) {
  const std::string frame = answerFrame(7, Declined{"r"});
  for (size_t size = 0; size < frame.size(); ++size) {
    auto first = firstFrame(std::string_view(frame).substr(0, size));
    ASSERT_TRUE(first.ok());
    EXPECT_FALSE(first->has_value());
  }
  EXPECT_EQ(**firstFrame(frame + frame), bare(frame));
  EXPECT_TRUE(firstFrame(std::string_view("\x00\x00\x10\x00", 4)).ok());
  EXPECT_EQ(firstFrame(std::string_view("\x01\x00\x10\x00", 4)).error().code, "bad_answer");
}

TEST(Answers, DescriptionsHaveNamesAndPatternsThatTheModelKnows) {
  const auto described = [](const Description& description) { return parseAnswer(bare(answerFrame(description))).ok(); };
  EXPECT_TRUE(described({"mine-2", "x", {}, {}}));
  EXPECT_FALSE(described({"merge", "x", {}, {}}));
  EXPECT_FALSE(described({"Mine", "x", {}, {}}));
  EXPECT_FALSE(described({"mine", "x", {"no kind"}, {}}));
  EXPECT_FALSE(described({"mine", "x", {}, {"no id"}}));
  EXPECT_FALSE(described({"mine", "x", std::vector<std::string>(kMaxPatterns + 1, "state"), {}}));
}

}  // namespace
}  // namespace hearthgate::script
