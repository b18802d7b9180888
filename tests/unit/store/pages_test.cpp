// Pages of rows end by rows and by bytes: what is large comes in many, all of it once and in order.
#include <algorithm>

#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::Address;
using model::OwnerId;
using model::Version;
using model::Writer;

const OwnerId kOwner(model::home(1));
const OwnerId kOther(model::home(2));
constexpr int kLarge = 60;
// kRowPageBytes and the one that brings the page to it.
constexpr size_t kLargeInAPage = 4;

std::string large(int n) { return "{\"n\":" + std::to_string(n) + ",\"x\":\"" + std::string(1'048'000, 'x') + "\"}"; }

class StorePages : public StoreFile {
 protected:
  StorePages() {
    commit(*store, [&] {
      addOwner(*store, kOwner);
      addOwner(*store, kOther);
    });
  }
  // 60 documents of about 1 MiB by two owners in turn; their ids do not rise with their numbers.
  void fill() {
    commit(*store, [&] {
      for (int n = 0; n < kLarge; ++n) {
        EntityRow row = entityRow({n % 2 ? kOwner : kOther, "light.n" + std::to_string(n * 7 % kLarge)},
                                  static_cast<uint64_t>(n + 1), large(n));
        store->putEntity(&row);
        all.push_back(row.address);
      }
    });
  }
  void put(EntityRow row) {
    commit(*store, [&] { store->putEntity(&row); });
  }
  // The ids of all pages, by `size`; with how many there were of them.
  std::vector<std::string> read(const EntityFilter& filter, const EntityPageSize& size, size_t* pages,
                                const std::function<bool(const EntityRow&)>& wanted = nullptr) {
    std::vector<std::string> ids;
    std::optional<Address> after;
    *pages = 0;
    do {
      EntityPage page = store->entityPage(filter, after, size, wanted);
      for (const EntityRow& row : page.rows) ids.push_back(row.address.id);
      after = page.next;
    } while (after && ++*pages < 1000);
    ++*pages;
    EXPECT_TRUE(store->takeError().ok());
    return ids;
  }

  std::unique_ptr<Store> store = open(Durability::kNormal);
  std::vector<Address> all;
};

TEST_F(StorePages, OfLargeEntitiesEndByTheirBytes) {
  fill();
  std::sort(all.begin(), all.end(), [](const Address& a, const Address& b) {
    return a.owner == b.owner ? a.id < b.id : a.owner.text() < b.owner.text();
  });
  std::vector<Address> seen;
  std::optional<Address> after;
  do {
    EntityPage page = store->entityPage({}, after, {1000});
    ASSERT_FALSE(page.rows.empty());
    EXPECT_LE(page.rows.size(), kLargeInAPage + 1);
    for (const EntityRow& row : page.rows) seen.push_back(row.address);
    after = page.next;
  } while (after);
  EXPECT_EQ(seen, all);
  // The rows end a page too.
  EXPECT_EQ(store->entityPage({}, std::nullopt, {2}).rows.size(), 2u);
  EXPECT_TRUE(store->takeError().ok());
}

TEST_F(StorePages, OfChangesEndByTheirBytes) {
  fill();
  std::vector<uint64_t> seen, numbers;
  for (uint64_t n = 1; n <= kLarge; ++n) numbers.push_back(n);
  for (bool more = true; more;) {
    Page<EntityRow> page = store->changedSince(seen.empty() ? 0 : seen.back(), 256);
    ASSERT_FALSE(page.rows.empty());
    EXPECT_LE(page.rows.size(), kLargeInAPage + 1);
    for (const EntityRow& row : page.rows) seen.push_back(row.sequence);
    more = page.more;
  }
  EXPECT_EQ(seen, numbers);
  Page<EntityRow> two = store->changedSince(kLarge - 2, 2);
  EXPECT_EQ(two.rows.size(), 2u);
  EXPECT_FALSE(two.more);
  EXPECT_TRUE(store->changedSince(kLarge - 3, 2).more);
  EXPECT_TRUE(store->changedSince(kLarge, 2).rows.empty());
  EXPECT_FALSE(store->changedSince(kLarge, 2).more);
  EXPECT_TRUE(store->takeError().ok());
}

