// A thin RAII layer over SQLite's C interface, private to this folder. An object belongs to one thread at a time.
// Errors are sticky: the first one is kept, later calls do nothing and read as empty, and whoever ends the piece of work
// (commit, or the end of a request) must ask for it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearthgate::store {

enum class DiskFault { kNone, kFull, kBroken };

// Turns a result code into an error with what to do next. `fault` is what diskFault() said.
Error sqliteError(int code, const std::string& message, std::string_view what, DiskFault fault = DiskFault::kNone);

// Whether the last failure on this connection came from the disk. SQLite says SQLITE_FULL only where it writes pages; where
// it makes or grows the files beside the database it tells of an I/O error or of a file that cannot be opened.
DiskFault diskFault(sqlite3* handle, int code);
// The same for an errno.
DiskFault diskFault(int error);

class Database;

// One use of a prepared statement: binds in order, steps, reads columns; resets at the end of its life.
class Query {
 public:
  Query(Database& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(int64_t value);
  Query& bind(uint64_t value) { return bind(static_cast<int64_t>(value)); }
  Query& bind(int value) { return bind(static_cast<int64_t>(value)); }
  Query& bind(uint32_t value) { return bind(static_cast<int64_t>(value)); }
  Query& bindText(std::string_view text);
  Query& bindBlob(std::string_view blob);
  Query& bindNull();

  // The next row; false at the end or on an error.
  bool row();
  // Runs to the end.
  void run() {
    while (row()) {
    }
  }

  int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  uint64_t number(int column) const { return static_cast<uint64_t>(integer(column)); }
  bool isNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  // Valid until the next row.
  std::string_view blob(int column) const;
  std::string text(int column) const { return std::string(blob(column)); }

 private:
  Database& database_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

class Database {
 public:
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  static Result<std::unique_ptr<Database>> open(const std::string& path, int flags);

  // A query that is prepared once a connection. `sql` must be a literal: its address is the key.
  Query query(const char* sql);
  // Several statements without parameters.
  void execute(const std::string& sql);

  void fail(int code, std::string_view what);
  // Something was read that SQLite takes for good and the gateway does not: `what` is broken.
  void damaged(std::string_view what);
  // An id of fixed size as a column holds it; the row is damaged when its length is another.
  template <typename Id>
  Id id(std::string_view bytes) {
    auto id = Id::fromBytes(bytes);
    if (!id) damaged("read an id");
    return id.value_or(Id{});
  }
  bool failed() const { return error_.has_value(); }
  // The first error since the last call, and forgets it.
  Status takeError();
  sqlite3* handle() { return handle_; }
  int changes() { return sqlite3_changes(handle_); }

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}

  sqlite3* handle_;
  std::map<const char*, sqlite3_stmt*> statements_;
  std::optional<Error> error_;
};

}  // namespace hearthgate::store
