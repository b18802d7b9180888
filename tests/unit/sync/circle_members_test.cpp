// Who is in a circle: founded, joined, left, removed, handed over, elected, and what members ask of the keeper.
#include "circle_fixture.h"

namespace hearthgate::sync {
namespace {

class CircleMembers : public CircleTest {};

TEST_F(CircleMembers, JoinByInvitationAndAreKnownToEachOther) {
  circle = homes.found(0, {1, 2});
  for (size_t n : {0, 1, 2}) EXPECT_EQ(members(n), "ABC") << n;
  EXPECT_EQ(home(0).core().circles().membership(circle)->charter()->number, 3u);
  EXPECT_EQ(home(3).core().circles().all().size(), 0u);
}

TEST_F(CircleMembers, AreNoneBeforeTheyAccept) {
  circle = homes.found(0, {});
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(invite(0, 1), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(1), "");
  EXPECT_EQ(members(0), "A");
  EXPECT_EQ(put(1, "theme.x", R"({"v":1})"), "entity_not_found");
  EXPECT_EQ(accept(1), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(1), "AB");
  EXPECT_EQ(accept(1), "already_member");
}

TEST_F(CircleMembers, InvitationsAreDeclinedWithdrawnAndEnd) {
  circle = homes.found(0, {});
  homes.link(0, 1);
  EXPECT_EQ(invite(0, 0), "home_is_own");
  EXPECT_EQ(invite(0, 1), "ok");
  EXPECT_EQ(invite(0, 1), "ok");  // twice is one
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(home(0).core().circles().guests(circle).size(), 1u);
  EXPECT_EQ(remove(1, 1), "done");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(home(0).core().circles().guests(circle).size(), 0u);
  EXPECT_EQ(accept(1), "circle_not_found");

  EXPECT_EQ(invite(0, 1), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(remove(0, 1), "done");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(accept(1), "circle_not_found");

  EXPECT_EQ(invite(0, 1), "ok");
  ASSERT_TRUE(homes.calm());
  homes.cut(0, 1);
  ASSERT_TRUE(homes.pass(engine::kInvitationMs + 61'000));
  EXPECT_EQ(accept(1), "invitation_not_found");
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(home(0).core().circles().guests(circle).size(), 0u);
  EXPECT_EQ(members(0), "A");
}

TEST_F(CircleMembers, AnInvitationIsToldToWhoIsAway) {
  circle = homes.found(0, {});
  EXPECT_EQ(invite(0, 1), "ok");
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  homes.cut(0, 1);
  EXPECT_EQ(accept(1), "ok");
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(1), "AB");
}

TEST_F(CircleMembers, RoomIsForThoseThatOneTakesPartIn) {
  auto found = [&](size_t n, const std::string& name) {
    return home(n).circles<Result<OwnerId>>([&](Circles& circles) { return circles.found(name); });
  };
  for (size_t i = 0; i < engine::kMaxCircles; ++i) {
    auto made = found(0, "c" + std::to_string(i));
    ASSERT_TRUE(made.ok());
    circle = *made;
    EXPECT_EQ(invite(0, 1), "ok");
  }
  EXPECT_EQ(found(0, "one too many").error().code, "circles_full");
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(home(1).core().circles().all().size(), engine::kMaxInvitationsOfOne);
  // What was left takes no room.
  for (size_t i = 0; i < 2 * engine::kMaxCircles; ++i) {
    EXPECT_EQ(remove(0, 0), "done");
    auto made = found(0, "d" + std::to_string(i));
    ASSERT_TRUE(made.ok());
    circle = *made;
  }
  EXPECT_LE(home(0).core().circles().all().size(), 2 * engine::kMaxCircles);
}

TEST_F(CircleMembers, TwoCirclesOfOneNameAreTwo) {
  circle = homes.found(0, {1});
  OwnerId other = homes.found(0, {1});
  EXPECT_NE(circle, other);
  EXPECT_EQ(put(0, "theme.x", R"({"v":1})"), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(home(1).shown({other, "theme.x"}), "none");
  EXPECT_EQ(shown(1, "theme.x"), R"({"v":1})");
}

TEST_F(CircleMembers, WhoIsRemovedLosesTheContentAndIsNotHeard) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  EXPECT_EQ(put(2, "theme.x", R"({"by":"C"})"), "ok");
  ASSERT_TRUE(homes.calm());
  homes.cutOff(2);
  EXPECT_EQ(remove(0, 2), "done");
  ASSERT_TRUE(homes.calm());
  // It knows nothing of that yet.
  EXPECT_EQ(put(2, "theme.x", R"({"by":"C again"})"), "ok");
  EXPECT_EQ(put(2, "theme.y", R"({"by":"C"})"), "ok");
  homes.link(1, 2);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(2), "");
  EXPECT_EQ(shown(2, "theme.x"), "none");
  EXPECT_EQ(home(2).store().entity(of("theme.x"))->state, store::EntityState::kNoLongerShared);
  for (size_t n : {0, 1}) {
    EXPECT_EQ(shown(n, "theme.x"), R"({"by":"C"})") << n;  // what it wrote before stays
    EXPECT_EQ(shown(n, "theme.y"), "none") << n;
    EXPECT_EQ(members(n), "AB") << n;
  }
  // What nobody got lies in its archive.
  auto row = home(2).store().entity(of("theme.y"));
  ASSERT_TRUE(row);
  EXPECT_EQ(home(2).store().history(row->n, 10).size(), 1u);
  EXPECT_EQ(put(2, "theme.y", R"({"by":"C"})"), "no_longer_shared");
}

TEST_F(CircleMembers, WhoWasRemovedComesBackByANewInvitation) {
  circle = homes.found(0, {1, 2});
  EXPECT_EQ(put(0, "theme.x", R"({"v":1})"), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(remove(0, 2), "done");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(shown(2, "theme.x"), "none");
  EXPECT_EQ(invite(0, 2), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(accept(2), "ok");
  ASSERT_TRUE(homes.calm());
  for (int i = 0; i < 3 && shown(2, "theme.x") == "none"; ++i) {
    if (!homes.network().isOpen(0, 2)) homes.link(0, 2);
    ASSERT_TRUE(homes.pass(1'000));
  }
  EXPECT_EQ(shown(2, "theme.x"), R"({"v":1})");
  EXPECT_EQ(put(2, "theme.x", R"({"v":2})"), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(shown(0, "theme.x"), R"({"v":2})");
}

TEST_F(CircleMembers, LeaveThroughTheKeeper) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(remove(0, 0), "keeper_must_hand_over");
  EXPECT_EQ(remove(1, 0), "keeper_must_hand_over");
  homes.cut(0, 2);
  EXPECT_EQ(remove(2, 2), "waits");  // hears of it through B
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(0), "AB");
  EXPECT_EQ(members(1), "AB");
  EXPECT_EQ(members(2), "");
  EXPECT_TRUE(wishes(0).empty());
}

TEST_F(CircleMembers, TheLastOneEndsTheCircle) {
  circle = homes.found(0, {});
  EXPECT_EQ(put(0, "theme.x", R"({"v":1})"), "ok");
  EXPECT_EQ(remove(0, 0), "done");
  EXPECT_EQ(shown(0, "theme.x"), "none");
  EXPECT_EQ(put(0, "theme.x", R"({"v":1})"), "no_longer_shared");
}

TEST_F(CircleMembers, TheKeeperHandsOver) {
  circle = homes.found(0, {1, 2});
  EXPECT_EQ(handOver(0, 3), "home_not_found");
  EXPECT_EQ(handOver(0, 1), "done");
  ASSERT_TRUE(homes.calm());
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1, 2}) EXPECT_EQ(members(n), "BAC") << n;
  EXPECT_EQ(remove(1, 2), "done");
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1}) EXPECT_EQ(members(n), "BA") << n;
  EXPECT_EQ(remove(0, 0), "waits");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(1), "B");
}

TEST_F(CircleMembers, AMajorityReplacesAKeeperThatIsGone) {
  circle = homes.found(0, {1, 2, 3});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  homes.cutOff(0);
  EXPECT_EQ(handOver(1, 1), "waits");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(handOver(2, 1), "waits");  // two of four are no majority
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(3), "ABCD");
  EXPECT_EQ(handOver(3, 1), "done");
  ASSERT_TRUE(homes.calm());
  for (size_t n : {1, 2, 3}) EXPECT_EQ(members(n), "BACD") << n;
  EXPECT_EQ(remove(1, 0), "done");
  ASSERT_TRUE(homes.calm());
  // The old keeper has gone on meanwhile, and is not listened to any more.
  EXPECT_EQ(remove(0, 3), "done");
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  for (size_t n : {1, 2, 3}) EXPECT_EQ(members(n), "BCD") << n;
  EXPECT_EQ(members(0), "");
}

