// Names that a home tells: it makes nobody keep more of them than homes have.
#include "unit/sync/hostile_writer.h"

namespace hearthgate::sync {
namespace {

ReplicaId replicaOf(uint32_t n) {
  ReplicaId id;
  for (size_t i = 0; i < 4; ++i) id.bytes[i] = static_cast<uint8_t>(n >> (8 * i));
  id.bytes[15] = 2;
  return id;
}

class HostileNames : public HostileWriter {};

TEST_F(HostileNames, ATableOfReplicaIdsHasAnEnd) {
  for (uint32_t part = 0; part < 20 && closed.empty(); ++part) {
    Batch batch = batchOf({});
    for (uint32_t i = 0; i < 10'000; ++i) batch.replicas.emplace_back(part * 10'000 + i, replicaOf(i));
    answerTo(batch);
  }
  EXPECT_EQ(closed["A"], "protocol");
}

TEST_F(HostileNames, ATableOfHomesHasAnEnd) {
  Batch batch = batchOf({});
  for (uint32_t i = 0; i < 20'000; ++i) batch.homes.emplace_back(i, b.id());
  EXPECT_FALSE(answerTo(batch));
  EXPECT_EQ(closed["A"], "protocol");
}

TEST_F(HostileNames, ToldReplicaIdsHaveAnEnd) {
  for (uint32_t i = 0; i < kMaxToldReplicas + 10 && closed.empty(); ++i) tell(replicaOf(i));
  EXPECT_EQ(closed["A"], "protocol");
  // B told one in its hello.
  EXPECT_TRUE(a.store().toldBy(a.owner(), replicaOf(kMaxToldReplicas - 2)));
  EXPECT_FALSE(a.store().toldBy(a.owner(), replicaOf(kMaxToldReplicas)));
}

TEST_F(HostileNames, WhatWasToldOnceMayBeToldAgain) {
  for (uint32_t i = 0; i < kMaxToldReplicas - 1; ++i) tell(replicaOf(i));
  for (uint32_t i = 0; i < 100; ++i) tell(replicaOf(i));
  EXPECT_TRUE(closed.empty());
}

}  // namespace
}  // namespace hearthgate::sync
