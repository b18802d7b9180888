// Entities, their versions and history as rows: what was written is what is read, by this connection, by others and
// after the next start.
#include <algorithm>
#include <set>

#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::Address;
using model::OwnerId;
using model::Siblings;
using model::Version;
using model::Writer;

const OwnerId kOwner(model::home(1));
const OwnerId kOther(model::home(2));
const OwnerId kCircle = *OwnerId::fromBytes("0123456789abcdef");

constexpr uint64_t kHighest = model::kMaxCounter - 1;

using StoreEntities = StoreFile;

ReplicaId manyReplica(uint32_t n) {
  ReplicaId id;
  id.bytes[0] = static_cast<uint8_t>(n >> 8);
  id.bytes[1] = static_cast<uint8_t>(n);
  id.bytes[15] = 0xEE;
  return id;
}

// Everything at its limit: 1,024 replica ids up to 2^53, 4,096 leaves whose dots are all foreign but one, the last
// stamp.
Version fullest() {
  Version version;
  version.kind = "poi.settings";
  version.reason = model::Reason::kRestore;
  version.author = model::home(200);
  for (uint32_t n = 0; n < model::kMaxVectorEntries; ++n) version.vector.raise(manyReplica(n), kHighest - n);
  version.dot = {manyReplica(0), kHighest};
  version.stamp = {true, model::kMaxStampMs, UINT32_MAX};
  model::Entries entries;
  for (uint32_t n = 0; n < model::kMaxFields; ++n) {
    std::string key = "k" + std::to_string(10000 + n);
    uint32_t by = n % model::kMaxVectorEntries;
    model::Dot dot{manyReplica(by), by == 0 ? version.dot.counter : kHighest - by - n};
    model::Stamp stamp = by == 0 ? version.stamp : model::Stamp{n % 2 == 0, model::kMaxStampMs - n, n};
    entries.push_back({model::joinPath({key}), std::to_string(n), dot, stamp});
  }
  model::setEntries(entries, &version);
  version.tag = model::OwnerTag{0, 255, 1, 254, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
  version.hash = model::contentHash(model::address(), version);
  EXPECT_TRUE(model::checkVersion(version).ok()) << model::checkVersion(version).error().message;
  return version;
}

std::string deepest() {
  std::string fields;
  for (size_t i = 0; i < model::kMaxDepth; ++i) fields += "{\"\xC3\xA4\\u0000\":";
  fields += "\"\xF0\x9F\x8F\xA0\"";
  return fields + std::string(model::kMaxDepth, '}');
}

TEST_F(StoreEntities, ReadBackEveryEdgeOfAVersion) {
  Writer a{1}, b{2}, c{3, kHighest - 1};
  Siblings siblings;
  for (const Version& version : {fullest(), a.put({}, deepest(), model::at(0, false)), b.erase({}, model::at(-0)),
                                 c.put({}, "{}", model::at(1, true, UINT32_MAX), model::Reason::kUndo)}) {
    model::join(version, &siblings);
  }
  ASSERT_EQ(siblings.size(), 4u);
  EntityRow row;
  row.address = {kOwner, "light." + std::string(249, 'x')};
  row.kind = "poi.settings";
  row.sequence = (1ull << 62) + 1;
  row.origin = Origin::kRemote;
  row.conflicted = true;
  row.updated_ms = model::kMaxStampMs;
  row.siblings = siblings;
  {
    auto store = open();
    commit(*store, [&] {
      addOwner(*store, kOwner);
      store->putEntity(&row);
      uint32_t place = 0;
      for (const Version& version : siblings) store->addHistory(row.n, 7, place++, false, version);
    });
  }
  auto check = [&](Reader& from) {
    auto found = from.entity(row.address);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->n, row.n);
    EXPECT_EQ(found->address, row.address);
    EXPECT_EQ(found->kind, "poi.settings");
    EXPECT_EQ(found->sequence, (1ull << 62) + 1);
    EXPECT_EQ(found->state, EntityState::kLive);
    EXPECT_EQ(found->origin, Origin::kRemote);
    EXPECT_TRUE(found->conflicted);
    EXPECT_EQ(found->updated_ms, model::kMaxStampMs);
    expectSame(found->siblings, siblings);
    auto history = from.history(row.n, 10);
    ASSERT_EQ(history.size(), 4u);
    for (size_t i = 0; i < 4; ++i) {
      Version expected = siblings[3 - i];
      expected.tag = history[i].version.tag;
      expectSame(history[i].version, expected);
    }
    EXPECT_TRUE(from.takeError().ok());
  };
  auto store = open();
  check(*store);
  check(*reader());
}

