// Many homes that read from one gateway, and the clients that write at it: what tests/bench/many_homes tells to do, a
// line at a time, each answered with a line of JSON. An entity of a group is shared with the homes of that group alone.
//
//   peer_homes HOMES GROUPS          {"homes":[ID...]}
//   pair NUMBER CODE PORT            one home, with the gateway's sync port              {"paired"}
//   fill ADMIN TOKEN COUNT COMMON    entities in bulk, COMMON of them shared with all    {"entities"}
//   dial PORT LIMIT_S                all of them, until each is level                    {"level","seconds",...}
//   cut PORT LIMIT_S                 all links at once, until each is level again        the same
//   hangup                                                                               {"linked"}
//   write ADMIN TOKEN KIND SEED PER_S SECONDS LIMIT_S
//                                    single durable PUTs at a rate, of entities of the groups (KIND groups) or of the
//                                    common ones (KIND all)                              {"p50_us","missing",...}
//   changes ADMIN TOKEN SEED COUNT   in bulk, of common entities; watched for like `write` by the next `arrived`
//   arrived LIMIT_S                                                                      {"missing",...}
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <optional>
#include <sstream>
#include <thread>
#include <unordered_map>

#include "bench/peer_crowd.h"
#include "bench/rest.h"

namespace hearthgate::bench {
namespace {

// Connections of the clients: enough that a rate is kept although each call waits for its commit; the gateway keeps 24.
constexpr size_t kClients = 16;

std::string number(const char* name, int64_t value) {
  std::string text = "\"";
  return text.append(name).append("\":").append(std::to_string(value));
}

// Which homes have seen which update, and when.
class Watch {
 public:
  explicit Watch(size_t homes) : homes_(homes) {}

  // Home h is of group h % groups, entity e of group e % groups; `common`: all homes are to see all of them.
  void expect(const std::vector<Update>& all, size_t groups, bool common) {
    std::lock_guard lock(mutex_);
    updates_.clear();
    by_token_.clear();
    latencies_.clear();
    strays_ = doubles_ = 0;
    updates_.resize(all.size());
    missing_ = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      Expected& one = updates_[i];
      one.group = common ? SIZE_MAX : static_cast<size_t>(all[i].entity) % groups;
      one.seen.assign(homes_, false);
      missing_ += common ? homes_ : homes_ / groups;
      by_token_.emplace(all[i].token, i);
    }
    groups_ = groups;
  }
  void due(size_t update, int64_t ns) { updates_[update].due_ns.store(ns, std::memory_order_relaxed); }

  void seen(size_t home, std::string_view version) {
    int64_t now = nowNs();
    std::lock_guard lock(mutex_);
    auto at = by_token_.find(std::string(tokenIn(version)));
    if (at == by_token_.end()) return;
    Expected& one = updates_[at->second];
    if (one.group != SIZE_MAX && one.group != home % groups_) {
      ++strays_;
    } else if (one.seen[home]) {
      ++doubles_;
    } else {
      one.seen[home] = true;
      if (int64_t due_ns = one.due_ns.load(std::memory_order_relaxed)) latencies_.push_back(now - due_ns);
      if (--missing_ == 0) all_seen_.notify_all();
    }
  }

  std::string wait(int limit_s) {
    std::unique_lock lock(mutex_);
    all_seen_.wait_for(lock, std::chrono::seconds(limit_s), [&] { return missing_ == 0; });
    std::sort(latencies_.begin(), latencies_.end());
    auto at = [&](double part) {
      size_t index = static_cast<size_t>(part * static_cast<double>(latencies_.size()));
      return latencies_.empty() ? 0 : latencies_[std::min(latencies_.size() - 1, index)] / 1000;
    };
    auto late = [&](int64_t ns) {
      return latencies_.end() - std::upper_bound(latencies_.begin(), latencies_.end(), ns);
    };
    return number("arrivals", static_cast<int64_t>(latencies_.size())) + "," +
           number("missing", static_cast<int64_t>(missing_)) + "," + number("strays", strays_) + "," +
           number("doubles", doubles_) + "," + number("p50_us", at(0.5)) + "," + number("p99_us", at(0.99)) + "," +
           number("worst_us", at(1)) + "," + number("over_100_ms", late(100'000'000));
  }

