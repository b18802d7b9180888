#include "bench/rest.h"

#include <algorithm>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <cstdlib>

namespace hearthgate::bench {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {
constexpr size_t kBatch = 1000;  // lines of one bulk call
}  // namespace

RestConnection::RestConnection(int port, std::string token) : token_(std::move(token)), stream_(context_) {
  stream_.connect({asio::ip::address_v4::loopback(), static_cast<uint16_t>(port)});
  stream_.socket().set_option(asio::ip::tcp::no_delay(true));
}

void RestConnection::send(http::verb verb, const std::string& path, std::string body, const char* type) {
  http::request<http::string_body> request(verb, path, 11, std::move(body));
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::authorization, "Bearer " + token_);
  if (type) request.set(http::field::content_type, type);
  request.prepare_payload();
  http::write(stream_, request);
}

std::string RestConnection::call(http::verb verb, const std::string& path, std::string body, const char* type) {
  send(verb, path, std::move(body), type);
  http::response<http::string_body> response;
  http::read(stream_, buffer_, response);
  if (response.result_int() >= 300) {
    std::fprintf(stderr, "%s was refused: %s\n", path.c_str(), response.body().c_str());
    std::exit(1);
  }
  return response.body();
}

void RestConnection::put(const std::string& id, const Update& update) {
  std::string body = "{\"fields\":";
  body.append(update.fields).append("}");
  call(http::verb::put, "/api/v1/entities/" + id, std::move(body), "application/json");
}

void RestConnection::putAll(const std::vector<Update>& all, const std::function<std::string(int)>& id_of) {
  for (size_t i = 0; i < all.size(); i += kBatch) {
    std::string lines;
    size_t end = std::min(all.size(), i + kBatch);
    for (size_t k = i; k < end; ++k) {
      lines.append("{\"id\":\"").append(id_of(all[k].entity)).append("\",\"fields\":");
      lines.append(all[k].fields).append("}\n");
    }
    std::string said = call(http::verb::post, "/api/v1/entities:bulk", std::move(lines), "application/x-ndjson");
    if (said.find("\"rejected_count\":0") == std::string::npos) {
      std::fprintf(stderr, "lines were rejected: %s\n", said.substr(0, 500).c_str());
      std::exit(1);
    }
  }
}

void RestConnection::events(const std::string& path, const std::atomic<bool>& ends,
                            const std::function<void(std::string_view)>& each, std::atomic<bool>* opened) {
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

}  // namespace hearthgate::bench
