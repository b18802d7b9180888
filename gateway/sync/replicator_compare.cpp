// What a member of a circle may only read is compared with all who may write it, when it lost the right to write, or when those
// from whom it came perhaps no longer have it (Circles::compareAnew()). What none of them has falls out: nobody could bring
// it to them, and nobody would ever write over it. Each that is linked says in one pass what it has; what it brings meanwhile
// counts too, so that nothing goes that comes back a moment later.
#include <algorithm>

#include "sync/replicator.h"

namespace hearthgate::sync {

namespace {
// Older versions that wait for the end of a comparison. What is more comes when that has ended, and its entity is away until then.
constexpr size_t kMaxBehindBytes = 16 << 20;
}  // namespace

using engine::OwnAccess;
using model::OwnerId;
using model::Version;

// Null while nothing of the circle is to be compared.
Replicator::Comparison* Replicator::comparisonOf(const OwnerId& circle) {
  const store::OwnerRow* own = core_.writer().find(circle);
  const engine::Circles::Circle* member = core_.circles().membership(circle);
  if (!own || !own->replacing || !member) return nullptr;
  auto [at, fresh] = comparing_.try_emplace(circle);
  if (fresh || at->second.number != member->row.passes) {
    at->second = Comparison();
    at->second.number = member->row.passes;
  }
  return &at->second;
}

// `hashes` are what a member has that may write `id`.
void Replicator::confirm(const OwnerId& circle, const std::string& id, const std::vector<ContentHash>& hashes) {
  if (Comparison* comparison = comparisonOf(circle)) comparison->confirmed[id].insert(hashes.begin(), hashes.end());
}

// Whether a member may write all of which this home has a copy that it may only read.
bool Replicator::mayReplace(const Session& session, const Flow& flow) {
  for (uint64_t after = 0;;) {
    std::vector<store::FeedId> page = core_.store().feedIds(flow.owner, after, kFeedPage);
    if (page.empty()) return true;
    for (const store::FeedId& item : page) {
      after = item.sequence;
      if (core_.ownAccess({flow.owner, item.id}) == OwnAccess::kRead && !mayComeFrom(session, flow, item.id)) return false;
    }
  }
}

// Older ones than those that are here, of a member that may write the entity.
void Replicator::keepBehind(const model::Address& address, std::vector<Version> versions) {
  Comparison* comparison = versions.empty() ? nullptr : comparisonOf(address.owner);
  if (!comparison) return;
  for (Version& version : versions) {
    comparison->behind_bytes += sizeof(Version) + version.fields.size();
    if (comparison->behind_bytes <= kMaxBehindBytes) model::join(std::move(version), &comparison->behind[address.id]);
  }
}

void Replicator::finishComparisons() {
  std::vector<OwnerId> circles;
  for (const auto& [circle, comparison] : comparing_) circles.push_back(circle);
  for (const OwnerId& circle : circles) {
    const Comparison* comparison = comparisonOf(circle);
    if (!comparison) {
      comparing_.erase(circle);
      continue;
    }
    bool all = true;
    bool may_replace = false;
    for (auto& [peer, session] : sessions_) {
      const auto side = session.circles.find(circle);
      if (session.closing || side == session.circles.end() || !side->second.flow) continue;
      all = all && side->second.flow->compared == comparison->number;
      may_replace = may_replace || side->second.flow->may_replace;
    }
    if (all && may_replace) dropUnconfirmed(circle, *comparison);
  }
}

void Replicator::dropUnconfirmed(const OwnerId& circle, const Comparison& comparison) {
  auto isConfirmed = [&](const std::string& id, const ContentHash& hash) {
    const auto at = comparison.confirmed.find(id);
    return at != comparison.confirmed.end() && at->second.contains(hash);
  };
  std::vector<store::EntityNumber> unconfirmed;
  for (uint64_t after = 0;;) {
    const std::vector<store::FeedRow> page = core_.store().feedPart(circle, after, kFeedPage, kFeedPageBytes).rows;
    if (page.empty()) break;
    for (const store::FeedRow& row : page) {
      after = row.sequence;
      if (core_.ownAccess({circle, row.id}) != OwnAccess::kRead) continue;
      bool confirmed = true;
      model::scanSiblings(row.siblings, [&](const ContentHash& hash, std::string_view) { confirmed = confirmed && isConfirmed(row.id, hash); });
      if (!confirmed) unconfirmed.push_back(row.n);
    }
  }
  for (store::EntityNumber n : unconfirmed) {
    store::EntityRow row = *core_.store().entity(n);
    std::erase_if(row.siblings, [&](const Version& version) { return !isConfirmed(row.address.id, version.hash); });
    if (auto behind = comparison.behind.find(row.address.id); behind != comparison.behind.end()) {
      for (const Version& version : behind->second) model::join(version, &row.siblings);
    }
    core_.replace(row.address, row.kind, row.siblings);
  }
  for (const store::HeldRow& held : core_.store().heldNames(std::nullopt, SIZE_MAX >> 1)) {
    if (!(held.address.owner == circle) || core_.ownAccess(held.address) != OwnAccess::kRead) continue;
    if (!isConfirmed(held.address.id, held.hash)) dropHeld(held);
  }
  store::OwnerRow& own = core_.writer().owner(circle);
  own.replacing = false;
  core_.writer().changed(own);
  core_.circles().passEnded(circle, true);
  comparing_.erase(circle);
}

}  // namespace hearthgate::sync
