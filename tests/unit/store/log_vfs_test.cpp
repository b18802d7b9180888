// How a commit reaches the log: in few calls, whole, and in time for everybody who reads.
#include "store/log_vfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <random>

#include "unit/store/faulty_disk.h"
#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::OwnerId;

const OwnerId kOwner(model::home(1));

// Calls of this thread that wrote to files, as the kernel counts them.
uint64_t writeCalls() {
  std::ifstream io("/proc/thread-self/io");
  for (std::string name, value; io >> name >> value;) {
    if (name == "syscw:") return std::stoull(value);
  }
  ADD_FAILURE() << "the kernel does not count calls";
  return 0;
}

class LogVfs : public StoreFile {
 protected:
  Status put(Store& store, uint64_t n, size_t size) {
    store.begin();
    if (!store.owner(kOwner)) addOwner(store, kOwner);
    EntityRow row = entityRow({kOwner, "light.n" + std::to_string(n)}, n, "{\"pad\":\"" + std::string(size, 'x') + "\"}");
    store.putEntity(&row);
    return store.commit();
  }
  void empty() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  // What a start finds after a kill at this moment: the files as they are.
  void expectInTheFiles(uint64_t entities) {
    std::string copy = path("copy.db");
    for (const char* end : {"", "-wal"}) {
      std::filesystem::copy_file(path("hearthgate.db") + end, copy + end, std::filesystem::copy_options::overwrite_existing);
    }
    auto restarted = Store::open(copy, Durability::kFull);
    ASSERT_TRUE(restarted.ok());
    EXPECT_EQ((*restarted)->entityCount(), entities);
    EXPECT_TRUE((*restarted)->check().ok());
    restarted->reset();
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(copy + end);
  }
};

TEST_F(LogVfs, WritesOneCommitInOneCall) {
  for (auto durability : {Durability::kFull, Durability::kNormal}) {
    empty();
    auto store = open(durability);
    ASSERT_TRUE(put(*store, 1, 300).ok());
    ASSERT_TRUE(put(*store, 2, 300).ok());
    uint64_t before = writeCalls();
    ASSERT_TRUE(put(*store, 3, 20000).ok());
    EXPECT_EQ(writeCalls() - before, 1u);
    before = writeCalls();
    constexpr uint64_t kBytes = 1000000;
    ASSERT_TRUE(put(*store, 4, kBytes).ok());
    EXPECT_LE(writeCalls() - before, kBytes * 5 / 4 / kLogBufferBytes);
  }
}

// Another connection and another process (a copy of the files) have all of it as soon as the commit is told.
TEST_F(LogVfs, LeavesNothingOutsideTheFileAfterACommit) {
  for (auto durability : {Durability::kFull, Durability::kNormal}) {
    empty();
    auto store = open(durability);
    auto reader = Store::openReader(path("hearthgate.db"));
    ASSERT_TRUE(reader.ok());
    for (uint64_t n = 1; n <= 40; ++n) {
      ASSERT_TRUE(put(*store, n, n * 4000).ok());
      EXPECT_EQ((*reader)->entityCount(), n);
      expectInTheFiles(n);
    }
  }
}

// A transaction larger than SQLite's page cache writes pages before its commit, reads them again and changes them once more;
// SQLite then writes the headers of pages anew, that of the last one at the very end.
TEST_F(LogVfs, KeepsATransactionThatWritesItsPagesAgain) {
  for (auto durability : {Durability::kFull, Durability::kNormal}) {
    empty();
    auto store = open(durability);
    constexpr uint64_t kEntities = 3000;
    store->begin();
    addOwner(*store, kOwner);
    for (int round = 1; round <= 3; ++round) {
      for (uint64_t n = 1; n <= kEntities; ++n) {
        model::Address key{kOwner, "light.n" + std::to_string(n)};
        EntityRow row = entityRow(key, n, "{\"pad\":\"" + std::string(2000, static_cast<char>('a' + round)) + "\"}");
        if (auto old = store->entity(key)) row.n = old->n;
        store->putEntity(&row);
      }
    }
    ASSERT_TRUE(store->commit().ok());
    // Before anything reads, which would write what is left.
    expectInTheFiles(kEntities);
    EXPECT_EQ(store->entityCount(), kEntities);
    EXPECT_TRUE(store->check().ok());
    ASSERT_TRUE(put(*store, kEntities + 1, 300).ok());
    expectInTheFiles(kEntities + 1);
  }
}

