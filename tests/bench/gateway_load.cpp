// Load on two homes: writes at one through its REST interface and watches the events of the other.
//
//   gateway_load PORT_A TOKEN_A PORT_B TOKEN_B [CIRCLE]    (commands: load.h, and:)
//   puts CONNECTIONS COUNT       single durable PUTs at A over so many connections     {"per_s"}
//   expect SEED COUNT ENTITIES   waits for what another program is about to write      {"expected"}
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include "bench/load.h"
#include "bench/rest.h"

using namespace hearthgate::bench;

namespace {

constexpr int64_t kIdleNs = 5'000'000'000;

std::string puts(int port, const std::string& token, const std::vector<uint64_t>& arguments) {
  size_t connections = arguments.at(0), count = arguments.at(1);
  std::vector<Update> all = updates(99, count, 1000);
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  int64_t began = nowNs();
  for (size_t i = 0; i < connections; ++i) {
    threads.emplace_back([&] {
      RestConnection home(port, token);
      for (size_t mine; (mine = next++) < all.size();) home.put(entityId(all[mine].entity), all[mine]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  double seconds = static_cast<double>(nowNs() - began) / 1e9;
  return "{\"per_s\":" + std::to_string(static_cast<int64_t>(static_cast<double>(count) / seconds)) + "}";
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5 && count != 6) {
    std::fprintf(stderr, "usage: gateway_load PORT_A TOKEN_A PORT_B TOKEN_B [CIRCLE]\n");
    return 2;
  }
  const std::string owner = count == 6 ? std::string("@") + arguments[5] : std::string();
  auto idOf = [&](int entity) { return entityId(entity) + owner; };
  int port = std::atoi(arguments[1]);
  std::string token = arguments[2];
  Arrivals arrivals;
  std::atomic<bool> ends{false}, opened{false};
  RestConnection watching(std::atoi(arguments[3]), arguments[4]);
  std::thread watch([&] {
    watching.events(
        "/api/v1/events?types=entity", ends, [&](std::string_view data) { arrivals.seen(tokenIn(data)); }, &opened);
    if (ends) return;
    std::fprintf(stderr, "gateway_load: the stream of events ended\n");
    std::_Exit(1);
  });
  opened.wait(false);
  std::optional<RestConnection> home;
  int64_t used_ns = 0;
  // The gateway closes a connection that says nothing for ten seconds.
  auto kept = [&]() -> RestConnection& {
    if (!home || nowNs() - used_ns > kIdleNs) home.emplace(port, token);
    used_ns = nowNs();
    return *home;
  };
  Load load;
  load.write = [&](const std::vector<Update>& all) { kept().putAll(all, idOf); };
  load.single = [&](const Update& one) { kept().put(idOf(one.entity), one); };
  load.other = [&](const std::string& command, const std::vector<uint64_t>& given) {
    if (command == "expect") {
      arrivals.expect(updates(given.at(0), given.at(1), static_cast<int>(given.at(2))));
      return std::string("{\"expected\":true}");
    }
    return command == "puts" ? puts(port, token, given) : std::string();
  };
  int status = serveLoad(load, arrivals);
  ends = true;
  watching.end();
  watch.join();
  return status;
}
