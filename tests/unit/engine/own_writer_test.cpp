// This home as a writer: dots, stamps, feed numbers, and what is left of them after a stop or a failed commit.
#include "engine/own_writer.h"

#include <gtest/gtest.h>

#include "sim/home.h"
#include "unit/model/histories.h"

namespace hearthgate::engine {
namespace {

using model::Dot;
using model::home;
using model::OwnerId;
using model::replica;
using model::Stamp;

constexpr int64_t kDrift = 60'000;
const OwnerId kMe(home(1));
const OwnerId kOther(home(2));

class Writing : public testing::Test {
 protected:
  Writing() {
    auto made = store::Store::inMemory();
    store = std::move(*made);
    again();
  }
  // As a new process that finds what was flushed.
  void again() {
    if (writer) {
      writer->flush();
      EXPECT_TRUE(store->commit().ok());
    }
    writer = std::make_unique<OwnWriter>(*store, clock, random, kDrift);
    store->begin();
    writer->load();
  }

  sim::FakeClock clock;
  sim::SeededRandom random{7};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<OwnWriter> writer;
};

TEST_F(Writing, DrawsAReplicaIdAtTheFirstWriteAndTellsItOnce) {
  EXPECT_FALSE(writer->owner(kMe).replica);
  EXPECT_TRUE(writer->takeDrawn().empty());
  Dot first = writer->nextDot(kMe);
  EXPECT_EQ(first.counter, 1u);
  EXPECT_FALSE(first.replica.empty());
  auto drawn = writer->takeDrawn();
  ASSERT_EQ(drawn.size(), 1u);
  EXPECT_EQ(drawn[0], std::pair(kMe, first.replica));
  EXPECT_EQ(writer->nextDot(kMe), (Dot{first.replica, 2}));
  EXPECT_TRUE(writer->takeDrawn().empty());
}

TEST_F(Writing, CountsOnByOneOverRestarts) {
  Dot first = writer->nextDot(kMe);
  for (uint64_t n = 2; n <= 20; ++n) {
    if (n % 3 == 0) again();
    EXPECT_EQ(writer->nextDot(kMe), (Dot{first.replica, n}));
  }
}

TEST_F(Writing, WritesUnderAnotherIdForEachOwner) {
  Dot mine = writer->nextDot(kMe);
  Dot theirs = writer->nextDot(kOther);
  EXPECT_NE(mine.replica, theirs.replica);
  EXPECT_NE(writer->owner(kMe).epoch, writer->owner(kOther).epoch);
  // What happens at one owner changes nothing at another.
  auto epoch = writer->owner(kMe).epoch;
  writer->retire(kOther);
  writer->newEpoch(kOther);
  EXPECT_EQ(writer->nextDot(kMe), (Dot{mine.replica, 2}));
  EXPECT_EQ(writer->owner(kMe).epoch, epoch);
  EXPECT_FALSE(writer->isMine(kMe, theirs.replica));
}

TEST_F(Writing, RetiresAtOnceAndDrawsAnewAtTheNextWrite) {
  Dot old = writer->nextDot(kMe);
  writer->nextDot(kMe);
  writer->raiseTold(kMe, old.replica, 1);
  writer->takeDrawn();
  writer->retire(kMe);
  for (int round = 0; round < 2; ++round, again()) {
    EXPECT_FALSE(writer->owner(kMe).replica) << "the old id is nobody's current one";
    EXPECT_TRUE(writer->isMine(kMe, old.replica));
    EXPECT_EQ(writer->issued(kMe, old.replica), 2u);
    EXPECT_EQ(writer->told(kMe, old.replica), 1u);
    EXPECT_TRUE(writer->hasUntold(kMe));
  }
  // Nothing to retire: no row of a former id comes from it.
  writer->retire(kMe);
  EXPECT_EQ(store->ownReplicas(kMe).size(), 1u);
  Dot anew = writer->nextDot(kMe);
  EXPECT_NE(anew.replica, old.replica);
  EXPECT_EQ(anew.counter, 1u);
  EXPECT_EQ(writer->told(kMe, anew.replica), 0u);
  EXPECT_EQ(writer->takeDrawn().size(), 1u);
}

TEST_F(Writing, ForgetsWhatAFailedCommitDid) {
  Dot kept = writer->nextDot(kMe);
  uint64_t sequence = writer->nextSequence();
  again();
  writer->nextDot(kMe);
  writer->nextDot(kOther);
  writer->nextSequence();
  writer->nextChange();
  clock.wall_ms += 50;
  writer->nextStamp();
  writer->retire(kMe);
  writer->flush();
  store->rollback();
  store->begin();
  writer->load();
  EXPECT_EQ(writer->nextDot(kMe), (Dot{kept.replica, 2}));
  EXPECT_EQ(writer->nextSequence(), sequence + 1);
  EXPECT_EQ(writer->head().change, 0u);
  EXPECT_EQ(writer->find(kOther), nullptr);
  EXPECT_TRUE(writer->takeDrawn().empty()) << "an id that was never stored is told to nobody";
}

TEST_F(Writing, StampsByTheClockAndTicksWhereItStands) {
  clock.wall_ms = 5000;
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, 5000, 0}));
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, 5000, 1}));
  clock.wall_ms = 5001;
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, 5001, 0}));
  clock.wall_ms = 4000;
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, 5001, 1}));
  again();
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, 5001, 2}));
}

