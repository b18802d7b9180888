// hearthgate-sim: runs the real core, replicator and store through thousands of bad days, each made from a seed.
//
//   hearthgate-sim [--seeds N] [--first S] [--homes 2..4] [--steps N]   last line: N passed, N failed
//   hearthgate-sim --seed S --trace                                    one run, step by step
//   hearthgate-sim --shrink S                                          the same with every step left out that can be
//   hearthgate-sim --circles [--seeds N] [--first S] [--seed S --trace] [--shrink S]   circles: members, keepers, charters
//   hearthgate-sim --plants                                            whether every planted defect is found
//   hearthgate-sim --plant NAME [--seed S --trace]                     runs with one of them
// Every fourth seed runs again with --limits (slow links, small quotas) and --kinds (homes make the same entity with
// different kinds), every fourth with --retention (little is kept), every fourth with --order (the entities of a batch
// come in any order) and every fourth with --fields (entities have sets and counters); a failure names them, and with one of them given all seeds run so and only so. --space asks for
// more than the product gives yet: that a quota lets in what it held as soon as there is space, not at the next start.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "sim/circle_world.h"
#include "sim/plants.h"
#include "sim/world.h"

namespace {

using namespace hearthgate;
using namespace hearthgate::sim;

// One of so many seeds is a run of circles too: signatures make it cost as much as several others.
constexpr uint64_t kCirclesEvery = 5;
// One of so many seeds is run a second time with slow links, small quotas and kinds that differ; others with little
// retention, and with the entities of a batch in any order.
constexpr uint64_t kAgainEvery = 4;
// A planted defect that is not found in as many seeds is not found; the rarest takes some thousand.
constexpr uint64_t kSeedsPerPlant = 10'000;

struct Options {
  uint64_t seeds = 1000;
  uint64_t first = 0;
  std::optional<uint64_t> one;
  std::optional<uint64_t> shrink;
  size_t homes = 0;
  size_t steps = 60;
  Variant variant;
  bool circles = false;
  bool trace = false;
  const Plant* plant = nullptr;
  bool all_plants = false;
};

struct Tally {
  std::atomic<uint64_t> passed = 0;
  std::atomic<uint64_t> failed = 0;

  void count(bool good) { ++(good ? passed : failed); }
};

// Of this thread's run.
thread_local volatile uint64_t current_seed = 0;

// Calls `work` with 0 to `count` - 1, on all processors; runs share nothing.
void onAllProcessors(uint64_t count, const std::function<void(uint64_t)>& work) {
  std::atomic<uint64_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned left = std::max(1u, std::thread::hardware_concurrency()); left > 0; --left) {
    threads.emplace_back([&] {
      for (uint64_t i; (i = next++) < count;) work(i);
    });
  }
}

void onAbort(int) {
  std::fprintf(stderr, "seed %llu ended in an assertion\n", static_cast<unsigned long long>(current_seed));
  std::_Exit(1);
}

std::vector<std::string> run(uint64_t seed, const Options& options, const std::set<size_t>& skip, bool trace) {
  current_seed = seed;
  std::unique_ptr<Tampering> defect = options.plant ? options.plant->make(seed) : nullptr;
  if (options.circles) return CircleWorld(seed, options.steps, trace, defect.get()).run(skip);
  Plan plan = makePlan(seed, options.homes, options.steps, options.variant);
  World world(plan, seed, trace, defect.get());
  return world.run(skip);
}

int shrink(uint64_t seed, const Options& options) {
  std::set<size_t> skip;
  // By its first word: with fewer steps another property may break, which is another defect.
  auto failure = [&] {
    auto failures = run(seed, options, skip, false);
    return failures.empty() ? std::string() : failures.front().substr(0, failures.front().find(' '));
  };
  std::string first = failure();
  if (first.empty()) {
    std::printf("seed %llu does not fail\n", static_cast<unsigned long long>(seed));
    return 0;
  }
  for (bool dropped = true; dropped;) {
    dropped = false;
    for (size_t i = options.steps; i-- > 0;) {
      if (skip.contains(i)) continue;
      skip.insert(i);
      if (failure() != first) {
        skip.erase(i);
      } else {
        dropped = true;
      }
    }
  }
  for (const std::string& text : run(seed, options, skip, true)) std::printf("failure: %s\n", text.c_str());
  return 1;
}

bool report(uint64_t seed, const Options& options) {
  auto failures = run(seed, options, {}, options.trace);
  if (failures.empty()) return true;
  std::string line = "seed " + std::to_string(seed);
  if (options.circles) line += " --circles";
  if (options.variant.limits) line += " --limits";
  if (options.variant.kinds) line += " --kinds";
  if (options.variant.retention) line += " --retention";
  if (options.variant.order) line += " --order";
  if (options.variant.fields) line += " --fields";
  line += ":";
  for (size_t i = 0; i < failures.size() && i < 3; ++i) line += " " + failures[i] + ";";
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
  return false;
}