// Random transactions on a page cache of a few pages: pages that are written early, again, and not at all; some are taken back;
// checkpoints of every kind. After each commit a copy of the files has what was committed, read without this VFS. No savepoints:
// SQLite 3.40 itself may lose a transaction that takes one back after it wrote pages again (the store makes none).
TEST_F(LogVfs, HasEveryCommitInTheFiles) {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    empty();
    std::mt19937 random(seed);
    auto below = [&](uint32_t limit) { return random() % limit; };
    Plain writer(path("t.db"), logVfs());
    writer.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=" + std::string(seed % 3 == 0 ? "FULL" : "NORMAL"));
    writer.run("PRAGMA wal_autocheckpoint=" + std::to_string(seed % 4 == 0 ? 20 : 0));
    writer.run("PRAGMA cache_size=" + std::to_string(3 + below(20)));
    writer.run("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)");
    std::map<int64_t, std::string> rows;
    auto change = [&](uint32_t amount) {
      for (uint32_t i = 0; i < amount; ++i) {
        int64_t n = below(200);
        if (below(5) == 0) {
          writer.run("DELETE FROM t WHERE n = " + std::to_string(n));
          rows.erase(n);
        } else {
          rows[n] = std::string(below(4) == 0 ? below(20'000) : below(500), static_cast<char>('a' + below(26)));
          writer.run("INSERT OR REPLACE INTO t VALUES (" + std::to_string(n) + ", '" + rows[n] + "')");
        }
      }
    };
    for (int transaction = 0; transaction < 25; ++transaction) {
      writer.run("BEGIN IMMEDIATE");
      auto before = rows;
      change(below(140));
      bool back = below(6) == 0;
      writer.run(back ? "ROLLBACK" : "COMMIT");
      if (back) rows = before;
      std::string copy = path("copy.db");
      for (const char* end : {"", "-wal"}) std::filesystem::copy_file(path("t.db") + end, copy + end);
      std::string wanted;
      for (const auto& [n, text] : rows) wanted += (wanted.empty() ? "" : "|") + std::to_string(n) + "=" + text;
      ASSERT_TRUE(Plain(copy).text("SELECT n || '=' || text FROM t ORDER BY n") == wanted) << "seed " << seed << ", transaction " << transaction;
      for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(copy + end);
      if (below(4) == 0) writer.run(std::string("PRAGMA wal_checkpoint(") + (below(2) == 0 ? "TRUNCATE" : "RESTART") + ")");
    }
  }
}

TEST_F(LogVfs, ForgetsWhatCouldNotBeWritten) {
  FaultyDisk disk;
  for (auto fault : {FaultyDisk::Fault::kFull, FaultyDisk::Fault::kBroken}) {
    for (auto durability : {Durability::kFull, Durability::kNormal}) {
      for (int64_t operations = 0; operations < 6; ++operations) {
        empty();
        auto store = open(durability);
        ASSERT_TRUE(put(*store, 1, 300).ok());
        disk.failAfter(operations, fault);
        bool failed = !put(*store, 2, 200000).ok();
        EXPECT_EQ(failed, disk.failed()) << operations;
        disk.mend();
        ASSERT_TRUE(put(*store, 3, 300).ok());
        EXPECT_EQ(store->entityCount(), failed ? 2u : 3u);
        EXPECT_TRUE(store->check().ok());
        store.reset();
        store = open(durability);
        EXPECT_EQ(store->entityCount(), failed ? 2u : 3u);
        EXPECT_TRUE(store->check().ok());
      }
    }
  }
}

}  // namespace
}  // namespace hearthgate::store
