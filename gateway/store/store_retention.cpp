// What retention takes away.
#include "store/sqlite.h"
#include "store/store.h"

namespace hearthgate::store {

EntityNumber Reader::entityAfter(EntityNumber n) {
  Query query = database_->query("SELECT n FROM entity WHERE n>? ORDER BY n LIMIT 1");
  return query.bind(n).row() ? query.integer(0) : 0;
}

int64_t Reader::newestConflict() {
  Query query = database_->query("SELECT max(n) FROM conflict");
  return query.row() ? query.integer(0) : 0;
}

int64_t Reader::newestAudit() {
  Query query = database_->query("SELECT max(n) FROM audit");
  return query.row() ? query.integer(0) : 0;
}

void Store::raiseTrimmed(EntityNumber n, const ReplicaId& replica, uint64_t counter) {
  uint32_t number = replicaNumber(replica);
  database_->query("INSERT INTO history_trimmed VALUES(?,?,?) ON CONFLICT DO UPDATE SET counter=max(counter,excluded.counter)")
      .bind(n)
      .bind(number)
      .bind(counter)
      .run();
}

uint64_t Reader::trimmed(EntityNumber n, const ReplicaId& replica) {
  Query query = database_->query("SELECT counter FROM history_trimmed WHERE entity=? AND replica=?");
  return query.bind(n).bind(knownReplica(replica)).row() ? query.number(0) : 0;
}

bool Reader::anyTrimmed(EntityNumber n) {
  Query query = database_->query("SELECT 1 FROM history_trimmed WHERE entity=? LIMIT 1");
  return query.bind(n).row();
}

size_t Store::trimConflicts(EntityNumber n, const std::string& keep_key, int64_t aged, size_t kept, size_t limit) {
  database_->query(
      "DELETE FROM conflict WHERE n IN (SELECT n FROM conflict WHERE entity=?1 AND key<>?2 AND ((state<>0 AND n<=?3) OR"
      " (state=1 AND n<=(SELECT n FROM conflict WHERE entity=?1 AND state=1 ORDER BY n DESC LIMIT 1 OFFSET ?4))) LIMIT ?5)")
      .bind(n)
      .bindText(keep_key)
      .bind(aged)
      .bind(static_cast<int64_t>(kept))
      .bind(static_cast<int64_t>(limit))
      .run();
  return database_->failed() ? 0 : static_cast<size_t>(database_->changes());
}

size_t Store::trimAudit(int64_t aged, size_t kept, size_t limit) {
  database_->query(
      "DELETE FROM audit WHERE n IN (SELECT n FROM audit WHERE n<=?1 OR n<=(SELECT max(n) FROM audit)-?2 ORDER BY n LIMIT ?3)")
      .bind(aged)
      .bind(static_cast<int64_t>(kept))
      .bind(static_cast<int64_t>(limit))
      .run();
  return database_->failed() ? 0 : static_cast<size_t>(database_->changes());
}

size_t Store::trimChanges(uint64_t aged, size_t kept, size_t limit) {
  database_->query(
      "DELETE FROM change WHERE n IN (SELECT n FROM change WHERE n<=?1 OR n<=(SELECT max(n) FROM change)-?2 ORDER BY n LIMIT ?3)")
      .bind(aged)
      .bind(static_cast<int64_t>(kept))
      .bind(static_cast<int64_t>(limit))
      .run();
  return database_->failed() ? 0 : static_cast<size_t>(database_->changes());
}

}  // namespace hearthgate::store
