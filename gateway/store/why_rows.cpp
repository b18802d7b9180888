// The tables of 0003_why.sql: what is known of other homes while there is no link, and what people set for one.
#include "store/rules_codec.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace hearthgate::store {

std::optional<PeerPlace> Reader::peerPlace(const HomeId& home, const model::OwnerId& owner) {
  Query query = database_->query("SELECT epoch, sequence, rules, remaining, at_ms FROM peer_place WHERE home=? AND owner=?");
  if (!query.bind(knownHome(home)).bind(ownerNumber(owner)).row()) return std::nullopt;
  auto rules = decodeStoredRules(query.blob(2));
  if (!rules.ok()) {
    database_->damaged("read how far another home is");
    return std::nullopt;
  }
  return PeerPlace{database_->id<FeedEpoch>(query.blob(0)), query.number(1), std::move(*rules),
                   query.number(3), query.integer(4)};
}

std::set<std::string> Reader::kindsOf(const model::OwnerId& owner) {
  std::set<std::string> kinds;
  Query query = database_->query("SELECT DISTINCT kind FROM entity WHERE owner=?");
  query.bind(ownerNumber(owner));
  while (query.row()) kinds.insert(query.text(0));
  return kinds;
}

std::optional<PlaceMark> Reader::placeMark(const HomeId& home, const model::OwnerId& owner) {
  Query query =
      database_->query("SELECT epoch, sequence, at_ms, length(rules) FROM peer_place WHERE home=? AND owner=?");
  if (!query.bind(knownHome(home)).bind(ownerNumber(owner)).row()) return std::nullopt;
  return PlaceMark{database_->id<FeedEpoch>(query.blob(0)), query.number(1), query.integer(2),
                   query.number(3)};
}

std::vector<FeedId> Reader::feedIds(const model::OwnerId& owner, uint64_t after, size_t limit) {
  std::vector<FeedId> rows;
  Query query = database_->query(
      "SELECT id, sequence, n, state, kind, length(siblings) FROM entity WHERE owner=? AND sequence>? ORDER BY sequence"
      " LIMIT ?");
  query.bind(ownerNumber(owner)).bind(after).bind(static_cast<int64_t>(limit));
  while (query.row()) {
    rows.push_back({query.text(0), query.number(1), query.integer(2),
                    query.integer(3) != static_cast<int64_t>(EntityState::kNoLongerShared), query.text(4), query.number(5)});
  }
  return rows;
}

std::vector<PeerException> Reader::peerExceptions(const HomeId& home, const model::Address& address) {
  std::vector<PeerException> rows;
  Query query =
      database_->query("SELECT hash, held, reason, at_ms FROM peer_exception WHERE home=? AND owner=? AND id=? ORDER BY at_ms");
  query.bind(knownHome(home)).bind(ownerNumber(address.owner)).bindText(address.id);
  while (query.row()) {
    rows.push_back({address.id, database_->id<ContentHash>(query.blob(0)), query.integer(1) != 0,
                    query.text(2), query.integer(3)});
  }
  return rows;
}

std::vector<PeerException> Reader::peerExceptions(const HomeId& home, const model::OwnerId& owner) {
  std::vector<PeerException> rows;
  Query query = database_->query("SELECT id, hash, held, reason, at_ms FROM peer_exception WHERE home=? AND owner=?");
  query.bind(knownHome(home)).bind(ownerNumber(owner));
  while (query.row()) {
    rows.push_back({query.text(0), database_->id<ContentHash>(query.blob(1)), query.integer(2) != 0,
                    query.text(3), query.integer(4)});
  }
  return rows;
}

uint64_t Reader::peerExceptionCount(const HomeId& home, bool held) {
  Query query = database_->query("SELECT count(*) FROM peer_exception WHERE home=? AND held=?");
  return query.bind(knownHome(home)).bind(int{held}).row() ? query.number(0) : 0;
}

