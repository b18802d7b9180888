#include <algorithm>
#include <set>

#include "model/field_types.h"
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

// A is copied, writes on and is copied back: its two lives write under the same counters. B knows the first one, and
// its hello does not show that: the first had begun a new epoch of its feed, and the second has told a third home as
// much.
class AnotherLife : public PairOfHomes {
 protected:
  void SetUp() override {
    ASSERT_TRUE(a.grant(b.id(), "*", Access::kWrite).ok());
    ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"before"})").ok());
    connect();
    settle();
    copy = a.image();
  }
  void endFirstLife() {
    // Twice, so that its feed has come further than one start of the second life can skip.
    for (int i = 0; i < 2; ++i) restart(a, a.image(), Home::Start::kMayHaveForgotten);
    connect();
    settle();
    restart(a, copy, Home::Start::kClean);
  }
  void tellAThirdHome() {
    auto& own = a.core().writer().owner(a.owner());
    a.commit([&] { a.core().writer().raiseTold(a.owner(), *own.replica, own.counter); });
  }
  bool says(Home& home, const std::string& id, const std::string& fields) {
    auto siblings = home.siblings(of(a, id));
    return std::any_of(siblings.begin(), siblings.end(), [&](const auto& version) { return version.fields == fields; });
  }
  // Of the first life light.x, what B built on it, and light.y, which shows that life; of the second, light.x and light.z.
  void partWith(const std::string& built_on) {
    ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"first life"})").ok());
    settle();
    ASSERT_TRUE(b.put(of(a, "light.x"), built_on).ok());
    settle();
    ASSERT_TRUE(a.put(of(a, "light.y"), R"({"state":"first life"})").ok());
    settle();
    endFirstLife();
    ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"second life"})").ok());
    ASSERT_TRUE(a.put(of(a, "light.z"), R"({"state":"second life"})").ok());
    tellAThirdHome();
  }
  void expectAllOf(const std::string& built_on) {
    for (Home* home : {&a, &b}) {
      EXPECT_TRUE(says(*home, "light.x", R"({"state":"second life"})")) << home->name();
      EXPECT_TRUE(says(*home, "light.x", built_on)) << home->name();
      EXPECT_TRUE(says(*home, "light.y", R"({"state":"first life"})")) << home->name();
      EXPECT_TRUE(says(*home, "light.z", R"({"state":"second life"})")) << home->name();
    }
    for (const char* id : {"light.x", "light.y", "light.z"}) expectSame(of(a, id));
  }
  std::string copy;
};

TEST_F(AnotherLife, IsSeenInABatchBeforeWhatWasBuiltOnItIsTakenIn) {
  partWith(R"({"state":"built on the first life"})");
  std::vector<std::string> offered;
  on_batch = [&](Home& from, const std::string& message) {
    auto batch = decodeBatch(message);
    if (&from != &b || batch->digest || !(batch->owner == a.owner())) return;
    for (const BatchItem& item : batch->items) offered.push_back(item.id);
  };
  connect();
  settle();
  EXPECT_EQ(offered, (std::vector<std::string>{"light.x", "light.y"}))
      << "first what seems to cover, then what shows it";
  expectAllOf(R"({"state":"built on the first life"})");
}

TEST_F(AnotherLife, IsSeenInALaterBatchThanWhatWasBuiltOnIt) {
  // Larger than a batch, so that what shows the other life comes in the next one.
  std::string built_on = R"({"state":")" + std::string(kBatchBytes, 'x') + R"("})";
  partWith(built_on);
  std::vector<size_t> offered;
  on_batch = [&](Home& from, const std::string& message) {
    auto batch = decodeBatch(message);
    if (&from != &b || batch->digest || !(batch->owner == a.owner()) || batch->items.empty()) return;
    offered.push_back(batch->items.size());
  };
  connect();
  settle();
  EXPECT_EQ(offered, (std::vector<size_t>{1, 1})) << "each in a batch of its own";
  expectAllOf(built_on);
}

// Both lives counted on from the same share.
TEST_F(AnotherLife, LosesNothingThatEitherCounted) {
  const auto n = of(a, "light.n");
  ASSERT_TRUE(a.put(n, R"({"n":{"$type":"counter","increment":5}})").ok());
  ASSERT_TRUE(a.put(of(a, "light.m"), R"({"x":1})").ok());
  settle();
  copy = a.image();
  ASSERT_TRUE(a.patch(n, R"({"n":{"$type":"counter","increment":2}})").ok());
  ASSERT_TRUE(a.patch(of(a, "light.m"), R"({"n":{"$type":"counter","increment":3}})").ok());
  settle();
  endFirstLife();
  ASSERT_TRUE(a.patch(n, R"({"n":{"$type":"counter","increment":10}})").ok());
  ASSERT_TRUE(a.patch(of(a, "light.m"), R"({"n":{"$type":"counter","increment":20}})").ok());
  tellAThirdHome();
  connect();
  settle();
  for (Home* home : {&a, &b}) {
    EXPECT_EQ(model::plainFields(home->shown(n)), R"({"n":17})") << home->name();
    EXPECT_EQ(model::plainFields(home->shown(of(a, "light.m"))), R"({"n":23,"x":1})") << home->name();
  }
  expectSame(n);
}

