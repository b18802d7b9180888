#include <algorithm>

#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

// B reads, and holds back for drift what A wrote last; then A goes back to a backup from before.
class Offering : public PairOfHomes {
 protected:
  Offering() {
    EXPECT_TRUE(a.grant(b.id(), "*", Access::kRead).ok());
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

}  // namespace
}  // namespace hearthgate::sync
