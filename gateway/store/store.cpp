#include "store/store.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "store/migrator.h"
#include "store/sqlite.h"

namespace hearthgate::store {
namespace {

// With RowCache the bounded cache of DESIGN.md section 6 (4 MiB): pages of the database. Updates in bulk were as fast with
// twice as many.
constexpr int kCacheKiB = 2048;

}  // namespace

Result<std::unique_ptr<Store>> Store::prepare(std::unique_ptr<Database> database, Durability durability, bool file,
                                              int page_bytes) {
  database->execute("PRAGMA page_size=" + std::to_string(page_bytes));
  database->execute("PRAGMA cache_size=-" + std::to_string(kCacheKiB));
  // Overwriting deleted history with zeros would double its writes; the README says that deleted content may remain. What
  // other homes no longer share goes by rewrite(): zeros would miss what a page keeps of rows that were moved elsewhere.
  database->execute("PRAGMA secure_delete=OFF");
  HG_CHECK(database->takeError());
  HG_CHECK(migrate(*database));
  // Only now, since it is written into the file, which may have been another program's.
  if (file) {
    database->execute("PRAGMA journal_mode=WAL");
    database->execute("PRAGMA synchronous=FULL");
    HG_CHECK(database->takeError());
  }
  std::unique_ptr<Store> store(new Store(std::move(database)));
  store->durability_ = durability;
  // In the place of SQLite's own checkpoints, whose failures nobody hears of.
  auto note = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<Store*>(self)->log_pages_ = pages;
    ++static_cast<Store*>(self)->commits_written_;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(store->database_->handle(), note, store.get());
  return store;
}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, Durability durability, int page_bytes) {
  HG_TRY(auto database, Database::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  // SQLite opens what it may not write for reading, which would only show at the first write.
  if (sqlite3_db_readonly(database->handle(), "main") == 1) {
    return sqliteError(SQLITE_READONLY, "the file may only be read", "opened " + path);
  }
  return prepare(std::move(database), durability, true, page_bytes);
}

Result<std::unique_ptr<Store>> Store::inMemory(std::string_view image) {
  HG_TRY(auto database, Database::open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  if (!image.empty()) {
    auto* copy = static_cast<unsigned char*>(sqlite3_malloc64(image.size()));
    HG_ASSERT(copy);
    std::memcpy(copy, image.data(), image.size());
    int code = sqlite3_deserialize(database->handle(), "main", copy, static_cast<sqlite3_int64>(image.size()),
                                   static_cast<sqlite3_int64>(image.size()),
                                   SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
    if (code != SQLITE_OK) return sqliteError(code, sqlite3_errstr(code), "loaded an image");
  }
  return prepare(std::move(database), Durability::kNormal, false, kPageBytes);
}

std::string Store::serialize() {
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(database_->handle(), "main", &size, 0);
  HG_ASSERT(bytes);
  std::string image(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
  sqlite3_free(bytes);
  return image;
}

Result<std::unique_ptr<Reader>> Store::openReader(const std::string& path) {
  HG_TRY(auto database, Database::open(path, SQLITE_OPEN_READONLY));
  database->execute("PRAGMA cache_size=-512");
  database->execute("PRAGMA query_only=ON");
  HG_CHECK(database->takeError());
  return std::make_unique<Reader>(std::move(database));
}

void Store::begin() { database_->execute("BEGIN IMMEDIATE"); }

Status Store::commit() {
  database_->execute("COMMIT");
  Status status = database_->takeError();
  if (!status.ok()) {
    rollback();
    return status;
  }
  // The first one tells the next start that the last stop was no clean one any more (DESIGN.md, rule 8): synced always.
  if (syncs_commits_ && durability_ == Durability::kNormal) {
    database_->execute("PRAGMA synchronous=NORMAL");
    syncs_commits_ = !database_->takeError().ok();
  }
  if (log_pages_ >= (checkpoint_error_ ? retry_at_pages_ : kCheckpointPages)) writeBack();
  return status;
}

void Store::rollback() {
  (void)database_->takeError();
  if (!sqlite3_get_autocommit(database_->handle())) database_->execute("ROLLBACK");
  (void)database_->takeError();  // A failed rollback leaves nothing to undo: SQLite did it already.
  forgetCaches();
  feed_ends_.clear();
  rows_.clear();
}

Status Store::check() {
  std::string found;
  {
    Query query = database_->query("PRAGMA quick_check(1)");
    if (query.row()) found = std::string(query.text(0));
  }
  HG_CHECK(database_->takeError());
  if (found == "ok") return {};
  // The first line only names the database; one line is told.
  found.erase(0, found.find('\n') + 1);
  found.erase(std::min(found.find('\n'), found.size()));
  return storageError("database_corrupt", "the file is damaged: " + found + " (restore a backup, or start once with --recover)");
}

uint64_t Store::fileBytes() {
  Query query = database_->query("SELECT page_count*page_size FROM pragma_page_count, pragma_page_size");
  return query.row() ? query.number(0) : 0;
}

Status Store::rewrite() {
  database_->execute("VACUUM");
  return database_->takeError();
}

uint32_t Store::replicaNumber(const ReplicaId& id) {
  uint32_t known = knownReplica(id);
  if (known) return known;
  database_->query("INSERT INTO replica(id) VALUES(?)").bindBlob(id.view()).run();
  return knownReplica(id);
}

uint32_t Store::homeNumber(const HomeId& id) {
  uint32_t known = knownHome(id);
  if (known) return known;
  database_->query("INSERT INTO home(id) VALUES(?)").bindBlob(id.view()).run();
  return knownHome(id);
}

uint32_t Store::needOwner(const model::OwnerId& id) {
  uint32_t known = ownerNumber(id);
  // The engine makes owners before it writes anything of theirs, so the row is there or the file is damaged.
  if (known == 0) database_->damaged("looked for an owner");
  return known;
}

void Store::setMeta(const char* key, std::string_view value) {
  database_->query("INSERT INTO meta VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value")
      .bindText(key)
      .bindText(value)
      .run();
}

void Store::putHead(const Head& head) {
  database_->query("UPDATE head SET sequence=?, change=?, stamp_ms=?, stamp_count=? WHERE one=1")
      .bind(head.sequence)
      .bind(head.change)
      .bind(head.stamp_ms)
      .bind(head.stamp_count)
      .run();
}

}  // namespace hearthgate::store
