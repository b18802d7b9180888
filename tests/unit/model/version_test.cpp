// Versions: canonical form and id, entries, what is refused, the order, and the join of sibling sets.
#include "model/version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/sha256.h"
#include "unit/model/histories.h"

namespace hearthgate::model {
namespace {

Json text(std::string value) {
  Json json;
  json.type = Json::Type::kString;
  json.text = std::move(value);
  return json;
}
Json plain(Json::Type type, std::string value) {
  Json json;
  json.type = type;
  json.text = std::move(value);
  return json;
}
Json number(uint64_t value) { return plain(Json::Type::kNumber, std::to_string(value)); }
Json boolean(bool value) { return plain(Json::Type::kBool, value ? "true" : "false"); }
Json array(std::vector<Json> items) {
  Json json;
  json.type = Json::Type::kArray;
  json.items = std::move(items);
  return json;
}
Json object(std::vector<JsonMember> members) {
  Json json;
  json.type = Json::Type::kObject;
  json.members = std::move(members);
  std::sort(json.members.begin(), json.members.end(), [](auto& a, auto& b) { return a.first < b.first; });
  return json;
}

// The canonical form by way of a tree, made apart from the code under test.
std::string canonical(const Address& address, const Version& v) {
  auto dot = [](const Dot& d) { return std::vector<Json>{text(d.replica.text()), number(d.counter)}; };
  auto stamp = [](const Stamp& s) {
    return std::vector<Json>{number(static_cast<uint64_t>(s.ms)), number(s.count), boolean(s.trusted)};
  };
  auto append = [](std::vector<Json> a, std::vector<Json> b) {
    std::move(b.begin(), b.end(), std::back_inserter(a));
    return a;
  };
  std::vector<Json> dots, stamps;
  for (const auto& e : v.leaf_dots) dots.push_back(array(append({number(e.leaf)}, dot(e.dot))));
  for (const auto& e : v.dot_stamps) stamps.push_back(array(append(dot(e.dot), stamp(e.stamp))));
  std::vector<JsonMember> vector;
  for (const auto& e : v.vector.entries()) vector.emplace_back(e.replica.text(), number(e.counter));
  auto fields = parseJson(v.fields, kMaxDepth);
  EXPECT_TRUE(fields.ok());
  return canonicalJson(object({{"owner", text(address.owner.text())},
                               {"id", text(address.id)},
                               {"kind", text(v.kind)},
                               {"deleted", boolean(v.deleted)},
                               {"fields", *fields},
                               {"types", object({})},
                               {"dots", array(dots)},
                               {"stamps", array(stamps)},
                               {"vector", object(vector)},
                               {"dot", array(dot(v.dot))},
                               {"stamp", array(stamp(v.stamp))},
                               {"author", text(v.author.text())},
                               {"reason", text(std::string(reasonText(v.reason)))}}));
}

Version rich() {
  Writer a{1}, b{0xFF}, c{0x80};
  Version first = a.put({}, R"({"a":1,"b":{"c":2.0,"d":[1]},"e":{}})", at(5, false, 3));
  Version second = b.put({first}, R"({"a":1,"b":{"c":3.5,"d":[1]},"e":{},"n":null})", at(7, true, 0));
  return c.put({second}, R"({"a":1,"b":{"c":3.5,"d":[2]},"e":{},"n":null,"z":"\u0000"})", at(9, true, 4));
}

TEST(Version, IsHashedOverOneCanonicalForm) {
  for (const Version& version : {rich(), Writer{2}.put({}, "{}"), Writer{2}.erase({rich()})}) {
    ContentHash expected;
    expected.bytes = sha256(canonical(address(), version));
    EXPECT_EQ(contentHash(address(), version), expected) << canonical(address(), version);
  }
}

TEST(Version, HasAnIdOf32LettersFromItsHash) {
  Version version = rich();
  EXPECT_EQ(version.id().size(), 32u);
  EXPECT_EQ(version.id(), versionId(version.hash));
  EXPECT_EQ(version.hash.text().substr(0, 32), version.id());
}

TEST(Version, ChangesItsHashWithEveryPart) {
  Version version = rich();
  std::vector<std::function<void(Version*)>> changes = {
      [](Version* v) { v->kind = "scene"; },
      [](Version* v) { v->deleted = true; },
      [](Version* v) { v->reason = Reason::kUndo; },
      [](Version* v) { v->author = home(9); },
      [](Version* v) { ++v->dot.counter; },
      [](Version* v) { v->dot.replica = replica(9); },
      [](Version* v) { v->stamp.trusted = false; },
      [](Version* v) { ++v->stamp.ms; },
      [](Version* v) { ++v->stamp.count; },
      [](Version* v) { v->vector.raise(replica(9), 1); },
      [](Version* v) { v->fields = "{}"; },
      [](Version* v) { v->leaf_dots.pop_back(); },
      [](Version* v) { ++v->leaf_dots[0].leaf; },
      [](Version* v) { v->dot_stamps.pop_back(); },
      [](Version* v) { ++v->dot_stamps[0].stamp.count; },
  };
  std::vector<ContentHash> seen = {contentHash(address(), version), contentHash(address("light.hall"), version),
                                   contentHash({OwnerId(home(2)), "light.kitchen"}, version)};
  for (const auto& change : changes) {
    Version other = version;
    change(&other);
    seen.push_back(contentHash(address(), other));
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  // The tag says who passed it on, not what it is.
  Version tagged = version;
  tagged.tag.emplace();
  EXPECT_EQ(contentHash(address(), tagged), version.hash);
}

TEST(Version, SaysWhyItWasWritten) {
  EXPECT_EQ(reasonText(Reason::kWrite), "write");
  EXPECT_EQ(reasonText(Reason::kResolution), "resolution");
  EXPECT_EQ(reasonText(Reason::kRestore), "restore");
  EXPECT_EQ(reasonText(Reason::kUndo), "undo");
  EXPECT_EQ(reasonText(Reason::kDelete), "delete");
}

TEST(Entries, CarryTheDotAndStampOfTheWriteThatMadeThem) {
  Version version = rich();
  ASSERT_TRUE(checkVersion(version).ok());
  Entries entries = entriesOf(version);
  std::vector<std::tuple<std::string, std::string, uint8_t, int64_t>> got;
  for (const Entry& e : entries) got.emplace_back(pathJson(e.path), e.value, e.dot.replica.bytes[0], e.stamp.ms);
  EXPECT_EQ(
      got, (std::vector<std::tuple<std::string, std::string, uint8_t, int64_t>>{{R"(["a"])", "1", 1, 5},
                                                                                {R"(["b","c"])", "3.5", 0xFF, 7},
                                                                                {R"(["b","d"])", "[2]", 0x80, 9},
                                                                                {R"(["e"])", "{}", 1, 5},
                                                                                {R"(["n"])", "null", 0xFF, 7},
                                                                                {R"(["z"])", R"("\u0000")", 0x80, 9}}));
  EXPECT_EQ(version.dot_stamps.size(), 2u);
  Version again = version;
  setEntries(entries, &again);
  EXPECT_EQ(again.fields, version.fields);
  EXPECT_EQ(again.leaf_dots, version.leaf_dots);
  EXPECT_EQ(again.dot_stamps, version.dot_stamps);
}

TEST(Entries, WinByStampThenDot) {
  Entry a{"", "1", {replica(1), 9}, at(5)};
  Entry b{"", "2", {replica(2), 1}, at(4)};
  EXPECT_TRUE(a.beats(b));
  EXPECT_FALSE(b.beats(a));
  b.stamp = a.stamp;
  EXPECT_TRUE(b.beats(a));
  b.dot = {replica(1), 10};
  EXPECT_TRUE(b.beats(a));
  EXPECT_FALSE(a.beats(a));
  b.stamp.trusted = false;
  EXPECT_TRUE(a.beats(b));
}

struct Refusal {
  const char* what;
  std::function<void(Version*)> spoil;
  const char* code;
};

TEST(CheckVersion, RefusesEachThingThatMustNotBe) {
  Version good = rich();
  ASSERT_TRUE(checkVersion(good).ok());
  Dot foreign{replica(50), 1};
  std::vector<Refusal> refusals = {
      {"no kind", [](Version* v) { v->kind = ""; }, "bad_document"},
      {"a kind with a quote", [](Version* v) { v->kind = "a\",\"b\":\""; }, "bad_document"},
      {"fields too large", [](Version* v) { v->fields = "{\"a\":\"" + std::string(kMaxDocumentBytes, 'x') + "\"}"; },
       "too_large"},
      {"own counter 0", [](Version* v) { v->dot.counter = 0; }, "bad_version"},
      {"own counter 2^53",
       [](Version* v) {
         v->dot.counter = kMaxCounter;
         v->vector.raise(v->dot.replica, kMaxCounter);
       },
       "bad_version"},
      {"another counter of 2^53", [](Version* v) { v->vector.raise(replica(1), kMaxCounter); }, "bad_version"},
      {"a stamp before 1970", [](Version* v) { v->stamp.ms = -1; }, "bad_version"},
      {"a stamp beyond arithmetic", [](Version* v) { v->stamp.ms = kMaxStampMs + 1; }, "bad_version"},
      {"a leaf's stamp before 1970", [](Version* v) { v->dot_stamps[0].stamp.ms = -1; }, "bad_version"},
      {"a leaf's stamp beyond arithmetic", [](Version* v) { v->dot_stamps[1].stamp.ms = INT64_MAX; }, "bad_version"},
      {"a vector below the own dot", [](Version* v) { ++v->dot.counter; }, "bad_version"},
      {"a vector above the own dot", [](Version* v) { v->vector.raise(v->dot.replica, 99); }, "bad_version"},
      {"a vector without the own dot", [](Version* v) { v->dot.replica = replica(77); }, "bad_version"},
      {"fields that are no JSON", [](Version* v) { v->fields = "{"; }, "bad_json"},
      {"fields that are no object", [](Version* v) { v->fields = "[]"; }, "bad_document"},
      {"spaces", [](Version* v) { v->fields = " " + v->fields; }, "bad_version"},
      {"unsorted keys",
       [](Version* v) {
         v->fields = R"({"b":1,"a":2})";
         v->leaf_dots.clear();
         v->dot_stamps.clear();
       },
       "bad_version"},
      {"an escape that is none",
       [](Version* v) {
         v->fields = R"({"\u0061":1})";
         v->leaf_dots.clear();
         v->dot_stamps.clear();
       },
       "bad_version"},
      {"a double in another spelling",
       [](Version* v) {
         v->fields = R"({"a":1.50})";
         v->leaf_dots.clear();
         v->dot_stamps.clear();
       },
       "bad_version"},
      {"a deleted version with fields", [](Version* v) { v->deleted = true; }, "bad_version"},
      {"a dot for a leaf that is not there", [](Version* v) { v->leaf_dots.back().leaf = 6; }, "bad_version"},
      {"a dot for a leaf far away", [](Version* v) { v->leaf_dots.back().leaf = UINT32_MAX; }, "bad_version"},
      {"two dots for a leaf", [](Version* v) { v->leaf_dots[1].leaf = v->leaf_dots[0].leaf; }, "bad_version"},
      {"falling leaves", [](Version* v) { std::swap(v->leaf_dots[0].leaf, v->leaf_dots[1].leaf); }, "bad_version"},
      {"the own dot stated", [](Version* v) { v->leaf_dots[0].dot = v->dot; }, "bad_version"},
      {"a leaf's counter 0", [](Version* v) { v->leaf_dots[0].dot.counter = 0; }, "bad_version"},
      {"a leaf's dot above the vector", [](Version* v) { v->leaf_dots[0].dot.counter = 2; }, "bad_version"},
      {"a leaf's dot of a foreign replica", [=](Version* v) { v->leaf_dots[0].dot = foreign; }, "bad_version"},
      {"a stamp too few", [](Version* v) { v->dot_stamps.pop_back(); }, "bad_version"},
      {"a stamp too many",
       [=](Version* v) {
         v->dot_stamps.push_back({foreign, {}});
       },
       "bad_version"},
      {"a stamp twice", [](Version* v) { v->dot_stamps.push_back(v->dot_stamps.back()); }, "bad_version"},
      {"stamps out of order", [](Version* v) { std::swap(v->dot_stamps[0], v->dot_stamps[1]); }, "bad_version"},
      {"another dot's stamp", [=](Version* v) { v->dot_stamps[1].dot = foreign; }, "bad_version"},
  };
  for (const Refusal& refusal : refusals) {
    Version version = good;
    refusal.spoil(&version);
    auto status = checkVersion(version);
    ASSERT_FALSE(status.ok()) << refusal.what;
    EXPECT_EQ(status.error().code, refusal.code) << refusal.what;
    EXPECT_LT(status.error().message.size(), 400u) << refusal.what;
  }
}

TEST(CheckVersion, AllowsVectorsOfUpTo1024Entries) {
  Version version = rich();
  for (uint16_t i = 0; version.vector.size() < kMaxVectorEntries; ++i) {
    version.vector.raise(numbered<ReplicaId>(static_cast<uint8_t>(100 + i / 256), static_cast<uint8_t>(i % 256)), 1);
  }
  EXPECT_TRUE(checkVersion(version).ok());
  version.vector.raise(numbered<ReplicaId>(90), 1);
  auto status = checkVersion(version);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "vector_full");
}

TEST(CheckVersion, AllowsTheEdges) {
  Version version = rich();
  version.stamp.ms = kMaxStampMs;
  version.stamp.count = UINT32_MAX;
  version.dot_stamps[0].stamp.ms = 0;
  version.dot.counter = kMaxCounter - 1;
  version.vector.raise(version.dot.replica, kMaxCounter - 1);
  EXPECT_TRUE(checkVersion(version).ok());
  EXPECT_TRUE(checkVersion(Writer{1}.erase({})).ok());
  EXPECT_TRUE(checkVersion(Writer{1}.put({}, "{}")).ok());
}

TEST(Dominance, IsKnowingMore) {
  Writer a{1}, b{2};
  Version first = a.put({}, R"({"x":1})");
  Version second = b.put({first}, R"({"x":2})");
  Version apart = a.put({first}, R"({"x":3})");
  EXPECT_TRUE(dominates(second, first));
  EXPECT_FALSE(dominates(first, second));
  EXPECT_FALSE(dominates(second, apart));
  EXPECT_FALSE(dominates(apart, second));
  EXPECT_FALSE(dominates(first, first));
  Version twin = first;
  twin.fields = R"({"x":9})";
  twin.hash = contentHash(address(), twin);
  EXPECT_FALSE(dominates(first, twin));
  EXPECT_FALSE(dominates(twin, first));
}

TEST(Order, LooksAtDeletionTrustTimeCountReplicaAndHashInTurn) {
  // From the least to the greatest; each differs from the one before in what decides.
  auto version = [](bool deleted, Stamp stamp, uint8_t n, uint8_t hash) {
    Version v;
    v.deleted = deleted;
    v.stamp = stamp;
    v.dot = {replica(n), 1};
    v.hash = numbered<ContentHash>(hash);
    return v;
  };
  std::vector<Version> rising = {version(true, at(9, false, 9), 9, 9),  version(true, at(1, true, 0), 1, 1),
                                 version(false, at(9, false, 9), 9, 9), version(false, at(1, true, 9), 9, 9),
                                 version(false, at(2, true, 0), 9, 9),  version(false, at(2, true, 1), 1, 9),
                                 version(false, at(2, true, 1), 2, 1),  version(false, at(2, true, 1), 2, 200)};
  for (size_t i = 0; i < rising.size(); ++i) {
    for (size_t j = 0; j < rising.size(); ++j) EXPECT_EQ(greater(rising[i], rising[j]), i > j) << i << " " << j;
  }
}

TEST(LatestStamp, IsTheLatestOfOwnAndLeaves) {
  Version version = rich();
  EXPECT_EQ(latestStampMs(version), 9);
  version.dot_stamps[0].stamp = at(100, false);
  EXPECT_EQ(latestStampMs(version), 100);
}

TEST(Join, KeepsWhatIsConcurrentAndDropsWhatIsKnown) {
  Writer a{1}, b{2}, c{3};
  Version first = a.put({}, R"({"x":1})");
  Version left = b.put({first}, R"({"x":2})");
  Version right = c.put({first}, R"({"x":3})");
  Siblings siblings;
  Siblings fell;
  EXPECT_EQ(join(left, &siblings, &fell), JoinOutcome::kAdded);
  EXPECT_EQ(join(left, &siblings, &fell), JoinOutcome::kKnown);
  EXPECT_EQ(join(first, &siblings, &fell), JoinOutcome::kCovered);
  EXPECT_EQ(join(right, &siblings, &fell), JoinOutcome::kAdded);
  EXPECT_EQ(siblings.size(), 2u);
  EXPECT_LT(siblings[0].hash, siblings[1].hash);
  EXPECT_TRUE(fell.empty());
  Version both = a.put(siblings, R"({"x":4})");
  EXPECT_EQ(join(both, &siblings, &fell), JoinOutcome::kAdded);
  ASSERT_EQ(siblings.size(), 1u);
  EXPECT_EQ(siblings[0].hash, both.hash);
  EXPECT_EQ(fell.size(), 2u);
  EXPECT_EQ(join(right, &siblings), JoinOutcome::kCovered);
}

TEST(Join, DropsOnlyWhatIsDominated) {
  Writer a{1}, b{2}, c{3};
  Version first = a.put({}, R"({"x":1})");
  Version other = b.put({}, R"({"x":2})");
  Version over_first = c.put({first}, R"({"x":3})");
  Siblings siblings = joined({first, other});
  Siblings fell;
  EXPECT_EQ(join(over_first, &siblings, &fell), JoinOutcome::kAdded);
  EXPECT_EQ(hashes(siblings), hashes(joined({other, over_first})));
  EXPECT_EQ(hashes(fell), hashes({first}));
}

TEST(Join, KeepsTwoVersionsWithOneVector) {
  Version first = Writer{1}.put({}, R"({"x":1})");
  Version twin = Writer{1}.put({}, R"({"x":2})");
  ASSERT_EQ(first.vector, twin.vector);
  EXPECT_EQ(joined({first, twin}).size(), 2u);
  EXPECT_EQ(hashes(joined({first, twin})), hashes(joined({twin, first})));
}

TEST(Join, LearnsTheOwnersTagOnce) {
  Version version = Writer{1}.put({}, R"({"x":1})");
  Version tagged = version;
  tagged.tag.emplace();
  tagged.tag->fill(7);
  Siblings siblings = joined({version});
  bool learned = false;
  EXPECT_EQ(join(tagged, &siblings, nullptr, &learned), JoinOutcome::kKnown);
  EXPECT_TRUE(learned);
  EXPECT_EQ(siblings[0].tag, tagged.tag);
  learned = false;
  EXPECT_EQ(join(tagged, &siblings, nullptr, &learned), JoinOutcome::kKnown);
  EXPECT_FALSE(learned);
  EXPECT_EQ(join(version, &siblings, nullptr, &learned), JoinOutcome::kKnown);
  EXPECT_TRUE(siblings[0].tag.has_value());
  EXPECT_EQ(join(tagged, &siblings), JoinOutcome::kKnown);
}

TEST(JoinedVector, CoversAllSiblings) {
  Writer a{1}, b{2};
  Siblings siblings = joined({a.put({}, "{}"), b.put({}, "{}")});
  Vector vector = joinedVector(siblings);
  for (const Version& version : siblings) EXPECT_TRUE(vector.covers(version.vector));
  EXPECT_EQ(vector.size(), 2u);
  EXPECT_EQ(joinedVector({}).size(), 0u);
}

}  // namespace
}  // namespace hearthgate::model
