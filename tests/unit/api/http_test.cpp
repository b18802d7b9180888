// What all calls have in common: tokens, the filter, methods, connections.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <sstream>
#include <thread>

#include "api/openapi.h"
#include "api/problem.h"
#include "api/router.h"
#include "unit/api/served_home.h"

namespace hearthgate::api {

class Http : public ServedHome {
 protected:
  // The answer to a GET with these header lines, its status line first.
  std::string getRaw(const std::string& path, const std::string& headers) {
    return raw("GET " + path + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n");
  }
  std::string authorized(const std::string& headers) {
    return getRaw("/api/v1/status", headers + "Authorization: Bearer " + token_ + "\r\n");
  }
};

// A client that sends a body of 16 MiB at two kilobytes a second, so fast that it counts as one that wants something.
class SlowSender {
 public:
  SlowSender(uint16_t port, const std::string& headers) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    std::string head =
        "POST /api/v1/entities:bulk HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n" + headers +
        "Content-Length: 16777216\r\n\r\n";
    EXPECT_EQ(::send(fd_, head.data(), head.size(), MSG_NOSIGNAL), static_cast<ssize_t>(head.size()));
    thread_ = std::thread([this] { run(); });
  }
  ~SlowSender() {
    over_ = true;
    thread_.join();
    ::close(fd_);
  }
  // What the server says first, or nothing where it ends the connection; fails after half a minute.
  std::string answer() {
    auto answer = answer_.get_future();
    return answer.wait_for(std::chrono::seconds(30)) == std::future_status::ready ? answer.get() : "(no answer)";
  }

 private:
  void run() {
    char answer[4096];
    ssize_t got = -1;
    pollfd answered{fd_, POLLIN, 0};
    int ready = 0;
    while (!over_ && (ready = ::poll(&answered, 1, 50)) == 0) {
      ::send(fd_, std::string(100, ' ').data(), 100, MSG_NOSIGNAL);
    }
    if (ready > 0) got = ::recv(fd_, answer, sizeof answer, 0);
    answer_.set_value(std::string(answer, static_cast<size_t>(std::max<ssize_t>(got, 0))));
  }
  int fd_;
  std::atomic<bool> over_{false};
  std::promise<std::string> answer_;
  std::thread thread_;
};

TEST_F(Http, AStrangerWithASlowBodyHoldsNoThread) {
  SlowSender stranger(server_->port(), "");
  EXPECT_NE(stranger.answer().find(" 401 "), std::string::npos);
}

TEST_F(Http, StopsThoughAClientSendsSlowly) {
  std::thread stopping;
  {
    SlowSender client(server_->port(), "Authorization: Bearer " + token_ + "\r\n");
    EXPECT_EQ(get("/status").status, 200);
    stopping = std::thread([this] { server_->stop(); });
    EXPECT_EQ(client.answer(), "");
  }
  stopping.join();
}

TEST_F(Http, HealthNeedsNoTokenAndEverythingElseDoes) {
  std::string health = getRaw("/health", "Host: localhost\r\n");
  EXPECT_NE(health.find("200 OK"), std::string::npos);
  EXPECT_NE(health.find("\"instance_id\":\"" + me() + "\""), std::string::npos);
  for (const char* path : {"/metrics", "/api/v1/status", "/api/v1/openapi.yaml", "/api/v1/nothing", "/"}) {
    std::string answer = getRaw(path, "Host: localhost\r\n");
    EXPECT_NE(answer.find(" 401 "), std::string::npos) << path;
    EXPECT_NE(answer.find("WWW-Authenticate: Bearer"), std::string::npos);
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
  }
  EXPECT_NE(getRaw("/api/v1/status", "Host: localhost\r\nAuthorization: Basic " + token_ + "\r\n").find(" 401 "),
            std::string::npos);
}

TEST_F(Http, TenWrongTokensAMinuteAreAnsweredAndTheRightOnePasses) {
  std::string wrong = "Host: localhost\r\nAuthorization: Bearer " + std::string(52, 'a') + "\r\n";
  for (int i = 0; i < 10; ++i) EXPECT_NE(getRaw("/api/v1/status", wrong).find(" 401 "), std::string::npos);
  std::string eleventh = getRaw("/api/v1/status", wrong);
  EXPECT_NE(eleventh.find(" 429 "), std::string::npos);
  EXPECT_NE(eleventh.find("Retry-After: "), std::string::npos);
  EXPECT_EQ(get("/status").status, 200);
}

TEST_F(Http, ForeignHostsAndPagesAreRefused) {
  EXPECT_NE(authorized("Host: 127.0.0.1:8760\r\n").find(" 200 "), std::string::npos);
  EXPECT_NE(authorized("Host: beach.local\r\n").find(" 200 "), std::string::npos);
  EXPECT_NE(authorized("Host: gateway\r\nSec-Fetch-Site: none\r\n").find(" 200 "), std::string::npos);
  EXPECT_NE(authorized("Host: rebound.example.com\r\n").find("foreign_origin"), std::string::npos);
  EXPECT_NE(authorized("Host: localhost\r\nOrigin: http://evil.example"
                       "\r\n")
                .find(" 403 "),
            std::string::npos);
  EXPECT_NE(authorized("Host: localhost\r\nSec-Fetch-Site: cross-site\r\n").find(" 403 "), std::string::npos);
  EXPECT_NE(authorized("").find(" 400 "), std::string::npos);
  EXPECT_NE(getRaw("/health", "Host: rebound.example.com\r\n").find(" 403 "), std::string::npos);
}

TEST_F(Http, SaysWhatIsNotThereAndWhatIsNotYet) {
  EXPECT_EQ(get("/nothing").code(), "not_found");
  EXPECT_EQ(get("/entities/").code(), "not_found");
  for (const char* path : {"/timeline", "/held", "/held/1/release", "/backup", "/login", "/tokens", "/rewind", "/strategies/mine/try"}) {
    Got answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.code(), "not_served") << path;
  }
  Got method = ask("DELETE", "/entities");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.headers.at("allow"), "GET, HEAD");
  EXPECT_EQ(ask("POST", "/entities/a.b").headers.at("allow"), "DELETE, GET, HEAD, PATCH, PUT");
  EXPECT_EQ(get("/status?x=1").code(), "bad_query");
}

