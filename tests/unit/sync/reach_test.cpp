// The sentences about the way to another home: each failure has its own, and says what to do.
#include "sync/reach.h"

#include <gtest/gtest.h>

#include <set>

#include "sync/why.h"

namespace hearthgate::sync {
namespace {

using Verdict = ReachStep::Verdict;

LinkFacts facts(std::vector<DialNote> dials) {
  LinkFacts link;
  link.name = "Beach";
  link.dials = std::move(dials);
  return link;
}

DialNote note(const std::string& code, bool opened = false, bool established = false, const std::string& address = "192.0.2.7:8765") {
  return {address, stepOf(code, opened, established), code, "", false};
}

TEST(Reach, KnowsTheStepOfEachCode) {
  EXPECT_EQ(stepOf("name_unknown", false, false), Step::kName);
  EXPECT_EQ(stepOf("bad_address", false, false), Step::kName);
  EXPECT_EQ(stepOf("unreachable", false, false), Step::kAddress);
  for (const char* code : {"refused", "timeout", "anything"}) EXPECT_EQ(stepOf(code, false, false), Step::kTcp) << code;
  for (const char* code : {"upgrade_timeout", "not_a_websocket", "http_404", "lost"}) {
    EXPECT_EQ(stepOf(code, false, false), Step::kWebSocket) << code;
  }
  for (const char* code : {"tls_refused", "closed", "lost", "timeout"}) EXPECT_EQ(stepOf(code, true, false), Step::kTls) << code;
  for (bool established : {false, true}) {
    EXPECT_EQ(stepOf("not_paired", true, established), Step::kPinned);
    EXPECT_EQ(stepOf("key_not_pinned", true, established), Step::kPinned);
  }
  for (const char* code : {"protocol_version", "superseded", "storage", "lost"}) EXPECT_EQ(stepOf(code, true, true), Step::kLevel) << code;
}

TEST(Reach, SaysOfEachFailureSomethingOfItsOwnAndWhatToDo) {
  std::set<std::string> details;
  std::vector<DialNote> all{note("name_unknown"), note("bad_address"), note("unreachable"), note("refused"), note("timeout"),
                            note("odd"), note("http_404"), note("http_429"), note("http_503"),
                            note("tls_refused", true), note("timeout", true), note("key_not_pinned", true), note("not_paired", true),
                            note("timeout", true, true), note("protocol_version", true, true)};
  for (const DialNote& dial : all) {
    auto failed = failedStep(facts({dial}));
    ASSERT_TRUE(failed) << dial.code;
    EXPECT_EQ(failed->step, dial.stopped);
    EXPECT_FALSE(failed->next_action.empty()) << dial.code;
    EXPECT_NE(failed->detail.find(dial.address), std::string::npos) << failed->detail;
    EXPECT_TRUE(details.insert(failed->detail).second) << failed->detail;
    EXPECT_EQ(linkAction(facts({dial})), failed->next_action);
    EXPECT_NE(linkDetail(facts({dial})).find("Last: " + failed->detail), std::string::npos);
  }
}

TEST(Reach, HasPassedWhatComesBeforeTheFailureAndNothingBehindIt) {
  auto steps = reachSteps(facts({note("not_a_websocket")}));
  ASSERT_EQ(steps.size(), std::size(kSteps));
  for (size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].step, kSteps[i]);
    Verdict wanted = i < 3 ? Verdict::kOk : i == 3 ? Verdict::kFailed : Verdict::kSkipped;
    EXPECT_EQ(steps[i].verdict, wanted) << stepName(steps[i].step);
    EXPECT_FALSE(steps[i].detail.empty());
  }
}

TEST(Reach, GoesByTheAddressThatLedFurthestAndNamesTheOthers) {
  auto failed = failedStep(facts({note("timeout", false, false, "192.0.2.1:1"), note("key_not_pinned", true, false, "192.0.2.2:2"),
                                  note("unreachable", false, false, "192.0.2.3:3")}));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->step, Step::kPinned);
  EXPECT_LT(failed->detail.find("192.0.2.2:2"), failed->detail.find("192.0.2.1:1"));
  EXPECT_NE(failed->detail.find("192.0.2.3:3"), std::string::npos);
}

TEST(Reach, TellsOneWithoutAnAddressFromOneThatIsTried) {
  LinkFacts link = facts({});
  EXPECT_FALSE(failedStep(link)) << "it is being tried";
  link.has_address = false;
  auto failed = failedStep(link);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->step, Step::kName);
  EXPECT_NE(failed->next_action.find("home set Beach --at"), std::string::npos);
}

TEST(Reach, IsWholeWhereALinkStands) {
  LinkFacts link = facts({note("timeout")});
  link.state = "connected";
  link.remote_address = "192.0.2.9:8765";
  link.dialled = true;
  link.hello = true;
  for (const ReachStep& step : reachSteps(link)) EXPECT_EQ(step.verdict, Verdict::kOk) << stepName(step.step);
  link.hello = false;
  EXPECT_EQ(reachSteps(link).back().verdict, Verdict::kSkipped);
  link.dialled = false;
  EXPECT_NE(reachSteps(link).front().detail.find("dialled this home"), std::string::npos);
}

TEST(Reach, IsNotToldWhereNobodyTried) {
  LinkFacts link = facts({note("timeout")});
  link.kept_apart = true;
  EXPECT_TRUE(reachSteps(link).empty());
  link.kept_apart = false;
  link.any_transport = false;
  EXPECT_TRUE(reachSteps(link).empty());
}

TEST(Reach, ShowsNothingOfAStrangerThatATerminalWouldObey) {
  DialNote dial = note("odd", true, true);
  dial.message = "\x1b[2J\r\nerased" + std::string(10'000, 'x');
  auto failed = failedStep(facts({dial}));
  ASSERT_TRUE(failed);
  EXPECT_LT(failed->detail.size(), 500u);
  for (char c : failed->detail) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

}  // namespace
}  // namespace hearthgate::sync
