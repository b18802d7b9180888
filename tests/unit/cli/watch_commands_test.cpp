#include "unit/cli/cli_fixture.h"

namespace hearthgate::cli {
namespace {

std::string stream(const std::string& events) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + events;
}

TEST_F(Cli, WatchPrintsOneLineAnEvent) {
  server.answerRaw("GET /api/v1/events?types=entity%2Chome&prefix=light.",
                   stream("id: E-1\nevent: entity\ndata: {\"id\":\"light.a\",\"owner\":\"" + kBeachId +
                          "\",\"change\":\"remote\",\"fields\":{\"state\":\"on\\u001b\"}}\n\n"
                          "id: E-2\nevent: home\ndata: {\"id\":\"" +
                          kBeachId + "\",\"state\":\"offline\"}\n\n"));
  EXPECT_EQ(run({"watch", "--types", "entity,home", "--prefix", "light.", "--count", "2"}), 0) << err;
  EXPECT_EQ(out, "entity        light.a@Beach  remote  state=on�\nhome          Beach  offline\n");
}

TEST_F(Cli, WatchGivesJsonLines) {
  server.answerRaw("GET /api/v1/events",
                   stream("id: E-1\nevent: entity\ndata: {\"a\":\ndata: 1}\n\ndata: no json\n\n"));
  EXPECT_EQ(run({"--json", "watch", "--count", "2"}), 0);
  EXPECT_EQ(out, R"({"id":"E-1","event":"entity","data":{"a":1}})"
                 "\n"
                 R"({"id":"E-1","event":"message","data":"no json"})"
                 "\n");
}

TEST_F(Cli, WatchResumesAfterARestart) {
  server.answerRaw("GET /api/v1/events", stream("id: E-1\nevent: plugin\ndata: {\"name\":\"lan\"}\n\n"));
  server.answerRaw("GET /api/v1/events", stream("id: E-2\nevent: plugin\ndata: {\"name\":\"poi\"}\n\n"));
  EXPECT_EQ(run({"watch", "--count", "2"}), 0) << err;
  auto seen = server.seen();
  EXPECT_FALSE(seen.at(0).headers.contains("last-event-id"));
  EXPECT_EQ(seen.at(1).headers.at("last-event-id"), "E-1");
}

TEST_F(Cli, WatchResumesFromTheLastPlaceThatItWasTold) {
  // A filtered stream tells its place without an event; what ends before its empty line has not come.
  server.answerRaw("GET /api/v1/events?prefix=light.", stream("id: E-1\n\n"));
  server.answerRaw("GET /api/v1/events?prefix=light.",
                   stream("id: E-1\n\nid: E-2\nevent: plugin\ndata: {}\n\nid: E-1002\n\nid: E-1003\nevent: plugin\n"));
  server.answerRaw("GET /api/v1/events?prefix=light.", stream("id: E-1003\nevent: plugin\ndata: {}\n\n"));
  EXPECT_EQ(run({"watch", "--prefix", "light.", "--count", "2"}), 0) << err;
  auto seen = server.seen();
  EXPECT_FALSE(seen.at(0).headers.contains("last-event-id"));
  EXPECT_EQ(seen.at(1).headers.at("last-event-id"), "E-1");
  EXPECT_EQ(seen.at(2).headers.at("last-event-id"), "E-1002");
}

TEST_F(Cli, WatchGivesUpWhenTheGatewayStaysAway) {
  server.answerRaw("GET /api/v1/events", stream("id: E-1\nevent: plugin\ndata: {}\n\n"));
  server.answerRaw("GET /api/v1/events", stream(""));
  EXPECT_EQ(run({"watch"}), 3);
  EXPECT_EQ(clock.now, 30'000);
}

TEST_F(Cli, WatchSaysWhyItIsRefused) {
  server.answer("GET /api/v1/events", 429, R"({"code":"too_many_streams","detail":"16 streams are open"})");
  EXPECT_EQ(run({"watch"}), 1);
  EXPECT_THAT(err, HasSubstr("16 streams are open"));
}

}  // namespace
}  // namespace hearthgate::cli