TEST_F(CircleMembers, VotesThatWereSplitAreCastAgain) {
  circle = homes.found(0, {1, 2, 3});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  homes.cutOff(0);
  EXPECT_EQ(handOver(1, 1), "waits");
  EXPECT_EQ(handOver(2, 2), "waits");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(handOver(3, 2), "waits");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(handOver(1, 2), "waits");  // under another number; the others go with it
  ASSERT_TRUE(homes.pass(1'000));
  for (size_t n : {1, 2, 3}) EXPECT_EQ(members(n), "CABD") << n;
}

TEST_F(CircleMembers, OthersInviteWithTheKeepersConsent) {
  circle = homes.found(0, {1});
  homes.link(1, 2);
  EXPECT_EQ(invite(1, 2), "ok");
  ASSERT_TRUE(homes.calm());
  ASSERT_EQ(wishes(0).size(), 1u);
  EXPECT_EQ(answer(0, true), "wish_not_ready");
  EXPECT_EQ(accept(2), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(2), "");
  EXPECT_EQ(answer(1, true), "not_keeper");
  EXPECT_EQ(answer(0, true), "ok");
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1, 2}) EXPECT_EQ(members(n), "ABC") << n;
  EXPECT_TRUE(wishes(1).empty());
}

TEST_F(CircleMembers, WishesAreRefused) {
  circle = homes.found(0, {1, 2});
  EXPECT_EQ(remove(1, 2), "waits");
  ASSERT_TRUE(homes.calm());
  ASSERT_EQ(wishes(0).size(), 1u);
  EXPECT_EQ(answer(0, false), "ok");
  ASSERT_TRUE(homes.calm());
  ASSERT_EQ(wishes(1).size(), 1u);
  EXPECT_TRUE(wishes(1)[0].refused);
  EXPECT_EQ(wishes(1)[0].by, id(1));
  EXPECT_EQ(answer(1, false), "ok");  // takes it back
  ASSERT_TRUE(homes.calm());
  EXPECT_TRUE(wishes(0).empty());
  EXPECT_EQ(members(2), "ABC");
}

