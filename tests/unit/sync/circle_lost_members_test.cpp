// Members that forgot, left last or brought what nobody else has; what a hostile one does to votes; and who decides while the
// keeper is away.
#include <algorithm>

#include "base/base32.h"
#include "unit/sync/circle_fixture.h"

namespace hearthgate::sync {
namespace {

class CircleLostMembers : public CircleTest {
 protected:
  void meet() {
    for (int i = 0; i < 3; ++i) {
      homes.linkAll();
      ASSERT_TRUE(homes.pass(1'000));
    }
  }
  const store::CircleRow* row(size_t n) {
    const auto& all = home(n).core().circles().all();
    const auto at = all.find(circle);
    return at == all.end() ? nullptr : &at->second.row;
  }
  // Home 2 from before it was invited.
  void forgetMembership() {
    const std::string image = home(2).image();
    circle = homes.found(0, {1, 2});
    homes.linkAll();
    EXPECT_EQ(put(2, "theme.x", R"({"v":1})"), "ok");
    ASSERT_TRUE(homes.calm());
    homes.cutOff(2);
    home(2).start(image, Home::Start::kRestored);
    home(2).commit([&] { home(2).core().confirmRestore(); });
    EXPECT_EQ(row(2), nullptr);
    meet();
  }
};

TEST_F(CircleLostMembers, AreCalledBackWhenTheyForgotThatTheyWereIn) {
  forgetMembership();
  ASSERT_NE(row(2), nullptr);
  EXPECT_EQ(row(2)->state, store::CircleState::kInvited);
  EXPECT_EQ(row(2)->until_ms, engine::kCalledBackMs);
  EXPECT_EQ(row(2)->name, "family");
  EXPECT_EQ(members(0), "ABC");
  EXPECT_EQ(accept(2), "ok");
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1, 2}) EXPECT_EQ(members(n), "ABC") << n;
  meet();
  EXPECT_EQ(shown(2, "theme.x"), R"({"v":1})");
}

TEST_F(CircleLostMembers, AreNoneAnyMoreWhenTheyDecline) {
  forgetMembership();
  EXPECT_EQ(remove(2, 2), "done");
  meet();
  for (size_t n : {0, 1}) EXPECT_EQ(members(n), "AB") << n;
  EXPECT_EQ(row(2)->state, store::CircleState::kGone);
}

// Who has left is not asked again by members that have not heard of it, but shows them the charter by which it is out.
TEST_F(CircleLostMembers, AreNotCalledBackWhenTheyLeft) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  homes.cutOff(1);
  EXPECT_EQ(remove(2, 2), "waits");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(2), "");
  homes.cutOff(0);
  homes.link(1, 2);
  ASSERT_TRUE(homes.pass(1'000));
  EXPECT_EQ(row(2)->state, store::CircleState::kGone);
  EXPECT_EQ(members(1), "AB");
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(1), "AB");
  EXPECT_TRUE(wishes(0).empty());
}

TEST_F(CircleLostMembers, HearOfTheirRemovalFromWhoLeftLast) {
  circle = homes.found(0, {1});
  homes.cutOff(1);
  EXPECT_EQ(put(1, "theme.x", R"({"v":1})"), "ok");
  EXPECT_EQ(remove(0, 1), "done");
  EXPECT_EQ(remove(0, 0), "done");
  EXPECT_EQ(members(0), "");
  // Also after a restart.
  home(0).start(std::string(home(0).image()), Home::Start::kClean);
  meet();
  EXPECT_EQ(members(1), "");
  EXPECT_EQ(shown(1, "theme.x"), "none");
}

// Its keeper went back to before it was the keeper, and could do nothing about it.
TEST_F(CircleLostMembers, ShowWhoForgotThatTheyAreOut) {
  circle = homes.found(0, {1});
  const std::string image = home(1).image();
  EXPECT_EQ(handOver(0, 1), "done");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(remove(1, 0), "done");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(0), "");
  homes.cutOff(1);
  home(1).start(image, Home::Start::kRestored);
  home(1).commit([&] { home(1).core().confirmRestore(); });
  EXPECT_EQ(members(1), "AB");
  meet();
  EXPECT_EQ(members(1), "B");
  EXPECT_EQ(members(0), "");
}

