#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

const std::string kOpen = R"({"state":"open","failed_tries":1})";
const std::string kConfirming =
    R"({"state":"confirming","peer":{"id":"pppp","name":"Be\u001bach"},"words":["apple","river","stone"],)"
    R"("preview":{"to_send":41,"to_receive":{"entities":2,"bytes":900}}})";
const std::string kPaired = R"({"state":"done","peer":{"name":"Beach"}})";

class PairingCommands : public Cli {
 protected:
  PairingCommands() {
    server.answer(
        "POST /api/v1/pairing", 201,
        R"({"code":"HEARTH-AAAA-BBBB-CCCC-DDDD","uri":"hearthgate:x","expires_at":"2026-11-20T10:05:00.000Z"})");
    server.answer("POST /api/v1/pairing/confirm", 200, "{}");
    server.answer("DELETE /api/v1/pairing", 200, "{}");
  }
  void states(const std::vector<std::string>& bodies) {
    for (const auto& body : bodies) server.answer("GET /api/v1/pairing", 200, body);
  }
  bool askedFor(const std::string& request) {
    auto all = server.asked();
    return std::find(all.begin(), all.end(), request) != all.end();
  }
};

TEST_F(PairingCommands, PairShowsCodeWordsAndPreviewAndAsks) {
  states({kOpen, kConfirming, kConfirming, kPaired});
  answers = {"y"};
  EXPECT_EQ(run({"pair"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("hearthgate join HEARTH-AAAA-BBBB-CCCC-DDDD"));
  EXPECT_THAT(out, HasSubstr("until 2026-11-20T10:05:00.000Z"));
  EXPECT_THAT(err, HasSubstr("apple river stone"));
  EXPECT_THAT(err, HasSubstr("to send  41 entities"));
  EXPECT_THAT(err, HasSubstr("to get   2 entities, 900 bytes"));
  EXPECT_THAT(err, HasSubstr("Be�ach"));
  EXPECT_THAT(out, HasSubstr("paired with Beach"));
  EXPECT_EQ(server.asked().at(0), R"(POST /api/v1/pairing {"confirm":"ask"})");
  EXPECT_TRUE(askedFor("POST /api/v1/pairing/confirm"));
}

TEST_F(PairingCommands, PairAsksOnce) {
  states({kConfirming, kConfirming, kConfirming, kPaired});
  answers = {"y", "n"};
  EXPECT_EQ(run({"pair"}), 0);
  EXPECT_EQ(answers.size(), 1u);
}

TEST_F(PairingCommands, ANoWithdrawsEverything) {
  states({kConfirming});
  answers = {"n"};
  EXPECT_EQ(run({"pair"}), 1);
  EXPECT_FALSE(askedFor("POST /api/v1/pairing/confirm"));
  EXPECT_EQ(server.asked().back(), "DELETE /api/v1/pairing");
}

TEST_F(PairingCommands, NoAnswerAtAllIsANo) {
  states({kConfirming});
  EXPECT_EQ(run({"pair"}), 1);
  EXPECT_FALSE(askedFor("POST /api/v1/pairing/confirm"));
  EXPECT_THAT(err, HasSubstr("--yes"));
}

TEST_F(PairingCommands, YesLetsTheGatewayConfirm) {
  states({kOpen, kConfirming, kPaired});
  EXPECT_EQ(run({"pair", "--yes", "--ttl", "60"}), 0);
  EXPECT_EQ(server.asked().at(0), R"(POST /api/v1/pairing {"confirm":"auto","ttl_s":60})");
  EXPECT_FALSE(askedFor("POST /api/v1/pairing/confirm"));
}

TEST_F(PairingCommands, CtrlCWithdrawsTheCode) {
  states({kOpen});
  interrupted = true;
  EXPECT_EQ(run({"pair"}), 1);
  EXPECT_EQ(server.asked().back(), "DELETE /api/v1/pairing");
}

TEST_F(PairingCommands, AFailedPairingEndsWithOne) {
  states({kOpen, R"({"state":"failed"})"});
  EXPECT_EQ(run({"pair"}), 1);
  EXPECT_THAT(err, HasSubstr("the homes are not paired"));
}

TEST_F(PairingCommands, WaitingEndsSomeTime) {
  states({kOpen});
  clock.now = 0;
  // Every look takes 300 ms of the test's clock; a minute's pause each makes the limit come soon.
  interactive = true;
  Terminal terminal{out_stream,
                    err_stream,
                    [] { return std::nullopt; },
                    true,
                    clock,
                    [this](std::chrono::milliseconds) { clock.now += 60'000; },
                    [] {},
                    [] { return false; },
                    ""};
  EXPECT_EQ(cli::run({"--url", server.url(), "--token", "t", "pair"}, terminal), 1);
  EXPECT_THAT(out_stream.str(), HasSubstr("\r  4:00 left, 1 failed tries"));
  EXPECT_THAT(err_stream.str(), HasSubstr("given up"));
}

TEST_F(PairingCommands, JsonGivesTheBodiesAsTheyAre) {
  states({kPaired});
  EXPECT_EQ(run({"--json", "pair", "--yes"}), 0);
  EXPECT_THAT(out, HasSubstr("\"code\":\"HEARTH-AAAA-BBBB-CCCC-DDDD\""));
  EXPECT_THAT(out, HasSubstr("\n" + kPaired + "\n"));
}

TEST_F(PairingCommands, JoinShowsWordsThenConfirms) {
  server.answer("POST /api/v1/pairing/join", 202, kConfirming);
  states({kConfirming, kPaired});
  answers = {"yes"};
  EXPECT_EQ(run({"join", "HEARTH-AAAA-BBBB-CCCC-DDDD", "--at", "127.0.0.1:1"}), 0) << err;
  EXPECT_EQ(
      server.asked().at(0),
      R"(POST /api/v1/pairing/join {"code":"HEARTH-AAAA-BBBB-CCCC-DDDD","confirm":"ask","address":"127.0.0.1:1"})");
  EXPECT_EQ(server.asked().at(1), "POST /api/v1/pairing/confirm");
  EXPECT_THAT(err, HasSubstr("apple river stone"));
}

TEST_F(PairingCommands, JoinWithYesNeedsOneCall) {
  server.answer("POST /api/v1/pairing/join", 200, R"({"home":{"id":"x","name":"Beach"}})");
  EXPECT_EQ(run({"join", "hearthgate:x", "--yes"}), 0);
  EXPECT_THAT(server.asked(), ElementsAre(R"(POST /api/v1/pairing/join {"uri":"hearthgate:x","confirm":"auto"})"));
  EXPECT_THAT(out, HasSubstr("paired with Beach"));
}

TEST_F(PairingCommands, JoinReadsTheCodeFromStandardInput) {
  server.answer("POST /api/v1/pairing/join", 200, R"({"home":{"name":"Beach"}})");
  answers = {"HEARTH-1"};
  EXPECT_EQ(run({"join", "-", "--yes"}), 0);
  EXPECT_THAT(server.asked().at(0), HasSubstr(R"("code":"HEARTH-1")"));
  answers = {};
  EXPECT_EQ(run({"join", "-", "--yes"}), 2);
}

TEST_F(PairingCommands, JoinRefusedByThePersonLeavesNothing) {
  server.answer("POST /api/v1/pairing/join", 202, kConfirming);
  answers = {"n"};
  EXPECT_EQ(run({"join", "C"}), 1);
  EXPECT_EQ(server.asked().back(), "DELETE /api/v1/pairing");
}

TEST_F(PairingCommands, JoinSaysWhatToDoAboutAWrongCode) {
  server.answer("POST /api/v1/pairing/join", 403, R"({"code":"pairing_wrong_code","detail":"the code is not right"})");
  EXPECT_EQ(run({"join", "C", "--yes"}), 1);
  EXPECT_THAT(err, HasSubstr("compare the code"));
}

}  // namespace
}  // namespace hearthgate::cli
