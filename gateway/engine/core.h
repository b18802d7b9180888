// One home's entities, without threads, sockets or timers: local writes, joins of what others wrote, conflict records,
// rules and strategies. Every call is made inside a transaction that the caller begins and ends: the engine's thread
// under the daemon, the simulation's loop in the simulation. A mutation after which the store reports an error is undone
// by the rollback; then load() must be called.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "engine/circles.h"
#include "engine/own_writer.h"
#include "engine/policy.h"
#include "engine/tuning.h"
#include "model/field_types.h"
#include "model/json.h"
#include "store/store.h"

namespace hearthgate::engine {

// What of history, conflict records and audit is kept (storage.retention).
struct Retention {
  size_t versions = 100;  // of each entity
  int64_t days = 90;
  size_t after_writes = 1'000;  // entities that were written are looked at after this many versions
};

struct CoreSettings {
  HomeId home;
  std::string name;  // of the home, as it is told to circles
  int64_t max_clock_drift_ms = 60'000;
  std::string default_strategy = "latest-wins";
  // What one owner's entities may take here before more from another home is held back (TRUST.md T18).
  uint64_t peer_entities = 500'000;
  uint64_t peer_bytes = 4ull << 30;
  Retention retention;
  uint64_t overwrite_most_bytes = kOverwriteMostBytes;
  // The owner's tag for a content hash of this home's own entities (trust's Identity).
  std::function<model::OwnerTag(const ContentHash&)> ownerTag;
  CharterSigner signer;
};

// The last 10,000 events other than entities' are kept (CONTRACT, GET /events).
inline constexpr uint64_t kEventsKept = 10'000;

struct WriteOrder {
  enum class Mode { kPut, kPatch, kDelete };
  model::Address address;
  Mode mode = Mode::kPut;
  std::optional<std::string> kind;  // only checked when the entity exists
  model::Json fields;               // an object; unused for kDelete
  // What model::fieldsText() gave for `fields` of a kPut that states nothing about sets and counters, where the caller's
  // thread made it already.
  std::optional<std::string> fields_text;
  // Makes this a kPut of `document`, and its text as far as that can be known without what stands. Errors: bad_document, too_large.
  Status put(const model::Json& document);
  model::Reason reason = model::Reason::kWrite;
  std::optional<std::string> if_match;  // an ETag without quotes, or `*`
  bool if_none_match = false;           // only when there is none
};

struct Written {
  store::EntityRow row;  // as it stands now
  bool created = false;
  bool conflicted = false;  // only after undo or restore of what still awaits a choice
};

// What to answer for a version that the history does not hold: `version_purged` where retention may have taken it,
// else `version_not_found`.
Error noVersion(store::Reader& reader, const store::EntityRow& row, const std::string& version_id);

class Core {
 public:
  Core(store::Store& store, Clock& clock, Random& random, CoreSettings settings);

  // Reads what is cached, at the start and after a failed commit.
  void load();
  // Writes what is buffered; the last call before each commit.
  void flush();

  const CoreSettings& settings() const { return settings_; }
  store::Store& store() { return store_; }
  OwnWriter& writer() { return writer_; }
  Clock& clock() { return clock_; }
  Random& random() { return random_; }
  Circles& circles() { return circles_; }
  model::OwnerId me() const { return model::OwnerId(settings_.home); }

  // A start without a clean stop, on another boot (rule 8): new replica ids and feed epochs; every other start skips
  // numbers. Called once, before anything else is written.
  void started(bool may_have_forgotten);
  // After a restore (T12): as above, and the outgoing feed is held until confirmed.
  void restored();
  void confirmRestore();

  // --- changes: every history row belongs to one -------------------------------------------------------------------
  // Begins a change; its number is taken at the first row. `how` is write, bulk, sync, script, undo or restore.
  void beginChange(const HomeId& home, std::string by, std::string how);
  void endChange();

  // --- local writes -------------------------------------------------------------------------------------------------
  // Errors: bad_id, bad_document, too_large, kind_differs, entity_not_found, entity_deleted, read_only,
  // precondition_failed, vector_full.
  Result<Written> write(const WriteOrder& order);
  // Writes what an earlier version said, as a new one. Errors also: version_not_found,
  // version_purged.
  Result<Written> restoreVersion(const model::Address& address, const std::string& version_id);
  // A person's choice: one of the conflict's versions, or fields of one's own. Errors also: conflict_not_found,
  // version_not_found, conflict_closed.
  Result<Written> resolve(int64_t conflict, const std::optional<std::string>& take,
                          const std::optional<model::Json>& fields);

