// Local writes: preconditions, what a refused write leaves, which leaves get a new dot, deletion, history and limits.
#include "model/limits.h"
#include "unit/engine/two_homes.h"

namespace hearthgate::engine {
namespace {

using Mode = WriteOrder::Mode;
using model::Version;
using store::EntityState;

using Writes = TwoHomes;

// The leaves by their dotted names, each with the counter of the write that made it.
std::string dots(const Version& version) {
  std::string out;
  for (const model::Entry& entry : model::entriesOf(version)) {
    std::string name;
    for (const std::string& key : model::splitPath(entry.path)) name += (name.empty() ? "" : ".") + key;
    out += name + ":" + std::to_string(entry.dot.counter) + " ";
  }
  return out;
}

TEST_F(Writes, GiveNewDotsOnlyToWhatTheyChange) {
  auto last = [&] { return a.siblings(lamp()).at(0); };
  ASSERT_TRUE(a.put(lamp(), R"({"a":1,"b":{"c":[1],"d":null},"e":"x"})").ok());
  EXPECT_EQ(dots(last()), "a:1 b.c:1 b.d:1 e:1 ");
  ASSERT_TRUE(a.put(lamp(), R"({"a":1,"b":{"c":[1,2],"d":null},"f":"x"})").ok());
  EXPECT_EQ(dots(last()), "a:1 b.c:2 b.d:1 f:2 ");
  ASSERT_TRUE(a.patch(lamp(), R"({"a":2,"f":"x","b":{"d":null}})").ok());
  EXPECT_EQ(dots(last()), "a:3 b.c:2 f:2 ");
  // 2 and 2.0 differ; a path that becomes an object and back is new each time.
  ASSERT_TRUE(a.patch(lamp(), R"({"a":2.0,"f":{"g":"x"}})").ok());
  EXPECT_EQ(dots(last()), "a:4 b.c:2 f.g:4 ");
  ASSERT_TRUE(a.put(lamp(), R"({"a":2.0,"b":{"c":[1,2]},"f":"x"})").ok());
  EXPECT_EQ(dots(last()), "a:4 b.c:2 f:5 ");
  // What was removed and comes back is a write of its own.
  ASSERT_TRUE(a.put(lamp(), R"({"b":{"c":[1,2]}})").ok());
  ASSERT_TRUE(a.put(lamp(), R"({"a":2.0,"b":{"c":[1,2]}})").ok());
  EXPECT_EQ(dots(last()), "a:7 b.c:2 ");
  // Nothing changed: a version all the same, without a leaf of its own.
  ASSERT_TRUE(a.put(lamp(), R"({"b":{"c":[1,2]},"a":2.0})").ok());
  EXPECT_EQ(dots(last()), "a:7 b.c:2 ");
  EXPECT_EQ(last().dot.counter, 8u);
  EXPECT_TRUE(model::checkVersion(last()).ok());
}

TEST_F(Writes, ThatAreRefusedUseNothingUp) {
  ASSERT_TRUE(a.put(lamp(), R"({"a":1})").ok());
  a.commit([&] { a.core().flush(); });
  std::string before = a.image();
  auto refused = [&](WriteOrder order, const std::string& code) {
    EXPECT_EQ(codeOf(a.write(order)), code);
    EXPECT_EQ(a.image(), before) << code;
  };
  WriteOrder bad = order(Mode::kPut);
  bad.address.id = "Light";
  refused(bad, "bad_id");
  bad = order(Mode::kPut);
  bad.kind = "Kind";
  refused(bad, "bad_document");
  bad.kind = "scene";
  refused(bad, "kind_differs");
  bad = order(Mode::kPut);
  bad.if_match = "not this";
  refused(bad, "precondition_failed");
  bad = order(Mode::kPut);
  bad.if_none_match = true;
  refused(bad, "precondition_failed");
  refused(order(Mode::kPut, "light.kitchen", "[1]"), "bad_document");
  refused(order(Mode::kPatch, "light.kitchen", "[1]"), "bad_document");
  refused(order(Mode::kDelete, "light.none"), "entity_not_found");
  // The document that the patch would make is too large, the patch alone is not.
  ASSERT_TRUE(a.patch(lamp(), "{\"pad\":\"" + std::string(600 << 10, 'x') + "\"}").ok());
  before = a.image();
  refused(order(Mode::kPatch, "light.kitchen", "{\"more\":\"" + std::string(600 << 10, 'x') + "\"}"), "too_large");
  WriteOrder foreign = order(Mode::kPut);
  foreign.address.owner = b.owner();
  refused(foreign, "entity_not_found");
}

TEST_F(Writes, MatchTheETagOfWhatIsShown) {
  WriteOrder put = order(Mode::kPut, "light.kitchen", R"({"by":"c"})");
  put.if_match = "*";
  EXPECT_EQ(codeOf(a.write(put)), "precondition_failed") << "`*` wants one that is there";
  put.if_match.reset();
  put.if_none_match = true;
  EXPECT_EQ(codeOf(a.write(put)), "ok");
  EXPECT_EQ(codeOf(a.write(put)), "precondition_failed");
  put.if_none_match = false;
  put.if_match = etagAt(a, lamp());
  EXPECT_EQ(codeOf(a.write(put)), "ok");
  EXPECT_EQ(codeOf(a.write(put)), "precondition_failed") << "that was the version before";
  put.if_match = "*";
  EXPECT_EQ(codeOf(a.write(put)), "ok");
}

TEST_F(Writes, MatchAnETagThatChangesWithSiblingsAndStrategy) {
  part();
  std::string both = etagAt(a, lamp());
  std::string shown = conflict::view(conflict::Strategy::kLatestWins, a.siblings(lamp()), a.owner()).version_id;
  EXPECT_NE(both, shown);
  WriteOrder put = order(Mode::kPut, "light.kitchen", "{}");
  put.if_match = shown;
  EXPECT_EQ(codeOf(a.write(put)), "precondition_failed") << "the shown one alone says nothing of its rival";
  use(a, model::StrategyRow::Scope::kEntity, "light.kitchen", "local-wins");
  EXPECT_NE(etagAt(a, lamp()), both);
  put.if_match = both;
  EXPECT_EQ(codeOf(a.write(put)), "precondition_failed");
  put.if_match = etagAt(a, lamp());
  EXPECT_EQ(codeOf(a.write(put)), "ok");
}

TEST_F(Writes, AfterADeletionMakeAnEntityAnewOfTheSameKind) {
  WriteOrder put = order(Mode::kPut, "light.kitchen", R"({"a":1})");
  put.kind = "scene";
  auto made = a.write(put);
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made->created);
  auto deleted = a.remove(lamp());
  ASSERT_TRUE(deleted.ok());
  EXPECT_FALSE(deleted->created);
  auto row = *a.store().entity(lamp());
  EXPECT_EQ(row.state, EntityState::kDeleted);
  EXPECT_EQ(row.siblings.at(0).fields, "{}") << "a tombstone has no content";
  EXPECT_EQ(row.siblings.at(0).reason, model::Reason::kDelete);
  EXPECT_TRUE(row.siblings.at(0).leaf_dots.empty());
  EXPECT_EQ(codeOf(a.remove(lamp())), "entity_deleted");
  EXPECT_EQ(codeOf(a.patch(lamp(), "{}")), "entity_deleted");
  put.kind = "state";
  EXPECT_EQ(codeOf(a.write(put)), "kind_differs");
  put.kind.reset();
  put.if_none_match = true;
  auto again = a.write(put);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->created);
  EXPECT_EQ(again->row.n, made->row.n);
  row = *a.store().entity(lamp());
  EXPECT_EQ(row.kind, "scene");
  EXPECT_EQ(dots(row.siblings.at(0)), "a:3 ");
  EXPECT_EQ(a.store().history(row.n, 10).size(), 3u);
}

