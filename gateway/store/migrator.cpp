#include "store/migrator.h"

#include "store/sqlite.h"

namespace hearthgate::store {

Status migrate(Database& database, const std::vector<Migration>& all) {
  int64_t application = 0;
  int64_t version = 0;
  int64_t tables = 0;
  {
    Query query = database.query("PRAGMA application_id");
    if (query.row()) application = query.integer(0);
  }
  {
    Query query = database.query("PRAGMA user_version");
    if (query.row()) version = query.integer(0);
  }
  {
    Query query = database.query("SELECT count(*) FROM sqlite_schema");
    if (query.row()) tables = query.integer(0);
  }
  HG_CHECK(database.takeError());
  if (tables > 0 && application != kApplicationId) {
    return storageError("database_foreign",
                        "The database file belongs to another program (choose another data folder, or move the file away)");
  }
  if (version > all.back().number) {
    return storageError("database_newer", "The database has schema " + std::to_string(version) +
                                              ", this program knows up to " +
                                              std::to_string(all.back().number) +
                                              " (install the newer program again, or restore a backup of before)");
  }
  for (const Migration& migration : all) {
    if (migration.number <= version) continue;
    database.execute("BEGIN IMMEDIATE");
    database.execute(migration.sql);
    database.execute("PRAGMA application_id=" + std::to_string(kApplicationId));
    database.execute("PRAGMA user_version=" + std::to_string(migration.number));
    database.execute("COMMIT");
    Status status = database.takeError();
    if (!status.ok()) {
      database.execute("ROLLBACK");
      (void)database.takeError();  // There may be no transaction left to roll back.
      Error error = status.error();
      error.message = "Migration " + std::string(migration.name) + ": " + error.message;
      return error;
    }
  }
  return {};
}

}  // namespace hearthgate::store
