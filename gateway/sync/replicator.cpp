#include "sync/replicator.h"

#include "base/assert.h"

namespace hearthgate::sync {

const ReplicaId* Replicator::Session::replicaName(uint32_t number) const {
  auto at = replica_names.find(number);
  return at == replica_names.end() ? nullptr : &at->second;
}

const HomeId* Replicator::Session::homeName(uint32_t number) const {
  auto at = home_names.find(number);
  return at == home_names.end() ? nullptr : &at->second;
}

bool Replicator::Session::takeNames(const Batch& batch) {
  for (const auto& [number, id] : batch.replicas) {
    replica_names[number] = id;
    if (replica_names.size() > kMaxReplicaNames) return false;
  }
  for (const auto& [number, id] : batch.homes) {
    home_names[number] = id;
    if (home_names.size() > kMaxHomeNames) return false;
  }
  return true;
}

Replicator::Flow* Replicator::Session::flow(const model::OwnerId& owner) {
  if (owner == mine.owner) return &mine;
  if (owner == theirs.owner) return &theirs;
  auto side = circles.find(owner);
  return side != circles.end() && side->second.flow ? &*side->second.flow : nullptr;
}

std::vector<Replicator::Flow*> Replicator::Session::flows() {
  std::vector<Flow*> all{&mine, &theirs};
  for (auto& [id, side] : circles) {
    if (side.flow) all.push_back(&*side.flow);
  }
  return all;
}

Replicator::Replicator(engine::Core& core, ReplicatorSettings settings)
    : core_(core), settings_(std::move(settings)), ingress_(core) {}

void Replicator::linkUp(const HomeId& peer) {
  linkDown(peer);
  Session& session = sessions_[peer];
  session.peer = peer;
  session.bandwidth = core_.store().bandwidth(peer).value_or(settings_.bandwidth_limit);
  countExceptions(session);
  if (settings_.saved_bytes) session.saved_known = settings_.saved_bytes(peer);
  session.mine.owner = core_.me();
  session.mine.mine = true;
  session.theirs.owner = model::OwnerId(peer);
  core_.writer().owner(session.theirs.owner);
  session.mine.position_told_ms = core_.clock().steadyMs();
  session.theirs.position_told_ms = core_.clock().steadyMs();
  send(session, encode(makeHello(session)));
  narrowPlace(session, session.mine);  // The hello tells the rules.
}

void Replicator::linkDown(const HomeId& peer) {
  auto at = sessions_.find(peer);
  if (at == sessions_.end()) return;
  savePlaces(at->second);
  tellComplete(at->second, true);
  tellFreshness(peer, false);
  drop(peer);
}

void Replicator::drop(const HomeId& peer) {
  auto at = sessions_.find(peer);
  if (at == sessions_.end()) return;
  auto asked = std::move(at->second.asked);
  if (at->second.ready) core_.circles().linked(peer, false);
  sessions_.erase(at);
  std::erase_if(output_, [&](const Output& output) { return output.peer == peer; });
  for (auto& [token, answer] : asked) answer(std::nullopt);
}

void Replicator::reset(const std::string& why) {
  output_.clear();
  // Events of the failed commit told nobody, nor do links that end here.
  for (const HomeId& peer : freshness_told_) fresh_[peer] = !fresh_[peer];
  freshness_told_.clear();
  freshness_due_ = true;
  std::vector<HomeId> peers;
  for (const auto& [peer, session] : sessions_) peers.push_back(peer);
  for (const HomeId& peer : peers) {
    drop(peer);
    output_.push_back({peer, "", "storage", why, false});
  }
}

void Replicator::receive(const HomeId& peer, std::string_view message) {
  auto at = sessions_.find(peer);
  if (at == sessions_.end() || at->second.closing) return;
  Session& session = at->second;
  auto type = typeOf(message);
  if (!type) return close(session, "protocol", "The other home sent a message of an unknown type; update the older one.");
  if (!session.ready && *type != MessageType::kHello && *type != MessageType::kBye) {
    return close(session, "protocol", "The other home spoke before its hello.");
  }
  core_.beginChange(peer, peer.text(), "sync");
  switch (*type) {
    case MessageType::kHello: receiveHello(session, message); break;
    case MessageType::kRules: receiveRules(session, message); break;
    case MessageType::kReplica: receiveReplica(session, message); break;
    case MessageType::kBatch: receiveBatch(session, message); break;
    case MessageType::kAck: receiveAck(session, message); break;
    case MessageType::kPosition: receivePosition(session, message); break;
    case MessageType::kAskLevel: {
      auto ask = decodeLevel(message);
      if (!ask.ok()) {
        closeBroken(session, ask.error());
      } else if (session.asks.size() < 64) {
        session.asks.push_back(ask->token);
      }
      break;
    }
    case MessageType::kLevel: receiveLevel(session, message); break;
    case MessageType::kHeld: receiveHeld(session, message); break;
    case MessageType::kKnownKeys:
    case MessageType::kStatements:
      if (key_message_) key_message_(peer, *type, message);
      break;
    case MessageType::kCircles: receiveCircles(session, message); break;
    case MessageType::kCharter: receiveCharter(session, message); break;
    case MessageType::kCircleHello: receiveCircleHello(session, message); break;
    case MessageType::kBye: {
      auto bye = decodeBye(message);
      // Its own words, told to people here.
      constexpr std::string_view kKnown[] = {"superseded", "forgotten", "held_quota", "key_renewed", "identity_fork"};
      bool known = bye.ok() && std::find(std::begin(kKnown), std::end(kKnown), bye->code) != std::end(kKnown);
      if (known && said_bye_) said_bye_(peer, bye->code);
      end(session, known ? bye->code : "protocol",
          bye.ok() ? "The other home closed the link: " + toldReason(bye->text) : "The other home closed the link.");
      break;
    }
  }
  core_.endChange();
}

void Replicator::tick() {
  core_.beginChange(core_.settings().home, "", "sync");
  core_.mendStamps();
  core_.expireGrants();
  reviewHeld();
  core_.endChange();
  int64_t now = core_.clock().steadyMs();
  bool places_due = now >= next_places_ms_;
  if (places_due) next_places_ms_ = now + kPlacesEveryMs;
  for (auto& [peer, session] : sessions_) {
    if (!session.ready || session.closing) continue;
    if (places_due) savePlaces(session);
    tellHeld(session, false);
    tellFreshness(peer, fresh(session));
    for (Flow* flow : session.flows()) {
      int64_t since = now - flow->position_told_ms;
      bool moved = flow->sent > flow->sequence_told && since >= kPositionDelayMs;
      if (moved || since >= settings_.full_sync_interval_ms) sendPosition(session, *flow);
    }
  }
}

void Replicator::pump() {
  pump_due_ms_.reset();
  tellFreshnessDue();
  for (const auto& [owner, replica] : core_.writer().takeDrawn()) {
    for (auto& [peer, session] : sessions_) {
      // Also while the other's hello is still on its way: ours has gone and did not hold this.
      if (session.flow(owner)) send(session, encode(ReplicaMessage{owner, replica}));
    }
  }
  // Before it gets what seems to cover its writes: a hello comes first.
  for (const HomeId& home : core_.takeDoubted()) {
    auto at = sessions_.find(home);
    if (at == sessions_.end()) continue;
    end(at->second, "another_life", "The other home once wrote something else under the same numbers; the link begins anew to tell it.");
  }
  for (const HomeId& home : core_.takeRuleChanges()) {
    dropHeldWithoutRight(home);
    auto at = sessions_.find(home);
    if (at != sessions_.end()) rulesChanged(at->second, at->second.mine);
  }
  for (const model::OwnerId& owner : core_.takeReceivedRuleChanges()) {
    if (!owner.isCircle()) dropExceptionsWithoutRight(owner.home(), owner);
    for (auto& [peer, session] : sessions_) {
      if (session.theirs.owner == owner) rulesChanged(session, session.theirs);
    }
  }
  pumpCircles();
  for (auto& [peer, session] : sessions_) {
    if (session.ready && !session.closing) pumpSession(session);
  }
  pages_.clear();
  pages_bytes_ = 0;
}

std::vector<Output> Replicator::takeOutput() {
  std::vector<Output> output = std::exchange(output_, {});
  freshness_told_.clear();
  std::vector<HomeId> closed;
  for (const auto& [peer, session] : sessions_) {
    if (session.closing) closed.push_back(peer);
  }
  for (const HomeId& peer : closed) {
    auto asked = std::move(sessions_.at(peer).asked);
    if (sessions_.at(peer).ready) core_.circles().linked(peer, false);
    sessions_.erase(peer);
    for (auto& [token, answer] : asked) answer(std::nullopt);
  }
  return output;
}

void Replicator::send(Session& session, std::string message, bool uncompressed) {
  if (session.closing) return;
  output_.push_back({session.peer, std::move(message), "", "", uncompressed});
}

void Replicator::tell(const HomeId& peer, std::string message) {
  auto at = sessions_.find(peer);
  if (at != sessions_.end() && at->second.ready) send(at->second, std::move(message));
}

void Replicator::sayBye(const HomeId& peer, const std::string& code, const std::string& text) {
  auto at = sessions_.find(peer);
  if (at == sessions_.end()) return;
  send(at->second, encode(Bye{code, text}));
  close(at->second, code, text);
}

// This side refuses the link.
void Replicator::close(Session& session, const std::string& code, const std::string& text) {
  if (session.closing) return;
  core_.auditOften(session.peer.text(), "refused", code, "", text);
  end(session, code, text);
}

void Replicator::end(Session& session, const std::string& code, const std::string& text) {
  if (session.closing) return;
  savePlaces(session);
  tellComplete(session, true);
  tellFreshness(session.peer, false);
  output_.push_back({session.peer, "", code, text, false});
  session.closing = true;
}

PeerReport Replicator::report(const HomeId& peer) {
  PeerReport report;
  report.held_there = core_.store().peerExceptionCount(peer, true);
  report.refused_there = core_.store().peerExceptionCount(peer, false);
  auto at = sessions_.find(peer);
  if (at == sessions_.end()) return report;
  Session& session = at->second;
  report.ready = session.ready;
  report.clock_offset_ms = session.clock_offset_ms;
  if (!session.ready) return report;
  report.fresh = fresh(session);
  for (Flow* flow : session.flows()) {
    if (flow->heard) report.to_receive = report.to_receive.value_or(0) + flow->remaining_there;
    report.to_send += flow->wanted.size();
    for (const InFlight& flight : flow->in_flight) report.to_send += flight.digest ? 0 : flight.items.size();
    bool comparing = flow->pass == Pass::kDigest || flow->pass == Pass::kWanted;
    uint64_t from = comparing ? flow->pass_end : flow->sent;
    // Before the first digest nothing is known beyond what was acknowledged earlier.
    if (!flow->started || (comparing && !flow->pass_begun)) continue;
    if (!flow->circle) (flow->mine ? report.sent_of_mine : report.sent_of_theirs) = from;
  }
  return report;
}

void Replicator::askLevel(const HomeId& peer, std::function<void(std::optional<LevelMessage>)> answer) {
  auto at = sessions_.find(peer);
  if (at == sessions_.end() || !at->second.ready) return answer(std::nullopt);
  Session& session = at->second;
  uint64_t token = session.next_token++;
  session.asked.emplace_back(token, std::move(answer));
  send(session, encodeAskLevel({token, 0, 0}));
}

bool Replicator::levelTowards(const HomeId& peer) {
  auto at = sessions_.find(peer);
  return at != sessions_.end() && at->second.ready && allQuiet(at->second);
}

}  // namespace hearthgate::sync
