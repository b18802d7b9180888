#include <algorithm>

#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

// B reads (or writes), and holds back for drift what A wrote last; then A goes back to a backup from before.
class Offering : public PairOfHomes {
 protected:
  explicit Offering(Access access = Access::kRead) {
    EXPECT_TRUE(a.grant(b.id(), "*", access).ok());
    EXPECT_TRUE(a.put(of(a, "light.y"), R"({"state":"on"})").ok());
    std::string backup = a.image();
    connect();
    settle();
    a.clock().wall_ms += kAheadMs;
    EXPECT_TRUE(a.put(of(a, "light.x"), R"({"state":"on"})").ok());
    settle();
    EXPECT_EQ(held_at(b), 1u);
    restart(a, backup, Home::Start::kRestored);
    connect();
  }
  void confirm() {
    a.commit([&] { a.core().confirmRestore(); });
    settle();
  }
  static constexpr int64_t kAheadMs = 600'000;
};

TEST_F(Offering, ARestoredOwnerTakesBackWhatAReaderHoldsBack) {
  settle();
  confirm();
  EXPECT_EQ(a.shown(of(a, "light.x")), R"({"state":"on"})");
}

// Over a link that is slow or full the mark of an offer's end must not leave before what was joined meanwhile: the
// owner's pass would replace it.
TEST_F(Offering, ARestoredOwnerTakesBackWhatAReaderJoinsWhileItOffers) {
  sim::Limits limits;
  limits.bandwidth = 20;
  b.setLimits(limits);
  restart(b, b.image(), Home::Start::kClean);
  connect();
  ASSERT_TRUE(step(a_to_b, a, b));
  auto offers = [&] {
    return std::any_of(b_to_a.begin(), b_to_a.end(), [&](const std::string& message) {
      return typeOf(message) == MessageType::kBatch && decodeBatch(message)->digest &&
             decodeBatch(message)->owner == a.owner();
    });
  };
  for (int second = 0; second < 20 && !offers(); ++second) {
    b.clock().steady_ms += 1'000;
    b.tick();
  }
  ASSERT_TRUE(offers());
  b.clock().wall_ms += kAheadMs;
  b.clock().steady_ms += kAheadMs;
  b.tick();
  ASSERT_EQ(held_at(b), 0u);
  ASSERT_EQ(b.shown(of(a, "light.x")), R"({"state":"on"})");
  confirm();
  for (int second = 0; second < 120; ++second) pass(1'000);
  EXPECT_EQ(b.shown(of(a, "light.x")), R"({"state":"on"})");
  EXPECT_EQ(a.shown(of(a, "light.x")), R"({"state":"on"})");
}

class OfferingByWriter : public Offering {
 protected:
  OfferingByWriter() : Offering(Access::kWrite) {}
};

// What B offered out of what it holds back is not sent to it again, so the word about another version is no word on it.
TEST_F(OfferingByWriter, WhatItHoldsBackStaysKnownWhenItTakesInAnother) {
  settle();
  confirm();
  ASSERT_EQ(a.store().peerExceptionCount(b.id(), true), 1u);
  auto other = a.siblings(of(a, "light.x")).front();
  other.tag.reset();
  other.author = Home("C", 3).id();
  other.dot.replica.bytes[0] ^= 1;
  other.vector = {};
  other.vector.raise(other.dot.replica, other.dot.counter);
  other.stamp.ms -= kAheadMs;
  other.hash = model::contentHash(of(a, "light.x"), other);
  a.commit([&] { a.core().join(of(a, "light.x"), "state", {other}); });
  settle();
  ASSERT_EQ(a.siblings(of(a, "light.x")).size(), 2u);
  ASSERT_EQ(b.siblings(of(a, "light.x")).size(), 1u);
  EXPECT_EQ(held_at(b), 1u);
  EXPECT_EQ(a.store().peerExceptionCount(b.id(), true), 1u);
  LinkFacts link;
  link.name = "B";
  link.state = "connected";
  EXPECT_EQ(a.replicator().why(b.id(), of(a, "light.x"), link).verdict, "held");
  b.clock().wall_ms += kAheadMs;
  pass(1'500);
  EXPECT_EQ(a.store().peerExceptionCount(b.id(), true), 0u);
  expectSame(of(a, "light.x"));
}

}  // namespace
}  // namespace hearthgate::sync
