// What is held back: how much of one home, how it is offered to an owner that has forgotten, and when it is judged again.
#include <algorithm>

#include "unit/sync/hostile_writer.h"

namespace hearthgate::sync {
namespace {

constexpr int64_t kAheadMs = 600'000;

std::string textOf(size_t bytes, char letter) { return R"({"text":")" + std::string(bytes, letter) + "\"}"; }

// B holds back what A wrote ahead of its clock; then A goes back to a backup from before.
class HeldOffer : public PairOfHomes {
 protected:
  HeldOffer() {
    EXPECT_TRUE(a.grant(b.id(), "*", Access::kRead).ok());
    EXPECT_TRUE(a.put(of(a, "light.y"), R"({"state":"on"})").ok());
    backup = a.image();
    connect();
    settle();
    a.clock().wall_ms += kAheadMs;
  }
  void goBack() {
    restart(a, backup, Home::Start::kRestored);
    on_batch = [this](Home& from, const std::string& batch) {
      if (&from == &b) largest = std::max(largest, batch.size());
    };
    connect();
    settle();
    a.commit([&] { a.core().confirmRestore(); });
    settle();
  }

  std::string backup;
  size_t largest = 0;
};

TEST_F(HeldOffer, MuchOfItComesInManyMessages) {
  constexpr int kCount = 20;
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(a.put(of(a, "light.n" + std::to_string(i)), textOf(1'000'000, static_cast<char>('a' + i))).ok());
    settle();
  }
  ASSERT_EQ(b.store().heldCount(), static_cast<uint64_t>(kCount));
  goBack();
  EXPECT_LT(largest, size_t{2} << 20);
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(a.siblings(of(a, "light.n" + std::to_string(i))).size(), 1u) << i;
  }
  EXPECT_TRUE(closed.empty());
}

TEST_F(HeldOffer, ManySmallOnesComeInBatchesToo) {
  constexpr int kCount = 2'500;
  a.commit([&] {
    for (int i = 0; i < kCount; ++i) {
      engine::WriteOrder order;
      order.address = of(a, "light.n" + std::to_string(i));
      order.fields = *model::parseJson("{}", 2);
      ASSERT_TRUE(a.core().write(order).ok());
    }
  });
  settle();
  ASSERT_EQ(b.store().heldCount(), static_cast<uint64_t>(kCount));
  goBack();
  EXPECT_LT(largest, 2 * kBatchBytes);
  EXPECT_EQ(a.store().entityCount(a.owner()), static_cast<uint64_t>(kCount) + 1);
}

class HeldQuota : public HostileWriter {
 protected:
  model::Version ahead() {
    model::Version version = next("light.none");
    version.stamp.ms += 365ll * 24 * 3'600'000;
    return version;
  }
  // Rows as a bad clock leaves them, `bytes` each.
  void fill(size_t rows, size_t bytes) {
    a.commit([&] {
      for (size_t i = 0; i < rows; ++i) {
        store::HeldRow held{0, b.id(), of(a, "light.old" + std::to_string(i)), "state", "unknown format", 1, {}, std::string(bytes, '\x7f')};
        a.store().addHeld(held);
      }
    });
  }
};

TEST_F(HeldQuota, IsLookedAtForEachVersion) {
  fill(kHeldQuota - 5, 1);
  Items items;
  for (int i = 0; i < 20; ++i) items.push_back({"light.new" + std::to_string(i), {ahead()}});
  answerTo(batchOf(items));
  EXPECT_EQ(a.store().heldCount(b.id()), kHeldQuota);
  EXPECT_EQ(closed["A"], "held_quota");
}

TEST_F(HeldQuota, CountsBytesToo) {
  fill(1, (64 << 20) - 10);
  EXPECT_FALSE(answerTo(batchOf({{"light.new", {ahead()}}})));
  EXPECT_EQ(a.store().heldCount(b.id()), 1u);
  EXPECT_EQ(closed["A"], "held_quota");
}

TEST_F(HeldQuota, WhatIsHeldAlreadyMayComeAgain) {
  Batch batch = batchOf({{"light.new", {ahead()}}});
  ASSERT_TRUE(answerTo(batch));
  fill(kHeldQuota - 1, 1);
  EXPECT_TRUE(answerTo(batch));
  EXPECT_TRUE(closed.empty());
  EXPECT_EQ(a.store().heldCount(b.id()), kHeldQuota);
}

