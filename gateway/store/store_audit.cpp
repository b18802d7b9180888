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
