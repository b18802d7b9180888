// What the replicator keeps for `why` and `lag`: how far a peer has acknowledged, what it holds back or has refused, and
// since when its word is old. The engine's thread, inside a transaction.
#include <algorithm>

#include "store/rules_codec.h"
#include "sync/replicator.h"

namespace hearthgate::sync {

std::optional<uint64_t> Replicator::ackedUpTo(const Flow& flow) {
  if (!flow.started || flow.pass != Pass::kNone || !flow.wanted.empty()) return std::nullopt;
  // Its cursor says what it has seen; what it holds back of that it tells before its offer.
  if (flow.mine && !flow.peer_offered) return std::nullopt;
  return flow.in_flight.empty() && flow.announced.empty() ? flow.sent : flow.acked;
}

void Replicator::savePlace(Session& session, Flow& flow) {
  auto acked = ackedUpTo(flow);
  const FeedEpoch& epoch = core_.writer().owner(flow.owner).epoch;
  // Rules that changed in this very transaction are told at its end; what was passed over under the old ones is not
  // there.
  if (!acked || flow.rules_number != myNumber(session, flow)) {
    // How much of a circle is to come is known before that.
    if (!flow.circle || (flow.saved ? flow.saved->remaining : 0) == flow.remaining_there) return;
    flow.saved = core_.store().peerPlace(session.peer, flow.owner).value_or(store::PeerPlace{epoch, 0, {}, 0, 0});
    flow.saved->remaining = flow.remaining_there;
    flow.saved->at_ms = core_.clock().wallMs();
    return core_.store().putPeerPlace(session.peer, flow.owner, *flow.saved);
  }
  const model::Rules* rules = flow.mine ? core_.rulesFor(session.peer) : core_.rulesFrom(flow.owner);
  bool same = flow.saved && flow.saved->epoch == epoch && flow.saved->sequence == *acked &&
              flow.saved->remaining == flow.remaining_there && flow.saved->rules.lists == (rules ? rules->lists : model::Rules{}.lists);
  if (same) return;
  store::PeerPlace place{epoch, *acked, {}, flow.remaining_there, core_.clock().wallMs()};
  if (rules) place.rules.lists = rules->lists;
  core_.store().putPeerPlace(session.peer, flow.owner, place);
  flow.saved = std::move(place);
}

// The other home drops what new rules take away when it hears of them. Until a pass under them has ended, it is only
// known to have what the old ones and the new ones give.
void Replicator::narrowPlace(Session& session, Flow& flow) {
  auto place = core_.store().peerPlace(session.peer, flow.owner);
  const model::Rules* rules = core_.rulesFor(session.peer);
  if (!place || !rules) return;
  std::vector<model::AccessRows>& lists = place->rules.lists;
  size_t before = lists.size();
  for (const model::AccessRows& rows : rules->lists) {
    if (std::find(lists.begin(), lists.end(), rows) == lists.end()) lists.push_back(rows);
  }
  flow.saved.reset();
  if (lists.size() == before) return;
  size_t rows_in_all = 0;
  for (const model::AccessRows& rows : lists) rows_in_all += rows.size();
  if (lists.size() > store::kMaxRuleLists || rows_in_all > store::kMaxRuleRows) {
    // More than is kept: nothing is known to be there.
    core_.store().removePeerPlace(session.peer, flow.owner);
    flow.saved.reset();
    return;
  }
  core_.store().putPeerPlace(session.peer, flow.owner, *place);
  flow.saved = std::move(*place);
}

void Replicator::savePlaces(Session& session) {
  if (!session.ready) return;
  for (Flow* flow : session.flows()) savePlace(session, *flow);
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
      auto row = core_.store().entity(flight.items[place]);
      if (row) notExcepted(session, *row, flight, place);
    }
  }
  if (!ack.exceptions.empty()) countExceptions(session);
  for (const Ack::Exception& exception : ack.exceptions) {
    if (exception.version >= flight.versions.size()) continue;
    const ContentHash& hash = flight.versions[exception.version].second;
    auto row = core_.store().entity(flight.items[flight.versions[exception.version].first]);
    bool stands = row && std::any_of(row->siblings.begin(), row->siblings.end(),
                                     [&](const model::Version& version) { return version.hash == hash; });
    if (stands) putException(session, *row, {"", hash, exception.held, exception.reason, 0});
  }
}

// One of several siblings may be held there since it was offered from there, and is not sent again with the others.
void Replicator::notExcepted(Session& session, const store::EntityRow& row, const InFlight& flight, uint32_t place) {
  for (const store::PeerException& known : core_.store().peerExceptions(session.peer, row.address)) {
    bool stands = std::any_of(row.siblings.begin(), row.siblings.end(),
                              [&](const model::Version& version) { return version.hash == known.hash; });
    bool sent = flight.digest || std::find(flight.versions.begin(), flight.versions.end(), std::pair(place, known.hash)) !=
                                     flight.versions.end();
    if (sent || !stands) core_.store().removePeerException(session.peer, row.address, known.hash);
  }
}

// The owner itself sent these, or has just these: what it may have refused of them once stands there now.
void Replicator::vouchedFor(Session& session, const model::Address& address, const std::vector<ContentHash>& versions) {
  if (!session.has_exceptions) return;
  for (const ContentHash& hash : versions) core_.store().removePeerException(session.peer, address, hash);
}

