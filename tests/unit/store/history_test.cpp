// History whose newest places are listed in the entity's row: what is asked of it is as if all stood in one list.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "store/recent_history.h"
#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::OwnerId;
using model::Siblings;
using model::Version;
using model::Writer;

const OwnerId kOwner(model::home(1));

using StoreHistory = StoreFile;

// One entity, and beside it what its history should be, oldest first.
class Kept {
 public:
  explicit Kept(Store& store) : store_(store), row_(entityRow({kOwner, "light.a"}, 1)) {
    addOwner(store_, kOwner);
    store_.putEntity(&row_);
  }

  void write(bool listed, bool refused = false) {
    Version version = writer_.put(last_, "{\"n\":" + std::to_string(++count_) + "}");
    last_ = {version};
    uint64_t change = count_ / 3;
    auto place = static_cast<uint32_t>(count_ % 3);
    if (listed) {
      store_.listHistory(&row_, change, place, version);
      row_.siblings = {version};
      store_.putEntity(&row_);
    } else {
      store_.addHistory(row_.n, change, place, refused, version);
    }
    all_.push_back({change, refused, version, place});
  }
  void remove(size_t at) {
    HistoryPlace place{all_[at].change, all_[at].place};
    store_.removeHistoryRow(row_.n, store_.historyUpTo(row_.n, {}, place, all_.size()).rows.back().placed);
    all_.erase(all_.begin() + static_cast<ptrdiff_t>(at));
    row_ = *store_.entity(row_.n);
  }
  void removeShared() {
    store_.removeShared(&row_);
    std::erase_if(all_, [](const HistoryRow& row) { return !row.refused; });
  }

  void expect(size_t limit) {
    std::vector<HistoryRow> newest(all_.rbegin(), all_.rend());
    same(store_.history(row_.n, 1000), newest);
    size_t from = newest.size() / 2;
    if (from < newest.size()) {
      HistoryPlace before{newest[from].change, newest[from].place};
      std::vector<HistoryRow> rest(newest.begin() + static_cast<ptrdiff_t>(from) + 1, newest.end());
      rest.resize(std::min(rest.size(), limit));
      same(store_.historyPage(row_.n, before, limit).rows, rest);
      std::vector<HistoryRow> old(all_.begin(), all_.end() - static_cast<ptrdiff_t>(from));
      old.resize(std::min(old.size(), limit));
      std::vector<OldVersion> got = store_.historyUpTo(row_.n, {}, before, limit).rows;
      RC_ASSERT(got.size() == old.size());
      for (size_t i = 0; i < got.size(); ++i) {
        RC_ASSERT(got[i].hash == old[i].version.hash);
        RC_ASSERT(got[i].dot == old[i].version.dot);
        RC_ASSERT(got[i].placed.at == (HistoryPlace{old[i].change, old[i].place}));
        RC_ASSERT(got[i].placed.refused == old[i].refused);
      }
    }
    std::vector<HistoryPlace> accepted;
    for (const HistoryRow& row : newest) {
      if (!row.refused) accepted.push_back({row.change, row.place});
    }
    for (size_t kept : {size_t{0}, size_t{1}, limit, 2 * limit, accepted.size()}) {
      for (size_t slack : {size_t{0}, limit / 2, limit}) {
        auto beyond = store_.historyBeyond(row_.n, kept, slack);
        RC_ASSERT(beyond.has_value() == (kept + slack < accepted.size()));
        if (beyond) RC_ASSERT(*beyond == accepted[kept]);
      }
    }
    for (const HistoryRow& row : all_) {
      RC_ASSERT(store_.inHistory(row_.n, row.version.hash));
      RC_ASSERT(store_.historyVersion(row_.n, row.version.id())->hash == row.version.hash);
    }
    RC_ASSERT(store_.historyCount() == all_.size());
    RC_ASSERT(store_.takeError().ok());
  }
  size_t size() const { return all_.size(); }
  EntityNumber entity() const { return row_.n; }

 private:
  static void same(const std::vector<HistoryRow>& got, const std::vector<HistoryRow>& wanted) {
    RC_ASSERT(got.size() == wanted.size());
    for (size_t i = 0; i < got.size(); ++i) {
      RC_ASSERT(got[i].version.hash == wanted[i].version.hash);
      RC_ASSERT(got[i].change == wanted[i].change);
      RC_ASSERT(got[i].place == wanted[i].place);
      RC_ASSERT(got[i].refused == wanted[i].refused);
    }
  }

  Store& store_;
  EntityRow row_;
  Writer writer_{1};
  Siblings last_;
  uint64_t count_ = 0;
  std::vector<HistoryRow> all_;
};

RC_GTEST_PROP(HistoryLaws, WhereAVersionStandsMakesNoDifference, (const std::vector<uint8_t>& steps, uint8_t limit)) {
  auto store = *Store::inMemory();
  store->begin();
  Kept kept(*store);
  for (uint8_t step : steps) {
    size_t what = step % 16;
    if (what < 11) {
      kept.write(true);
    } else if (what < 13) {
      kept.write(false, what == 12);
    } else if (what < 15 && kept.size() > 0) {
      kept.remove(step / 16 % kept.size());
    } else if (what == 15 && step > 240) {
      kept.removeShared();
    }
  }
  kept.expect(limit % 20);
  store->removeHistory(kept.entity());
  RC_ASSERT(store->historyCount() == 0u);
  RC_ASSERT(store->history(kept.entity(), 10).empty());
  RC_ASSERT(store->commit().ok());
}

TEST_F(StoreHistory, OfTheNewestStandsInTheRowAndGoesOnInHalves) {
  auto store = open();
  commit(*store, [&] {
    Kept kept(*store);
    for (size_t i = 0; i < kRecentMost; ++i) kept.write(true);
  });
  EXPECT_EQ(Plain(path()).text("SELECT count(*) FROM history_place"), "0");
  auto again = std::move(store);
  again.reset();
  store = open();
  auto row = store->entity({kOwner, "light.a"});
  Version more = Writer{2}.put(row->siblings, R"({"n":99})");
  commit(*store, [&] {
    EXPECT_TRUE(store->listHistory(&*row, 100, 0, more));
    store->putEntity(&*row);
  });
  EXPECT_EQ(Plain(path()).text("SELECT count(*) FROM history_place"), std::to_string(kRecentLeave));
  EXPECT_EQ(store->history(row->n, 100).size(), kRecentMost + 1);
}

TEST_F(StoreHistory, TellsOfAListThatIsBroken) {
  auto store = open();
  commit(*store, [&] {
    Kept kept(*store);
    kept.write(true);
  });
  store.reset();
  for (const char* bytes : {"x'80'", "x'0101'", "x'7f0101'"}) {
    Plain(path()).run("UPDATE entity SET recent=" + std::string(bytes));
    store = open();
    EXPECT_TRUE(store->history(store->entity({kOwner, "light.a"})->n, 10).empty());
    EXPECT_FALSE(store->takeError().ok()) << bytes;
    store.reset();
  }
}

}  // namespace
}  // namespace hearthgate::store
