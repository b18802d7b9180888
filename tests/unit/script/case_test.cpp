#include "script/case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "model/field_types.h"
#include "model/leaves.h"

namespace hearthgate::script {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename Id>
Id idOf(uint8_t byte) {
  Id id;
  id.bytes.fill(byte);
  return id;
}

const HomeId kOwner = idOf<HomeId>(1);
const HomeId kGuest = idOf<HomeId>(2);
const model::Address kLamp{model::OwnerId(kOwner), "light.kitchen"};

model::Version write(const HomeId& author, uint8_t replica, uint64_t counter, const std::string& fields, const model::Version* before = nullptr) {
  model::Version version;
  version.author = author;
  version.dot = {idOf<ReplicaId>(replica), counter};
  version.stamp = {true, 1000 + replica, 0};
  version.fields = fields;
  if (before != nullptr) {
    version.vector = before->vector;
    model::keepDots(*before, &version);
  }
  version.vector.raise(version.dot.replica, counter);
  version.hash = model::contentHash(kLamp, version);
  return version;
}

const CaseVersion& by(const Case& what, const HomeId& author) {
  return *std::find_if(what.versions.begin(), what.versions.end(), [&](const CaseVersion& v) { return v.author == author.text(); });
}

TEST(Case, TellsWhatEachSideChangedSinceTheSplit) {
  const auto base = write(kOwner, 1, 1, R"({"a":1,"b":{"c":1,"gone":true},"same":0})");
  const auto mine = write(kOwner, 1, 2, R"({"a":2,"b":{"c":1,"gone":true},"same":0})", &base);
  const auto theirs = write(kGuest, 2, 1, R"({"a":1,"b":{"c":3},"new":1,"same":0})", &base);
  const Case what = makeCase(kLamp, "state", {mine, theirs});
  EXPECT_THAT(by(what, kOwner).changed, ElementsAre("a"));
  EXPECT_THAT(by(what, kGuest).changed, ElementsAre("b.c", "b.gone", "new"));
  EXPECT_TRUE(by(what, kOwner).owner);
  EXPECT_FALSE(by(what, kGuest).owner);
  EXPECT_EQ(by(what, kGuest).time_ms, 1002);
  EXPECT_TRUE(by(what, kGuest).trusted);
}

TEST(Case, OfThreeSidesWhatOneDoesNotKnowIsChanged) {
  const auto base = write(kOwner, 1, 1, R"({"a":1})");
  const auto second = write(kOwner, 1, 2, R"({"a":2,"b":1})", &base);
  const auto knows = write(kGuest, 2, 1, R"({"a":2,"b":1,"c":1})", &second);
  const auto other = write(idOf<HomeId>(3), 3, 1, R"({"a":1,"d":1})", &base);
  const Case what = makeCase(kLamp, "state", {knows, other});
  EXPECT_THAT(by(what, kGuest).changed, ElementsAre("a", "b", "c"));
  EXPECT_THAT(by(what, idOf<HomeId>(3)).changed, ElementsAre("d"));
}

TEST(Case, IsInTheOrderOfContentHashesWhateverTheOrderGiven) {
  const auto a = write(kOwner, 1, 1, R"({"a":1})");
  const auto b = write(kGuest, 2, 1, R"({"a":2})");
  const Case one = makeCase(kLamp, "state", {a, b});
  const Case other = makeCase(kLamp, "state", {b, a});
  ASSERT_EQ(one.versions.size(), 2u);
  EXPECT_EQ(one.versions[0].author, other.versions[0].author);
  EXPECT_EQ(one.versions[0].author == kOwner.text(), a.hash < b.hash);
}

TEST(Case, ADeletionHasNoFieldsAndNamesHomesThatAreKnown) {
  const auto base = write(kOwner, 1, 1, R"({"a":1})");
  auto deleted = write(kOwner, 1, 2, "{}", &base);
  deleted.deleted = true;
  const auto edited = write(kGuest, 2, 1, R"({"a":2})", &base);
  const Case what = makeCase(kLamp, "state", {deleted, edited}, [](const HomeId& home) { return home == kGuest ? "City flat" : ""; });
  EXPECT_TRUE(by(what, kOwner).deleted);
  EXPECT_THAT(by(what, kOwner).changed, IsEmpty());
  EXPECT_EQ(by(what, kOwner).author_name, "");
  EXPECT_EQ(by(what, kGuest).author_name, "City flat");
  EXPECT_EQ(what.address, kLamp.text());
  EXPECT_EQ(what.owner, kOwner.text());
}

// What a home says when it writes: the statements of sets and counters on top of what it saw.
std::string said(const std::string& shown, const std::string& document, uint8_t replica) {
  const auto json = model::parseJson(document, model::kMaxDepth);
  return model::stateFields(shown, *json, model::Extent::kPatch, [&] { return idOf<ReplicaId>(replica); })->fields;
}

TEST(Case, SetsAreListsAndCountersNumbers) {
  const auto base = write(kOwner, 1, 1, said("{}", R"({"a":1,"n":{"$type":"counter","increment":4},"s":{"$type":"orset","add":["x"]}})", 1));
  const auto mine = write(kOwner, 1, 2, said(base.fields, R"({"a":2})", 1), &base);
  const auto theirs = write(kGuest, 2, 1, said(base.fields, R"({"n":{"$type":"counter","increment":3},"s":{"$type":"orset","add":["y"]}})", 2), &base);
  const Case what = makeCase(kLamp, "state", {mine, theirs});
  EXPECT_EQ(by(what, kOwner).fields, R"({"a":2,"n":4,"s":["x"]})");
  EXPECT_EQ(by(what, kGuest).fields, R"({"a":1,"n":7,"s":["x","y"]})");
  EXPECT_THAT(by(what, kOwner).changed, ElementsAre("a"));
  EXPECT_THAT(by(what, kGuest).changed, ElementsAre("n", "s"));
}

TEST(Case, PathsAreUnambiguousText) {
  EXPECT_EQ(pathText(model::joinPath({"a", "b"})), "a.b");
  EXPECT_EQ(pathText(model::joinPath({"a.b"})), "a\\.b");
  EXPECT_EQ(pathText(model::joinPath({"a\\", "b"})), "a\\\\.b");
  EXPECT_EQ(pathText(model::joinPath({"", ""})), ".");
}

}  // namespace
}  // namespace hearthgate::script
