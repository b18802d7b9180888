#include <charconv>

#include "model/json.h"
#include "store/reader.h"
#include "store/rules_codec.h"
#include "store/sqlite.h"

namespace hearthgate::store {
namespace {

std::vector<PeerAddress> parseAddresses(const std::string& text) {
  std::vector<PeerAddress> addresses;
  auto json = model::parseJson(text, 4);
  if (!json.ok()) return addresses;
  for (const model::Json& item : json->items) {
    PeerAddress address;
    if (const auto* member = item.find("address")) address.address = member->text;
    if (const auto* member = item.find("source")) address.source = member->text;
    const auto* last_ok = item.find("last_ok");
    int64_t ms = 0;
    if (last_ok && last_ok->type == model::Json::Type::kNumber) {
      const char* end = last_ok->text.data() + last_ok->text.size();
      if (std::from_chars(last_ok->text.data(), end, ms).ptr == end) address.last_ok_ms = ms;
    }
    addresses.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace

std::optional<model::Rules> Reader::rules(const model::OwnerId& owner, const HomeId& home) {
  Query query = database_->query("SELECT number, body FROM rules WHERE owner=? AND home=?");
  if (!query.bind(ownerNumber(owner)).bind(knownHome(home)).row()) return std::nullopt;
  auto rules = decodeStoredRules(query.blob(1));
  if (!rules.ok()) {
    database_->damaged("read the rules");
    return std::nullopt;
  }
  rules->number = query.number(0);
  return std::move(*rules);
}

std::optional<uint64_t> Reader::rulesNumber(const model::OwnerId& owner, const HomeId& home) {
  Query query = database_->query("SELECT number FROM rules WHERE owner=? AND home=?");
  if (!query.bind(ownerNumber(owner)).bind(knownHome(home)).row()) return std::nullopt;
  return query.number(0);
}

std::shared_ptr<const Reader::HomesRules> Reader::keptRulesOf(const model::OwnerId& owner) {
  std::string generation = meta(kRulesGeneration);
  if (!kept_rules_ || !(kept_rules_->owner == owner) || kept_rules_->generation != generation) {
    auto rules = std::make_shared<const HomesRules>(rulesOf(owner));
    if (database_->failed()) return rules;
    kept_rules_ = KeptRules{owner, std::move(generation), std::move(rules)};
  }
  return kept_rules_->rules;
}

Reader::HomesRules Reader::rulesOf(const model::OwnerId& owner) {
  HomesRules all;
  Query query = database_->query("SELECT h.id, r.number, r.body FROM rules r JOIN home h ON h.n=r.home WHERE r.owner=?");
  query.bind(ownerNumber(owner));
  while (query.row()) {
    auto rules = decodeStoredRules(query.blob(2));
    if (!rules.ok()) {
      database_->damaged("read the rules");
      return {};
    }
    rules->number = query.number(1);
    all.emplace_back(database_->id<HomeId>(query.blob(0)), std::move(*rules));
  }
  return all;
}

// Scope 9 holds overrides by address; see 0001_core.sql.
model::StrategyRows Reader::strategyRows() {
  model::StrategyRows rows;
  Query query = database_->query("SELECT scope, pattern, strategy FROM strategy WHERE scope<9 ORDER BY scope, pattern");
  while (query.row()) {
    rows.push_back({static_cast<model::StrategyRow::Scope>(query.integer(0)), query.text(1), query.text(2)});
  }
  return rows;
}

std::optional<std::string> Reader::strategyHere(const model::Address& address) {
  std::string pattern = address.text();
  Query query = database_->query("SELECT strategy FROM strategy WHERE scope=9 AND pattern=?");
  if (!query.bindText(pattern).row()) return std::nullopt;
  return query.text(0);
}

bool Reader::anyStrategyHere() {
  Query query = database_->query("SELECT 1 FROM strategy WHERE scope=9 LIMIT 1");
  return query.row();
}

#define PEER_COLUMNS                                                                                                 \
  "h.id, p.name, p.state, p.operating_spki, p.statements, p.pairing, p.incarnation, p.addresses, p.kept_apart, " \
  "p.since_ms, p.last_sync_ms, p.former_spki, p.former_statements, p.former_pairing, p.knows_spki, p.fork, p.rejected, p.told_forgotten"

namespace {
Peer readPeer(Database& database, Query& query) {
  Peer peer;
  peer.home = database.id<HomeId>(query.blob(0));
  peer.name = query.text(1);
  peer.state = static_cast<PeerState>(query.integer(2));
  peer.operating_spki = query.text(3);
  peer.statements = query.text(4);
  peer.pairing = query.text(5);
  peer.incarnation = query.integer(6);
  peer.addresses = parseAddresses(query.text(7));
  peer.kept_apart = query.integer(8) != 0;
  peer.since_ms = query.integer(9);
  if (!query.isNull(10)) peer.last_sync_ms = query.integer(10);
  if (!query.isNull(11)) peer.former = Pin{query.text(11), query.text(12), query.text(13)};
  if (!query.isNull(14)) peer.knows_spki = query.text(14);
  if (!query.isNull(15)) peer.fork = query.text(15);
  if (!query.isNull(16)) peer.rejected = query.text(16);
  peer.told_forgotten = query.integer(17) != 0;
  return peer;
}
}  // namespace

std::vector<Peer> Reader::peers() {
  std::vector<Peer> peers;
  Query query = database_->query("SELECT " PEER_COLUMNS " FROM peer p JOIN home h ON h.n=p.home ORDER BY p.name, h.id");
  while (query.row()) peers.push_back(readPeer(*database_, query));
  return peers;
}

std::optional<Peer> Reader::peer(const HomeId& home) {
  Query query = database_->query("SELECT " PEER_COLUMNS " FROM peer p JOIN home h ON h.n=p.home WHERE h.id=?");
  if (!query.bindBlob(home.view()).row()) return std::nullopt;
  return readPeer(*database_, query);
}

std::optional<Cursor> Reader::cursor(const HomeId& home, const model::OwnerId& owner) {
  Query query = database_->query(
      "SELECT epoch, sequence, sender_number, receiver_number, as_of_ms FROM cursor WHERE home=? AND owner=?");
  if (!query.bind(knownHome(home)).bind(ownerNumber(owner)).row()) return std::nullopt;
  return Cursor{database_->id<FeedEpoch>(query.blob(0)), query.number(1), query.number(2),
                query.number(3), query.integer(4)};
}

std::optional<FeedPlace> Reader::peerFeed(const HomeId& home, const model::OwnerId& owner) {
  Query query = database_->query("SELECT epoch, sequence FROM peer_feed WHERE home=? AND owner=?");
  if (!query.bind(knownHome(home)).bind(ownerNumber(owner)).row()) return std::nullopt;
  return FeedPlace{database_->id<FeedEpoch>(query.blob(0)), query.number(1)};
}

std::vector<HeldRow> Reader::held(const std::optional<HomeId>& home, size_t limit) {
  return heldRows(home, limit,
                  "SELECT n, home, owner, id, kind, reason, at_ms, hash, version FROM held WHERE ?1<0 OR home=?1 "
                  "ORDER BY n LIMIT ?2");
}

std::vector<HeldRow> Reader::heldNames(const std::optional<HomeId>& home, size_t limit) {
  return heldRows(home, limit,
                  "SELECT n, home, owner, id, kind, reason, at_ms, hash, x'' FROM held WHERE ?1<0 OR home=?1 "
                  "ORDER BY n LIMIT ?2");
}

std::vector<HeldRow> Reader::held(const HomeId& home, const model::OwnerId& owner, int64_t after, size_t limit,
                                  size_t bytes) {
  std::vector<HeldRow> rows;
  size_t read = 0;
  // By an index all versions would be sorted for each call.
  Query query = database_->query(
      "SELECT n, home, owner, id, kind, reason, at_ms, hash, version FROM held NOT INDEXED "
      "WHERE n>? AND home=? AND owner=? ORDER BY n LIMIT ?");
  query.bind(after).bind(knownHome(home)).bind(ownerNumber(owner)).bind(static_cast<int64_t>(limit));
  while (read < bytes && query.row()) {
    rows.push_back(readHeld(query));
    read += rows.back().version.size();
  }
  return rows;
}

HeldRow Reader::readHeld(Query& query) {
  HeldRow row;
  row.n = query.integer(0);
  const HomeId* from = homeName(static_cast<uint32_t>(query.integer(1)));
  if (from) row.home = *from;
  row.address.owner = ownerName(static_cast<uint32_t>(query.integer(2))).value_or(model::OwnerId{});
  row.address.id = query.text(3);
  row.kind = query.text(4);
  row.reason = query.text(5);
  row.at_ms = query.integer(6);
  row.hash = database_->id<ContentHash>(query.blob(7));
  row.version = query.text(8);
  return row;
}

std::vector<HeldRow> Reader::heldRows(const std::optional<HomeId>& home, size_t limit, const char* sql) {
  std::vector<HeldRow> rows;
  Query query = database_->query(sql);
  query.bind(home ? static_cast<int64_t>(knownHome(*home)) : int64_t{-1}).bind(static_cast<int64_t>(limit));
  while (query.row()) rows.push_back(readHeld(query));
  return rows;
}

std::vector<HeldRow> Reader::heldNamesAfter(int64_t after, size_t limit) {
  std::vector<HeldRow> rows;
  Query query = database_->query(
      "SELECT n, home, owner, id, kind, reason, at_ms, hash, x'' FROM held WHERE n>? ORDER BY n LIMIT ?");
  query.bind(after).bind(static_cast<int64_t>(limit));
  while (query.row()) rows.push_back(readHeld(query));
  return rows;
}

bool Reader::anyHeld() {
  Query query = database_->query("SELECT 1 FROM held LIMIT 1");
  return query.row();
}

void Reader::eachHeld(const HomeId& home, const std::function<void(const HeldRow&, uint64_t bytes)>& each) {
  Query query = database_->query(
      "SELECT n, home, owner, id, kind, reason, at_ms, hash, CASE WHEN hash=zeroblob(32) THEN version ELSE x'' END, "
      "length(version) FROM held WHERE home=?");
  query.bind(knownHome(home));
  while (query.row()) each(readHeld(query), query.number(9));
}

std::string Reader::heldVersion(int64_t n) {
  Query query = database_->query("SELECT version FROM held WHERE n=?");
  return query.bind(n).row() ? query.text(0) : std::string();
}

uint64_t Reader::heldCount(const HomeId& home) {
  Query query = database_->query("SELECT count(*) FROM held WHERE home=?");
  return query.bind(knownHome(home)).row() ? query.number(0) : 0;
}

uint64_t Reader::heldCount() {
  Query query = database_->query("SELECT count(*) FROM held");
  return query.row() ? query.number(0) : 0;
}

std::vector<EventRow> Reader::events(uint64_t after, size_t limit) {
  std::vector<EventRow> rows;
  Query query = database_->query("SELECT n, type, body FROM event WHERE n>? ORDER BY n LIMIT ?");
  query.bind(after).bind(static_cast<int64_t>(limit));
  while (query.row()) rows.push_back({query.number(0), query.text(1), query.text(2)});
  return rows;
}

uint64_t Reader::firstEvent() {
  Query query = database_->query("SELECT min(n) FROM event");
  return query.row() ? query.number(0) : 0;
}

std::vector<OwnReplica> Reader::ownReplicas(const model::OwnerId& owner) {
  std::vector<OwnReplica> all;
  Query query =
      database_->query("SELECT r.id, o.issued, o.told, o.shared FROM own_replica o"
                       " JOIN replica r ON r.n=o.replica WHERE o.owner=?");
  query.bind(ownerNumber(owner));
  while (query.row()) {
    OwnReplica own{database_->id<ReplicaId>(query.blob(0)), query.number(1), query.number(2), {}};
    if (!query.isNull(3)) own.shared = query.number(3);
    all.push_back(own);
  }
  return all;
}

std::vector<StartRow> Reader::starts(const model::OwnerId& owner) {
  std::vector<StartRow> all;
  Query query = database_->query(
      "SELECT s.low, s.high, r.id, s.counter FROM start s LEFT JOIN replica r ON r.n=s.replica WHERE s.owner=? ORDER BY s.low");
  query.bind(ownerNumber(owner));
  while (query.row()) {
    StartRow row{query.number(0), query.number(1), {}, query.number(3)};
    if (!query.isNull(2)) row.replica = database_->id<ReplicaId>(query.blob(2));
    all.push_back(row);
  }
  return all;
}

std::optional<HomeId> Reader::toldBy(const model::OwnerId& owner, const ReplicaId& replica) {
  Query query = database_->query(
      "SELECT h.id FROM told_replica t JOIN home h ON h.n=t.home WHERE t.owner=? AND t.replica=?");
  if (!query.bind(ownerNumber(owner)).bind(knownReplica(replica)).row()) return std::nullopt;
  return database_->id<HomeId>(query.blob(0));
}

uint64_t Reader::toldCount(const model::OwnerId& owner, const HomeId& home) {
  Query query = database_->query("SELECT count(*) FROM told_replica WHERE owner=? AND home=?");
  return query.bind(ownerNumber(owner)).bind(knownHome(home)).row() ? query.number(0) : 0;
}

namespace {
// Rows of a replica id and a counter.
std::vector<std::pair<ReplicaId, uint64_t>> countersOf(Database& database, Query& query) {
  std::vector<std::pair<ReplicaId, uint64_t>> all;
  while (query.row()) all.emplace_back(database.id<ReplicaId>(query.blob(0)), query.number(1));
  return all;
}
}  // namespace

std::vector<std::pair<ReplicaId, uint64_t>> Reader::seen(const model::OwnerId& owner, const HomeId& of) {
  Query query = database_->query(
      "SELECT r.id, s.counter FROM seen s JOIN told_replica t ON t.owner=s.owner AND t.replica=s.replica"
      " JOIN replica r ON r.n=s.replica WHERE s.owner=? AND t.home=?");
  query.bind(ownerNumber(owner)).bind(knownHome(of));
  return countersOf(*database_, query);
}

std::vector<std::pair<ReplicaId, uint64_t>> Reader::doubted(const model::OwnerId& owner, const HomeId& of) {
  Query query = database_->query(
      "SELECT r.id, t.doubted FROM told_replica t JOIN replica r ON r.n=t.replica"
      " WHERE t.owner=? AND t.home=? AND t.doubted NOTNULL");
  query.bind(ownerNumber(owner)).bind(knownHome(of));
  return countersOf(*database_, query);
}

std::vector<std::pair<ReplicaId, uint64_t>> Reader::seenOfNobody(const model::OwnerId& owner, size_t limit) {
  Query query = database_->query(
      "SELECT r.id, s.counter FROM seen s JOIN replica r ON r.n=s.replica WHERE s.owner=?1"
      " AND NOT EXISTS (SELECT 1 FROM told_replica t WHERE t.owner=s.owner AND t.replica=s.replica)"
      " AND NOT EXISTS (SELECT 1 FROM own_replica o WHERE o.owner=s.owner AND o.replica=s.replica)"
      " ORDER BY s.replica DESC LIMIT ?2");
  query.bind(ownerNumber(owner)).bind(limit);
  return countersOf(*database_, query);
}

uint64_t Reader::seen(const model::OwnerId& owner, const ReplicaId& replica) {
  Query query = database_->query("SELECT counter FROM seen WHERE owner=? AND replica=?");
  return query.bind(ownerNumber(owner)).bind(knownReplica(replica)).row() ? query.number(0) : 0;
}

}  // namespace hearthgate::store