TEST_F(Writing, CarriesACountThatIsFullIntoTheMilliseconds) {
  clock.wall_ms = 5000;
  store->putHead({0, 0, 5000, UINT32_MAX - 1});
  writer->load();
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, 5000, UINT32_MAX}));
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, 5001, 0}));
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, 5001, 1}));
}

TEST_F(Writing, SaysWhetherTheClockIsTrusted) {
  clock.synced = false;
  EXPECT_FALSE(writer->nextStamp().trusted);
  clock.synced = true;
  EXPECT_TRUE(writer->nextStamp().trusted);
}

TEST_F(Writing, NeverStampsBefore1970) {
  clock.wall_ms = -5;
  EXPECT_GE(writer->nextStamp().ms, 0);
  EXPECT_GE(writer->nextStamp().ms, 0);
}

TEST_F(Writing, DropsAReadingTooFarAheadOfASynchronisedClock) {
  int64_t now = clock.wall_ms;
  clock.wall_ms = now + kDrift;
  writer->nextStamp();
  clock.wall_ms = now;
  // Exactly the bound: it stands.
  EXPECT_FALSE(writer->readingTooFarAhead());
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, now + kDrift, 1}));
  clock.wall_ms = now - 1;
  EXPECT_TRUE(writer->readingTooFarAhead());
  // A clock that is not synchronised checks nothing.
  clock.synced = false;
  EXPECT_FALSE(writer->readingTooFarAhead());
  EXPECT_EQ(writer->nextStamp(), (Stamp{false, now + kDrift, 2}));
  clock.synced = true;
  EXPECT_EQ(writer->nextStamp(), (Stamp{true, now - 1, 0}));
  EXPECT_FALSE(writer->readingTooFarAhead());
}

TEST_F(Writing, SkipsFeedNumbersAtEveryStartByChance) {
  writer->owner(kMe);
  std::set<uint64_t> skipped;
  for (int start = 0; start < 8; ++start) {
    uint64_t before = writer->head().sequence;
    writer->skipSequence();
    uint64_t by = writer->head().sequence - before;
    EXPECT_GE(by, kSequenceSkip);
    EXPECT_LT(by, 2 * kSequenceSkip);
    skipped.insert(by);
    again();
    EXPECT_EQ(writer->head().sequence, before + by);
  }
  EXPECT_EQ(skipped.size(), 8u) << "two lives of a copied home may not skip alike";
}

TEST_F(Writing, RemembersTheNewestStartsAndWhichOneSkippedANumber) {
  Dot dot = writer->nextDot(kMe);
  std::vector<std::pair<uint64_t, uint64_t>> skips;
  for (size_t start = 0; start < kStartsKept + 3; ++start) {
    uint64_t low = writer->head().sequence;
    writer->skipSequence();
    skips.emplace_back(low, writer->head().sequence);
    writer->nextDot(kMe);
    writer->nextSequence();
    again();
  }
  EXPECT_EQ(store->starts(kMe).size(), kStartsKept);
  auto [low, high] = skips.back();
  EXPECT_FALSE(writer->startThatSkipped(kMe, low)) << "was used before the start";
  auto start = writer->startThatSkipped(kMe, low + 1);
  ASSERT_TRUE(start);
  EXPECT_EQ(start->low, low);
  EXPECT_EQ(start->high, high);
  EXPECT_EQ(start->replica, dot.replica);
  EXPECT_EQ(start->counter, 1 + kStartsKept + 2);
  EXPECT_TRUE(writer->startThatSkipped(kMe, high - 1));
  EXPECT_FALSE(writer->startThatSkipped(kMe, high + 1)) << "was used after the start";
  EXPECT_FALSE(writer->startThatSkipped(kMe, skips.front().first + 1)) << "long ago";
  EXPECT_FALSE(writer->startThatSkipped(kOther, low + 1));
}

