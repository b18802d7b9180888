#include "store/sqlite.h"
#include "store/store.h"

namespace hearthgate::store {

void Store::addAudit(const AuditRow& row) {
  database_->query("INSERT INTO audit(at_ms,actor,action,subject,detail,count) VALUES(?,?,?,?,?,?)")
      .bind(row.at_ms)
      .bindText(row.actor)
      .bindText(row.action)
      .bindText(row.subject)
      .bindText(row.detail)
      .bind(row.count)
      .run();
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

std::vector<AuditRow> Reader::audit(const AuditFilter& filter, std::optional<int64_t> before, size_t limit) {
  std::vector<AuditRow> rows;
  Query query = database_->query(
      "SELECT n, at_ms, actor, action, subject, detail, count FROM audit WHERE (?1='' OR actor=?1) AND"
      " (?2='' OR action=?2) AND (?3='' OR subject=?3) AND at_ms>=?4 AND n<?5 ORDER BY n DESC LIMIT ?6");
  query.bindText(filter.actor).bindText(filter.action).bindText(filter.subject);
  query.bind(filter.since_ms.value_or(INT64_MIN)).bind(before.value_or(INT64_MAX)).bind(static_cast<int64_t>(limit));
  while (query.row()) {
    rows.push_back({query.integer(0), query.integer(1), query.text(2), query.text(3), query.text(4), query.text(5), query.number(6)});
  }
  return rows;
}

}  // namespace hearthgate::store
