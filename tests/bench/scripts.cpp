// What Lua strategies cost through the worker process: conflicts a second in batches, one conflict alone, and the start of a
// worker. One JSON line a figure.
//
//   scripts WORKER SCRIPT.lua...               build/release/bin/hearthgate-script scripts/*.lua
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "script/runner.h"

using namespace hearthgate;
using namespace hearthgate::script;
using Steady = std::chrono::steady_clock;

namespace {

constexpr size_t kBatch = 20'000;
constexpr size_t kSingles = 2'000;
constexpr int kRounds = 5;

CaseVersion version(int brightness, int64_t time_ms) {
  CaseVersion made;
  made.fields = R"({"attributes":{"brightness":)" + std::to_string(brightness) +
                R"(,"color_mode":"color_temp","color_temp_kelvin":2700,"friendly_name":"Kitchen ceiling"},"state":"on"})";
  made.author = "kqm5za3wnbd7rvcj2xhtg4yefs6up8k";
  made.time_ms = time_ms;
  made.trusted = true;
  made.owner = brightness > 100;
  made.changed = {"attributes.brightness"};
  return made;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// Processor time of workers that have ended, and of this program.
double processorSeconds(int whose) {
  rusage usage = {};
  ::getrusage(whose, &usage);
  const auto of = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

double seconds(Steady::time_point since) { return std::chrono::duration<double>(Steady::now() - since).count(); }

void measure(const std::string& worker, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string name = path.substr(path.rfind('/') + 1);
  const Script script{name, std::string(std::istreambuf_iterator<char>(file), {}), "here"};
  const Case one{"light.kitchen@beach", "light.kitchen", "state", "beach", {version(40, 1'700'000'000'000), version(220, 1'700'000'060'000)}};
  const std::vector<Case> many(kBatch, one);

  std::vector<double> starts, rates, worker_us, own_us, singles;
  for (int round = 0; round < kRounds; ++round) {
    Runner runner(worker, systemClock(ClockTrust::kYes));
    auto begin = Steady::now();
    Outcome first = runner.run(script, {&one, 1}).front();
    starts.push_back(seconds(begin) * 1e3);
    if (const auto* failed = std::get_if<Failed>(&first)) {
      std::fprintf(stderr, "scripts: %s: %s\n", path.c_str(), failed->message.c_str());
      std::exit(1);
    }
    runner.endIdleWorkers();
    const double workers = processorSeconds(RUSAGE_CHILDREN);
    const double own = processorSeconds(RUSAGE_SELF);
    begin = Steady::now();
    const auto outcomes = runner.run(script, many);
    rates.push_back(kBatch / seconds(begin));
    runner.endIdleWorkers();
    worker_us.push_back((processorSeconds(RUSAGE_CHILDREN) - workers) * 1e6 / kBatch);
    own_us.push_back((processorSeconds(RUSAGE_SELF) - own) * 1e6 / kBatch);
    if (std::count(outcomes.begin(), outcomes.end(), first) != static_cast<ptrdiff_t>(kBatch)) {
      std::fprintf(stderr, "scripts: %s: not every outcome is the same\n", path.c_str());
      std::exit(1);
    }
    for (size_t i = 0; i < kSingles / kRounds; ++i) {
      begin = Steady::now();
      (void)runner.run(script, {&one, 1});
      singles.push_back(seconds(begin) * 1e6);
    }
  }
  std::sort(singles.begin(), singles.end());
  std::printf("{\"script\":\"%s\",\"conflicts_per_s\":%.0f,\"worker_us\":%.2f,\"gateway_us\":%.2f,\"single_median_us\":%.0f,\"single_p99_us\":%.0f,\"first_with_start_ms\":%.1f}\n",
              name.c_str(), median(rates), median(worker_us), median(own_us), median(singles), singles[singles.size() * 99 / 100], median(starts));
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: scripts WORKER SCRIPT.lua...\n");
    return 2;
  }
  for (int i = 2; i < count; ++i) measure(std::filesystem::absolute(arguments[1]).string(), arguments[i]);
  return 0;
}