 private:
  struct Expected {
    size_t group = 0;
    std::atomic<int64_t> due_ns{0};
    std::vector<bool> seen;
  };
  const size_t homes_;
  std::mutex mutex_;
  std::condition_variable all_seen_;
  std::deque<Expected> updates_;
  std::unordered_map<std::string, size_t> by_token_;
  std::vector<int64_t> latencies_;
  size_t groups_ = 1;
  size_t missing_ = 0;
  int64_t strays_ = 0;  // came to a home that may not read it
  int64_t doubles_ = 0;
};

class Program {
 public:
  Program(size_t homes, size_t groups)
      : groups_(groups),
        watch_(homes),
        crowd_(homes, [this](size_t home, std::string_view version) { watch_.seen(home, version); }) {
    std::string ids;
    for (size_t i = 0; i < homes; ++i) ids += (i ? ",\"" : "\"") + crowd_.home(i).identity().home().text() + "\"";
    answer("\"homes\":[" + ids + "]");
  }

  // False for an unknown command.
  bool run(std::istringstream& words) {
    std::string command;
    words >> command;
    if (command == "pair") return pair(words);
    if (command == "fill") return fill(words);
    if (command == "dial" || command == "cut") return dial(command, words);
    if (command == "hangup") {
      crowd_.hangUp();
      answer(number("linked", static_cast<int64_t>(crowd_.figures().linked)));
      return true;
    }
    if (command == "write") return write(words);
    if (command == "changes") return changes(words);
    if (command == "arrived") {
      int limit_s = 0;
      words >> limit_s;
      answer(watch_.wait(limit_s));
      return true;
    }
    return false;
  }

 private:
  static void answer(const std::string& members) { std::cout << "{" << members << "}" << std::endl; }
  std::string idOf(int entity) const {
    return "light.g" + std::to_string(static_cast<size_t>(entity) % groups_) + "_" + std::to_string(entity);
  }
  static std::string commonId(int entity) { return "light.all_" + std::to_string(entity); }

  bool pair(std::istringstream& words) {
    size_t home = 0;
    std::string code;
    int port = 0;
    words >> home >> code >> port;
    Status status = crowd_.pair(home, code, port);
    if (!status.ok())
      std::fprintf(stderr, "home %zu: %s: %s\n", home, status.error().code.c_str(), status.error().message.c_str());
    answer(std::string("\"paired\":") + (status.ok() ? "true" : "false"));
    return true;
  }

  bool fill(std::istringstream& words) {
    int port = 0;
    std::string token;
    words >> port >> token >> entities_ >> common_;
    RestConnection gateway(port, token);
    gateway.putAll(updates(1, static_cast<size_t>(entities_ - common_), entities_ - common_),
                   [&](int n) { return idOf(n); });
    gateway.putAll(updates(2, static_cast<size_t>(common_), common_), commonId);
    answer(number("entities", entities_));
    return true;
  }

  bool dial(const std::string& command, std::istringstream& words) {
    int port = 0, limit_s = 0;
    words >> port >> limit_s;
    PeerCrowd::Figures before = crowd_.figures();
    int64_t began = nowNs();
    size_t cut = 0;
    if (command == "cut") {
      cut = crowd_.cut(port);
    } else {
      crowd_.dial(port);
    }
    bool level = crowd_.waitLevel(limit_s);
    PeerCrowd::Figures after = crowd_.figures();
    if (!level)
      std::fprintf(stderr, "not level: %zu of %zu; %s\n", after.level, crowd_.size(), crowd_.lastError().c_str());
    auto ms = [&](int64_t ns) { return ns == 0 ? 0 : (ns - began) / 1'000'000; };
    answer(std::string("\"level\":") + (level ? "true," : "false,") + number("cut", static_cast<int64_t>(cut)) + "," +
           number("first_ms", ms(after.first_level_ns)) + "," + number("level_ms", ms(after.last_level_ns)) + "," +
           number("dials", static_cast<int64_t>(after.dials - before.dials)) + "," +
           number("failed_dials", static_cast<int64_t>(after.failed - before.failed)) + "," +
           number("batches", static_cast<int64_t>(after.batches - before.batches)) + "," +
           number("versions", static_cast<int64_t>(after.versions - before.versions)));
    return true;
  }

