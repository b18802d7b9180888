// How a link begins: what each side says of both owners, whether cursors hold, and rules that change later.
#include <algorithm>

#include "base/utf8.h"
#include "sync/replicator.h"

namespace hearthgate::sync {

namespace {
std::optional<model::Stamp> stampOf(const model::Version& version, const model::Dot& dot) {
  if (version.dot == dot) return version.stamp;
  const auto& stamps = version.dot_stamps;
  auto at = std::lower_bound(stamps.begin(), stamps.end(), dot,
                             [](const auto& entry, const model::Dot& wanted) { return entry.dot < wanted; });
  return at != stamps.end() && at->dot == dot ? std::optional(at->stamp) : std::nullopt;
}

// Writes of which both versions keep something and that are not the same write: a write has one stamp.
std::vector<model::Dot> differingDots(const model::Version& a, const model::Version& b) {
  std::vector<model::Dot> differing;
  if (a.hash == b.hash) return differing;
  auto look = [&](const model::Dot& dot, const model::Stamp& stamp) {
    auto there = stampOf(b, dot);
    if (there && *there != stamp) differing.push_back(dot);
  };
  if (a.dot == b.dot) {
    differing.push_back(a.dot);
  } else {
    look(a.dot, a.stamp);
  }
  for (const auto& entry : a.dot_stamps) look(entry.dot, entry.stamp);
  return differing;
}
}  // namespace

uint64_t Replicator::myNumber(const Session& session, const Flow& flow) {
  if (flow.circle) return core_.circles().markFor(flow.owner, core_.settings().home, session.peer);
  const model::Rules* rules = flow.mine ? core_.rulesFor(session.peer) : core_.rulesFrom(flow.owner);
  return rules ? rules->number : 0;
}

OwnerHello Replicator::makeOwnerHello(Session& session, const model::OwnerId& owner) {
  store::Store& store = core_.store();
  store::OwnerRow& row = core_.writer().owner(owner);
  bool mine = owner == core_.me();
  bool circle = owner.isCircle();
  OwnerHello hello;
  hello.owner = owner;
  hello.epoch = row.epoch;
  hello.sequence = core_.writer().head().sequence;
  hello.has_content = store.feedEnd(owner) > 0;
  // Until a replacing pass has ended, no cursor is told for that owner (DESIGN.md section 3).
  auto cursor = store.cursor(session.peer, owner);
  const engine::Circles::Circle* of_circle = circle ? core_.circles().membership(owner) : nullptr;
  if (!row.replacing && !(of_circle && of_circle->row.needs_pass)) hello.cursor = cursor;
  // Where its content came from is told in any case: the peer may not remember that it was there.
  if (cursor) hello.places.push_back({cursor->epoch, cursor->sequence});
  if (auto place = store.peerFeed(session.peer, owner)) hello.places.push_back(*place);
  const model::Rules* rules = mine ? core_.rulesFor(session.peer) : core_.rulesFrom(owner);
  if (circle) {
    hello.rules.number = myNumber(session, *session.flow(owner));
  } else if (rules) {
    hello.rules = *rules;
  }
  if (row.replica) hello.replicas.push_back(*row.replica);
  for (const store::OwnReplica& former : store.ownReplicas(owner)) {
    if (hello.replicas.size() < kMaxToldReplicas) hello.replicas.push_back(former.replica);
  }
  hello.seen = store.seen(owner, session.peer);
  if (!mine && !circle) return hello;
  hello.doubted = store.doubted(owner, session.peer);
  // The peer perhaps: a restored owner takes its writes back from others before it knows its replica ids. Who knows none
  // of them passes them over.
  for (const auto& [replica, counter] : store.seenOfNobody(owner, kMaxToldOfNobody)) {
    if (row.replica != replica) hello.seen.emplace_back(replica, counter);
  }
  return hello;
}

Hello Replicator::makeHello(Session& session) {
  core_.flush();  // What was seen in this very transaction is told too.
  Hello hello;
  hello.protocol_min = kProtocolMin;
  hello.protocol_max = kProtocolMax;
  hello.home = core_.settings().home;
  hello.name = settings_.name;
  hello.incarnation = settings_.incarnation;
  hello.clock_ms = core_.clock().wallMs();
  hello.addresses = settings_.addresses;
  hello.statements = settings_.statements;
  for (const model::OwnerId& owner : {core_.me(), session.theirs.owner}) {
    hello.owners.push_back(makeOwnerHello(session, owner));
  }
  return hello;
}

void Replicator::receiveHello(Session& session, std::string_view message) {
  auto hello = decodeHello(message);
  if (!hello.ok()) return closeBroken(session, hello.error());
  if (session.ready) return close(session, "protocol", "The other home said hello twice.");
  if (hello->home != session.peer) {
    return close(session, "identity", "The other home claims an id that is not the one of its key; pair it again.");
  }
  if (hello->protocol_min > kProtocolMax || hello->protocol_max < kProtocolMin) {
    return close(session, "protocol_version", "The two homes speak no common version of the protocol; update the older one.");
  }
  auto known = core_.store().peer(session.peer);
  if (known && hello->incarnation < known->incarnation) {
    send(session, encode(Bye{"superseded", "A newer copy of this home was seen; two machines share one identity."}));
    return close(session, "superseded", "An older copy of this home tried to connect; two machines share one identity.");
  }
  hello->name = displayName(hello->name);
  session.clock_offset_ms = clockOffset(hello->clock_ms, core_.clock().wallMs());
  session.ready = true;
  core_.circles().linked(session.peer, true);
  if (introduced_) introduced_(session.peer, *hello);
  if (session.closing) return;
  tellHeld(session, true);
  askHeld(session);
  for (const OwnerHello& owner : hello->owners) {
    if (owner.owner.isCircle() || !session.flow(owner.owner)) continue;  // An unknown owner is nobody's here.
    receiveOwnerHello(session, owner);
  }
  if (session.begins_anew) beginAnew(session);
}

void Replicator::takeReplicas(Session& session, const model::OwnerId& owner, const std::vector<ReplicaId>& replicas) {
  std::optional<uint64_t> told;
  for (const ReplicaId& replica : replicas) {
    // Nobody may claim an id under which this home writes or wrote.
    if (core_.writer().isMine(owner, replica) || core_.store().toldBy(owner, replica)) continue;
    if (!told) told = core_.store().toldCount(owner, session.peer);
    if (*told >= kMaxToldReplicas) {
      return close(session, "protocol", "The other home told more replica ids as its own than any home draws.");
    }
    core_.store().putToldReplica(owner, replica, session.peer);
    ++*told;
  }
}

// A home that was copied back runs on an older state of itself, and others know its other life (rule 8). They show it by
// counters of ours that we never told, and by a place in our feed that we never gave. What was told is kept with each
// commit, so that restarts, and a copy that has written as much again, change nothing about it.
void Replicator::lookForAnotherLife(Session& session, const OwnerHello& hello) {
  engine::OwnWriter& writer = core_.writer();
  std::set<ReplicaId> doubted;
  engine::Core::Shared shared;
  for (const auto& [replica, counter] : hello.seen) {
    if (writer.wasNeverTold(hello.owner, {replica, counter})) doubted.insert(replica);
  }
  bool feed_differs = false;
  const store::OwnerRow& own = writer.owner(hello.owner);
  std::map<ReplicaId, uint64_t> partings = writer.partings(hello.owner);
  for (const store::FeedPlace& place : hello.places) {
    auto start = writer.startThatSkipped(hello.owner, place.sequence);
    bool current = place.epoch == own.epoch;
    // A known restore or power cut began another epoch since: only what was written between a copy's start and that
    // collides.
    if (!current && !(start && start->replica)) continue;
    if (!start && place.sequence <= writer.head().sequence) continue;
    if (start && start->replica) {
      auto known = partings.find(*start->replica);
      if (!current && known != partings.end() && known->second <= start->counter) continue;
      auto [at, fresh] = shared.try_emplace(*start->replica, start->counter);
      at->second = std::min(at->second, start->counter);
    }
    if (!current) {
      doubted.insert(*start->replica);
      continue;
    }
    feed_differs = true;
    if (own.replica) doubted.insert(*own.replica);
  }
  for (const auto& [replica, counter] : hello.doubted) {
    // An owner knows; its readers and writers do not know what it wrote.
    if (hello.owner == core_.me() || !writer.isMine(hello.owner, replica)) continue;
    auto known = partings.find(replica);
    if (known != partings.end() && known->second < counter) continue;
    uint64_t below = writer.startBelow(hello.owner, replica, counter);
    doubted.insert(replica);
    auto [at, fresh] = shared.try_emplace(replica, below);
    at->second = std::min(at->second, below);
  }
  foundAnotherLife(session, hello.owner, feed_differs, doubted, std::move(shared));
}

// The same shown by versions that are vouched for, by our own tag or because their owner sends them: they were held back
// when the hello was made, or came to the other since. Before any of the batch is taken in: what was built on the other
// life would cover what this one wrote under the same counters, and that could not be written again.
void Replicator::lookForAnotherLife(Session& session, const Flow& flow, const Batch& batch,
                                    const std::vector<Decoded>& decoded) {
  engine::OwnWriter& writer = core_.writer();
  std::map<ReplicaId, uint64_t> partings = writer.partings(flow.owner);
  std::set<ReplicaId> doubted;
  engine::Core::Shared shared;
  for (size_t i = 0; i < decoded.size(); ++i) {
    model::Address address{batch.owner, batch.items[i].id};
    if (core_.ownAccess(address) == engine::OwnAccess::kNone) continue;
    std::vector<const model::Version*> back;
    std::optional<store::EntityRow> row;
    bool row_read = false;
    for (const Result<model::Version>& version : decoded[i]) {
      if (!version.ok()) continue;
      bool is_mine = writer.isMine(flow.owner, version->dot.replica);
      bool forgotten = !is_mine && version->author == core_.settings().home;
      bool names_mine = false;
      std::set<ReplicaId> untold;
      for (const auto& [replica, counter] : version->vector.entries()) {
        if (!writer.isMine(flow.owner, replica)) continue;
        names_mine = true;
        // One of ours that this life has not written was not built on what this life wrote after the two parted.
        bool apart = forgotten && !partings.contains(replica) && counter > writer.sharedUpTo(flow.owner, replica);
        if (apart || writer.wasNeverTold(flow.owner, {replica, counter})) untold.insert(replica);
      }
      if (!names_mine) continue;
      if (flow.mine && !version->tag) continue;
      doubted.merge(untold);
      if (flow.mine && is_mine) back.push_back(&*version);
      if (!row_read) row = core_.store().entity(address);
      row_read = true;
      for (const model::Version& here : row ? row->siblings : model::Siblings{}) {
        for (const model::Dot& dot : differingDots(here, *version)) {
          if (!writer.isMine(flow.owner, dot.replica)) continue;
          uint64_t below = writer.startBelow(flow.owner, dot.replica, dot.counter);
          doubted.insert(dot.replica);
          auto [at, fresh] = shared.try_emplace(dot.replica, below);
          at->second = std::min(at->second, below);
        }
      }
    }
    if (!back.empty()) core_.lookForAnotherLife(address, back);
  }
  if (!doubted.empty()) foundAnotherLife(session, flow.owner, false, doubted, std::move(shared));
}

// `doubted` are own replica ids of which others know more than was told; `shared` what is certain already.
void Replicator::foundAnotherLife(Session& session, const model::OwnerId& owner, bool feed_differs,
                                  const std::set<ReplicaId>& doubted, engine::Core::Shared shared) {
  engine::OwnWriter& writer = core_.writer();
  bool matters = feed_differs;
  for (const ReplicaId& replica : doubted) {
    uint64_t up_to = writer.sharedUpTo(owner, replica);
    auto [at, fresh] = shared.try_emplace(replica, up_to);
    at->second = std::min(at->second, up_to);
    // A former replica id of which nothing collides: a restore or power cut that this home knows of.
    matters = matters || writer.owner(owner).replica == replica || writer.issued(owner, replica) > at->second;
  }
  if (!matters) return;
  core_.event("attention", "{\"code\":\"writes_forgotten\",\"home\":\"" + session.peer.text() + "\"}");
  core_.forgotWrites(owner, shared);
  if (owner == core_.me()) return;
  if (owner.isCircle()) {
    core_.circles().forged(owner, session.peer);
    core_.store().removeCursors(owner);
  }
  // The owner still has what this home told it before, and a feed does not send it again. Without a cursor it comes.
  core_.store().removeCursor(session.peer, owner);
  session.begins_anew = true;
}

void Replicator::beginAnew(Session& session) {
  end(session, "another_life", "This home runs from an older state of itself, as the other one shows; the link begins anew.");
}

void Replicator::receiveOwnerHello(Session& session, const OwnerHello& hello) {
  Flow& flow = *session.flow(hello.owner);
  takeReplicas(session, hello.owner, hello.replicas);
  if (session.closing) return;
  lookForAnotherLife(session, hello);
  flow.peer_epoch = hello.epoch;
  flow.peer_has_content = hello.has_content;
  flow.first = flow.first && hello.has_content;
  flow.peer_number = hello.rules.number;
  takeRules(session, flow, hello.rules);
  if (flow.circle) {
    // It perhaps has forgotten what it sent here, and now nobody has who may write it.
    auto known = core_.store().cursor(session.peer, hello.owner);
    if (known && !(known->epoch == hello.epoch)) core_.circles().compareAnew(hello.owner);
  }
  // Whether the peer's place in our feed still means what it meant.
  const store::OwnerRow& now = core_.writer().owner(hello.owner);
  bool holds = hello.cursor && hello.cursor->epoch == now.epoch &&
               hello.cursor->sequence <= core_.writer().head().sequence &&
               hello.cursor->sender_number == myNumber(session, flow) && hello.cursor->receiver_number == flow.peer_number;
  restartSending(session, flow);
  flow.peer_has_content = hello.has_content;
  if (holds) {
    flow.sent = hello.cursor->sequence;
    flow.sequence_told = flow.sent;
    flow.pass = Pass::kNone;
    flow.acked = flow.sent;
    // In a circle, others may have brought there meanwhile what was written here: up to here it is offered first.
    flow.pass_end = flow.circle ? core_.writer().head().sequence : 0;
    // The peer does not know before it is told whether there was anything new.
    flow.position_told_ms = core_.clock().steadyMs() - settings_.full_sync_interval_ms;
  } else if (!hello.cursor || !(hello.cursor->epoch == now.epoch)) {
    core_.store().removePeerPlace(session.peer, hello.owner);
  }
  flow.started = true;
}

void Replicator::takeRules(Session& session, Flow& flow, const model::Rules& rules) {
  if (flow.circle) return;  // What a charter gives is known by the charter.
  if (flow.mine) {
    core_.meetRules(session.peer, rules);
  } else {
    core_.receiveRules(flow.owner, rules);
  }
}

void Replicator::restartSending(Session& session, Flow& flow) {
  flow.sent = 0;
  flow.rules_number = myNumber(session, flow);
  ++flow.turn;
  flow.acked.reset();
  flow.pass = flow.peer_has_content ? Pass::kDigest : Pass::kContent;
  flow.pass_begun = false;
  flow.pass_at = 0;
  flow.pass_end = 0;
  flow.wanted.clear();
  flow.wanted_set.clear();
  flow.announced.clear();
  flow.to_announce.clear();
  flow.owed.clear();
  flow.offered = false;
  flow.held_at = 0;
  flow.held_offered = false;
  flow.peer_offered = false;
  flow.peer_has.clear();
}

// Our number for this pair has changed: the peer is told, and both start over.
void Replicator::rulesChanged(Session& session, Flow& flow) {
  const model::Rules* rules = flow.mine ? core_.rulesFor(session.peer) : core_.rulesFrom(flow.owner);
  if (flow.circle) {
    model::Rules number;
    number.number = myNumber(session, flow);
    send(session, encode(RulesMessage{flow.owner, number}));
  } else {
    send(session, encode(RulesMessage{flow.owner, rules ? *rules : model::Rules{}}));
  }
  if (flow.mine) narrowPlace(session, flow);
  flow.pass_received = false;
  flow.named.clear();
  flow.peer_has_content = true;
  restartSending(session, flow);
}

void Replicator::receiveRules(Session& session, std::string_view message) {
  auto told = decodeRulesMessage(message);
  if (!told.ok()) return closeBroken(session, told.error());
  Flow* flow = session.flow(told->owner);
  if (!flow && told->owner.isCircle()) return;  // This side knows by now that one of the two is no member.
  if (!flow) return close(session, "protocol", "The other home sent rules of an owner that is neither of us.");
  takeRules(session, *flow, told->rules);
  if (flow->peer_number == told->rules.number) return;
  flow->peer_number = told->rules.number;
  flow->pass_received = false;
  flow->named.clear();
  flow->peer_has_content = true;
  restartSending(session, *flow);
}

void Replicator::receiveReplica(Session& session, std::string_view message) {
  auto told = decodeReplicaMessage(message);
  if (!told.ok()) return closeBroken(session, told.error());
  if (session.flow(told->owner)) takeReplicas(session, told->owner, {told->replica});
}

}  // namespace hearthgate::sync