// What is not shared any more is neither held there nor refused: the archive tells what became of it.
void Replicator::dropExceptionsWithoutRight(const HomeId& peer, const model::OwnerId& owner) {
  const model::Rules* rules = owner == core_.me() ? core_.rulesFor(peer) : core_.rulesFrom(owner);
  model::RulesInForce in_force(rules ? *rules : model::Rules{});
  bool held_gone = false;
  for (const store::PeerException& known : core_.store().peerExceptions(peer, owner)) {
    if (in_force.accessFor(known.id) != model::Access::kNone) continue;
    core_.store().removePeerExceptions(peer, {owner, known.id});
    held_gone = held_gone || known.held;
  }
  auto place = held_gone && rules && owner == core_.me() ? core_.store().peerPlace(peer, owner) : std::nullopt;
  if (!place) return;
  // What was held there is not known to be there, should it be given again before the other home hears of it.
  place->rules.lists.insert(place->rules.lists.end(), rules->lists.begin(), rules->lists.end());
  core_.store().putPeerPlace(peer, owner, *place);
}

void Replicator::countExceptions(Session& session) {
  uint64_t kept =
      core_.store().peerExceptionCount(session.peer, true) + core_.store().peerExceptionCount(session.peer, false);
  session.has_exceptions = kept > 0;
  session.exceptions_room = kMaxExceptions - std::min(kept, kMaxExceptions);
}

// `exception` of a version that stands here. Those of versions that do not stand any more go, and no home fills the
// disk by excepting all it gets.
void Replicator::putException(Session& session, const store::EntityRow& row, store::PeerException exception) {
  store::Store& store = core_.store();
  for (const store::PeerException& known : store.peerExceptions(session.peer, row.address)) {
    bool stands = std::any_of(row.siblings.begin(), row.siblings.end(),
                              [&](const model::Version& version) { return version.hash == known.hash; });
    if (!stands) store.removePeerException(session.peer, row.address, known.hash);
  }
  if (session.exceptions_room == 0) return;
  --session.exceptions_room;
  session.has_exceptions = true;
  exception.id = row.address.id;
  exception.reason = toldReason(exception.reason);
  exception.at_ms = core_.clock().wallMs();
  store.putPeerException(session.peer, row.address.owner, exception);
}

// An acknowledgement says what is held at that moment; this says what became of it.
void Replicator::tellHeld(Session& session, bool first) {
  if (!first && !std::exchange(session.held_changed, false)) return;
  std::vector<store::HeldRow> rows = core_.store().heldNames(session.peer, kHeldRowsTold);
  for (Flow* flow : session.flows()) {
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
    auto at = sessions_.find(peer);
    if (at == sessions_.end()) return;
    for (const Flow* flow : at->second.flows()) {
      const model::OwnerId& owner = flow->owner;
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
  if (!flow && message->owner.isCircle()) return;
  if (!flow) return close(session, "protocol", "The other home told what it holds of an owner that is neither of us.");
  if (message->held.size() > kHeldRowsTold || message->refused.size() > kHeldRowsTold) {
    return close(session, "protocol", "The other home told of more held versions than any home holds.");
  }
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
  // Each entity is looked at once, however often it is named.
  std::map<std::string, std::vector<store::PeerException>> told;
  for (const HeldMessage::Row& row : message->held) told[row.id].push_back({"", row.hash, true, row.reason, 0});
  for (const HeldMessage::Row& row : message->refused) told[row.id].push_back({"", row.hash, false, row.reason, 0});
  countExceptions(session);
  for (auto& [id, exceptions] : told) {
    auto entity = store.entity(model::Address{flow->owner, id});
    for (const model::Version& version : entity ? entity->siblings : model::Siblings{}) {
      auto of_it = std::find_if(exceptions.rbegin(), exceptions.rend(),
                                [&](const store::PeerException& exception) { return exception.hash == version.hash; });
      if (of_it == exceptions.rend()) continue;
      // As after an acknowledgement that refuses: what its owner will not take stands in the archive.
      if (!of_it->held && !flow->mine && !flow->circle && !version.tag) core_.archiveRefused(*entity, {version}, toldReason(of_it->reason));
      putException(session, *entity, std::move(*of_it));
    }
  }
}

bool Replicator::fresh(const Session& session) {
  return session.ready && !session.closing && session.theirs.heard &&
         core_.clock().steadyMs() - session.theirs.heard_ms <= 2 * settings_.full_sync_interval_ms;
}

void Replicator::tellFreshnessDue() {
  if (!std::exchange(freshness_due_, false)) return;
  std::vector<HomeId> told;
  for (const auto& [peer, was] : fresh_) told.push_back(peer);
  for (const HomeId& peer : told) {
    auto at = sessions_.find(peer);
    tellFreshness(peer, at != sessions_.end() && fresh(at->second));
  }
}

// Entity events say when a home's entities became stale, or are so no more.
void Replicator::tellFreshness(const HomeId& peer, bool now) {
  auto [at, first] = fresh_.try_emplace(peer, false);
  if (at->second == now) return;
  at->second = now;
  // Told twice in one transaction, it is as it was.
  if (!freshness_told_.erase(peer)) freshness_told_.insert(peer);
  model::OwnerId owner(peer);
  std::vector<store::FeedId> rows = core_.store().feedIds(owner, 0, kStaleEvents);
  for (const store::FeedId& row : rows) {
    if (!row.shared) continue;
    core_.event("entity", "{\"change\":\"remote\",\"entity\":" + model::jsonString(model::Address{owner, row.id}.text()) + "}");
  }
  if (rows.size() == kStaleEvents) {
    core_.event("home", "{\"id\":\"" + peer.text() + "\",\"state\":\"" + (now ? "fresh" : "stale") + "\"}");
  }
}

}  // namespace hearthgate::sync