TEST_F(StoreEntities, NumberReplicasAndHomesOnce) {
  auto store = open();
  uint32_t first = 0, second = 0, home = 0;
  commit(*store, [&] {
    first = store->replicaNumber(model::replica(1));
    second = store->replicaNumber(model::replica(2));
    home = store->homeNumber(model::home(1));
    EXPECT_EQ(store->replicaNumber(model::replica(1)), first);
  });
  EXPECT_NE(first, second);
  EXPECT_NE(first, 0u);
  store.reset();
  store = open();
  commit(*store, [&] {
    EXPECT_EQ(store->replicaNumber(model::replica(2)), second);
    EXPECT_EQ(store->replicaNumber(model::replica(1)), first);
    EXPECT_EQ(store->homeNumber(model::home(1)), home);
  });
  auto other = reader();
  ASSERT_NE(other->replicaName(second), nullptr);
  EXPECT_EQ(*other->replicaName(second), model::replica(2));
  EXPECT_EQ(*other->homeName(home), model::home(1));
  EXPECT_EQ(other->replicaName(999), nullptr);
  EXPECT_EQ(other->homeName(0), nullptr);
}

TEST_F(StoreEntities, ForgetNumbersThatWereRolledBack) {
  auto store = open();
  store->begin();
  uint32_t gone = store->replicaNumber(model::replica(1));
  EXPECT_EQ(*store->replicaName(gone), model::replica(1));
  uint32_t gone_home = store->homeNumber(model::home(1));
  addOwner(*store, kOwner);
  EntityRow row = entityRow({kOwner, "light.a"}, 1);
  store->putEntity(&row);
  store->rollback();
  EXPECT_EQ(store->replicaName(gone), nullptr);
  commit(*store, [&] {
    // SQLite gives the numbers again, to others.
    EXPECT_EQ(store->replicaNumber(model::replica(2)), gone);
    EXPECT_EQ(store->homeNumber(model::home(2)), gone_home);
    addOwner(*store, kOther);
    EntityRow anew = entityRow({kOther, "light.a"}, 1);
    store->putEntity(&anew);
  });
  EXPECT_EQ(*store->replicaName(gone), model::replica(2));
  EXPECT_EQ(*store->homeName(gone_home), model::home(2));
  EXPECT_FALSE(store->entity({kOwner, "light.a"}));
  ASSERT_TRUE(store->entity({kOther, "light.a"}));
  EXPECT_EQ(store->entity({kOther, "light.a"})->address.owner, kOther);
}

TEST_F(StoreEntities, OfTwoOwnersMayHaveOneId) {
  auto store = open();
  commit(*store, [&] {
    for (const OwnerId& owner : {kOwner, kOther, kCircle}) {
      addOwner(*store, owner);
      EntityRow row = entityRow({owner, "light.kitchen"}, 1, "{\"of\":\"" + owner.text() + "\"}");
      store->putEntity(&row);
    }
  });
  for (const OwnerId& owner : {kOwner, kOther, kCircle}) {
    auto row = store->entity({owner, "light.kitchen"});
    ASSERT_TRUE(row);
    EXPECT_EQ(row->address.owner, owner);
    EXPECT_EQ(row->siblings.front().fields, "{\"of\":\"" + owner.text() + "\"}");
  }
  EXPECT_EQ(store->entityCount(), 3u);
  EXPECT_EQ(store->entityCount(kCircle), 1u);
}

TEST_F(StoreEntities, TwiceUnderOneIdFailTheCommit) {
  auto store = open();
  commit(*store, [&] { addOwner(*store, kOwner); });
  store->begin();
  EntityRow row = entityRow({kOwner, "light.a"}, 1);
  store->putEntity(&row);
  EntityRow again = entityRow({kOwner, "light.a"}, 2);
  store->putEntity(&again);
  EXPECT_FALSE(store->commit().ok());
  EXPECT_EQ(store->entityCount(), 0u);
}

TEST_F(StoreEntities, OfOneOwnerNeverShareASequenceNumber) {
  auto store = open();
  commit(*store, [&] {
    addOwner(*store, kOwner);
    addOwner(*store, kOther);
    EntityRow row = entityRow({kOwner, "light.a"}, 5);
    store->putEntity(&row);
    EntityRow elsewhere = entityRow({kOther, "light.a"}, 5);
    store->putEntity(&elsewhere);
  });
  store->begin();
  EntityRow row = entityRow({kOwner, "light.b"}, 5);
  store->putEntity(&row);
  EXPECT_FALSE(store->commit().ok());
}

