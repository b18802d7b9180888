// Cases and runners for the tests of scripts. The worker is the real one.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "script/runner.h"

namespace hearthgate::script::testing {

// A clock that stands where it is put.
class SetClock : public Clock {
 public:
  int64_t wallMs() override { return 1'700'000'000'000 + now_ms; }
  int64_t steadyMs() override { return now_ms; }
  bool synchronised() override { return true; }
  std::atomic<int64_t> now_ms{0};
};

inline const std::string kProgram = HEARTHGATE_SCRIPT_PROGRAM;

// A version as the tests write it: fields, author, milliseconds, what changed.
inline CaseVersion version(std::string fields, int64_t time_ms, std::vector<std::string> changed = {}, std::string name = "") {
  CaseVersion made;
  made.fields = std::move(fields);
  made.author = "home" + std::to_string(time_ms);
  made.author_name = std::move(name);
  made.time_ms = time_ms;
  made.trusted = true;
  made.changed = std::move(changed);
  return made;
}

inline Case caseOf(std::vector<CaseVersion> versions, std::string id = "light.kitchen", std::string kind = "state") {
  return {id + "@beach", id, std::move(kind), "beach", std::move(versions)};
}

inline Case lamp() {
  return caseOf({version(R"({"brightness":10,"state":"on"})", 1000, {"brightness"}),
                 version(R"({"brightness":200,"state":"on"})", 2000, {"brightness"})});
}

// Whether others want so much of the processors that 250 ms of time are no 100 ms of work: then nothing can be said of limits on time.
inline bool overloaded() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 && load > 2.0 * std::thread::hardware_concurrency();
}

// A script whose resolve() has this body.
inline Script scriptWith(const std::string& body, const std::string& before = "") {
  return {"test", before + "\nreturn {name = 'test', about = 'a test', resolve = function(c)\n" + body + "\nend}\n", "beach"};
}

inline std::string readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What happened, as one text: the fields, `declined: …`, or the code and the message.
inline std::string told(const Outcome& outcome) {
  if (const auto* resolved = std::get_if<Resolved>(&outcome)) return resolved->fields;
  if (const auto* declined = std::get_if<Declined>(&outcome)) return "declined: " + declined->reason;
  const auto& failed = std::get<Failed>(outcome);
  return failed.code + ": " + failed.message;
}
inline std::string codeOf(const Outcome& outcome) {
  if (std::holds_alternative<Resolved>(outcome)) return "resolved";
  if (std::holds_alternative<Declined>(outcome)) return "declined";
  return std::get<Failed>(outcome).code;
}

class RunnerTest : public ::testing::Test {
 protected:
  // The outcome of one case.
  Outcome decide(const Script& script, const Case& what = lamp()) { return runner.run(script, {&what, 1}).front(); }
  std::string tell(const std::string& body, const Case& what = lamp()) { return told(decide(scriptWith(body), what)); }
  // What an expression gives, as text.
  std::string value(const std::string& expression, const Case& what = lamp()) {
    return tell("local v = " + expression + " return {v = v == nil and 'nil' or v}, 'r'", what);
  }

  SetClock clock;
  Runner runner{kProgram, clock};
};

}  // namespace hearthgate::script::testing