std::vector<HeldRow> Reader::heldOf(const model::Address& address, size_t limit) {
  std::vector<HeldRow> rows;
  Query query = database_->query("SELECT n, home, kind, reason, at_ms, hash FROM held WHERE owner=? AND id=? ORDER BY n LIMIT ?");
  query.bind(ownerNumber(address.owner)).bindText(address.id).bind(static_cast<int64_t>(limit));
  while (query.row()) {
    HeldRow row;
    row.n = query.integer(0);
    const HomeId* from = homeName(static_cast<uint32_t>(query.integer(1)));
    if (from) row.home = *from;
    row.address = address;
    row.kind = query.text(2);
    row.reason = query.text(3);
    row.at_ms = query.integer(4);
    row.hash = database_->id<ContentHash>(query.blob(5));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<EndedGrant> Reader::endedGrants(const model::OwnerId& owner, const HomeId& home) {
  std::vector<EndedGrant> rows;
  Query query = database_->query("SELECT pattern, access, until_ms, taken_back FROM ended_grant WHERE owner=? AND home=? ORDER BY until_ms");
  query.bind(ownerNumber(owner)).bind(knownHome(home));
  while (query.row()) {
    rows.push_back({query.text(0), static_cast<model::Access>(query.integer(1)), query.integer(2), query.integer(3) != 0});
  }
  return rows;
}

std::optional<uint64_t> Reader::bandwidth(const HomeId& home) {
  Query query = database_->query("SELECT bytes_per_s FROM bandwidth WHERE home=?");
  if (!query.bind(knownHome(home)).row()) return std::nullopt;
  return query.number(0);
}

void Store::putPeerPlace(const HomeId& home, const model::OwnerId& owner, const PeerPlace& place) {
  std::string rules = encodeRules(place.rules);
  uint32_t home_number = homeNumber(home);
  database_->query(
      "INSERT INTO peer_place VALUES(?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET epoch=excluded.epoch,"
      "sequence=excluded.sequence,rules=excluded.rules,remaining=excluded.remaining,at_ms=excluded.at_ms")
      .bind(home_number)
      .bind(needOwner(owner))
      .bindBlob(place.epoch.view())
      .bind(place.sequence)
      .bindBlob(rules)
      .bind(place.remaining)
      .bind(place.at_ms)
      .run();
}

void Store::removePeerPlace(const HomeId& home, const model::OwnerId& owner) {
  database_->query("DELETE FROM peer_place WHERE home=? AND owner=?").bind(homeNumber(home)).bind(needOwner(owner)).run();
}

void Store::putPeerException(const HomeId& home, const model::OwnerId& owner, const PeerException& row) {
  uint32_t home_number = homeNumber(home);
  database_->query(
      "INSERT INTO peer_exception VALUES(?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET held=excluded.held,"
      "at_ms=CASE WHEN held=excluded.held AND reason=excluded.reason THEN at_ms ELSE excluded.at_ms END,reason=excluded.reason")
      .bind(home_number)
      .bind(needOwner(owner))
      .bindText(row.id)
      .bindBlob(row.hash.view())
      .bind(int{row.held})
      .bindText(row.reason)
      .bind(row.at_ms)
      .run();
}

void Store::removePeerException(const HomeId& home, const model::Address& address, const ContentHash& hash) {
  database_->query("DELETE FROM peer_exception WHERE home=? AND owner=? AND id=? AND hash=?")
      .bind(homeNumber(home))
      .bind(needOwner(address.owner))
      .bindText(address.id)
      .bindBlob(hash.view())
      .run();
}

void Store::removePeerExceptions(const HomeId& home, const model::Address& address) {
  database_->query("DELETE FROM peer_exception WHERE home=? AND owner=? AND id=?")
      .bind(homeNumber(home))
      .bind(needOwner(address.owner))
      .bindText(address.id)
      .run();
}

void Store::putEndedGrant(const model::OwnerId& owner, const HomeId& home, const EndedGrant& ended) {
  uint32_t home_number = homeNumber(home);
  database_
      ->query("INSERT INTO ended_grant VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
              "access=excluded.access,until_ms=excluded.until_ms,taken_back=excluded.taken_back")
      .bind(needOwner(owner))
      .bind(home_number)
      .bindText(ended.pattern)
      .bind(static_cast<int>(ended.access))
      .bind(ended.until_ms)
      .bind(int{ended.taken_back})
      .run();
}

void Store::trimEndedGrants(const model::OwnerId& owner, const HomeId& home) {
  database_
      ->query(
          "DELETE FROM ended_grant WHERE owner=?1 AND home=?2 AND pattern IN (SELECT pattern FROM ended_grant "
          "WHERE owner=?1 AND home=?2 ORDER BY until_ms DESC, pattern LIMIT -1 OFFSET ?3)")
      .bind(needOwner(owner))
      .bind(homeNumber(home))
      .bind(static_cast<int64_t>(kMaxEndedGrants))
      .run();
}

void Store::removeEndedGrant(const model::OwnerId& owner, const HomeId& home, const std::string& pattern) {
  database_->query("DELETE FROM ended_grant WHERE owner=? AND home=? AND pattern=?")
      .bind(needOwner(owner))
      .bind(homeNumber(home))
      .bindText(pattern)
      .run();
}

void Store::putBandwidth(const HomeId& home, std::optional<uint64_t> bytes_per_s) {
  uint32_t number = homeNumber(home);
  if (!bytes_per_s) {
    database_->query("DELETE FROM bandwidth WHERE home=?").bind(number).run();
    return;
  }
  database_->query("INSERT INTO bandwidth VALUES(?,?) ON CONFLICT DO UPDATE SET bytes_per_s=excluded.bytes_per_s")
      .bind(number)
      .bind(*bytes_per_s)
      .run();
}

void Store::forgetNotes(const HomeId& home) {
  uint32_t number = homeNumber(home);
  database_->query("DELETE FROM peer_place WHERE home=?").bind(number).run();
  database_->query("DELETE FROM peer_exception WHERE home=?").bind(number).run();
  database_->query("DELETE FROM ended_grant WHERE home=?1 OR owner=?2").bind(number).bind(ownerNumber(model::OwnerId(home))).run();
  database_->query("DELETE FROM bandwidth WHERE home=?").bind(number).run();
  database_->query("DELETE FROM held WHERE home=?").bind(number).run();
  // Rules are numbered from 1: no cursor with this holds.
  database_->query("UPDATE cursor SET sender_number=0 WHERE home=?").bind(number).run();
}

}  // namespace hearthgate::store