TEST_F(Http, ServesHeadAsGetWithoutItsBody) {
  std::string answer =
      raw("HEAD /api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer " + token_ +
          "\r\n\r\n");
  EXPECT_NE(answer.find("200 OK"), std::string::npos);
  EXPECT_EQ(answer.find("uptime_s"), std::string::npos);
  std::string stream =
      raw("HEAD /api/v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer " + token_ +
          "\r\n\r\n");
  EXPECT_NE(stream.find("text/event-stream"), std::string::npos);
}

TEST_F(Http, ConnectionsStayOpenAlsoAfterARefusedBody) {
  std::string body(5000, 'x');
  std::string put = "PUT /api/v1/nothing HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token_ +
                    "\r\nContent-Length: 5000\r\n\r\n" + body;
  std::string status = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::string answer = raw(put + status + status);
  size_t first = answer.find(" 404 ");
  size_t second = answer.find("healthy");
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(second, std::string::npos);
  EXPECT_NE(answer.find("healthy", second + 1), std::string::npos);
}

TEST_F(Http, SurvivesWhatIsNoHttp) {
  raw("\x16\x03\x01\x02\x03 garbage\r\n\r\n");
  raw("GET / HTTP/9.9\r\n\r\n");
  raw(std::string(100'000, 'A'));
  raw("PUT /api/v1/entities/a.b HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\nAuthorization: Bearer " + token_ +
      "\r\n\r\n");
  raw("PUT /api/v1/entities/a.b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\nAuthorization: Bearer " +
      token_ + "\r\n\r\nzz\r\n");
  EXPECT_EQ(get("/status").status, 200);
  EXPECT_EQ(get("/entities").at("items"), "[]");
}

TEST_F(Http, StatusAndMetricsCountWhatIsThere) {
  put("a.b", "{}");
  pair("City");
  homes_.nearby = {{"_hearthgate._tcp", "c", "c", "", "192.0.2.9", "eth0", 8765, false, false, true, 0, 0},
                   {"_hearthgate._tcp", "gone", "gone", "", "192.0.2.8", "eth0", 8765, false, false, false, 0, 0}};
  Got status = get("/status");
  EXPECT_EQ(status.at("home.id"), me());
  EXPECT_EQ(status.at("home.name"), "Beach");
  EXPECT_EQ(status.at("entities"), "1");
  EXPECT_EQ(status.at("homes.known"), "1");
  EXPECT_EQ(status.at("plugins.0.name"), "lan");
  EXPECT_EQ(std::stoull(status.at("feed.sequence")), engine_->sequence());
  std::string metrics = get("/metrics").body;
  EXPECT_NE(metrics.find("\nhearthgate_entities 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\nhearthgate_homes_known 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\nhearthgate_services_discovered 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\nhearthgate_key_epoch 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\nhearthgate_keys_former 0\n"), std::string::npos);
}

TEST_F(Http, ServesItsOwnDescription) {
  Got document = get("/openapi.yaml");
  EXPECT_EQ(document.headers.at("content-type"), "application/yaml");
  EXPECT_TRUE(document.body.starts_with("openapi: 3.1.0"));
  EXPECT_NE(document.body.find("/api/v1/entities:bulk:"), std::string::npos);
}

TEST_F(Http, DescribesEveryCodeOfAProblemWithItsStatus) {
  std::map<std::string, int, std::less<>> described;
  std::istringstream document(openapiDocument());
  std::string line;
  while (std::getline(document, line) && line != "      x-codes:") {
  }
  int status = 0;
  while (std::getline(document, line) && line.starts_with("        ")) {
    for (size_t at = line.find_first_not_of(' '); at != std::string::npos;) {
      size_t end = std::min(line.find_first_of(",]: ", at), line.size());
      std::string word = line.substr(at, end - at);
      word.erase(std::remove_if(word.begin(), word.end(), [](char c) { return c == '"' || c == '['; }), word.end());
      if (!word.empty() && std::isdigit(word.front())) {
        status = std::stoi(word);
      } else if (!word.empty()) {
        described[word] = status;
      }
      at = line.find_first_not_of(",]: [", end);
    }
  }
  EXPECT_EQ(described, problemStatuses());
}

// Paths stand two spaces in, methods four.
TEST_F(Http, DescribesExactlyTheCallsThatItServes) {
  std::set<std::pair<std::string, std::string>> described;
  std::istringstream document(openapiDocument());
  std::string line, path;
  while (std::getline(document, line) && line != "components:") {
    if (line.starts_with("  /")) path = line.substr(2, line.size() - 3);
    for (std::string method : {"get", "put", "patch", "post", "delete"}) {
      if (line != "    " + method + ":") continue;
      std::transform(method.begin(), method.end(), method.begin(), ::toupper);
      described.emplace(method, path);
    }
  }
  Router router;
  addRoutes(router);
  std::set<std::pair<std::string, std::string>> served;
  for (const auto& route : router.all()) served.insert(route);
  EXPECT_EQ(described, served);
}

TEST_F(Http, SaysThatItsPortIsTaken) {
  ServerSettings settings;
  settings.port = server_->port();
  settings.database_path = folder_ + "/home.db";
  settings.token_path = folder_ + "/admin.token";
  auto second = Server::start(std::move(settings), {*engine_, systemClock(ClockTrust::kYes), systemRandom(), *identity_,
                                                    filter_, homes_, plugins_, configuration_});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "port_in_use");
}

TEST_F(Http, AnswersWhenTheGatewayStopsMeanwhile) {
  engine_->stop();
  Got answer = put("a.b", "{}");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "stopping");
}

}  // namespace hearthgate::api
