#include "store/sqlite.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"
#include "base/utf8.h"
#include "store/log_vfs.h"

namespace hearthgate::store {
namespace {
// Of what SQLite says; it may quote names and statements out of the file.
constexpr size_t kMaxToldBytes = 300;
}  // namespace

DiskFault diskFault(int error) {
  if (error == ENOSPC || error == EDQUOT) return DiskFault::kFull;
  return error == EIO ? DiskFault::kBroken : DiskFault::kNone;
}

DiskFault diskFault(sqlite3* handle, int code) {
  int kind = code & 0xFF;
  if (!handle || (kind != SQLITE_IOERR && kind != SQLITE_CANTOPEN)) return DiskFault::kNone;
  if (code != SQLITE_IOERR_FSYNC) return diskFault(sqlite3_system_errno(handle));
  // By the end of a failed commit that is the error of something later; the files keep their own.
  for (int which : {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER}) {
    sqlite3_file* file = nullptr;
    int error = 0;
    if (sqlite3_file_control(handle, "main", which, &file) != SQLITE_OK || !file || !file->pMethods) continue;
    if (file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK && diskFault(error) == DiskFault::kFull) {
      return DiskFault::kFull;
    }
  }
  return DiskFault::kBroken;
}

Error sqliteError(int code, const std::string& message, std::string_view what, DiskFault fault) {
  std::string sentence = "The database failed while it " + std::string(what) + ": " + displayName(message, kMaxToldBytes);
  switch (fault == DiskFault::kFull ? SQLITE_FULL : fault == DiskFault::kBroken ? SQLITE_IOERR : code & 0xFF) {
    case SQLITE_FULL:
      return storageError("storage_full", sentence + " (the disk is full: free some space; nothing that was acknowledged is lost)");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return storageError("storage_not_writable", sentence + " (check owner and mode of the data folder)");
    case SQLITE_CANTOPEN:
      // Of a log or journal that could not be made SQLite does not keep the reason.
      return storageError("storage_not_writable",
                          sentence + " (check owner and mode of the data folder, and whether the disk is full or failing)");
    case SQLITE_CORRUPT:
      return storageError("database_corrupt", sentence + " (restore a backup, or start once with --recover)");
    case SQLITE_NOTADB:
      return storageError("database_foreign", sentence + " (the file is no Hearthgate database: choose another data folder)");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return storageError("database_locked", sentence + " (another program has the file open: end it)");
    default: return storageError("storage_failed", sentence + " (look at the disk, which may be full or failing)");
  }
}

Query::~Query() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(int64_t value) {
  if (statement_) sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Query& Query::bindText(std::string_view text) {
  // The caller's bytes outlive the query, so SQLite need not copy them.
  if (statement_) sqlite3_bind_text(statement_, ++bound_, text.data() ? text.data() : "", static_cast<int>(text.size()), SQLITE_STATIC);
  return *this;
}

Query& Query::bindBlob(std::string_view blob) {
  if (statement_) sqlite3_bind_blob(statement_, ++bound_, blob.data() ? blob.data() : "", static_cast<int>(blob.size()), SQLITE_STATIC);
  return *this;
}

Query& Query::bindNull() {
  if (statement_) sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

bool Query::row() {
  if (!statement_ || database_.failed()) return false;
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail(code, "ran a statement");
  return false;
}

std::string_view Query::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  int size = sqlite3_column_bytes(statement_, column);
  return {static_cast<const char*>(bytes ? bytes : ""), static_cast<size_t>(size)};
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  int code = sqlite3_close(handle_);
  HG_ASSERT(code == SQLITE_OK);
}

// Why a file cannot be made. SQLite then tries to read it, and tells why that fails.
static int errnoOfNewFile(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, int flags) {
  // Before the first connection of the process: SQLite counts no allocations, under a lock that all of them would share.
  // Nobody asks for the count. Where SQLite runs already this is refused and costs some speed.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)uncounted;
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, logVfs());
  if (code != SQLITE_OK) {
    std::string message = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    DiskFault fault = diskFault(handle, code);
    sqlite3_close(handle);
    bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
    if (code == SQLITE_CANTOPEN && creates && fault == DiskFault::kNone) fault = diskFault(errnoOfNewFile(path));
    return sqliteError(code, message, "opened " + path, fault);
  }
  sqlite3_extended_result_codes(handle, 1);
  return std::unique_ptr<Database>(new Database(handle));
}

Query Database::query(const char* sql) {
  if (failed()) return Query(*this, nullptr);
  sqlite3_stmt*& statement = statements_[sql];
  if (!statement) {
    int code = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      fail(code, "prepared a statement");
      return Query(*this, nullptr);
    }
  }
  HG_ASSERT(!sqlite3_stmt_busy(statement));  // A statement is never used inside its own use.
  return Query(*this, statement);
}

void Database::execute(const std::string& sql) {
  if (failed()) return;
  int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, "ran a statement");
}

void Database::fail(int code, std::string_view what) {
  if (!error_) error_ = sqliteError(code, sqlite3_errmsg(handle_), what, diskFault(handle_, code));
}

void Database::damaged(std::string_view what) {
  if (!error_) error_ = sqliteError(SQLITE_CORRUPT, "its bytes are broken", what);
}

Status Database::takeError() {
  if (!error_) return {};
  Error error = std::move(*error_);
  error_.reset();
  return error;
}

}  // namespace hearthgate::store
