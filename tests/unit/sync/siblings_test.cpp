// An entity that many wrote at the same time fits into one message, whoever wrote.
#include <algorithm>

#include "sync/ingress.h"
#include "unit/sync/hostile_writer.h"

namespace hearthgate::sync {
namespace {

class ManySiblings : public HostileWriter {
 protected:
  // B sends versions that stand beside each other, of one message each, and is told what A makes of them.
  size_t sendBeside(const std::string& id, uint16_t count, size_t bytes) {
    size_t held = 0;
    for (uint16_t i = 0; i < count; ++i) {
      model::Version version = beside(i);
      version.fields = R"({"text":")" + std::string(bytes, static_cast<char>('a' + i % 26)) + "\"}";
      tell(version.dot.replica);
      Ack ack = send(id, version);
      for (const Ack::Exception& exception : ack.exceptions) {
        EXPECT_TRUE(exception.held);
        EXPECT_EQ(exception.reason, kManySiblings);
        ++held;
      }
    }
    return held;
  }
  size_t bytesOf(const std::string& id) { return a.store().entity(of(a, id))->stored_bytes; }
};

constexpr size_t kLarge = (1 << 20) - 100;

TEST_F(ManySiblings, AReaderGetsTheEntityAndWhatComesAfterIt) {
  sendBeside("light.kitchen", 17, kLarge);
  cut();
  Home c("C", 3);
  a.commit([&] { a.core().admit(c.id()); });
  c.commit([&] { c.core().admit(a.id()); });
  ASSERT_TRUE(a.grant(c.id(), "light.*", Access::kRead).ok());
  ASSERT_TRUE(a.put(of(a, "light.later"), R"({"state":"on"})").ok());
  std::deque<std::string> to_a;
  std::deque<std::string> to_c;
  size_t largest = 0;
  auto into = [&largest](std::deque<std::string>& queue) {
    return [&queue, &largest](Output output) {
      largest = std::max(largest, output.message.size());
      queue.push_back(std::move(output.message));
    };
  };
  a.onOutput(into(to_c));
  c.onOutput(into(to_a));
  a.linkUp(c.id());
  c.linkUp(a.id());
  while (step(to_a, c, a) || step(to_c, a, c)) {
  }
  EXPECT_LE(largest, kMaxMessageBytes);
  EXPECT_EQ(c.shown(of(a, "light.later")), R"({"state":"on"})");
  EXPECT_EQ(c.siblings(of(a, "light.kitchen")).size(), a.siblings(of(a, "light.kitchen")).size());
}

TEST_F(ManySiblings, WhatIsMoreIsHeldUntilAWriteMakesRoom) {
  size_t held = sendBeside("light.kitchen", 10, kLarge);
  EXPECT_GE(held, 3u);
  EXPECT_LE(held, 5u);
  EXPECT_EQ(held_at(a), held);
  EXPECT_LE(bytesOf("light.kitchen"), kMaxSiblingBytes);
  ASSERT_TRUE(a.put(of(a, "light.kitchen"), R"({"state":"off"})").ok());
  for (int second = 0; second < 3; ++second) pass(1'000);
  EXPECT_EQ(held_at(a), 0u);
  EXPECT_EQ(a.siblings(of(a, "light.kitchen")).size(), 1 + held);
}

TEST_F(ManySiblings, AVersionThatCoversTheOthersIsAlwaysTaken) {
  sendBeside("light.kitchen", 8, kLarge);
  model::Version all = next("light.kitchen");
  all.vector.join(model::joinedVector(a.siblings(of(a, "light.kitchen"))));
  all.fields = R"({"text":")" + std::string(kLarge, 'z') + "\"}";
  EXPECT_TRUE(send("light.kitchen", all).exceptions.empty());
  EXPECT_LE(bytesOf("light.kitchen"), kMaxSiblingBytes);
}

TEST_F(ManySiblings, TheirNumberIsBoundedToo) {
  std::vector<model::Version> versions;
  for (uint16_t i = 0; i < model::kMaxSiblings + 10; ++i) {
    versions.push_back(beside(i));
    tell(versions.back().dot.replica);
  }
  auto middle = versions.begin() + model::kMaxSiblings - 10;
  auto first = answerTo(batchOf({{"light.kitchen", {versions.begin(), middle}}}));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->exceptions.empty());
  auto second = answerTo(batchOf({{"light.kitchen", {middle, versions.end()}}}));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->exceptions.size(), 11u);  // and the one of A's own
  EXPECT_EQ(a.siblings(of(a, "light.kitchen")).size(), model::kMaxSiblings);
}

TEST_F(ManySiblings, WhyNamesTheLimit) {
  sendBeside("light.kitchen", 10, kLarge);
  LinkFacts link;
  link.name = "B";
  link.state = "connected";
  Why why = a.replicator().why(b.id(), of(a, "light.kitchen"), link);
  EXPECT_EQ(why.verdict, "held");
  auto step = std::find_if(why.steps.begin(), why.steps.end(), [](const WhyStep& one) { return !one.passed; });
  ASSERT_NE(step, why.steps.end());
  EXPECT_EQ(step->gate, std::string(kGateLimit));
  EXPECT_NE(step->detail.find("at the same time"), std::string::npos) << step->detail;
  EXPECT_NE(why.next_action.find("conflict"), std::string::npos) << why.next_action;
}

}  // namespace
}  // namespace hearthgate::sync
