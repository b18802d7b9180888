// Transactions, the errors that stick to them, several connections and several processes on one file.
#include <sys/wait.h>

#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::OwnerId;

const OwnerId kOwner(model::home(1));

class StoreTransactions : public StoreFile {
 protected:
  StoreTransactions() {
    commit(*store, [&] { addOwner(*store, kOwner); });
  }
  void put(const std::string& id, uint64_t sequence) {
    EntityRow row = entityRow({kOwner, id}, sequence);
    store->putEntity(&row);
  }
  uintmax_t logBytes() const { return std::filesystem::file_size(path("hearthgate.db-wal")); }
  // Ends this process' copy of the test without any clean-up, after `work`; gives its exit status.
  static int inChild(const std::function<int()>& work) {
    pid_t child = fork();
    if (child == 0) _exit(work());
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::unique_ptr<Store> store = open();
};

TEST_F(StoreTransactions, ThatAreRolledBackLeaveNothing) {
  std::string before = store->serialize();
  store->begin();
  put("light.a", 1);
  store->setMeta("key", "value");
  store->putHead({5, 5, 5, 5});
  store->putCursor(model::home(3), kOwner, {});
  store->rollback();
  EXPECT_EQ(store->serialize(), before);
  EXPECT_TRUE(store->takeError().ok());
}

TEST_F(StoreTransactions, KnowWhereAFeedEndsWhateverBecomesOfThem) {
  auto end = [&] { return store->feedEnd(kOwner); };
  EXPECT_EQ(end(), 0u);
  EntityRow row = entityRow({kOwner, "light.a"}, 1);
  commit(*store, [&] {
    store->putEntity(&row);
    EXPECT_EQ(end(), 1u);
    put("light.b", 2);
    EXPECT_EQ(end(), 2u);
  });
  store->begin();
  put("light.c", 3);
  EXPECT_EQ(end(), 3u);
  store->rollback();
  EXPECT_EQ(end(), 2u);
  commit(*store, [&] {
    row.sequence = 4;
    store->putEntity(&row);
  });
  EXPECT_EQ(end(), 4u);
  // No row goes back in the feed, but what is kept of it must not depend on that.
  commit(*store, [&] {
    row.sequence = 1;
    store->putEntity(&row);
  });
  EXPECT_EQ(end(), 2u);
  commit(*store, [&] { store->removeEntity(2); });
  EXPECT_EQ(end(), 1u);
}

// The number of the one row that a home has, as kept.
uint64_t keptNumber(Reader& reader) {
  auto rules = reader.keptRulesOf(kOwner);
  return rules->empty() ? 0 : rules->front().second.number;
}

TEST_F(StoreTransactions, KeepRulesUntilTheyChange) {
  auto other = reader();
  EXPECT_EQ(keptNumber(*other), 0u);
  auto put = [&](uint64_t number) {
    model::Rules rules;
    rules.number = number;
    store->putRules(kOwner, model::home(7), rules);
  };
  commit(*store, [&] { put(1); });
  EXPECT_EQ(keptNumber(*other), 1u);
  EXPECT_EQ(other->keptRulesOf(kOwner), other->keptRulesOf(kOwner));
  store->begin();
  put(2);
  EXPECT_EQ(keptNumber(*store), 2u);
  EXPECT_EQ(keptNumber(*other), 1u);
  store->rollback();
  // What counts the changes goes the same way a second time.
  commit(*store, [&] { put(3); });
  EXPECT_EQ(keptNumber(*store), 3u);
  EXPECT_EQ(keptNumber(*other), 3u);
  EXPECT_TRUE(other->keptRulesOf(OwnerId(model::home(2)))->empty());
  EXPECT_EQ(keptNumber(*other), 3u);
}

TEST_F(StoreTransactions, FailAsAWholeAfterTheFirstFailedStatement) {
  store->begin();
  put("light.a", 1);
  put("light.a", 2);
  // From here on nothing is done and everything reads as empty, until somebody asks why.
  store->setMeta("after", "1");
  EXPECT_FALSE(store->entity({kOwner, "light.a"}));
  EXPECT_TRUE(store->owners().empty());
  EXPECT_EQ(store->head().sequence, 0u);
  EXPECT_EQ(store->meta("after"), "");
  Status status = store->commit();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "storage_failed");
  EXPECT_NE(status.error().message.find("UNIQUE"), std::string::npos) << status.error().message;
  // Rolled back, and the next one works.
  EXPECT_EQ(store->entityCount(), 0u);
  EXPECT_EQ(store->owners().size(), 1u);
  EXPECT_EQ(store->meta("after"), "");
  commit(*store, [&] { put("light.a", 1); });
  EXPECT_EQ(store->entityCount(), 1u);
}

