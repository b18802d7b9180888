// The history of an entity: rows of `history`, and where they stand in `history_place` and in the entity's row.
#include <algorithm>

#include "store/recent_history.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace hearthgate::store {
namespace {

bool older(const PlacedHistory& a, const PlacedHistory& b) { return a.at < b.at; }
bool newer(const PlacedHistory& a, const PlacedHistory& b) { return b.at < a.at; }

PlacedHistory readPlace(const Query& query) {
  return {{query.number(0), static_cast<uint32_t>(query.integer(1))}, query.integer(2) != 0, query.integer(3)};
}

}  // namespace

std::vector<PlacedHistory> Reader::recentHistory(EntityNumber n) {
  std::vector<PlacedHistory> list;
  Query query = database_->query("SELECT recent FROM entity WHERE n=?");
  if (query.bind(n).row() && !decodeRecent(query.blob(0), &list)) {
    database_->damaged("read where history stands");
    return {};
  }
  return list;
}

std::optional<HistoryRow> Reader::historyRow(const PlacedHistory& placed) {
  Query query = database_->query("SELECT hash, version FROM history WHERE n=?");
  bool there = query.bind(placed.n).row();
  if (there) {
    auto hash = database_->id<ContentHash>(query.blob(0));
    auto version = model::decodeVersion(query.blob(1), hash, kNoKind, *this);
    if (version.ok()) {
      return HistoryRow{placed.at.change, placed.refused, std::move(*version), placed.at.place, query.blob(1).size()};
    }
  }
  database_->damaged("read the history");
  return std::nullopt;
}

// `places` has one more than wanted where there are others after the page.
Page<HistoryRow> Reader::historyRows(const std::vector<PlacedHistory>& places, size_t limit, size_t bytes) {
  Page<HistoryRow> page;
  size_t read = 0;
  for (const PlacedHistory& placed : places) {
    page.more = page.rows.size() == limit || read >= bytes;
    if (page.more) break;
    auto row = historyRow(placed);
    if (!row) break;
    read += row->stored_bytes;
    page.rows.push_back(std::move(*row));
  }
  return page;
}

Page<HistoryRow> Reader::historyPage(EntityNumber n, const std::optional<HistoryPlace>& before, size_t limit,
                                     size_t bytes) {
  std::vector<PlacedHistory> places = recentHistory(n);
  if (before) std::erase_if(places, [&](const PlacedHistory& one) { return !(one.at < *before); });
  {
    Query query = database_->query(
        "SELECT change, place, refused, n FROM history_place WHERE entity=? AND (change,place)<(?,?)"
        " ORDER BY change DESC, place DESC LIMIT ?");
    query.bind(n).bind(before ? static_cast<int64_t>(before->change) : INT64_MAX);
    query.bind(before ? int64_t{before->place} : INT64_MAX).bind(static_cast<int64_t>(limit) + 1);
    while (query.row()) places.push_back(readPlace(query));
  }
  std::sort(places.begin(), places.end(), newer);
  return historyRows(places, limit, bytes);
}

Page<OldVersion> Reader::historyUpTo(EntityNumber n, const std::optional<HistoryPlace>& after, const HistoryPlace& last,
                                     size_t limit) {
  std::vector<PlacedHistory> places = recentHistory(n);
  std::erase_if(places, [&](const PlacedHistory& one) { return (after && one.at <= *after) || one.at > last; });
  {
    Query query = database_->query(
        "SELECT change, place, refused, n FROM history_place WHERE entity=? AND (change,place)>(?,?) AND"
        " (change,place)<=(?,?) ORDER BY change, place LIMIT ?");
    query.bind(n).bind(after ? static_cast<int64_t>(after->change) : -1).bind(after ? int64_t{after->place} : -1);
    query.bind(last.change).bind(last.place).bind(static_cast<int64_t>(limit) + 1);
    while (query.row()) places.push_back(readPlace(query));
  }
  std::sort(places.begin(), places.end(), older);
  Page<OldVersion> page;
  size_t read = 0;
  for (const PlacedHistory& placed : places) {
    page.more = page.rows.size() == limit || read >= kRowPageBytes;
    if (page.more) break;
    Query query = database_->query("SELECT hash, version FROM history WHERE n=?");
    auto dot = query.bind(placed.n).row() ? model::decodeDot(query.blob(1), *this) : std::nullopt;
    if (!dot) {
      database_->damaged("read the history");
      break;
    }
    read += query.blob(1).size();
    page.rows.push_back({placed, database_->id<ContentHash>(query.blob(0)), *dot});
  }
  return page;
}

std::optional<HistoryPlace> Reader::historyBeyond(EntityNumber n, size_t kept, size_t slack) {
  std::vector<PlacedHistory> places = recentHistory(n);
  // So many of those that are not listed are among the newest `kept`, wherever those that are stand between them.
  size_t skipped = kept - std::min(kept, places.size());
  size_t wanted = kept - skipped;
  {
    Query query = database_->query(
        "SELECT change, place, refused, n FROM history_place WHERE entity=? AND refused=0 ORDER BY change DESC, place DESC"
        " LIMIT ? OFFSET ?");
    query.bind(n).bind(static_cast<int64_t>(wanted + slack + 1)).bind(static_cast<int64_t>(skipped));
    while (query.row()) places.push_back(readPlace(query));
  }
  if (places.size() <= wanted + slack) return std::nullopt;
  std::nth_element(places.begin(), places.begin() + static_cast<ptrdiff_t>(wanted), places.end(), newer);
  return places[wanted].at;
}

