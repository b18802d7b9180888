// B writes at A and lies: it speaks through batches made by hand.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/codec.h"
#include "model/limits.h"
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {

class HostileWriter : public PairOfHomes {
 protected:
  HostileWriter() {
    EXPECT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
    connect();
    settle();
    EXPECT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"on"})").ok());
    EXPECT_TRUE(b.put(of(a, "light.hall"), R"({"state":"on"})").ok());
    settle();
  }

  // A version as B would write it now.
  model::Version next(const std::string& id) {
    model::Version version;
    version.kind = "state";
    version.author = b.id();
    version.dot = {*b.core().writer().find(a.owner())->replica, b.core().writer().find(a.owner())->counter + 1};
    version.stamp = {true, b.clock().wall_ms, 0};
    version.vector = model::joinedVector(b.siblings(of(a, id)));
    version.vector.raise(version.dot.replica, version.dot.counter);
    version.fields = R"({"state":"forged"})";
    return version;
  }
  // The first version under a replica id of its own, which stands beside all others.
  model::Version beside(uint16_t replica) {
    model::Version version = next("light.none");
    version.dot = {ReplicaId{}, 1};
    version.dot.replica.bytes[0] = static_cast<uint8_t>(replica >> 8);
    version.dot.replica.bytes[1] = static_cast<uint8_t>(replica);
    version.dot.replica.bytes[15] = 1;
    version.vector = {};
    version.vector.raise(version.dot.replica, 1);
    return version;
  }
  void tell(const ReplicaId& replica) { a.receive(b.id(), encode(ReplicaMessage{a.owner(), replica})); }

  struct LinkNumbers : model::Numbering {
    std::vector<ReplicaId> replicas;
    std::vector<HomeId> homes;
    template <typename Id>
    static uint32_t number(const Id& id, std::vector<Id>* all) {
      auto at = std::find(all->begin(), all->end(), id);
      if (at == all->end()) at = all->insert(at, id);
      return static_cast<uint32_t>(10'001 + (at - all->begin()));
    }
    uint32_t replicaNumber(const ReplicaId& replica) override { return number(replica, &replicas); }
    uint32_t homeNumber(const HomeId& home) override { return number(home, &homes); }
  };

  using Items = std::vector<std::pair<std::string, std::vector<model::Version>>>;
  Batch batchOf(const Items& items) {
    LinkNumbers numbers;
    Batch batch;
    batch.owner = a.owner();
    batch.number = 1;
    batch.end = true;
    batch.epoch = b.core().writer().find(a.owner())->epoch;
    batch.upto = b.core().writer().head().sequence;
    batch.rules_number = b.core().rulesFrom(a.owner())->number;
    for (const auto& [id, versions] : items) {
      BatchItem item{id, "state", {}, {}};
      for (const model::Version& version : versions) {
        model::encodeVersion(version, item.kind, numbers, &item.versions.emplace_back());
      }
      batch.items.push_back(std::move(item));
    }
    for (size_t i = 0; i < numbers.replicas.size(); ++i) {
      batch.replicas.emplace_back(10'001 + i, numbers.replicas[i]);
    }
    for (size_t i = 0; i < numbers.homes.size(); ++i) batch.homes.emplace_back(10'001 + i, numbers.homes[i]);
    return batch;
  }
  // Sends it over the link and gives A's answer; nothing when the link ends instead.
  std::optional<Ack> answerTo(const Batch& batch) {
    a_to_b.clear();
    a.receive(b.id(), encode(batch));
    for (const std::string& message : a_to_b) {
      if (typeOf(message) == MessageType::kAck) return *decodeAck(message);
    }
    return std::nullopt;
  }
  Ack send(const std::string& id, const model::Version& version) {
    auto ack = answerTo(batchOf({{id, {version}}}));
    EXPECT_TRUE(ack) << "no answer";
    return ack.value_or(Ack{});
  }
};

}  // namespace hearthgate::sync
