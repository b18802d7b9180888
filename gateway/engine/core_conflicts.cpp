// Conflict records: kept whenever siblings met (DESIGN.md section 1; shape in CONTRACT.md).
#include <algorithm>
#include <set>

#include "engine/core.h"
#include "engine/tuning.h"
#include "model/limits.h"

namespace hearthgate::engine {

using model::Version;
using store::Conflict;
using store::ConflictState;
using store::EntityRow;

namespace {

constexpr size_t kBaseSearchDepth = 1000;  // versions of history that are looked at for a common base

std::string idList(const std::vector<const Version*>& versions) {
  std::string out = "[";
  for (const Version* version : versions) {
    if (out.size() > 1) out += ',';
    out += '"' + version->id() + '"';
  }
  return out + "]";
}

std::string pathList(const std::vector<model::Path>& paths) {
  std::string out = "[";
  for (const model::Path& path : paths) {
    if (out.size() > 1) out += ',';
    out += model::pathJson(path);
  }
  return out + "]";
}

// The leaves of a stored document, with the sets and counters among them.
struct Said {
  explicit Said(const std::string& fields) : leaves(model::scanLeaves(fields)), typed(leaves) {}

  const model::Leaf* at(const model::Path& path) const {
    auto found = std::lower_bound(leaves.begin(), leaves.end(), path,
                                  [](const model::Leaf& leaf, const model::Path& wanted) { return leaf.path < wanted; });
    return found != leaves.end() && found->path == path ? &*found : nullptr;
  }
  // Whether `now` says what this leaf says. A share of a counter that was counted on says it still.
  bool standsIn(const Said& now, const model::Leaf& leaf) const {
    const model::Leaf* theirs = now.at(leaf.path);
    const auto* field = typed.of(leaf.path);
    bool share = field && field->type == model::FieldType::kCounter;
    return theirs && (share || theirs->value == leaf.value);
  }
  // As conflict records name it: sets and counters as a whole.
  const model::Path& nameOf(const model::Path& path) const {
    const auto* field = typed.of(path);
    return field ? field->path : path;
  }

