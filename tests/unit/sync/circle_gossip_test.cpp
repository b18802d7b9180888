// What a circle owns, between its members.
#include "circle_fixture.h"
#include "conflict/view.h"
#include "sync/tuning.h"

namespace hearthgate::sync {
namespace {

class CircleGossip : public CircleTest {
 protected:
  CircleGossip() : CircleTest(5) {}
};

TEST_F(CircleGossip, FlowsBetweenAnyTwo) {
  circle = homes.found(0, {1, 2});
  EXPECT_EQ(put(1, "theme.x", R"({"by":"B"})"), "ok");
  EXPECT_EQ(put(2, "theme.y", R"({"by":"C"})"), "ok");
  ASSERT_TRUE(homes.calm());
  // B and C are linked to A alone.
  for (size_t n : {0, 1, 2}) {
    EXPECT_EQ(shown(n, "theme.x"), R"({"by":"B"})") << n;
    EXPECT_EQ(shown(n, "theme.y"), R"({"by":"C"})") << n;
  }
  homes.cutOff(0);
  homes.link(1, 2);
  EXPECT_EQ(put(1, "theme.y", R"({"by":"B"})"), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(shown(2, "theme.y"), R"({"by":"B"})");
}

TEST_F(CircleGossip, AChangeIsSentOnceToEach) {
  circle = homes.found(0, {1, 2, 3, 4});
  homes.linkAll();
  ASSERT_TRUE(homes.pass(60'000));
  for (size_t writer : {0, 3}) {
    size_t sent = versionsSent([&] {
      EXPECT_EQ(put(writer, "theme.x", R"({"by":)" + std::to_string(writer) + "}"), "ok");
      ASSERT_TRUE(homes.calm());
    });
    EXPECT_EQ(sent, 4u);
    EXPECT_EQ(versionsSent([&] { ASSERT_TRUE(homes.pass(60'000)); }), 0u);
    for (size_t n = 0; n < 5; ++n) EXPECT_EQ(shown(n, "theme.x"), R"({"by":)" + std::to_string(writer) + "}");
  }
}

TEST_F(CircleGossip, NothingIsToComeAfterAChange) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  ASSERT_TRUE(homes.pass(60'000));
  EXPECT_EQ(put(1, "theme.x", R"({"by":"B"})"), "ok");
  ASSERT_TRUE(homes.calm());
  for (size_t n = 0; n < 3; ++n) {
    EXPECT_EQ(shown(n, "theme.x"), R"({"by":"B"})") << n;
    for (size_t other = 0; other < 3; ++other) {
      EXPECT_EQ(home(n).replicator().report(id(other)).to_receive.value_or(0), 0u) << n << other;
    }
  }
}

TEST_F(CircleGossip, AReconnectCostsWhatChanged) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(put(0, "theme.n" + std::to_string(i), R"({"v":1})"), "ok");
  ASSERT_TRUE(homes.calm() && homes.pass(60'000) && homes.pass(60'000));
  homes.cutOff(2);
  EXPECT_EQ(put(0, "theme.n7", R"({"v":2})"), "ok");
  EXPECT_EQ(put(1, "theme.n8", R"({"v":2})"), "ok");
  ASSERT_TRUE(homes.calm() && homes.pass(60'000));
  EXPECT_EQ(versionsSent([&] {
              homes.link(2, 1);
              ASSERT_TRUE(homes.calm());
            }),
            2u);
  EXPECT_EQ(shown(2, "theme.n7"), R"({"v":2})");
  EXPECT_EQ(versionsSent([&] {
              homes.link(2, 0);
              ASSERT_TRUE(homes.calm());
            }),
            0u);
  ASSERT_TRUE(homes.pass(60'000));
  // Nobody compares anything, since every cursor holds.
  size_t digests = 0;
  homes.cutOff(2);
  homes.on_message = [&](size_t, size_t, const std::string& message) {
    if (typeOf(message) != MessageType::kBatch) return;
    auto batch = decodeBatch(message);
    if (batch.ok() && batch->digest) digests += batch->items.size();
  };
  homes.link(2, 0);
  ASSERT_TRUE(homes.pass(1'000));
  EXPECT_EQ(digests, 0u);
}

TEST_F(CircleGossip, AMemberThatKnowsOneOtherCatchesUpFromIt) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  homes.cutOff(2);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(put(i % 2, "theme.n" + std::to_string(i), R"({"v":1})"), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(codeOf(home(0).remove(of("theme.n3"))), "ok");
  ASSERT_TRUE(homes.pass(int64_t{366} * 24 * 3'600'000));
  homes.cutOff(0);
  homes.link(1, 2);
  ASSERT_TRUE(homes.calm());
  for (int i = 0; i < 30; ++i) EXPECT_EQ(shown(2, "theme.n" + std::to_string(i)), shown(1, "theme.n" + std::to_string(i)));
  EXPECT_EQ(shown(2, "theme.n3"), "deleted");
}

TEST_F(CircleGossip, AConflictIsOneForAll) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1, 2}) homes.cutOff(n);
  for (size_t n : {0, 1, 2}) EXPECT_EQ(put(n, "theme.x", R"({"by":)" + std::to_string(n) + "}"), "ok");
  homes.link(0, 1);
  homes.link(1, 2);
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1, 2}) {
    EXPECT_EQ(home(n).siblings(of("theme.x")).size(), 3u) << n;
    EXPECT_EQ(shown(n, "theme.x"), shown(0, "theme.x")) << n;
    EXPECT_TRUE(home(n).store().conflictByKey(conflict::conflictKey(of("theme.x"), home(0).siblings(of("theme.x")))));
  }
  EXPECT_EQ(put(2, "theme.x", R"({"by":"person"})"), "ok");
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1, 2}) EXPECT_EQ(home(n).siblings(of("theme.x")).size(), 1u) << n;
}

TEST_F(CircleGossip, APowerCutLosesNothingThatOthersHave) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  std::string before = home(1).image();
  EXPECT_EQ(put(1, "theme.x", R"({"v":1})"), "ok");
  ASSERT_TRUE(homes.calm());
  homes.cutOff(1);
  home(1).start(before, Home::Start::kMayHaveForgotten);
  EXPECT_EQ(put(1, "theme.y", R"({"v":1})"), "ok");
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1, 2}) {
    EXPECT_EQ(shown(n, "theme.x"), R"({"v":1})") << n;
    EXPECT_EQ(shown(n, "theme.y"), R"({"v":1})") << n;
  }
}

// The same counters stand for different writes in two lives of a home (rule 8).
TEST_F(CircleGossip, AFolderThatWasPutBackLosesNothing) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  EXPECT_EQ(put(1, "theme.x", R"({"v":0})"), "ok");
  ASSERT_TRUE(homes.calm());
  std::string before = home(1).image();
  EXPECT_EQ(put(1, "theme.x", R"({"life":1})"), "ok");
  EXPECT_EQ(put(1, "theme.y", R"({"life":1})"), "ok");
  ASSERT_TRUE(homes.calm());
  homes.cutOff(1);
  home(1).start(before, Home::Start::kClean);
  EXPECT_EQ(put(1, "theme.x", R"({"life":2})"), "ok");
  EXPECT_EQ(put(1, "theme.z", R"({"life":2})"), "ok");
  for (int i = 0; i < 4; ++i) {
    homes.linkAll();
    ASSERT_TRUE(homes.pass(1'000));
  }
  for (size_t n : {0, 1, 2}) {
    EXPECT_EQ(home(n).siblings(of("theme.x")).size(), 2u) << n;
    EXPECT_EQ(shown(n, "theme.y"), R"({"life":1})") << n;
    EXPECT_EQ(shown(n, "theme.z"), R"({"life":2})") << n;
  }
}

// A new member that is linked to all takes the content from one of them; the others only compare.
TEST_F(CircleGossip, ANewMemberIsSentEverythingOnce) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  constexpr size_t kEntities = 50;
  for (size_t n = 0; n < kEntities; ++n) EXPECT_EQ(put(n % 3, "theme.n" + std::to_string(n), R"({"v":1})"), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(invite(0, 3), "ok");
  ASSERT_TRUE(homes.calm());
  const size_t sent = versionsSent([&] {
    EXPECT_EQ(accept(3), "ok");
    ASSERT_TRUE(homes.calm());
  });
  EXPECT_EQ(sent, kEntities);
  EXPECT_EQ(shown(3, "theme.n49"), R"({"v":1})");
  for (size_t n = 0; n < 3; ++n) EXPECT_TRUE(home(3).replicator().levelTowards(id(n))) << n;
}

// The one that it takes from says no more: the others are asked after a while.
TEST_F(CircleGossip, ANewMemberDoesNotWaitForWhoIsSilent) {
  circle = homes.found(0, {1});
  homes.linkAll();
  EXPECT_EQ(put(0, "theme.x", R"({"v":1})"), "ok");
  ASSERT_TRUE(homes.calm());
  homes.cutOff(2);
  homes.link(0, 2);
  EXPECT_EQ(invite(0, 2), "ok");
  ASSERT_TRUE(homes.calm());
  struct Silent : sim::Tampering {
    bool leaves(Home& from, Home&, std::string* message) override { return from.name() != "A" || typeOf(*message) != MessageType::kBatch; }
  } silent;
  homes.network().setTampering(&silent);
  EXPECT_EQ(accept(2), "ok");
  ASSERT_TRUE(homes.calm());
  homes.link(1, 2);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(2), "ABC");
  EXPECT_EQ(shown(2, "theme.x"), "none");
  ASSERT_TRUE(homes.pass(kFirstPassAloneMs));
  EXPECT_EQ(shown(2, "theme.x"), R"({"v":1})");
}

}  // namespace
}  // namespace hearthgate::sync