// One seed, and again with what else every fourth runs with.
void runSeed(uint64_t seed, const Options& options, Tally* tally) {
  tally->count(report(seed, options));
  if (options.circles) return;
  if (seed % kCirclesEvery == 0 && !options.plant) {
    Options again = options;
    again.circles = true;
    tally->count(report(seed, again));
  }
  if (seed % kAgainEvery == 1 && !options.variant.order) {
    Options again = options;
    again.variant.order = true;
    tally->count(report(seed, again));
  }
  if (seed % kAgainEvery == kAgainEvery - 1 && !options.variant.fields) {
    Options again = options;
    again.variant.fields = true;
    tally->count(report(seed, again));
  }
  if (seed % kAgainEvery == kAgainEvery / 2 && !options.variant.retention) {
    Options again = options;
    again.variant.retention = true;
    tally->count(report(seed, again));
  }
  if (seed % kAgainEvery != 0 || options.variant.limits || options.variant.kinds) return;
  Options again = options;
  again.variant.limits = again.variant.kinds = true;
  tally->count(report(seed, again));
}

// Seeds that have failed once, each with the number of homes and steps of then, and what the run had beside its steps.
bool replayKept(Tally* tally) {
  std::ifstream file(HEARTHGATE_SIM_SEEDS);
  if (!file) {
    std::printf("%s cannot be read\n", HEARTHGATE_SIM_SEEDS);
    return false;
  }
  std::vector<Options> kept;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    Options options;
    unsigned long long seed = 0;
    if (std::sscanf(line.c_str(), "%llu %zu %zu", &seed, &options.homes, &options.steps) != 3) {
      std::printf("%s: '%s' is not SEED HOMES STEPS\n", HEARTHGATE_SIM_SEEDS, line.c_str());
      return false;
    }
    options.circles = line.find("--circles") != std::string::npos;
    options.variant.limits = line.find("--limits") != std::string::npos;
    options.variant.kinds = line.find("--kinds") != std::string::npos;
    options.variant.retention = line.find("--retention") != std::string::npos;
    options.variant.order = line.find("--order") != std::string::npos;
    options.variant.fields = line.find("--fields") != std::string::npos;
    options.one = seed;
    kept.push_back(options);
  }
  onAllProcessors(kept.size(), [&](uint64_t i) { tally->count(report(*kept[i].one, kept[i])); });
  return true;
}

// A planted defect has to be found; says after how many seeds.
void findPlant(const Plant& plant, Options options, Tally* tally) {
  options.plant = &plant;
  options.variant = plant.variant;
  options.circles = plant.of_circles;
  std::optional<std::string> failure;
  uint64_t seed = options.first;
  for (; seed < options.first + kSeedsPerPlant && !failure; ++seed) {
    auto failures = run(seed, options, {}, false);
    if (!failures.empty()) failure = failures.front();
  }
  std::string found = failure ? "found by seed " + std::to_string(seed - 1) + ": " + *failure : "NOT FOUND";
  std::printf("%s: a home that %s: %s\n", std::string(plant.name).c_str(), std::string(plant.what).c_str(), found.c_str());
  std::fflush(stdout);
  tally->count(failure.has_value());
}

const std::vector<Plant>& plants() {
  static const std::vector<Plant> all = allPlants();
  return all;
}

bool* switchOf(const std::string& name, Options* options) {
  if (name == "--trace") return &options->trace;
  if (name == "--circles") return &options->circles;
  if (name == "--plants") return &options->all_plants;
  if (name == "--limits") return &options->variant.limits;
  if (name == "--kinds") return &options->variant.kinds;
  if (name == "--retention") return &options->variant.retention;
  if (name == "--order") return &options->variant.order;
  if (name == "--fields") return &options->variant.fields;
  if (name == "--space") return &options->variant.space;
  return nullptr;
}

bool parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (bool* on = switchOf(name, options)) {
      *on = true;
      continue;
    }
    if (i + 1 == argc) return false;
    if (name == "--plant") {
      std::string wanted = argv[++i];
      for (const Plant& plant : plants()) {
        if (plant.name == wanted) options->plant = &plant;
      }
      if (!options->plant) return false;
      continue;
    }
    uint64_t value = std::strtoull(argv[++i], nullptr, 10);
    if (name == "--seeds") {
      options->seeds = value;
    } else if (name == "--first") {
      options->first = value;
    } else if (name == "--seed") {
      options->one = value;
    } else if (name == "--shrink") {
      options->shrink = value;
    } else if (name == "--homes" && value >= 2 && value <= 4) {
      options->homes = value;
    } else if (name == "--steps" && value <= 100'000) {
      options->steps = value;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, &options)) {
    std::printf(
        "hearthgate-sim [--seeds N] [--first S] [--seed S] [--shrink S] [--homes 2..4] [--steps N] [--trace]\n"
        "               [--circles] [--limits] [--kinds] [--order] [--space] [--plant NAME] [--plants]\n");
    return 2;
  }
  std::signal(SIGABRT, onAbort);
  if (options.shrink) return shrink(*options.shrink, options);
  Tally tally;
  if (options.all_plants) {
    onAllProcessors(plants().size(), [&](uint64_t i) {
      if (!options.plant || options.plant == &plants()[i]) findPlant(plants()[i], options, &tally);
    });
  } else if (options.one) {
    tally.count(report(*options.one, options));
  } else {
    if (!options.plant && !options.circles && !replayKept(&tally)) tally.count(false);
    onAllProcessors(options.seeds, [&](uint64_t i) { runSeed(options.first + i, options, &tally); });
  }
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(tally.passed),
              static_cast<unsigned long long>(tally.failed));
  return tally.failed == 0 ? 0 : 1;
}
