// Sets and counters as this home writes, restores and chooses them.
#include "model/field_types.h"
#include "unit/engine/two_homes.h"

namespace hearthgate::engine {
namespace {

using store::Conflict;

class TypedWrites : public TwoHomes {
 protected:
  std::string at(Home& home) { return model::plainFields(home.shown(lamp())); }
  std::string codeOfPatch(Home& home, const std::string& json) { return codeOf(home.patch(lamp(), json)); }
  // Both have the other's versions.
  void meet() {
    carry(a, b, lamp());
    carry(b, a, lamp());
  }
};

TEST_F(TypedWrites, ArePatchedAndPut) {
  ASSERT_TRUE(a.put(lamp(), R"({"apps":{"$type":"orset","add":["vlc"]},"n":{"$type":"counter","increment":2},"x":1})").ok());
  EXPECT_EQ(at(a), R"({"apps":["vlc"],"n":2,"x":1})");
  ASSERT_TRUE(a.patch(lamp(), R"({"apps":{"$type":"orset","add":["gimp"],"remove":["vlc"]},"n":{"$type":"counter","increment":-3}})").ok());
  EXPECT_EQ(at(a), R"({"apps":["gimp"],"n":-1,"x":1})");
  // A document that names no type is one all the same where a set stands, also with its text made ahead.
  ASSERT_TRUE(a.put(lamp(), R"({"apps":["a","b"],"n":7,"x":2})").ok());
  EXPECT_EQ(at(a), R"({"apps":["a","b"],"n":7,"x":2})");
  WriteOrder ahead = order(WriteOrder::Mode::kPut);
  ASSERT_TRUE(ahead.put(*model::parseJson(R"({"apps":["b"],"n":8})", 32)).ok());
  ASSERT_TRUE(ahead.fields_text);
  ASSERT_TRUE(a.write(ahead).ok());
  EXPECT_EQ(at(a), R"({"apps":["b"],"n":8})");
  EXPECT_EQ(codeOfPatch(a, R"({"apps":"none"})"), "bad_document");
  EXPECT_EQ(codeOfPatch(a, R"({"n":{"$type":"orset","add":[1]}})"), "bad_document");
  EXPECT_EQ(at(a), R"({"apps":["b"],"n":8})");
  ASSERT_TRUE(a.patch(lamp(), R"({"apps":null,"n":null})").ok());
  EXPECT_EQ(at(a), "{}");
}

TEST_F(TypedWrites, OfTwoHomesJoinWithoutAConflict) {
  ASSERT_TRUE(a.put(lamp(), R"({"apps":{"$type":"orset","add":["vlc"]},"n":{"$type":"counter","increment":2}})").ok());
  carry(a, b, lamp());
  ASSERT_TRUE(a.patch(lamp(), R"({"apps":{"$type":"orset","add":["a"],"remove":["vlc"]},"n":{"$type":"counter","increment":1}})").ok());
  ASSERT_TRUE(b.patch(lamp(), R"({"apps":{"$type":"orset","add":["b"]},"n":{"$type":"counter","increment":10}})").ok());
  meet();
  for (Home* home : {&a, &b}) {
    EXPECT_EQ(home->siblings(lamp()).size(), 2u);
    EXPECT_EQ(at(*home), R"({"apps":["a","b"],"n":13})");
    EXPECT_TRUE(conflicts(*home).empty());
  }
  // The next write, wherever it is made, makes one of them.
  ASSERT_TRUE(b.patch(lamp(), R"({"n":{"$type":"counter","increment":1}})").ok());
  meet();
  for (Home* home : {&a, &b}) {
    EXPECT_EQ(home->siblings(lamp()).size(), 1u);
    EXPECT_EQ(at(*home), R"({"apps":["a","b"],"n":14})");
  }
}

TEST_F(TypedWrites, ThatClashAreAConflict) {
  use(a, model::StrategyRow::Scope::kEntity, "light.kitchen", "user-choice");
  ASSERT_TRUE(a.put(lamp(), R"({"x":1})").ok());
  carry(a, b, lamp());
  b.clock().wall_ms += 5;
  ASSERT_TRUE(a.patch(lamp(), R"({"f":{"$type":"orset","add":["x"]}})").ok());
  ASSERT_TRUE(b.patch(lamp(), R"({"f":{"$type":"counter","increment":4}})").ok());
  carry(b, a, lamp());
  auto records = conflicts(a);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].state, store::ConflictState::kOpen);
  EXPECT_EQ(records[0].lost_fields, R"([["f"]])");
  EXPECT_EQ(at(a), R"({"f":4,"x":1})");
  // A person takes the other one.
  std::string wanted;
  for (const auto& version : records[0].versions) {
    if (version.fields.find("orset") != std::string::npos) wanted = version.id();
  }
  a.commit([&] { EXPECT_TRUE(a.core().resolve(records[0].n, wanted, std::nullopt).ok()); });
  EXPECT_EQ(at(a), R"({"f":["x"],"x":1})");
  EXPECT_EQ(conflicts(a)[0].state, store::ConflictState::kResolved);
  EXPECT_EQ(conflicts(a)[0].lost_fields, R"([["f"]])");
}

