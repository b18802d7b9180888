#include "engine/core.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "engine/tuning.h"
#include "model/limits.h"

namespace hearthgate::engine {

using model::Version;
using store::EntityRow;
using store::EntityState;

namespace {
bool hasUntagged(const model::Siblings& siblings) {
  return std::any_of(siblings.begin(), siblings.end(), [](const Version& version) { return !version.tag; });
}
}  // namespace

Core::Core(store::Store& store, Clock& clock, Random& random, CoreSettings settings)
    : store_(store),
      clock_(clock),
      random_(random),
      settings_(std::move(settings)),
      writer_(store, clock, random, settings_.max_clock_drift_ms),
      circles_(*this) {}

void Core::load() {
  writer_.load();
  seen_.clear();
  usage_.clear();
  often_.clear();  // What it says was written perhaps was not.
  rule_changes_.clear();
  received_rule_changes_.clear();
  fresh_.clear();
  doubted_.clear();
  own_kinds_.reset();
  own_rules_.clear();
  received_rules_.clear();
  writer_.owner(me());
  for (auto& [home, rules] : store_.rulesOf(me())) own_rules_.emplace(home, model::RulesInForce(std::move(rules)));
  for (const store::OwnerRow& owner : store_.owners()) {
    if (owner.id == me()) continue;
    if (auto rules = store_.rules(owner.id, settings_.home)) received_rules_.emplace(owner.id, model::RulesInForce(std::move(*rules)));
  }
  circles_.load();
  loadClockState();
  loadRetention();
  loadContentsGone();
  refreshStrategyRows();
  reviewDefault();
}

void Core::flush() {
  for (const auto& [key, counter] : seen_) store_.putSeen(key.first, key.second, counter);
  seen_.clear();
  writer_.flush();
}

void Core::started(bool may_have_forgotten) {
  writer_.skipSequence();
  circles_.signAgain();  // A key may have been renewed, and the machine stopped before that was told.
  if (!may_have_forgotten) return;
  for (const store::OwnerRow& owner : store_.owners()) {
    writer_.retire(owner.id);
    writer_.newEpoch(owner.id);
  }
}

void Core::restored() {
  started(true);
  store::OwnerRow& own = writer_.owner(me());
  own.hold = true;
  writer_.changed(own);
  circles_.restored();
}

void Core::confirmRestore() {
  store::OwnerRow& own = writer_.owner(me());
  own.hold = false;
  writer_.changed(own);
}

void Core::beginChange(const HomeId& home, std::string by, std::string how) {
  change_ = {0, clock_.wallMs(), home, std::move(by), std::move(how), 0};
  place_ = 0;
}

void Core::endChange() {
  if (change_.n != 0) {
    store_.putChange(change_);
    // Links bring changes as often as others write; each of them stands in the timeline.
    if (!(change_.home == settings_.home)) auditOften(change_.home.text(), "entity.sync", "", "", "changes came");
  }
  change_ = {};
}

void Core::remember(EntityRow& row, const Version& version, Kept kept) {
  if (change_.n == 0) {
    change_.n = writer_.nextChange();
    if (change_.how.empty()) change_ = {change_.n, clock_.wallMs(), settings_.home, "", "sync", 0};
  }
  ++change_.count;
  bool looked_at = true;
  if (kept == Kept::kListed) {
    looked_at = store_.listHistory(&row, change_.n, place_++, version) || settings_.retention.versions < kRetentionFew;
  } else {
    store_.addHistory(row.n, change_.n, place_++, kept == Kept::kRefused, version);
  }
  if (looked_at) written_.insert(row.n);
  ++versions_written_;
  ++versions_since_slice_;
}

EntityRow Core::newRow(const model::Address& address, const std::string& kind) {
  writer_.owner(address.owner);
  EntityRow row;
  row.address = address;
  row.kind = kind;
  return row;
}

OwnAccess Core::ownAccess(const model::Address& address) {
  if (address.owner == me()) return OwnAccess::kOwner;
  auto rules = received_rules_.find(address.owner);
  if (rules == received_rules_.end()) return OwnAccess::kNone;
  switch (rules->second.accessFor(address.id)) {
    case model::Access::kNone: return OwnAccess::kNone;
    case model::Access::kRead: return OwnAccess::kRead;
    case model::Access::kWrite: return OwnAccess::kWrite;
  }
  return OwnAccess::kNone;
}

EntityRow Core::rowOf(const model::Address& address, const std::string& kind) {
  auto found = store_.entity(address);
  return found ? std::move(*found) : newRow(address, kind);
}

bool Core::join(const model::Address& address, const std::string& kind, std::vector<Version> versions) {
  EntityRow row = rowOf(address, kind);
  return join(&row, std::move(versions));
}

bool Core::join(EntityRow* row, std::vector<Version> versions, bool known_there) {
  if (!(row->address.owner == me())) return joinAll(*row, std::move(versions), known_there);
  uint64_t before = writer_.head().sequence;
  std::vector<Version> another_life = meetAnotherLife(row->address, versions);
  // It may have written versions of this very entity again.
  if (writer_.head().sequence != before) *row = rowOf(row->address, row->kind);
  doubtWriters(*row, versions);
  bool changed = joinAll(*row, std::move(versions), known_there);
  if (another_life.empty()) return changed;
  writeAgain(row->address, another_life);
  *row = rowOf(row->address, row->kind);
  return true;
}

bool Core::joinAll(EntityRow& row, std::vector<Version> versions, bool known_there) {
  size_t before = row.siblings.size();
  model::Siblings fell;
  std::vector<ContentHash> added;
  bool tag_learned = false;
  bool owned = row.address.owner == me();
  bool had_untagged = hasUntagged(row.siblings);
  for (Version& version : versions) {
    bool fresh = owned && !version.tag;
    if (fresh) version.tag = settings_.ownerTag(version.hash);
    sawVector(row.address.owner, version.vector);
    ContentHash hash = version.hash;
    model::Dot dot = version.dot;
    if (model::join(std::move(version), &row.siblings, &fell, &tag_learned) != model::JoinOutcome::kAdded) continue;
    added.push_back(hash);
    if (fresh) noticeFresh(dot);
  }
  if (added.empty()) {
    // The tag alone is no change of the entity: it is kept without a new sequence number.
    if (tag_learned) put(row);
    if (tag_learned && had_untagged && !hasUntagged(row.siblings)) store_.putBase(row.n, {});
    return false;
  }
  std::vector<const Version*> made;
  for (const ContentHash& hash : added) {
    // A later one of the same lot may have covered it already.
    for (const model::Siblings* all : {&std::as_const(row.siblings), &std::as_const(fell)}) {
      for (const Version& version : *all) {
        if (version.hash == hash) made.push_back(&version);
      }
    }
  }
  settle(row, store::Origin::kRemote, before, made);
  // The owner has all that this home wrote here: what it was built on need not be kept any longer.
  if (!owned && had_untagged && !hasUntagged(row.siblings)) store_.putBase(row.n, {});
  recordDominated(row, fell);
  for (const Version& version : fell) {
    // Where another home owns it, its tag says that it had it.
    bool known = owned ? known_there : version.tag.has_value();
    bool came = std::find(added.begin(), added.end(), version.hash) != added.end();
    if (known || came || !writer_.isMine(row.address.owner, version.dot.replica)) continue;
    if (fallen_.size() == kFallenKept) fallen_.pop_front();
    fallen_.push_back({row.address, version.hash});
  }
  return true;
}

void Core::acknowledge(const model::Address& address, const std::vector<std::pair<ContentHash, model::OwnerTag>>& tags) {
  auto row = store_.entity(address);
  if (!row || row->siblings.empty()) return;
  bool learned = false;
  for (Version& version : row->siblings) {
    for (const auto& [hash, tag] : tags) {
      if (version.hash != hash || version.tag) continue;
      version.tag = tag;
      learned = true;
    }
  }
  if (!learned) return;
  put(*row);
  if (!hasUntagged(row->siblings)) store_.putBase(row->n, {});
}

namespace {
// Homes that made an entity at the same time perhaps gave it different kinds: the first of the versions that stand beside
// each other decides, the same in every home.
const std::string& kindOf(const model::Siblings& siblings) {
  const Version* first = &siblings.front();
  for (const Version& version : siblings) {
    if (model::greater(*first, version)) first = &version;
  }
  return first->kind;
}
}  // namespace

void Core::settle(EntityRow& row, store::Origin origin, size_t before, const std::vector<const Version*>& made) {
  row.kind = kindOf(row.siblings);
  bool live = std::any_of(row.siblings.begin(), row.siblings.end(), [](const Version& v) { return !v.deleted; });
  row.state = live ? EntityState::kLive : EntityState::kDeleted;
  row.origin = origin;
  row.sequence = writer_.nextSequence();
  row.updated_ms = clock_.wallMs();
  bool several = row.siblings.size() > 1;
  EffectiveStrategy strategy;
  std::optional<conflict::View> view;
  if (several) {
    strategy = strategyOf(row.address, row.kind);
    view = conflict::view(strategy.shown, row.siblings, row.address.owner);
    row.conflicted = view->awaits_choice;
  } else {
    row.conflicted = false;
  }
  if (row.n == 0 && row.address.owner == me()) noticeKind(row);
  if (row.address.owner.isCircle() && row.address.id.starts_with(kWishPrefix)) circles_.noticeWish(row.address.owner);
  bool fresh = row.n == 0;  // Its number is not known before it is put.
  for (const Version* version : made) {
    if (!fresh) remember(row, *version, Kept::kListed);
  }
  put(row);
  for (const Version* version : made) {
    if (fresh) remember(row, *version, Kept::kPlaced);
  }
  if (before > 1) closeConflicts(row, view ? &*view : nullptr);
  if (view && view->differ) recordConflict(row, *view, strategy);
  if (view) joinResolutions(row, *view);
}

void Core::put(EntityRow& row) {
  size_t before = row.stored_bytes;
  store_.putEntity(&row);
  auto used = usage_.find(row.address.owner);
  if (used == usage_.end()) return;
  // A stub of what is no longer shared has no siblings and does not count.
  used->second.entities += row.stored_bytes > 0 ? 1 : 0;
  used->second.entities -= before > 0 ? 1 : 0;
  used->second.bytes += row.stored_bytes;
  used->second.bytes -= before;
}

Core::Usage& Core::usage(const model::OwnerId& owner) {
  auto [at, fresh] = usage_.try_emplace(owner);
  if (fresh) at->second = {store_.entityCount(owner), store_.entityBytes(owner)};
  return at->second;
}

bool Core::quotaReached(const model::OwnerId& owner) {
  const Usage& used = usage(owner);
  return used.entities >= settings_.peer_entities || used.bytes >= settings_.peer_bytes;
}

void Core::sawVector(const model::OwnerId& owner, const model::Vector& vector) {
  for (const auto& entry : vector.entries()) {
    uint64_t& counter = seen_[{owner, entry.replica}];
    counter = std::max(counter, entry.counter);
  }
}

void Core::event(const std::string& type, const std::string& body) {
  store_.addEvent({writer_.nextSequence(), type, body});
  // Trimmed now and then, so that the table stays a little above what is promised.
  if (++events_since_trim_ >= 256) {
    store_.trimEvents(kEventsKept);
    events_since_trim_ = 0;
  }
}

}  // namespace hearthgate::engine
