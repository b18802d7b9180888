// A disk that gets full or breaks at every possible moment, and a real one without a free byte: what is said, and that
// nothing acknowledged is lost.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "unit/store/faulty_disk.h"
#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::OwnerId;

const OwnerId kOwner(model::home(1));
constexpr int64_t kMoments = 400;  // operations after which a run of the test needs nothing more
constexpr uint64_t kWrites = 12;

class FullDisk : public StoreFile {
 protected:
  static Status put(Store& store, uint64_t n) {
    store.begin();
    if (!store.owner(kOwner)) addOwner(store, kOwner);
    EntityRow row =
        entityRow({kOwner, "light.n" + std::to_string(n)}, n, "{\"pad\":\"" + std::string(3000, 'x') + "\"}");
    store.putEntity(&row);
    return store.commit();
  }
  static void expectFull(const Error& error, int64_t moment) {
    EXPECT_EQ(error.code, "storage_full") << moment << ": " << error.message;
    EXPECT_NE(error.message.find("disk is full: free some space"), std::string::npos)
        << moment << ": " << error.message;
  }
  // Opens and writes until the disk fails; gives the highest number that was acknowledged.
  uint64_t writeUntilItFails(int64_t moment, const std::function<void(const Error&)>& failed) {
    auto store = Store::open(path(), Durability::kFull);
    if (!store.ok()) {
      failed(store.error());
      return 0;
    }
    uint64_t acknowledged = 0;
    for (uint64_t n = 1; n <= kWrites; ++n) {
      Status status = put(**store, n);
      if (status.ok()) {
        EXPECT_EQ(acknowledged, n - 1) << "a write worked after one that failed, at " << moment;
        acknowledged = n;
      } else {
        failed(status.error());
      }
      // What is there can be read all the same.
      uint64_t count = (*store)->entityCount();
      EXPECT_TRUE(!(*store)->takeError().ok() || count == acknowledged) << moment << ": " << count;
    }
    // A clean stop says what it could not do and does no harm.
    (void)(*store)->checkpoint();
    return acknowledged;
  }
};

TEST_F(FullDisk, SaysSoWheneverItHappensAndKeepsWhatWasAcknowledged) {
  FaultyDisk disk;
  int met = 0;
  for (int64_t moment = 0; moment < kMoments; ++moment) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    disk.failAfter(moment, FaultyDisk::Fault::kFull);
    uint64_t acknowledged = writeUntilItFails(moment, [&](const Error& error) { expectFull(error, moment); });
    bool was_met = disk.failed();
    met += was_met;
    disk.mend();
    auto store = Store::open(path(), Durability::kFull);
    ASSERT_TRUE(store.ok()) << moment << ": " << store.error().message;
    EXPECT_TRUE((*store)->check().ok()) << moment;
    EXPECT_EQ((*store)->entityCount(), acknowledged) << moment;
    EXPECT_TRUE(put(**store, kWrites + 1).ok()) << moment;
    if (!was_met) {
      EXPECT_EQ(acknowledged, kWrites);
      break;
    }
  }
  EXPECT_GT(met, 50);
  EXPECT_LT(met, kMoments) << "raise kMoments";
}

// Making the file anew needs room for it twice.
TEST_F(FullDisk, LeavesTheFileAsItIsWhenItCannotBeMadeAnew) {
  FaultyDisk disk;
  auto store = Store::open(path(), Durability::kFull);
  ASSERT_TRUE(store.ok());
  for (uint64_t n = 1; n <= kWrites; ++n) ASSERT_TRUE(put(**store, n).ok());
  int met = 0;
  for (int64_t moment = 0; moment < kMoments; ++moment) {
    (*store)->begin();
    (*store)->setMeta("moment", std::to_string(moment));
    ASSERT_TRUE((*store)->commit().ok());
    disk.failAfter(moment, FaultyDisk::Fault::kFull);
    Status status = (*store)->rewrite();
    bool empty = false;
    if (status.ok()) {
      auto emptied = (*store)->emptyLog();
      empty = emptied.ok() && *emptied;
      if (!emptied.ok()) status = emptied.error();
    }
    bool was_met = disk.failed();
    disk.mend();
    met += was_met;
    if (!status.ok()) expectFull(status.error(), moment);
    EXPECT_TRUE((*store)->check().ok()) << moment;
    EXPECT_EQ((*store)->entityCount(), kWrites) << moment;
    EXPECT_TRUE((*store)->takeError().ok()) << moment;
    if (was_met) continue;
    EXPECT_TRUE(empty);
    EXPECT_EQ(std::filesystem::file_size(path() + "-wal"), 0u);
    break;
  }
  EXPECT_GT(met, 5);
  EXPECT_LT(met, kMoments) << "raise kMoments";
}

TEST_F(FullDisk, OpensAndClosesADatabaseThatIsThereAtEveryMoment) {
  FaultyDisk disk;
  {
    auto store = Store::open(path(), Durability::kFull);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(put(**store, 1).ok());
  }
  int refused = 0;
  for (int64_t moment = 0; moment < kMoments; ++moment) {
    disk.failAfter(moment, FaultyDisk::Fault::kFull);
    bool opened = false;
    {
      auto store = Store::open(path(), Durability::kFull);
      opened = store.ok();
      if (opened) {
        EXPECT_EQ((*store)->entityCount(), 1u);
        EXPECT_TRUE((*store)->takeError().ok());
      } else {
        expectFull(store.error(), moment);
      }
    }
    refused += !opened;
    bool was_met = disk.failed();
    disk.mend();
    if (!was_met) break;
  }
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, 20);
  auto store = Store::open(path(), Durability::kFull);
  ASSERT_TRUE(store.ok());
  EXPECT_TRUE((*store)->check().ok());
}

