// The history of an entity, and what retention takes away.
#include "store/sqlite.h"
#include "store/store.h"

namespace hearthgate::store {

#define HISTORY_COLUMNS "change, refused, hash, version, place"

std::vector<HistoryRow> Reader::readHistory(Query& query) {
  std::vector<HistoryRow> rows;
  while (query.row()) {
    auto hash = database_->id<ContentHash>(query.blob(2));
    auto version = model::decodeVersion(query.blob(3), hash, kNoKind, *this);
    if (!version.ok()) {
      database_->damaged("read the history");
      break;
    }
    rows.push_back({query.number(0), query.integer(1) != 0, std::move(*version), static_cast<uint32_t>(query.integer(4))});
  }
  return rows;
}

std::vector<HistoryRow> Reader::history(EntityNumber n, const std::optional<HistoryPlace>& before, size_t limit) {
  Query query = database_->query(
      "SELECT " HISTORY_COLUMNS " FROM history WHERE entity=? AND (change,place)<(?,?) ORDER BY change DESC, place DESC LIMIT ?");
  query.bind(n).bind(before ? static_cast<int64_t>(before->change) : INT64_MAX);
  query.bind(before ? int64_t{before->place} : INT64_MAX).bind(static_cast<int64_t>(limit));
  return readHistory(query);
}

std::vector<HistoryRow> Reader::historyUpTo(EntityNumber n, const std::optional<HistoryPlace>& after,
                                            const HistoryPlace& last, size_t limit) {
  Query query = database_->query("SELECT " HISTORY_COLUMNS
                                 " FROM history WHERE entity=? AND (change,place)>(?,?) AND (change,place)<=(?,?)"
                                 " ORDER BY change, place LIMIT ?");
  query.bind(n).bind(after ? static_cast<int64_t>(after->change) : -1).bind(after ? int64_t{after->place} : -1);
  query.bind(last.change).bind(last.place).bind(static_cast<int64_t>(limit));
  return readHistory(query);
}

std::optional<HistoryPlace> Reader::historyBeyond(EntityNumber n, size_t kept) {
  Query query = database_->query(
      "SELECT change, place FROM history WHERE entity=? AND refused=0 ORDER BY change DESC, place DESC LIMIT 1 OFFSET ?");
  if (!query.bind(n).bind(static_cast<int64_t>(kept)).row()) return std::nullopt;
  return HistoryPlace{query.number(0), static_cast<uint32_t>(query.integer(1))};
}

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

void Store::removeHistoryRow(EntityNumber n, const HistoryPlace& place) {
  database_->query("DELETE FROM history WHERE entity=? AND change=? AND place=?")
      .bind(n)
      .bind(place.change)
      .bind(place.place)
      .run();
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
