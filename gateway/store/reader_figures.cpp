// Reader: figures about the database itself, for GET /metrics and GET /report.
#include "store/reader.h"
#include "store/sqlite.h"

namespace hearthgate::store {

std::vector<EntityTally> Reader::entityTallies() {
  std::vector<EntityTally> tallies;
  Query query = database_->query(
      "SELECT owner, kind, sum(state=0), sum(state=1), sum(state=2) FROM entity GROUP BY owner, kind ORDER BY owner, 3 "
      "DESC, kind");
  while (query.row()) {
    auto owner = ownerName(static_cast<uint32_t>(query.number(0)));
    if (!owner) continue;
    tallies.push_back({*owner, query.text(1), query.number(2), query.number(3), query.number(4)});
  }
  return tallies;
}

uint64_t Reader::historyCount() {
  Query query = database_->query("SELECT count(*) FROM history");
  return query.row() ? query.number(0) : 0;
}

std::vector<std::string> Reader::quickCheck(size_t most) {
  std::vector<std::string> found;
  Query query = database_->query("SELECT quick_check FROM pragma_quick_check(?)");
  query.bind(static_cast<int64_t>(most));
  while (query.row()) {
    if (query.blob(0) != "ok") found.push_back(query.text(0));
  }
  return found;
}

std::string Reader::sqliteVersion() {
  Query query = database_->query("SELECT sqlite_version()");
  return query.row() ? query.text(0) : "";
}

uint64_t Reader::schemaVersion() {
  Query query = database_->query("SELECT user_version FROM pragma_user_version");
  return query.row() ? query.number(0) : 0;
}

}  // namespace hearthgate::store
