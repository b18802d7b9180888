// Checkpoints that fail: no commit suffers, it is told, and it is tried again.
#include "store/sqlite.h"
#include "unit/store/faulty_disk.h"
#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::OwnerId;

const OwnerId kOwner(model::home(1));

class Checkpoints : public StoreFile {
 protected:
  Status put(Store& store, uint64_t n, size_t size = 30000) {
    store.begin();
    if (!store.owner(kOwner)) addOwner(store, kOwner);
    EntityRow row = entityRow({kOwner, "light.n" + std::to_string(n)}, n, "{\"pad\":\"" + std::string(size, 'x') + "\"}");
    store.putEntity(&row);
    return store.commit();
  }
  uintmax_t logBytes() const { return std::filesystem::file_size(path("hearthgate.db-wal")); }

  FaultyDisk disk_;
};

TEST_F(Checkpoints, AreToldWhenTheyFailAndCostNoCommit) {
  for (auto fault : {FaultyDisk::Fault::kFull, FaultyDisk::Fault::kBroken}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    auto store = open();
    disk_.failAfter(0, fault, FaultyDisk::Where::kDatabase);
    uint64_t n = 0;
    while (!store->checkpointError() && n < 2000) ASSERT_TRUE(put(*store, ++n).ok()) << n;
    ASSERT_TRUE(store->checkpointError());
    EXPECT_EQ(store->checkpointError()->code, fault == FaultyDisk::Fault::kFull ? "storage_full" : "storage_failed");
    uintmax_t long_log = logBytes();
    EXPECT_GE(long_log, kCheckpointPages * (kPageBytes + 24u));
    ASSERT_TRUE(put(*store, ++n).ok());
    EXPECT_TRUE(store->checkpointError()) << "it was not tried again, so nothing is known that would be better";
    disk_.mend();
    // By a commit, when the log has grown by some more.
    for (int more = 0; store->checkpointError() && more < 200; ++more) ASSERT_TRUE(put(*store, ++n).ok());
    EXPECT_FALSE(store->checkpointError());
    uintmax_t grown = logBytes();
    for (int more = 0; more < 20; ++more) ASSERT_TRUE(put(*store, ++n).ok());
    EXPECT_EQ(logBytes(), grown) << "the log was not written back, so it grows";
    EXPECT_EQ(store->entityCount(), n);
    EXPECT_TRUE(store->check().ok());
  }
}

TEST_F(Checkpoints, KeepTheLogShortUnderCommitsWithoutAPause) {
  for (auto durability : {Durability::kNormal, Durability::kFull}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    auto store = open(durability);
    uintmax_t longest = 0;
    uint64_t n = 0;
    for (int pages = 0; pages < 5 * kCheckpointPages; pages += 60000 / kPageBytes) {
      ASSERT_TRUE(put(*store, ++n, 60000).ok());
      longest = std::max(longest, logBytes());
    }
    EXPECT_GE(longest, kCheckpointPages * (kPageBytes + 24u));
    EXPECT_LE(longest, kCheckpointPages * (kPageBytes + 24u) * 2);
    EXPECT_FALSE(store->checkpointError());
    ASSERT_TRUE(store->checkpoint().ok());
    EXPECT_EQ(logBytes(), 0u);
    EXPECT_EQ(store->entityCount(), n);
    EXPECT_TRUE(store->check().ok());
  }
}

TEST_F(Checkpoints, AreTriedAgainWhenAsked) {
  auto store = open();
  ASSERT_TRUE(put(*store, 1).ok());
  disk_.failAfter(0, FaultyDisk::Fault::kBroken, FaultyDisk::Where::kDatabase);
  store->writeBack();
  ASSERT_TRUE(store->checkpointError());
  EXPECT_FALSE(store->checkpoint().ok());
  disk_.mend();
  store->writeBack();
  EXPECT_FALSE(store->checkpointError());
  EXPECT_TRUE(store->checkpoint().ok());
  EXPECT_EQ(logBytes(), 0u);
}

// Whether a file was written since its time was set far back.
class Untouched {
 public:
  explicit Untouched(std::string path) : path_(std::move(path)) { std::filesystem::last_write_time(path_, then_); }
  bool holds() const { return std::filesystem::last_write_time(path_) == then_; }

 private:
  const std::string path_;
  const std::filesystem::file_time_type then_ = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
};

// A second sync would say that all is well although the first one's pages never came to the disk.
TEST_F(Checkpoints, WriteTheLogAgainAfterASyncThatFailedWhereCommitsAreNotSynced) {
  for (auto durability : {Durability::kNormal, Durability::kFull}) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    auto store = open(durability);
    ASSERT_TRUE(put(*store, 1).ok());
    std::string log = bytes("hearthgate.db-wal");
    disk_.failAfter(0, FaultyDisk::Fault::kBroken);
    store->writeBack();
    ASSERT_TRUE(store->checkpointError());
    disk_.mend();
    Untouched before(path("hearthgate.db-wal"));
    store->writeBack();
    EXPECT_FALSE(store->checkpointError());
    EXPECT_EQ(before.holds(), durability == Durability::kFull);
    EXPECT_EQ(bytes("hearthgate.db-wal"), log);
    Untouched after(path("hearthgate.db-wal"));
    store->writeBack();
    EXPECT_TRUE(after.holds()) << "once is enough";
    EXPECT_TRUE(store->check().ok());
    EXPECT_EQ(store->entityCount(), 1u);
  }
}

TEST_F(Checkpoints, AreLeftToTheNextStartWhereTheLogIsInDoubtAtTheEnd) {
  {
    auto store = open(Durability::kNormal);
    ASSERT_TRUE(put(*store, 1).ok());
    disk_.failAfter(0, FaultyDisk::Fault::kBroken);
    EXPECT_FALSE(store->checkpoint().ok());
    disk_.mend();
  }
  EXPECT_GT(logBytes(), 0u);
  auto store = open();
  EXPECT_EQ(store->entityCount(), 1u);
  EXPECT_TRUE(store->check().ok());
}

}  // namespace
}  // namespace hearthgate::store
