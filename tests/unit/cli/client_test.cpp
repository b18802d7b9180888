#include "api/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/scripted_server.h"

namespace hearthgate::cli {
namespace {

using testing::HasSubstr;

api::Client clientFor(const ScriptedServer& server) {
  return std::move(api::Client::create(server.url(), "secret")).value();
}

TEST(Client, SendsMethodBodyHeadersAndToken) {
  ScriptedServer server;
  server.answer("PATCH /api/v1/entities/a.b", 200, R"({"id":"a.b"})");
  auto client = clientFor(server);
  api::HttpRequest request{"PATCH", "/api/v1/entities/a.b", "{}", {{"If-Match", "\"v\""}}, api::kRequestTimeout};
  auto response = client.request(request);
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, R"({"id":"a.b"})");
  EXPECT_EQ(response->headers.at("content-type"), "application/json");
  auto seen = server.seen().at(0);
  EXPECT_EQ(seen.body, "{}");
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer secret");
  EXPECT_EQ(seen.headers.at("if-match"), "\"v\"");
  EXPECT_EQ(seen.headers.at("host"), "127.0.0.1:" + std::to_string(server.port()));
}

TEST(Client, GivesEveryStatusAsAValue) {
  ScriptedServer server;
  server.answer("GET /x", 503, "{}");
  server.answerRaw("GET /moved", "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n");
  server.answerRaw("DELETE /x", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  auto client = clientFor(server);
  EXPECT_EQ(client.request({"GET", "/x", "", {}, api::kRequestTimeout})->status, 503);
  EXPECT_EQ(client.request({"GET", "/moved", "", {}, api::kRequestTimeout})->status, 302);
  EXPECT_EQ(client.request({"DELETE", "/x", "", {}, api::kRequestTimeout})->status, 204);
}

TEST(Client, SaysThatNobodyListens) {
  uint16_t port;
  {
    ScriptedServer gone;
    port = gone.port();
  }
  auto client = std::move(api::Client::create("http://127.0.0.1:" + std::to_string(port), "t")).value();
  auto response = client.request({});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, "not_reachable");
}

TEST(Client, NoticesAnAnswerThatEndsEarly) {
  ScriptedServer server;
  server.answerRaw("GET /x", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  server.answerRaw("GET /nothing", "");
  auto client = clientFor(server);
  EXPECT_EQ(client.request({"GET", "/x", "", {}, api::kRequestTimeout}).error().code, "connection_lost");
  EXPECT_EQ(client.request({"GET", "/nothing", "", {}, api::kRequestTimeout}).error().code, "connection_lost");
}

TEST(Client, GivesUpOnASilentServer) {
  ScriptedServer server;
  // The listener's queue takes the connection and the script never answers a request that is not complete.
  auto client = clientFor(server);
  api::HttpRequest request{"GET", "/x", "", {{"Content-Length", "10"}}, std::chrono::seconds(1)};
  EXPECT_EQ(client.request(request).error().code, "timeout");
}

TEST(Client, RefusesAddressesThatWouldShowTheToken) {
  for (const char* url :
       {"http://192.0.2.1:8760", "http://beach.example.org:80", "https://127.0.0.1:1", "127.0.0.1:8760", "",
        "http://127.0.0.1:8760/x", "http://user@127.0.0.1:1", "http://127.0.0.1:99999", "http://"}) {
    auto client = api::Client::create(url, "t");
    ASSERT_FALSE(client.ok()) << url;
    EXPECT_EQ(client.error().code, "bad_url") << url;
  }
  for (const char* url : {"http://localhost:1", "http://127.3.2.1:1", "http://[::1]:1", "http://127.0.0.1:1/"}) {
    EXPECT_TRUE(api::Client::create(url, "t").ok()) << url;
  }
}

TEST(Client, RefusesTokensThatWouldBreakTheHeader) {
  for (const char* token : {"", "a b", "a\r\nX: y", "t\xc3\xa4"}) {
    EXPECT_EQ(api::Client::create("http://127.0.0.1:1", token).error().code, "bad_token");
  }
}

std::string stream(const std::string& text) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + text;
}

TEST(ClientEvents, AreReadAsTheyAreSent) {
  ScriptedServer server;
  server.answerRaw("GET /e", stream(": hello\n\nid: E-1\nevent: entity\ndata: {\"a\":\ndata: 1}\n\n"
                                    "data:plain\r\n\r\nid: E-2\nretry: 5\n\nevent: home\ndata\n\n"));
  std::vector<api::ServerEvent> events;
  std::string place = "E-0";
  auto end = clientFor(server).events("/e", &place, [&](const api::ServerEvent& event) {
    events.push_back(event);
    return true;
  });
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, "connection_lost");
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].id, "E-1");
  EXPECT_EQ(events[0].type, "entity");
  EXPECT_EQ(events[0].data, "{\"a\":\n1}");
  EXPECT_EQ(events[1].id, "E-1");
  EXPECT_EQ(events[1].type, "message");
  EXPECT_EQ(events[1].data, "plain");
  EXPECT_EQ(events[2].id, "E-2");
  EXPECT_EQ(events[2].data, "");
  EXPECT_EQ(place, "E-2");
  EXPECT_EQ(server.seen()[0].headers.at("last-event-id"), "E-0");
  EXPECT_EQ(server.seen()[0].headers.at("accept"), "text/event-stream");
}

TEST(ClientEvents, EndWhenTheReaderHasEnough) {
  ScriptedServer server;
  server.answerRaw("GET /e", stream("data: 1\n\ndata: 2\n\n"));
  int events = 0;
  std::string place;
  auto end = clientFor(server).events("/e", &place, [&](const api::ServerEvent&) { return ++events < 1; });
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(end->status, 200);
  EXPECT_EQ(events, 1);
}

TEST(ClientEvents, GiveARefusalWithItsBody) {
  ScriptedServer server;
  server.answer("GET /e", 429, R"({"code":"too_many"})");
  std::string place;
  auto end = clientFor(server).events("/e", &place, [](const api::ServerEvent&) { return true; });
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->status, 429);
  EXPECT_THAT(end->body, HasSubstr("too_many"));
}

TEST(ClientEvents, ThatNeverEndAreRefused) {
  ScriptedServer server;
  server.answerRaw("GET /e", stream("data: " + std::string(api::kMaxEventBytes + 10, 'x')));
  server.answerRaw("GET /lines", stream([] {
                     std::string lines;
                     for (int i = 0; i < 9; ++i) lines += "data: " + std::string(api::kMaxEventBytes / 8, 'x') + "\n";
                     return lines;
                   }()));
  auto all = [](const api::ServerEvent&) { return true; };
  std::string place;
  EXPECT_EQ(clientFor(server).events("/e", &place, all).error().code, "too_large");
  EXPECT_EQ(clientFor(server).events("/lines", &place, all).error().code, "too_large");
}

TEST(Escape, KeepsWhatAnAddressNeedsAndNothingElse) {
  EXPECT_EQ(api::escapeSegment("light.kitchen@abc"), "light.kitchen@abc");
  EXPECT_EQ(api::escapeSegment("light.*"), "light.*");
  EXPECT_EQ(api::escapeSegment("a/b?c#d%e f\n"), "a%2Fb%3Fc%23d%25e%20f%0A");
  EXPECT_EQ(api::escapeQuery("a&b=c@\xc3\xa4"), "a%26b%3Dc%40%C3%A4");
}

}  // namespace
}  // namespace hearthgate::cli
