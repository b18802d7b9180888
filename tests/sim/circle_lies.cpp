// What a hostile member does in a run of circles (TRUST.md T13, T16, T17): it writes and reads as others do, and lies now and
// then. Nothing of it may change which charter the others have, make their contents differ or lose what they acknowledged.
#include "base/base32.h"
#include "engine/circle_limits.h"
#include "sim/circle_world.h"
#include "sync/wire.h"

namespace hearthgate::sim {

using engine::Circles;
using trust::Charter;
using trust::CharterProof;

namespace {

// One of so many runs has a hostile member, which lies before so many of a hundred steps.
constexpr uint64_t kHostileEvery = 3;
constexpr unsigned kLiesPercent = 12;

}  // namespace

// Drawn apart from the steps, which are the same without lies. A home that others made keeper may do anything, so it never is.
void CircleWorld::planLies(uint64_t seed) {
  if (seed % kHostileEvery != 1) return;
  hostile_ = 1;
  SeededRandom lies(seed + 4'711);
  for (size_t i = 0; i < steps_.size(); ++i) lies_.push_back(lies.chance(kLiesPercent) ? lies.next() : 0);
}

void CircleWorld::lie(uint64_t r) {
  Home& liar = homes_->home(*hostile_);
  const size_t peer = (*hostile_ + 1 + r / 8 % (homes_->size() - 1)) % homes_->size();
  if (!living(*hostile_) || !living(peer)) return;
  Home& other = homes_->home(peer);
  const Circles::Circle* mine = liar.core().circles().membership(circle_);
  // Straight into the other home, if that listens.
  auto say_to = [&](const std::string& message) {
    if (homes_->network().isOpen(*hostile_, peer)) other.receive(liar.id(), message);
  };
  switch (r % 5) {
    case 0: return forgeCounters(peer, kIds[r / 64 % kIds.size()]);
    case 1: {  // It calls itself the keeper.
      if (!mine) return;
      say("  lie: a charter of its own");
      CharterProof proof = *mine->proof;
      Charter next = trust::nextCharter(proof.current());
      next.keeper = liar.id();
      next.hand_overs += r / 64 % 3;
      const auto& signer = liar.core().settings().signer;
      proof.chain.push_back({next, {signer.sign(next)}});
      proof.keys[liar.id()] = signer.chain();
      return say_to(encode(sync::CharterMessage{circle_, trust::encodeCharterProof(proof)}));
    }
    case 2:
      say("  lie: a charter of long ago");
      return say_to(encode(sync::CharterMessage{circle_, first_proof_}));
    case 3: {  // A vote in the name of another member.
      if (!mine || !mine->charter()->member(other.id())) return;
      say("  lie: a vote of " + other.name());
      CharterProof proof = *mine->proof;
      Charter next = trust::nextCharter(proof.current());
      next.keeper = liar.id();
      ++next.hand_overs;
      trust::CharterSignature forged = liar.core().settings().signer.sign(next);
      forged.home = other.id();
      proof.chain.push_back({next, {forged}});
      proof.keys[other.id()] = other.core().settings().signer.chain();
      engine::WriteOrder order;
      order.address = of(engine::kWishPrefix + std::to_string(r / 64 % 8));
      order.kind = engine::kWishKind;
      order.fields = *model::parseJson(R"({"op":"keeper","home":")" + liar.id().text() + R"(","vote":")" +
                                           base32(trust::encodeCharterProof(proof)) + "\"}", 8);
      (void)liar.write(order);  // refused where its vector is full
      return;
    }
    default: {  // Of itself and of circles that are none.
      say("  lie: it has left, and calls to nowhere");
      sync::CirclesMessage message;
      if (r / 64 % 4 == 0) message.replies.push_back({circle_, 0, false});
      auto nowhere = *model::OwnerId::fromBytes("somewhere else" + std::string(1, static_cast<char>(r / 64 % 4)) + "!");
      message.invitations.push_back({nowhere, "elsewhere", r % 2 ? engine::kCalledBackMs : int64_t{1'900'000'000'000}});
      message.known.push_back({nowhere, {}});
      return say_to(encode(message));
    }
  }
}

// Over a version that says the same as before, it claims to have seen more of another member than there is.
void CircleWorld::forgeCounters(size_t peer, const std::string& id) {
  Home& liar = homes_->home(*hostile_);
  const store::OwnerRow* own = homes_->home(peer).core().writer().find(circle_);
  if (!own || !own->replica || !charterOf(*hostile_)) return;
  auto row = liar.store().entity(of(id));
  if (!row || row->siblings.empty() || row->siblings.front().dot.replica == *own->replica) return;
  say("  lie: counters of " + homes_->home(peer).name() + " in " + id);
  forged_.insert(*own->replica);
  const ContentHash before = row->siblings.front().hash;
  writing_ = true;
  liar.commit([&] {
    model::Version& version = row->siblings.front();
    version.vector.raise(*own->replica, version.vector.at(*own->replica) + 1'000);
    version.hash = model::contentHash(row->address, version);
    row->sequence = liar.core().writer().nextSequence();
    liar.store().putEntity(&*row);
    (void)ledger_.adopt(version.hash, before);
  });
  writing_ = false;
}

// What people do about it once they know: its keeper removes it, and the others have taken nothing of it that matters.
void CircleWorld::castOut() {
  if (!hostile_ || !living(*hostile_)) return;
  const Charter* charter = best();
  const size_t keeper = charter ? homes_->indexOf(charter->keeper) : 0;
  if (charter && living(keeper)) {
    Home& home = homes_->home(keeper);
    (void)home.circles<Status>([&](Circles& circles) { return circles.insist(circle_); });
    auto done = home.circles<Result<bool>>([&](Circles& circles) { return circles.remove(circle_, homes_->home(*hostile_).id()); });
    say(std::string("the hostile member is cast out: ") + (done.ok() ? "done" : done.error().code));
  }
  homes_->cutOff(*hostile_);
  machines_[*hostile_].lost = true;
}

}  // namespace hearthgate::sim
