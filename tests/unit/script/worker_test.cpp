// The worker as a process: what it has given up, and what becomes of conflicts when it is killed, missing, broken or a liar.
#include "script/worker.h"

#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "script/tuning.h"
#include "support/eventually.h"
#include "unit/script/support.h"

namespace hearthgate::script::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using hearthgate::testing::eventually;

// Processes that this one started and that run.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = readFile(entry.path() / "stat");
    const size_t end = stat.rfind(')');
    if (end == std::string::npos || stat.size() < end + 4 || stat[end + 2] == 'Z') continue;
    if (std::stol(stat.substr(end + 4)) == ::getpid()) found.push_back(std::stoi(name));
  }
  return found;
}

std::string statusLine(pid_t pid, const std::string& key) {
  const std::string status = readFile("/proc/" + std::to_string(pid) + "/status");
  const size_t at = status.find("\n" + key + ":\t");
  return at == std::string::npos ? "" : status.substr(at + key.size() + 3, status.find('\n', at + 1) - at - key.size() - 3);
}

class WorkerTest : public RunnerTest {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "hearthgate-script-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A program that is no worker, as a shell script.
  std::string impostor(const std::string& text) {
    const std::string path = folder_ + "/impostor";
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    ::chmod(path.c_str(), 0755);
    return path;
  }
  Outcome decideBy(const std::string& program, size_t cases = 1) {
    Runner other(program, clock);
    const std::vector<Case> lamps(cases, lamp());
    const auto outcomes = other.run(scriptWith("return {}, 'r'"), lamps);
    EXPECT_EQ(outcomes.size(), cases);
    for (const Outcome& outcome : outcomes) EXPECT_TRUE(std::holds_alternative<Failed>(outcome)) << told(outcome);
    return outcomes.back();
  }

  const Script good_ = scriptWith("return {}, 'r'");
  const Script hanging_ = scriptWith("while true do end");
  std::string folder_;
};

constexpr const char* kGreeting = "printf '\\002\\000\\000\\000H\\001'";

TEST_F(WorkerTest, HasGivenUpWhatItCan) {
  auto worker = Worker::start(kProgram);
  ASSERT_TRUE(worker.ok()) << worker.error().message;
  const pid_t pid = (*worker)->pid();
  EXPECT_EQ(statusLine(pid, "NoNewPrivs"), "1");
  EXPECT_EQ(statusLine(pid, "Seccomp"), "2");
  const std::string limits = readFile("/proc/" + std::to_string(pid) + "/limits");
  EXPECT_THAT(limits, ::testing::ContainsRegex("Max core file size +0 +0"));
  EXPECT_THAT(limits, ::testing::ContainsRegex("Max file size +0 +0"));
  EXPECT_THAT(limits, ::testing::ContainsRegex("Max processes +0 +0"));
  if (!kSanitized) {
    EXPECT_THAT(limits, ::testing::ContainsRegex("Max address space +50331648 +50331648"));
  }
  // Another user's eyes are refused these.
  const std::string folder = "/proc/" + std::to_string(pid);
  if (::access((folder + "/fd/.").c_str(), R_OK) == 0) {
    std::vector<std::string> open;
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/fd")) {
      open.push_back(entry.path().filename());
      EXPECT_THAT(std::filesystem::read_symlink(entry.path()).string(), StartsWith("pipe:"));
    }
    EXPECT_THAT(open, ::testing::UnorderedElementsAre("0", "1"));
    EXPECT_EQ(readFile(folder + "/environ"), "");
    EXPECT_EQ(std::filesystem::read_symlink(folder + "/cwd"), "/");
  }
}

