#include "unit/cli/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace hearthgate::cli {
namespace {

std::string wholeAnswer(int status, const std::string& body) {
  std::string type = status < 400 ? "application/json" : "application/problem+json";
  return "HTTP/1.1 " + std::to_string(status) + " Scripted\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

// Reads until `text` holds the head, then the body that Content-Length promises.
bool readRequest(int connection, Seen& request) {
  std::string text;
  size_t head = std::string::npos;
  size_t length = 0;
  while (head == std::string::npos || text.size() < head + 4 + length) {
    pollfd input{connection, POLLIN, 0};
    char buffer[4096];
    if (poll(&input, 1, 5000) <= 0) return false;
    ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    text.append(buffer, static_cast<size_t>(got));
    if (head == std::string::npos && (head = text.find("\r\n\r\n")) != std::string::npos) {
      std::istringstream lines(text.substr(0, head));
      std::string line;
      lines >> request.method >> request.target;
      std::getline(lines, line);
      while (std::getline(lines, line)) {
        size_t colon = line.find(':');
        std::string name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
        std::string value = line.substr(std::min(line.size(), colon + 2));
        if (!value.empty() && value.back() == '\r') value.pop_back();
        request.headers[name] = value;
      }
      auto found = request.headers.find("content-length");
      if (found != request.headers.end()) length = std::strtoul(found->second.c_str(), nullptr, 10);
    }
  }
  request.body = text.substr(head + 4, length);
  return true;
}

}  // namespace

ScriptedServer::ScriptedServer() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, raw, size) != 0 || listen(listener_, 16) != 0 || getsockname(listener_, raw, &size) != 0) abort();
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

void ScriptedServer::answer(const std::string& request, int status, const std::string& body) {
  answerRaw(request, wholeAnswer(status, body));
}

void ScriptedServer::replace(const std::string& request, int status, const std::string& body) {
  std::lock_guard lock(mutex_);
  script_[request] = {wholeAnswer(status, body)};
}

void ScriptedServer::answerRaw(const std::string& request, const std::string& bytes) {
  std::lock_guard lock(mutex_);
  script_[request].push_back(bytes);
}

std::vector<Seen> ScriptedServer::seen() {
  std::lock_guard lock(mutex_);
  return seen_;
}

std::vector<std::string> ScriptedServer::asked() {
  std::vector<std::string> out;
  for (const auto& request : seen()) {
    bool names = request.method == "GET" && (request.target == "/api/v1/status" || request.target.starts_with("/api/v1/homes?") ||
                                             request.target == "/api/v1/circles?limit=1000");
    if (!names) out.push_back(request.method + " " + request.target + (request.body.empty() ? "" : " ") + request.body);
  }
  return out;
}

void ScriptedServer::serve() {
  while (!stop_) {
    pollfd input{listener_, POLLIN, 0};
    if (poll(&input, 1, 20) <= 0) continue;
    int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    serveOne(connection);
    close(connection);
  }
}

void ScriptedServer::serveOne(int connection) {
  Seen request;
  if (!readRequest(connection, request)) return;
  std::string bytes;
  {
    std::lock_guard lock(mutex_);
    auto& answers = script_[request.method + " " + request.target];
    bytes = answers.empty() ? wholeAnswer(404, R"({"status":404,"code":"not_scripted","detail":"not scripted"})")
                            : answers.front();
    if (answers.size() > 1) answers.erase(answers.begin());
    seen_.push_back(std::move(request));
  }
  for (size_t sent = 0; sent < bytes.size();) {
    ssize_t now = send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) return;
    sent += static_cast<size_t>(now);
  }
}

}  // namespace hearthgate::cli
