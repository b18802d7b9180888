// The history of entities: retention. What retention takes away by age is told by numbers, not by times:
// each daily run marks how far changes, conflict records and the audit had come, and a mark that is old enough is the
// horizon. So a row that a wrong clock stamped is no older than those before it, and a clock that jumps makes at most
// kRetentionDaysAtOnce marks old in one run.
#include <algorithm>
#include <sstream>
#include <utility>

#include "base/base32.h"
#include "engine/core.h"
#include "engine/tuning.h"

namespace hearthgate::engine {

using model::Version;
using store::EntityNumber;
using store::EntityRow;
using store::HistoryPlace;

namespace {
constexpr char kRetentionDays[] = "retention_days";
constexpr size_t kOpenConflicts = 100;  // of one entity; there is one, or few while versions meet
}  // namespace

Error noVersion(store::Reader& reader, const EntityRow& row, const std::string& version_id) {
  auto bytes = parseBase32(version_id);
  if (bytes && bytes->size() == 20 && reader.anyTrimmed(row.n)) {
    return stateError("version_purged", "The history of " + row.address.id + " no longer holds version " + version_id +
                                            ": older ones were removed as storage.retention says. `entity history` lists those "
                                            "that are left; a conflict record or a backup may still hold what it said.");
  }
  return stateError("version_not_found", "The history of " + row.address.id + " holds no version " + version_id +
                                             "; `entity history` lists those that it holds.");
}

// "AT CHANGE CONFLICT AUDIT" a line; the first is the horizon.
void Core::loadRetention() {
  // A sweep over all that did not get to its end begins anew; of the other kind the next day's finds what is left.
  bool all = sweep_.running && sweep_.all;
  sweep_ = {all, all, 0, {}, {}};
  versions_since_slice_ = 0;  // those of a failed commit are not there
  horizon_ = {};
  days_.clear();
  std::istringstream lines(store_.meta(kRetentionDays));
  Horizon mark;
  bool first = true;
  while (lines >> mark.at_ms >> mark.change >> mark.conflict >> mark.audit) {
    if (first) {
      horizon_ = mark;
    } else {
      days_.push_back(mark);
    }
    first = false;
  }
}

bool Core::retentionDayIsOver() {
  if (retention_ran_ms_) return clock_.steadyMs() - *retention_ran_ms_ >= kRetentionDayMs;
  // The first look after a start: the last run was perhaps an hour ago.
  if (days_.empty()) return true;
  int64_t since = clock_.wallMs() - days_.back().at_ms;
  return since >= kRetentionDayMs || since < 0;
}

void Core::beginRetentionDay() {
  retention_ran_ms_ = clock_.steadyMs();
  sweep_ = {true, true, 0, {}, {}};
  written_.clear();
  versions_written_ = 0;
  if (!clockCountsForAge()) return;
  int64_t now = clock_.wallMs();
  for (Horizon& day : days_) day.at_ms = std::min(day.at_ms, now);  // Marked while the clock was ahead.
  int64_t old = now - settings_.retention.days * kRetentionDayMs;
  size_t passed = 0;
  while (passed < days_.size() && passed < kRetentionDaysAtOnce && days_[passed].at_ms <= old) horizon_ = days_[passed++];
  days_.erase(days_.begin(), days_.begin() + static_cast<ptrdiff_t>(passed));
  Horizon today{now, writer_.head().change, store_.newestConflict(), store_.newestAudit()};
  days_.push_back(today);
  std::string text;
  auto line = [&](const Horizon& mark) {
    text.append(std::to_string(mark.at_ms)).append(" ").append(std::to_string(mark.change)).append(" ");
    text.append(std::to_string(mark.conflict)).append(" ").append(std::to_string(mark.audit)).append("\n");
  };
  line(horizon_);
  for (const Horizon& day : days_) line(day);
  store_.setMeta(kRetentionDays, text);
}

bool Core::retentionDue(bool idle) {
  return sweep_.running || versions_written_ >= settings_.retention.after_writes ||
         (idle && (!written_.empty() || retentionDayIsOver()));
}

EntityNumber Core::nextToTrim() {
  if (sweep_.place) return sweep_.entity;  // not ended yet
  if (sweep_.all) return sweep_.entity = store_.entityAfter(sweep_.entity);
  if (sweep_.left.empty()) return 0;
  return sweep_.entity = sweep_.left.extract(sweep_.left.begin()).value();
}

bool Core::retain() {
  if (retentionDayIsOver()) beginRetentionDay();
  if (!sweep_.running) {
    sweep_ = {true, false, 0, {}, std::exchange(written_, {})};
    versions_written_ = 0;
  }
  for (size_t budget = kRetentionSliceRows + kRetentionRowsPerVersion * std::exchange(versions_since_slice_, 0); budget > 0;) {
    EntityNumber n = nextToTrim();
    if (n == 0) {
      sweep_.all = false;  // The next slices go on here, not with the first entity again.
      bool more = store_.trimAudit(horizon_.audit, kAuditKept, kRetentionSliceRange) == kRetentionSliceRange;
      more |= store_.trimChanges(horizon_.change, kChangesKept, kRetentionSliceRange) == kRetentionSliceRange;
      if (more) return true;
      // What was written meanwhile has the next sweep; while writes come without a pause there would always be a little more.
      sweep_ = {};
      return false;
    }
    --budget;
    if (trimEntity(n, &budget)) sweep_.place.reset();
  }
  return true;
}

std::set<ContentHash> Core::neverTrimmed(EntityNumber n, std::string* open_key) {
  std::set<ContentHash> kept;
  if (auto row = store_.entity(n)) {
    for (const Version& version : row->siblings) kept.insert(version.hash);
    if (row->siblings.size() > 1) *open_key = conflict::conflictKey(row->address, row->siblings);
  }
  for (const Version& version : store_.base(n)) kept.insert(version.hash);
  store_.eachConflict({store::ConflictState::kOpen, n}, kOpenConflicts, [&](const store::Conflict& record) {
    for (const Version& version : record.versions) kept.insert(version.hash);
    if (record.base) kept.insert(record.base->hash);
  });
  return kept;
}

bool Core::trimEntity(EntityNumber n, size_t* budget) {
  const Retention& keep = settings_.retention;
  size_t slack = sweep_.all ? 0 : keep.versions / kRetentionSlackPart;
  std::optional<HistoryPlace> beyond = store_.historyBeyond(n, keep.versions, slack);
  HistoryPlace aged{horizon_.change, UINT32_MAX};
  HistoryPlace last = std::max(aged, beyond.value_or(HistoryPlace{}));
  size_t limit = std::max<size_t>(*budget, 1);
  store::Page<store::OldVersion> page = store_.historyUpTo(n, sweep_.place, last, limit);
  // Mostly the entity has not many versions yet, and never had a conflict.
  bool conflicts = store_.anyConflict(n);
  if (page.rows.empty() && !conflicts) return true;
  std::string open_key;
  std::set<ContentHash> kept = neverTrimmed(n, &open_key);
  std::map<ReplicaId, uint64_t> trimmed;
  for (const store::OldVersion& row : page.rows) {
    const HistoryPlace& place = row.placed.at;
    sweep_.place = place;
    // What was not accepted is this home's only copy: by age alone.
    bool old = place <= aged || (!row.placed.refused && beyond && place <= *beyond);
    if (!old || kept.contains(row.hash)) continue;
    store_.removeHistoryRow(n, row.placed);
    uint64_t& counter = trimmed[row.dot.replica];
    counter = std::max(counter, row.dot.counter);
  }
  for (const auto& [replica, counter] : trimmed) store_.raiseTrimmed(n, replica, counter);
  *budget -= std::min(*budget, page.rows.size());
  if (page.more) return false;
  if (!conflicts) return true;
  // Many records of one entity go with the next looks at it.
  *budget -= std::min(*budget, store_.trimConflicts(n, open_key, horizon_.conflict, keep.versions, limit));
  return true;
}

}  // namespace hearthgate::engine
