// Queries over one read connection: the API's view of the database. An object belongs to one thread at a time.
// Errors are sticky: after a failure everything reads as empty until takeError() is asked, which whoever answers a
// request must do before the answer leaves.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/codec.h"
#include "store/rows.h"

namespace hearthgate::store {

class Database;
class Query;

struct EntityFilter {
  std::optional<model::OwnerId> owner;
  std::string kind;           // empty: any
  std::string prefix;         // of the id
  std::optional<bool> conflicted;
  bool deleted = false;       // deleted ones too
  bool stubs = false;         // those no longer shared too
};

// How many entities of an owner and kind there are.
struct EntityTally {
  model::OwnerId owner;
  std::string kind;
  uint64_t live = 0;
  uint64_t deleted = 0;
  uint64_t stubs = 0;
};

struct ConflictFilter {
  std::optional<ConflictState> state;
  std::optional<EntityNumber> entity;
};

// What is empty or null takes any.
struct AuditFilter {
  std::string actor;
  std::string action;
  std::string subject;
  std::optional<int64_t> since_ms;
};

// Documents may be large, so a page of rows also ends with the one that brings it to so many bytes.
inline constexpr size_t kRowPageBytes = 4 << 20;

template <typename Row>
struct Page {
  std::vector<Row> rows;  // at least one where there are any
  bool more = false;      // there are others after the last
};

struct EntityPage {
  std::vector<EntityRow> rows;         // none, with a `next`, when none of those that were looked at matches
  std::optional<model::Address> next;  // after which to read on; nothing at the end
};

// What a page of entities takes at most, beside kRowPageBytes.
struct EntityPageSize {
  size_t rows = 0;
  size_t looked = SIZE_MAX;  // rows that are looked at, whether they match or not
};

class Reader : public model::Names {
 public:
  explicit Reader(std::unique_ptr<Database> database);
  ~Reader() override;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // The first failure since the last call.
  Status takeError();

  // A transaction, so that several queries see one state of the database.
  void beginRead();
  void endRead();

  // model::Names; cached.
  const ReplicaId* replicaName(uint32_t number) const override;
  const HomeId* homeName(uint32_t number) const override;

  Head head();
  std::optional<OwnerRow> owner(const model::OwnerId& id);
  std::vector<OwnerRow> owners();
  std::string meta(const char* key);

  std::optional<EntityRow> entity(const model::Address& address);
  std::optional<EntityRow> entity(EntityNumber n);
  // Ordered by owner text, then id; starts after `after` when given. `wanted` is asked of what passes the filter, with
  // a row without siblings.
  EntityPage entityPage(const EntityFilter& filter, const std::optional<model::Address>& after,
                        const EntityPageSize& size, const std::function<bool(const EntityRow&)>& wanted = nullptr);
  uint64_t entityCount();
  // The feed of one owner's entities above `after`, in order of sequence. Ends before `limit` with the row that makes the
  // siblings `bytes` or more.
  FeedPart feedPart(const model::OwnerId& owner, uint64_t after, size_t limit, size_t bytes = SIZE_MAX);
  std::optional<FeedRow> feedRow(EntityNumber n);
  // All owners' entities above `after`, in order of sequence: what the event stream tells. Ends also at kRowPageBytes.
  Page<EntityRow> changedSince(uint64_t after, size_t limit);
  uint64_t feedEnd(const model::OwnerId& owner);
  uint64_t entityCount(const model::OwnerId& owner);
  // Live entities of an owner that an id or glob matches, by kind.
  std::map<std::string, uint64_t> entitiesMatching(const model::OwnerId& owner, std::string_view pattern);
  // About the bytes that an owner's entities take.
  uint64_t entityBytes(const model::OwnerId& owner);

  // Newest first, those below `before` when given.
  Page<HistoryRow> historyPage(EntityNumber n, const std::optional<HistoryPlace>& before, size_t limit,
                               size_t bytes = kRowPageBytes);
  std::vector<HistoryRow> history(EntityNumber n, size_t limit) { return historyPage(n, {}, limit, SIZE_MAX).rows; }
  bool inHistory(EntityNumber n, const ContentHash& hash);
  std::optional<model::Version> historyVersion(EntityNumber n, const std::string& version_id);
  model::Siblings base(EntityNumber n);

