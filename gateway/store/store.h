// The one connection that writes (and checkpoints); it reads too. Used by the engine on its thread only.
// Writes happen between begin() and commit(). Errors are sticky: after a failed statement the rest of the transaction
// does nothing and commit() gives the error and has rolled back. What was cached above must then be read again.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/reader.h"
#include "store/row_cache.h"

namespace hearthgate::store {

enum class Durability { kFull, kNormal };

// Chosen by tests/bench/write_amplification, bytes written per single durable update of 300 bytes and updates a second
// in bulk: 1024: 19 kB, 13,500; 2048: 28 kB, 23,700; 4096: 44 kB, 25,100; 8192: 75 kB, 34,100.
inline constexpr int kPageBytes = 2048;
// The log is written back to the database when it has grown to 16 MiB: a page that changes in many commits is then written
// once for all of them. It stays about that long, and a start after a crash has to read that much. The connection that writes
// does it, though commits wait for it: in SQLite 3.40 a checkpoint of another one, while a commit begins the log anew, can
// damage the database (the WAL-reset bug).
inline constexpr int kCheckpointPages = 8192;
// A checkpoint that failed is tried again when the log is this much longer: each try may write all of it.
inline constexpr int kCheckpointRetryPages = 1024;

class Store : public Reader, public model::Numbering {
 public:
  // Opens or creates `path`. Fails with `database_foreign`, `database_newer`, `database_corrupt`,
  // `storage_not_writable`, `storage_full`.
  static Result<std::unique_ptr<Store>> open(const std::string& path, Durability durability, int page_bytes = kPageBytes);
  // A database in memory; `image` is what serialize() gave, or empty for a new one.
  static Result<std::unique_ptr<Store>> inMemory(std::string_view image = {});
  // The whole database as bytes, outside a transaction.
  std::string serialize();
  // Another connection to the same file that only reads.
  static Result<std::unique_ptr<Reader>> openReader(const std::string& path);

  void begin();
  Status commit();
  void rollback();
  // Reads every page; half a second for 100 MiB. Fails with `database_corrupt`.
  Status check();
  // Writes back the log and shortens it; for a clean stop.
  Status checkpoint();
  // Rises with each commit that wrote something: one that did not says nothing about the disk.
  uint64_t commitsWritten() const { return commits_written_; }
  // Why the log could not be written back last, as long as that is so. Nothing is lost by it, but the log grows: commits try
  // again at times, and so does writeBack().
  const std::optional<Error>& checkpointError() const { return checkpoint_error_; }
  void writeBack();
  // Of the database without its log.
  uint64_t fileBytes();
  // Makes the file anew, without what deleted and moved rows left in its pages; outside a transaction. It takes the time to
  // write all that is kept once more. What stood in the log stands there until emptyLog() says true.
  Status rewrite();
  // As checkpoint(). False: somebody reads an older state, so the log stays as it is.
  Result<bool> emptyLog();

  // model::Numbering: interns.
  uint32_t replicaNumber(const ReplicaId& id) override;
  uint32_t homeNumber(const HomeId& id) override;

  void setMeta(const char* key, std::string_view value);
  void putHead(const Head& head);
  // `row.n` is set when the owner is new.
  void putOwner(OwnerRow* row);
  void putOwnReplica(const model::OwnerId& owner, const OwnReplica& own);
  // The newest `keep` are kept.
  void addStart(const model::OwnerId& owner, const StartRow& start, size_t keep);
  void putToldReplica(const model::OwnerId& owner, const ReplicaId& replica, const HomeId& home);
  // With a told replica id (db/migrations/0008). Its lowest doubted counter stays; true when this is lower.
  bool putDoubted(const model::OwnerId& owner, const model::Dot& dot);
  void putSeen(const model::OwnerId& owner, const ReplicaId& replica, uint64_t counter);

  // As Reader's; out of memory when it was written lately.
  std::optional<EntityRow> entity(const model::Address& address);
  using Reader::entity;
  // As Reader's; kept, since every link asks at the end of every transaction.
  uint64_t feedEnd(const model::OwnerId& owner);
  // Inserts when `row->n` is 0 (and sets it), else updates everything but owner and id.
  void putEntity(EntityRow* row);
  void removeEntity(EntityNumber n);
  void setConflicted(EntityNumber n, bool conflicted);
  void putBase(EntityNumber n, const model::Siblings& siblings);  // empty: removes
  void addHistory(EntityNumber n, uint64_t change, uint32_t place, bool refused,
                  const model::Version& version);
  // The same for what is not refused, with the place listed in `row`, which the caller puts afterwards: cheaper. True when the
  // list was full and some left it.
  bool listHistory(EntityRow* row, uint64_t change, uint32_t place, const model::Version& version);
  void removeHistory(EntityNumber n);
  // History and conflict records but those of what was not accepted, and the list in `row`.
  // True when there were any.
  bool removeShared(EntityRow* row);
  void putChange(const Change& change);

  // Inserts when `conflict->n` is 0 (and sets it), else updates state, strategy and outcome.
  void putConflict(Conflict* conflict);
  void removeConflicts(EntityNumber n);