TEST_F(StoreTransactions, TellOnlyTheFirstError) {
  Plain plain(path());
  plain.run("DROP TABLE plugin_state");
  store->begin();
  store->putPluginState("lan", "key", "value");
  put("light.a", 1);
  put("light.a", 1);
  Status status = store->commit();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("plugin_state"), std::string::npos) << status.error().message;
  EXPECT_TRUE(store->takeError().ok());
}

TEST_F(StoreTransactions, AreSeenByReadersOnlyWhenTheyAreCommitted) {
  auto other = reader();
  store->begin();
  put("light.a", 1);
  EXPECT_EQ(store->entityCount(), 1u);
  EXPECT_EQ(other->entityCount(), 0u);
  EXPECT_FALSE(other->entity({kOwner, "light.a"}));
  ASSERT_TRUE(store->commit().ok());
  EXPECT_EQ(other->entityCount(), 1u);
  EXPECT_TRUE(other->entity({kOwner, "light.a"}));
}

TEST_F(StoreTransactions, ShowAReaderOneStateForAsLongAsItAsks) {
  auto other = reader();
  other->beginRead();
  EXPECT_EQ(other->entityCount(), 0u);
  for (uint64_t n = 1; n <= 3; ++n) commit(*store, [&] { put("light.n" + std::to_string(n), n); });
  EXPECT_EQ(other->entityCount(), 0u);
  EXPECT_TRUE(other->feedPart(kOwner, 0, 10).rows.empty());
  other->endRead();
  EXPECT_EQ(other->entityCount(), 3u);
  EXPECT_TRUE(other->takeError().ok());
}

TEST_F(StoreTransactions, KnowOwnersHomesAndReplicasThatCameAfterAReaderAsked) {
  auto other = reader();
  OwnerId late(model::home(9));
  EXPECT_FALSE(other->entity({late, "light.a"}));
  EXPECT_FALSE(other->cursor(model::home(9), late));
  EXPECT_EQ(other->replicaName(1), nullptr);
  commit(*store, [&] {
    addOwner(*store, late);
    EntityRow row = entityRow({late, "light.a"}, 1);
    store->putEntity(&row);
    store->putCursor(model::home(9), late, {});
  });
  EXPECT_TRUE(other->entity({late, "light.a"}));
  EXPECT_TRUE(other->cursor(model::home(9), late));
  EXPECT_NE(other->replicaName(1), nullptr);
  EXPECT_TRUE(other->takeError().ok());
}

TEST_F(StoreTransactions, OfASecondWriterAreRefusedAndTheFirstGoesOn) {
  auto second = open();
  store->begin();
  put("light.a", 1);
  second->begin();
  second->setMeta("who", "second");
  Status refused = second->commit();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "database_locked");
  EXPECT_NE(refused.error().message.find("another program"), std::string::npos);
  EXPECT_TRUE(store->commit().ok());
  EXPECT_EQ(second->meta("who"), "");
  EXPECT_EQ(second->entityCount(), 1u);
}