TEST_F(HeldQuota, ABatchHasNoMoreItemsThanAnyHomeSends) {
  Items items;
  for (size_t i = 0; i < kBatchItems; ++i) items.push_back({"light.n" + std::to_string(i), {ahead()}});
  EXPECT_TRUE(answerTo(batchOf(items)));
  items.push_back({"light.more", {ahead()}});
  EXPECT_FALSE(answerTo(batchOf(items)));
  EXPECT_EQ(closed["A"], "protocol");
}

TEST_F(HeldQuota, ABatchHasNoMoreVersionsThanAnyHomeSends) {
  std::vector<model::Version> many(model::kMaxSiblings + 1, ahead());
  EXPECT_FALSE(answerTo(batchOf({{"light.new", many}})));
  EXPECT_EQ(closed["A"], "protocol");
}

class HeldReview : public HostileWriter {
 protected:
  // A holds `count` versions of B's for drift, and then its clock comes up with them.
  void hold(size_t count) {
    model::Version version = next("light.none");
    version.stamp.ms += kAheadMs;
    for (size_t at = 0; at < count;) {
      Items items;
      for (size_t i = 0; i < 500 && at < count; ++i, ++at) items.push_back({"light.held" + std::to_string(at), {version}});
      ASSERT_TRUE(answerTo(batchOf(items)));
    }
    ASSERT_EQ(a.store().heldCount(), count);
    a.clock().wall_ms += kAheadMs;
  }
};

TEST_F(HeldReview, ABatchLooksOnlyAtWhatItChanged) {
  hold(3);
  model::Version version = next("light.held1");
  version.dot.counter += 1;
  version.vector.raise(version.dot.replica, version.dot.counter);
  EXPECT_TRUE(send("light.held1", version).exceptions.empty());
  EXPECT_TRUE(a.store().heldOf(of(a, "light.held1")).empty());
  EXPECT_EQ(a.store().heldCount(), 2u);
  a.clock().steady_ms += kHeldReviewMs;
  a.tick();
  EXPECT_EQ(a.store().heldCount(), 0u);
}

TEST_F(HeldReview, TicksGetThroughAllOfIt) {
  // What will wait for long stands before what is free.
  a.commit([&] {
    for (int i = 0; i < 2'000; ++i) {
      model::Version version = next("light.none");
      version.stamp.ms += 1'000 * kAheadMs;
      version.hash = model::contentHash(of(a, "light.late" + std::to_string(i)), version);
      store::HeldRow held{0, b.id(), of(a, "light.late" + std::to_string(i)), "state", "drift", 1, version.hash, {}};
      model::encodeVersion(version, held.kind, a.store(), &held.version);
      a.store().addHeld(held);
    }
  });
  model::Version version = next("light.none");
  version.stamp.ms += kAheadMs;
  ASSERT_TRUE(answerTo(batchOf({{"light.free", {version}}})));
  a.clock().wall_ms += kAheadMs;
  int seconds = 0;
  for (; seconds < 60 && !a.store().heldOf(of(a, "light.free")).empty(); ++seconds) {
    a.clock().steady_ms += kHeldReviewMs;
    a.tick();
  }
  EXPECT_LT(seconds, 60);
  EXPECT_GT(seconds, 1);  // not all of it at once
  EXPECT_EQ(a.store().heldCount(), 2'000u);
}

// What a forgotten home sent goes with it; when the two pair again, it comes again.
TEST(HeldOfAForgottenHome, GoesAndComesAgain) {
  struct Pair : LevelPairOfHomes {
    void TestBody() override {}
    void run() {
      a.clock().wall_ms += kAheadMs;
      ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"ahead"})").ok());
      settle();
      ASSERT_EQ(held_at(b), 1u);
      cut();
      b.commit([&] {
        b.core().dismiss(a.id());
        b.store().forgetNotes(a.id());
      });
      EXPECT_EQ(held_at(b), 0u);
      b.clock().wall_ms += kAheadMs;
      connect();
      settle();
      expectSame(of(a, "light.x"));
      EXPECT_EQ(b.shown(of(a, "light.x")), R"({"state":"ahead"})");
    }
  };
  Pair().run();
}

}  // namespace
}  // namespace hearthgate::sync
