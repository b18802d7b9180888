#include "api/client.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/Net/NetException.h>
#include <Poco/URI.h>

#include <algorithm>
#include <istream>
#include <optional>

namespace hearthgate::api {
namespace {

using Poco::Net::HTTPClientSession;

std::string escape(std::string_view text, std::string_view kept) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

bool isLoopback(const std::string& host) {
  Poco::Net::IPAddress address;
  return host == "localhost" || (Poco::Net::IPAddress::tryParse(host, address) && address.isLoopback());
}

bool isPlain(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

Poco::Timespan timespan(std::chrono::seconds seconds) { return {static_cast<long>(seconds.count()), 0}; }

// Lines of a stream into events.
class EventReader {
 public:
  explicit EventReader(std::string last_id) { event_.id = std::move(last_id); }

  // An event when `line` (without its end) completes one.
  std::optional<ServerEvent> take(const std::string& line) {
    if (line.empty()) return complete();
    if (line[0] == ':') return std::nullopt;
    size_t colon = std::min(line.find(':'), line.size());
    std::string name = line.substr(0, colon);
    std::string value = line.substr(std::min(colon + 1, line.size()));
    if (!value.empty() && value[0] == ' ') value.erase(0, 1);
    if (name == "id") event_.id = value;
    if (name == "event") event_.type = value;
    if (name == "data") {
      event_.data += value + "\n";
      has_data_ = true;
    }
    return std::nullopt;
  }

  const std::string& id() const { return event_.id; }
  size_t size() const { return event_.data.size(); }

 private:
  std::optional<ServerEvent> complete() {
    ServerEvent done = event_;
    event_.data.clear();
    event_.type.clear();
    bool had_data = std::exchange(has_data_, false);
    if (!had_data) return std::nullopt;
    done.data.pop_back();
    if (done.type.empty()) done.type = "message";
    return done;
  }

  ServerEvent event_;
  bool has_data_ = false;
};

// The next line up to kMaxEventBytes; nothing at the end of the stream.
std::optional<std::string> readLine(std::istream& stream, bool& too_long) {
  std::string line;
  for (int c = stream.get(); c != std::istream::traits_type::eof(); c = stream.get()) {
    if (c == '\n') {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return line;
    }
    line += static_cast<char>(c);
    if (line.size() > kMaxEventBytes) {
      too_long = true;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

Result<std::string> readBody(std::istream& stream, const std::string& what) {
  std::string body;
  char buffer[16 * 1024];
  while (stream.read(buffer, sizeof buffer), stream.gcount() > 0) {
    body.append(buffer, static_cast<size_t>(stream.gcount()));
    if (body.size() > kMaxResponseBytes) {
      return networkError("too_large",
                          what + ": the answer is larger than " + std::to_string(kMaxResponseBytes) + " bytes");
    }
  }
  return body;
}

HttpResponse headOf(const Poco::Net::HTTPResponse& from) {
  HttpResponse head;
  head.status = from.getStatus();
  for (const auto& [name, value] : from) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    head.headers[lower] = value;
  }
  return head;
}

}  // namespace

struct Client::State {
  std::string url;
  std::string token;
  std::string host;
  uint16_t port;
};

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

const std::string& Client::url() const { return state_->url; }

Result<Client> Client::create(const std::string& url, const std::string& token) {
  auto state = std::make_unique<State>();
  state->url = url;
  state->token = token;
  try {
    Poco::URI uri(url);
    if (uri.getScheme() != "http") {
      return inputError("bad_url", "the address \"" + url +
                                       "\" does not start with http:// (only plain HTTP to this machine is served)");
    }
    state->host = uri.getHost();
    state->port = uri.getPort();
    bool bare =
        (uri.getPath().empty() || uri.getPath() == "/") && uri.getRawQuery().empty() && uri.getUserInfo().empty();
    if (!bare || state->port == 0) return inputError("bad_url", "the address \"" + url + "\" is not http://HOST:PORT");
  } catch (const Poco::Exception& error) {
    return inputError("bad_url", "the address \"" + url + "\" cannot be read: " + error.displayText());
  }
  if (!isLoopback(state->host)) {
    return inputError(
        "bad_url",
        "the address \"" + url +
            "\" is not on this machine, and plain HTTP would show the token to the network (use an SSH tunnel)");
  }
  if (token.empty() || !isPlain(token))
    return inputError("bad_token", "the token is empty or has spaces or control characters");
  return Client(std::move(state));
}

namespace {

// One exchange: connects, sends `request`, reads the head and hands the body's stream to `read`. Poco's exceptions end
// here, as errors that say how far it came.
template <typename Read>
Result<HttpResponse> exchange(const std::string& host, uint16_t port, const std::string& url, const std::string& token,
                              const HttpRequest& request, Read read) {
  const std::string what = request.method + " " + url + request.path;
  bool sent = false;
  try {
    HTTPClientSession session(host, port);
    session.setTimeout(timespan(std::chrono::seconds(5)), timespan(request.timeout), timespan(request.timeout));
    Poco::Net::HTTPRequest out(request.method, request.path, Poco::Net::HTTPMessage::HTTP_1_1);
    out.setCredentials("Bearer", token);
    for (const auto& [name, value] : request.headers) out.set(name, value);
    // A DELETE without a body needs no length; others would be refused without one (RFC 9110 section 8.6).
    bool has_body = !request.body.empty() || (request.method != "GET" && request.method != "DELETE");
    if (has_body) out.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
    session.sendRequest(out) << request.body << std::flush;
    sent = true;
    Poco::Net::HTTPResponse head;
    std::istream& body = session.receiveResponse(head);
    HttpResponse response = headOf(head);
    HG_CHECK(read(body, response));
    // Poco's streams swallow what went wrong below them.
    if (const Poco::Exception* failure = session.networkException()) failure->rethrow();
    bool whole = !head.hasContentLength() || request.method == "HEAD" ||
                 head.getContentLength64() <= static_cast<Poco::Int64>(response.body.size());
    if (!whole) return networkError("connection_lost", what + ": the connection ended within the answer");
    return response;
  } catch (const Poco::TimeoutException&) {
    return networkError("timeout", what + ": no answer within " + std::to_string(request.timeout.count()) + " s");
  } catch (const Poco::Exception& error) {
    if (!sent) return networkError("not_reachable", what + ": cannot connect: " + error.displayText());
    return networkError("connection_lost", what + ": the connection was lost: " + error.displayText());
  }
}

}  // namespace

Result<HttpResponse> Client::request(const HttpRequest& request) {
  return exchange(state_->host, state_->port, state_->url, state_->token, request,
                  [&](std::istream& stream, HttpResponse& response) -> Status {
                    HG_TRY(response.body, readBody(stream, request.method + " " + request.path));
                    return {};
                  });
}

Result<HttpResponse> Client::events(const std::string& path, std::string* place,
                                    const std::function<bool(const ServerEvent&)>& take) {
  HttpRequest request;
  request.path = path;
  request.timeout = kEventTimeout;
  request.headers["Accept"] = "text/event-stream";
  if (!place->empty()) request.headers["Last-Event-ID"] = *place;
  return exchange(state_->host, state_->port, state_->url, state_->token, request,
                  [&](std::istream& stream, HttpResponse& response) -> Status {
                    if (response.status != 200) {
                      HG_TRY(response.body, readBody(stream, path));
                      return {};
                    }
                    EventReader reader(*place);
                    bool too_long = false;
                    while (auto line = readLine(stream, too_long)) {
                      auto event = reader.take(*line);
                      bool enough = event && !take(*event);
                      // Before its empty line nothing has come whole.
                      if (line->empty()) *place = reader.id();
                      if (enough) return {};
                      too_long = reader.size() > kMaxEventBytes;
                      if (too_long) break;
                    }
                    if (too_long) return networkError("too_large", path + ": an event is larger than 64 MiB");
                    return networkError("connection_lost", path + ": the gateway ended the stream of events");
                  });
}

std::string escapeSegment(std::string_view text) { return escape(text, "-._~@:*"); }
std::string escapeQuery(std::string_view text) { return escape(text, "-._~"); }

}  // namespace hearthgate::api
