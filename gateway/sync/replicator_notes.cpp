// What the replicator keeps for `why` and `lag`: how far a peer has acknowledged, what it holds back or has refused, and
// since when its word is old. The engine's thread, inside a transaction.
#include <algorithm>

#include "sync/replicator.h"

namespace hearthgate::sync {

std::optional<uint64_t> Replicator::ackedUpTo(const Flow& flow) {
  if (!flow.started || flow.pass != Pass::kNone || !flow.wanted.empty()) return std::nullopt;
  return flow.in_flight.empty() ? flow.sent : flow.acked;
}

void Replicator::savePlace(Session& session, Flow& flow) {
  auto acked = ackedUpTo(flow);
  if (!acked) return;
  const model::Rules* rules = flow.mine ? core_.rulesFor(session.peer) : core_.rulesFrom(flow.owner);
  const FeedEpoch& epoch = core_.writer().owner(flow.owner).epoch;
  bool same = flow.saved && flow.saved->epoch == epoch && flow.saved->sequence == *acked &&
              flow.saved->remaining == flow.remaining_there && flow.saved->rules.lists == (rules ? rules->lists : model::Rules{}.lists);
  if (same) return;
  store::PeerPlace place{epoch, *acked, {}, flow.remaining_there, core_.clock().wallMs()};
  if (rules) place.rules.lists = rules->lists;
  core_.store().putPeerPlace(session.peer, flow.owner, place);
  flow.saved = std::move(place);
}

void Replicator::savePlaces(Session& session) {
  if (!session.ready) return;
  savePlace(session, session.mine);
  savePlace(session, session.theirs);
}

void Replicator::noteAck(Session& session, Flow& flow, const InFlight& flight, const Ack& ack) {
  if (flight.turn == flow.turn && flight.acknowledges) flow.acked = flight.acknowledges;
  std::set<uint32_t> excepted;
  for (const Ack::Exception& exception : ack.exceptions) {
    if (exception.version >= flight.versions.size()) continue;
    excepted.insert(flight.versions[exception.version].first);
  }
  if (session.has_exceptions) {
    std::set<uint32_t> wants(ack.wants.begin(), ack.wants.end());
    for (uint32_t place = 0; place < flight.items.size(); ++place) {
      if (excepted.contains(place) || (flight.digest && wants.contains(place)) || flight.items[place] == 0) continue;
      auto row = core_.store().feedRow(flight.items[place]);
      if (row) core_.store().removePeerExceptions(session.peer, {flow.owner, row->id});
    }
  }
  for (const Ack::Exception& exception : ack.exceptions) {
    if (exception.version >= flight.versions.size()) continue;
    const auto& [place, hash] = flight.versions[exception.version];
    auto row = core_.store().feedRow(flight.items[place]);
    if (!row) continue;
    session.has_exceptions = true;
    core_.store().putPeerException(session.peer, flow.owner,
                                   {row->id, hash, exception.held, exception.reason, core_.clock().wallMs()});
  }
}

void Replicator::heldIsLess() {
  for (auto& [peer, session] : sessions_) session.held_changed = true;
}

// An acknowledgement says what is held at that moment; this says what became of it.
void Replicator::tellHeld(Session& session, bool first) {
  if (!first && !std::exchange(session.held_changed, false)) return;
  std::vector<store::HeldRow> rows = core_.store().held(session.peer, kHeldRowsTold);
  for (Flow* flow : {&session.mine, &session.theirs}) {
    HeldMessage message;
    message.owner = flow->owner;
    message.refused = std::exchange(flow->refused_since, {});
    for (const store::HeldRow& row : rows) {
      if (row.address.owner == flow->owner) message.held.push_back({row.address.id, row.hash, row.reason});
    }
    if (first && message.held.empty()) continue;
    send(session, encode(message));
  }
}

// What was held there when the last link ended may have been taken in since: a home that holds nothing tells no list.
void Replicator::askHeld(Session& session) {
  if (!session.has_exceptions || core_.store().peerExceptionCount(session.peer, true) == 0) return;
  HomeId peer = session.peer;
  askLevel(peer, [this, peer](std::optional<LevelMessage> level) {
    if (!level || level->held > 0) return;
    for (const model::OwnerId& owner : {core_.me(), model::OwnerId(peer)}) {
      for (const store::PeerException& known : core_.store().peerExceptions(peer, owner)) {
        if (known.held) core_.store().removePeerException(peer, {owner, known.id}, known.hash);
      }
    }
  });
}

void Replicator::receiveHeld(Session& session, std::string_view text) {
  auto message = decodeHeld(text);
  if (!message.ok()) return closeBroken(session, message.error());
  Flow* flow = session.flow(message->owner);
  if (!flow) return close(session, "protocol", "The other home told what it holds of an owner that is neither of us.");
  store::Store& store = core_.store();
  std::set<std::pair<std::string, ContentHash>> held;
  std::set<std::string> unknown_format;
  for (const HeldMessage::Row& row : message->held) {
    held.emplace(row.id, row.hash);
    if (row.hash == ContentHash{}) unknown_format.insert(row.id);
  }
  // What is held no longer was joined, or is named below as refused.
  for (const store::PeerException& known : store.peerExceptions(session.peer, flow->owner)) {
    if (!known.held || held.contains({known.id, known.hash}) || unknown_format.contains(known.id)) continue;
    store.removePeerException(session.peer, {flow->owner, known.id}, known.hash);
  }
  auto take = [&](const HeldMessage::Row& row, bool is_held) {
    auto entity = store.entity(model::Address{flow->owner, row.id});
    bool ours = entity && std::any_of(entity->siblings.begin(), entity->siblings.end(),
                                      [&](const model::Version& version) { return version.hash == row.hash; });
    if (!ours) return;
    session.has_exceptions = true;
    store.putPeerException(session.peer, flow->owner, {row.id, row.hash, is_held, row.reason, core_.clock().wallMs()});
  };
  for (const HeldMessage::Row& row : message->held) take(row, true);
  for (const HeldMessage::Row& row : message->refused) take(row, false);
}

bool Replicator::fresh(const Session& session) {
  return session.ready && !session.closing && session.theirs.heard &&
         core_.clock().steadyMs() - session.theirs.heard_ms <= 2 * settings_.full_sync_interval_ms;
}

// Entity events say when a home's entities became stale, or are so no more.
void Replicator::tellFreshness(const HomeId& peer, bool now) {
  auto [at, first] = fresh_.try_emplace(peer, false);
  if (at->second == now) return;
  at->second = now;
  model::OwnerId owner(peer);
  for (const store::FeedId& row : core_.store().feedIds(owner, 0, kStaleEvents)) {
    core_.event("entity", "{\"change\":\"remote\",\"entity\":" + model::jsonString(model::Address{owner, row.id}.text()) + "}");
  }
}

}  // namespace hearthgate::sync
