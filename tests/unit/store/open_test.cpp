// Opening: what a new file is, and what is said of files that are foreign, newer, damaged or not writable.
#include <sys/stat.h>

#include "base/utf8.h"
#include "store/migrator.h"
#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using model::OwnerId;

const OwnerId kOwner(model::home(1));

// Acts as a user without rights while it lives: root may write everything.
class AsNobody {
 public:
  AsNobody() : was_(geteuid()) { EXPECT_EQ(seteuid(was_ == 0 ? 65534 : was_), 0); }
  ~AsNobody() { EXPECT_EQ(seteuid(was_), 0); }

 private:
  uid_t was_;
};

class StoreOpen : public StoreFile {
 protected:
  // A few hundred entities with their history.
  void fill() {
    auto store = open();
    commit(*store, [&] {
      addOwner(*store, kOwner);
      for (uint64_t n = 1; n <= 300; ++n) {
        EntityRow row = entityRow({kOwner, "light.n" + std::to_string(n)}, n);
        store->putEntity(&row);
        store->addHistory(row.n, n, 0, false, row.siblings.front());
      }
    });
    EXPECT_TRUE(store->checkpoint().ok());
  }
  void expectSentence(const Error& error, const std::string& code, const std::string& advice) {
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_EQ(error.domain, Domain::kStorage);
    EXPECT_NE(error.message.find(advice), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find("not an error"), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
  }
};

TEST_F(StoreOpen, MakesAFileOfThisSchemaInWalMode) {
  open();
  Plain plain(path());
  EXPECT_EQ(plain.text("PRAGMA application_id"), std::to_string(0x48474154));
  EXPECT_EQ(plain.text("PRAGMA user_version"), std::to_string(migrations().back().number));
  EXPECT_EQ(plain.text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(plain.text("PRAGMA page_size"), std::to_string(kPageBytes));
  EXPECT_EQ(plain.text("PRAGMA integrity_check"), "ok");
}

TEST_F(StoreOpen, KeepsThePageSizeThatAFileHas) {
  ASSERT_TRUE(Store::open(path(), Durability::kFull, 8192).ok());
  fill();
  EXPECT_EQ(Plain(path()).text("PRAGMA page_size"), "8192");
}

TEST_F(StoreOpen, RefusesTheFileOfAnotherProgram) {
  Plain(path()).run("CREATE TABLE photos(id); INSERT INTO photos VALUES(1)");
  std::string before = bytes();
  expectSentence(refusal(), "database_foreign", "another data folder");
  EXPECT_EQ(bytes(), before);
  Plain(path()).run("PRAGMA application_id=7; PRAGMA user_version=1");
  expectSentence(refusal(), "database_foreign", "another data folder");
  // An empty file is a new one.
  setBytes("", "hearthgate.db");
  EXPECT_EQ(refusal().code, "opened");
}

TEST_F(StoreOpen, RefusesWhatIsNoDatabase) {
  setBytes("dear diary, " + std::string(4000, 'x'));
  std::string before = bytes();
  expectSentence(refusal(), "database_foreign", "no Hearthgate database");
  EXPECT_EQ(bytes(), before);
}

TEST_F(StoreOpen, RefusesANewerDatabaseAndNamesBothSchemas) {
  fill();
  int known = migrations().back().number;
  Plain(path()).run("PRAGMA user_version=" + std::to_string(known + 1));
  std::string before = bytes();
  Error error = refusal();
  expectSentence(error, "database_newer", "newer program");
  EXPECT_NE(error.message.find("schema " + std::to_string(known + 1)), std::string::npos);
  EXPECT_NE(error.message.find("up to " + std::to_string(known)), std::string::npos);
  EXPECT_EQ(bytes(), before);
}

TEST_F(StoreOpen, FindsADamagedPage) {
  fill();
  std::string good = bytes();
  size_t pages = good.size() / kPageBytes;
  ASSERT_GT(pages, 10u);
  int found = 0;
  for (size_t page = 1; page < pages; ++page) {
    std::string damaged = good;
    damaged.replace(page * kPageBytes, kPageBytes, std::string(kPageBytes, '\xA5'));
    setBytes(damaged);
    auto store = Store::open(path(), Durability::kFull);
    Status status = store.ok() ? (*store)->check() : Status(store.error());
    // Only an unused page may be overwritten unnoticed, and there is none.
    if (!status.ok()) {
      ++found;
      expectSentence(status.error(), "database_corrupt", "restore a backup");
    }
  }
  EXPECT_EQ(found, static_cast<int>(pages) - 1);
}

TEST_F(StoreOpen, FindsACutFile) {
  fill();
  std::string good = bytes();
  for (size_t size = kPageBytes; size < good.size(); size += kPageBytes) {
    setBytes(good.substr(0, size));
    auto store = Store::open(path(), Durability::kFull);
    Status status = store.ok() ? (*store)->check() : Status(store.error());
    ASSERT_FALSE(status.ok()) << size;
    expectSentence(status.error(), "database_corrupt", "restore a backup");
  }
}

TEST_F(StoreOpen, FindsADamagedHeader) {
  fill();
  std::string good = bytes();
  // The magic word, the page size, the number of the schema format.
  for (size_t at : {0u, 16u, 46u}) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    damaged[at + 1] = static_cast<char>(damaged[at + 1] ^ 0x55);
    setBytes(damaged);
    Error error = refusal();
    EXPECT_TRUE(error.code == "database_foreign" || error.code == "database_corrupt" || error.code == "storage_failed")
        << at << ": " << error.message;
  }
}

TEST_F(StoreOpen, SaysOfABrokenVersionThatTheDatabaseIsDamaged) {
  fill();
  Plain(path()).run("UPDATE entity SET siblings=x'0102' WHERE n=2; UPDATE history SET version=x'01' WHERE entity=3");
  auto store = open();
  EXPECT_TRUE(store->entity({kOwner, "light.n1"}));
  EXPECT_TRUE(store->takeError().ok());
  (void)store->entity({kOwner, "light.n2"});
  // Everything reads as empty until it is told.
  EXPECT_FALSE(store->entity({kOwner, "light.n1"}));
  Status status = store->takeError();
  ASSERT_FALSE(status.ok());
  expectSentence(status.error(), "database_corrupt", "restore a backup");
  EXPECT_TRUE(store->entity({kOwner, "light.n1"}));
  EXPECT_TRUE(store->history(3, 10).empty());
  status = store->takeError();
  ASSERT_FALSE(status.ok());
  expectSentence(status.error(), "database_corrupt", "history");
  // The same within a write: the commit fails and leaves nothing.
  store->begin();
  store->setMeta("key", "value");
  (void)store->entity({kOwner, "light.n2"});
  EXPECT_EQ(store->commit().error().code, "database_corrupt");
  EXPECT_EQ(store->meta("key"), "");
}

TEST_F(StoreOpen, ReadsAnEntityWithoutItsVersionsAsOneThatIsNotShared) {
  fill();
  Plain(path()).run("UPDATE entity SET siblings=x'' WHERE n=2; UPDATE entity SET siblings=x'0102' WHERE n=3");
  auto store = open();
  for (const char* id : {"light.n2", "light.n3"}) {
    // Of everything else somebody wants to show something, which once ended the process.
    auto row = store->entity({kOwner, id});
    ASSERT_TRUE(row);
    EXPECT_EQ(row->state, EntityState::kNoLongerShared);
    expectSentence(store->takeError().error(), "database_corrupt", "restore a backup");
  }
}

TEST_F(StoreOpen, SaysOfBrokenRulesThatTheDatabaseIsDamaged) {
  {
    auto store = open();
    commit(*store, [&] {
      addOwner(*store, kOwner);
      store->putRules(kOwner, model::home(2), {});
    });
  }
  Plain(path()).run("UPDATE rules SET body=x'FF'");
  auto store = open();
  EXPECT_FALSE(store->rules(kOwner, model::home(2)));
  EXPECT_EQ(store->takeError().error().code, "database_corrupt");
  EXPECT_TRUE(store->rulesOf(kOwner).empty());
  expectSentence(store->takeError().error(), "database_corrupt", "rules");
}

TEST_F(StoreOpen, SaysOfAnIdOfAnotherLengthThatTheDatabaseIsDamaged) {
  fill();
  Plain(path()).run("UPDATE owner SET epoch=x'01'");
  auto store = open();
  (void)store->owners();
  expectSentence(store->takeError().error(), "database_corrupt", "an id");
  Plain(path()).run("UPDATE owner SET id=x'0102'");
  EXPECT_TRUE(store->entityPage({}, std::nullopt, {10}).rows.empty());
  expectSentence(store->takeError().error(), "database_corrupt", "an id");
}

TEST_F(StoreOpen, WritesNothingForAnOwnerWhoseRowIsDamaged) {
  fill();
  // Not found by its id any more, which once ended the process.
  Plain(path()).run("UPDATE owner SET id=zeroblob(32)");
  auto store = open();
  store->begin();
  EntityRow row = entityRow({kOwner, "light.new"}, 1000);
  store->putEntity(&row);
  expectSentence(store->commit().error(), "database_corrupt", "an owner");
}

TEST_F(StoreOpen, TellsInReadableTextWhatSqliteSaysOfABrokenSchema) {
  fill();
  std::string whole = bytes();
  size_t at = whole.find("CREATE TABLE entity");
  ASSERT_NE(at, std::string::npos);
  whole.replace(at, 12, "CREAT\xFF\xFE\x01\n!!!");
  setBytes(whole);
  Error error = refusal();
  EXPECT_TRUE(isUtf8(error.message)) << error.message;
  EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
  EXPECT_NE(error.code, "opened");
}

TEST_F(StoreOpen, RefusesAFileThatMayOnlyBeRead) {
  fill();
  std::filesystem::permissions(folder_, std::filesystem::perms::all);
  std::filesystem::permissions(path(), std::filesystem::perms(0444));
  AsNobody nobody;
  expectSentence(refusal(), "storage_not_writable", "owner and mode");
}

TEST_F(StoreOpen, RefusesAFolderThatMayNotBeWritten) {
  fill();
  std::filesystem::permissions(path(), std::filesystem::perms(0666));
  std::filesystem::permissions(folder_, std::filesystem::perms(0555));
  {
    AsNobody nobody;
    expectSentence(refusal(), "storage_not_writable", "owner and mode");
  }
  std::filesystem::remove(path());
  {
    AsNobody nobody;
    expectSentence(refusal(), "storage_not_writable", "owner and mode");
  }
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
}

TEST_F(StoreOpen, RefusesWhatIsNoFile) {
  std::filesystem::create_directory(path());
  expectSentence(refusal(), "storage_not_writable", path());
  auto missing = Store::open(path("none/hearthgate.db"), Durability::kFull);
  ASSERT_FALSE(missing.ok());
  expectSentence(missing.error(), "storage_not_writable", "owner and mode");
}

}  // namespace
}  // namespace hearthgate::store