  bool changes(std::istringstream& words) {
    int port = 0, count = 0;
    std::string token;
    uint64_t seed = 0;
    words >> port >> token >> seed >> count;
    if (count > common_) return false;  // A second state of one entity would hide the first.
    std::vector<Update> all = updates(seed, static_cast<size_t>(count), count);
    watch_.expect(all, groups_, true);
    RestConnection(port, token).putAll(all, commonId);
    answer(number("changes", count));
    return true;
  }

  // Latency counts from when a call was due, so that one that waits for a slow one before it is not taken for fast.
  bool write(std::istringstream& words) {
    int port = 0;
    std::string token, kind;
    uint64_t seed = 0, per_s = 1, seconds = 0;
    int limit_s = 0;
    words >> port >> token >> kind >> seed >> per_s >> seconds >> limit_s;
    bool common = kind == "all";
    std::vector<Update> all = updates(seed, per_s * seconds, common ? common_ : entities_ - common_);
    watch_.expect(all, groups_, common);
    PeerCrowd::Figures before = crowd_.figures();
    std::atomic<size_t> next{0};
    std::vector<int64_t> calls(all.size());
    std::vector<std::thread> clients;
    int64_t began = nowNs() + 10'000'000;
    int64_t gap = 1'000'000'000 / static_cast<int64_t>(per_s);
    for (size_t i = 0; i < kClients; ++i) {
      clients.emplace_back([&] {
        std::optional<RestConnection> gateway;
        int64_t used = 0;
        for (size_t mine; (mine = next++) < all.size();) {
          int64_t due = began + static_cast<int64_t>(mine) * gap;
          if (int64_t left = due - nowNs(); left > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(left));
          // The gateway closes a connection that says nothing for ten seconds.
          if (!gateway || nowNs() - used > 5'000'000'000) gateway.emplace(port, token);
          watch_.due(mine, due);
          gateway->put(common ? commonId(all[mine].entity) : idOf(all[mine].entity), all[mine]);
          used = nowNs();
          calls[mine] = used - due;
        }
      });
    }
    for (std::thread& client : clients) client.join();
    double took = static_cast<double>(nowNs() - began) / 1e9;
    std::string said = watch_.wait(limit_s);
    PeerCrowd::Figures after = crowd_.figures();
    std::sort(calls.begin(), calls.end());
    answer(number("updates", static_cast<int64_t>(all.size())) + "," +
           number("per_s", static_cast<int64_t>(static_cast<double>(all.size()) / took)) + "," + said + "," +
           number("call_p50_us", calls[calls.size() / 2] / 1000) + "," +
           number("call_p99_us", calls[calls.size() * 99 / 100] / 1000) + "," +
           number("batches", static_cast<int64_t>(after.batches - before.batches)) + "," +
           number("linked", static_cast<int64_t>(after.linked)));
    return true;
  }

  const size_t groups_;
  int entities_ = 0;
  int common_ = 0;
  Watch watch_;
  PeerCrowd crowd_;
};

}  // namespace
}  // namespace hearthgate::bench

int main(int count, char** arguments) {
  if (count != 3 || std::atoi(arguments[1]) < 1 || std::atoi(arguments[2]) < 1) {
    std::fprintf(stderr, "usage: peer_homes HOMES GROUPS\n");
    return 2;
  }
  hearthgate::bench::Program program(static_cast<size_t>(std::atoi(arguments[1])),
                                     static_cast<size_t>(std::atoi(arguments[2])));
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    if (program.run(words)) continue;
    std::fprintf(stderr, "unknown command: %s\n", line.c_str());
    return 2;
  }
  return 0;
}