TEST_F(Writing, RaisesWhatWasToldAndNeverLowersIt) {
  Dot dot = writer->nextDot(kMe);
  writer->nextDot(kMe);
  EXPECT_TRUE(writer->hasUntold(kMe));
  writer->raiseTold(kMe, dot.replica, 2);
  writer->raiseTold(kMe, dot.replica, 1);
  EXPECT_EQ(writer->told(kMe, dot.replica), 2u);
  EXPECT_FALSE(writer->hasUntold(kMe));
  // A foreign id is not ours to tell of.
  writer->raiseTold(kMe, replica(99), 5);
  EXPECT_EQ(writer->told(kMe, replica(99)), 0u);
  writer->nextDot(kMe);
  writer->retire(kMe);
  EXPECT_TRUE(writer->hasUntold(kMe));
  writer->raiseTold(kMe, dot.replica, 3);
  writer->raiseTold(kMe, dot.replica, 2);
  again();
  EXPECT_EQ(writer->told(kMe, dot.replica), 3u);
  EXPECT_FALSE(writer->hasUntold(kMe));
}

TEST_F(Writing, SharesWithAnotherLifeWhatWasToldOrStoodAtTheStartAfter) {
  Dot dot = writer->nextDot(kMe);  // 1
  writer->raiseTold(kMe, dot.replica, 1);
  writer->nextDot(kMe);  // 2
  EXPECT_EQ(writer->sharedUpTo(kMe, dot.replica), 1u) << "of the current one what was told";
  writer->skipSequence();  // A start that found 2.
  writer->nextDot(kMe);    // 3
  EXPECT_EQ(writer->sharedUpTo(kMe, dot.replica), 1u);
  writer->retire(kMe);
  EXPECT_EQ(writer->sharedUpTo(kMe, dot.replica), 2u) << "lives part at a start, and that one found 2";
  writer->raiseTold(kMe, dot.replica, 3);
  EXPECT_EQ(writer->sharedUpTo(kMe, dot.replica), 3u) << "no start since";
  EXPECT_EQ(writer->sharedUpTo(kMe, replica(99)), 0u);
}

TEST_F(Writing, KeepsWhereAnotherLifePartedFromThisOne) {
  Dot dot = writer->nextDot(kMe);
  for (int n = 0; n < 9; ++n) writer->nextDot(kMe);
  writer->raiseTold(kMe, dot.replica, 4);
  EXPECT_TRUE(writer->partings(kMe).empty());
  EXPECT_FALSE(writer->wasNeverTold(kMe, {dot.replica, 4}));
  EXPECT_TRUE(writer->wasNeverTold(kMe, {dot.replica, 5}));
  EXPECT_FALSE(writer->wasNeverTold(kMe, {replica(99), 5})) << "not ours";
  writer->parted(kMe, dot.replica, 6);
  EXPECT_FALSE(writer->owner(kMe).replica) << "two lives may not go on under one id";
  writer->parted(kMe, dot.replica, 8);
  again();
  std::map<ReplicaId, uint64_t> six{{dot.replica, 6}};
  EXPECT_EQ(writer->partings(kMe), six) << "the earlier parting stands";
  writer->parted(kMe, dot.replica, 3);
  writer->raiseTold(kMe, dot.replica, 9);
  again();
  std::map<ReplicaId, uint64_t> three{{dot.replica, 3}};
  EXPECT_EQ(writer->partings(kMe), three);
  EXPECT_EQ(writer->issued(kMe, dot.replica), 10u);
  EXPECT_EQ(writer->told(kMe, dot.replica), 9u);
  EXPECT_FALSE(writer->wasNeverTold(kMe, {dot.replica, 10})) << "another life may have told it";
  EXPECT_TRUE(writer->partings(kOther).empty());
}

TEST_F(Writing, FindsTheLastStartBelowACounter) {
  Dot dot = writer->nextDot(kMe);  // 1
  writer->nextDot(kMe);            // 2
  writer->skipSequence();
  writer->nextDot(kMe);  // 3
  writer->nextDot(kMe);  // 4
  writer->nextSequence();
  writer->skipSequence();
  again();
  EXPECT_EQ(writer->startBelow(kMe, dot.replica, 2), 0u);
  EXPECT_EQ(writer->startBelow(kMe, dot.replica, 3), 2u);
  EXPECT_EQ(writer->startBelow(kMe, dot.replica, 4), 2u);
  EXPECT_EQ(writer->startBelow(kMe, dot.replica, 5), 4u);
  EXPECT_EQ(writer->startBelow(kMe, replica(99), 5), 0u);
}

}  // namespace
}  // namespace hearthgate::engine