// What a member sent to a reader alone goes when that member is removed: nobody else may bring it to the others.
TEST_F(CircleLostMembers, LeaveNothingBehindAtReadersAlone) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  engine::CircleRules wanted;
  wanted.rows = {{"theme.*", id(1), model::Access::kRead}};
  EXPECT_EQ(rules(0, wanted), "done");
  EXPECT_EQ(put(0, "theme.y", R"({"v":0})"), "ok");
  EXPECT_EQ(put(0, "theme.z", R"({"v":0})"), "ok");
  ASSERT_TRUE(homes.calm());
  homes.cut(0, 2);
  homes.cut(0, 1);
  EXPECT_EQ(put(2, "theme.x", R"({"v":1})"), "ok");
  EXPECT_EQ(put(2, "theme.z", R"({"v":1})"), "ok");
  EXPECT_EQ(put(2, "app.x", R"({"v":2})"), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(shown(1, "theme.x"), R"({"v":1})");
  EXPECT_EQ(remove(0, 2), "done");
  // What it stood over comes in its place, and neither goes in between; what all have is not touched.
  std::set<std::string> z, y;
  home(1).onCommitted([&] {
    z.insert(shown(1, "theme.z"));
    y.insert(shown(1, "theme.y"));
  });
  meet();
  home(1).onCommitted(nullptr);
  EXPECT_EQ(z, (std::set<std::string>{R"({"v":0})", R"({"v":1})"}));
  EXPECT_EQ(y, (std::set<std::string>{R"({"v":0})"}));
  for (size_t n : {0, 1}) {
    EXPECT_EQ(shown(n, "theme.x"), "none") << n;
    EXPECT_EQ(shown(n, "theme.y"), R"({"v":0})") << n;
    // Home 1 may write this, and brings it.
    EXPECT_EQ(shown(n, "app.x"), R"({"v":2})") << n;
  }
  EXPECT_FALSE(home(1).core().writer().owner(circle).replacing);
}

// Votes in others' names neither count nor stand in the way of theirs, nor do keys that are none.
TEST_F(CircleLostMembers, AreReplacedWhateverOneMemberSays) {
  circle = homes.found(0, {1, 2, 3});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  homes.cutOff(0);
  EXPECT_EQ(handOver(1, 1), "waits");
  ASSERT_TRUE(homes.calm());
  auto cast = wishes(3);
  ASSERT_EQ(cast.size(), 1u);
  auto proof = trust::decodeCharterProof(*parseBase32(cast[0].body));
  ASSERT_TRUE(proof.ok());
  // Home 3 spoils it: the same choice, in the names of 1 and 2, and with other keys.
  const auto& liar = home(3).core().settings().signer;
  for (size_t victim : {1, 2}) {
    for (bool other_keys : {false, true}) {
      trust::CharterProof forged = *proof;
      forged.chain.back().signatures = {liar.sign(proof->current())};
      forged.chain.back().signatures[0].home = id(victim);
      forged.keys[id(victim)] = other_keys ? liar.chain() : home(victim).core().settings().signer.chain();
      engine::WriteOrder order;
      order.address = of(engine::kWishPrefix + std::string(other_keys ? "aaaa" : "aaab") + std::to_string(victim + 2));
      order.kind = engine::kWishKind;
      order.fields = *model::parseJson(R"({"op":"keeper","home":")" + id(1).text() + R"(","vote":")" +
                                           base32(trust::encodeCharterProof(forged)) + "\"}", 8);
      EXPECT_EQ(codeOf(home(3).write(order)), "ok");
    }
  }
  ASSERT_TRUE(homes.calm());
  for (size_t n : {1, 2, 3}) EXPECT_EQ(members(n), "ABCD") << n;
  EXPECT_EQ(handOver(2, 1), "waits");
  ASSERT_TRUE(homes.calm());
  for (size_t n : {1, 2}) EXPECT_EQ(members(n), "ABCD") << n;
  EXPECT_EQ(handOver(3, 1), "done");
  ASSERT_TRUE(homes.calm());
  for (size_t n : {1, 2, 3}) EXPECT_EQ(members(n), "BACD") << n;
}

TEST_F(CircleLostMembers, LeaveDecidingToTheOthersAfterAMinute) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  auto deciding = [&] {
    std::string names;
    for (size_t n = 0; n < 4; ++n) names += home(n).core().circles().decidesHere(circle) ? home(n).name() : "";
    return names;
  };
  ASSERT_TRUE(homes.pass(engine::kKeeperAwayMs));
  EXPECT_EQ(deciding(), "A");
  homes.cut(0, 1);
  ASSERT_TRUE(homes.pass(engine::kKeeperAwayMs - 1));
  EXPECT_EQ(deciding(), "A");
  ASSERT_TRUE(homes.pass(1));
  EXPECT_EQ(deciding(), "AB");
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(deciding(), "A");
  // One that has just started has not looked for the keeper yet.
  homes.cutOff(2);
  home(2).start(std::string(home(2).image()), Home::Start::kClean);
  ASSERT_TRUE(homes.pass(engine::kKeeperAwayMs - 1));
  EXPECT_EQ(deciding(), "A");
  ASSERT_TRUE(homes.pass(1));
  EXPECT_EQ(deciding(), "AC");
}

}  // namespace
}  // namespace hearthgate::sync
