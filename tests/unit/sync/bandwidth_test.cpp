#include <algorithm>
#include <vector>

#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

constexpr uint64_t kLimit = 10'000;  // bytes a second
constexpr int kEntities = 400;

// A, whose link is limited, has some hundred kilobytes for B.
class BandwidthLimit : public PairOfHomes {
 protected:
  BandwidthLimit() {
    limit(kLimit);
    on_batch = [this](Home& from, const std::string& batch) {
      if (&from == &a) sent.push_back({a.clock().steadyMs(), batch.size()});
    };
  }

  void limit(uint64_t bytes_per_s) {
    sim::Limits limits;
    limits.bandwidth = bytes_per_s;
    a.setLimits(limits);
    a.start(a.image(), Home::Start::kClean);
  }
  void fill() {
    ASSERT_TRUE(a.grant(b.id(), "*", Access::kRead).ok());
    a.commit([&] {
      a.core().beginChange(a.id(), "test", "bulk");
      for (int i = 0; i < kEntities; ++i) {
        engine::WriteOrder order;
        order.address = of(a, "light.n" + std::to_string(i));
        order.fields = *model::parseJson("{\"state\":\"" + std::string(1000, 'x') + "\"}", 8);
        ASSERT_TRUE(a.core().write(order).ok());
      }
      a.core().endChange();
    });
  }
  size_t arrived() {
    size_t count = 0;
    for (int i = 0; i < kEntities; ++i) count += b.siblings(of(a, "light.n" + std::to_string(i))).size();
    return count;
  }
  size_t bytes() const {
    size_t all = 0;
    for (const Sent& batch : sent) all += batch.bytes;
    return all;
  }
  size_t largest() const {
    size_t most = 0;
    for (const Sent& batch : sent) most = std::max(most, batch.bytes);
    return most;
  }

  struct Sent {
    int64_t at_ms;
    size_t bytes;
  };
  std::vector<Sent> sent;
};

TEST_F(BandwidthLimit, ThatNoNumberCanHoldHoldsNothingUp) {
  // As it may stand in a damaged database.
  limit(3'184'395'680'760'201'216);
  fill();
  connect();
  settle();
  EXPECT_EQ(arrived(), static_cast<size_t>(kEntities));
}

TEST_F(BandwidthLimit, DelaysAndDropsNothing) {
  fill();
  connect();
  settle();
  EXPECT_LT(arrived(), static_cast<size_t>(kEntities));
  for (int second = 0; second < 200 && arrived() < kEntities; ++second) pass(1000);
  EXPECT_EQ(arrived(), static_cast<size_t>(kEntities));
  expectSame(of(a, "light.n0"));
  expectSame(of(a, "light.n" + std::to_string(kEntities - 1)));
  EXPECT_TRUE(a.replicator().levelTowards(b.id()));
  EXPECT_TRUE(closed.empty());
}

TEST_F(BandwidthLimit, IsTheRateInTheLongRun) {
  for (int64_t step_ms : {1000, 100, 3}) {
    fill();
    connect();
    settle();
    sent.clear();
    for (int64_t passed_ms = 0; passed_ms < 20'000; passed_ms += step_ms) pass(step_ms);
    ASSERT_GT(sent.size(), 2u);
    // From batch to batch: each one is paid for before the next leaves.
    int64_t took_ms = sent.back().at_ms - sent.front().at_ms;
    double rate = 1000.0 * static_cast<double>(bytes() - sent.back().bytes) / static_cast<double>(took_ms);
    EXPECT_NEAR(rate, kLimit, kLimit * 0.04 + 1000.0 * static_cast<double>(largest()) / 20'000 * (step_ms == 1000))
        << step_ms;
    cut();
    b.start({}, Home::Start::kClean);
    b.commit([&] { b.core().admit(a.id()); });
  }
}

TEST_F(BandwidthLimit, SendsNoMoreAtOnceThanTheBucketAndOneBatch) {
  fill();
  connect();
  settle();
  for (int step = 0; step < 600; ++step) pass(100);
  // In whatever span of time one looks at it.
  for (size_t i = 0; i < sent.size(); ++i) {
    size_t in_span = 0;
    for (size_t k = i; k < sent.size(); ++k) {
      in_span += sent[k].bytes;
      auto earned = static_cast<size_t>(sent[k].at_ms - sent[i].at_ms) * kLimit / 1000;
      EXPECT_LE(in_span, earned + kLimit + sent[k].bytes) << "from batch " << i << " to " << k;
    }
  }
}

TEST_F(BandwidthLimit, SavesUpNoMoreThanASecond) {
  connect();
  settle();
  pass(3'600'000);
  sent.clear();
  fill();
  settle();
  EXPECT_LE(bytes(), kLimit + largest());
}

TEST_F(BandwidthLimit, LeavesShortThingsAndTheOtherDirectionAlone) {
  fill();
  ASSERT_TRUE(b.grant(a.id(), "*", Access::kRead).ok());
  connect();
  settle();
  // Rules, replica ids, acknowledgements and what B has are not delayed while A's bucket is empty.
  ASSERT_LT(arrived(), static_cast<size_t>(kEntities));
  ASSERT_TRUE(b.put(of(b, "light.b"), R"({"state":"on"})").ok());
  settle();
  EXPECT_EQ(a.shown(of(b, "light.b")), R"({"state":"on"})");
  ASSERT_TRUE(a.grant(b.id(), "*", Access::kNone).ok());
  settle();
  EXPECT_EQ(arrived(), 0u);
}

// Whole bytes a millisecond would be none below 1,000 bytes a second.
TEST_F(BandwidthLimit, IsKeptToHoweverOftenSomethingIsSaid) {
  constexpr int64_t kOdd = 999;
  limit(kOdd);
  connect();
  settle();
  pass(5'000);
  sent.clear();
  fill();
  settle();
  // So long it takes until what left above the bucket is paid for, also when something is said every millisecond.
  size_t first = sent.size();
  int64_t owed_ms = (static_cast<int64_t>(bytes()) - kOdd) * 1000 / kOdd;
  int64_t took_ms = 0;
  for (; sent.size() == first && took_ms < 2 * owed_ms; ++took_ms) pass(1);
  EXPECT_NEAR(static_cast<double>(took_ms), static_cast<double>(owed_ms), 0.04 * static_cast<double>(owed_ms));
}

TEST_F(BandwidthLimit, NoneSendsEverythingAtOnce) {
  limit(0);
  fill();
  connect();
  settle();
  EXPECT_EQ(arrived(), static_cast<size_t>(kEntities));
}

// The limit is for the wire: a link whose messages shrink to a quarter carries four times as much.
TEST_F(BandwidthLimit, CountsWhatCompressionLeaves) {
  sim::Limits limits;
  limits.bandwidth = kLimit;
  limits.saved_bytes = [this](const HomeId&) { return bytes() / 4 * 3; };
  a.setLimits(limits);
  a.start(a.image(), Home::Start::kClean);
  fill();
  connect();
  settle();
  size_t before = bytes();
  for (int second = 0; second < 5; ++second) pass(1000);
  double rate = static_cast<double>(bytes() - before) / 5 / 4;
  EXPECT_GT(rate, 0.7 * kLimit);
  EXPECT_LT(rate, 1.3 * kLimit);
}

}  // namespace
}  // namespace hearthgate::sync
