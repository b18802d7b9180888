#include "bench/load.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <thread>

namespace hearthgate::bench {

namespace {

constexpr int kSingleWaitS = 10;

void answer(const std::string& json) { std::cout << json << std::endl; }

std::string number(const char* name, int64_t value) {
  std::string text = "\"";
  text.append(name).append("\":").append(std::to_string(value));
  return text;
}

std::string write(const Load& load, Arrivals& arrivals, const std::vector<uint64_t>& arguments) {
  std::vector<Update> sent = updates(arguments.at(0), arguments.at(1), static_cast<int>(arguments.at(2)));
  arrivals.expect(sent);
  int64_t began = nowNs();
  load.write(sent);
  int64_t ended = nowNs();
  return "{" + number("began_ns", began) + "," + number("ended_ns", ended) + "}";
}

std::string wait(Arrivals& arrivals, const std::vector<uint64_t>& arguments) {
  Arrivals::Outcome outcome;
  bool level = arrivals.wait(static_cast<int>(arguments.at(0)), &outcome);
  return std::string("{\"level\":") + (level ? "true," : "false,") + number("first_ns", outcome.first_ns) + "," +
         number("level_ns", outcome.level_ns) + "," + number("states", static_cast<int64_t>(outcome.states)) + "}";
}

// From the client's call to the event, each alone; the next one is due at a fixed rate.
std::string single(const Load& load, Arrivals& arrivals, const std::vector<uint64_t>& arguments) {
  std::vector<Update> all = updates(arguments.at(0), arguments.at(1), 100);
  auto gap = std::chrono::nanoseconds(1'000'000'000 / arguments.at(2));
  auto due = std::chrono::steady_clock::now();
  std::vector<int64_t> times;
  for (const Update& one : all) {
    std::this_thread::sleep_until(due);
    due += gap;
    arrivals.expect({one});
    int64_t began = nowNs();
    load.single(one);
    Arrivals::Outcome outcome;
    if (arrivals.wait(kSingleWaitS, &outcome)) times.push_back(outcome.level_ns - began);
  }
  std::sort(times.begin(), times.end());
  auto at = [&](double part) {
    return times.empty() ? 0 : times[std::min(times.size() - 1, static_cast<size_t>(part * static_cast<double>(times.size())))] / 1000;
  };
  return "{" + number("seen", static_cast<int64_t>(times.size())) + "," + number("p50_us", at(0.5)) + "," +
         number("p99_us", at(0.99)) + "," + number("worst_us", at(1)) + "}";
}

}  // namespace

int serveLoad(const Load& load, Arrivals& arrivals) {
  answer("{\"ready\":true}");
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    std::vector<uint64_t> arguments;
    for (uint64_t value; words >> value;) arguments.push_back(value);
    std::string said;
    if (command == "write") said = write(load, arrivals, arguments);
    if (command == "wait") said = wait(arrivals, arguments);
    if (command == "single") said = single(load, arrivals, arguments);
    if (said.empty() && load.other) said = load.other(command, arguments);
    if (said.empty()) {
      std::fprintf(stderr, "unknown command: %s\n", line.c_str());
      return 2;
    }
    answer(said);
  }
  return 0;
}

}  // namespace hearthgate::bench
