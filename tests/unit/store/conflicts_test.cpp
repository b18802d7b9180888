// Conflict records as rows.
#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::OwnerId;
using model::Writer;

const OwnerId kOwner(model::home(1));

class StoreConflicts : public StoreFile {
 protected:
  StoreConflicts() {
    commit(*store, [&] {
      addOwner(*store, kOwner);
      store->putEntity(&a);
      store->putEntity(&b);
    });
  }
  Conflict record(const std::string& key, EntityNumber entity) const {
    Conflict made;
    made.key = key;
    made.entity = entity;
    made.at_ms = 77;
    made.strategy = "latest-wins";
    made.versions = siblings;
    made.base = base;
    made.lost = R"(["abc"])";
    made.lost_fields = R"([["attributes","a.b"]])";
    return made;
  }
  static void expectSameRecord(const Conflict& x, const Conflict& y) {
    EXPECT_EQ(x.n, y.n);
    EXPECT_EQ(x.key, y.key);
    EXPECT_EQ(x.entity, y.entity);
    EXPECT_EQ(x.at_ms, y.at_ms);
    EXPECT_EQ(x.state, y.state);
    EXPECT_EQ(x.strategy, y.strategy);
    expectSame(x.versions, y.versions);
    ASSERT_EQ(x.base.has_value(), y.base.has_value());
    if (x.base) expectSame(*x.base, *y.base);
    ASSERT_EQ(x.outcome.has_value(), y.outcome.has_value());
    if (x.outcome) {
      EXPECT_EQ(x.outcome->version, y.outcome->version);
      EXPECT_EQ(x.outcome->fields, y.outcome->fields);
      EXPECT_EQ(x.outcome->by, y.outcome->by);
      EXPECT_EQ(x.outcome->reason, y.outcome->reason);
    }
    EXPECT_EQ(x.lost, y.lost);
    EXPECT_EQ(x.lost_fields, y.lost_fields);
  }

  std::unique_ptr<Store> store = open();
  EntityRow a = entityRow({kOwner, "light.a"}, 1);
  EntityRow b = entityRow({kOwner, "light.b"}, 2);
  model::Version base = Writer{1}.put({}, R"({"on":false})");
  model::Siblings siblings = model::joined(
      {Writer{2}.put({base}, R"({"on":true})"), Writer{3}.put({base}, R"({"x":1})"), Writer{4}.erase({base})});
};

TEST_F(StoreConflicts, AreReadAsTheyWereWritten) {
  Conflict open_one = record("key1", a.n), settled = record("key2", b.n);
  settled.state = ConflictState::kResolved;
  settled.base.reset();
  settled.outcome = Conflict::Outcome{siblings[1].id(), R"({"on":true})", "latest-wins", "strategy"};
  commit(*store, [&] {
    store->putConflict(&open_one);
    store->putConflict(&settled);
  });
  EXPECT_GT(settled.n, open_one.n);
  open_one.address = {kOwner, "light.a"};
  settled.address = {kOwner, "light.b"};
  auto other = reader();
  expectSameRecord(other->conflict(open_one.n).value(), open_one);
  expectSameRecord(other->conflictByKey("key2").value(), settled);
  EXPECT_EQ(other->conflict(settled.n)->address.id, "light.b");
  EXPECT_EQ(other->conflict(settled.n)->address.owner, kOwner);
  EXPECT_FALSE(other->conflict(99));
  EXPECT_FALSE(other->conflictByKey("key3"));
  EXPECT_EQ(other->openConflicts(), 1u);
}

TEST_F(StoreConflicts, TellWhichStrategyDecidedLast) {
  Conflict one = record("key", a.n);
  commit(*store, [&] { store->putConflict(&one); });
  one.state = ConflictState::kResolved;
  one.strategy = "merge";
  one.outcome = Conflict::Outcome{"v", "{}", "merge", "strategy"};
  commit(*store, [&] { store->putConflict(&one); });
  one.address = {kOwner, "light.a"};
  expectSameRecord(store->conflict(one.n).value(), one);
  // Open again: no outcome stays.
  one.state = ConflictState::kOpen;
  one.strategy = "user-choice";
  one.outcome.reset();
  commit(*store, [&] { store->putConflict(&one); });
  expectSameRecord(store->conflict(one.n).value(), one);
}

TEST_F(StoreConflicts, AreOneRecordForOneKey) {
  Conflict one = record("key", a.n), twin = record("key", b.n);
  commit(*store, [&] { store->putConflict(&one); });
  store->begin();
  store->putConflict(&twin);
  EXPECT_FALSE(store->commit().ok());
  EXPECT_EQ(store->conflicts({}, std::nullopt, 10).size(), 1u);
}

TEST_F(StoreConflicts, ComeInPagesNewestFirstByStateAndEntity) {
  std::vector<int64_t> numbers;
  commit(*store, [&] {
    for (int i = 0; i < 12; ++i) {
      Conflict one = record("key" + std::to_string(i), i % 2 ? a.n : b.n);
      one.state = static_cast<ConflictState>(i % 3);
      store->putConflict(&one);
      numbers.push_back(one.n);
    }
  });
  auto read = [&](const ConflictFilter& filter, std::optional<int64_t> before, size_t limit) {
    std::vector<int64_t> out;
    for (const Conflict& one : store->conflicts(filter, before, limit)) out.push_back(one.n);
    return out;
  };
  std::vector<int64_t> newest(numbers.rbegin(), numbers.rend());
  EXPECT_EQ(read({}, std::nullopt, 100), newest);
  EXPECT_EQ(read({}, numbers[3], 2), (std::vector<int64_t>{numbers[2], numbers[1]}));
  EXPECT_TRUE(read({}, numbers[0], 2).empty());
  EXPECT_EQ(read({ConflictState::kRefused, {}}, std::nullopt, 2), (std::vector<int64_t>{numbers[11], numbers[8]}));
  EXPECT_EQ(read({ConflictState::kOpen, a.n}, std::nullopt, 100), (std::vector<int64_t>{numbers[9], numbers[3]}));
  EXPECT_TRUE(read({{}, 999}, std::nullopt, 100).empty());
  EXPECT_EQ(store->openConflicts(), 4u);
}

TEST_F(StoreConflicts, NeverTakeANumberTwice) {
  Conflict one = record("key", a.n), next = record("next", b.n);
  commit(*store, [&] {
    store->putConflict(&one);
    store->removeConflicts(a.n);
    store->putConflict(&next);
  });
  EXPECT_GT(next.n, one.n);
  EXPECT_FALSE(store->conflict(one.n));
}

}  // namespace
}  // namespace hearthgate::store
