// Databases of every schema that was shipped (tests/data/db/vN.sqlite): this program opens them, brings them to its own
// schema, and finds every row.
#include "store/migrator.h"
#include "unit/store/sample_database.h"
#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

constexpr uintmax_t kLargest = 200'000;  // They stay in the repository for ever.

const char kTables[] = "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY name";

class Upgrade : public StoreFile {
 protected:
  static std::string shipped(int schema) { return HEARTHGATE_TEST_DATA "/db/v" + std::to_string(schema) + ".sqlite"; }
  void take(int schema) {
    std::filesystem::copy_file(shipped(schema), path());
    std::filesystem::permissions(path(), std::filesystem::perms(0600));
  }
};

TEST_F(Upgrade, HasADatabaseOfEverySchema) {
  for (const Migration& migration : migrations()) {
    ASSERT_TRUE(std::filesystem::exists(shipped(migration.number)))
        << "make it with make-sample-database (tests/README.md)";
    EXPECT_LT(std::filesystem::file_size(shipped(migration.number)), kLargest);
  }
  EXPECT_FALSE(std::filesystem::exists(shipped(migrations().back().number + 1)));
}

TEST_F(Upgrade, FindsEveryRowOfEveryShippedDatabase) {
  for (const Migration& migration : migrations()) {
    SCOPED_TRACE(migration.name);
    std::filesystem::remove(path());
    take(migration.number);
    ASSERT_EQ(Plain(path()).text("PRAGMA user_version"), std::to_string(migration.number));
    auto store = open();
    ASSERT_TRUE(store);
    expectSample(*store, migration.number);
    EXPECT_TRUE(store->check().ok());
    // And it can be written: what is interned goes on.
    commit(*store, [&] {
      store->setMeta("upgraded", "1");
      EXPECT_GT(store->replicaNumber(model::replica(77)), store->replicaNumber(model::replica(1)));
    });
  }
}

TEST_F(Upgrade, LeavesTheSchemaOfANewDatabase) {
  auto fresh = Store::open(path("fresh.db"), Durability::kFull);
  ASSERT_TRUE(fresh.ok());
  const char schema[] = "SELECT type||' '||name||' '||coalesce(sql,'') FROM sqlite_schema ORDER BY type, name";
  std::string expected = Plain(path("fresh.db")).text(schema);
  for (const Migration& migration : migrations()) {
    std::filesystem::remove(path());
    take(migration.number);
    open();
    EXPECT_EQ(Plain(path()).text(schema), expected) << "a migration that was released was edited: " << migration.name;
    EXPECT_EQ(Plain(path()).text("PRAGMA user_version"), std::to_string(migrations().back().number));
  }
}

TEST_F(Upgrade, LooksAtAllTables) {
  auto store = open();
  ASSERT_TRUE(fillSample(*store).ok());
  expectSample(*store, migrations().back().number);
  Plain plain(path());
  std::filesystem::copy_file(shipped(migrations().back().number), path("kept.db"));
  Plain kept(path("kept.db"));
  std::string tables = plain.text(kTables) + "|";
  for (size_t at = 0; at < tables.size();) {
    size_t end = tables.find('|', at);
    std::string table = tables.substr(at, end - at);
    EXPECT_NE(plain.text("SELECT count(*) FROM " + table), "0") << "the sample holds nothing of " << table;
    // So the file of this schema was made after the sample last grew.
    EXPECT_EQ(kept.text("SELECT count(*) FROM " + table), plain.text("SELECT count(*) FROM " + table)) << table;
    at = end + 1;
  }
}

}  // namespace
}  // namespace hearthgate::store
