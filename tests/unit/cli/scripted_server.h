// A gateway made of a script: it records requests and plays answers back, on a free port of the loopback interface, in
// a thread of its own. For tests of the HTTP client and the command line.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hearthgate::cli {

struct Seen {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class ScriptedServer {
 public:
  ScriptedServer();
  ~ScriptedServer();

  // The next answers to `METHOD /target`, in this order; the last one is repeated. What was not scripted gets a 404
  // problem document with the code `not_scripted`.
  void answer(const std::string& request, int status, const std::string& body);
  // As answer(), after forgetting what was scripted for this request.
  void replace(const std::string& request, int status, const std::string& body);
  // The bytes of a whole answer, after which the connection is closed.
  void answerRaw(const std::string& request, const std::string& bytes);

  uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<Seen> seen();
  // `METHOD target body` of each request but GETs of /status and /homes, which only look names up.
  std::vector<std::string> asked();

 private:
  void serve();
  void serveOne(int connection);

  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> script_;
  std::vector<Seen> seen_;
  std::thread thread_;
};

}  // namespace hearthgate::cli
