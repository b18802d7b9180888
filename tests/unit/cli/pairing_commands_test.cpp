#include "cli/qr_text.h"
#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

const std::string kOpen = R"({"state":"open","failed_tries":1,"failed_text":"1 failed try from 192.0.2.7"})";
const std::string kConfirming =
    R"({"state":"confirming","peer":{"id":"ppppqqqqrr","name":"Be\u001bach"},"words":["apple","river","stone"],)"
    R"("preview":{"to_send":{"entities":1,"bytes":1,"kinds":[{"kind":"state","entities":1,"bytes":1}]},)"
    R"("to_receive":{"entities":2,"bytes":900}}})";
const std::string kUri = "hearthgate://pair?a=192.168.178.123:8765&e=1763632800#HEARTH-AAAA-BBBB-CCCC-DDDD";
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
    for (const char* role : {"invites", "joins"}) {
      for (const auto& body : bodies) server.answer(std::string("GET /api/v1/pairing?role=") + role, 200, body);
    }
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
  EXPECT_THAT(out, HasSubstr("until 2026-11-20T10:05:00Z"));
  EXPECT_THAT(err, HasSubstr("apple river stone"));
  EXPECT_THAT(err, HasSubstr("id       pppp qqqq rr"));
  EXPECT_THAT(err, HasSubstr("to send  1 entity (1 state), 1 byte"));
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
  EXPECT_TRUE(askedFor("DELETE /api/v1/pairing"));
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
  EXPECT_TRUE(askedFor("DELETE /api/v1/pairing"));
}

TEST_F(PairingCommands, WhatIsUnusualStandsAboveTheQuestion) {
  states({R"({"state":"confirming","peer":{"id":"pppp","name":"Beach"},"words":[],)"
          R"("notices":[{"code":"clock_differs","detail":"The clock is 3 hours\u001b ahead."}]})",
          kPaired});
  answers = {"y"};
  EXPECT_EQ(run({"pair"}), 0) << err;
  EXPECT_THAT(err, HasSubstr("  note     The clock is 3 hours\xef\xbf\xbd ahead.\n"));
  EXPECT_LT(err.find("  note"), err.find("[y/n]"));
}

TEST_F(PairingCommands, AQuestionEndsWithThePairing) {
  states({kConfirming, kConfirming, R"({"state":"failed","code":"pairing_refused","reason":"the other said no"})"});
  answers = {"y"};
  int looked = 0;
  input_waits = [&](std::chrono::milliseconds) { return ++looked > 10; };
  EXPECT_EQ(run({"pair"}), 1);
  EXPECT_EQ(looked, 2);
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_THAT(err, HasSubstr("the homes are not paired: the other said no"));
}

TEST_F(PairingCommands, AnAnswerThatCameTooLateSaysWhy) {
  server.replace("POST /api/v1/pairing/confirm", 409, R"({"code":"pairing_not_open","detail":"nothing waits"})");
  states({kConfirming, R"({"state":"failed","code":"pairing_refused","reason":"nobody agreed at this home"})"});
  answers = {"y"};
  EXPECT_EQ(run({"pair"}), 1);
  EXPECT_THAT(err, HasSubstr("nobody agreed at this home"));
}

TEST_F(PairingCommands, ACodeThatAnotherOneReplacedIsNotWaitedFor) {
  states({R"({"state":"open","failed_tries":0,"expires_at":"2026-11-20T10:09:00.000Z"})"});
  EXPECT_EQ(run({"pair"}), 1);
  EXPECT_THAT(err, HasSubstr("a newer code has replaced this one"));
}

TEST_F(PairingCommands, FailedTriesAreSaidOnceWhereNoLineIsRewritten) {
  states({kOpen, kOpen, kOpen, kPaired});
  EXPECT_EQ(run({"pair"}), 0);
  EXPECT_EQ(err, "1 failed try from 192.0.2.7\n");
}

TEST_F(PairingCommands, CtrlCThatComesTooLateSaysHowToEndIt) {
  states({kConfirming, kPaired});
  answers = {"n"};
  EXPECT_EQ(run({"pair"}), 1);
  EXPECT_THAT(err, HasSubstr("too late"));
  EXPECT_THAT(err, HasSubstr("hearthgate home forget"));
}

TEST_F(PairingCommands, APictureIsDrawnOnATerminalThatShowsIt) {
  server.replace("POST /api/v1/pairing", 201, R"({"code":"HEARTH-AAAA-BBBB-CCCC-DDDD","uri":")" + kUri + R"("})");
  states({kPaired});
  interactive = true;
  EXPECT_EQ(run({"pair"}), 0);
  EXPECT_THAT(out, HasSubstr(qrLines(api::pairingQr(kUri)) + "  hearthgate join HEARTH-AAAA-BBBB-CCCC-DDDD\n"));
  EXPECT_EQ(run({"pair", "--no-qr"}), 0);
  EXPECT_THAT(out, Not(HasSubstr("\x1b")));
  columns = 40;
  EXPECT_EQ(run({"pair"}), 0);
  EXPECT_THAT(out, HasSubstr("(No QR code is drawn: it needs 41 columns.)"));
  no_pictures = "the locale is not UTF-8";
  EXPECT_EQ(run({"pair"}), 0);
  EXPECT_THAT(out, HasSubstr("(No QR code is drawn: the locale is not UTF-8.)"));
  interactive = false;
  EXPECT_EQ(run({"pair"}), 0);
  EXPECT_THAT(out, Not(HasSubstr("QR code")));
}

TEST(QrText, HasTwoModulesACharacterAndFitsATerminal) {
  api::QrCode four{3, {true, false, true, true, true, false, true, false, false}};
  EXPECT_EQ(qrLines(four), "\x1b[30;47m█▄▀\x1b[0m\n\x1b[30;47m▀  \x1b[0m\n");
  // Version 4 of QR codes and the quiet zone: 21 lines, which leaves room for the code and the countdown below.
  EXPECT_EQ(api::pairingQr(kUri).size, 41);
  std::string many = "hearthgate://pair?";
  for (int i = 0; i < 8; ++i) many += "a=[2001:db8:1234:5678:9abc:def0:1234:5678%25enp0s31f6]:8765&";
  EXPECT_GT(api::pairingQr(many).size, 41);
  EXPECT_EQ(api::pairingQr(std::string(3000, '#')).size, 0);
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
  EXPECT_THAT(out_stream.str(), HasSubstr("\r  4:00 left, 1 failed try from 192.0.2.7"));
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
  EXPECT_TRUE(askedFor("DELETE /api/v1/pairing"));
}

TEST_F(PairingCommands, JoinSaysWhatToDoAboutAWrongCode) {
  server.answer("POST /api/v1/pairing/join", 403, R"({"code":"pairing_wrong_code","detail":"the code is not right"})");
  EXPECT_EQ(run({"join", "C", "--yes"}), 1);
  EXPECT_THAT(err, HasSubstr("compare the code"));
}

}  // namespace
}  // namespace hearthgate::cli
