#include "api/http_exchange.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/StreamSocket.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <memory>

#include "api/problem.h"
#include "base/log.h"
#include "base/utf8.h"

namespace hearthgate::api {

namespace net = Poco::Net;

class PocoCall final : public Call {
 public:
  explicit PocoCall(net::HTTPServerRequest& request) : request_(request) {
    method = request.getMethod();
    net::SocketAddress address = request.clientAddress();
    remote_address = address.host().toString();
    loopback = address.host().isLoopback();
  }

  RouteFigures* figures = nullptr;  // of the route, once it is known
  const std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();

  std::optional<std::string> header(const std::string& name) const override {
    if (!request_.has(name)) return std::nullopt;
    return request_.get(name);
  }
  std::istream& bodyStream() override { return request_.stream(); }
  bool bodyComplete(uint64_t read) override {
    if (auto length = bodyLength()) return read == *length;
    return !peerEnded();
  }
  std::optional<uint64_t> bodyLength() const override {
    if (!request_.hasContentLength()) return std::nullopt;
    return static_cast<uint64_t>(request_.getContentLength64());
  }
  bool hasBody() const override {
    return request_.getChunkedTransferEncoding() || (request_.hasContentLength() && request_.getContentLength64() > 0);
  }
  int takeConnection() override {
    // A descriptor of its own, so that no object of Poco's is shared with the streams' thread.
    net::StreamSocket socket = static_cast<net::HTTPServerRequestImpl&>(request_).detachSocket();
    return ::fcntl(socket.impl()->sockfd(), F_DUPFD_CLOEXEC, 0);
  }

  // Reads what is left of the body; false when that is more than is worth reading.
  bool drained() {
    if (!hasBody()) return true;
    const auto end = std::chrono::steady_clock::now() + kMaxDrainTime;
    auto& socket = static_cast<net::HTTPServerRequestImpl&>(request_).socket();
    socket.setReceiveTimeout(Poco::Timespan(kMaxDrainTime.count(), 0));
    size_t left = kMaxDrainedBytes;
    std::istream& in = request_.stream();
    // What has come, a piece at a time: a read of more would wait for it.
    while (left > 0 && in.peek() != std::istream::traits_type::eof() && std::chrono::steady_clock::now() < end) {
      std::streamsize piece =
          std::clamp<std::streamsize>(in.rdbuf()->in_avail(), 1, static_cast<std::streamsize>(left));
      in.ignore(piece);
      left -= static_cast<size_t>(piece);
    }
    socket.setReceiveTimeout(Poco::Timespan(kSocketTimeout.count(), 0));
    return in.eof();
  }

