#include <cstdlib>

#include "model/json.h"
#include "store/rules_codec.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace hearthgate::store {

void Store::putOwner(OwnerRow* row) {
  if (row->n == 0) {
    database_->query("INSERT INTO owner(id,epoch,replica,counter,told,replacing,hold) VALUES(?,?,NULL,0,0,0,0)")
        .bindBlob(row->id.raw())
        .bindBlob(row->epoch.view())
        .run();
    row->n = static_cast<uint32_t>(sqlite3_last_insert_rowid(database_->handle()));
  }
  Query query = database_->query("UPDATE owner SET epoch=?,replica=?,counter=?,told=?,replacing=?,hold=? WHERE n=?");
  query.bindBlob(row->epoch.view());
  row->replica ? query.bind(replicaNumber(*row->replica)) : query.bindNull();
  query.bind(row->counter).bind(row->told).bind(int{row->replacing}).bind(int{row->hold}).bind(row->n).run();
}

void Store::putOwnReplica(const model::OwnerId& owner, const OwnReplica& own) {
  uint32_t number = replicaNumber(own.replica);
  uint32_t owner_number = needOwner(owner);
  Query query = database_->query("INSERT INTO own_replica VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET"
                                 " issued=max(issued,excluded.issued),told=max(told,excluded.told),shared=excluded.shared");
  query.bind(owner_number).bind(number).bind(own.issued).bind(own.told);
  own.shared ? query.bind(*own.shared) : query.bindNull();
  query.run();
}

void Store::addStart(const model::OwnerId& owner, const StartRow& start, size_t keep) {
  std::optional<uint32_t> number;
  if (start.replica) number = replicaNumber(*start.replica);
  uint32_t owner_number = needOwner(owner);
  {
    Query query = database_->query("INSERT INTO start VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET high=excluded.high");
    query.bind(owner_number).bind(start.low).bind(start.high);
    number ? query.bind(*number) : query.bindNull();
    query.bind(start.counter).run();
  }
  database_->query("DELETE FROM start WHERE owner=?1 AND low<=(SELECT low FROM start WHERE owner=?1 ORDER BY low DESC LIMIT 1 OFFSET ?2)")
      .bind(owner_number)
      .bind(static_cast<int64_t>(keep))
      .run();
}

void Store::putToldReplica(const model::OwnerId& owner, const ReplicaId& replica, const HomeId& home) {
  uint32_t number = replicaNumber(replica);
  uint32_t home_number = homeNumber(home);
  // The first claim stands: nobody takes over another home's replica id.
  database_->query("INSERT INTO told_replica(owner,replica,home) VALUES(?,?,?) ON CONFLICT DO NOTHING")
      .bind(needOwner(owner))
      .bind(number)
      .bind(home_number)
      .run();
}

bool Store::putDoubted(const model::OwnerId& owner, const model::Dot& dot) {
  database_->query(
      "UPDATE told_replica SET doubted=?3 WHERE owner=?1 AND replica=?2 AND (doubted ISNULL OR doubted>?3)")
      .bind(needOwner(owner))
      .bind(replicaNumber(dot.replica))
      .bind(dot.counter)
      .run();
  return database_->changes() > 0;
}

void Store::putSeen(const model::OwnerId& owner, const ReplicaId& replica, uint64_t counter) {
  uint32_t number = replicaNumber(replica);
  database_->query("INSERT INTO seen VALUES(?,?,?) ON CONFLICT DO UPDATE SET counter=max(counter,excluded.counter)")
      .bind(needOwner(owner))
      .bind(number)
      .bind(counter)
      .run();
}

void Store::putRules(const model::OwnerId& owner, const HomeId& home, const model::Rules& rules) {
  std::string body = encodeRules(rules);
  uint32_t home_number = homeNumber(home);
  database_->query("INSERT INTO rules VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET number=excluded.number,body=excluded.body")
      .bind(needOwner(owner))
      .bind(home_number)
      .bind(rules.number)
      .bindBlob(body)
      .run();
  setMeta(kRulesGeneration, std::to_string(std::strtoull(meta(kRulesGeneration).c_str(), nullptr, 10) + 1));
}

void Store::putStrategyRow(const model::StrategyRow& row) {
  database_->query("INSERT INTO strategy VALUES(?,?,?) ON CONFLICT DO UPDATE SET strategy=excluded.strategy")
      .bind(static_cast<int>(row.scope))
      .bindText(row.pattern)
      .bindText(row.strategy)
      .run();
}

bool Store::removeStrategyRow(model::StrategyRow::Scope scope, const std::string& pattern) {
  database_->query("DELETE FROM strategy WHERE scope=? AND pattern=?").bind(static_cast<int>(scope)).bindText(pattern).run();
  return database_->changes() > 0;
}

void Store::putStrategyHere(const model::Address& address, const std::string& strategy) {
  std::string pattern = address.text();
  if (strategy.empty()) {
    database_->query("DELETE FROM strategy WHERE scope=9 AND pattern=?").bindText(pattern).run();
    return;
  }
  database_->query("INSERT INTO strategy VALUES(9,?,?) ON CONFLICT DO UPDATE SET strategy=excluded.strategy")
      .bindText(pattern)
      .bindText(strategy)
      .run();
}