TEST_F(AnotherLife, IsSeenByAPlaceInAFeedOfAFormerEpoch) {
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"first life"})").ok());
  settle();
  ASSERT_TRUE(b.put(of(a, "light.x"), R"({"state":"built on the first life"})").ok());
  settle();
  restart(a, copy, Home::Start::kClean);
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"second life"})").ok());
  tellAThirdHome();
  restart(a, a.image(), Home::Start::kMayHaveForgotten);
  connect();
  settle();
  for (Home* home : {&a, &b}) {
    EXPECT_TRUE(says(*home, "light.x", R"({"state":"second life"})")) << home->name();
    EXPECT_TRUE(says(*home, "light.x", R"({"state":"built on the first life"})")) << home->name();
  }
  expectSame(of(a, "light.x"));
  FeedEpoch epoch = a.core().writer().owner(a.owner()).epoch;
  cut();
  connect();
  settle();
  EXPECT_TRUE(a.core().writer().owner(a.owner()).epoch == epoch) << "once is enough";
}

TEST_F(AnotherLife, KeepsWhatMayBeItsOwnThoughRetentionTookSoMuch) {
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"first life"})").ok());
  settle();
  restart(a, copy, Home::Start::kClean);
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"trimmed"})").ok());
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"state":"second life"})").ok());
  model::Siblings told = a.siblings(of(a, "light.x"));
  tellAThirdHome();
  a.commit([&] {
    auto row = a.store().entity(of(a, "light.x"));
    a.store().raiseTrimmed(row->n, told.front().dot.replica, told.front().dot.counter);
  });
  connect();
  settle();
  // The third home gives back what it was told: by its vector it covers the first life's.
  a.commit([&] { a.core().join(of(a, "light.x"), "state", told); });
  settle();
  for (Home* home : {&a, &b}) {
    EXPECT_TRUE(says(*home, "light.x", R"({"state":"first life"})")) << home->name();
    EXPECT_TRUE(says(*home, "light.x", R"({"state":"second life"})")) << home->name();
  }
  expectSame(of(a, "light.x"));
}

// B, who may write A's entities, and A itself are both copied back. A third home brings A what it had of the first
// lives when B has told A as much again.
class AnotherLifeOfAWriter : public PairOfHomes {
 protected:
  void SetUp() override {
    ASSERT_TRUE(a.grant(b.id(), "*", Access::kWrite).ok());
    connect();
    settle();
    new_a = a.image();
    ASSERT_TRUE(b.put(of(a, "light.x"), R"({"n":1,"p":1})").ok());
    settle();
    copy_of_a = a.image();
    copy_of_b = b.image();
    ASSERT_TRUE(b.put(of(a, "light.x"), R"({"n":2,"p":1})").ok());
    settle();
  }
  // Gives what stands at the end of the first lives.
  model::Siblings secondLives() {
    model::Siblings first = a.siblings(of(a, "light.x"));
    restart(a, copy_of_a, Home::Start::kClean);
    restart(b, copy_of_b, Home::Start::kClean);
    for (Home* home : {&a, &b}) home->clock().wall_ms += 1'000;
    EXPECT_TRUE(b.put(of(a, "light.x"), R"({"n":1,"p":3})").ok());
    connect();
    settle();
    return first;
  }
  // Where A doubts what B told it, and where B finds it out, the link ends and begins anew.
  void settleWithHellos() {
    for (int i = 0; i < 4; ++i) {
      settle();
      if (closed.empty()) return;
      for (const auto& [home, code] : closed) EXPECT_EQ(code, "another_life") << home;
      closed.clear();
      cut();
      // Where the lives parted is not the last start.
      if (restart_b) restart(b, b.image(), Home::Start::kClean);
      connect();
    }
    FAIL() << "the link begins anew without end";
  }
  void expectBoth(const std::string& first) {
    for (Home* home : {&a, &b}) {
      std::set<std::string> says;
      for (const auto& version : home->siblings(of(a, "light.x"))) says.insert(version.fields);
      EXPECT_EQ(says, (std::set<std::string>{first, R"({"n":1,"p":3})"})) << home->name();
    }
    expectSame(of(a, "light.x"));
  }
  bool restart_b = false;
  std::string new_a;
  std::string copy_of_a;
  std::string copy_of_b;
};

TEST_F(AnotherLifeOfAWriter, IsSeenByWritesThatHaveAnotherStamp) {
  ASSERT_TRUE(a.patch(of(a, "light.x"), R"({"q":2})").ok());
  settle();
  model::Siblings first = secondLives();
  a.commit([&] { a.core().join(of(a, "light.x"), "state", first); });
  settleWithHellos();
  expectBoth(R"({"n":2,"p":1,"q":2})");
}