TEST_F(StoreEntities, ChangeEverythingButTheirAddress) {
  auto store = open();
  EntityRow row = entityRow({kOwner, "light.a"}, 1);
  commit(*store, [&] {
    addOwner(*store, kOwner);
    store->putEntity(&row);
  });
  EntityNumber n = row.n;
  commit(*store, [&] {
    row.kind = "scene";
    row.state = EntityState::kDeleted;
    row.sequence = 9;
    row.updated_ms = 11;
    row.siblings = {Writer{2}.erase(row.siblings)};
    row.siblings.front().kind = "scene";
    store->putEntity(&row);
  });
  EXPECT_EQ(row.n, n);
  auto found = store->entity(n);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, "scene");
  EXPECT_EQ(found->state, EntityState::kDeleted);
  EXPECT_EQ(found->sequence, 9u);
  EXPECT_EQ(found->updated_ms, 11);
  EXPECT_TRUE(found->siblings.front().deleted);
  EXPECT_EQ(store->entityCount(), 0u);
  EXPECT_EQ(store->entityCount(kOwner), 1u);
}

TEST_F(StoreEntities, ThatAreNoLongerSharedAreStubsWithoutVersions) {
  auto store = open();
  EntityRow row = entityRow({kOwner, "light.a"}, 1);
  commit(*store, [&] {
    addOwner(*store, kOwner);
    store->putEntity(&row);
    EXPECT_GT(store->entityBytes(kOwner), 0u);
    row.siblings.clear();
    row.state = EntityState::kNoLongerShared;
    store->putEntity(&row);
  });
  EXPECT_EQ(store->entity(row.n)->state, EntityState::kNoLongerShared);
  EXPECT_TRUE(store->entity(row.n)->siblings.empty());
  EXPECT_EQ(store->entityBytes(kOwner), 0u);
  EXPECT_EQ(store->entityCount(kOwner), 0u);
  EXPECT_TRUE(store->entityPage({}, std::nullopt, {10}).rows.empty());
  EntityFilter stubs;
  stubs.stubs = true;
  EXPECT_EQ(store->entityPage(stubs, std::nullopt, {10}).rows.size(), 1u);
  EXPECT_EQ(store->feedPart(kOwner, 0, 10).rows.size(), 1u);
  EXPECT_TRUE(store->feedRow(row.n)->siblings.empty());
}

TEST_F(StoreEntities, AreListedByOwnerAndIdInPagesOfAnySize) {
  auto store = open();
  std::vector<Address> all;
  commit(*store, [&] {
    uint64_t sequence = 0;
    for (const OwnerId& owner : {kOther, kCircle, kOwner}) {
      addOwner(*store, owner);
      for (const char* id : {"light.b", "light.a", "light.a:1", "light.a-b", "light_.a", "scene.z"}) {
        EntityRow row = entityRow({owner, id}, ++sequence);
        store->putEntity(&row);
        all.push_back(row.address);
      }
    }
  });
  std::sort(all.begin(), all.end(), [](const Address& a, const Address& b) {
    return a.owner == b.owner ? a.id < b.id : a.owner.text() < b.owner.text();
  });
  for (size_t limit : {1u, 2u, 5u, 6u, 7u, 17u, 18u, 19u}) {
    std::vector<Address> read;
    std::optional<Address> after;
    while (true) {
      auto page = store->entityPage({}, after, {limit}).rows;
      ASSERT_LE(page.size(), limit);
      for (const EntityRow& row : page) read.push_back(row.address);
      if (page.size() < limit) break;
      after = read.back();
      ASSERT_LE(read.size(), all.size());
    }
    EXPECT_EQ(read, all) << limit;
  }
  // After an address that is not there, as one that was deleted between two pages.
  auto rest = store->entityPage({}, Address{all[0].owner, "light.a-a"}, {1}).rows;
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].address, (Address{all[0].owner, "light.a-b"}));
}