  std::optional<Conflict> conflict(int64_t n);
  std::optional<Conflict> conflictByKey(const std::string& key);
  // Newest first, before number `before` when given.
  Page<Conflict> conflictPage(const ConflictFilter& filter, std::optional<int64_t> before, size_t limit,
                              size_t bytes = kRowPageBytes);
  std::vector<Conflict> conflicts(const ConflictFilter& filter, std::optional<int64_t> before, size_t limit) {
    return conflictPage(filter, before, limit, SIZE_MAX).rows;
  }
  // The newest `limit`, read in pages.
  void eachConflict(const ConflictFilter& filter, size_t limit, const std::function<void(Conflict&)>& each);
  bool anyConflict(EntityNumber n);
  uint64_t openConflicts();
  // Of the newest records, which strategy decided how many.
  std::map<std::string, uint64_t> conflictStrategies(size_t newest);

  std::optional<model::Rules> rules(const model::OwnerId& owner, const HomeId& home);
  std::optional<uint64_t> rulesNumber(const model::OwnerId& owner, const HomeId& home);
  using HomesRules = std::vector<std::pair<HomeId, model::Rules>>;
  HomesRules rulesOf(const model::OwnerId& owner);
  // The same, kept until some rules change: with hundreds of homes it costs more to read than the entity that it is asked for.
  std::shared_ptr<const HomesRules> keptRulesOf(const model::OwnerId& owner);
  model::StrategyRows strategyRows();
  std::optional<std::string> strategyHere(const model::Address& address);
  bool anyStrategyHere();

  std::vector<Peer> peers();
  std::optional<Peer> peer(const HomeId& home);
  std::optional<Cursor> cursor(const HomeId& home, const model::OwnerId& owner);

  // store_circles.cpp
  std::vector<CircleRow> circles();
  std::optional<CircleRow> circle(const model::OwnerId& id);
  bool knowsCharter(const model::OwnerId& circle, std::string_view hash);
  std::vector<CircleGuest> circleGuests(const model::OwnerId& circle);
  std::map<HomeId, std::string> circleRemoved(const model::OwnerId& circle);  // what each is shown
  std::set<HomeId> circleDistrusted(const model::OwnerId& circle);
  std::string circleVote(const model::OwnerId& circle, uint64_t number);        // the hash, or empty

  // What the last batch of a pass told; see Store::putPeerFeed.
  std::optional<FeedPlace> peerFeed(const HomeId& home, const model::OwnerId& owner);

  std::vector<HeldRow> held(const std::optional<HomeId>& home, size_t limit);
  // Those of one owner's entities with a number above `after`. Ends before `limit` with the row that makes the versions
  // `bytes` or more.
  std::vector<HeldRow> held(const HomeId& home, const model::OwnerId& owner, int64_t after, size_t limit, size_t bytes);
  // Without the versions, which may be large; heldVersion() reads one.
  std::vector<HeldRow> heldNames(const std::optional<HomeId>& home, size_t limit);
  // The same of all homes, from the first number above `after`.
  std::vector<HeldRow> heldNamesAfter(int64_t after, size_t limit);
  std::string heldVersion(int64_t n);
  bool anyHeld();
  // All that is held of a home, without the versions that their hash names; with the size of each.
  void eachHeld(const HomeId& home, const std::function<void(const HeldRow&, uint64_t bytes)>& each);
  uint64_t heldCount(const HomeId& home);
  uint64_t heldCount();

  std::vector<EventRow> events(uint64_t after, size_t limit);
  // The oldest event that is kept, or 0.
  uint64_t firstEvent();

  // What 0003_why.sql keeps.
  std::optional<PeerPlace> peerPlace(const HomeId& home, const model::OwnerId& owner);
  std::vector<PeerException> peerExceptions(const HomeId& home, const model::Address& address);  // oldest first
  std::vector<PeerException> peerExceptions(const HomeId& home, const model::OwnerId& owner);
  uint64_t peerExceptionCount(const HomeId& home, bool held);
  std::vector<EndedGrant> endedGrants(const model::OwnerId& owner, const HomeId& home);
  std::optional<uint64_t> bandwidth(const HomeId& home);
  // The feed as feed() gives it, without content.
  std::set<std::string> kindsOf(const model::OwnerId& owner);
  std::optional<PlaceMark> placeMark(const HomeId& home, const model::OwnerId& owner);
  std::vector<FeedId> feedIds(const model::OwnerId& owner, uint64_t after, size_t limit);
  // What is held of one entity, without its content, the oldest first.
  std::vector<HeldRow> heldOf(const model::Address& address, size_t limit = SIZE_MAX >> 1);

