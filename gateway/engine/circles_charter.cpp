// Charters: made by this home as keeper, shown by others, and what it means when one comes into force.
#include <algorithm>

#include "engine/circles.h"
#include "engine/core.h"
#include "trust/tuning.h"

namespace hearthgate::engine {

using model::OwnerId;
using store::CircleState;
using trust::Charter;
using trust::CharterProof;
using trust::SignedCharter;

namespace {

bool changesKeeper(const std::vector<SignedCharter>& chain, size_t at) {
  return at == 0 || chain[at].charter.hand_overs != chain[at - 1].charter.hand_overs;
}

// Whether a member other than `me` perhaps may write less than before.
bool takesAway(const Charter& before, const Charter& now, const HomeId& me) {
  if (before.lists != now.lists || !(before.keeper == now.keeper)) return true;
  return std::any_of(before.members.begin(), before.members.end(),
                     [&](const Charter::Member& one) { return !(one.home == me) && !now.member(one.home); });
}

// `proof` led on by `next`. What stood last goes when nothing rests on it.
CharterProof ledOn(CharterProof proof, SignedCharter next) {
  if (!proof.chain.empty() && !changesKeeper(proof.chain, proof.chain.size() - 1)) proof.chain.pop_back();
  proof.chain.push_back(std::move(next));
  std::set<HomeId> signers;
  for (const SignedCharter& one : proof.chain) {
    for (const trust::CharterSignature& signature : one.signatures) signers.insert(signature.home);
  }
  std::erase_if(proof.keys, [&](const auto& entry) { return !signers.contains(entry.first); });
  return proof;
}

}  // namespace

CharterSigner signerOf(const trust::Identity& identity) {
  CharterSigner signer;
  signer.sign = [identity](const Charter& charter) {
    auto keys = identity.keys();
    return trust::signCharter(charter, identity.home(), keys->chain.back().epoch, keys->present.key);
  };
  signer.chain = [identity] { return identity.chain(); };
  return signer;
}

Status Circles::mayIssue(const Circle& circle) {
  if (!circle.row.needs_pass) return {};
  return stateError("circle_needs_pass", "This home was restored and does not know yet what became of " + circle.row.name +
                                             "; connect another member first, or insist.");
}

Status Circles::issue(Circle& circle, Charter next) {
  const CharterSigner& signer = core_.settings().signer;
  SignedCharter made{next, {signer.sign(next)}};
  CharterProof proof = ledOn(circle.proof.value_or(CharterProof{}), std::move(made));
  proof.keys[me()] = signer.chain();
  if (proof.chain.size() > trust::kMaxCharterChain || trust::encodeCharterProof(proof).size() > trust::kMaxCharterBytes) {
    return stateError("circle_full", "The charter of " + circle.row.name + " has grown to the most that other homes read; found a new circle.");
  }
  core_.audit("system", "circle.charter", circle.row.id.text(), "number " + std::to_string(next.number));
  adopt(circle, std::move(proof));
  return {};
}

std::map<HomeId, trust::KeyChain> Circles::knownKeys(const CharterProof& proof) {
  std::map<HomeId, trust::KeyChain> known;
  for (const auto& [home, chain] : proof.keys) {
    if (home == me()) {
      known.emplace(home, core_.settings().signer.chain());
    } else if (auto peer = core_.store().peer(home)) {
      auto pinned = trust::decodeChain(peer->statements);
      if (pinned.ok()) known.emplace(home, std::move(*pinned));
    }
  }
  return known;
}

Status Circles::meet(const OwnerId& id, std::string_view bytes) {
  Circle* circle = find(id);
  const bool wanted = circle && (circle->row.state == CircleState::kAccepted || circle->row.state == CircleState::kMember);
  if (!wanted) return {};
  if (bytes == circle->row.proof) return {};
  HG_TRY(CharterProof proof, trust::decodeCharterProof(bytes));
  std::map<HomeId, trust::KeyChain> known = knownKeys(proof);
  HG_CHECK(core_.settings().signer.verify(id, proof, known));
  const Charter& charter = proof.current();
  const trust::CharterHash hash = charter.hash();
  if (trust::signedWithFormerKey(proof, known)) {
    // Its signer signs it again as soon as it is linked.
    return trustError("charter_former_key", "the charter of a circle is signed with a key that was replaced since");
  }
  if (!circle->proof) {
    if (charter.member(me())) adopt(*circle, std::move(proof));
    return {};
  }
  if (hash == circle->hash) {
    // The same under newer keys.
    circle->row.proof = bytes;
    circle->proof = std::move(proof);
    put(*circle);
    return {};
  }
  const Charter mine = *circle->charter();
  const bool newer = trust::rankOf(mine) < trust::rankOf(charter);
  // Of a keeper's own that it knows nothing of: another life of it went on from one before (T17).
  const bool fork = charter.keeper == me() && mine.keeper == me() && !core_.store().knowsCharter(id, hash.view()) &&
                    charter.previous != circle->hash && !circle->row.needs_pass;
  if (newer) {
    adopt(*circle, std::move(proof));
  } else {
    core_.store().putCharter(id, hash.view());
  }
  if (!fork) return {};
  core_.event("attention", "{\"code\":\"charter_forked\",\"circle\":\"" + id.text() + "\"}");
  return issue(*circle, trust::leastOfBoth(mine, charter));
}

void Circles::adopt(Circle& circle, CharterProof proof) {
  const std::optional<CharterProof> before = std::exchange(circle.proof, std::move(proof));
  const Charter& charter = circle.proof->current();
  const OwnerId id = circle.row.id;
  circle.hash = charter.hash();
  circle.row.proof = trust::encodeCharterProof(*circle.proof);
  circle.row.name = charter.name;
  core_.store().putCharter(id, circle.hash.view());
  if (!charter.member(me())) return leaveBehind(circle);
  circle.row.state = CircleState::kMember;
  put(circle);
  for (const Charter::Member& member : charter.members) {
    core_.store().removeCircleGuest(id, member.home);
    if (circle.removed.erase(member.home) > 0) core_.store().putCircleRemoved(id, member.home, "");
  }
  if (before) {
    for (const Charter::Member& member : before->current().members) {
      if (charter.member(member.home)) continue;
      circle.removed[member.home] = circle.row.proof;
      core_.store().putCircleRemoved(id, member.home, circle.row.proof);
      core_.store().removeCursor(member.home, id);
    }
  }
  enforce(circle);
  if (before && takesAway(before->current(), charter, me())) compareAnew(id);
  wishes_changed_.insert(id);
  tell(id, before ? "charter" : "joined", ",\"number\":" + std::to_string(charter.number));
}

// Access and strategies of this home follow, as rules of an owner do.
void Circles::enforce(Circle& circle) {
  circle.access = accessBy(*circle.charter());
  model::Rules rules = circle.access.at(me()).rules();
  const model::Rules* known = core_.rulesFrom(circle.row.id);
  if (known && known->sameRows(rules)) return;
  rules.number = known ? known->number + 1 : 1;
  core_.receiveRules(circle.row.id, rules);
  // Who may write all that is here again has nothing to be replaced.
  store::OwnerRow& own = core_.writer().owner(circle.row.id);
  if (!own.replacing) return;
  if (core_.holdsCopies(circle.row.id)) return compareAnew(circle.row.id);
  own.replacing = false;
  core_.writer().changed(own);
}

// What a member had sent here and not yet to those who may write would stay here alone, and nobody could ever write over it.
// All are told to begin anew by another mark (markFor()).
void Circles::compareAnew(const OwnerId& id) {
  Circle* circle = find(id);
  if (!circle || !circle->proof || !core_.holdsCopies(id)) return;
  store::OwnerRow& own = core_.writer().owner(id);
  own.replacing = true;
  core_.writer().changed(own);
  ++circle->row.passes;
  put(*circle);
}

// This home is no longer in it: content goes, stubs stay.
void Circles::leaveBehind(Circle& circle) {
  const OwnerId id = circle.row.id;
  if (circle.proof && !circle.charter()->member(me())) {
    // Shown to who takes this home for a member by an older one, perhaps since it went back to before it.
    circle.removed[me()] = circle.row.proof;
    core_.store().putCircleRemoved(id, me(), circle.row.proof);
  }
  circle.row.state = CircleState::kGone;
  circle.row.proof.clear();
  circle.row.until_ms = 0;
  circle.row.inviter.reset();
  circle.access.clear();
  for (const store::CircleGuest& guest : guests(id)) core_.store().removeCircleGuest(id, guest.home);
  put(circle);
  tell(id, "left");
  const model::Rules* known = core_.rulesFrom(id);
  model::Rules none;
  none.number = known ? known->number + 1 : 1;
  core_.receiveRules(id, none);  // while it is known who the members are: what they have taken is nothing refused
  core_.store().removeCursors(id);
  circle.proof.reset();
}

void Circles::signAgain() {
  if (circles_.empty()) return;
  const CharterSigner& signer = core_.settings().signer;
  const trust::KeyChain chain = signer.chain();
  for (auto& [id, circle] : circles_) {
    if (!circle.proof) continue;
    bool signed_again = false;
    for (SignedCharter& one : circle.proof->chain) {
      for (trust::CharterSignature& signature : one.signatures) {
        if (signature.home != me() || signature.epoch == chain.back().epoch) continue;
        signature = signer.sign(one.charter);
        signed_again = true;
      }
    }
    if (!signed_again) continue;
    circle.proof->keys[me()] = chain;
    circle.row.proof = trust::encodeCharterProof(*circle.proof);
    put(circle);
  }
}

Result<bool> Circles::addMember(Circle& circle, const HomeId& home, const std::string& name) {
  HG_CHECK(mayIssue(circle));
  Charter next = trust::nextCharter(*circle.charter());
  if (next.member(home)) return false;
  if (next.members.size() >= trust::kMaxCircleMembers) return stateError("circle_full", circle.row.name + " has as many members as a circle takes.");
  next.members.push_back({home, name});
  std::sort(next.members.begin(), next.members.end(), [](const auto& a, const auto& b) { return a.home < b.home; });
  HG_CHECK(issue(circle, std::move(next)));
  return true;
}

}  // namespace hearthgate::engine