std::optional<model::Version> Reader::historyVersion(EntityNumber n, const std::string& version_id) {
  auto prefix = parseBase32(version_id);
  if (!prefix || prefix->size() != 20) return std::nullopt;
  auto found = placeOf(n, *prefix);
  if (!found) return std::nullopt;
  auto row = historyRow(*found);
  return row ? std::optional<model::Version>(std::move(row->version)) : std::nullopt;
}

bool Reader::inHistory(EntityNumber n, const ContentHash& hash) { return placeOf(n, hash.view()).has_value(); }

std::optional<PlacedHistory> Reader::placeOf(EntityNumber n, std::string_view hash_prefix) {
  for (const PlacedHistory& one : recentHistory(n)) {
    Query query = database_->query("SELECT 1 FROM history WHERE n=?1 AND substr(hash,1,length(?2))=?2");
    if (query.bind(one.n).bindBlob(hash_prefix).row()) return one;
  }
  Query query = database_->query(
      "SELECT p.change, p.place, p.refused, p.n FROM history_place p JOIN history h ON h.n=p.n"
      " WHERE p.entity=?1 AND substr(h.hash,1,length(?2))=?2 LIMIT 1");
  if (!query.bind(n).bindBlob(hash_prefix).row()) return std::nullopt;
  return readPlace(query);
}

int64_t Store::insertHistory(EntityNumber n, const HistoryPlace& at, bool refused, const model::Version& version) {
  std::string blob;
  model::encodeVersion(version, kNoKind, *this, &blob);
  database_->query("INSERT INTO history VALUES(NULL,?,?,?,?,?,?)")
      .bind(n)
      .bind(at.change)
      .bind(at.place)
      .bind(int{refused})
      .bindBlob(version.hash.view())
      .bindBlob(blob)
      .run();
  return sqlite3_last_insert_rowid(database_->handle());
}

void Store::putHistoryPlace(EntityNumber n, const PlacedHistory& placed) {
  database_->query("INSERT INTO history_place VALUES(?,?,?,?,?)")
      .bind(n)
      .bind(placed.at.change)
      .bind(placed.at.place)
      .bind(int{placed.refused})
      .bind(placed.n)
      .run();
}

void Store::addHistory(EntityNumber n, uint64_t change, uint32_t place, bool refused, const model::Version& version) {
  HistoryPlace at{change, place};
  putHistoryPlace(n, {at, refused, insertHistory(n, at, refused, version)});
}

bool Store::listHistory(EntityRow* row, uint64_t change, uint32_t place, const model::Version& version) {
  std::vector<PlacedHistory> list;
  if (!decodeRecent(row->recent, &list)) {
    database_->damaged("read where history stands");
    return false;
  }
  bool full = list.size() == kRecentMost;
  if (full) {
    auto left = list.begin() + (kRecentMost - kRecentLeave);
    for (auto one = list.begin(); one != left; ++one) putHistoryPlace(row->n, *one);
    list.erase(list.begin(), left);
  }
  HistoryPlace at{change, place};
  list.push_back({at, false, insertHistory(row->n, at, false, version)});
  row->recent = encodeRecent(list);
  return full;
}

void Store::removeHistoryRow(EntityNumber n, const PlacedHistory& placed) {
  database_->query("DELETE FROM history_place WHERE entity=? AND change=? AND place=?")
      .bind(n)
      .bind(placed.at.change)
      .bind(placed.at.place)
      .run();
  if (database_->changes() == 0) {
    std::vector<PlacedHistory> list = recentHistory(n);
    if (std::erase_if(list, [&](const PlacedHistory& listed) { return listed.at == placed.at; }) == 0) return;
    putRecent(n, encodeRecent(list));
  }
  database_->query("DELETE FROM history WHERE n=?").bind(placed.n).run();
}

void Store::putRecent(EntityNumber n, std::string_view recent) {
  rows_.forget(n);
  database_->query("UPDATE entity SET recent=? WHERE n=?").bindBlob(recent).bind(n).run();
}

// What is listed is never refused.
bool Store::removeListed(EntityNumber n) {
  std::vector<PlacedHistory> list = recentHistory(n);
  for (const PlacedHistory& one : list) database_->query("DELETE FROM history WHERE n=?").bind(one.n).run();
  if (!list.empty()) putRecent(n, {});
  return !list.empty();
}

void Store::removeHistory(EntityNumber n) {
  removeListed(n);
  database_->query("DELETE FROM history WHERE n IN (SELECT n FROM history_place WHERE entity=?)").bind(n).run();
  database_->query("DELETE FROM history_place WHERE entity=?").bind(n).run();
}

bool Store::removeShared(EntityRow* row) {
  bool any = removeListed(row->n);
  row->recent.clear();
  database_->query("DELETE FROM history WHERE n IN (SELECT n FROM history_place WHERE entity=? AND refused=0)").bind(row->n).run();
  database_->query("DELETE FROM history_place WHERE entity=? AND refused=0").bind(row->n).run();
  any = database_->changes() > 0 || any;
  // What was not accepted is this home's word; what it was built on is the owner's.
  database_->query("UPDATE conflict SET base=NULL WHERE entity=? AND base IS NOT NULL").bind(row->n).run();
  any = database_->changes() > 0 || any;
  database_->query("DELETE FROM conflict WHERE entity=? AND state<>?")
      .bind(row->n)
      .bind(static_cast<int>(ConflictState::kRefused))
      .run();
  return database_->changes() > 0 || any;
}

}  // namespace hearthgate::store
