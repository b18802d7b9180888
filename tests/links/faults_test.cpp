// One thing goes wrong at one byte of what two homes say to each other, for every byte and every kind of fault: from
// the first byte of a link to the last of what makes both level, and from a pairing code to two paired homes.
// Afterwards both are level, or paired, or told why not; nothing spins, and no descriptor and no thread is left over.
//
//   faults_test                          every n-th byte, a minute in all
//   faults_test --all                    every byte
//   faults_test --every 7 --seed 3       every seventh, beginning somewhere else
//   faults_test --ping 60                notices dead links sooner; for a quiet machine
//   faults_test --from 0 --to 1000       those bytes alone; --tell names the runs that waited for a time limit
#include <cstring>
#include <iostream>

#include "base/log.h"
#include "links/faulty_homes.h"

namespace hearthgate::testing {
namespace {

// Bytes of each connection and direction without a fault; of several exchanges the fewest, because pings, signatures
// and what is told in between differ.
struct Exchange {
  std::vector<std::array<uint64_t, 2>> bytes;
  std::vector<std::array<size_t, 2>> portions;

  void take(const FaultProxy& proxy) {
    const size_t connections = proxy.connections();
    if (bytes.empty()) {
      bytes.assign(connections, {UINT64_MAX, UINT64_MAX});
      portions.assign(connections, {SIZE_MAX, SIZE_MAX});
    }
    bytes.resize(std::min(bytes.size(), connections));
    portions.resize(bytes.size());
    for (size_t connection = 0; connection < bytes.size(); ++connection) {
      for (Direction direction : {Direction::kToListener, Direction::kToDialler}) {
        uint64_t& fewest = bytes[connection][static_cast<size_t>(direction)];
        fewest = std::min(fewest, proxy.bytes(connection, direction));
        size_t& few = portions[connection][static_cast<size_t>(direction)];
        few = std::min(few, proxy.portions(connection, direction));
      }
    }
  }
  void tell() const {
    for (const auto& [to_listener, to_dialler] : bytes) {
      std::cout << "a connection of " << to_listener << " bytes to the listener and " << to_dialler
                << " to the dialler\n";
    }
  }
};

std::string textOf(const FaultOrder& order) {
  return std::string(nameOf(order.fault)) + " at byte " + std::to_string(order.at) +
         (order.portion ? " of portion " + std::to_string(*order.portion) : "") + " of connection " +
         std::to_string(order.connection) +
         (order.direction == Direction::kToListener ? " to the listener" : " to the dialler") +
         (order.fault == Fault::kFlip ? ", bit " + std::to_string(order.bit) : "");
}

// What a sweep is measured by: processor time and what the process holds.
class Ledger {
 public:
  explicit Ledger(const char* name) : name_(name) {}