TEST_F(StorePages, HoldARowThatIsLargerThanAPage) {
  EntityRow row = entityRow({kOwner, "light.b"}, 2);
  row.siblings.clear();
  for (uint8_t n = 1; n <= 6; ++n) model::join(Writer{n}.put({}, large(n)), &row.siblings);
  put(entityRow({kOwner, "light.a"}, 1));
  put(row);
  put(entityRow({kOwner, "light.c"}, 3));
  size_t pages = 0;
  EXPECT_EQ(read({}, {1000}, &pages), (std::vector<std::string>{"light.a", "light.b", "light.c"}));
  EXPECT_EQ(pages, 2u);
  EXPECT_EQ(store->entityPage({}, Address{kOwner, "light.a"}, {1000}).rows.size(), 1u);
  EXPECT_EQ(store->changedSince(0, 256).rows.size(), 2u);
  EXPECT_EQ(store->changedSince(1, 256).rows.size(), 1u);
  EXPECT_TRUE(store->changedSince(1, 256).more);
  EXPECT_EQ(store->changedSince(2, 256).rows.at(0).sequence, 3u);
}

TEST_F(StorePages, EndAfterSoManyThatWereLookedAt) {
  for (uint64_t n = 0; n < 30; ++n) {
    EntityRow row = entityRow({kOwner, "light.n" + std::to_string(10 + n)}, n + 1);
    row.kind = row.siblings.front().kind = n == 3 || n == 29 ? "scene" : "state";
    row.conflicted = n == 29;
    put(std::move(row));
  }
  EntityFilter scenes;
  scenes.kind = "scene";
  size_t pages = 0;
  std::vector<std::string> both{"light.n13", "light.n39"};
  EXPECT_EQ(read(scenes, {10}, &pages), both);
  EXPECT_EQ(pages, 1u);
  EXPECT_EQ(read(scenes, {10, 10}, &pages), both);
  EXPECT_EQ(pages, 3u);
  // A page without a row that has others after it.
  EntityPage none = store->entityPage(scenes, Address{kOwner, "light.n13"}, {10, 10});
  EXPECT_TRUE(none.rows.empty());
  EXPECT_EQ(none.next, (Address{kOwner, "light.n23"}));
  scenes.conflicted = true;
  EXPECT_EQ(read(scenes, {1, 1}, &pages), std::vector<std::string>{"light.n39"});
  EXPECT_EQ(pages, 30u);
  auto third = [](const EntityRow& row) { return row.address.id.back() == '3'; };
  EXPECT_EQ(read({}, {1, 7}, &pages, third), (std::vector<std::string>{"light.n13", "light.n23", "light.n33"}));
  // A full page whose end is the list's has no next.
  EXPECT_FALSE(store->entityPage({}, std::nullopt, {30, 30}).next);
  // What the prefix leaves out is not looked at.
  EntityFilter prefix;
  prefix.prefix = "light.n2";
  EXPECT_EQ(read(prefix, {10, 10}, &pages).size(), 10u);
  EXPECT_EQ(pages, 1u);
}

TEST_F(StorePages, ReadOnlyWhatTheyGive) {
  put(entityRow({kOwner, "light.a"}, 1));
  put(entityRow({kOwner, "light.b"}, 2));
  Plain(path()).run("UPDATE entity SET siblings=x'ff' WHERE id='light.b'");
  size_t pages = 0;
  auto first = [](const EntityRow& row) { return row.address.id == "light.a"; };
  EXPECT_EQ(read({}, {10}, &pages, first), std::vector<std::string>{"light.a"});
  EXPECT_EQ(store->entityPage({}, std::nullopt, {1}).rows.size(), 1u);
  EXPECT_TRUE(store->takeError().ok());
  (void)store->entityPage({}, std::nullopt, {2});
  EXPECT_FALSE(store->takeError().ok());
}