TEST_F(WorkerTest, EndsWhenTheGatewayIsGone) {
  auto worker = Worker::start(kProgram);
  ASSERT_TRUE(worker.ok());
  const pid_t pid = (*worker)->pid();
  worker->reset();
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(WorkerTest, NoWorkerOutlivesItsRunner) {
  const auto before = children();
  {
    Runner other(kProgram, clock);
    const Case what = lamp();
    EXPECT_EQ(codeOf(other.run(good_, {&what, 1}).front()), "resolved");
    EXPECT_EQ(children().size(), before.size() + 1);
  }
  EXPECT_EQ(children(), before);
}

TEST_F(WorkerTest, HomesHaveWorkersOfTheirOwn) {
  const auto before = children().size();
  for (const char* origin : {"own", "beach", "city", "own"}) {
    Script script = good_;
    script.origin = origin;
    EXPECT_EQ(codeOf(decide(script)), "resolved");
  }
  EXPECT_EQ(children().size(), before + 3);
  for (int i = 0; i < 20; ++i) {
    Script script = good_;
    script.origin = "home" + std::to_string(i);
    EXPECT_EQ(codeOf(decide(script)), "resolved");
  }
  EXPECT_LE(children().size(), before + kMaxWorkers);
  runner.endIdleWorkers();
  EXPECT_EQ(children().size(), before);
}

TEST_F(WorkerTest, OneThatWasKilledWhileItWaitedIsReplacedUnseen) {
  EXPECT_EQ(codeOf(decide(good_)), "resolved");
  for (const pid_t pid : children()) ::kill(pid, SIGKILL);
  EXPECT_EQ(codeOf(decide(good_)), "resolved");
  for (const pid_t pid : children()) ::kill(pid, SIGKILL);
  EXPECT_TRUE(runner.describe(good_.text, "beach").ok());
}

TEST_F(WorkerTest, KilledFromOutsideWhileItRanIsSaidAndNoStrike) {
  // The kill may come before the script begins or after it was stopped; then another one is tried.
  std::string code;
  for (int i = 0; i < 40 && code != "worker_killed"; ++i) {
    Runner other(kProgram, clock);
    Outcome outcome = Failed{};
    std::thread thread([&] {
      const Case what = lamp();
      Script script = hanging_;
      script.text += "-- " + std::to_string(i);
      outcome = other.run(script, {&what, 1}).front();
    });
    pid_t worker = 0;
    EXPECT_TRUE(eventually([&] {
      for (const pid_t pid : children()) {
        if (statusLine(pid, "Seccomp") == "2") worker = pid;
      }
      return worker != 0;
    }));
    ::kill(worker, SIGKILL);
    thread.join();
    code = codeOf(outcome);
    if (code == "worker_killed") {
      EXPECT_THAT(told(outcome), HasSubstr("signal 9"));
      EXPECT_TRUE(other.switchedOff().empty());
    }
  }
  EXPECT_EQ(code, "worker_killed");
}

TEST_F(WorkerTest, MissingIsSaidForEveryConflict) {
  const Outcome outcome = decideBy("/nonexistent/hearthgate-script", 3);
  EXPECT_EQ(codeOf(outcome), "worker_missing");
  EXPECT_THAT(told(outcome), HasSubstr("/nonexistent/hearthgate-script failed: No such file or directory"));
  EXPECT_EQ(codeOf(decideBy("/")), "worker_missing");
  const auto described = Runner("/nonexistent/hearthgate-script", clock).describe("return {}", "own");
  ASSERT_FALSE(described.ok());
  EXPECT_EQ(described.error().code, "worker_missing");
}

TEST_F(WorkerTest, OneThatDoesNotBeginIsSaidWithItsStatus) {
  EXPECT_THAT(told(decideBy(impostor("exit 34"), 3)), AllOf(StartsWith("worker_not_started: "), HasSubstr("does the kernel have seccomp?")));
  EXPECT_THAT(told(decideBy(impostor("exit 7"))), HasSubstr("it ended with status 7"));
  EXPECT_THAT(told(decideBy(impostor("kill -9 $$"))), HasSubstr("signal 9"));
  EXPECT_THAT(told(decideBy(impostor("printf '\\002\\000\\000\\000H\\377'; read x"))), HasSubstr("it is of another version"));
  EXPECT_THAT(told(decideBy(impostor("printf 'Hello there'; read x"))), HasSubstr("greeted with bytes that are no greeting"));
}

TEST_F(WorkerTest, OneThatAlwaysDiesIsNotStartedForEver) {
  const auto outcome = decideBy(impostor(std::string(kGreeting) + "; echo x >> " + folder_ + "/starts; kill -9 $$"), 1000);
  EXPECT_THAT(codeOf(outcome), AnyOf("worker_killed", "worker_not_started"));
  const std::string starts = readFile(folder_ + "/starts");
  EXPECT_LE(starts.size() / 2, size_t{kBarrenStarts} + 1);
}

TEST_F(WorkerTest, LiesAreNoAnswers) {
  const std::string greeting = kGreeting;
  // Kinds, numbers, lengths and codes that are none; each ends that worker.
  for (const char* lie : {"\\001\\000\\000\\000X", "\\377\\377\\377\\377", "\\005\\000\\000\\000R\\001\\000\\000\\000", "\\002\\000\\000\\000H\\001",
                          "\\015\\000\\000\\000F\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000",
                          "\\011\\000\\000\\000N\\000\\000\\000\\000\\000\\000\\000\\000",
                          "\\014\\000\\000\\000N\\007\\000\\000\\000\\003\\000\\000\\000bye"}) {
    const auto outcome = decideBy(impostor(greeting + "; printf '" + lie + "'; read x"), 1);
    EXPECT_EQ(codeOf(outcome), "bad_answer") << lie << ": " << told(outcome);
  }
}

TEST_F(WorkerTest, CrashesAreStrikes) {
  Runner other(impostor(std::string(kGreeting) + "; kill -SEGV $$"), clock);
  const std::vector<Case> lamps(5, lamp());
  const auto outcomes = other.run(good_, lamps);
  EXPECT_EQ(codeOf(outcomes[0]), "worker_crashed");
  EXPECT_EQ(codeOf(outcomes[4]), "switched_off");
  EXPECT_EQ(other.switchedOff().size(), 1u);
}

// Runs until it counts: a machine may give a worker no time, which is no strike.
std::string strike(Runner& runner, const Script& script) {
  std::string code = "starved";
  const Case what = lamp();
  for (int i = 0; i < 20 && code == "starved"; ++i) code = codeOf(runner.run(script, {&what, 1}).front());
  return code;
}

TEST_F(WorkerTest, ThreeKillsWithinAnHourSwitchAScriptOff) {
  EXPECT_EQ(strike(runner, hanging_), "time_limit");
  clock.now_ms += 20 * 60'000;
  EXPECT_EQ(strike(runner, hanging_), "time_limit");
  EXPECT_TRUE(runner.switchedOff().empty());
  clock.now_ms += 39 * 60'000;
  EXPECT_EQ(strike(runner, hanging_), "time_limit");
  EXPECT_EQ(strike(runner, hanging_), "switched_off");
  ASSERT_EQ(runner.switchedOff().size(), 1u);
  EXPECT_EQ(runner.switchedOff()[0].hash, sha256(hanging_.text));
  EXPECT_EQ(runner.switchedOff()[0].name, "test");
  EXPECT_EQ(runner.switchedOff()[0].at_ms, clock.wallMs());
  EXPECT_EQ(runner.describe(hanging_.text, "own").error().code, "switched_off");
  // Another text of the same name runs, and a day does not bring it back.
  EXPECT_EQ(codeOf(decide(good_)), "resolved");
  clock.now_ms += 24 * 3'600'000;
  EXPECT_EQ(strike(runner, hanging_), "switched_off");
}

TEST_F(WorkerTest, KillsThatLieApartAreForgotten) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(strike(runner, hanging_), "time_limit");
    clock.now_ms += 30 * 60'000;
  }
  EXPECT_TRUE(runner.switchedOff().empty());
}

TEST_F(WorkerTest, APersonSwitchesOnAndARestartRemembers) {
  const SwitchedOff off{sha256(good_.text), "test", 17};
  runner.switchOff(off);
  EXPECT_EQ(codeOf(decide(good_)), "switched_off");
  EXPECT_TRUE(runner.switchOn(off.hash));
  EXPECT_FALSE(runner.switchOn(off.hash));
  EXPECT_EQ(codeOf(decide(good_)), "resolved");
}

TEST_F(WorkerTest, ManyThreadsUseOneRunner) {
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      Script script = scriptWith("return {n = " + std::to_string(i) + "}, 'r'");
      script.origin = i % 2 == 0 ? "own" : "beach";
      const std::vector<Case> lamps(300, lamp());
      for (const Outcome& outcome : runner.run(script, lamps)) right += told(outcome) == "{\"n\":" + std::to_string(i) + "}";
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * 300);
}

}  // namespace
}  // namespace hearthgate::script::testing
