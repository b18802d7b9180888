// What happens when this home may no longer write or read: content is replaced or goes, what was not accepted is
// archived, and the home goes on under a new replica id (DESIGN.md section 3).
#include <algorithm>

#include "engine/core.h"
#include "engine/tuning.h"

namespace hearthgate::engine {

using model::Version;
using store::EntityRow;
using store::EntityState;

namespace {
// Content went with the right to read, and may still stand in free pages of the file; survives a crash before that ends.
constexpr char kContentsGone[] = "contents_gone";

// Whether another member of the circle is known to have taken a version of this home.
bool wasTaken(Core& core, const EntityRow& row, const Version& version) {
  const auto circle = core.circles().all().find(row.address.owner);
  if (circle == core.circles().all().end() || !circle->second.proof) return false;
  const FeedEpoch& epoch = core.writer().owner(row.address.owner).epoch;
  for (const auto& member : circle->second.charter()->members) {
    auto place = core.store().peerPlace(member.home, row.address.owner);
    // What this home might not write then was passed over.
    if (!place || !(place->epoch == epoch) || place->sequence < row.sequence) continue;
    if (place->rules.accessFor(row.address.id) != model::Access::kWrite) continue;
    auto exceptions = core.store().peerExceptions(member.home, row.address);
    if (std::none_of(exceptions.begin(), exceptions.end(), [&](const auto& one) { return one.hash == version.hash; })) return true;
  }
  return false;
}
}  // namespace

bool Core::builtOnMine(const model::OwnerId& owner, const Version& version) {
  return std::any_of(version.vector.entries().begin(), version.vector.entries().end(),
                     [&](const auto& entry) { return writer_.isMine(owner, entry.replica); });
}

bool Core::holdsCopies(const model::OwnerId& owner) {
  for (uint64_t after = 0;;) {
    std::vector<store::FeedId> page = store_.feedIds(owner, after, kFeedRows);
    if (page.empty()) return false;
    for (const store::FeedId& item : page) {
      after = item.sequence;
      if (item.shared && ownAccess({owner, item.id}) == OwnAccess::kRead) return true;
    }
  }
}

void Core::fallOut(EntityRow& row, const model::Siblings& keep, const std::string& why) {
  std::vector<Version> archived;
  for (const Version& version : row.siblings) {
    bool kept = std::any_of(keep.begin(), keep.end(), [&](const Version& other) {
      return other.hash == version.hash || other.vector.covers(version.vector);
    });
    // What bears the owner's tag was accepted once. In a circle nobody tags, and whoever else had another member's may have
    // lost it: all that falls out is kept here.
    bool own = row.address.owner.isCircle() || builtOnMine(row.address.owner, version);
    if (!kept && !version.tag && own) archived.push_back(version);
  }
  if (archived.empty()) return;
  archiveRefused(row, archived, why);
  writer_.retire(row.address.owner);
}

void Core::replace(const model::Address& address, const std::string& kind, const model::Siblings& keep) {
  auto found = store_.entity(address);
  if (keep.empty() && (!found || found->siblings.empty())) return;
  EntityRow row = found ? std::move(*found) : newRow(address, kind);
  if (row.n != 0) {
    fallOut(row, keep, address.owner.isCircle() ? "not accepted by the circle" : "not accepted by the owner");
    store_.putBase(row.n, {});
  }
  for (const Version& version : keep) sawVector(address.owner, version.vector);
  model::Siblings before = std::move(row.siblings);
  row.siblings = keep;
  if (keep.empty()) {
    // The owner does not have it; what is left is the archive's record.
    row.state = EntityState::kNoLongerShared;
    row.origin = store::Origin::kRemote;
    row.conflicted = false;
    row.sequence = writer_.nextSequence();
    row.updated_ms = clock_.wallMs();
    put(row);
    closeConflicts(row, nullptr);
    return;
  }
  std::vector<const Version*> made;
  for (const Version& version : keep) {
    bool known = std::any_of(before.begin(), before.end(), [&](const Version& old) { return old.hash == version.hash; });
    if (!known && (row.n == 0 || !store_.inHistory(row.n, version.hash))) made.push_back(&version);
  }
  settle(row, store::Origin::kRemote, before.size(), made);
}

void Core::contentWent() {
  if (contents_gone_++ == 0) store_.setMeta(kContentsGone, "1");
}

void Core::loadContentsGone() { contents_gone_ = store_.meta(kContentsGone).empty() ? 0 : 1; }

void Core::contentsOverwritten() {
  contents_gone_ = 0;
  store_.setMeta(kContentsGone, "");
}

void Core::forgetContent(const model::Address& address) {
  auto row = store_.entity(address);
  if (!row) return;
  // The archive of what the owner did not take is this home's own word and stays.
  if (store_.removeShared(&*row)) contentWent();
  if (row->state == EntityState::kNoLongerShared) return;
  contentWent();
  std::vector<Version> own;
  for (const Version& version : row->siblings) {
    if (version.author == settings_.home && !version.tag && !wasTaken(*this, *row, version)) own.push_back(version);
  }
  bool had_content = !row->siblings.empty();
  store_.putBase(row->n, {});
  row->siblings.clear();
  row->state = EntityState::kNoLongerShared;
  row->origin = store::Origin::kRemote;
  row->conflicted = false;
  row->sequence = writer_.nextSequence();
  row->updated_ms = clock_.wallMs();
  put(*row);
  // Content of others goes; what this home wrote and the owner never took stays with its author.
  archiveRefused(*row, own, address.owner.isCircle() ? "no longer in this circle" : "no longer shared");
  if (had_content) writer_.retire(address.owner);
}

}  // namespace hearthgate::engine