TEST_F(StorePages, OfAHistoryEndByItsBytes) {
  EntityRow row = entityRow({kOwner, "light.a"}, 1);
  std::vector<ContentHash> written, seen;
  commit(*store, [&] {
    store->putEntity(&row);
    Writer writer{1};
    model::Siblings last;
    for (int n = 0; n < kLarge / 2; ++n) {
      last = {writer.put(last, large(n))};
      written.insert(written.begin(), last.front().hash);
      // Some stand in the entity's row and some beside it.
      if (n % 3 == 0) {
        store->addHistory(row.n, static_cast<uint64_t>(100 + n), 0, false, last.front());
      } else {
        (void)store->listHistory(&row, static_cast<uint64_t>(100 + n), 0, last.front());
      }
    }
    store->putEntity(&row);
  });
  std::optional<HistoryPlace> before;
  Page<HistoryRow> page;
  do {
    page = store->historyPage(row.n, before, 1000);
    ASSERT_FALSE(page.rows.empty());
    EXPECT_LE(page.rows.size(), kLargeInAPage + 1);
    for (const HistoryRow& one : page.rows) seen.push_back(one.version.hash);
    before = {page.rows.back().change, page.rows.back().place};
  } while (page.more);
  EXPECT_EQ(seen, written);
  EXPECT_TRUE(store->historyPage(row.n, std::nullopt, 2).more);
  EXPECT_FALSE(store->historyPage(row.n, HistoryPlace{102, 0}, 2).more);
  // Oldest first, for retention.
  std::optional<HistoryPlace> after;
  seen.clear();
  Page<OldVersion> old;
  do {
    old = store->historyUpTo(row.n, after, {1000, 0}, 1000);
    ASSERT_FALSE(old.rows.empty());
    EXPECT_LE(old.rows.size(), kLargeInAPage + 1);
    for (const OldVersion& one : old.rows) seen.insert(seen.begin(), one.hash);
    after = old.rows.back().placed.at;
  } while (old.more);
  EXPECT_EQ(seen, written);
  EXPECT_FALSE(store->historyUpTo(row.n, {}, {101, 0}, 2).more);
  EXPECT_TRUE(store->historyUpTo(row.n, {}, {102, 0}, 2).more);
  EXPECT_TRUE(store->takeError().ok());
}

TEST_F(StorePages, OfConflictsEndByTheirBytes) {
  EntityRow row = entityRow({kOwner, "light.a"}, 1);
  model::Version base = Writer{1}.put({}, large(0));
  std::vector<int64_t> numbers, seen;
  commit(*store, [&] {
    store->putEntity(&row);
    for (int n = 0; n < 12; ++n) {
      Conflict one;
      one.key = "key" + std::to_string(n);
      one.entity = row.n;
      one.strategy = n % 3 ? "merge" : "latest-wins";
      one.versions = model::joined({Writer{2}.put({base}, large(1)), Writer{3}.put({base}, large(2))});
      one.base = base;
      store->putConflict(&one);
      numbers.insert(numbers.begin(), one.n);
    }
  });
  Page<Conflict> page;
  do {
    page = store->conflictPage({}, seen.empty() ? std::nullopt : std::optional(seen.back()), 1000);
    ASSERT_FALSE(page.rows.empty());
    EXPECT_LE(page.rows.size(), 2u);
    for (const Conflict& one : page.rows) seen.push_back(one.n);
  } while (page.more);
  EXPECT_EQ(seen, numbers);
  seen.clear();
  store->eachConflict({{}, row.n}, 7, [&](Conflict& one) { seen.push_back(one.n); });
  EXPECT_EQ(seen, std::vector<int64_t>(numbers.begin(), numbers.begin() + 7));
  EXPECT_TRUE(store->anyConflict(row.n));
  EXPECT_FALSE(store->anyConflict(row.n + 1));
  EXPECT_EQ(store->conflictStrategies(4), (std::map<std::string, uint64_t>{{"latest-wins", 1}, {"merge", 3}}));
  EXPECT_FALSE(store->conflictPage({}, numbers[9], 2).more);
  EXPECT_TRUE(store->conflictPage({}, numbers[8], 2).more);
}

}  // namespace
}  // namespace hearthgate::store
