// Migrations: in order, each whole or not at all.
#include "store/migrator.h"

#include "store/sqlite.h"
#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using Migrator = StoreFile;

const Migration kFirst{1, "0001_first", "CREATE TABLE a(x); INSERT INTO a VALUES(1);"};
const Migration kSecond{2, "0002_second", "CREATE TABLE b(y); INSERT INTO b SELECT x+1 FROM a;"};
const Migration kFails{3, "0003_fails", "CREATE TABLE c(z); DELETE FROM a; INSERT INTO nowhere VALUES(1);"};
const Migration kThird{3, "0003_third", "CREATE TABLE c(z); INSERT INTO c SELECT y+1 FROM b;"};
const Migration kTenth{10, "0010_tenth", "INSERT INTO c VALUES(10);"};

Status run(const std::string& path, const std::vector<Migration>& all) {
  HG_TRY(auto database, Database::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  HG_CHECK(migrate(*database, all));
  // Nothing is left open.
  EXPECT_TRUE(sqlite3_get_autocommit(database->handle()));
  return {};
}

TEST_F(Migrator, AppliesAllToANewFileAndTheMissingOnesToAnOldOne) {
  ASSERT_TRUE(run(path(), {kFirst}).ok());
  EXPECT_EQ(Plain(path()).text("PRAGMA user_version"), "1");
  ASSERT_TRUE(run(path(), {kFirst, kSecond, kThird, kTenth}).ok());
  ASSERT_TRUE(run(path("new.db"), {kFirst, kSecond, kThird, kTenth}).ok());
  for (const char* name : {"hearthgate.db", "new.db"}) {
    Plain plain(path(name));
    EXPECT_EQ(plain.text("PRAGMA user_version"), "10") << name;
    EXPECT_EQ(plain.text("PRAGMA application_id"), std::to_string(kApplicationId)) << name;
    EXPECT_EQ(plain.text("SELECT x FROM a"), "1") << name;
    EXPECT_EQ(plain.text("SELECT z FROM c ORDER BY z"), "3|10") << name;
  }
  // Nothing is done twice.
  ASSERT_TRUE(run(path(), {kFirst, kSecond, kThird, kTenth}).ok());
  EXPECT_EQ(Plain(path()).text("SELECT count(*) FROM c"), "2");
}

TEST_F(Migrator, LeavesTheLastGoodSchemaWhenOneFails) {
  ASSERT_TRUE(run(path(), {kFirst}).ok());
  Status status = run(path(), {kFirst, kSecond, kFails, kTenth});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("0003_fails"), std::string::npos) << status.error().message;
  EXPECT_NE(status.error().message.find("nowhere"), std::string::npos) << status.error().message;
  {
    Plain plain(path());
    EXPECT_EQ(plain.text("PRAGMA user_version"), "2");
    EXPECT_EQ(plain.text("SELECT name FROM sqlite_schema ORDER BY name"), "a|b");
    EXPECT_EQ(plain.text("SELECT x FROM a"), "1");
  }
  // A program with a mended one goes on from there.
  ASSERT_TRUE(run(path(), {kFirst, kSecond, kThird}).ok());
  EXPECT_EQ(Plain(path()).text("SELECT z FROM c"), "3");
}

TEST_F(Migrator, LeavesNoTraceOfAFirstOneThatFails) {
  Status status = run(path(), {kFails});
  ASSERT_FALSE(status.ok());
  {
    Plain plain(path());
    EXPECT_EQ(plain.text("PRAGMA user_version"), "0");
    EXPECT_EQ(plain.text("PRAGMA application_id"), "0");
    EXPECT_EQ(plain.text("SELECT count(*) FROM sqlite_schema"), "0");
  }
  EXPECT_TRUE(run(path(), {kFirst}).ok());
}

TEST_F(Migrator, WaitsForNobodyWhoHasTheFileLocked) {
  ASSERT_TRUE(run(path(), {kFirst}).ok());
  Plain plain(path());
  plain.run("BEGIN IMMEDIATE");
  Status status = run(path(), {kFirst, kSecond});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "database_locked");
  plain.run("COMMIT");
  EXPECT_TRUE(run(path(), {kFirst, kSecond}).ok());
}

TEST_F(Migrator, IsNewerThanItsOwnLast) {
  ASSERT_TRUE(run(path(), {kFirst, kSecond}).ok());
  Status status = run(path(), {kFirst});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "database_newer");
}

TEST_F(Migrator, HasMigrationsThatRiseAndAreNamedByTheirNumbers) {
  int last = 0;
  for (const Migration& migration : migrations()) {
    EXPECT_EQ(migration.number, last + 1);
    last = migration.number;
    char prefix[8];
    std::snprintf(prefix, sizeof prefix, "%04d_", migration.number);
    EXPECT_EQ(std::string(migration.name).substr(0, 5), prefix);
    // Each runs in a transaction of the migrator's.
    for (const char* word : {"BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "VACUUM"}) {
      EXPECT_EQ(std::string(migration.sql).find(word), std::string::npos) << migration.name << ": " << word;
    }
  }
}

}  // namespace
}  // namespace hearthgate::store