  // --- what others wrote --------------------------------------------------------------------------------------------
  // Joins versions into an entity (made when new); true when the siblings changed.
  bool join(const model::Address& address, const std::string& kind, std::vector<model::Version> versions);
  // The same for whoever has read the entity's row already (rowOf()); `row` is then as it stands afterwards. `known_there`:
  // whoever sends these is known to have had what stands here.
  bool join(store::EntityRow* row, std::vector<model::Version> versions, bool known_there = false);
  // The row of an entity, with number 0 and of `kind` when there is none yet.
  store::EntityRow rowOf(const model::Address& address, const std::string& kind);
  // The owner acknowledged these versions of ours: keep its tags.
  void acknowledge(const model::Address& address, const std::vector<std::pair<ContentHash, model::OwnerTag>>& tags);
  // The siblings become exactly `keep` (DESIGN.md section 3: a copy, not an opinion).
  void replace(const model::Address& address, const std::string& kind, const model::Siblings& keep);
  // Whether there is anything of an owner's that this home may only read.
  bool holdsCopies(const model::OwnerId& owner);
  // `read` is gone: content and history go, a stub stays.
  void forgetContent(const model::Address& address);
  // A version of ours that the owner will not take: visible in the archive.
  void archiveRefused(store::EntityRow& row, const std::vector<model::Version>& versions, const std::string& why);
  // Others know counters of our replica ids that we never told (rule 8): this home is a copy of an older state of itself.
  // `found` says for each replica id up to which counter its versions are the same in the other life; what was written
  // above is written again, with the stamps that it had.
  using Shared = std::map<ReplicaId, uint64_t>;
  void forgotWrites(const model::OwnerId& owner, const Shared& found);
  // Versions of ours of this own entity that come back. Where they show that lives share a replica id that was not known to
  // be shared, what collides is written again. Given are those that this life did not write.
  std::vector<const model::Version*> lookForAnotherLife(const model::Address& address,
                                                        const std::vector<const model::Version*>& versions);
  // Homes of whose writes of our entities another life of ours knew others under the same counters, as versions show that
  // came back. They cannot tell by themselves, so a hello says it; those of whom that was found out since the last call.
  std::set<HomeId> takeDoubted();
  // What a writer sends as new, of an entity of ours, is covered by what stands here: the same when it never was here.
  void meetCovered(const store::EntityRow& row, const model::Version& version);
  // What a writer sends bears our tag: another life of ours had it where this one did not.
  void meetAcknowledged(const store::EntityRow& row, const model::Version& version);
  // Own versions stamped too far ahead of a synchronised clock are written again (T14). True when there were any.
  bool mendStamps();

  // --- rules --------------------------------------------------------------------------------------------------------
  model::Access accessFor(const HomeId& home, const std::string& id);          // own entities
  OwnAccess ownAccess(const model::Address& address);
  const model::Rules* rulesFor(const HomeId& home);                             // own, null: none
  const model::Rules* rulesFrom(const model::OwnerId& owner);                   // received
  // Pattern rows. Errors: bad_id, until_past, home_not_found is the caller's.
  Status grant(const HomeId& home, const std::string& pattern, model::Access access, std::optional<int64_t> until_ms);
  // False when there was no such row.
  bool revoke(const HomeId& home, const std::string& pattern);
  // Rules without rows, for a new home and for one that is forgotten.
  void admit(const HomeId& home);
  void dismiss(const HomeId& home);
  // T15: continue above what the other side tells, with both lists.
  void meetRules(const HomeId& home, const model::Rules& told);
  // New rules from an owner; content without `read` goes, the loss of `write` sets the replacing flag.
  void receiveRules(const model::OwnerId& owner, const model::Rules& rules);
  // Removes rows whose time has passed; true when there were any.
  bool expireGrants();
  // Homes whose rules changed since the last call: sync tells them.
  std::set<HomeId> takeRuleChanges();
  std::set<model::OwnerId> takeReceivedRuleChanges();

  // --- strategies ---------------------------------------------------------------------------------------------------
  EffectiveStrategy strategyOf(const model::Address& address, std::string_view kind);
  // Errors: unknown_strategy, bad_id, bad_document, rules_full. checkStrategy() says whether setStrategy() would give one.
  Status checkStrategy(const model::StrategyRow& row) const;
  Status setStrategy(const model::StrategyRow& row);
  bool clearStrategy(model::StrategyRow::Scope scope, const std::string& pattern);
  Status setStrategyHere(const model::Address& address, const std::optional<std::string>& strategy);