TEST_F(Writes, DominateAllSiblings) {
  part();
  ASSERT_EQ(a.siblings(lamp()).size(), 2u);
  model::Siblings before = a.siblings(lamp());
  ASSERT_TRUE(a.patch(lamp(), R"({"new":1})").ok());
  model::Siblings after = a.siblings(lamp());
  ASSERT_EQ(after.size(), 1u);
  for (const Version& version : before) EXPECT_TRUE(model::dominates(after[0], version));
  // Also a deletion.
  part();
  ASSERT_EQ(a.siblings(lamp()).size(), 2u);
  ASSERT_TRUE(a.remove(lamp()).ok());
  EXPECT_EQ(a.siblings(lamp()).size(), 1u);
}

TEST_F(Writes, OfOneChangeStandTogetherInTheHistory) {
  auto put = [&](const std::string& id) { return a.core().write(order(Mode::kPut, id, R"({"a":1})")).ok(); };
  a.commit([&] {
    a.core().beginChange(a.id(), "token:x", "bulk");
    EXPECT_TRUE(put("light.a"));
    EXPECT_FALSE(a.core().write(order(Mode::kDelete, "light.none")).ok());
    EXPECT_TRUE(put("light.a"));
    EXPECT_TRUE(put("light.b"));
    a.core().endChange();
    // Nothing was written under this one: it takes no number.
    a.core().beginChange(a.id(), "token:x", "write");
    a.core().endChange();
    a.core().beginChange(a.id(), "token:x", "write");
    EXPECT_TRUE(put("light.b"));
    a.core().endChange();
  });
  auto history = [&](const char* id) { return a.store().history(a.store().entity(lamp(id))->n, 10); };
  ASSERT_EQ(history("light.a").size(), 2u);
  EXPECT_EQ(history("light.a")[0].change, 1u);
  EXPECT_GT(history("light.a")[0].version.dot.counter, history("light.a")[1].version.dot.counter);
  ASSERT_EQ(history("light.b").size(), 2u);
  EXPECT_EQ(history("light.b")[0].change, 2u);
  EXPECT_EQ(history("light.b")[1].change, 1u);
  EXPECT_EQ(a.core().writer().head().change, 2u);
}