void Store::putPeer(const Peer& peer) {
  std::string addresses = "[";
  for (const PeerAddress& address : peer.addresses) {
    if (addresses.size() > 1) addresses += ',';
    addresses += "{\"address\":" + model::jsonString(address.address) + ",\"source\":" + model::jsonString(address.source) +
                 ",\"last_ok\":" + (address.last_ok_ms ? std::to_string(*address.last_ok_ms) : "null") + "}";
  }
  addresses += "]";
  uint32_t home = homeNumber(peer.home);
  Query query = database_->query(
      "INSERT INTO peer VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(home) DO UPDATE SET name=excluded.name,"
      "state=excluded.state,operating_spki=excluded.operating_spki,statements=excluded.statements,pairing=excluded.pairing,"
      "incarnation=excluded.incarnation,addresses=excluded.addresses,kept_apart=excluded.kept_apart,"
      "since_ms=excluded.since_ms,last_sync_ms=excluded.last_sync_ms,former_spki=excluded.former_spki,"
      "former_statements=excluded.former_statements,former_pairing=excluded.former_pairing,"
      "knows_spki=excluded.knows_spki,fork=excluded.fork,rejected=excluded.rejected,told_forgotten=excluded.told_forgotten");
  query.bind(home).bindText(peer.name).bind(static_cast<int>(peer.state)).bindBlob(peer.operating_spki);
  query.bindBlob(peer.statements).bindBlob(peer.pairing).bind(peer.incarnation).bindText(addresses).bind(int{peer.kept_apart});
  query.bind(peer.since_ms);
  peer.last_sync_ms ? query.bind(*peer.last_sync_ms) : query.bindNull();
  for (auto field : {&Pin::operating_spki, &Pin::statements, &Pin::pairing}) {
    peer.former ? query.bindBlob((*peer.former).*field) : query.bindNull();
  }
  for (const std::string* bytes : {&peer.knows_spki, &peer.fork, &peer.rejected}) {
    bytes->empty() ? query.bindNull() : query.bindBlob(*bytes);
  }
  query.bind(int{peer.told_forgotten});
  query.run();
}

void Store::putCursor(const HomeId& home, const model::OwnerId& owner, const Cursor& cursor) {
  uint32_t home_number = homeNumber(home);
  database_->query(
      "INSERT INTO cursor VALUES(?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET epoch=excluded.epoch,"
      "sequence=excluded.sequence,sender_number=excluded.sender_number,receiver_number=excluded.receiver_number,"
      "as_of_ms=excluded.as_of_ms")
      .bind(home_number)
      .bind(needOwner(owner))
      .bindBlob(cursor.epoch.view())
      .bind(cursor.sequence)
      .bind(cursor.sender_number)
      .bind(cursor.receiver_number)
      .bind(cursor.as_of_ms)
      .run();
}

void Store::putPeerFeed(const HomeId& home, const model::OwnerId& owner, const FeedPlace& place) {
  uint32_t home_number = homeNumber(home);
  database_->query("INSERT INTO peer_feed VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET epoch=excluded.epoch,sequence=excluded.sequence")
      .bind(home_number)
      .bind(needOwner(owner))
      .bindBlob(place.epoch.view())
      .bind(place.sequence)
      .run();
}

void Store::removeCursor(const HomeId& home, const model::OwnerId& owner) {
  database_->query("DELETE FROM cursor WHERE home=? AND owner=?").bind(homeNumber(home)).bind(needOwner(owner)).run();
}

void Store::addHeld(const HeldRow& row) {
  uint32_t home = homeNumber(row.home);
  uint32_t owner = needOwner(row.address.owner);
  database_->query("INSERT INTO held(home,owner,id,kind,reason,at_ms,hash,version) VALUES(?,?,?,?,?,?,?,?)")
      .bind(home)
      .bind(owner)
      .bindText(row.address.id)
      .bindText(row.kind)
      .bindText(row.reason)
      .bind(row.at_ms)
      .bindBlob(row.hash.view())
      .bindBlob(row.version)
      .run();
}

void Store::removeHeld(int64_t n) { database_->query("DELETE FROM held WHERE n=?").bind(n).run(); }

void Store::addEvent(const EventRow& event) {
  database_->query("INSERT INTO event VALUES(?,?,?)").bind(event.n).bindText(event.type).bindText(event.body).run();
}

void Store::trimEvents(uint64_t keep) {
  database_->query("DELETE FROM event WHERE n <= (SELECT n FROM event ORDER BY n DESC LIMIT 1 OFFSET ?)").bind(keep).run();
}

void Store::putPluginState(const std::string& plugin, const std::string& key, std::string_view value) {
  database_->query("INSERT INTO plugin_state VALUES(?,?,?) ON CONFLICT DO UPDATE SET value=excluded.value")
      .bindText(plugin)
      .bindText(key)
      .bindBlob(value)
      .run();
}

}  // namespace hearthgate::store