  // --- events -------------------------------------------------------------------------------------------------------
  void event(const std::string& type, const std::string& body);

  // --- audit --------------------------------------------------------------------------------------------------------
  // Who did what, in the commit of what was done. `actor`: a home id, token:NAME, plugin:NAME or system. `detail` never
  // holds a code, a token or content.
  void audit(const std::string& actor, const std::string& action, const std::string& subject, const std::string& detail);
  // Something of a home was refused: at most one row a minute for each peer and reason (TRUST.md T18), which counts those
  // since the last one.
  void auditRefusal(const HomeId& peer, const std::string& reason, const std::string& entity);
  // The same for any actor and action; `key` tells apart what is put together.
  void auditOften(const std::string& actor, const std::string& action, const std::string& key,
                  const std::string& subject, const std::string& detail, uint64_t times = 1);

  // --- content that went with the right to read -----------------------------------------------------------------------
  // How often some did since the last contentsOverwritten(): it may still stand in free pages of the file. 0: nowhere.
  uint64_t contentsGone() const { return contents_gone_; }
  void contentsOverwritten();

  // --- retention ----------------------------------------------------------------------------------------------------
  // Whether retain() has something to do; `idle` also asks for what few writes left behind. Outside of a transaction.
  bool retentionDue(bool idle);
  // One slice of it. True when there is more.
  bool retain();

  // Whether an owner's entities take as much here as they may; asked before anything new is taken in from another home.
  bool quotaReached(const model::OwnerId& owner);

  // Highest counters seen of foreign replica ids, written by flush().
  void sawVector(const model::OwnerId& owner, const model::Vector& vector);

 private:
  friend class CoreProbe;
  store::EntityRow newRow(const model::Address& address, const std::string& kind);
  Status checkPreconditions(const WriteOrder& order, const std::optional<store::EntityRow>& row);
  // The one place where a version of ours is made, on top of all siblings of `row`: of `draft` its fields, deleted, reason
  // and the dots of leaves that are not its own are taken.
  Result<model::Version> make(store::EntityRow& row, model::Version draft, const std::optional<model::Stamp>& stamp = {});
  Result<Written> writeDraft(store::EntityRow& row, model::Version draft);
  // What is shown of `row`, as one version: only what is made of several is put into `merged`. Null for what is not live.
  const model::Version* shownOf(const store::EntityRow& row, model::Version* merged);
  // Sets the draft's fields, and the dots of leaves that are not its own, as `order` makes them of what is shown. Where it is
  // said `afresh`, no plain leaf keeps its dot: a statement of the whole, which also stands against what is still on its way.
  Status state(const store::EntityRow& row, const WriteOrder& order, bool afresh, model::Version* draft);
  // Shares of counters that this home counted under ids of `lower`: what it counted above that is counted under its own id.
  void splitShares(const store::EntityRow& row, const Shared& lower, model::Entries* entries);
  // The same, and given are those that have to be written again too.
  std::vector<model::Version> meetAnotherLife(const model::Address& address, const std::vector<model::Version>& versions);
  void writeAgain(const model::Address& address, const std::vector<model::Version>& versions);
  void writeFallenAgain(const model::OwnerId& owner);
  void noticeFresh(const model::Dot& dot);
  void doubt(const model::Dot& dot);
  void doubtWriters(const store::EntityRow& row, const std::vector<model::Version>& versions);
  // `old` under the current replica id: the same content in the same place. Nothing when the vector is full.
  std::optional<model::Version> again(const store::EntityRow& row, const model::Version& old,
                                      const std::function<bool(const model::Entry&)>& anew, const Shared& lower);
  void reissue(store::EntityRow& row, const model::Version& old, const std::function<bool(const model::Entry&)>& anew,
               const Shared& lower);
  bool joinAll(store::EntityRow& row, std::vector<model::Version> versions, bool known_there);
  // In the history; what is `listed` comes into the row that settle() puts.
  enum class Kept { kPlaced, kRefused, kListed };
  void remember(store::EntityRow& row, const model::Version& version, Kept kept);
  // The row, and what it counts against its owner's quota.
  void put(store::EntityRow& row);
  // Sequence, state, conflict records, the row itself, and `made` into the history. `before`: how many siblings there were.
  void settle(store::EntityRow& row, store::Origin origin, size_t before, const std::vector<const model::Version*>& made);
  void recordConflict(store::EntityRow& row, const conflict::View& view, const EffectiveStrategy& strategy);
  void closeConflicts(const store::EntityRow& row, const conflict::View* view);
  void joinResolutions(const store::EntityRow& row, const conflict::View& view);
  void recordDominated(const store::EntityRow& row, const model::Siblings& fell);
  std::optional<model::Version> commonBase(store::EntityNumber n, const model::Siblings& siblings);
  void reviewStrategies(const std::function<bool(const store::EntityRow&)>& touched);
  void refreshStrategyRows();
  void reviewDefault();
  void loadClockState();
  model::StrategyRows strategyRowsFor(const HomeId& home, const model::Rules& rules);
  void putOwnRules(const HomeId& home, model::Rules rules);
  void noticeKind(const store::EntityRow& row);
  void noteEndedGrants(const model::OwnerId& owner, const model::Rules& before, const model::Rules& now);
  bool builtOnMine(const model::OwnerId& owner, const model::Version& version);
  void fallOut(store::EntityRow& row, const model::Siblings& keep, const std::string& why);