TEST_F(Writes, BringBackAnEarlierVersionAsANewOne) {
  ASSERT_TRUE(a.put(lamp(), R"({"a":1})").ok());
  std::string first = a.siblings(lamp())[0].id();
  ASSERT_TRUE(a.remove(lamp()).ok());
  std::string tombstone = a.siblings(lamp())[0].id();
  auto restore = [&](const std::string& version) {
    Result<Written> written = stateError("none", "");
    a.commit([&] {
      a.core().beginChange(a.id(), "test", "restore");
      written = a.core().restoreVersion(lamp(), version);
      a.core().endChange();
    });
    return written;
  };
  EXPECT_EQ(codeOf(restore("nothing")), "version_not_found");
  auto back = restore(first);
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(back->created);
  EXPECT_EQ(a.shown(lamp()), R"({"a":1})");
  EXPECT_EQ(dots(a.siblings(lamp())[0]), "a:3 ") << "so that it stands against what is on its way";
  EXPECT_EQ(a.siblings(lamp())[0].reason, model::Reason::kRestore);
  ASSERT_TRUE(restore(tombstone).ok());
  EXPECT_EQ(a.shown(lamp()), "deleted");
}

TEST_F(Writes, OfOthersThingsNeedTheOwnersWord) {
  ASSERT_TRUE(a.put(lamp(), R"({"a":1})").ok());
  carry(a, b, lamp());
  EXPECT_EQ(codeOf(b.put(lamp(), R"({"a":2})")), "ok");
  EXPECT_EQ(codeOf(b.put(lamp("switch.none"), "{}")), "entity_not_found");
  tell("light.*", Access::kRead, 2);
  EXPECT_EQ(codeOf(b.put(lamp(), R"({"a":3})")), "read_only");
  EXPECT_EQ(codeOf(b.remove(lamp())), "read_only");
  tell("light.*", Access::kNone, 3);
  EXPECT_EQ(codeOf(b.put(lamp(), R"({"a":4})")), "no_longer_shared");
  EXPECT_EQ(codeOf(b.put(lamp("light.other"), R"({"a":4})")), "entity_not_found");
  // Shared again, and not come yet: a change of it would stand beside what comes, and hide it.
  tell("light.*", Access::kWrite, 4);
  auto patch = [&](const std::string& id) {
    std::string code;
    b.commit([&] { code = codeOf(b.core().write(order(WriteOrder::Mode::kPatch, id))); });
    return code;
  };
  EXPECT_EQ(patch("light.kitchen"), "no_longer_shared");
  EXPECT_EQ(codeOf(b.remove(lamp())), "no_longer_shared");
  EXPECT_EQ(patch("light.new"), "ok");
  EXPECT_EQ(codeOf(b.put(lamp(), R"({"a":4})")), "ok");
}

TEST_F(Writes, KeepTheTaggedOnesThatTheyWereBuiltOnUntilTheyAreAcknowledged) {
  ASSERT_TRUE(a.put(lamp(), R"({"a":1})").ok());
  Version tagged = a.siblings(lamp())[0];
  ASSERT_TRUE(tagged.tag);
  carry(a, b, lamp());
  ASSERT_TRUE(b.put(lamp(), R"({"a":2})").ok());
  ASSERT_TRUE(b.put(lamp(), R"({"a":3})").ok());
  auto n = b.store().entity(lamp())->n;
  ASSERT_EQ(b.store().base(n).size(), 1u);
  EXPECT_EQ(b.store().base(n)[0].hash, tagged.hash);
  Version own = b.siblings(lamp())[0];
  EXPECT_FALSE(own.tag);
  b.commit([&] { b.core().acknowledge(lamp(), {{tagged.hash, {}}}); });
  EXPECT_EQ(b.store().base(n).size(), 1u) << "another version was meant";
  uint64_t sequence = b.store().entity(lamp())->sequence;
  b.commit([&] { b.core().acknowledge(lamp(), {{own.hash, a.ownerTag(own.hash)}}); });
  EXPECT_TRUE(b.store().base(n).empty());
  EXPECT_EQ(b.siblings(lamp())[0].tag, a.ownerTag(own.hash));
  EXPECT_EQ(b.store().entity(lamp())->sequence, sequence) << "a tag alone is no change";
}

