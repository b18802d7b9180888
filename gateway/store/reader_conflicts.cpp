#include "store/reader.h"
#include "store/sqlite.h"

namespace hearthgate::store {

#define CONFLICT_COLUMNS                                                                                           \
  "c.n, c.key, c.entity, c.at_ms, c.state, c.strategy, c.siblings, c.base, c.outcome_version, c.outcome_fields, " \
  "c.outcome_by, c.outcome_reason, c.lost, c.lost_fields, e.owner, e.id"

Conflict Reader::readConflict(Query& query) {
  Conflict conflict;
  conflict.n = query.integer(0);
  conflict.key = query.text(1);
  conflict.entity = query.integer(2);
  conflict.at_ms = query.integer(3);
  conflict.state = static_cast<ConflictState>(query.integer(4));
  conflict.strategy = query.text(5);
  conflict.versions = decode(query.blob(6), kNoKind);
  if (!query.isNull(7)) {
    model::Siblings base = decode(query.blob(7), kNoKind);
    if (!base.empty()) conflict.base = std::move(base.front());
  }
  if (!query.isNull(8)) conflict.outcome = Conflict::Outcome{query.text(8), query.text(9), query.text(10), query.text(11)};
  conflict.lost = query.text(12);
  conflict.lost_fields = query.text(13);
  conflict.address.owner = ownerName(static_cast<uint32_t>(query.integer(14))).value_or(model::OwnerId{});
  conflict.address.id = query.text(15);
  return conflict;
}

std::optional<Conflict> Reader::conflict(int64_t n) {
  Query query = database_->query("SELECT " CONFLICT_COLUMNS " FROM conflict c JOIN entity e ON e.n=c.entity WHERE c.n=?");
  if (!query.bind(n).row()) return std::nullopt;
  return readConflict(query);
}

std::optional<Conflict> Reader::conflictByKey(const std::string& key) {
  Query query = database_->query("SELECT " CONFLICT_COLUMNS " FROM conflict c JOIN entity e ON e.n=c.entity WHERE c.key=?");
  if (!query.bindText(key).row()) return std::nullopt;
  return readConflict(query);
}

Page<Conflict> Reader::conflictPage(const ConflictFilter& filter, std::optional<int64_t> before, size_t limit,
                                    size_t bytes) {
#define CONFLICTS_WHERE(condition)                                                                 \
  "SELECT " CONFLICT_COLUMNS " FROM conflict c CROSS JOIN entity e ON e.n=c.entity WHERE " condition \
  " AND c.n<?3 ORDER BY c.n DESC LIMIT ?4"
  // One for each index.
  const char* sql = filter.entity  ? CONFLICTS_WHERE("c.entity=?2 AND (?1<0 OR c.state=?1)")
                    : filter.state ? CONFLICTS_WHERE("c.state=?1 AND ?2<0")
                                   : CONFLICTS_WHERE("?1<0 AND ?2<0");
  Query query = database_->query(sql);
  query.bind(filter.state ? static_cast<int64_t>(*filter.state) : int64_t{-1});
  query.bind(filter.entity.value_or(-1)).bind(before.value_or(INT64_MAX)).bind(static_cast<int64_t>(limit) + 1);
  Page<Conflict> page;
  size_t read = 0;
  while (query.row()) {
    page.more = page.rows.size() == limit || read >= bytes;
    if (page.more) break;
    page.rows.push_back(readConflict(query));
    for (int large : {6, 7, 9, 12, 13}) read += query.blob(large).size();  // versions, base, outcome, losses
  }
  return page;
}

void Reader::eachConflict(const ConflictFilter& filter, size_t limit, const std::function<void(Conflict&)>& each) {
  Page<Conflict> page;
  std::optional<int64_t> before;
  for (size_t told = 0; told < limit; told += page.rows.size()) {
    page = conflictPage(filter, before, limit - told);
    for (Conflict& conflict : page.rows) {
      before = conflict.n;
      each(conflict);
    }
    if (!page.more) break;
  }
}

std::map<std::string, uint64_t> Reader::conflictStrategies(size_t newest) {
  std::map<std::string, uint64_t> counts;
  Query query = database_->query("SELECT strategy FROM conflict ORDER BY n DESC LIMIT ?");
  query.bind(static_cast<int64_t>(newest));
  while (query.row()) ++counts[query.text(0)];
  return counts;
}

bool Reader::anyConflict(EntityNumber n) {
  Query query = database_->query("SELECT 1 FROM conflict WHERE entity=? LIMIT 1");
  return query.bind(n).row();
}

uint64_t Reader::openConflicts() {
  Query query = database_->query("SELECT count(*) FROM conflict WHERE state=0");
  return query.row() ? query.number(0) : 0;
}

}  // namespace hearthgate::store
