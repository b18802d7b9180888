// Load on two homes: writes at one through its REST interface and watches the events of the other.
//
//   gateway_load PORT_A TOKEN_A PORT_B TOKEN_B       (commands: load.h, and:)
//   puts CONNECTIONS COUNT       single durable PUTs at A over so many connections     {"per_s"}
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include "bench/load.h"

using namespace hearthgate::bench;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr size_t kBatch = 1000;  // lines of one bulk call
constexpr int64_t kIdleNs = 5'000'000'000;

class Connection {
 public:
  Connection(int port, std::string token) : token_(std::move(token)), stream_(context_) {
    stream_.connect({asio::ip::address_v4::loopback(), static_cast<uint16_t>(port)});
    stream_.socket().set_option(asio::ip::tcp::no_delay(true));
  }

  void send(http::verb verb, const std::string& path, std::string body, const char* type) {
    http::request<http::string_body> request(verb, path, 11, std::move(body));
    request.set(http::field::host, "127.0.0.1");
    request.set(http::field::authorization, "Bearer " + token_);
    if (type) request.set(http::field::content_type, type);
    request.prepare_payload();
    http::write(stream_, request);
  }
  std::string call(http::verb verb, const std::string& path, std::string body, const char* type) {
    send(verb, path, std::move(body), type);
    http::response<http::string_body> response;
    http::read(stream_, buffer_, response);
    if (response.result_int() >= 300) {
      std::fprintf(stderr, "gateway_load: %s: %s\n", path.c_str(), response.body().c_str());
      std::exit(1);
    }
    return response.body();
  }

  // Server-sent events until the connection ends; each line of data is given.
  template <typename Each>
  void events(const std::string& path, const std::atomic<bool>& ends, Each each, std::atomic<bool>* opened) {
    send(http::verb::get, path, "", nullptr);
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    http::read_header(stream_, buffer_, parser);
    opened->store(true);
    opened->notify_all();
    std::string text;
    std::vector<char> chunk(1 << 16);
    beast::error_code error;
    while (!ends && !parser.is_done()) {
      parser.get().body().data = chunk.data();
      parser.get().body().size = chunk.size();
      http::read_some(stream_, buffer_, parser, error);
      if (error && error != http::error::need_buffer) return;
      text.append(chunk.data(), chunk.size() - parser.get().body().size);
      size_t from = 0;
      for (size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
        std::string_view line(text.data() + from, end - from);
        if (line.substr(0, 5) == "data:") each(line.substr(5));
      }
      text.erase(0, from);
    }
  }
  void end() { stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both); }

 private:
  std::string token_;
  asio::io_context context_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
};

void putOne(Connection& home, const Update& one) {
  std::string body = "{\"fields\":";
  body.append(one.fields).append("}");
  home.call(http::verb::put, "/api/v1/entities/" + entityId(one.entity), std::move(body), "application/json");
}

void putAll(Connection& home, const std::vector<Update>& all) {
  for (size_t i = 0; i < all.size(); i += kBatch) {
    std::string lines;
    size_t end = std::min(all.size(), i + kBatch);
    for (size_t k = i; k < end; ++k) {
      lines.append("{\"id\":\"").append(entityId(all[k].entity)).append("\",\"fields\":");
      lines.append(all[k].fields).append("}\n");
    }
    std::string said = home.call(http::verb::post, "/api/v1/entities:bulk", std::move(lines), "application/x-ndjson");
    if (said.find("\"rejected_count\":0") == std::string::npos) {
      std::fprintf(stderr, "gateway_load: rejected: %s\n", said.substr(0, 500).c_str());
      std::exit(1);
    }
  }
}

std::string puts(int port, const std::string& token, const std::vector<uint64_t>& arguments) {
  size_t connections = arguments.at(0), count = arguments.at(1);
  std::vector<Update> all = updates(99, count, 1000);
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  int64_t began = nowNs();
  for (size_t i = 0; i < connections; ++i) {
    threads.emplace_back([&] {
      Connection home(port, token);
      for (size_t mine; (mine = next++) < all.size();) putOne(home, all[mine]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  double seconds = static_cast<double>(nowNs() - began) / 1e9;
  return "{\"per_s\":" + std::to_string(static_cast<int64_t>(static_cast<double>(count) / seconds)) + "}";
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: gateway_load PORT_A TOKEN_A PORT_B TOKEN_B\n");
    return 2;
  }
  int port = std::atoi(arguments[1]);
  std::string token = arguments[2];
  Arrivals arrivals;
  std::atomic<bool> ends{false}, opened{false};
  Connection watching(std::atoi(arguments[3]), arguments[4]);
  std::thread watch([&] {
    watching.events(
        "/api/v1/events?types=entity", ends, [&](std::string_view data) { arrivals.seen(tokenIn(data)); }, &opened);
    if (ends) return;
    std::fprintf(stderr, "gateway_load: the stream of events ended\n");
    std::_Exit(1);
  });
  opened.wait(false);
  std::optional<Connection> home;
  int64_t used_ns = 0;
  // The gateway closes a connection that says nothing for ten seconds.
  auto kept = [&]() -> Connection& {
    if (!home || nowNs() - used_ns > kIdleNs) home.emplace(port, token);
    used_ns = nowNs();
    return *home;
  };
  Load load;
  load.write = [&](const std::vector<Update>& all) { putAll(kept(), all); };
  load.single = [&](const Update& one) { putOne(kept(), one); };
  load.other = [&](const std::string& command, const std::vector<uint64_t>& given) {
    return command == "puts" ? puts(port, token, given) : std::string();
  };
  int status = serveLoad(load, arrivals);
  ends = true;
  watching.end();
  watch.join();
  return status;
}
