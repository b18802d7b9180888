// Two homes and the pipe between them, messages passed by hand: the fixture of the replicator's tests.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "sim/home.h"
#include "sync/wire.h"

namespace hearthgate::sync {

using model::Access;
using sim::Home;

class PairOfHomes : public testing::Test {
 protected:
  PairOfHomes() {
    for (Home* home : {&a, &b}) {
      Home* other = home == &a ? &b : &a;
      home->onOutput([this, home, other](Output output) { take(*home, *other, std::move(output)); });
      home->commit([&] { home->core().admit(other->id()); });
    }
  }

  void connect() {
    a_to_b.clear();
    b_to_a.clear();
    connected = true;
    a.linkUp(b.id());
    b.linkUp(a.id());
  }
  void cut() {
    connected = false;
    a_to_b.clear();
    b_to_a.clear();
    a.linkDown(b.id());
    b.linkDown(a.id());
  }
  // Delivers until nothing is left to be said.
  void settle() {
    for (int i = 0; i < 2000; ++i) {
      if (!step(a_to_b, a, b) && !step(b_to_a, b, a)) return;
    }
    FAIL() << "the two homes do not stop talking";
  }
  bool step(std::deque<std::string>& queue, Home& from, Home& to) {
    if (queue.empty()) return false;
    std::string message = std::move(queue.front());
    queue.pop_front();
    to.receive(from.id(), message);
    return true;
  }
  // Lets `ms` pass for both.
  void pass(int64_t ms) {
    for (Home* home : {&a, &b}) {
      home->clock().wall_ms += ms;
      home->clock().steady_ms += ms;
    }
    a.tick();
    b.tick();
    settle();
  }
  void restart(Home& home, const std::string& image, Home::Start how) {
    cut();
    home.start(image, how);
  }

  model::Address of(Home& owner, const std::string& id) const { return {owner.owner(), id}; }
  // Equal siblings at both.
  void expectSame(const model::Address& address) {
    auto here = a.siblings(address);
    auto there = b.siblings(address);
    ASSERT_EQ(here.size(), there.size()) << address.id;
    for (size_t i = 0; i < here.size(); ++i) EXPECT_EQ(here[i].hash, there[i].hash) << address.id;
  }

  Home a{"A", 1};
  Home b{"B", 2};
  std::deque<std::string> a_to_b;
  std::deque<std::string> b_to_a;
  bool connected = false;
  std::map<std::string, std::string> closed;  // by the home that closed
  int versions_sent = 0;                      // in batches, since it was last set to 0
  int batches_sent = 0;
  std::function<void(Home& from, const std::string& batch)> on_batch;
  bool uncompressed = false;  // the batch of on_batch
  size_t held_at(Home& home) { return home.store().held(std::nullopt, 100).size(); }

 private:
  void take(Home& from, Home& to, Output output) {
    (void)to;
    if (output.message.empty()) {
      closed[from.name()] = output.close_code;
      return;
    }
    if (!connected) return;
    if (typeOf(output.message) == MessageType::kBatch) {
      auto batch = decodeBatch(output.message);
      ASSERT_TRUE(batch.ok());
      ++batches_sent;
      uncompressed = output.uncompressed;
      if (on_batch) on_batch(from, output.message);
      for (const BatchItem& item : batch->items) versions_sent += static_cast<int>(item.versions.size());
    }
    (&from == &a ? a_to_b : b_to_a).push_back(std::move(output.message));
  }
};

// A shares light.* with B, who has light.x.
class LevelPairOfHomes : public PairOfHomes {
 protected:
  LevelPairOfHomes() {
    EXPECT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
    EXPECT_TRUE(a.put(of(a, "light.x"), R"({"state":"on"})").ok());
    connect();
    settle();
    pass(300);
  }
};

}  // namespace hearthgate::sync
