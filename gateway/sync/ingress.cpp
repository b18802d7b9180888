#include "sync/ingress.h"

#include <algorithm>

#include "model/limits.h"
#include "sync/tuning.h"

namespace hearthgate::sync {

namespace {
Judgement join() { return {Verdict::kJoin, false, ""}; }
Judgement covered() { return {Verdict::kJoin, true, ""}; }
Judgement hold(std::string reason) { return {Verdict::kHold, false, std::move(reason)}; }
Judgement refuse(std::string reason) { return {Verdict::kRefuse, false, std::move(reason)}; }

// Not less than a version takes among siblings that are stored or sent (model/codec.cpp).
size_t bytesOf(const model::Version& version) {
  return 128 + version.kind.size() + version.fields.size() + 13 * version.vector.size() +
         15 * version.leaf_dots.size() + 15 * version.dot_stamps.size();
}

// Whether one of these is the same or was written over it: of several together, or with the same vector, it stands beside them.
bool isCovered(const model::Version& version, const model::Siblings& siblings) {
  return std::any_of(siblings.begin(), siblings.end(), [&](const model::Version& there) {
    return there.hash == version.hash || model::dominates(there, version);
  });
}

// Whether an entity with these siblings and `version` can still be sent whole.
bool fits(const model::Version& version, const model::Siblings& siblings) {
  size_t count = 1;
  size_t bytes = bytesOf(version);
  for (const model::Version& there : siblings) {
    if (there.hash == version.hash || model::dominates(there, version)) return true;
    if (model::dominates(version, there)) continue;
    ++count;
    bytes += bytesOf(there);
  }
  return count == 1 || (count <= model::kMaxSiblings && bytes <= kMaxSiblingBytes);
}
}  // namespace

bool Ingress::drifts(const model::Version& version) {
  return core_.clock().synchronised() &&
         model::latestStampMs(version) > core_.clock().wallMs() + core_.settings().max_clock_drift_ms;
}

Judgement Ingress::judge(const HomeId& sender, const model::Address& address, const model::Version& version,
                         const model::Siblings& siblings) {
  if (address.owner == core_.me()) return judgeAsOwner(sender, address, version, siblings);
  if (address.owner.isCircle()) return judgeInCircle(sender, address, version, siblings);
  // Everyone else accepts from the owner alone; that the sender is it was checked with the batch.
  if (isCovered(version, siblings)) return covered();
  const store::OwnerRow* own = core_.writer().find(address.owner);
  if (own && own->replica && version.vector.at(*own->replica) > own->counter) {
    return refuse("it names a write of ours that we did not make");
  }
  if (drifts(version)) return hold(kDrift);
  return joinIfRoom(address, version, siblings);
}

// From any member that may write it by the charter known here, whoever wrote it (TRUST.md T13).
Judgement Ingress::judgeInCircle(const HomeId& sender, const model::Address& address, const model::Version& version,
                                 const model::Siblings& siblings) {
  engine::Circles& circles = core_.circles();
  if (circles.accessOf(address.owner, sender, address.id) != model::Access::kWrite) {
    return refuse("this member may not write it");
  }
  if (isCovered(version, siblings)) return covered();
  const store::OwnerRow* own = core_.writer().find(address.owner);
  if (own && own->replica && version.vector.at(*own->replica) > own->counter) {
    return refuse("it names a write of ours that we did not make");
  }
  if (circles.distrusts(address.owner, sender)) return hold(kDistrusted);
  for (const auto& entry : version.vector.entries()) {
    if (entry.counter <= model::kMaxCounterJump) continue;
    if (entry.counter > core_.store().seen(address.owner, entry.replica) + model::kMaxCounterJump) return hold("counter jump");
  }
  if (drifts(version)) return hold(kDrift);
  return joinIfRoom(address, version, siblings);
}

Judgement Ingress::joinIfRoom(const model::Address& address, const model::Version& version,
                              const model::Siblings& siblings) {
  // T18: what is here already may change; more of it has to wait.
  if (siblings.empty() && core_.quotaReached(address.owner)) return hold(kQuota);
  return fits(version, siblings) ? join() : hold(kManySiblings);
}

Judgement Ingress::judgeAsOwner(const HomeId& sender, const model::Address& address, const model::Version& version,
                                const model::Siblings& siblings) {
  if (core_.accessFor(sender, address.id) == model::Access::kNone) return refuse("this home may not read it");
  // What passed through us once is taken back from anybody who may read (DESIGN.md section 2, rule 8).
  if (version.tag) return fits(version, siblings) ? join() : hold(kManySiblings);
  if (isCovered(version, siblings)) return covered();
  model::Vector seen = model::joinedVector(siblings);
  const store::OwnerRow& own = core_.writer().owner(address.owner);
  if (version.author == core_.settings().home) {
    if (own.replica && version.dot.replica == *own.replica) return refuse("it claims to be a write of ours");
    if (version.dot.counter <= core_.writer().issued(address.owner, version.dot.replica)) {
      return refuse("it claims to be a former write of ours without our tag");
    }
    return refuse("it claims our authorship without our tag");
  }
  if (core_.accessFor(sender, address.id) != model::Access::kWrite) return refuse("this home may not write it");
  if (version.author != sender) return refuse("its author is another home");
  if (core_.store().toldBy(address.owner, version.dot.replica) != sender) {
    return refuse("its replica id was not told by its author");
  }
  if (own.replica && version.vector.at(*own.replica) > own.counter) {
    return refuse("it names a write of ours that we did not make");
  }
  // T12: whoever comes back with a restored folder waits for a person, as what goes out does.
  if (own.hold) return hold(kRestored);
  for (const auto& entry : version.vector.entries()) {
    if (entry.counter <= seen.at(entry.replica)) continue;
    if (core_.store().toldBy(address.owner, entry.replica) != sender) return hold("unseen history");
    uint64_t known = core_.store().seen(address.owner, entry.replica);
    if (entry.counter > known + model::kMaxCounterJump) return hold("counter jump");
  }
  if (drifts(version)) return hold(kDrift);
  return joinIfRoom(address, version, siblings);
}

}  // namespace hearthgate::sync
