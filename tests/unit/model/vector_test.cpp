// Version vectors, stamps and dots.
#include "model/vector.h"

#include <gtest/gtest.h>

#include "unit/model/histories.h"

namespace hearthgate::model {
namespace {

Vector made(std::initializer_list<std::pair<int, uint64_t>> entries) {
  Vector vector;
  for (auto [n, counter] : entries) vector.raise(replica(static_cast<uint8_t>(n)), counter);
  return vector;
}

TEST(Vector, KnowsTheHighestCounterOfEachReplica) {
  Vector vector = made({{3, 5}, {1, 2}, {3, 4}, {2, 0}});
  EXPECT_EQ(vector.at(replica(3)), 5u);
  EXPECT_EQ(vector.at(replica(1)), 2u);
  EXPECT_EQ(vector.at(replica(2)), 0u);
  EXPECT_EQ(vector.size(), 2u);
  EXPECT_EQ(vector.entries()[0].replica, replica(1));
  EXPECT_EQ(vector.entries()[1].replica, replica(3));
}

TEST(Vector, CoversDotsUpToItsCounters) {
  Vector vector = made({{1, 2}});
  EXPECT_TRUE(vector.covers(Dot{replica(1), 1}));
  EXPECT_TRUE(vector.covers(Dot{replica(1), 2}));
  EXPECT_FALSE(vector.covers(Dot{replica(1), 3}));
  EXPECT_FALSE(vector.covers(Dot{replica(2), 1}));
}

TEST(Vector, CoversVectorsEntryByEntry) {
  Vector empty;
  EXPECT_TRUE(empty.covers(empty));
  EXPECT_TRUE(made({{1, 1}}).covers(empty));
  EXPECT_FALSE(empty.covers(made({{1, 1}})));
  EXPECT_TRUE(made({{1, 1}, {2, 5}, {9, 1}}).covers(made({{2, 5}})));
  EXPECT_TRUE(made({{1, 1}, {2, 5}, {9, 1}}).covers(made({{1, 1}, {9, 1}})));
  EXPECT_FALSE(made({{1, 1}, {2, 5}, {9, 1}}).covers(made({{2, 6}})));
  EXPECT_FALSE(made({{1, 1}, {3, 5}}).covers(made({{2, 1}})));
  EXPECT_FALSE(made({{1, 1}, {2, 1}}).covers(made({{3, 1}})));
  EXPECT_FALSE(made({{2, 9}, {3, 9}}).covers(made({{1, 1}})));
  EXPECT_FALSE(made({{1, 9}}).covers(made({{1, 1}, {2, 1}})));
}

TEST(Vector, JoinsToTheGreaterCounters) {
  Vector a = made({{1, 5}, {2, 1}});
  a.join(made({{2, 3}, {1, 4}, {7, 7}}));
  EXPECT_EQ(a, made({{1, 5}, {2, 3}, {7, 7}}));
  Vector before = a;
  a.join(a);
  a.join(Vector{});
  EXPECT_EQ(a, before);
}

TEST(Stamp, ComparesTrustFirstThenTimeThenCount) {
  EXPECT_GT(at(1, true), at(1'000'000, false));
  EXPECT_GT(at(2, true), at(1, true, 9));
  EXPECT_GT(at(2, true, 1), at(2, true, 0));
  EXPECT_EQ(at(2, false, 1), at(2, false, 1));
}

TEST(Dot, ComparesReplicasAsBytesThenCounters) {
  EXPECT_LT((Dot{replica(1), 9}), (Dot{replica(2), 1}));
  EXPECT_LT((Dot{replica(0x7F), 1}), (Dot{replica(0x80), 1}));
  EXPECT_LT((Dot{replica(1), 1}), (Dot{replica(1), 2}));
}

}  // namespace
}  // namespace hearthgate::model