TEST_F(FullDisk, WorksAgainInTheSameProcessWhenThereIsRoom) {
  FaultyDisk disk;
  auto store = Store::open(path(), Durability::kFull);
  ASSERT_TRUE(store.ok());
  auto other = Store::openReader(path());
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE(put(**store, 1).ok());
  for (uint64_t round = 0; round < 5; ++round) {
    disk.failAfter(0, FaultyDisk::Fault::kFull);  // A commit is one write.
    Status status = put(**store, round + 2);
    ASSERT_FALSE(status.ok()) << round;
    expectFull(status.error(), 0);
    EXPECT_EQ((*other)->entityCount(), round + 1);
    disk.mend();
    EXPECT_TRUE(put(**store, round + 2).ok()) << round;
    EXPECT_EQ((*other)->entityCount(), round + 2);
    EXPECT_TRUE((*other)->entity({kOwner, "light.n" + std::to_string(round + 2)}));
  }
  EXPECT_TRUE((*store)->check().ok());
}

// A broken disk is not a full one; and a write that it did not confirm may be there after the next start or not.
TEST_F(FullDisk, IsNotABrokenDisk) {
  FaultyDisk disk;
  int met = 0;
  for (int64_t moment = 0; moment < kMoments; ++moment) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    disk.failAfter(moment, FaultyDisk::Fault::kBroken);
    uint64_t refused = 0;
    uint64_t acknowledged = writeUntilItFails(moment, [&](const Error& error) {
      ++refused;
      EXPECT_EQ(error.code, "storage_failed") << moment << ": " << error.message;
    });
    bool was_met = disk.failed();
    met += was_met;
    disk.mend();
    auto store = Store::open(path(), Durability::kFull);
    ASSERT_TRUE(store.ok()) << moment << ": " << store.error().message;
    EXPECT_TRUE((*store)->check().ok()) << moment;
    uint64_t count = (*store)->entityCount();
    EXPECT_GE(count, acknowledged) << moment;
    for (uint64_t n = 1; n <= acknowledged; ++n) {
      EXPECT_TRUE((*store)->entity({kOwner, "light.n" + std::to_string(n)})) << moment << " lost " << n;
    }
    if (!was_met) break;
  }
  EXPECT_GT(met, 50);
  EXPECT_LT(met, kMoments) << "raise kMoments";
}

TEST_F(FullDisk, MayBeAFileThatMayNotGrow) {
  auto store = open();
  ASSERT_TRUE(put(*store, 1).ok());
  // SQLite tells of its own bound as it does of a disk's.
  ASSERT_TRUE(store->checkpoint().ok());
  Status status;
  uint64_t n = 1;
  store->begin();
  store->rollback();
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &ignore, &before);
  rlimit was{};
  getrlimit(RLIMIT_FSIZE, &was);
  rlimit small{std::filesystem::file_size(path()) + 20000, was.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  while (status.ok() && n < 1000) status = put(*store, ++n);
  setrlimit(RLIMIT_FSIZE, &was);
  sigaction(SIGXFSZ, &before, nullptr);
  ASSERT_FALSE(status.ok());
  // A limit of the process is no full disk, and what to do about it is something else.
  EXPECT_EQ(status.error().code, "storage_failed") << status.error().message;
  EXPECT_TRUE(put(*store, n).ok());
  EXPECT_EQ(store->entityCount(), n);
}

// In a process of its own: a small tmpfs in a mount namespace, filled to the last byte.
std::string whileFull(const std::string& folder);
std::string onARealFullDisk(const std::string& folder) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return "skip";
  // Of a root folder that is no mount point (chroot) the propagation cannot be changed; the mount is taken away below.
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 && errno != EINVAL) return "skip";
  if (mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") != 0) return "skip";
  std::string said = whileFull(folder);
  umount2(folder.c_str(), MNT_DETACH);
  return said;
}

std::string whileFull(const std::string& folder) {
  std::string path = folder + "/hearthgate.db";
  {
    auto store = Store::open(path, Durability::kFull);
    if (!store.ok()) return "new: " + store.error().message;
  }
  int fd = open((folder + "/ballast").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  std::string block(4096, 'x');
  while (write(fd, block.data(), block.size()) > 0) {
  }
  close(fd);
  auto refused = Store::open(path, Durability::kFull);
  if (refused.ok()) return "it opened";
  if (refused.error().code != "storage_full") return refused.error().code + ": " + refused.error().message;
  auto anew = Store::open(folder + "/new.db", Durability::kFull);
  if (anew.ok()) return "a new one opened";
  if (anew.error().code != "storage_full") return anew.error().code + ": " + anew.error().message;
  std::filesystem::remove(folder + "/ballast");
  auto again = Store::open(path, Durability::kFull);
  return again.ok() ? "good" : again.error().message;
}

TEST_F(FullDisk, SaysSoAtAStartWithoutASingleFreeByte) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    std::string said = onARealFullDisk(folder_);
    _exit(write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string said(1000, '\0');
  ssize_t size = read(ends[0], said.data(), said.size());
  close(ends[0]);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  said.resize(size > 0 ? static_cast<size_t>(size) : 0);
  if (said == "skip")
    GTEST_SKIP() << "no small disk can be mounted here: run it as root, or where user namespaces are allowed";
  EXPECT_EQ(said, "good");
}

}  // namespace
}  // namespace hearthgate::store
