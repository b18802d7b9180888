// Two homes that make one entity at the same time, each with a kind of its own: one of them has to be its kind everywhere.
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

class ConcurrentKinds : public PairOfHomes {
 protected:
  void make(sim::Home& home, const model::Address& address, const std::string& kind, const std::string& json) {
    engine::WriteOrder order;
    order.address = address;
    order.kind = kind;
    order.fields = std::move(*model::parseJson(json, 32));
    ASSERT_TRUE(home.write(order).ok());
  }

  std::string kindAt(sim::Home& home, const model::Address& address) {
    auto row = home.store().entity(address);
    return row ? row->kind : "none";
  }

  // Both make light.new while apart, `first` a second earlier.
  void makeApart(sim::Home& first, const std::string& first_kind, sim::Home& second, const std::string& second_kind) {
    ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kWrite).ok());
    connect();
    settle();
    cut();
    make(first, of(a, "light.new"), first_kind, R"({"by":"first"})");
    second.clock().wall_ms = first.clock().wall_ms + 1'000;
    make(second, of(a, "light.new"), second_kind, R"({"by":"second"})");
    connect();
    settle();
  }
};

TEST_F(ConcurrentKinds, TheFirstVersionsKindStandsWhenTheOwnerWasFirst) {
  makeApart(a, "state", b, "scene");
  expectSame(of(a, "light.new"));
  EXPECT_EQ(kindAt(a, of(a, "light.new")), "state");
  EXPECT_EQ(kindAt(b, of(a, "light.new")), "state");
  EXPECT_EQ(a.siblings(of(a, "light.new")).size(), 2u);
}

TEST_F(ConcurrentKinds, TheFirstVersionsKindStandsWhenTheWriterWasFirst) {
  makeApart(b, "state", a, "scene");
  expectSame(of(a, "light.new"));
  EXPECT_EQ(kindAt(a, of(a, "light.new")), "state");
  EXPECT_EQ(kindAt(b, of(a, "light.new")), "state");
}

TEST_F(ConcurrentKinds, HistoryAndConflictKeepEachVersionsOwnKind) {
  makeApart(b, "scene", a, "state");
  auto row = a.store().entity(of(a, "light.new"));
  ASSERT_TRUE(row.has_value());
  std::map<std::string, std::string> kinds;
  for (const store::HistoryRow& old : a.store().history(row->n, 10)) kinds[old.version.fields] = old.version.kind;
  EXPECT_EQ(kinds[R"({"by":"first"})"], "scene");
  EXPECT_EQ(kinds[R"({"by":"second"})"], "state");
  auto conflicts = a.store().conflicts({std::nullopt, row->n}, std::nullopt, 10);
  ASSERT_EQ(conflicts.size(), 1u);
  for (const model::Version& version : conflicts[0].versions) EXPECT_EQ(model::contentHash(of(a, "light.new"), version), version.hash);
}

TEST_F(ConcurrentKinds, TheNextWriteBearsTheKindThatStands) {
  makeApart(b, "scene", a, "state");
  ASSERT_TRUE(b.patch(of(a, "light.new"), R"({"by":"third"})").ok());
  settle();
  expectSame(of(a, "light.new"));
  ASSERT_EQ(a.siblings(of(a, "light.new")).size(), 1u);
  EXPECT_EQ(a.siblings(of(a, "light.new"))[0].kind, "scene");
  EXPECT_EQ(kindAt(a, of(a, "light.new")), "scene");
}

}  // namespace
}  // namespace hearthgate::sync
