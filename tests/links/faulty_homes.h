// Two homes over real sockets with a proxy between them that does one thing wrong (support/fault_proxy.h), and what a
// sweep over all bytes of an exchange needs: clocks that can be put forward, time limits that do not keep a run
// waiting, the process's processor time, threads and descriptors.
#pragma once

#include <filesystem>
#include <future>
#include <map>
#include <set>

#include "lan/lan_transport.h"
#include "links/running_home.h"
#include "support/fault_proxy.h"
#include "support/standstills.h"
#include "trust/tuning.h"

namespace hearthgate::testing {

// From the command line; see faults_test.cpp.
struct SweepSettings {
  uint64_t every = 0;  // bytes from one fault to the next; 0: as each sweep chooses for a short run
  uint64_t from = 0;
  uint64_t to = UINT64_MAX;
  uint64_t seed = 1;  // where a sweep of every n-th byte begins, and which bits are flipped
  // How long a side may be silent before a dead link is noticed is twice this. Shorter sweeps faster, and needs a
  // machine that always gets round to a ping in time.
  int64_t ping_ms = 100;
  bool tell = false;  // each run that had to wait for a limit
};
inline SweepSettings sweep_settings;

class AcceptAll final : public sdk::RequestFilter {
 public:
  uint32_t check(const sdk::Request&) override { return 0; }
};

inline Standstills standstills;

// What tests wait for here takes milliseconds. A time in which the machine stood still does not count.
inline bool soon(const std::function<bool()>& holds, int64_t limit_ms) {
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + std::chrono::milliseconds(limit_ms - standstills.ms());
  while (!holds()) {
    if (steady_clock::now() > end + std::chrono::milliseconds(standstills.ms())) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline size_t entriesOf(const char* folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}
inline size_t descriptors() { return entriesOf("/proc/self/fd"); }
inline size_t threads() { return entriesOf("/proc/self/task"); }

inline int64_t processorUs(clockid_t of) {
  timespec time{};
  clock_gettime(of, &time);
  return time.tv_sec * 1'000'000 + time.tv_nsec / 1000;
}

class FaultyHomes {
 public:
  // A run that is not over by then hangs, also on a loaded machine with sanitizers.
  static constexpr int64_t kRunLimitMs = 40'000;
  // When the two have said nothing for so long, a time limit of the gateway is what they wait for: the ten seconds that
  // handshakes may take, for either side, and twice the interval of what a quiet link tells.
  static int64_t patienceMs() { return std::max<int64_t>(400, 4 * sweep_settings.ping_ms); }
  static constexpr int64_t kForwardMs = 11'000;
  // When no connection is open for so long, somebody waits before the next try, a pairing's joiner a second.
  static constexpr int64_t kNobodyMs = 30;
  static constexpr int64_t kNextTryMs = 1'100;
  // Below the two minutes after which a pairing is given up.
  static constexpr int64_t kForwardAtMostMs = 110'000;
  // T5: a pin that was not acknowledged goes after ten minutes.
  static constexpr int64_t kForwardToTheEndMs = 660'000;

  // `breaks`: whether the fault that is looked at ends links, so that dead ones should be noticed at once.
  explicit FaultyHomes(bool breaks)
      : may_forward_(breaks),
        beach(transport(breaks), "Beach", settings()),
        city(transport(breaks), "City", settings()),
        proxy(beach.port()) {}

  // Both clocks at once: neither home is to find the other's clock wrong.
  void putForward(int64_t ms) {
    beach.clock.putForward(ms);
    city.clock.putForward(ms);
  }

  // Waits until `holds`, calling `nudge` in between and putting the clocks forward where only a time limit can go on.
  bool wait(const std::function<bool()>& holds, const std::function<void()>& nudge = {},
            int64_t forward_at_most_ms = kForwardAtMostMs) {
    using std::chrono::steady_clock;
    auto talked = steady_clock::now();
    auto somebody = talked;
    uint64_t talk = proxy.talk();
    int64_t forwarded_ms = 0;
    int64_t still = standstills.ms();
    return soon(
        [&] {
          if (holds()) return true;
          if (nudge) nudge();
          if (!may_forward_) return false;
          const auto now = steady_clock::now();
          if (std::exchange(still, standstills.ms()) != still) talked = somebody = now;
          if (std::exchange(talk, proxy.talk()) != talk) talked = now;
          if (proxy.open() > 0) somebody = now;
          const bool limit = now - talked > std::chrono::milliseconds(patienceMs());
          if (!limit && now - somebody < std::chrono::milliseconds(kNobodyMs)) return false;
          const int64_t by_ms = limit ? kForwardMs : kNextTryMs;
          if (forwarded_ms + by_ms > forward_at_most_ms) return false;
          putForward(by_ms);
          forwarded_ms += by_ms;
          waited_for_limits = waited_for_limits || limit;
          talked = somebody = now;
          return false;
        },
        kRunLimitMs);
  }
  // Runs a call of the hub that waits by itself.
  template <typename Call>
  auto waitFor(Call call) {
    auto answer = std::async(std::launch::async, call);
    EXPECT_TRUE(wait([&] { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    return answer.get();
  }

  bool linked() { return beach.connectedTo(city) && city.connectedTo(beach); }
  bool parted() { return !beach.connectedTo(city) && !city.connectedTo(beach); }

  // A person who does not want to wait for the next try.
  void dialAgain() {
    const std::string state = city.hub().state(beach.id()).state;
    states.insert(state);
    if (state == "offline" || state == "refused") {
      lookWhy();
      EXPECT_TRUE(city.hub().connect(beach.id()).ok());
    }
  }

 private:
  // What a person is told: that there is no link, and what ended the last one or kept it from coming about.
  void lookWhy() {
    auto why = city.hub().why(beach.id(), {model::OwnerId(city.id()), "light.city"});
    if (!why.ok()) return;  // Not paired, or not any more.
    for (const sync::WhyStep& step : why->steps) {
      if (!step.detail.starts_with("Not connected")) continue;
      const bool told =
          step.detail.find("Last: ") != std::string::npos || step.detail.find("refused (") != std::string::npos;
      EXPECT_TRUE(told) << step.detail;
      for (char c : step.detail) {
        const auto octet = static_cast<unsigned char>(c);
        EXPECT_TRUE(octet >= 0x20 && octet != 0x7F) << "a control character in: " << step.detail;
      }
      std::string kind = step.detail;
      std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
      ++reasons[kind];
    }
  }

  const bool may_forward_;

 public:
  RunningHome beach;
  RunningHome city;
  FaultProxy proxy;
  bool waited_for_limits = false;
  std::set<std::string> states;             // that city showed of beach
  std::map<std::string, uint64_t> reasons;  // and why, without numbers

 private:
  static sync::LinkHubSettings settings() {
    sync::LinkHubSettings links;
    // Thousands of links come from one address.
    links.unauthenticated.links = links.unauthenticated.links_per_source = 1000;
    links.unauthenticated.per_second = 100'000;
    return links;
  }
  static RunningHome::MakeTransport transport(bool breaks) {
    static AcceptAll filter;
    return [breaks] {
      lan::LanSettings limits;
      // A fault that may not break a link must not meet a limit on a loaded machine either.
      limits.ping_interval = std::chrono::milliseconds(breaks ? sweep_settings.ping_ms : 5'000);
      limits.upgrade_timeout = std::chrono::milliseconds(breaks ? 2 * sweep_settings.ping_ms : 5'000);
      limits.close_timeout = std::chrono::milliseconds(150);
      return std::make_shared<lan::LanTransport>(limits, filter, [](sdk::Log::Level, std::string_view) {});
    };
  }
};

}  // namespace hearthgate::testing