TEST_F(StoreEntities, AreFilteredByPrefixLiterallyKindOwnerAndChoice) {
  auto store = open();
  commit(*store, [&] {
    addOwner(*store, kOwner);
    addOwner(*store, kOther);
    uint64_t sequence = 0;
    for (const char* id : {"light.a", "light.ab", "lightx.a", "light_.a"}) {
      EntityRow row = entityRow({kOwner, id}, ++sequence);
      row.kind = row.siblings.front().kind = std::string(id) == "light.ab" ? "scene" : "state";
      store->putEntity(&row);
    }
    EntityRow row = entityRow({kOther, "light.a"}, 1);
    row.conflicted = true;
    store->putEntity(&row);
    EntityRow deleted = entityRow({kOther, "light.d"}, 2);
    deleted.state = EntityState::kDeleted;
    store->putEntity(&deleted);
  });
  auto ids = [&](const EntityFilter& filter) {
    std::string out;
    for (const EntityRow& row : store->entityPage(filter, std::nullopt, {100}).rows) {
      out += row.address.id + (row.address.owner == kOwner ? "" : "@other") + " ";
    }
    return out;
  };
  EntityFilter filter;
  filter.prefix = "light_";
  EXPECT_EQ(ids(filter), "light_.a ");
  filter.prefix = "light.a";
  filter.owner = kOwner;
  EXPECT_EQ(ids(filter), "light.a light.ab ");
  filter.kind = "scene";
  EXPECT_EQ(ids(filter), "light.ab ");
  filter = {};
  filter.conflicted = true;
  EXPECT_EQ(ids(filter), "light.a@other ");
  filter.conflicted = false;
  EXPECT_EQ(ids(filter).find("@other"), std::string::npos);
  filter = {};
  filter.owner = kOther;
  filter.deleted = true;
  EXPECT_EQ(ids(filter), "light.a@other light.d@other ");
  filter.owner = kCircle;
  EXPECT_EQ(ids(filter), "");
  EXPECT_TRUE(store->takeError().ok());
}

TEST_F(StoreEntities, StandInTheFeedOnceAtTheirNewestNumber) {
  auto store = open();
  std::vector<EntityRow> rows;
  commit(*store, [&] {
    addOwner(*store, kOwner);
    addOwner(*store, kOther);
    for (uint64_t n = 1; n <= 5; ++n) {
      rows.push_back(entityRow({n % 2 ? kOwner : kOther, "light.n" + std::to_string(n)}, n));
      store->putEntity(&rows.back());
    }
  });
  commit(*store, [&] {
    rows[0].sequence = 6;
    store->putEntity(&rows[0]);
  });
  auto feed = store->feedPart(kOwner, 0, 10).rows;
  ASSERT_EQ(feed.size(), 3u);
  EXPECT_EQ(feed[0].sequence, 3u);
  EXPECT_EQ(feed[2].sequence, 6u);
  EXPECT_EQ(feed[2].id, "light.n1");
  EXPECT_EQ(feed[2].kind, "state");
  int versions = 0;
  EXPECT_TRUE(model::scanSiblings(feed[2].siblings, [&](const ContentHash& hash, std::string_view) {
    ++versions;
    EXPECT_EQ(hash, rows[0].siblings.front().hash);
  }));
  EXPECT_EQ(versions, 1);
  EXPECT_EQ(store->feedPart(kOwner, 3, 10).rows.size(), 2u);
  EXPECT_EQ(store->feedPart(kOwner, 0, 2).rows.size(), 2u);
  EXPECT_EQ(store->feedPart(kOwner, 0, 10, 1).rows.size(), 1u);
  EXPECT_FALSE(store->feedPart(kOwner, 0, 10, 1).last);
  EXPECT_EQ(store->feedPart(kOwner, 0, 10, feed[0].siblings.size() + 1).rows.size(), 2u);
  EXPECT_FALSE(store->feedPart(kOwner, 0, feed.size(), SIZE_MAX).last);
  EXPECT_EQ(store->feedPart(kOwner, 0, 10, SIZE_MAX).rows.size(), feed.size());
  EXPECT_TRUE(store->feedPart(kOwner, 0, 10, SIZE_MAX).last);
  EXPECT_TRUE(store->feedPart(kOwner, 6, 10).rows.empty());
  EXPECT_TRUE(store->feedPart(kCircle, 0, 10).rows.empty());
  EXPECT_EQ(store->feedEnd(kOwner), 6u);
  EXPECT_EQ(store->feedEnd(kOther), 4u);
  EXPECT_EQ(store->feedEnd(kCircle), 0u);
  // All owners' changes in one row.
  std::vector<uint64_t> numbers;
  for (const EntityRow& row : store->changedSince(2, 3).rows) numbers.push_back(row.sequence);
  EXPECT_EQ(numbers, (std::vector<uint64_t>{3, 4, 5}));
}

