// Rows that are kept in memory between two writes: they are what the database holds, whatever happened in between.
#include "store/row_cache.h"

#include <random>

#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::Address;
using model::OwnerId;

const OwnerId kOwner(model::home(1));

EntityRow numbered(EntityNumber n, size_t stored_bytes = 500) {
  EntityRow row = entityRow({kOwner, "light.n" + std::to_string(n)}, static_cast<uint64_t>(n), R"({"state":"on"})");
  row.n = n;
  row.stored_bytes = stored_bytes;
  return row;
}
Address addressOf(EntityNumber n) { return {kOwner, "light.n" + std::to_string(n)}; }

TEST(RowCache, GivesARowOnce) {
  RowCache cache;
  cache.put(numbered(1));
  cache.put(numbered(2));
  auto row = cache.take(addressOf(1));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->n, 1);
  EXPECT_FALSE(cache.take(addressOf(1)));
  EXPECT_TRUE(cache.take(addressOf(2)));
  EXPECT_FALSE(cache.take(addressOf(3)));
}

TEST(RowCache, KeepsTheLastOfOneEntity) {
  RowCache cache;
  EntityRow row = numbered(1);
  cache.put(row);
  row.sequence = 9;
  cache.put(row);
  EXPECT_EQ(cache.take(addressOf(1))->sequence, 9u);
  cache.put(row);
  cache.forget(1);
  cache.forget(2);
  EXPECT_FALSE(cache.take(addressOf(1)));
}

TEST(RowCache, KeepsNoLargeOnesAndNoneInConflict) {
  RowCache cache;
  size_t least = numbered(1).address.id.size() * 2;
  for (size_t stored : {size_t{1500}, (RowCache::kMostRowBytes - least) / 2 + 1}) {
    cache.put(numbered(1));
    cache.put(numbered(1, stored));
    EXPECT_EQ(cache.take(addressOf(1)).has_value(), stored == 1500) << stored;
  }
  cache.put(numbered(2));
  EntityRow row = numbered(2);
  row.siblings.push_back(row.siblings.front());
  cache.put(row);
  EXPECT_FALSE(cache.take(addressOf(2))) << "nor the one before, which is old";
}

TEST(RowCache, HasABound) {
  RowCache cache;
  size_t kept = 0;
  EntityNumber n = 1;
  for (; n < 10'000; ++n) {
    cache.put(numbered(n));
    if (cache.take(addressOf(1)) == std::nullopt) break;
    cache.put(numbered(1));
    ++kept;
  }
  EXPECT_GT(kept, 1000u);
  EXPECT_LT(kept, RowCache::kMostBytes / 500) << "it was emptied";
  EXPECT_TRUE(cache.take(addressOf(n))) << "and goes on";
}

using KeptRows = StoreFile;

void expectSameRow(const std::optional<EntityRow>& kept, const std::optional<EntityRow>& stored, const std::string& after) {
  ASSERT_EQ(kept.has_value(), stored.has_value()) << after;
  if (!kept) return;
  EXPECT_EQ(kept->n, stored->n) << after;
  EXPECT_EQ(kept->address, stored->address) << after;
  EXPECT_EQ(kept->kind, stored->kind) << after;
  EXPECT_EQ(kept->sequence, stored->sequence) << after;
  EXPECT_EQ(kept->state, stored->state) << after;
  EXPECT_EQ(kept->origin, stored->origin) << after;
  EXPECT_EQ(kept->conflicted, stored->conflicted) << after;
  EXPECT_EQ(kept->updated_ms, stored->updated_ms) << after;
  EXPECT_EQ(kept->stored_bytes, stored->stored_bytes) << after;
  EXPECT_EQ(kept->recent, stored->recent) << after;
  expectSame(kept->siblings, stored->siblings);
}

TEST_F(KeptRows, AreWhatTheDatabaseHoldsWhateverHappened) {
  constexpr EntityNumber kEntities = 4;
  auto store = open(Durability::kNormal);
  std::mt19937 random(20261128);
  auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  // A writer whose count is above all before.
  uint64_t written = 1'000'000;
  auto writer = [&](uint8_t replica) { return model::Writer{replica, written += 10}; };
  store->begin();
  addOwner(*store, kOwner);
  ASSERT_TRUE(store->commit().ok());
  uint64_t sequence = 0, change = 0;
  std::string done;
  for (int step = 0; step < 3000; ++step) {
    store->begin();
    for (unsigned more = 1 + below(4); more > 0; --more) {
      Address address = addressOf(below(kEntities));
      auto stored = store->Reader::entity(address);
      switch (below(stored ? 12 : 1)) {
        default: {  // most of them: written, with history, as the engine does it
          auto row = store->entity(address);
          expectSameRow(row, stored, done);
          if (!row) {
            row = entityRow(address, ++sequence, "{\"n\":0}");
          } else {
            model::Version version = writer(static_cast<uint8_t>(1 + below(2))).put(row->siblings, "{\"n\":" + std::to_string(step) + "}", model::at(step));
            if (below(3) == 0) version.tag.emplace().fill(static_cast<uint8_t>(step));
            row->siblings = {version};
            row->sequence = ++sequence;
            row->updated_ms = step;
            row->conflicted = false;
            store->listHistory(&*row, ++change, 0, version);
          }
          store->putEntity(&*row);
          done = "a write";
          break;
        }
        case 1: {
          model::Siblings two = {stored->siblings.front(), writer(1).put({}, "{}", model::at(step))};
          std::sort(two.begin(), two.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
          stored->siblings = two;
          stored->conflicted = true;
          store->putEntity(&*stored);
          done = "a conflict";
          break;
        }
        case 2: store->setConflicted(stored->n, below(2) == 0); done = "setConflicted()"; break;
        case 3:
          if (auto old = store->historyUpTo(stored->n, {}, {UINT64_MAX >> 1, 0}, 3); !old.rows.empty()) {
            store->removeHistoryRow(stored->n, old.rows.back().placed);
          }
          done = "removeHistoryRow()";
          break;
        case 4: store->removeHistory(stored->n); done = "removeHistory()"; break;
        case 5: store->removeEntity(stored->n); done = "removeEntity()"; break;
      }
    }
    if (below(5) == 0) {
      store->rollback();
      done += ", rolled back";
    } else {
      ASSERT_TRUE(store->commit().ok()) << done;
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace hearthgate::store
