#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

class ConflictCommands : public Cli {
 protected:
  ConflictCommands() {
    server.answer(
        "GET /api/v1/conflicts/7", 200,
        R"({"id":7,"entity":"a.b@)" + kOwnId +
            R"(","state":"open","strategy":"user-choice","at":"2026-11-20T10:00:00.000Z",
        "versions":[{"id":"aaa1","author":")" +
            kOwnId + R"(","fields":{"x":1}},{"id":"aab2","author":")" + kBeachId +
            R"(","deleted":true}],"outcome":{"version":"aaa1","fields":{"x":1},"reason":"newest"},"lost_fields":[["x"]]})");
  }
};

TEST_F(ConflictCommands, ListShowsOpenOnes) {
  server.answer(
      "GET /api/v1/conflicts?state=open&limit=1000", 200,
      R"({"items":[{"id":7,"entity":"a.b","at":"2026-11-20T10:00:00.000Z","state":"open","strategy":"merge","versions":[1,2]}]})");
  EXPECT_EQ(run({"conflict", "list"}), 0);
  EXPECT_THAT(out, HasSubstr("7  a.b     2026-11-20T10:00:00Z  open   merge     2\n"));
  server.answer("GET /api/v1/conflicts?state=all&entity=a.b&limit=1000", 200, R"({"items":[]})");
  EXPECT_EQ(run({"conflict", "list", "--state", "all", "--entity", "a.b"}), 0);
  EXPECT_EQ(out, "no conflicts\n");
  EXPECT_EQ(run({"--json", "conflict", "list", "--state", "all", "--entity", "a.b"}), 0);
  EXPECT_EQ(out, "{\"items\":[]}\n");
}

TEST_F(ConflictCommands, ListGivesAnyPageAsItIsUnderJson) {
  const std::string body = R"({"items":[{"id":7}],"next":"x"})";
  server.answer("GET /api/v1/conflicts?state=open&limit=1000&after=p", 200, body + "\n");
  EXPECT_EQ(run({"--json", "conflict", "list", "--after", "p"}), 0) << err;
  EXPECT_EQ(out, body + "\n");
}

TEST_F(ConflictCommands, ShowMarksWhatWon) {
  EXPECT_EQ(run({"conflict", "show", "7"}), 0);
  EXPECT_THAT(out, HasSubstr("* aaa1\n      by City, "));
  EXPECT_THAT(out, HasSubstr("  aab2\n      by Beach, \n      deleted\n"));
  EXPECT_THAT(out, HasSubstr("because       newest"));
  EXPECT_THAT(out, HasSubstr("conflict resolve 7"));
}

TEST_F(ConflictCommands, ShowOfARefusedOneHasNoOutcome) {
  server.answer("GET /api/v1/conflicts/8", 200,
                R"({"id":8,"entity":"a.b","state":"refused","versions":[{"id":"v1","fields":{"n":1}}],)"
                R"("outcome":{"version":null,"fields":{},"by":null,"reason":"not accepted by the owner"}})");
  EXPECT_EQ(run({"conflict", "show", "8"}), 0) << err;
  EXPECT_THAT(out, Not(HasSubstr("outcome:")));
  EXPECT_THAT(out, HasSubstr("because       not accepted by the owner\n"));
}

TEST_F(ConflictCommands, ShowTellsWhatOthersSeeMeanwhile) {
  server.answer("GET /api/v1/entities/a.b@" + kOwnId, 200, R"({"id":"a.b","fields":{"x":1},"conflicted":true})");
  EXPECT_EQ(run({"conflict", "show", "7"}), 0);
  EXPECT_THAT(out, HasSubstr("shown now     x=1\n"));
  EXPECT_THAT(out, HasSubstr("lost field    x\n"));
}

TEST_F(ConflictCommands, ResolveTakesAVersionByTheStartOfItsId) {
  server.answer("POST /api/v1/conflicts/7/resolve", 200, R"({"id":7,"state":"resolved","entity":"a.b"})");
  server.answer("GET /api/v1/entities/a.b", 200, R"({"conflicted":false})");
  EXPECT_EQ(run({"conflict", "resolve", "7", "--take", "aab"}), 0) << err;
  EXPECT_EQ(server.asked().at(1), R"(POST /api/v1/conflicts/7/resolve {"take":"aab2"})");
  EXPECT_EQ(run({"conflict", "resolve", "7", "--take", "aa"}), 1);
  EXPECT_THAT(err, HasSubstr("aaa1, aab2"));
  EXPECT_EQ(run({"conflict", "resolve", "7", "--take", "zzz"}), 1);
  EXPECT_THAT(err, HasSubstr("no version starts with zzz"));
}

TEST_F(ConflictCommands, ResolveTakesFieldsAndEndsWithFourWhenInConflictAgain) {
  server.answer("POST /api/v1/conflicts/7/resolve", 200, R"({"id":7,"entity":"a.b"})");
  server.answer("GET /api/v1/entities/a.b", 200, R"({"conflicted":true})");
  EXPECT_EQ(run({"conflict", "resolve", "7", "--fields", R"({"x":2})"}), 4);
  EXPECT_EQ(server.asked().at(0), R"(POST /api/v1/conflicts/7/resolve {"fields":{"x":2}})");
}

}  // namespace
}  // namespace hearthgate::cli