TEST_F(StoreEntities, HaveAHistoryNewestFirst) {
  auto store = open();
  EntityRow row = entityRow({kOwner, "light.a"}, 1);
  std::vector<Version> written;
  commit(*store, [&] {
    addOwner(*store, kOwner);
    store->putEntity(&row);
    Writer writer{1};
    Siblings last;
    for (uint32_t i = 0; i < 40; ++i) {
      written.push_back(writer.put(last, "{\"n\":" + std::to_string(i) + "}"));
      last = {written.back()};
      // Several versions within one change, in the order of their places.
      store->addHistory(row.n, 100 + i / 4, i % 4, i == 7, written.back());
    }
  });
  auto all = store->history(row.n, 100);
  ASSERT_EQ(all.size(), 40u);
  for (size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(all[i].version.hash, written[39 - i].hash) << i;
    EXPECT_EQ(all[i].change, 100 + (39 - i) / 4);
    EXPECT_EQ(all[i].refused, 39 - i == 7);
  }
  EXPECT_EQ(store->history(row.n, 3).size(), 3u);
  EXPECT_TRUE(store->history(row.n + 1, 3).empty());
  EXPECT_TRUE(store->inHistory(row.n, written[5].hash));
  EXPECT_FALSE(store->inHistory(row.n + 1, written[5].hash));
  EXPECT_FALSE(store->inHistory(row.n, ContentHash{}));
  auto one = store->historyVersion(row.n, written[5].id());
  ASSERT_TRUE(one);
  expectSame(*one, written[5]);
  EXPECT_FALSE(store->historyVersion(row.n + 1, written[5].id()));
  EXPECT_FALSE(store->historyVersion(row.n, written[5].id().substr(1)));
  EXPECT_FALSE(store->historyVersion(row.n, "not base32!"));
  EXPECT_FALSE(store->historyVersion(row.n, model::versionId(ContentHash{})));
  EXPECT_TRUE(store->takeError().ok());
}

TEST_F(StoreEntities, KeepTheBaseOfWhatIsNotAcknowledged) {
  auto store = open();
  EntityRow row = entityRow({kOwner, "light.a"}, 1);
  Siblings base = model::joined({Writer{2}.put({}, R"({"a":1})"), Writer{3}.put({}, R"({"b":1})")});
  base.front().tag = model::OwnerTag{1, 2, 3};
  commit(*store, [&] {
    addOwner(*store, kOwner);
    store->putEntity(&row);
    store->putBase(row.n, {base.back()});
    store->putBase(row.n, base);
  });
  expectSame(store->base(row.n), base);
  commit(*store, [&] { store->putBase(row.n, {}); });
  EXPECT_TRUE(store->base(row.n).empty());
  commit(*store, [&] { store->putBase(row.n, {}); });
}

TEST_F(StoreEntities, LeaveNothingWhenTheyAreRemoved) {
  auto store = open();
  EntityRow gone = entityRow({kOwner, "light.gone"}, 1), kept = entityRow({kOwner, "light.kept"}, 2);
  auto fill = [&](EntityRow& row) {
    store->putEntity(&row);
    store->putBase(row.n, row.siblings);
    store->addHistory(row.n, 1, 0, false, row.siblings.front());
    store->addHistory(row.n, 1, 1, true, row.siblings.front());
    for (ConflictState state : {ConflictState::kResolved, ConflictState::kRefused}) {
      Conflict record;
      record.key = row.address.id + std::to_string(static_cast<int>(state));
      record.entity = row.n;
      record.state = state;
      record.versions = row.siblings;
      store->putConflict(&record);
    }
  };
  commit(*store, [&] {
    addOwner(*store, kOwner);
    fill(kept);
    fill(gone);
    store->removeEntity(gone.n);
  });
  EXPECT_FALSE(store->entity(gone.n));
  EXPECT_TRUE(store->entity(kept.n));
  Plain plain(path());
  for (const char* table : {"base", "history", "conflict"}) {
    EXPECT_EQ(plain.text("SELECT DISTINCT entity FROM " + std::string(table)), std::to_string(kept.n)) << table;
  }
  // What the owner did not take stays when content goes.
  commit(*store, [&] { store->removeShared(&kept); });
  EXPECT_EQ(plain.text("SELECT refused FROM history"), "1");
  EXPECT_EQ(plain.text("SELECT state FROM conflict"), "2");
}

TEST_F(StoreEntities, CountWhatAnOwnerTakes) {
  auto store = open();
  commit(*store, [&] {
    addOwner(*store, kOwner);
    EntityRow row = entityRow({kOwner, "light.a"}, 1, "{\"pad\":\"" + std::string(10000, 'x') + "\"}");
    store->putEntity(&row);
  });
  EXPECT_GT(store->entityBytes(kOwner), 10000u);
  EXPECT_LT(store->entityBytes(kOwner), 10200u);
  EXPECT_EQ(store->entityBytes(kOther), 0u);
  EXPECT_EQ(store->entityCount(kOther), 0u);
}

}  // namespace
}  // namespace hearthgate::store
