// Own versions written again: under a new replica id after forgotten writes (rule 8), or with fresh stamps after a clock
// that ran ahead (T14).
//
// A data folder that was copied back is another life of this home under the same replica ids. Where the lives parted, the
// same counters stand for different versions, and a version vector that names one seems to cover the other. So what is
// above that point (`shared`) is written again under a new id: what this life wrote as soon as it finds out, and what the
// other life wrote when it comes back from those who have it, if this life had told its own meanwhile.
#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/core.h"
#include "engine/tuning.h"

namespace hearthgate::engine {

using model::Entry;
using model::Version;
using store::EntityRow;

namespace {
// Whether a dot is above what two lives of this home share.
auto collidingWith(const Core::Shared& shared) {
  return [&shared](const ReplicaId& replica, uint64_t counter) {
    auto at = shared.find(replica);
    return at != shared.end() && counter > at->second;
  };
}
}  // namespace

std::optional<Version> Core::again(const EntityRow& row, const Version& old,
                                   const std::function<bool(const Entry&)>& anew, const Shared& lower) {
  model::Entries entries = model::entriesOf(old);
  // It stands where the old one stood and beside the same others: only that sibling is built on.
  EntityRow alone = row;
  alone.siblings = {old};
  std::optional<model::Stamp> stamp;
  if (!lower.empty()) {
    // It is no newer than it was: what others wrote since must still win over it.
    stamp = old.stamp;
    model::Vector vector;
    for (const auto& entry : old.vector.entries()) {
      auto at = lower.find(entry.replica);
      vector.raise(entry.replica, at == lower.end() ? entry.counter : std::min(entry.counter, at->second));
    }
    alone.siblings.front().vector = vector;
  }
  // One replica id cannot write two versions that stand beside each other: the later counter covers the earlier.
  const model::Vector& built_on = alone.siblings.front().vector;
  const store::OwnerRow& own = writer_.owner(row.address.owner);
  bool beside = own.replica && std::any_of(row.siblings.begin(), row.siblings.end(), [&](const Version& other) {
                  return other.hash != old.hash && other.vector.at(*own.replica) > built_on.at(*own.replica);
                });
  if (beside) writer_.retire(row.address.owner);
  for (Entry& entry : entries) {
    if (entry.dot == old.dot || anew(entry)) entry.dot = {};  // no dot: that of the version to be made
  }
  Version draft;
  draft.deleted = old.deleted;
  draft.reason = old.reason;
  model::setEntries(entries, &draft);
  auto version = make(alone, std::move(draft), stamp);
  if (version.ok()) return std::move(*version);
  // Only a full vector fails here; the old version stays and the refusal shows at the next write.
  event("attention", "{\"code\":\"vector_full\",\"entity\":" + model::jsonString(row.address.text()) + "}");
  return std::nullopt;
}

// Both lives counted on from the same share. Where what it was then is still known, this one goes on from there under an id of
// its own; where it is not, the greater of the two stands, as of any leaf. (What of this life others were told stays there as it
// was, and may be counted twice when it comes back: rather that than to lose it.)
void Core::splitShares(const EntityRow& row, const Shared& lower, model::Entries* entries) {
  const model::TypedFields typed(*entries);
  auto collides = collidingWith(lower);
  model::Entries out;
  for (Entry& entry : *entries) {
    const auto* field = typed.of(entry.path);
    bool share = field && field->type == model::FieldType::kCounter;
    if (!share || !collides(entry.dot.replica, entry.dot.counter)) {
      out.push_back(std::move(entry));
      continue;
    }
    std::optional<Entry> before;
    size_t looked = 0;
    store::Page<store::HistoryRow> page;
    std::optional<store::HistoryPlace> from;
    do {
      page = store_.historyPage(row.n, from, kShareSearchDepth - looked);
      looked += page.rows.size();
      for (const store::HistoryRow& past : page.rows) {
        if (!model::mentionsTypes(past.version.fields)) continue;
        for (Entry& known : model::entriesOf(past.version)) {
          bool older = known.path == entry.path && !collides(known.dot.replica, known.dot.counter);
          if (older && (!before || known.dot.counter > before->dot.counter)) before = std::move(known);
        }
      }
      if (!page.rows.empty()) from = {page.rows.back().change, page.rows.back().place};
    } while (page.more && looked < kShareSearchDepth);
    std::optional<int64_t> mine = model::shareOf(entry.value);
    std::optional<int64_t> base = before ? model::shareOf(before->value) : std::nullopt;
    if (!mine || (!base && (page.more || store_.trimmed(row.n, entry.dot.replica) != 0))) {
      out.push_back(std::move(entry));
      continue;
    }
    Entry counted = entry;
    counted.path = field->path + model::joinPath({std::string(model::kTypeKey), std::string(model::fieldTypeText(field->type)),
                                                  writer_.replica(row.address.owner).text()});
    counted.value = std::to_string(*mine - base.value_or(0));
    out.push_back(std::move(counted));
    if (before) out.push_back(std::move(*before));
  }
  std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
  entries->clear();
  for (Entry& entry : out) {
    if (entries->empty() || entries->back().path != entry.path) {
      entries->push_back(std::move(entry));
      continue;
    }
    // Counted under the own id already: both are one share now.
    Entry& share = entries->back();
    share.value = std::to_string(model::shareOf(share.value).value_or(0) + model::shareOf(entry.value).value_or(0));
    share.dot = {};
  }
}

void Core::reissue(EntityRow& row, const Version& old, const std::function<bool(const Entry&)>& anew,
                   const Shared& lower) {
  auto version = again(row, old, anew, lower);
  if (!version) return;
  if (!lower.empty() && model::mentionsTypes(old.fields)) {
    model::Entries entries = model::entriesOf(old);
    splitShares(row, lower, &entries);
    for (Entry& entry : entries) {
      if (entry.dot == old.dot || entry.dot == model::Dot{} || anew(entry)) entry.dot = version->dot;
    }
    model::setEntries(entries, &*version);
    version->hash = model::contentHash(row.address, *version);
    if (version->tag) version->tag = settings_.ownerTag(version->hash);
  }
  if (old.tag && !(row.address.owner == me())) {
    // The new one has no tag yet, and is built on one that has (rule 8).
    model::Siblings base = store_.base(row.n);
    model::join(old, &base);
    store_.putBase(row.n, base);
  }
  size_t before = row.siblings.size();
  std::erase_if(row.siblings, [&](const Version& now) { return now.hash == old.hash; });
  remember(row, *version, Kept::kPlaced);
  model::join(std::move(*version), &row.siblings);
  settle(row, store::Origin::kLocal, before, {});
}

namespace {
// Whether a version that came back from those who were told it was written again before: a write has one stamp.
bool wasWrittenAgain(const model::Siblings& siblings, const Version& old) {
  return std::any_of(siblings.begin(), siblings.end(), [&](const Version& other) {
    return other.hash != old.hash && other.author == old.author && other.stamp == old.stamp &&
           model::plainFields(other.fields) == model::plainFields(old.fields) && other.deleted == old.deleted;
  });
}
}  // namespace

void Core::forgotWrites(const model::OwnerId& owner, const Shared& found) {
  // Counters of the current replica id and numbers of the feed may both stand for something else elsewhere.
  for (const auto& [replica, counter] : found) {
    if (writer_.owner(owner).replica == replica || writer_.issued(owner, replica) > counter) {
      writer_.parted(owner, replica, counter);
    }
  }
  writer_.newEpoch(owner);
  Shared shared = writer_.partings(owner);
  auto collides = collidingWith(shared);
  std::vector<store::EntityNumber> touched;
  for (uint64_t after = 0;;) {
    std::vector<store::FeedId> page = store_.feedIds(owner, after, kFeedRows);
    if (page.empty()) break;
    for (const store::FeedId& item : page) {
      after = item.sequence;
      touched.push_back(item.n);
    }
  }
  // Often found out in the midst of another change.
  auto outer = std::pair(std::exchange(change_, {}), place_);
  beginChange(settings_.home, "", "restore");
  for (store::EntityNumber n : touched) {
    auto row = store_.entity(n);
    if (!row) continue;
    // What a home that may only read writes again would not be taken. In a circle it is archived, before it falls behind what
    // others forged.
    OwnAccess access = ownAccess(row->address);
    const bool may_write = access == OwnAccess::kOwner || access == OwnAccess::kWrite;
    if (!may_write && !owner.isCircle()) continue;
    model::Siblings siblings = row->siblings;
    std::vector<Version> refused;
    for (const Version& version : siblings) {
      const auto& known = version.vector.entries();
      bool built_on = std::any_of(known.begin(), known.end(), [&](const auto& e) { return collides(e.replica, e.counter); });
      // In a circle others may have forged the counter (T13): what stands under that id stands beside what they say.
      const bool beside = owner.isCircle() && found.contains(version.dot.replica);
      if (version.author != settings_.home || !(built_on || beside) || wasWrittenAgain(siblings, version)) continue;
      if (!may_write) {
        refused.push_back(version);
        continue;
      }
      reissue(*row, version, [&](const Entry& entry) { return collides(entry.dot.replica, entry.dot.counter); }, shared);
    }
    if (!refused.empty()) archiveRefused(*row, refused, "not accepted by the circle");
  }
  writeFallenAgain(owner);
  endChange();
  std::tie(change_, place_) = outer;
}

// A batch is looked through before any of it is taken in, but what shows another life may come in a later one: what fell
// meanwhile through a version that perhaps was built on the other life's stands beside it again.
void Core::writeFallenAgain(const model::OwnerId& owner) {
  Shared shared = writer_.partings(owner);
  auto collides = collidingWith(shared);
  for (Fallen& one : std::exchange(fallen_, {})) {
    auto row = one.address.owner == owner ? store_.entity(one.address) : std::nullopt;
    auto version = row ? store_.historyVersion(row->n, model::versionId(one.hash)) : std::nullopt;
    if (!version || !collides(version->dot.replica, version->dot.counter)) {
      fallen_.push_back(std::move(one));
      continue;
    }
    // Taken in and rolled back, it still stands, and was written again with the others.
    bool stands = std::any_of(row->siblings.begin(), row->siblings.end(), [&](const Version& v) { return v.hash == one.hash; });
    if (!stands) writeAgain(one.address, {*version});
  }
}

std::vector<const Version*> Core::lookForAnotherLife(const model::Address& address,
                                                     const std::vector<const Version*>& versions) {
  const model::OwnerId& owner = address.owner;
  auto row = store_.entity(address);
  std::vector<const Version*> unknown;
  Shared found;
  for (const Version* version : versions) {
    const auto& [replica, counter] = version->dot;
    if (row && store_.inHistory(row->n, version->hash)) continue;
    auto known = writer_.partings(owner);
    auto at = known.find(replica);
    bool apart = at != known.end() && counter > at->second;
    // Retention took this one, or one that was written after it, out of the history. Where another life is known to have
    // written too it may be that one's: rather a conflict too many.
    if (row && !apart && counter <= store_.trimmed(row->n, replica)) continue;
    unknown.push_back(version);
    if (apart || counter > writer_.issued(owner, replica)) continue;  // Lost with a restore or power cut, as it seems.
    uint64_t bound = writer_.startBelow(owner, replica, counter);
    auto [place, fresh] = found.try_emplace(replica, bound);
    place->second = std::min(place->second, bound);
  }
  if (!found.empty()) {
    event("attention", "{\"code\":\"writes_forgotten\"}");
    forgotWrites(owner, found);
  }
  return unknown;
}

std::vector<Version> Core::meetAnotherLife(const model::Address& address, const std::vector<Version>& versions) {
  const model::OwnerId& owner = address.owner;
  std::vector<const Version*> mine;
  for (const Version& version : versions) {
    if (writer_.isMine(owner, version.dot.replica)) mine.push_back(&version);
  }
  std::vector<Version> again;
  if (mine.empty()) return again;
  // Others hold versions of this life under the same counters, which seem to cover these: they are written again.
  std::vector<const Version*> unknown = lookForAnotherLife(address, mine);
  Shared shared = writer_.partings(owner);
  // Nor may it be covered here: a third life may have told what that was built on.
  auto row = unknown.empty() ? std::nullopt : store_.entity(address);
  model::Vector here = row ? model::joinedVector(row->siblings) : model::Vector{};
  for (const Version* version : unknown) {
    const auto& [replica, counter] = version->dot;
    auto at = shared.find(replica);
    bool collides = at != shared.end() && counter > at->second;
    if (collides && (writer_.told(owner, replica) > at->second || here.at(replica) >= counter)) again.push_back(*version);
  }
  return again;
}

void Core::writeAgain(const model::Address& address, const std::vector<Version>& versions) {
  Shared shared = writer_.partings(address.owner);
  auto collides = collidingWith(shared);
  for (const Version& old : versions) {
    auto row = store_.entity(address);
    auto version = again(*row, old, [&](const Entry& entry) { return collides(entry.dot.replica, entry.dot.counter); }, shared);
    if (!version) continue;
    if (!store_.inHistory(row->n, old.hash)) remember(*row, old, Kept::kPlaced);
    remember(*row, *version, Kept::kPlaced);
    size_t before = row->siblings.size();
    model::join(std::move(*version), &row->siblings);
    settle(*row, store::Origin::kLocal, before, {});
  }
}

void Core::noticeFresh(const model::Dot& dot) {
  uint64_t& first = fresh_[dot.replica].first;
  first = std::min(first, dot.counter);
}

void Core::meetAcknowledged(const EntityRow& row, const Version& version) {
  if (row.n != 0 && store_.inHistory(row.n, version.hash)) return;
  uint64_t& acknowledged = fresh_[version.dot.replica].acknowledged;
  acknowledged = std::max(acknowledged, version.dot.counter);
}

// A version with our tag that covers what stands here was not here: it is of another life of ours. Where what it covers was told to
// this life only, its writer has most likely written something else under the same counters, in another life of its own that
// this one knows nothing of, and told it to that one. (Or an acknowledgement by that one was lost. Then the writer writes again
// for nothing, which makes a conflict too many.) What came before this start may have been there when the lives parted.
void Core::doubtWriters(const EntityRow& row, const std::vector<Version>& versions) {
  for (const Version& version : versions) {
    if (!version.tag) continue;
    for (const Version& here : row.siblings) {
      auto fresh = fresh_.find(here.dot.replica);
      if (fresh == fresh_.end()) continue;
      bool told_here_only = here.dot.counter >= fresh->second.first && here.dot.counter > fresh->second.acknowledged;
      if (!told_here_only || here.hash == version.hash || !version.vector.covers(here.vector)) continue;
      if (!store_.inHistory(row.n, version.hash)) doubt(here.dot);
    }
  }
}

void Core::meetCovered(const EntityRow& row, const Version& version) {
  if (store_.toldBy(me(), version.dot.replica) != version.author) return;  // No word on another home's writes.
  bool was_here = store_.inHistory(row.n, version.hash) || version.dot.counter <= store_.trimmed(row.n, version.dot.replica);
  if (!was_here) doubt(version.dot);
}

void Core::doubt(const model::Dot& dot) {
  auto writer = store_.toldBy(me(), dot.replica);
  if (writer && store_.putDoubted(me(), dot)) doubted_.insert(*writer);
}

std::set<HomeId> Core::takeDoubted() { return std::exchange(doubted_, {}); }

bool Core::mendStamps() {
  if (!writer_.readingTooFarAhead()) return false;
  int64_t latest = clock_.wallMs() + settings_.max_clock_drift_ms;
  (void)writer_.nextStamp();  // Drops the reading.
  auto tooFar = [&](const Entry& entry) { return entry.stamp.ms > latest; };
  std::vector<store::EntityNumber> touched;
  for (const store::OwnerRow& owner : store_.owners()) {
    for (uint64_t after = 0;;) {
      std::vector<store::FeedId> page = store_.feedIds(owner.id, after, kFeedRows);
      if (page.empty()) break;
      for (const store::FeedId& item : page) {
        after = item.sequence;
        touched.push_back(item.n);
      }
    }
  }
  uint64_t count = 0;
  auto outer = std::pair(std::exchange(change_, {}), place_);
  beginChange(settings_.home, "", "sync");
  for (store::EntityNumber n : touched) {
    auto row = store_.entity(n);
    if (!row) continue;
    OwnAccess access = ownAccess(row->address);
    if (access != OwnAccess::kOwner && access != OwnAccess::kWrite) continue;
    model::Siblings siblings = row->siblings;
    for (const Version& version : siblings) {
      if (version.author != settings_.home || model::latestStampMs(version) <= latest) continue;
      reissue(*row, version, tooFar, {});
      ++count;
    }
  }
  endChange();
  std::tie(change_, place_) = outer;
  event("attention", "{\"code\":\"clock_was_ahead\",\"rewritten\":" + std::to_string(count) + "}");
  return true;
}

}  // namespace hearthgate::engine