  store::Store& store_;
  Clock& clock_;
  Random& random_;
  CoreSettings settings_;
  OwnWriter writer_;
  Circles circles_;
  std::map<HomeId, model::RulesInForce> own_rules_;
  std::map<model::OwnerId, model::RulesInForce> received_rules_;
  model::StrategyRows own_strategies_;  // with the default as the last row
  std::set<HomeId> rule_changes_;
  std::optional<std::set<std::string>> own_kinds_;  // of own entities, once one was made since load()
  std::set<model::OwnerId> received_rule_changes_;
  std::map<std::pair<model::OwnerId, ReplicaId>, uint64_t> seen_;
  struct Fallen {
    model::Address address;
    ContentHash hash;
  };
  // Own versions that fell through others', in case that another life shows only then; of this run, not more than kFallenKept.
  std::deque<Fallen> fallen_;
  // Of a writer's replica id: the first counter that came in this run without our tag, and the last that another life had.
  struct Fresh {
    uint64_t first = UINT64_MAX;
    uint64_t acknowledged = 0;
  };
  std::map<ReplicaId, Fresh> fresh_;
  std::set<HomeId> doubted_;
  struct Usage {
    uint64_t entities = 0;
    uint64_t bytes = 0;  // of the siblings as they are stored
  };
  // Rows up to these numbers are older than storage.retention.days.
  struct Horizon {
    int64_t at_ms = 0;
    uint64_t change = 0;
    int64_t conflict = 0;
    int64_t audit = 0;
  };
  struct Sweep {
    bool running = false;
    bool all = false;                          // every entity, else those that were written
    store::EntityNumber entity = 0;            // that is looked at
    std::optional<store::HistoryPlace> place;  // up to where
    std::set<store::EntityNumber> left;        // when not all
  };
  void contentWent();
  void loadContentsGone();
  bool clockCountsForAge();
  bool retentionDayIsOver();
  void beginRetentionDay();
  void loadRetention();
  store::EntityNumber nextToTrim();
  // False when the slice ended before the entity did.
  bool trimEntity(store::EntityNumber n, size_t* budget);
  std::set<ContentHash> neverTrimmed(store::EntityNumber n, std::string* open_key);
  Usage& usage(const model::OwnerId& owner);
  std::map<model::OwnerId, Usage> usage_;  // of those that were asked for, since load()
  // What is audited at most once a minute: when it last was, and how often it was left out since.
  struct Often {
    int64_t written_ms = 0;  // of the steady clock
    uint64_t left_out = 0;
  };
  std::map<std::tuple<std::string, std::string, std::string>, Often> often_;  // actor, action, key
  store::Change change_;
  uint32_t place_ = 0;
  std::set<store::EntityNumber> written_;  // since retention last looked at them; not more than `after_writes` or so
  size_t versions_written_ = 0;
  size_t versions_since_slice_ = 0;  // of retention
  Sweep sweep_;
  Horizon horizon_;
  std::vector<Horizon> days_;  // one for each daily run that is not old enough yet, oldest first
  std::optional<int64_t> retention_ran_ms_;  // of the steady clock
  uint64_t events_since_trim_ = 0;
  uint64_t contents_gone_ = 0;
  bool was_synchronised_ = false;  // ever (DESIGN.md section 3, `until`)
};

}  // namespace hearthgate::engine
