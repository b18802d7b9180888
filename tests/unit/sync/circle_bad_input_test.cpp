// Charters and members that lie.
#include "circle_fixture.h"
#include "trust/tuning.h"

namespace hearthgate::sync {
namespace {

class CircleBadInput : public CircleTest {
 protected:
  CircleBadInput() { circle = homes.found(0, {1, 2}); }
  // As member 1 sends it to member 0.
  void tell(const std::string& message) { home(0).receive(id(1), message); }
  std::string audited() {
    std::string all;
    for (const store::AuditRow& row : home(0).store().audit({id(1).text(), "refused", "", {}}, std::nullopt, 10)) all += row.subject + " ";
    return all;
  }
  trust::CharterProof proof(size_t n) { return *home(n).core().circles().membership(circle)->proof; }
  void show(const trust::CharterProof& shown) { tell(encode(CharterMessage{circle, trust::encodeCharterProof(shown)})); }
};

TEST_F(CircleBadInput, ACharterThatTheKeeperDidNotSign) {
  trust::CharterProof forged = proof(1);
  trust::Charter next = trust::nextCharter(forged.current());
  std::erase_if(next.members, [&](const auto& member) { return member.home == id(2); });
  forged.chain.back() = {next, {home(1).core().settings().signer.sign(next)}};
  show(forged);
  EXPECT_EQ(members(0), "ABC");
  EXPECT_NE(audited(), "");
}

TEST_F(CircleBadInput, AnOldCharterChangesNothing) {
  trust::CharterProof old = proof(0);
  EXPECT_EQ(remove(0, 2), "done");
  ASSERT_TRUE(homes.calm());
  show(old);
  EXPECT_EQ(members(0), "AB");
  ASSERT_TRUE(homes.calm());
  EXPECT_EQ(members(1), "AB");
}

TEST_F(CircleBadInput, ACharterOfAnotherCircle) {
  trust::CharterProof right = proof(0);
  OwnerId other = homes.found(3, {0});
  tell(encode(CharterMessage{other, trust::encodeCharterProof(right)}));
  EXPECT_EQ(home(0).core().circles().membership(other)->charter()->keeper, id(3));
}

TEST_F(CircleBadInput, GarbageAndWhatIsTooLarge) {
  tell(encode(CharterMessage{circle, "garbage"}));
  EXPECT_EQ(members(0), "ABC");
  tell(encode(CharterMessage{circle, std::string(trust::kMaxCharterBytes + 1, 'x')}));
  EXPECT_FALSE(home(0).replicator().connected(id(1)));  // a broken message ends the link
}

// Who shows what does not hold is not listened to for a while, so that it costs no more.
TEST_F(CircleBadInput, SignaturesAreCheckedOnceAMinute) {
  trust::CharterProof forged = proof(1);
  trust::CharterProof good = forged;
  forged.chain.back().signatures[0].signature[5] ^= 1;
  trust::Charter next = trust::nextCharter(good.current());
  next.name = "other";
  good.chain.back() = {next, {home(0).core().settings().signer.sign(next)}};
  show(forged);
  show(good);
  EXPECT_EQ(home(0).core().circles().membership(circle)->row.name, "family");
  ASSERT_TRUE(homes.pass(61'000));
  show(good);
  EXPECT_EQ(home(0).core().circles().membership(circle)->row.name, "other");
}

// TRUST.md T13: a counter of ours above what we issued.
class ForgedCounters : public CircleBadInput {
 protected:
  void SetUp() override {
    EXPECT_EQ(put(0, "theme.x", R"({"by":"A"})"), "ok");
    ASSERT_TRUE(homes.calm());
  }
  // Member 1 says over a version of its own that it has seen more of home 0 than there is.
  void forge(const std::string& entity) {
    auto row = home(1).store().entity(of(entity));
    ASSERT_TRUE(row);
    const auto replica = home(0).core().writer().owner(circle).replica;
    ASSERT_TRUE(replica);
    EXPECT_EQ(put(1, entity, R"({"by":"B"})"), "ok");
    home(1).commit([&] {
      store::EntityRow forged = *home(1).store().entity(of(entity));
      model::Version& version = forged.siblings.front();
      version.vector.raise(*replica, version.vector.at(*replica) + 1'000);
      version.hash = model::contentHash(forged.address, version);
      home(1).store().putEntity(&forged);
    });
  }
  void meet() {
    for (int i = 0; i < 4; ++i) {
      homes.linkAll();
      ASSERT_TRUE(homes.pass(1'000));
    }
  }
};

TEST_F(ForgedCounters, StandBesideWhatWasWritten) {
  const auto before = home(0).core().writer().owner(circle).replica;
  forge("theme.x");
  EXPECT_EQ(put(0, "theme.x", R"({"by":"A again"})"), "ok");
  meet();
  EXPECT_NE(home(0).core().writer().owner(circle).replica, before);
  std::set<std::string> fields;
  for (const model::Version& version : home(0).siblings(of("theme.x"))) fields.insert(version.fields);
  EXPECT_TRUE(fields.contains(R"({"by":"A again"})"));
  EXPECT_TRUE(fields.contains(R"({"by":"B"})"));
  bool alarmed = false;
  for (const store::EventRow& event : home(0).store().events(0, 1'000)) alarmed = alarmed || event.body.find("counters_forged") != std::string::npos;
  EXPECT_TRUE(alarmed);
  EXPECT_FALSE(home(0).core().circles().distrusts(circle, id(1)));
}

TEST_F(ForgedCounters, ThreeTimesInADayHoldTheMembersWrites) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(put(0, "theme.x", R"({"n":)" + std::to_string(i) + "}"), "ok");
    meet();
    homes.cutOff(0);
    forge("theme.x");
    EXPECT_EQ(put(0, "theme.y", R"({"n":)" + std::to_string(i) + "}"), "ok");
    homes.link(0, 1);
    ASSERT_TRUE(homes.calm());
  }
  EXPECT_TRUE(home(0).core().circles().distrusts(circle, id(1)));
  homes.cutOff(0);
  EXPECT_EQ(put(1, "theme.z", R"({"by":"B"})"), "ok");
  homes.link(0, 1);
  ASSERT_TRUE(homes.pass(2'000));
  EXPECT_EQ(shown(0, "theme.z"), "none");
  EXPECT_EQ(codeOf(home(0).circles<Status>([&](Circles& circles) { return circles.trustAgain(circle, id(1)); })), "ok");
  for (int i = 0; i < 3; ++i) {
    if (!homes.network().isOpen(0, 1)) homes.link(0, 1);
    ASSERT_TRUE(homes.pass(2'000));
  }
  EXPECT_EQ(shown(0, "theme.z"), R"({"by":"B"})");
}

}  // namespace
}  // namespace hearthgate::sync
