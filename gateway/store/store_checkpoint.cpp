// The log written back to the database, and what happens when the disk does not take it.
//
// A commit at `full` that could not be synced was not made, and the next one writes its part of the log again. A checkpoint
// whose sync of the database failed counts for nothing, and the next one writes all of it again. So neither needs more than
// SQLite does. At `normal`, though, the log is only synced by a checkpoint; where that sync fails, Linux takes the pages that
// it could not write for clean, a second sync says that all is well, and a power cut in the checkpoint after it would leave
// the database half new with no log to mend it. So the log is written again first.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/sqlite.h"
#include "store/store.h"

namespace hearthgate::store {
namespace {

constexpr size_t kCopiedAtOnceBytes = 64 << 10;

// Writes every byte of the file over itself and syncs it; gives an errno.
int writeAgain(const char* path) {
  // SQLite holds no lock on this file that another descriptor's close would drop (unlike on the database itself).
  int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = 0;
  std::string part(kCopiedAtOnceBytes, '\0');
  for (off_t at = 0; error == 0;) {
    ssize_t got = ::pread(fd, part.data(), part.size(), at);
    if (got == 0) break;
    if (got < 0 || ::pwrite(fd, part.data(), static_cast<size_t>(got), at) != got) error = errno != 0 ? errno : ENOSPC;
    at += got;
  }
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  ::close(fd);
  return error;
}

}  // namespace

Status Store::checkpoint() {
  auto emptied = emptyLog();
  return emptied.ok() ? Status() : Status(emptied.error());
}

void Store::writeBack() {
  if (!makeLogDurable()) return;
  noteCheckpoint(sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr));
}

Result<bool> Store::emptyLog() {
  if (!makeLogDurable()) return *checkpoint_error_;
  int code = sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  noteCheckpoint(code);
  if (checkpoint_error_) return *checkpoint_error_;
  return code == SQLITE_OK;
}

void Store::noteCheckpoint(int code) {
  checkpoint_error_.reset();
  if (code == SQLITE_OK || (code & 0xFF) == SQLITE_BUSY) return;  // Busy: somebody reads an older state.
  sqlite3* handle = database_->handle();
  checkpoint_error_ = sqliteError(code, sqlite3_errmsg(handle), "wrote its log back", diskFault(handle, code));
  retry_at_pages_ = log_pages_ + kCheckpointRetryPages;
  if (code != SQLITE_IOERR_FSYNC || syncs_commits_) return;
  log_in_doubt_ = true;
  // The last connection's end is a checkpoint too, which knows nothing of the doubt.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

bool Store::makeLogDurable() {
  if (!log_in_doubt_) return true;
  sqlite3* handle = database_->handle();
  if (int error = writeAgain(sqlite3_filename_wal(sqlite3_db_filename(handle, "main"))); error != 0) {
    checkpoint_error_ = sqliteError(SQLITE_IOERR, std::strerror(error), "wrote its log again", diskFault(error));
    retry_at_pages_ = log_pages_ + kCheckpointRetryPages;
    return false;
  }
  log_in_doubt_ = false;
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  return true;
}

}  // namespace hearthgate::store