class FullVector : public TwoHomes {
 protected:
  // An entity that was written under `count` replica ids, one after the other.
  void fill(size_t count) {
    Version version = a.siblings(lamp()).empty() ? Version{} : a.siblings(lamp())[0];
    version.author = b.id();
    version.tag.reset();
    while (version.vector.size() < count) {
      version.dot = {random.id<ReplicaId>(), 1};
      version.vector.raise(version.dot.replica, 1);
    }
    version.stamp = {true, a.clock().wall_ms, 0};
    version.fields = "{}";
    version.leaf_dots.clear();
    version.dot_stamps.clear();
    version.hash = model::contentHash(lamp(), version);
    a.commit([&] { EXPECT_TRUE(a.core().join(lamp(), "state", {version})); });
  }
  sim::SeededRandom random{5};
};

TEST_F(FullVector, RefusesWritersThatAreNotInIt) {
  fill(model::kMaxVectorEntries);
  ASSERT_EQ(a.siblings(lamp())[0].vector.size(), model::kMaxVectorEntries);
  std::string before = a.image();
  auto refused = a.put(lamp(), R"({"a":1})");
  EXPECT_EQ(codeOf(refused), "vector_full");
  EXPECT_EQ(a.image(), before);
}

TEST_F(FullVector, TakesTheLastPlace) {
  fill(model::kMaxVectorEntries - 1);
  EXPECT_EQ(codeOf(a.put(lamp(), R"({"a":1})")), "ok");
  EXPECT_EQ(a.siblings(lamp())[0].vector.size(), model::kMaxVectorEntries);
  EXPECT_TRUE(model::checkVersion(a.siblings(lamp())[0]).ok());
}

TEST_F(FullVector, TakesMoreFromWritersThatAreInIt) {
  ASSERT_TRUE(a.put(lamp(), R"({"a":1})").ok());
  fill(model::kMaxVectorEntries);
  EXPECT_EQ(codeOf(a.put(lamp(), R"({"a":2})")), "ok");
  EXPECT_EQ(codeOf(a.put(lamp(), R"({"a":3})")), "ok");
  // After a retirement this home is not in it any more.
  a.commit([&] { a.core().writer().retire(a.owner()); });
  EXPECT_EQ(codeOf(a.put(lamp(), R"({"a":4})")), "vector_full");
}

class Quota : public TwoHomes {
 protected:
  sim::SeededRandom random{5};
};

TEST_F(Quota, IsReachedByEntitiesOrBytesAndCountsOn) {
  CoreSettings settings;
  settings.home = b.id();
  settings.ownerTag = [](const ContentHash&) { return model::OwnerTag{}; };
  settings.peer_entities = 3;
  settings.peer_bytes = 10'000;
  Core core(b.store(), b.clock(), random, settings);
  auto join = [&](const std::string& id, const std::string& json) {
    EXPECT_TRUE(a.put(lamp(id), json).ok());
    core.join(lamp(id), "state", a.siblings(lamp(id)));
  };
  b.store().begin();
  core.load();
  EXPECT_FALSE(core.quotaReached(a.owner()));
  join("light.a", R"({"n":1})");
  join("light.b", R"({"n":1})");
  EXPECT_FALSE(core.quotaReached(a.owner()));
  join("light.a", R"({"n":2})");
  EXPECT_FALSE(core.quotaReached(a.owner())) << "another version of one that is there";
  join("light.c", R"({"n":1})");
  EXPECT_TRUE(core.quotaReached(a.owner()));
  EXPECT_FALSE(core.quotaReached(b.owner())) << "each owner has its own";
  // The same when it is counted anew.
  core.flush();
  core.load();
  EXPECT_TRUE(core.quotaReached(a.owner()));
  b.store().rollback();
  b.store().begin();
  core.load();
  EXPECT_FALSE(core.quotaReached(a.owner()));
  join("light.a", "{\"pad\":\"" + std::string(11'000, 'x') + "\"}");
  EXPECT_TRUE(core.quotaReached(a.owner())) << "two entities, but too many bytes";
  join("light.a", R"({"n":3})");
  EXPECT_FALSE(core.quotaReached(a.owner())) << "they are gone again";
  b.store().rollback();
}

}  // namespace
}  // namespace hearthgate::engine
