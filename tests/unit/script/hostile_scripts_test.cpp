// tests/data/scripts/hostile: scripts that want to hang, to fill the memory, to break out, or to confuse whoever reads what they return. The
// first line of each says how it has to end; the script is what follows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/utf8.h"
#include "script/tuning.h"
#include "unit/script/support.h"

namespace hearthgate::script::testing {
namespace {

constexpr std::string_view kExpect = "-- expect: ";
// Of processes that each want a processor for themselves: more would hold each other up, fewer would take longer than people wait.
constexpr size_t kAtATime = 3;

struct Hostile {
  std::string name;
  std::string expected;  // codes, between them `|`
  std::string text;
};

std::vector<Hostile> corpus() {
  std::vector<Hostile> all;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(HEARTHGATE_TEST_DATA) + "/scripts/hostile")) {
    const std::string file = readFile(entry.path());
    const size_t line = file.find('\n');
    EXPECT_EQ(file.substr(0, kExpect.size()), kExpect) << entry.path();
    all.push_back({entry.path().stem(), file.substr(kExpect.size(), line - kExpect.size()), file.substr(line + 1)});
  }
  std::sort(all.begin(), all.end(), [](const Hostile& a, const Hostile& b) { return a.name < b.name; });
  return all;
}

bool isOneOf(const std::string& code, const std::string& expected) {
  return ("|" + expected + "|").find("|" + code + "|") != std::string::npos;
}

std::string messageOf(const Outcome& outcome) {
  const auto* failed = std::get_if<Failed>(&outcome);
  return failed ? failed->message : std::holds_alternative<Declined>(outcome) ? std::get<Declined>(outcome).reason : "";
}

TEST(HostileScripts, EndInTimeWithTheirReasonAndHarmNothing) {
  const std::vector<Hostile> all = corpus();
  ASSERT_GE(all.size(), 120u);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  const auto work = [&] {
    SetClock clock;
    Runner runner(kProgram, clock);
    const Script good = scriptWith("return hg.newest(c).fields, 'the newest'");
    const std::vector<Case> cases(2, lamp());
    for (size_t i = next++; i < all.size(); i = next++) {
      const Script script{all[i].name, all[i].text, "beach"};
      Outcome outcome = Failed{"starved", ""};
      // On a machine with too much to do the worker may get no time at all.
      for (int tries = 0; codeOf(outcome) == "starved" && tries < 20; ++tries) outcome = runner.run(script, {cases.data(), 1}).front();
      const Outcome after = runner.run(good, {cases.data(), 1}).front();
      std::lock_guard lock(mutex);
      EXPECT_TRUE(isOneOf(codeOf(outcome), all[i].expected)) << all[i].name << " ended with " << told(outcome) << "; expected " << all[i].expected;
      const std::string message = messageOf(outcome);
      EXPECT_FALSE(message.empty()) << all[i].name;
      EXPECT_LE(message.size(), kReasonBytes) << all[i].name;
      EXPECT_EQ(displayName(message, kReasonBytes), message) << all[i].name;
      EXPECT_EQ(message.find("0x"), std::string::npos) << all[i].name << " tells an address: " << message;
      EXPECT_EQ(told(after), R"({"brightness":200,"state":"on"})") << "after " << all[i].name;
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kAtATime; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

// The same texts, looked at as an admin's PUT looks at them.
TEST(HostileScripts, AreDescribedOrRefusedWithoutResolving) {
  SetClock clock;
  Runner runner(kProgram, clock);
  for (const Hostile& hostile : corpus()) {
    const auto described = runner.describe(hostile.text, "beach");
    if (described.ok()) continue;
    EXPECT_FALSE(described.error().message.empty()) << hostile.name;
    EXPECT_THAT(described.error().code, ::testing::AnyOf("bad_script", "time_limit", "memory_limit", "bad_id", "starved")) << hostile.name;
  }
}

}  // namespace
}  // namespace hearthgate::script::testing
