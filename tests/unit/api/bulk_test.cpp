#include "api/tuning.h"
#include "unit/api/served_home.h"

namespace hearthgate::api {

using Bulk = ServedHome;

namespace {

std::string repeated(size_t times, const std::string& line) {
  std::string lines;
  lines.reserve(times * line.size() + 100);
  for (size_t i = 0; i < times; ++i) lines += line;
  return lines;
}

}  // namespace

TEST_F(Bulk, WritesLinesInOrderAndRejectsBadOnesAlone) {
  std::string etag = put("a.old", R"({"x":1})").at("version.id");
  Got answer = bulk(
      "{\"id\":\"a.one\",\"fields\":{\"x\":1}}\n"
      "no json\n"
      "\n"
      "{\"id\":\"A\",\"fields\":{}}\n"
      "{\"id\":\"a.one\",\"patch\":true,\"fields\":{\"y\":2}}\r\n"
      "{\"id\":\"a.none\",\"delete\":true}\n"
      "{\"id\":\"a.old\",\"delete\":true,\"if_match\":\"" +
      etag +
      "\"}\n"
      "{\"id\":\"a.one\",\"fields\":{},\"if_match\":\"wrong\"}\n"
      "{\"id\":\"a.two\",\"fields\":{},\"colour\":1}\n"
      "{\"id\":\"a.two\",\"kind\":\"scene\",\"fields\":{\"last\":true}}");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.at("accepted"), "4");
  EXPECT_EQ(answer.at("rejected_count"), "5");
  std::vector<std::pair<std::string, std::string>> expected = {{"2", "bad_json"},
                                                               {"4", "bad_id"},
                                                               {"6", "entity_not_found"},
                                                               {"8", "precondition_failed"},
                                                               {"9", "bad_document"}};
  for (size_t i = 0; i < expected.size(); ++i) {
    std::string item = "rejected." + std::to_string(i);
    EXPECT_EQ(answer.at(item + ".line"), expected[i].first);
    EXPECT_EQ(answer.at(item + ".code"), expected[i].second);
  }
  EXPECT_EQ(get("/entities/a.one").at("fields"), R"({"x":1,"y":2})");
  EXPECT_EQ(get("/entities/a.one/history").json_at("items").items.size(), 2u);
  EXPECT_EQ(get("/entities/a.old").status, 410);
  EXPECT_EQ(get("/entities/a.two").at("kind"), "scene");
}

TEST_F(Bulk, IsOneChange) {
  bulk("{\"id\":\"a.one\",\"fields\":{}}\n{\"id\":\"a.two\",\"fields\":{}}\n");
  uint64_t change = 0;
  onEngine([&](engine::Core& core) { change = core.store().head().change; });
  EXPECT_EQ(change, 1u);
}

TEST_F(Bulk, TakesNothingFromABodyThatDidNotArriveWhole) {
  std::string line = "{\"id\":\"a.one\",\"fields\":{}}\n";
  std::string head = "POST /api/v1/entities:bulk HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token_ +
                     "\r\nContent-Type: application/x-ndjson\r\n";
  EXPECT_NE(raw(head + "Content-Length: 500\r\n\r\n" + line).find("body_broken"), std::string::npos);
  EXPECT_NE(raw(head + "Transfer-Encoding: chunked\r\n\r\n1c\r\n" + line + "\r\n").find("body_broken"),
            std::string::npos);
  EXPECT_EQ(get("/entities").at("items"), "[]");
}

TEST_F(Bulk, TakesMoreThanIsParsedAhead) {
  std::string lines;
  std::string padding(2000, 'x');
  int count = 0;
  for (; lines.size() < 6'000'000; ++count) {
    lines += "{\"id\":\"n.i" + std::to_string(count) + "\",\"fields\":{\"p\":\"" + padding + "\"}}\n";
  }
  lines += "{broken\n";
  Got answer = bulk(lines);
  EXPECT_EQ(answer.at("accepted"), std::to_string(count));
  EXPECT_EQ(answer.at("rejected.0.line"), std::to_string(count + 1));
}

TEST_F(Bulk, CountsShortLinesBeyondThoseThatAreParsedAhead) {
  std::string lines = repeated(kBulkParsedLines, "1\n");
  lines += "\n \n{\"id\":\"a.one\",\"fields\":{}}\n" + std::string(kMaxBodyBytes + 1, 'x') + "\nlast";
  Got answer = bulk(lines);
  EXPECT_EQ(answer.at("accepted"), "1");
  EXPECT_EQ(answer.at("rejected_count"), std::to_string(kBulkParsedLines + 2));
  lines = repeated(kBulkParsedLines, "\n") + "{\"id\":\"a.two\",\"fields\":{}}\n\nlast";
  answer = bulk(lines);
  EXPECT_EQ(answer.at("accepted"), "1");
  EXPECT_EQ(answer.at("rejected.0.line"), std::to_string(kBulkParsedLines + 3));
}

TEST_F(Bulk, TakesAMillionLinesInLittleMemory) {
  std::string lines = repeated(kMaxBulkLines - 1, "1\n") + "{\"id\":\"a.one\",\"fields\":{}}\n";
  PeakMemory peak;
  Got answer = bulk(lines);
  EXPECT_EQ(answer.at("accepted"), "1");
  EXPECT_EQ(answer.at("rejected_count"), std::to_string(kMaxBulkLines - 1));
  EXPECT_LT(peak.grownMiB(), size_t{64});
  answer = bulk(lines + "1");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.at("code"), "body_too_large");
}

TEST_F(Bulk, RefusesWhatIsTooLargeOrOfAnotherType) {
  EXPECT_EQ(ask("POST", "/entities:bulk", "{}").status, 415);
  std::string head = "POST /api/v1/entities:bulk HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token_ +
                     "\r\nContent-Type: application/x-ndjson\r\nContent-Length: 67108865\r\n\r\n";
  EXPECT_NE(raw(head).find(" 413 "), std::string::npos);
  Got line = bulk("{\"id\":\"a.big\",\"fields\":{\"a\":\"" + std::string(1'100'000, 'x') +
                  "\"}}\n{\"id\":\"a.b\",\"fields\":{}}");
  EXPECT_EQ(line.at("accepted"), "1");
  EXPECT_EQ(line.at("rejected.0.code"), "too_large");
}

}  // namespace hearthgate::api
