// Runs the command line against a ScriptedServer and keeps what it printed. For the tests of each group of commands.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <sstream>

#include "cli/run.h"
#include "unit/cli/scripted_server.h"

namespace hearthgate::cli {

inline const std::string kOwnId(52, 'a');
inline const std::string kBeachId = "beach" + std::string(47, 'b');
inline const std::string kOtherBeachId = "other" + std::string(47, 'c');

// A clock whose time passes only by Terminal::pause.
class StillClock : public Clock {
 public:
  int64_t wallMs() override { return 1'795'168'800'000 + now; }  // 2026-11-20T10:00:00Z
  int64_t steadyMs() override { return now; }
  bool synchronised() override { return true; }
  int64_t now = 0;
};

class Cli : public testing::Test {
 protected:
  Cli() {
    server.answer("GET /api/v1/status", 200, R"({"home":{"id":")" + kOwnId + R"(","name":"City"},"version":"0.1.0"})");
    homes(R"([{"id":")" + kBeachId + R"(","name":"Beach"}])");
    circles("[]");
  }

  void circles(const std::string& items) {
    server.replace("GET /api/v1/circles?limit=1000", 200, R"({"items":)" + items + R"(,"next":null})");
  }

  void homes(const std::string& items) {
    server.replace("GET /api/v1/homes?limit=1000", 200, R"({"items":)" + items + R"(,"next":null})");
  }

  // Runs `hearthgate --url … --token … ARGUMENTS`.
  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--url", server.url(), "--token", "secret"});
    return runBare(arguments);
  }

  int runBare(const std::vector<std::string>& arguments) {
    out_stream.str("");
    err_stream.str("");
    Terminal terminal{out_stream,
                      err_stream,
                      [this]() -> std::optional<std::string> {
                        if (answers.empty()) return std::nullopt;
                        std::string line = answers.front();
                        answers.pop_front();
                        return line;
                      },
                      interactive,
                      clock,
                      [this](std::chrono::milliseconds time) { clock.now += time.count(); },
                      [] {},
                      [this] { return interrupted; },
                      default_data,
                      input_waits,
                      no_pictures,
                      columns};
    int status = cli::run(arguments, terminal);
    out = out_stream.str();
    err = err_stream.str();
    return status;
  }

  std::string api(const std::string& rest) { return "/api/v1" + rest; }

  ScriptedServer server;
  StillClock clock;
  std::deque<std::string> answers;  // to questions
  std::string default_data = "/nonexistent/hearthgate";
  bool interactive = false;
  bool interrupted = false;
  std::function<bool(std::chrono::milliseconds)> input_waits;
  std::string no_pictures;
  size_t columns = 80;
  std::string out, err;
  std::ostringstream out_stream, err_stream;
};

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

}  // namespace hearthgate::cli