 private:
  // The other side has closed its direction, so no more of the body will come.
  bool peerEnded() {
    char one;
    int fd = static_cast<net::HTTPServerRequestImpl&>(request_).socket().impl()->sockfd();
    ssize_t got = ::recv(fd, &one, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
  }

  net::HTTPServerRequest& request_;
};

namespace {

constexpr std::string_view kBearer = "Bearer ";

// Counts a call that waits for another home while it lives.
class Waiting {
 public:
  explicit Waiting(std::atomic<int>& count) : count_(count), number_(++count) {}
  ~Waiting() { --count_; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  bool tooMany() const { return number_ > kMaxWaitingCalls; }

 private:
  std::atomic<int>& count_;
  const int number_;
};

std::optional<std::string> headerOf(const net::HTTPServerRequest& request, const char* name) {
  if (!request.has(name)) return std::nullopt;
  return request.get(name);
}

}  // namespace

std::optional<Answer> HttpExchange::filtered(const net::HTTPServerRequest& request, const std::string& remote) {
  sdk::Request asked{request.getMethod(),
                     request.getURI(),
                     headerOf(request, "Host"),
                     headerOf(request, "Origin"),
                     headerOf(request, "Sec-Fetch-Site"),
                     remote};
  uint32_t status = gateway_.parts.filter.check(asked);
  if (status == 0) return std::nullopt;
  if (status == 400) return problem(inputError("bad_request", "The request names no Host."));
  return problem(
      inputError("foreign_origin",
                 "The Host, Origin or Sec-Fetch-Site of the request is that of another place. Ask by the gateway's "
                 "address, by localhost, or by its .local name, and from no other site's page."));
}

std::optional<Answer> HttpExchange::unauthorized(const PocoCall& call) {
  std::string presented = call.header("Authorization").value_or("");
  bool right = presented.size() > kBearer.size() && presented.starts_with(kBearer) &&
               gateway_.tokens.matches(std::string_view(presented).substr(kBearer.size()));
  int64_t now_ms = gateway_.parts.clock.steadyMs();
  switch (gateway_.wrong_tokens.judge(right, call.remote_address, now_ms)) {
    case trust::WrongTokenLimiter::Verdict::kPass:
      return std::nullopt;
    case trust::WrongTokenLimiter::Verdict::kUnauthorized: {
      ++gateway_.counters.wrong_tokens;
      // Not waited for; the limiter lets ten a minute come so far from each address.
      gateway_.parts.engine.submit(
          [remote = call.remote_address](engine::Core& core) {
            core.auditOften("system", "token.wrong", remote, "", "from " + remote);
          },
          nullptr);
      Answer answer = problem(
          inputError("unauthorized",
                     presented.empty()
                         ? "The request has no token; send `Authorization: Bearer` and what stands in DIR/admin.token."
                         : "The token is not right; the right one stands in DIR/admin.token."));
      answer.headers.emplace_back("WWW-Authenticate", "Bearer");
      return answer;
    }
    case trust::WrongTokenLimiter::Verdict::kTooMany:
      break;
  }
  ++gateway_.counters.wrong_tokens;
  Answer answer = problem(
      inputError("too_many_wrong_tokens",
                 "More than ten wrong tokens came from this address within a minute; the right one still passes."));
  answer.headers.emplace_back("Retry-After", std::to_string(std::max<int64_t>(
                                                 1, gateway_.wrong_tokens.retryAfterS(call.remote_address, now_ms))));
  return answer;
}

Result<Answer> HttpExchange::handle(PocoCall& call) {
  std::string allow;
  auto route = router_.find(call, &allow);
  if (!route.ok()) {
    Answer refusal = problem(route.error());
    if (!allow.empty()) refusal.headers.emplace_back("Allow", allow);
    return refusal;
  }
  call.figures = (*route)->figures.get();
  if (!(*route)->waits) return (*route)->handler(gateway_, call);
  Waiting waiting(gateway_.waiting_calls);
  if (waiting.tooMany()) {
    return stateError("too_many_waiting",
                      "Eight calls are waiting for other homes already; repeat this when one of them has ended.");
  }
  return (*route)->handler(gateway_, call);
}

Answer HttpExchange::answer(PocoCall& call, const net::HTTPServerRequest& request) {
  if (auto refused = filtered(request, call.remote_address)) return std::move(*refused);
  const std::string& target = request.getURI();
  size_t question = target.find('?');
  call.path = target.substr(0, question);
  // The one call that needs no token.
  if (call.path != "/health") {
    if (auto refused = unauthorized(call)) return std::move(*refused);
  }
  if (question != std::string::npos) {
    auto query = parseQuery(std::string_view(target).substr(question + 1));
    if (!query.ok()) return problem(query.error());
    call.query = std::move(*query);
  }
  auto result = handle(call);
  return result.ok() ? std::move(*result) : problem(result.error());
}

void HttpExchange::send(PocoCall& call, Answer answer, net::HTTPServerResponse& response) {
  double took_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - call.begun).count();
  (call.figures ? *call.figures : router_.unrouted()).count(answer.status, took_s);
  if (answer.taken_over) return;
  // An unread body would be taken for the next request.
  if (!call.drained() || server_->currentConnections() > kKeepAliveConnections) response.setKeepAlive(false);
  response.setStatusAndReason(static_cast<net::HTTPResponse::HTTPStatus>(answer.status), reasonPhrase(answer.status));
  response.set("Cache-Control", "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  if (answer.status == 204 || answer.status == 304) {
    response.setContentLength(net::HTTPMessage::UNKNOWN_CONTENT_LENGTH);
    response.setChunkedTransferEncoding(false);
    response.send();
    return;
  }
  response.setContentType(answer.content_type);
  response.sendBuffer(answer.body.data(), answer.body.size());
}

// One of the four places that turn exceptions into errors: nothing passes the edge of a request.
void HttpExchange::serve(net::HTTPServerRequest& request, net::HTTPServerResponse& response) {
  PocoCall call(request);
  Answer result;
  try {
    result = answer(call, request);
  } catch (const Poco::Exception& failure) {
    // The connection broke or stood still while the body was read.
    response.setKeepAlive(false);
    result = problem(inputError("body_broken", "The body could not be read to its end (" +
                                                   displayName(failure.displayText(), kMaxShownBytes) +
                                                   "); nothing was changed."));
  } catch (const std::exception& failure) {
    logError("api", "A request failed: " + std::string(failure.what()));
    response.setKeepAlive(false);
    result = problem(
        systemError("internal", "The gateway could not answer because of an error of its own; its log says more."),
        500);
  }
  try {
    send(call, std::move(result), response);
  } catch (const Poco::Exception& failure) {
    // The client is gone: there is nobody to tell.
    response.setKeepAlive(false);
    logDebug("api", "An answer was not taken: " + failure.displayText());
  }
}

}  // namespace hearthgate::api