TEST_F(CircleMembers, WishesThatAreDoneAlreadyGo) {
  circle = homes.found(0, {1, 2, 3});
  EXPECT_EQ(remove(1, 3), "waits");
  EXPECT_EQ(remove(2, 3), "waits");
  ASSERT_TRUE(homes.calm());
  ASSERT_EQ(wishes(0).size(), 2u);
  EXPECT_EQ(remove(0, 3), "done");
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1, 2}) {
    EXPECT_EQ(members(n), "ABC") << n;
    EXPECT_TRUE(wishes(n).empty()) << n;
  }
}

TEST_F(CircleMembers, ReadersMayNotWriteAndAreNotListenedTo) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  EXPECT_EQ(put(0, "theme.x", R"({"v":1})"), "ok");
  ASSERT_TRUE(homes.calm());
  homes.cutOff(2);
  EXPECT_EQ(put(2, "theme.x", R"({"v":"C"})"), "ok");
  engine::CircleRules wanted;
  wanted.rows = {{"theme.*", id(2), model::Access::kRead}};
  EXPECT_EQ(rules(0, wanted), "done");
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(put(2, "theme.x", R"({"v":2})"), "read_only");
  EXPECT_EQ(put(2, "app.x", R"({"v":2})"), "ok");
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1, 2}) {
    EXPECT_EQ(shown(n, "theme.x"), R"({"v":1})") << n;
    EXPECT_EQ(shown(n, "app.x"), R"({"v":2})") << n;
  }
  EXPECT_FALSE(home(2).core().writer().owner(circle).replacing);
  // It still asks for what it wants.
  EXPECT_EQ(remove(2, 1), "waits");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(wishes(0).size(), 1u);
}

TEST_F(CircleMembers, StrategiesHoldForAll) {
  circle = homes.found(0, {1});
  engine::CircleRules wanted;
  wanted.strategies = {{model::StrategyRow::Scope::kGlob, "app.*", "merge"}};
  EXPECT_EQ(rules(1, wanted), "waits");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(answer(0, true), "ok");
  ASSERT_TRUE(homes.calm());
  homes.cut(0, 1);
  EXPECT_EQ(put(0, "app.list", R"({"a":1})"), "ok");
  EXPECT_EQ(put(1, "app.list", R"({"b":1})"), "ok");
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  for (size_t n : {0, 1}) EXPECT_EQ(shown(n, "app.list"), R"({"a":1,"b":1})") << n;
}

TEST_F(CircleMembers, ARestoredKeeperChangesNothingBeforeItHasSeenAMember) {
  circle = homes.found(0, {1});
  ASSERT_TRUE(homes.calm());
  std::string image = home(0).image();
  EXPECT_EQ(invite(0, 2), "ok");
  homes.link(0, 2);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(accept(2), "ok");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(1), "ABC");
  homes.cutOff(0);
  home(0).start(image, Home::Start::kRestored);
  EXPECT_EQ(members(0), "AB");
  EXPECT_EQ(remove(0, 1), "circle_needs_pass");
  home(0).commit([&] { home(0).core().confirmRestore(); });
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(0), "ABC");
  EXPECT_EQ(remove(0, 2), "done");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(1), "AB");
}

TEST_F(CircleMembers, OtherLivesOfAKeeperAreBroughtTogether) {
  circle = homes.found(0, {1, 2});
  homes.linkAll();
  ASSERT_TRUE(homes.calm());
  std::string image = home(0).image();
  homes.cut(0, 2);
  EXPECT_EQ(remove(0, 2), "done");
  ASSERT_TRUE(homes.calm());
  homes.cutOff(0);
  // Copied back by hand: nothing tells it that it was restored.
  home(0).start(image, Home::Start::kClean);
  engine::CircleRules wanted;
  wanted.rows = {{"*", id(1), model::Access::kRead}};
  EXPECT_EQ(rules(0, wanted), "done");
  homes.link(0, 1);
  ASSERT_TRUE(homes.calm());
  for (int i = 0; i < 3; ++i) {
    if (!homes.network().isOpen(0, 1)) homes.link(0, 1);
    ASSERT_TRUE(homes.pass(1'000));
  }
  // Members of both, and each access the least of both.
  for (size_t n : {0, 1}) EXPECT_EQ(members(n), "AB") << n;
  EXPECT_EQ(put(1, "theme.x", R"({"v":1})"), "read_only");
}

}  // namespace
}  // namespace hearthgate::sync