  void putRules(const model::OwnerId& owner, const HomeId& home, const model::Rules& rules);
  void putStrategyRow(const model::StrategyRow& row);
  bool removeStrategyRow(model::StrategyRow::Scope scope, const std::string& pattern);
  void putStrategyHere(const model::Address& address, const std::string& strategy);  // empty: removes

  void putPeer(const Peer& peer);
  void putCursor(const HomeId& home, const model::OwnerId& owner, const Cursor& cursor);
  // Content of a pass came from this place of its feed; the cursor moves only at the pass's end.
  void putPeerFeed(const HomeId& home, const model::OwnerId& owner, const FeedPlace& place);
  void removeCursor(const HomeId& home, const model::OwnerId& owner);

  // `row.n` is ignored. It is not held yet (eachHeld()).
  void addHeld(const HeldRow& row);
  void removeHeld(int64_t n);

  // store_circles.cpp
  void putCircle(const CircleRow& row);
  void removeCircle(const model::OwnerId& id);  // the row alone
  void putCharter(const model::OwnerId& circle, std::string_view hash);
  void putCircleGuest(const model::OwnerId& circle, const CircleGuest& guest);
  void removeCircleGuest(const model::OwnerId& circle, const HomeId& home);
  void putCircleRemoved(const model::OwnerId& circle, const HomeId& home, std::string_view proof);  // empty: removes
  void putCircleDistrust(const model::OwnerId& circle, const HomeId& home, std::optional<int64_t> since_ms);  // nothing: ends it
  void putCircleVote(const model::OwnerId& circle, uint64_t number, std::string_view hash);
  void removeCursors(const model::OwnerId& owner);  // of all homes

  // What 0003_why.sql keeps.
  void putPeerPlace(const HomeId& home, const model::OwnerId& owner, const PeerPlace& place);
  void removePeerPlace(const HomeId& home, const model::OwnerId& owner);
  // The same reason again keeps its time.
  void putPeerException(const HomeId& home, const model::OwnerId& owner, const PeerException& row);
  void removePeerException(const HomeId& home, const model::Address& address, const ContentHash& hash);
  void removePeerExceptions(const HomeId& home, const model::Address& address);
  void putEndedGrant(const model::OwnerId& owner, const HomeId& home, const EndedGrant& ended);
  void removeEndedGrant(const model::OwnerId& owner, const HomeId& home, const std::string& pattern);
  void trimEndedGrants(const model::OwnerId& owner, const HomeId& home);       // to kMaxEndedGrants, the latest
  void putBandwidth(const HomeId& home, std::optional<uint64_t> bytes_per_s);  // nothing: the configuration's
  // And what is held of it; should it come again, its feeds begin at 0.
  void forgetNotes(const HomeId& home);

  // A version of this counter was taken out of the entity's history.
  void raiseTrimmed(EntityNumber n, const ReplicaId& replica, uint64_t counter);

  // `row.n` is ignored.
  void addAudit(const AuditRow& row);

  // For retention; each takes away at most `limit` rows and gives how many it took.
  void removeHistoryRow(EntityNumber n, const PlacedHistory& placed);
  // Closed ones of an entity: all up to number `aged`, and of those that were resolved those beyond the newest `kept`.
  // Never the one called `keep_key`.
  size_t trimConflicts(EntityNumber n, const std::string& keep_key, int64_t aged, size_t kept, size_t limit);
  // Up to number `aged`, and those beyond the newest `kept`.
  size_t trimAudit(int64_t aged, size_t kept, size_t limit);
  size_t trimChanges(uint64_t aged, size_t kept, size_t limit);

  void addEvent(const EventRow& event);
  void trimEvents(uint64_t keep);
  void putPluginState(const std::string& plugin, const std::string& key, std::string_view value);

 private:
  using Reader::Reader;
  static Result<std::unique_ptr<Store>> prepare(std::unique_ptr<Database> database, Durability durability, bool file,
                                                int page_bytes);
  uint32_t needOwner(const model::OwnerId& id);
  bool isAsStored(const EntityRow& row);
  int64_t insertHistory(EntityNumber n, const HistoryPlace& at, bool refused, const model::Version& version);
  void putHistoryPlace(EntityNumber n, const PlacedHistory& placed);
  void putRecent(EntityNumber n, std::string_view recent);
  bool removeListed(EntityNumber n);
  // Before a checkpoint reads the log: makes sure that it is on disk. False: checkpointError() says why not.
  bool makeLogDurable();
  void noteCheckpoint(int code);

  Durability durability_ = Durability::kFull;
  bool syncs_commits_ = true;  // at `normal` the first one alone
  uint64_t commits_written_ = 0;
  int log_pages_ = 0;        // after the last commit
  int retry_at_pages_ = 0;   // of the log, after a checkpoint that failed
  bool log_in_doubt_ = false;
  std::optional<Error> checkpoint_error_;
  std::unordered_map<model::OwnerId, uint64_t> feed_ends_;
  RowCache rows_;
};

}  // namespace hearthgate::store