  // reader_figures.cpp: each reads a whole table. The tallies are by owner, kinds with the most live entities first.
  std::vector<EntityTally> entityTallies();
  uint64_t historyCount();
  // What is wrong with the database's pages, at most so many; half a second for 100 MiB.
  std::vector<std::string> quickCheck(size_t most);
  std::string sqliteVersion();
  uint64_t schemaVersion();
  // The highest counter of this replica id that retention took out of the entity's history, or 0.
  uint64_t trimmed(EntityNumber n, const ReplicaId& replica);
  bool anyTrimmed(EntityNumber n);
  // For retention: the newest place that is not among the newest `kept` of what was accepted, if there are more than `slack`
  // beyond those.
  std::optional<HistoryPlace> historyBeyond(EntityNumber n, size_t kept, size_t slack = 0);
  // Oldest first: those above `after` (when given) and not above `last`. A page ends by the bytes of its versions too, though
  // they are not given: so much is to be read to take them away.
  Page<OldVersion> historyUpTo(EntityNumber n, const std::optional<HistoryPlace>& after, const HistoryPlace& last,
                               size_t limit);
  EntityNumber entityAfter(EntityNumber n);  // the next number, or 0
  int64_t newestConflict();                  // or 0
  int64_t newestAudit();                     // or 0

  // Newest first, before number `before` when given.
  std::vector<AuditRow> audit(const AuditFilter& filter, std::optional<int64_t> before, size_t limit);

  std::string pluginState(const std::string& plugin, const std::string& key);

  // Replica ids for one owner: own former ones with what was issued, those that `home` told, and the highest counters
  // seen of foreign ones.
  std::vector<OwnReplica> ownReplicas(const model::OwnerId& owner);
  std::vector<StartRow> starts(const model::OwnerId& owner);  // oldest first
  std::optional<HomeId> toldBy(const model::OwnerId& owner, const ReplicaId& replica);
  uint64_t toldCount(const model::OwnerId& owner, const HomeId& home);
  std::vector<std::pair<ReplicaId, uint64_t>> seen(const model::OwnerId& owner, const HomeId& of);
  std::vector<std::pair<ReplicaId, uint64_t>> doubted(const model::OwnerId& owner, const HomeId& of);
  // Those that no home told: this one has forgotten whose they are, or they came back from others before their home did.
  std::vector<std::pair<ReplicaId, uint64_t>> seenOfNobody(const model::OwnerId& owner, size_t limit);
  uint64_t seen(const model::OwnerId& owner, const ReplicaId& replica);

 protected:
  friend class Store;
  uint32_t ownerNumber(const model::OwnerId& id);  // 0: not known
  uint32_t knownHome(const HomeId& id);            // 0: not known
  uint32_t knownReplica(const ReplicaId& id);      // 0: not known
  std::optional<model::OwnerId> ownerName(uint32_t number);
  HeldRow readHeld(Query& query);
  std::vector<HeldRow> heldRows(const std::optional<HomeId>& home, size_t limit, const char* sql);
  EntityRow readEntity(Query& query);
  EntityRow readHead(Query& query);  // without siblings and `recent`
  void readContent(Query& query, EntityRow* row);
  Conflict readConflict(Query& query);
  std::vector<PlacedHistory> recentHistory(EntityNumber n);
  std::optional<HistoryRow> historyRow(const PlacedHistory& placed);
  Page<HistoryRow> historyRows(const std::vector<PlacedHistory>& places, size_t limit, size_t bytes);
  std::optional<PlacedHistory> placeOf(EntityNumber n, std::string_view hash_prefix);
  OwnerRow readOwner(Query& query);
  CircleRow readCircle(Query& query);
  model::Siblings decode(std::string_view blob, std::string_view kind);
  void forgetCaches();

  std::unique_ptr<Database> database_;
  mutable std::unordered_map<uint32_t, ReplicaId> replica_names_;
  mutable std::unordered_map<uint32_t, HomeId> home_names_;
  std::unordered_map<ReplicaId, uint32_t> replica_numbers_;
  std::unordered_map<HomeId, uint32_t> home_numbers_;
  struct KeptRules {
    model::OwnerId owner;
    std::string generation;
    std::shared_ptr<const HomesRules> rules;
  };
  std::optional<KeptRules> kept_rules_;
  std::map<model::OwnerId, uint32_t> owner_numbers_;
  std::map<uint32_t, model::OwnerId> owner_names_;
};

}  // namespace hearthgate::store
