// A reader of GET /events on a socket of its own.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "unit/api/served_home.h"

namespace hearthgate::api {

class StreamReader {
 public:
  StreamReader(uint16_t port, const std::string& token, const std::string& query, const std::string& last_id) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int small = 4096;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    std::string request = "GET /api/v1/events" + query + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                          token + "\r\n" + (last_id.empty() ? "" : "Last-Event-ID: " + last_id + "\r\n") + "\r\n";
    EXPECT_EQ(::send(fd_, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    head = upTo("\r\n\r\n");
  }
  ~StreamReader() { ::close(fd_); }
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  struct Event {
    std::string id, type, data;
    std::string at(const std::string& path) const {
      Got got;
      auto json = model::parseJson(data, 64);
      if (json.ok()) got.json = std::move(*json);
      return got.at(path);
    }
  };

  // The next event; type empty when the stream ended.
  Event next() {
    Event event;
    std::string block = upTo("\n\n");
    while (block.starts_with(":")) block = upTo("\n\n");  // the comment of every 15 s
    size_t at = 0;
    while (at < block.size()) {
      size_t end = std::min(block.find('\n', at), block.size());
      std::string line = block.substr(at, end - at);
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("event: ")) event.type = line.substr(7);
      if (line.starts_with("data: ")) event.data = line.substr(6);
      at = end + 1;
    }
    return event;
  }
  bool ended() const { return ended_; }

  // The number of the last id among what has come by now and was not read.
  uint64_t placeByNow() {
    char part[4096];
    for (ssize_t got; (got = ::recv(fd_, part, sizeof part, MSG_DONTWAIT)) > 0;)
      buffer_.append(part, static_cast<size_t>(got));
    size_t at = buffer_.rfind("id: ");
    return at == std::string::npos ? 0 : numberOf(buffer_.substr(at + 4, buffer_.find('\n', at) - at - 4));
  }
  static uint64_t numberOf(const std::string& id) { return std::stoull(id.substr(id.rfind('-') + 1)); }

  std::string head;

 private:
  std::string upTo(const std::string& mark) {
    size_t at;
    while ((at = buffer_.find(mark)) == std::string::npos) {
      char part[4096];
      ssize_t got = ::recv(fd_, part, sizeof part, 0);
      if (got <= 0) {
        ended_ = true;
        return {};
      }
      buffer_.append(part, static_cast<size_t>(got));
    }
    std::string out = buffer_.substr(0, at);
    buffer_.erase(0, at + mark.size());
    return out;
  }

  int fd_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace hearthgate::api