TEST_F(TypedWrites, AreJoinedByAChoiceAboutOtherFields) {
  use(a, model::StrategyRow::Scope::kEntity, "light.kitchen", "user-choice");
  ASSERT_TRUE(a.put(lamp(), R"({"apps":{"$type":"orset","add":["vlc"]},"x":0})").ok());
  carry(a, b, lamp());
  ASSERT_TRUE(a.patch(lamp(), R"({"apps":{"$type":"orset","add":["a"]},"x":1})").ok());
  ASSERT_TRUE(b.patch(lamp(), R"({"apps":{"$type":"orset","add":["b"],"remove":["vlc"]},"x":2})").ok());
  carry(b, a, lamp());
  Conflict record = conflicts(a).at(0);
  EXPECT_EQ(record.lost_fields, R"([["x"]])");
  std::string mine;
  for (const auto& version : record.versions) {
    if (version.author == a.id()) mine = version.id();
  }
  a.commit([&] { EXPECT_TRUE(a.core().resolve(record.n, mine, std::nullopt).ok()); });
  EXPECT_EQ(at(a), R"({"apps":["a","b"],"x":1})");
  // Composed fields say all of it.
  record = conflicts(a).at(0);
  EXPECT_EQ(record.state, store::ConflictState::kResolved);
  ASSERT_TRUE(a.patch(lamp(), R"({"x":5})").ok());
  ASSERT_TRUE(b.patch(lamp(), R"({"x":6})").ok());
  meet();
  record = conflicts(a).at(0);
  auto fields = *model::parseJson(R"({"apps":["only"],"x":7})", 32);
  a.commit([&] { EXPECT_TRUE(a.core().resolve(record.n, std::nullopt, fields).ok()); });
  EXPECT_EQ(at(a), R"({"apps":["only"],"x":7})");
}

TEST_F(TypedWrites, AreRestored) {
  auto first = a.put(lamp(), R"({"apps":{"$type":"orset","add":["vlc"]},"n":{"$type":"counter","increment":2},"x":1})");
  std::string version = first->row.siblings[0].id();
  ASSERT_TRUE(a.put(lamp(), R"({"apps":["gimp"],"n":9,"y":1})").ok());
  auto restored = [&] {
    Result<Written> written = stateError("none", "");
    a.commit([&] { written = a.core().restoreVersion(lamp(), version); });
    return written;
  };
  ASSERT_TRUE(restored().ok());
  EXPECT_EQ(at(a), R"({"apps":["vlc"],"n":2,"x":1})");
  // Where the field is something else now, or is gone with the entity.
  ASSERT_TRUE(a.patch(lamp(), R"({"apps":null,"n":null})").ok());
  ASSERT_TRUE(a.patch(lamp(), R"({"apps":"text","n":{"$type":"gset","add":[1]}})").ok());
  EXPECT_EQ(codeOf(restored()), "bad_document") << "a set that only grows is no counter";
  ASSERT_TRUE(a.patch(lamp(), R"({"n":null})").ok());
  ASSERT_TRUE(restored().ok());
  EXPECT_EQ(at(a), R"({"apps":["vlc"],"n":2,"x":1})");
  ASSERT_TRUE(a.remove(lamp()).ok());
  ASSERT_TRUE(restored().ok());
  EXPECT_EQ(at(a), R"({"apps":["vlc"],"n":2,"x":1})");
}

TEST_F(TypedWrites, KeepTheDotsOfWhatTheyDoNotSay) {
  ASSERT_TRUE(a.put(lamp(), R"({"apps":{"$type":"orset","add":["vlc","gimp"]}})").ok());
  carry(a, b, lamp());
  // One takes an element away while another writes the whole of what it read, a little later.
  b.clock().wall_ms += 5;
  ASSERT_TRUE(a.patch(lamp(), R"({"apps":{"$type":"orset","remove":["vlc"]}})").ok());
  ASSERT_TRUE(b.put(lamp(), R"({"apps":["gimp","vlc"],"x":1})").ok());
  meet();
  for (Home* home : {&a, &b}) EXPECT_EQ(at(*home), R"({"apps":["gimp"],"x":1})") << home->name();
}

}  // namespace
}  // namespace hearthgate::engine