  model::Leaves leaves;
  model::TypedFields typed;
};

// What of a record's versions a single version that stands now leaves out: values, and removals of what the base had.
void setLosses(const Version& winner, Conflict* record) {
  const Said now(winner.fields);
  const Said base(record->base ? record->base->fields : "{}");
  std::vector<const Version*> lost;
  std::set<model::Path> paths;
  for (const Version& version : record->versions) {
    if (version.deleted == winner.deleted && version.fields == winner.fields) continue;
    lost.push_back(&version);
    const Said said(version.fields);
    for (const model::Leaf& leaf : said.leaves) {
      if (!said.standsIn(now, leaf)) paths.insert(said.nameOf(leaf.path));
    }
    for (const model::Leaf& leaf : base.leaves) {
      if (!said.at(leaf.path) && now.at(leaf.path)) paths.insert(base.nameOf(leaf.path));
    }
  }
  record->lost = idList(lost);
  record->lost_fields = pathList({paths.begin(), paths.end()});
}

// The same for what the owner took nothing of.
void setAllLost(Conflict* record) {
  Version nothing;
  nothing.deleted = true;
  setLosses(nothing, record);
  std::vector<const Version*> lost;
  for (const Version& version : record->versions) lost.push_back(&version);
  record->lost = idList(lost);
}

std::string conflictEvent(const Conflict& record) { return "{\"id\":" + std::to_string(record.n) + "}"; }

}  // namespace

std::optional<Version> Core::commonBase(store::EntityNumber n, const model::Siblings& siblings) {
  store::Page<store::HistoryRow> page;
  std::optional<store::HistoryPlace> before;
  for (size_t looked = 0; looked < kBaseSearchDepth; looked += page.rows.size()) {
    page = store_.historyPage(n, before, kBaseSearchDepth - looked);
    for (store::HistoryRow& row : page.rows) {
      bool covered = std::all_of(siblings.begin(), siblings.end(), [&](const Version& sibling) {
        return sibling.hash != row.version.hash && sibling.vector.covers(row.version.vector);
      });
      if (covered) return std::move(row.version);
    }
    if (!page.more) break;
    before = {page.rows.back().change, page.rows.back().place};
  }
  return std::nullopt;
}

void Core::recordConflict(EntityRow& row, const conflict::View& view, const EffectiveStrategy& strategy) {
  std::string key = conflict::conflictKey(row.address, row.siblings);
  std::optional<Conflict> known = store_.conflictByKey(key);
  Conflict record = known ? std::move(*known) : Conflict{};
  if (!known) {
    record.key = key;
    record.entity = row.n;
    record.at_ms = clock_.wallMs();
    record.versions = row.siblings;
    record.base = commonBase(row.n, row.siblings);
  }
  ConflictState state = view.awaits_choice ? ConflictState::kOpen : ConflictState::kResolved;
  if (known && record.state == state && record.strategy == strategy.name) return;
  record.strategy = strategy.name;
  record.lost = idList(view.lost);
  record.lost_fields = pathList(view.lost_fields);
  record.state = state;
  record.outcome.reset();
  if (!view.awaits_choice) {
    std::string reason = strategy.known ? "strategy" : "strategy " + strategy.name + " is not known here";
    record.outcome = Conflict::Outcome{view.version_id, view.fields(), strategy.name, reason};
  }
  store_.putConflict(&record);
  event("conflict", conflictEvent(record));
}

void Core::closeConflicts(const EntityRow& row, const conflict::View* view) {
  std::string key = row.siblings.size() > 1 ? conflict::conflictKey(row.address, row.siblings) : std::string();
  store_.eachConflict({ConflictState::kOpen, row.n}, model::kMaxSiblings, [&](Conflict& record) {
    if (record.key == key) return;
    record.state = ConflictState::kResolved;
    if (row.siblings.size() == 1) {
      const Version& winner = row.siblings.front();
      record.outcome = Conflict::Outcome{winner.id(), winner.fields, winner.author.text(),
                                         std::string(model::reasonText(winner.reason))};
      setLosses(winner, &record);
    } else {
      record.outcome = Conflict::Outcome{view ? view->version_id : "", view ? view->fields() : "{}", "",
                                         "more versions met; see the newer conflict of this entity"};
    }
    store_.putConflict(&record);
    event("conflict", conflictEvent(record));
  });
}

// A version of ours that another home's resolution dominated is told too, although the two never stood side by side here.
void Core::recordDominated(const EntityRow& row, const model::Siblings& fell) {
  model::Siblings ours;
  for (const Version& version : fell) {
    if (version.author == settings_.home) ours.push_back(version);
  }
  if (ours.empty()) return;
  for (const Version& winner : row.siblings) {
    if (winner.reason != model::Reason::kResolution || winner.author == settings_.home) continue;
    std::string key = conflict::conflictKey(row.address, fell);
    if (store_.conflictByKey(key)) return;
    Conflict record;
    record.key = key;
    record.entity = row.n;
    record.at_ms = clock_.wallMs();
    record.state = ConflictState::kResolved;
    record.strategy = strategyOf(row.address, row.kind).name;
    record.versions = fell;
    record.base = commonBase(row.n, fell);
    record.outcome = Conflict::Outcome{winner.id(), winner.fields, winner.author.text(), "resolution"};
    std::vector<const Version*> lost;
    for (const Version& version : ours) {
      if (version.fields != winner.fields || version.deleted != winner.deleted) lost.push_back(&version);
    }
    if (lost.empty()) return;
    setLosses(winner, &record);
    record.lost = idList(lost);
    store_.putConflict(&record);
    event("conflict", conflictEvent(record));
    return;
  }
}

void Core::archiveRefused(EntityRow& row, const std::vector<Version>& versions, const std::string& why) {
  if (versions.empty()) return;
  model::Siblings refused;
  for (const Version& version : versions) model::join(version, &refused);
  std::string key = conflict::conflictKey(row.address, refused);
  // The same versions may also have met as siblings before; the archive's record is one of its own.
  key += ".refused";
  if (store_.conflictByKey(key)) return;
  Conflict record;
  record.base = commonBase(row.n, refused);
  for (const Version& version : refused) remember(row, version, Kept::kRefused);
  record.key = key;
  record.entity = row.n;
  record.at_ms = clock_.wallMs();
  record.state = ConflictState::kRefused;
  record.strategy = strategyOf(row.address, row.kind).name;
  record.versions = refused;
  record.outcome = Conflict::Outcome{"", "{}", row.address.owner.text(), why};
  setAllLost(&record);
  store_.putConflict(&record);
  auditOften(row.address.owner.text(), "not_accepted", why, row.address.text(), why);
  event("conflict", conflictEvent(record));
}

// Persons at two homes chose at once. The later choice stands everywhere (rule 3), so every record of what they chose
// about names that one, whichever home keeps it.
void Core::joinResolutions(const EntityRow& row, const conflict::View& view) {
  bool all = std::all_of(row.siblings.begin(), row.siblings.end(),
                         [](const Version& version) { return version.reason == model::Reason::kResolution; });
  if (!all || !view.single) return;
  store_.eachConflict({ConflictState::kResolved, row.n}, model::kMaxSiblings, [&](Conflict& record) {
    if (!record.outcome || record.outcome->version == view.version_id) return;
    bool ours = std::any_of(row.siblings.begin(), row.siblings.end(),
                            [&](const Version& version) { return version.id() == record.outcome->version; });
    if (!ours) return;
    const Version& winner = *view.single;
    record.outcome = Conflict::Outcome{winner.id(), winner.fields, winner.author.text(), "resolution"};
    setLosses(winner, &record);
    store_.putConflict(&record);
    event("conflict", conflictEvent(record));
  });
}

void Core::reviewStrategies(const std::function<bool(const EntityRow&)>& touched) {
  for (const store::OwnerRow& owner : store_.owners()) {
    uint64_t after = 0;
    while (true) {
      std::vector<store::FeedRow> page = store_.feedPart(owner.id, after, kFeedRows, store::kRowPageBytes).rows;
      if (page.empty()) break;
      for (const store::FeedRow& item : page) {
        after = item.sequence;
        // The first byte is the number of siblings: most have one and need no second look.
        if (item.siblings.empty() || static_cast<uint8_t>(item.siblings.front()) < 2) continue;
        auto row = store_.entity(item.n);
        // Without siblings only when they cannot be read, which the commit will tell.
        if (!row || row->siblings.empty() || !touched(*row)) continue;
        EffectiveStrategy strategy = strategyOf(row->address, row->kind);
        conflict::View view = conflict::view(strategy.shown, row->siblings, row->address.owner);
        if (!view.differ) continue;
        if (row->conflicted != view.awaits_choice) store_.setConflicted(row->n, view.awaits_choice);
        recordConflict(*row, view, strategy);
        // Nothing was written, so the feed tells nothing of it: what is shown may be another sibling now.
        event("entity", "{\"entity\":" + model::jsonString(row->address.text()) + "}");
      }
    }
  }
}

}  // namespace hearthgate::engine