TEST_F(StoreTransactions, OfAnotherProcessMakeTheFileLocked) {
  int to_parent[2], to_child[2];
  ASSERT_EQ(pipe(to_parent), 0);
  ASSERT_EQ(pipe(to_child), 0);
  store.reset();
  pid_t child = fork();
  if (child == 0) {
    Plain plain(path());
    bool locked = plain.attempt("BEGIN IMMEDIATE; INSERT INTO meta VALUES('who','other')") == SQLITE_OK;
    char byte = locked ? 1 : 0;
    if (write(to_parent[1], &byte, 1) != 1 || read(to_child[0], &byte, 1) != 1) _exit(2);
    _exit(plain.attempt("COMMIT") == SQLITE_OK ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(read(to_parent[0], &byte, 1), 1);
  EXPECT_EQ(byte, 1);
  store = open();
  store->begin();
  put("light.a", 1);
  Status refused = store->commit();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "database_locked");
  ASSERT_EQ(write(to_child[1], &byte, 1), 1);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  for (int fd : {to_parent[0], to_parent[1], to_child[0], to_child[1]}) close(fd);
  commit(*store, [&] { put("light.a", 1); });
  EXPECT_EQ(store->meta("who"), "other");
}

TEST_F(StoreTransactions, ThatWereCommittedOutliveTheProcessAndOthersDoNot) {
  store.reset();
  int status = inChild([&] {
    auto own = Store::open(path(), Durability::kFull);
    if (!own.ok()) return 1;
    for (uint64_t n = 1; n <= 50; ++n) {
      (*own)->begin();
      EntityRow row = entityRow({kOwner, "light.n" + std::to_string(n)}, n);
      (*own)->putEntity(&row);
      if (n == 50) _exit(0);  // Without commit, without closing.
      if (!(*own)->commit().ok()) return 2;
    }
    return 3;
  });
  ASSERT_EQ(status, 0);
  EXPECT_GT(logBytes(), 0u);
  store = open();
  EXPECT_TRUE(store->check().ok());
  EXPECT_EQ(store->entityCount(), 49u);
  EXPECT_TRUE(store->entity({kOwner, "light.n49"}));
  EXPECT_FALSE(store->entity({kOwner, "light.n50"}));
}

TEST_F(StoreTransactions, AreBroughtBackFromALogThatWasCutAnywhere) {
  store->begin();
  ASSERT_TRUE(store->commit().ok());
  ASSERT_TRUE(store->checkpoint().ok());
  for (uint64_t n = 1; n <= 8; ++n) commit(*store, [&] { put("light.n" + std::to_string(n), n); });
  std::string database = bytes(), log = bytes("hearthgate.db-wal");
  ASSERT_GT(log.size(), 1000u);
  uint64_t last = 0;
  for (size_t size = 0; size <= log.size(); size += 509) {
    setBytes(database, "cut.db");
    setBytes(log.substr(0, size), "cut.db-wal");
    std::filesystem::remove(path("cut.db-shm"));
    auto cut = Store::open(path("cut.db"), Durability::kFull);
    ASSERT_TRUE(cut.ok()) << size << ": " << cut.error().message;
    ASSERT_TRUE((*cut)->check().ok()) << size;
    uint64_t count = (*cut)->entityCount();
    EXPECT_GE(count, last) << "with more of the log there is less, at " << size;
    EXPECT_EQ((*cut)->feedPart(kOwner, 0, 100).rows.size(), count);
    for (uint64_t n = 1; n <= count; ++n) EXPECT_TRUE((*cut)->entity({kOwner, "light.n" + std::to_string(n)})) << size;
    last = count;
  }
  EXPECT_GE(last, 7u);
}

TEST_F(StoreTransactions, AreNotReadFromAFileThatIsNotThere) {
  EXPECT_FALSE(Store::openReader(path("none.db")).ok());
  EXPECT_FALSE(std::filesystem::exists(path("none.db")));
}

TEST_F(StoreTransactions, LeaveTheLogAtACheckpoint) {
  for (uint64_t n = 1; n <= 20; ++n) commit(*store, [&] { put("light.n" + std::to_string(n), n); });
  EXPECT_GT(logBytes(), 0u);
  ASSERT_TRUE(store->checkpoint().ok());
  EXPECT_EQ(logBytes(), 0u);
  setBytes(bytes(), "copy.db");
  auto copy = Store::open(path("copy.db"), Durability::kFull);
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ((*copy)->entityCount(), 20u);
}

TEST_F(StoreTransactions, AreNotHeldUpByAReaderThatACheckpointMeets) {
  auto other = reader();
  other->beginRead();
  EXPECT_EQ(other->entityCount(), 0u);
  commit(*store, [&] { put("light.a", 1); });
  EXPECT_TRUE(store->checkpoint().ok());
  EXPECT_EQ(other->entityCount(), 0u);
  commit(*store, [&] { put("light.b", 2); });
  other->endRead();
  EXPECT_EQ(other->entityCount(), 2u);
  EXPECT_TRUE(store->checkpoint().ok());
  EXPECT_EQ(logBytes(), 0u);
}

TEST_F(StoreTransactions, AreCheckpointedWithoutBeingAskedSoThatTheLogStaysBounded) {
  for (uint64_t n = 1; n <= 1600; ++n) {
    commit(*store, [&] {
      EntityRow row =
          entityRow({kOwner, "light.n" + std::to_string(n)}, n, "{\"pad\":\"" + std::string(20000, 'x') + "\"}");
      store->putEntity(&row);
    });
  }
  // 32 MB were written.
  EXPECT_LT(logBytes(), kCheckpointPages * (kPageBytes + 24u) * 5 / 4);
}

TEST_F(StoreTransactions, GoThroughAnImage) {
  auto memory = Store::inMemory();
  ASSERT_TRUE(memory.ok());
  commit(**memory, [&] {
    addOwner(**memory, kOwner);
    EntityRow row = entityRow({kOwner, "light.a"}, 1);
    (*memory)->putEntity(&row);
  });
  auto copy = Store::inMemory((*memory)->serialize());
  ASSERT_TRUE(copy.ok()) << copy.error().message;
  EXPECT_EQ((*copy)->entityCount(), 1u);
  // The copy lives apart.
  commit(**copy, [&] { (*copy)->removeEntity(1); });
  EXPECT_EQ((*memory)->entityCount(), 1u);
  EXPECT_FALSE(Store::inMemory("no database").ok());
}

}  // namespace
}  // namespace hearthgate::store
