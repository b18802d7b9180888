// How much waits for a home that is away: counted right, and not counted again.
#include "engine/lag.h"

#include "unit/engine/two_homes.h"

namespace hearthgate::engine {
namespace {

class Lag : public TwoHomes {
 protected:
  Lag() {
    a.commit([&] { a.core().admit(b.id()); });
    EXPECT_TRUE(a.grant(b.id(), "light.*", Access::kRead).ok());
    for (int i = 0; i < 50; ++i) put("light.n" + std::to_string(i));
    for (int i = 0; i < 50; ++i) put("secret.n" + std::to_string(i));
  }
  void put(const std::string& id) {
    ASSERT_TRUE(a.put({a.owner(), id}, "{\"n\":" + std::to_string(++writes) + "}").ok());
  }
  uint64_t waiting() { return counter.waiting(a.store(), a.id(), b.id(), a.owner(), sent); }
  void acknowledge() {
    a.commit([&] {
      store::PeerPlace place{a.core().writer().owner(a.owner()).epoch, a.store().feedEnd(a.owner()), {}, 0, ++writes};
      place.rules.lists = a.core().rulesFor(b.id())->lists;
      a.store().putPeerPlace(b.id(), a.owner(), place);
    });
  }
  // Rows that one more question looks at.
  uint64_t cost() {
    uint64_t before = counter.looked();
    (void)waiting();
    return counter.looked() - before;
  }

  LagCounter counter;
  std::optional<uint64_t> sent;
  int writes = 0;
};

TEST_F(Lag, CountsWhatIsSharedAndNotAcknowledged) {
  EXPECT_EQ(waiting(), 50u);
  acknowledge();
  EXPECT_EQ(waiting(), 0u);
  put("light.n1");
  put("light.n1");
  put("secret.n1");
  EXPECT_EQ(waiting(), 1u);
  put("light.new");
  EXPECT_EQ(waiting(), 2u);
}

TEST_F(Lag, LooksOnlyAtWhatChanged) {
  EXPECT_EQ(cost(), 100u);
  EXPECT_EQ(cost(), 0u);
  put("light.n1");
  put("light.new");
  EXPECT_EQ(cost(), 2u);
  EXPECT_EQ(waiting(), 51u);
}

TEST_F(Lag, CountsAnewUnderOtherRules) {
  acknowledge();
  ASSERT_TRUE(a.grant(b.id(), "secret.*", Access::kRead).ok());
  EXPECT_EQ(waiting(), 50u);
  ASSERT_TRUE(a.grant(b.id(), "secret.n7", Access::kNone).ok());
  EXPECT_EQ(waiting(), 49u);
  put("secret.n7");
  EXPECT_EQ(waiting(), 49u);
}

TEST_F(Lag, CountsAboveWhatALinkHasSent) {
  sent = a.store().feedEnd(a.owner());
  EXPECT_EQ(waiting(), 0u);
  put("light.n1");
  EXPECT_EQ(waiting(), 1u);
  sent = a.store().feedEnd(a.owner());
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(Lag, AtTheOtherHomeCountsOwnChangesUntilTheirOwnerHasThem) {
  tell("light.*", Access::kWrite, 2);
  ASSERT_TRUE(carry(a, b, lamp("light.n1")));
  LagCounter there;
  auto waits = [&] { return there.waiting(b.store(), b.id(), a.id(), a.owner(), {}); };
  EXPECT_EQ(waits(), 0u);
  ASSERT_TRUE(b.put(lamp("light.n1"), R"({"n":0})").ok());
  EXPECT_EQ(waits(), 1u);
  // It is not shared any more: what is left of it waits for nothing.
  tell("secret.*", Access::kRead, 3);
  EXPECT_EQ(waits(), 0u);
}

TEST_F(Lag, AForgottenHomeWaitsForNothing) {
  EXPECT_EQ(counter.waiting(a.store(), a.id(), model::home(9), a.owner(), {}), 0u);
}

// --- a glob that matches a new kind (TRUST.md T34) ------------------------------------------------------------------

class NewKind : public Lag {
 protected:
  size_t warnings() {
    size_t count = 0;
    for (const store::EventRow& event : a.store().events(0, 1000)) {
      count += event.body.find("new_kind_shared") != std::string::npos;
    }
    return count;
  }
  void make(const std::string& id, const std::string& kind) {
    WriteOrder order;
    order.address = {a.owner(), id};
    order.kind = kind;
    order.fields = *model::parseJson("{}", 4);
    ASSERT_TRUE(a.write(order).ok());
  }
};

TEST_F(NewKind, IsWarnedOfOnceWhenAGlobSharesIt) {
  size_t before = warnings();
  make("secret.door", "lock");
  EXPECT_EQ(warnings(), before);
  make("light.door", "camera");
  EXPECT_EQ(warnings(), before + 1);
  make("light.other", "camera");
  EXPECT_EQ(warnings(), before + 1);
  EXPECT_EQ(a.store().audit({"", "new_kind_shared", "", {}}, {}, 10).size(), before + 1);
}

TEST_F(NewKind, IsNotWarnedOfWhereARowNamesTheEntity) {
  size_t before = warnings();
  ASSERT_TRUE(a.grant(b.id(), "light.named", Access::kRead).ok());
  make("light.named", "camera");
  EXPECT_EQ(warnings(), before);
}

TEST_F(NewKind, IsKnownAfterARestart) {
  make("light.door", "camera");
  size_t before = warnings();
  a.start(a.image(), Home::Start::kClean);
  make("light.other", "camera");
  EXPECT_EQ(warnings(), before);
}

}  // namespace
}  // namespace hearthgate::engine
