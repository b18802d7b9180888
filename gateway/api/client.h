// A small HTTP client for the gateway's own REST interface, over Poco::Net; used by the command line, which sees no
// HTTP library. Plain HTTP to loopback addresses only: off loopback the token would cross the network readable
// (TRUST.md T27). One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearthgate::api {

// A page ends with the row that brings it to 4 MiB, and an entity has up to 8 MiB of versions; what is far above is
// taken for a mistake of the other side.
constexpr size_t kMaxResponseBytes = 128 * 1024 * 1024;
// An event carries one entity with up to 8 MiB of versions beside what it shows, and escaped text is up to six times as long.
constexpr size_t kMaxEventBytes = 64 * 1024 * 1024;
// `home sync` waits up to 30 s.
constexpr std::chrono::seconds kRequestTimeout{60};
// The server sends a comment every 15 s; two missing ones mean that it is gone.
constexpr std::chrono::seconds kEventTimeout{40};

struct HttpRequest {
  std::string method = "GET";
  std::string path;  // as on the wire: escaped, with its query
  std::string body;
  std::map<std::string, std::string> headers;  // beside Host, Authorization, Content-Length; `Content-Type` for a body
  std::chrono::seconds timeout = kRequestTimeout;
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One server-sent event (HTML Living Standard, section 9.2).
struct ServerEvent {
  std::string id;    // the last one that was sent; empty before the first
  std::string type;  // `message` when the server named none
  std::string data;
};

class Client {
 public:
  // `url` as in DIR/admin.url: http://127.0.0.1:8760. Fails with `bad_url` for another scheme, for an address off
  // loopback and for anything that is no address, with `bad_token` for a token with spaces or control characters.
  static Result<Client> create(const std::string& url, const std::string& token);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // Sends and reads the whole answer; every HTTP status is a value. Redirects are not followed. Fails with
  // `not_reachable` when no connection is made, `connection_lost` when it ends early, `timeout`, `too_large`.
  Result<HttpResponse> request(const HttpRequest& request);

  // Reads `path` as server-sent events from `place` on, giving each to `take` until that returns false, and then the
  // answer's head. `place`, empty for from now on, becomes the last id that the server sent, with an event that was
  // taken or without one. A status other than 200 is an answer with its body and no event. Fails as request() does; a
  // stream that the server ends is `connection_lost`.
  Result<HttpResponse> events(const std::string& path, std::string* place,
                              const std::function<bool(const ServerEvent&)>& take);

  const std::string& url() const;

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// `text` for one segment of a path, or for a value of a query (RFC 3986 section 2).
std::string escapeSegment(std::string_view text);
std::string escapeQuery(std::string_view text);

}  // namespace hearthgate::api