TEST_F(AnotherLifeOfAWriter, IsWrittenAgainBesideWhatTheOwnerHasAlready) {
  ASSERT_TRUE(b.put(of(a, "light.y"), R"({"q":2})").ok());
  settle();
  model::Siblings first = a.siblings(of(a, "light.y"));
  secondLives();
  a.commit([&] { a.core().join(of(a, "light.y"), "state", first); });
  settleWithHellos();
  expectSame(of(a, "light.x"));
  expectSame(of(a, "light.y"));
  size_t versions = a.siblings(of(a, "light.x")).size();
  EXPECT_EQ(versions, 2) << "what the owner was told, and the same under the new replica id";
  cut();
  b.commit([&] { b.core().forgotWrites(a.owner(), b.core().writer().partings(a.owner())); });
  connect();
  settle();
  EXPECT_EQ(a.siblings(of(a, "light.x")).size(), versions) << "once is enough";
  expectSame(of(a, "light.x"));
}

TEST_F(AnotherLifeOfAWriter, IsSeenByAReplicaIdOfItsOwnThatItNeverHad) {
  restart(b, b.image(), Home::Start::kMayHaveForgotten);
  ASSERT_TRUE(b.put(of(a, "light.x"), R"({"q":2})").ok());
  connect();
  settle();
  model::Siblings first = secondLives();
  a.commit([&] { a.core().join(of(a, "light.x"), "state", first); });
  settleWithHellos();
  expectBoth(R"({"q":2})");
}

TEST_F(AnotherLifeOfAWriter, IsToldByAnOwnerThatDoesNotKnowItsReplicaIdYet) {
  ASSERT_TRUE(a.put(of(a, "light.x"), R"({"q":2})").ok());
  settle();
  model::Siblings first = a.siblings(of(a, "light.x"));
  restart(a, new_a, Home::Start::kRestored);
  a.commit([&] {
    a.core().confirmRestore();
    a.core().join(of(a, "light.x"), "state", first);
  });
  restart(b, copy_of_b, Home::Start::kClean);
  ASSERT_TRUE(b.put(of(a, "light.x"), R"({"n":1,"p":3})").ok());
  connect();
  settleWithHellos();
  expectBoth(R"({"q":2})");
}

// What comes back says everything anew, so that nothing in it shows what it was built on.
class AnotherLifeOfAWriterUnseen : public AnotherLifeOfAWriter {
 protected:
  static constexpr char kFirst[] = R"({"q":2})";
  void SetUp() override {
    AnotherLifeOfAWriter::SetUp();
    ASSERT_TRUE(a.put(of(a, "light.x"), kFirst).ok());
    settle();
    first = a.siblings(of(a, "light.x"));
    restart(a, new_a, Home::Start::kMayHaveForgotten);
    restart(b, copy_of_b, Home::Start::kClean);
    connect();
    settle();
  }
  void firstLifeComesBack() {
    a.commit([&] { a.core().join(of(a, "light.x"), "state", first); });
  }
  void expectToldAtTheNextHello() {
    restart_b = true;
    settleWithHellos();
    expectBoth(kFirst);
    cut();
    connect();
    settle();
    EXPECT_TRUE(closed.empty()) << "once is enough";
    expectBoth(kFirst);
  }
  model::Siblings first;
};

TEST_F(AnotherLifeOfAWriterUnseen, IsDoubtedByTheOwnerWhenTheFirstLifeComesLater) {
  ASSERT_TRUE(b.put(of(a, "light.x"), R"({"n":1,"p":3})").ok());
  settle();
  firstLifeComesBack();
  expectToldAtTheNextHello();
}

TEST_F(AnotherLifeOfAWriterUnseen, IsDoubtedByTheOwnerWhenTheFirstLifeCameBefore) {
  std::deque<std::string> on_the_way;
  ASSERT_TRUE(b.put(of(a, "light.x"), R"({"n":1,"p":3})").ok());
  std::swap(on_the_way, b_to_a);
  firstLifeComesBack();
  a_to_b.clear();  // It is slower than what B has sent already.
  std::swap(on_the_way, b_to_a);
  expectToldAtTheNextHello();
}

TEST_F(AnotherLifeOfAWriterUnseen, IsNotDoubtedWhenTheOwnerHadWhatIsCovered) {
  ASSERT_TRUE(b.put(of(a, "light.x"), R"({"n":1,"p":3})").ok());
  settle();
  // The same again: its acknowledgement was lost with the link.
  std::string before = a.image();
  ASSERT_TRUE(a.put(of(a, "light.x"), kFirst).ok());
  settle();
  model::Siblings built_on = a.siblings(of(a, "light.x"));
  restart(a, before, Home::Start::kMayHaveForgotten);
  a.commit([&] { a.core().join(of(a, "light.x"), "state", built_on); });
  connect();
  settle();
  EXPECT_TRUE(closed.empty());
  EXPECT_EQ(a.siblings(of(a, "light.x")).size(), 1u);
  expectSame(of(a, "light.x"));
}

}  // namespace
}  // namespace hearthgate::sync