  void begin() {
    wall_ = std::chrono::steady_clock::now();
    busy_ = processorUs(CLOCK_PROCESS_CPUTIME_ID) - processorUs(CLOCK_THREAD_CPUTIME_ID);
  }
  // Of a run without a fault.
  void endClean() { clean_us_ = std::max(clean_us_, busyUs()); }
  // A faulted run costs the work of some links. What goes beyond, while it waits, would be a thread that spins.
  void end(const FaultOrder& order, bool fired) {
    const int64_t busy = busyUs();
    const int64_t wall =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - wall_).count();
    ++runs_;
    fired_ += fired;
    slowest_ms_ = std::max(slowest_ms_, wall / 1000);
    busy_us_ += busy;
    EXPECT_LT(busy, 6 * clean_us_ + wall * 2 / 5)
        << textOf(order) << ": " << busy << " us of " << wall << " us, a clean one " << clean_us_;
  }
  // `links`: that will be open when nothing is left over; each has two ends and goes through the proxy.
  void holdsNow(size_t links) {
    descriptors_ = descriptors() + 4 * links;
    threads_ = threads();
  }
  // The closing of a link may take the transport's second for the other side's goodbye.
  void expectNothingLeft() {
    EXPECT_TRUE(soon([&] { return descriptors() <= descriptors_ && threads() <= threads_; }, 10'000))
        << descriptors() << " descriptors after " << descriptors_ << ", " << threads() << " threads after " << threads_;
  }
  void waitedForLimit(const FaultOrder& order) {
    ++limits_;
    if (sweep_settings.tell) std::cout << "waited for a limit: " << textOf(order) << "\n";
  }
  void count(const std::string& what) { ++counted_[what]; }
  ~Ledger() {
    std::cout << name_ << ": " << runs_ << " runs, " << fired_ << " struck, " << limits_
              << " waited for a time limit, slowest " << slowest_ms_ << " ms, processor "
              << (runs_ ? busy_us_ / static_cast<int64_t>(runs_) : 0) << " us a run (" << clean_us_
              << " without a fault), the machine stood still for " << standstills.ms() << " ms";
    for (const auto& [what, times] : counted_) std::cout << "; " << what << " " << times;
    std::cout << std::endl;
  }
  uint64_t runs() const { return runs_; }
  uint64_t fired() const { return fired_; }

 private:
  int64_t busyUs() const {
    return processorUs(CLOCK_PROCESS_CPUTIME_ID) - processorUs(CLOCK_THREAD_CPUTIME_ID) - busy_;
  }

  const char* const name_;
  std::chrono::steady_clock::time_point wall_;
  int64_t busy_ = 0;
  int64_t clean_us_ = 0;
  int64_t busy_us_ = 0;
  int64_t slowest_ms_ = 0;
  uint64_t runs_ = 0, fired_ = 0, limits_ = 0;
  size_t descriptors_ = 0, threads_ = 0;
  std::map<std::string, uint64_t> counted_;
};

// Where nothing may go wrong, and something did, it is tried again.
constexpr int kTries = 5;

bool breaksLinks(Fault fault) { return fault != Fault::kStall && fault != Fault::kTrickle; }

class AFault : public ::testing::TestWithParam<Fault> {
 protected:
  // Whether it may have been the machine. Where links are to break, one ends when a single thread waits for its turn.
  static bool mayBeTheMachine(int64_t still) { return breaksLinks(GetParam()) || standstills.ms() != still; }

  // Every byte that a sweep looks at, both directions in turn; `every` of a short run.
  void sweep(const Exchange& clean, uint64_t every, const std::function<void(const FaultOrder&)>& run) {
    const uint64_t step = sweep_settings.every != 0 ? sweep_settings.every : every;
    for (size_t connection = 0; connection < clean.bytes.size(); ++connection) {
      for (Direction direction : {Direction::kToListener, Direction::kToDialler}) {
        const uint64_t size = clean.bytes[connection][static_cast<size_t>(direction)];
        uint64_t at =
            sweep_settings.from + (sweep_settings.seed * 7919 + static_cast<uint64_t>(GetParam()) * 31) % step;
        for (; at < std::min(size, sweep_settings.to); at += step) {
          const int bit = static_cast<int>((at / step + sweep_settings.seed) % 8);
          const FaultOrder order{GetParam(), direction, connection, at, bit, std::nullopt};
          SCOPED_TRACE(textOf(order));
          run(order);
          if (HasFatalFailure() || failedTooOften()) return;
        }
      }
    }
  }
  // The same for the beginning of every portion, which is mostly a message.
  void sweepMessages(const Exchange& clean, const std::function<void(const FaultOrder&)>& run) {
    if (sweep_settings.from > 0) return;
    // A run that waits until a dead link is noticed takes ten times as long as another.
    const bool waits = GetParam() == Fault::kDeaf || GetParam() == Fault::kSilence;
    const size_t step = waits && sweep_settings.every == 0 ? 2 : 1;
    for (size_t connection = 0; connection < clean.portions.size(); ++connection) {
      for (Direction direction : {Direction::kToListener, Direction::kToDialler}) {
        for (size_t portion = step == 1 ? 0 : static_cast<size_t>(direction);
             portion < clean.portions[connection][static_cast<size_t>(direction)]; portion += step) {
          const FaultOrder order{GetParam(), direction, connection, 0, 0, portion};
          SCOPED_TRACE(textOf(order));
          run(order);
          if (HasFatalFailure() || failedTooOften()) return;
        }
      }
    }
  }
  // A fault of the gateway shows at many bytes; the first ones tell it.
  static bool failedTooOften() {
    return ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count() > 20;
  }
};

// --- a link of two paired homes
// ----------------------------------------------------------------------------------------

class OnALink : public AFault {
 protected:
  void SetUp() override {
    ledger.holdsNow(1);
    std::string failure;
    for (int left = kTries; left > 0 && !homes.linked(); --left) {
      auto code = homes.beach.hub().openPairing(300, true);
      ASSERT_TRUE(code.ok());
      auto joined = homes.waitFor([&] { return homes.city.hub().join(code->code, homes.proxy.address(), true); });
      failure = joined.ok() ? "" : joined.error().message;
      if (joined.ok() || !mayBeTheMachine(0)) break;
    }
    ASSERT_EQ(failure, "");
    homes.beach.grant(homes.city.id(), "*", model::Access::kWrite);
    homes.city.grant(homes.beach.id(), "*", model::Access::kWrite);
    ASSERT_TRUE(soon([&] { return homes.linked(); }, 10'000));
  }

  std::string value() const { return R"({"n":)" + std::to_string(number_) + "}"; }
  void write() {
    ++number_;
    ASSERT_TRUE(homes.beach.put("light.beach", value()).ok());
    ASSERT_TRUE(homes.city.put("light.city", value()).ok());
  }
  bool arrived() {
    return homes.linked() && homes.city.shown("light.beach", homes.beach.id()) == value() &&
           homes.beach.shown("light.city", homes.city.id()) == value();
  }
  void settle() {
    ASSERT_TRUE(homes.wait([&] { return arrived(); }, [&] { homes.dialAgain(); })) << "the homes do not get level";
    sync::SyncAnswer answer;
    ASSERT_TRUE(homes.wait(
        [&] {
          auto level = homes.waitFor([&] { return homes.city.hub().sync(homes.beach.id()); });
          if (level.ok()) answer = *level;
          return answer.level;
        },
        [&] { homes.dialAgain(); }))
        << "the homes are not level: " << answer.reason;
    EXPECT_EQ(answer.held, 0u);
    EXPECT_EQ(answer.refused, 0u);
  }
  uint64_t bytesNow() {
    return homes.proxy.bytes(0, Direction::kToListener) + homes.proxy.bytes(0, Direction::kToDialler);
  }

  // A link from its first byte to level, then, when `periodic`, what is told on a quiet link, and a further change.
  void run(const FaultOrder& order, bool periodic) {
    homes.waited_for_limits = false;
    homes.proxy.cutAndArm(order);
    write();
    if (HasFatalFailure()) return;
    ASSERT_TRUE(homes.wait([&] { return homes.parted() || homes.proxy.connections() > 0; }));
    settle();
    if (HasFatalFailure() || !periodic || (homes.proxy.fired() && order.fault != Fault::kNone)) return;
    const uint64_t before = bytesNow();
    homes.putForward(31'000);
    // Two places, a message each way; or the fault is among them.
    ASSERT_TRUE(homes.wait([&] {
      return bytesNow() >= before + 4 * 40 || homes.proxy.fired() || homes.proxy.connections() > 1;
    })) << "a quiet link tells nothing";
    write();
    if (!HasFatalFailure()) settle();
  }

  FaultyHomes homes{breaksLinks(GetParam())};
  Ledger ledger{nameOf(GetParam())};
  int number_ = 0;
};

TEST_P(OnALink, EndsWithBothHomesLevel) {
  Exchange until_level, clean;
  for (int warm = 0; warm < 3; ++warm) {
    run({}, false);
    ASSERT_FALSE(HasFatalFailure());
    until_level.take(homes.proxy);
    ledger.begin();
    run({}, true);
    ASSERT_FALSE(HasFatalFailure());
    ledger.endClean();
    clean.take(homes.proxy);
  }
  clean.tell();
  ledger.expectNothingLeft();
  auto strike = [&](const FaultOrder& order) {
    const int64_t still = standstills.ms();
    ledger.begin();
    run(order, order.portion || order.at + 200 >= until_level.bytes[0][static_cast<size_t>(order.direction)]);
    ledger.end(order, homes.proxy.fired());
    if (homes.waited_for_limits) ledger.waitedForLimit(order);
    if (!breaksLinks(order.fault) && standstills.ms() == still) {
      EXPECT_EQ(homes.proxy.connections(), 1u) << "a link broke";
    }
    if (ledger.runs() % 100 == 0) ledger.expectNothingLeft();
  };
  sweepMessages(clean, strike);
  sweep(clean, 611, strike);
  ledger.expectNothingLeft();
  static const std::set<std::string> kStates{"connected", "connecting", "offline", "refused"};
  for (const std::string& state : homes.states) EXPECT_TRUE(kStates.contains(state)) << state;
  if (breaksLinks(GetParam())) {
    EXPECT_FALSE(homes.reasons.empty()) << "nobody was told that a link had ended";
  }
  if (sweep_settings.tell) {
    for (const auto& [reason, times] : homes.reasons) std::cout << times << " times: " << reason << "\n";
  }
  EXPECT_GE(ledger.fired() * 4, ledger.runs() * 3) << "too few faults struck";
}

// The heads of a WebSocket message (RFC 6455 section 5.2: 2 bytes, 2 of length when it is longer than 125, 4 of the
// mask of who dialled) and of the TLS record in it: a length that was changed must not let a link stand still.
using OnALinksLengths = OnALink;

TEST_P(OnALinksLengths, EndsWithBothHomesLevel) {
  constexpr uint64_t kHeadBytes = 2 + 2 + 4 + 5;
  std::array<size_t, 2> last{};
  for (int warm = 0; warm < 2; ++warm) {
    ledger.begin();
    run({}, false);
    ASSERT_FALSE(HasFatalFailure());
    ledger.endClean();
    last = {homes.proxy.portions(0, Direction::kToListener), homes.proxy.portions(0, Direction::kToDialler)};
  }
  for (Direction direction : {Direction::kToListener, Direction::kToDialler}) {
    // What follows the handshake: hello and what it brings about.
    const size_t portions = last[static_cast<size_t>(direction)];
    ASSERT_GE(portions, 5u);
    for (size_t portion : {size_t{3}, portions - 2}) {
      for (uint64_t at = 0; at < kHeadBytes; ++at) {
        // The length's bits that stay within what a message may have, and by turns another one.
        for (int bit : {static_cast<int>(at % 8), 4}) {
          const FaultOrder order{GetParam(), direction, 0, at, bit, portion};
          SCOPED_TRACE(textOf(order));
          ledger.begin();
          run(order, false);
          ledger.end(order, homes.proxy.fired());
          if (HasFatalFailure()) return;
          if (homes.waited_for_limits) ledger.waitedForLimit(order);
        }
      }
    }
  }
  ledger.expectNothingLeft();
  EXPECT_GE(ledger.fired() * 2, ledger.runs()) << "too few faults struck";
}

const auto kAllFaults = ::testing::Values(Fault::kCut, Fault::kEnd, Fault::kFlip, Fault::kLose, Fault::kTwice,
                                          Fault::kStall, Fault::kTrickle, Fault::kDeaf, Fault::kSilence);
std::string faultName(const ::testing::TestParamInfo<Fault>& info) { return nameOf(info.param); }

INSTANTIATE_TEST_SUITE_P(Sweep, OnALink, kAllFaults, faultName);
INSTANTIATE_TEST_SUITE_P(Sweep, OnALinksLengths, ::testing::Values(Fault::kFlip), faultName);

// --- a pairing
// ---------------------------------------------------------------------------------------------------------

class OnAPairing : public AFault {
 protected:
  bool knows(RunningHome& one, RunningHome& other) {
    auto row = one.rowOf(other);
    return row && (row->state == store::PeerState::kPaired || row->state == store::PeerState::kUnacknowledged);
  }
  bool paired() {
    auto is = [](const std::optional<store::Peer>& row) { return row && row->state == store::PeerState::kPaired; };
    return homes.linked() && is(homes.beach.rowOf(homes.city)) && is(homes.city.rowOf(homes.beach));
  }

  // From a code to two paired homes, or to a reason; gives its code, empty when they are paired.
  void run(const FaultOrder& order, std::string* code) {
    homes.waited_for_limits = false;
    homes.proxy.cutAndArm(order);
    auto opened = homes.beach.hub().openPairing(300, true);
    ASSERT_TRUE(opened.ok());
    auto joined = homes.waitFor([&] { return homes.city.hub().join(opened->code, homes.proxy.address(), true); });
    *code = joined.ok() ? "" : joined.error().code;
    if (joined.ok()) {
      EXPECT_EQ(joined->state, "done");
      ASSERT_TRUE(homes.wait([&] { return paired(); }, [&] { homes.dialAgain(); })) << "joined, and not paired";
    } else {
      static const std::set<std::string> kCodes{"pairing_unreachable", "pairing_not_a_home", "pairing_wrong_code",
                                                "pairing_not_open",    "pairing_throttled",  "pairing_refused",
                                                "pairing_version"};
      EXPECT_TRUE(kCodes.contains(joined.error().code)) << joined.error().code << ": " << joined.error().message;
      EXPECT_FALSE(joined.error().message.empty());
      // T5: nothing or both. What the listener still holds in memory goes by its time limit.
      ASSERT_TRUE(
          homes.wait([&] { return paired() || (!knows(homes.beach, homes.city) && !knows(homes.city, homes.beach)); },
                     {}, FaultyHomes::kForwardToTheEndMs))
          << "one is paired and the other is not";
      EXPECT_FALSE(paired()) << "paired, and the person was told " << *code;
    }
  }
  void runClean(std::string* code) {
    for (int left = kTries; left > 0; --left) {
      const int64_t still = standstills.ms();
      run({}, code);
      if (HasFatalFailure() || code->empty() || !mayBeTheMachine(still)) return;
      part();
    }
  }
  void part() {
    for (auto [one, other] : {std::pair(&homes.beach, &homes.city), std::pair(&homes.city, &homes.beach)}) {
      if (!knows(*one, *other)) continue;
      ASSERT_TRUE(one->hub().forget(other->id()).ok());
    }
    // Only so many pairing handshakes are let in a minute (T1).
    homes.putForward(61'000);
  }

  FaultyHomes homes{breaksLinks(GetParam())};
};

TEST_P(OnAPairing, EndsWithBothPairedOrNeither) {
  Ledger ledger(nameOf(GetParam()));
  ledger.holdsNow(0);
  Exchange clean;
  std::string code;
  for (int warm = 0; warm < 3; ++warm) {
    ledger.begin();
    runClean(&code);
    ASSERT_FALSE(HasFatalFailure());
    ledger.endClean();
    ASSERT_EQ(code, "");
    clean.take(homes.proxy);
    part();
    ASSERT_FALSE(HasFatalFailure());
  }
  clean.tell();
  ASSERT_EQ(clean.bytes.size(), 2u);
  ledger.expectNothingLeft();
  auto strike = [&](const FaultOrder& order) {
    const int64_t still = standstills.ms();
    ledger.begin();
    run(order, &code);
    ledger.end(order, homes.proxy.fired());
    if (homes.waited_for_limits) ledger.waitedForLimit(order);
    ledger.count(code.empty() ? "paired" : code);
    if (!breaksLinks(order.fault) && standstills.ms() == still) {
      EXPECT_EQ(code, "");
    }
    if (!HasFatalFailure()) part();
    if (ledger.runs() % 100 == 0) ledger.expectNothingLeft();
  };
  sweepMessages(clean, strike);
  sweep(clean, 797, strike);
  runClean(&code);
  EXPECT_EQ(code, "") << "nothing goes wrong any more, and they do not pair";
  part();
  ledger.expectNothingLeft();
  EXPECT_GE(ledger.fired() * 4, ledger.runs() * 3) << "too few faults struck";
}

INSTANTIATE_TEST_SUITE_P(Sweep, OnAPairing, kAllFaults, faultName);

}  // namespace
}  // namespace hearthgate::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  hearthgate::setLogLevel(hearthgate::LogLevel::kWarning);  // Thousands of links end.
  auto& settings = hearthgate::testing::sweep_settings;
  for (int at = 1; at < argc; ++at) {
    const std::string name = argv[at];
    if (name == "--all") {
      settings.every = 1;
      continue;
    }
    if (name == "--tell") {
      settings.tell = true;
      continue;
    }
    if (name == "--ping" && at + 1 < argc) {
      settings.ping_ms = std::atol(argv[++at]);
      continue;
    }
    uint64_t* value = name == "--every"  ? &settings.every
                      : name == "--from" ? &settings.from
                      : name == "--to"   ? &settings.to
                      : name == "--seed" ? &settings.seed
                                         : nullptr;
    if (value == nullptr || at + 1 == argc) {
      std::cerr << "faults_test: '" << name << "' is no option, or lacks its number\n";
      return 2;
    }
    *value = std::strtoull(argv[++at], nullptr, 10);
  }
  return RUN_ALL_TESTS();
}
