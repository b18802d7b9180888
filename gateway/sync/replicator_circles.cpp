// Circles between two homes: which charter each has, invitations and answers, and a circle's entities, which go both ways
// between any two members (DESIGN.md section 3). What a home wrote itself it sends whole; what others wrote it offers as a
// digest, so that of many who are linked to each other one sends it.
#include <algorithm>

#include "engine/circle_limits.h"
#include "engine/tuning.h"
#include "model/codec.h"
#include "sync/replicator.h"

namespace hearthgate::sync {

using engine::Circles;
using model::OwnerId;
using trust::CharterHash;

CirclesMessage Replicator::circlesFor(Session& session) {
  CirclesMessage message;
  Circles& circles = core_.circles();
  message.invitations = circles.invitationsFor(session.peer);
  message.replies = circles.repliesFor(session.peer);
  for (const auto& [id, side] : session.circles) {
    // Who takes this home for a member still, perhaps because it has forgotten, hears that it is none.
    const auto circle = circles.all().find(id);
    const bool gone = circle != circles.all().end() && circle->second.row.state == store::CircleState::kGone;
    if (gone && side.theirs && *side.theirs != CharterHash{} && message.replies.size() < engine::kMaxCircles) message.replies.push_back({id, 0, false});
  }
  for (const auto& [id, circle] : circles.all()) {
    if (circles.isMember(id, session.peer)) {
      message.known.push_back({id, circle.hash});
      // Its folder may be older than its membership: its person is asked again.
      auto side = session.circles.find(id);
      const bool silent = session.circles_heard && (side == session.circles.end() || !side->second.theirs);
      if (silent && message.invitations.size() < engine::kMaxCircles) message.invitations.push_back({id, circle.row.name, engine::kCalledBackMs});
    } else if (circle.row.state == store::CircleState::kAccepted) {
      auto side = session.circles.find(id);
      const bool told = side != session.circles.end() && side->second.theirs;
      if (told || circle.row.inviter == session.peer) message.known.push_back({id, CharterHash{}});
    }
  }
  return message;
}

void Replicator::tellCircles(Session& session) {
  // The charter goes before its hash: whoever has it does not show the one before.
  for (auto& [id, side] : session.circles) showCharter(session, id, side);
  std::string message = encode(circlesFor(session));
  if (message == session.circles_told) return;
  session.circles_told = message;
  send(session, std::move(message));
}

void Replicator::showCharter(Session& session, const OwnerId& id, CircleSide& side) {
  Circles& circles = core_.circles();
  const auto circle = circles.all().find(id);
  if (circle == circles.all().end() || !side.theirs) return;
  if (circles.isMember(id, session.peer)) {
    if (*side.theirs == circle->second.hash || side.shown == circle->second.row.proof) return;
    side.shown = circle->second.row.proof;
  } else {
    // It is shown the charter that ended its membership, and no later one; also by who has left since, perhaps as the last.
    auto removed = circle->second.removed.find(session.peer);
    if (removed == circle->second.removed.end()) removed = circle->second.removed.find(core_.settings().home);
    if (removed == circle->second.removed.end() || *side.theirs == CharterHash{} || side.shown == removed->second) return;
    side.shown = removed->second;
  }
  send(session, encode(CharterMessage{id, side.shown}));
}

void Replicator::receiveCircles(Session& session, std::string_view text) {
  auto message = decodeCircles(text);
  if (!message.ok()) return closeBroken(session, message.error());
  Circles& circles = core_.circles();
  std::set<OwnerId> known;
  for (const CirclesMessage::Known& one : message->known) known.insert(one.circle);
  circles.invited(session.peer, message->invitations, known);
  for (const CirclesMessage::Known& one : message->known) {
    const auto at = circles.all().find(one.circle);
    if (at == circles.all().end()) continue;
    CircleSide& side = session.circles[one.circle];
    side.theirs = one.charter;
    showCharter(session, one.circle, side);
  }
  for (auto& [id, side] : session.circles) {
    if (!known.contains(id)) side.theirs.reset();
  }
  circles.replied(session.peer, message->replies);
  session.circles_due = session.circles_heard = true;
}

void Replicator::receiveCharter(Session& session, std::string_view text) {
  auto message = decodeCharterMessage(text);
  if (!message.ok()) return closeBroken(session, message.error());
  int64_t now = core_.clock().steadyMs();
  // Signatures are checked on the engine's thread: who shows what does not hold is listened to once a minute.
  auto bad = bad_charters_.find(session.peer);
  if (bad != bad_charters_.end() && now < bad->second + kKeyBudgetMs) return;
  // What others have acknowledged was accepted, should this charter end a membership.
  for (auto& [peer, other] : sessions_) {
    Flow* flow = other.flow(message->circle);
    if (flow && other.ready) savePlace(other, *flow);
  }
  Status met = core_.circles().meet(message->circle, message->proof);
  if (met.ok()) return;
  core_.auditOften(session.peer.text(), "refused", met.error().code, message->circle.text(), met.error().message);
  if (met.error().code != "charter_former_key") bad_charters_[session.peer] = now;
}

void Replicator::receiveCircleHello(Session& session, std::string_view text) {
  auto hello = decodeCircleHello(text);
  if (!hello.ok()) return closeBroken(session, hello.error());
  const auto at = session.circles.find(hello->owner);
  if (at == session.circles.end()) return;
  CircleSide& side = at->second;
  if (side.flow && side.flow->started) return close(session, "protocol", "The other home said hello twice for a circle.");
  if (!side.flow) {
    // Both speak as soon as they know of each other; the flow begins when this side does.
    side.hello = std::move(*hello);
    return;
  }
  receiveOwnerHello(session, *hello);
  if (session.begins_anew) beginAnew(session);
}

// Begins and ends the exchange of a circle's entities as both are members, by the charters that each has.
void Replicator::reviewCircleFlows(Session& session) {
  Circles& circles = core_.circles();
  for (auto& [id, side] : session.circles) {
    bool both = circles.isMember(id, session.peer) && side.theirs && *side.theirs != CharterHash{};
    if (!both) {
      side.flow.reset();
      side.hello.reset();
      continue;
    }
    if (side.flow) {
      if (myNumber(session, *side.flow) != side.flow->rules_number) rulesChanged(session, *side.flow);
      continue;
    }
    const Flow* other = begunElsewhere(session, id);
    if (other && other->first && core_.clock().steadyMs() < other->begun_ms + kFirstPassAloneMs) {
      // Its content comes from there; when all of it has, or so much time is over, this side is compared.
      const int64_t until = other->begun_ms + kFirstPassAloneMs;
      pump_due_ms_ = std::min(until, pump_due_ms_.value_or(until));
      session.circles_due = true;
      continue;
    }
    // What is on its way belongs to an exchange that has ended.
    if (std::exchange(side.had_flow, true)) {
      return end(session, "circle_changed", "The other home left a circle and came back; the link begins anew.");
    }
    Flow& flow = *(side.flow = Flow());  // Not emplace(): clang 14 takes a nested class with defaults for one that has none yet.
    flow.owner = id;
    flow.circle = true;
    flow.first = !other && core_.store().feedEnd(id) == 0;
    flow.begun_ms = core_.clock().steadyMs();
    flow.position_told_ms = core_.clock().steadyMs();
    flow.rules_number = myNumber(session, flow);
    core_.flush();
    send(session, encodeCircleHello(makeOwnerHello(session, id)));
    if (!side.hello) continue;
    receiveOwnerHello(session, *std::exchange(side.hello, std::nullopt));
    if (session.begins_anew) return beginAnew(session);
    if (session.closing) return;
  }
}

// A circle of which nothing is here yet comes from one member, not from each that is linked. Gives the exchange with another
// member that has begun, that one first.
const Replicator::Flow* Replicator::begunElsewhere(const Session& session, const OwnerId& circle) const {
  const Flow* begun = nullptr;
  for (const auto& [peer, other] : sessions_) {
    const auto side = other.circles.find(circle);
    if (peer == session.peer || other.closing || side == other.circles.end() || !side->second.flow) continue;
    if (!begun || side->second.flow->first) begun = &*side->second.flow;
  }
  return begun;
}

void Replicator::pumpCircles() {
  Circles& circles = core_.circles();
  core_.beginChange(core_.settings().home, "", "sync");
  finishComparisons();
  circles.review();
  core_.endChange();
  std::set<OwnerId> changed = circles.takeChanged();
  for (const OwnerId& circle : changed) dropHeldOfCircle(circle);
  for (auto& [peer, session] : sessions_) {
    if (!session.ready || session.closing) continue;
    // Only then: it looks through the rows of the charters, and this runs at the end of every transaction.
    if (!std::exchange(session.circles_due, false) && changed.empty()) continue;
    tellCircles(session);
    reviewCircleFlows(session);
  }
}

// Taking `write` away, or removing a member, drops what is held from that home.
void Replicator::dropHeldOfCircle(const OwnerId& circle) {
  if (!core_.store().anyHeld()) return;
  for (const store::HeldRow& held : core_.store().heldNames(std::nullopt, SIZE_MAX >> 1)) {
    if (!(held.address.owner == circle)) continue;
    if (core_.circles().accessOf(circle, held.home, held.address.id) == model::Access::kWrite) continue;
    dropHeld(held);
    core_.auditRefusal(held.home, "write was taken away", held.address.text());
  }
}

bool Replicator::mayComeFrom(const Session& session, const Flow& flow, const std::string& id) {
  if (!flow.circle) return mayPass(session, flow, id);
  return core_.circles().accessOf(flow.owner, session.peer, id) == model::Access::kWrite;
}

// Up to where everything is sent that the other home does not have: what is offered as a digest and not answered, or wanted
// and not sent, ends it.
uint64_t Replicator::settledUpTo(const Flow& flow) {
  return flow.announced.empty() ? flow.sent : std::min(flow.sent, flow.announced.begin()->first - 1);
}

bool Replicator::sendGossip(Session& session, Flow& flow) {
  if (!flow.wanted.empty()) return sendWanted(session, flow);
  if (!flow.to_announce.empty() && announce(session, flow)) return true;
  uint64_t head = core_.writer().head().sequence;
  if (flow.sent >= core_.store().feedEnd(flow.owner)) return false;
  if (flow.sent >= flow.round.end && !beginRound(flow, head)) return false;
  Batch batch;
  InFlight flight;
  size_t bytes = 0;
  bool uncompressed = false;
  bool exhausted = true;
  FeedView page = feedPage(flow.owner, flow.sent, kInFlightBytes - flow.in_flight_bytes + kBatchBytes);
  for (const store::FeedRow& row : page.rows) {
    bool apart = settings_.uncompressed_kinds.contains(row.kind);
    bool full = bytes >= kBatchBytes || batch.items.size() >= kBatchItems || (!batch.items.empty() && apart != uncompressed);
    if (full || row.sequence > flow.round.end) {
      if (row.sequence > flow.round.end) flow.sent = flow.round.end;
      exhausted = false;
      break;
    }
    flow.sent = row.sequence;
    ++flow.round.rows;
    bool passes = !row.siblings.empty() && mayPass(session, flow, row.id) && !isThere(flow, row, nullptr);
    bool backlog = row.sequence <= flow.pass_end;
    if (passes && !backlog && isOwnWrite(row)) {
      if (addContent(session, flow, row, false, &batch, &flight, &bytes)) uncompressed = apart;
    } else if (passes) {
      if (flow.to_announce.empty()) flow.announce_at_ms = core_.clock().steadyMs() + (backlog ? 0 : kAnnounceAfterMs);
      flow.to_announce.push_back(row.sequence);
      flow.announced.emplace(row.sequence, row.n);
      continue;  // What the peer is known to have of it still counts.
    }
    flow.peer_has.erase(row.n);
  }
  exhausted = exhausted && page.last;
  if (exhausted) flow.sent = std::max(flow.sent, head);
  if (!flow.to_announce.empty()) pump_due_ms_ = std::min(flow.announce_at_ms, pump_due_ms_.value_or(flow.announce_at_ms));
  if (batch.items.empty()) return !exhausted || (!flow.to_announce.empty() && core_.clock().steadyMs() >= flow.announce_at_ms);
  batch.upto = settledUpTo(flow);
  sendBatch(session, flow, std::move(batch), std::move(flight), uncompressed);
  return true;
}

bool Replicator::isOwnWrite(const store::FeedRow& row) {
  bool own = false;
  model::scanSiblings(row.siblings, [&](const ContentHash& hash, std::string_view encoded) {
    if (own) return;
    auto version = model::decodeVersion(encoded, hash, row.kind, core_.store());
    own = version.ok() && version->author == core_.settings().home;
  });
  return own;
}

// Whether the peer is known to have all of it.
bool Replicator::isThere(const Flow& flow, const store::FeedRow& row, std::vector<ContentHash>* hashes) {
  auto known = flow.peer_has.find(row.n);
  bool there = known != flow.peer_has.end();
  model::scanSiblings(row.siblings, [&](const ContentHash& hash, std::string_view) {
    if (hashes) hashes->push_back(hash);
    there = there && std::find(known->second.begin(), known->second.end(), hash) != known->second.end();
  });
  return there;
}

// Offers what others wrote, when its time has come. True when something was sent.
bool Replicator::announce(Session& session, Flow& flow) {
  if (core_.clock().steadyMs() < flow.announce_at_ms) {
    pump_due_ms_ = std::min(flow.announce_at_ms, pump_due_ms_.value_or(flow.announce_at_ms));
    return false;
  }
  Batch batch;
  InFlight flight;
  while (!flow.to_announce.empty() && batch.items.size() < kBatchItems) {
    uint64_t sequence = flow.to_announce.front();
    flow.to_announce.pop_front();
    store::EntityNumber n = flow.announced.at(sequence);
    auto row = core_.store().feedRow(n);
    std::vector<ContentHash> hashes;
    // Written again since, it stands further on in the feed.
    bool stands = row && row->sequence == sequence && !row->siblings.empty() && mayPass(session, flow, row->id);
    if (!stands || isThere(flow, *row, &hashes)) {
      flow.announced.erase(sequence);
      if (stands) flow.peer_has.erase(n);
      continue;
    }
    batch.items.push_back({row->id, "", {}, digestOf(hashes)});
    flight.items.push_back(n);
    flight.announced.push_back(sequence);
  }
  if (batch.items.empty()) return false;
  batch.digest = true;
  flight.digest = true;
  sendBatch(session, flow, std::move(batch), std::move(flight), false);
  return true;
}

// An answer to what was offered outside of a pass.
void Replicator::answeredOffer(Flow& flow, const InFlight& flight, const std::vector<uint32_t>& wants) {
  if (flight.turn != flow.turn) return;
  std::set<uint32_t> wanted(wants.begin(), wants.end());
  for (uint32_t i = 0; i < flight.announced.size(); ++i) {
    if (!wanted.contains(i)) {
      flow.announced.erase(flight.announced[i]);
      continue;
    }
    store::EntityNumber n = flight.items[i];
    flow.owed[n].push_back(flight.announced[i]);
    if (flow.wanted_set.insert(n).second) flow.wanted.push_back(n);
  }
}

}  // namespace hearthgate::sync
