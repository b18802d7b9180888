// Sending: passes (digests first, then what is wanted), what is new, positions. Nothing leaves before its commit: pump()
// runs at a transaction's end and takeOutput() is called after it.
#include <algorithm>

#include "model/codec.h"
#include "model/limits.h"
#include "sync/replicator.h"

namespace hearthgate::sync {

using model::Version;

bool Replicator::quiet(const Flow& flow) {
  if (!flow.started || flow.pass != Pass::kNone || !flow.in_flight.empty() || !flow.wanted.empty()) return false;
  if (!flow.announced.empty()) return false;
  if (!flow.mine && !flow.circle && !flow.offered) return false;
  return flow.sent >= core_.store().feedEnd(flow.owner);
}

bool Replicator::allQuiet(Session& session) {
  for (const Flow* flow : session.flows()) {
    if (!quiet(*flow)) return false;
  }
  return true;
}

bool Replicator::mayPass(const Session& session, const Flow& flow, const std::string& id) {
  if (flow.mine) return core_.accessFor(session.peer, id) != model::Access::kNone;
  // Of a member that may only read nobody takes anything.
  if (flow.circle) return core_.ownAccess({flow.owner, id}) == engine::OwnAccess::kWrite;
  return core_.ownAccess({flow.owner, id}) != engine::OwnAccess::kNone;
}

// The limit is for what goes on the wire, which is known only after a message has left here: the whole of it is taken
// from the budget at first, and what compression saved is given back.
void Replicator::giveBackSaved(Session& session) {
  if (!settings_.saved_bytes) return;
  uint64_t saved = settings_.saved_bytes(session.peer);
  uint64_t fresh = saved > session.saved_known ? saved - session.saved_known : 0;
  session.saved_known = saved;
  fresh = std::min(fresh, session.debited);
  session.debited -= fresh;
  session.budget += static_cast<int64_t>(fresh) * 1000;
}

void Replicator::pumpSession(Session& session) {
  if (session.bandwidth > 0) {
    int64_t now = core_.clock().steadyMs();
    auto limit = static_cast<int64_t>(std::min(session.bandwidth, kMaxBandwidth));
    int64_t elapsed = session.budget_at_ms == 0 ? kBucketMs : std::min(now - session.budget_at_ms, kBucketMs);
    giveBackSaved(session);
    session.budget = std::min(limit * kBucketMs, session.budget + elapsed * limit);
    session.budget_at_ms = now;
  }
  for (bool more = true; more;) {
    more = false;
    // In turns, so that a backlog of one does not hold up the others when the bandwidth ends after each batch.
    std::vector<Flow*> flows = session.flows();
    for (size_t i = 0; i < flows.size(); ++i) {
      if (session.closing || (session.bandwidth > 0 && session.budget <= 0)) return;
      more = sendSome(session, *flows[session.turn++ % flows.size()]) || more;
    }
  }
  if (!session.asks.empty() && allQuiet(session)) answerLevel(session);
  tellComplete(session, false);
}

void Replicator::tellComplete(Session& session, bool last) {
  if (session.sent_entities + session.received_entities == 0 || !session.ready) return;
  int64_t now = core_.clock().steadyMs();
  if (!last && session.complete_told_ms && now - *session.complete_told_ms < kCompleteEveryMs) return;
  for (const Flow* flow : session.flows()) {
    if (flow->remaining_there > 0) return;
  }
  if (!allQuiet(session)) return;
  session.complete_told_ms = now;
  if (sync_complete_) sync_complete_(session.peer, session.sent_entities, session.received_entities);
  session.sent_entities = 0;
  session.received_entities = 0;
}

Replicator::FeedView Replicator::feedPage(const model::OwnerId& owner, uint64_t after, size_t bytes) {
  for (const FeedPage& page : pages_) {
    const std::vector<store::FeedRow>& rows = page.part.rows;
    if (after < page.after || !(page.owner == owner)) continue;
    auto from = std::upper_bound(rows.begin(), rows.end(), after,
                                 [](uint64_t sequence, const store::FeedRow& row) { return sequence < row.sequence; });
    if (from != rows.end() || page.part.last) return {{from, rows.end()}, page.part.last};
  }
  FeedPage page{owner, after, 0, core_.store().feedPart(owner, after, kFeedPage, std::min(bytes, kFeedPageBytes))};
  for (const store::FeedRow& row : page.part.rows) {
    page.bytes += sizeof row + row.id.size() + row.kind.size() + row.siblings.size();
  }
  while (!pages_.empty() && pages_bytes_ + page.bytes > kKeptPagesBytes) {
    pages_bytes_ -= pages_.front().bytes;
    pages_.pop_front();
  }
  pages_bytes_ += page.bytes;
  pages_.push_back(std::move(page));
  const store::FeedPart& part = pages_.back().part;
  return {part.rows, part.last};
}

bool Replicator::sendSome(Session& session, Flow& flow) {
  if (!flow.started || flow.in_flight.size() >= kInFlightBatches || flow.in_flight_bytes >= kInFlightBytes) return false;
  // T12: what goes out after a restore waits for a person.
  if (flow.circle && core_.writer().owner(core_.me()).hold) return false;
  if (flow.mine) {
    if (core_.writer().owner(flow.owner).hold) return false;
    // The other side offers what it has before a pass replaces it.
    if (flow.pass != Pass::kNone && !flow.peer_offered) return false;
  }
  switch (flow.pass) {
    case Pass::kDigest: return sendDigests(session, flow);
    case Pass::kWanted: return sendWanted(session, flow);
    case Pass::kNone: return flow.circle ? sendGossip(session, flow) : sendNew(session, flow);
    case Pass::kContent: return sendNew(session, flow);
  }
  return false;
}

std::vector<std::pair<ContentHash, std::string>> Replicator::offer(Session& session, Flow& flow, const store::FeedRow& row) {
  std::vector<std::pair<ContentHash, std::string>> versions;
  bool may_write = !flow.mine && core_.ownAccess({flow.owner, row.id}) == engine::OwnAccess::kWrite;
  model::scanSiblings(row.siblings, [&](const ContentHash& hash, std::string_view encoded) {
    if (!flow.mine && !flow.circle) {
      auto version = model::decodeVersion(encoded, hash, row.kind, core_.store());
      if (!version.ok()) return;
      bool own = may_write && version->author == core_.settings().home;
      if (!own && !version->tag && !flow.owner.isHome(version->author)) return;
    }
    versions.emplace_back(hash, std::string(encoded));
  });
  (void)session;
  return versions;
}

// Digests of everything that this peer may see, so that only what differs is sent.
bool Replicator::sendDigests(Session& session, Flow& flow) {
  Batch batch;
  InFlight flight;
  batch.digest = true;
  flight.digest = true;
  if (!flow.pass_begun) flow.pass_end = core_.writer().head().sequence;
  FeedView page = feedPage(flow.owner, flow.pass_at, kFeedPageBytes);
  for (const store::FeedRow& row : page.rows) {
    flow.pass_at = row.sequence;
    if (row.siblings.empty() || !mayPass(session, flow, row.id)) continue;
    auto versions = offer(session, flow, row);
    bool on_base = !flow.mine && !flow.circle && !core_.store().base(row.n).empty();
    if (on_base) {
      // It goes with what it was built on, which a digest does not show.
      if (flow.wanted_set.insert(row.n).second) flow.wanted.push_back(row.n);
      continue;
    }
    if (versions.empty()) continue;
    std::vector<ContentHash> hashes;
    for (const auto& [hash, encoded] : versions) hashes.push_back(hash);
    batch.items.push_back({row.id, "", {}, digestOf(hashes)});
    flight.items.push_back(row.n);
  }
  if (!batch.items.empty() || !flow.pass_begun) {
    batch.begin = !flow.pass_begun;
    flow.pass_begun = true;
    sendBatch(session, flow, std::move(batch), std::move(flight), false);
  }
  if (page.last) flow.pass = Pass::kWanted;
  return true;
}

bool Replicator::sendWanted(Session& session, Flow& flow) {
  // What is wanted is known when every digest is answered.
  bool digests_out = std::any_of(flow.in_flight.begin(), flow.in_flight.end(), [](const InFlight& f) { return f.digest; });
  if (flow.wanted.empty() && digests_out) return false;
  Batch batch;
  InFlight flight;
  size_t bytes = 0;
  bool uncompressed = false;
  while (!flow.wanted.empty() && bytes < kBatchBytes && batch.items.size() < kBatchItems) {
    store::EntityNumber n = flow.wanted.front();
    auto row = core_.store().feedRow(n);
    bool apart = row && settings_.uncompressed_kinds.contains(row->kind);
    if (!batch.items.empty() && apart != uncompressed) break;
    flow.wanted.pop_front();
    flow.wanted_set.erase(n);
    if (auto owed = flow.owed.extract(n)) {
      for (uint64_t sequence : owed.mapped()) flow.announced.erase(sequence);
    }
    if (row && mayPass(session, flow, row->id) && addContent(session, flow, *row, true, &batch, &flight, &bytes)) {
      uncompressed = apart;
    }
  }
  if (flow.pass == Pass::kNone) {
    // Of what a circle's member was offered outside of a pass.
    batch.upto = settledUpTo(flow);
    if (!batch.items.empty()) sendBatch(session, flow, std::move(batch), std::move(flight), uncompressed);
    return true;
  }
  bool last = flow.wanted.empty() && !digests_out;
  // An offer ends where the feed ends: what was joined since the digests bears the owner's tag too.
  batch.end = last && (flow.mine || flow.circle);
  batch.upto = batch.end ? flow.pass_end : core_.writer().head().sequence;
  if (batch.end || !batch.items.empty()) sendBatch(session, flow, std::move(batch), std::move(flight), uncompressed);
  if (last) {
    flow.sent = flow.pass_end;
    flow.pass = Pass::kNone;
  }
  return true;
}

// Whether the next round may begin.
bool Replicator::beginRound(Flow& flow, uint64_t head) {
  if (flow.in_flight_bytes > kRoundBytes) return false;
  Round& round = flow.round;
  int64_t now = core_.clock().steadyMs();
  if (round.due_ms == 0) {
    bool rewritten = round.rows >= kRoundRows && round.end - round.begin >= round.rows * kRewrittenPercent / 100;
    round.due_ms = rewritten ? now + std::min(now - round.began_ms, kRoundPauseMs) : now;
  }
  if (head != round.head) {
    round.head = head;
    round.written_ms = now;
  }
  int64_t due = std::min(round.due_ms, round.written_ms + kRoundIdleMs);
  if (now < due) {
    pump_due_ms_ = std::min(due, pump_due_ms_.value_or(due));
    return false;
  }
  round = Round();
  round.begin = flow.sent;
  round.end = head;
  round.began_ms = now;
  return true;
}

bool Replicator::sendNew(Session& session, Flow& flow) {
  bool whole = flow.pass == Pass::kContent;
  bool offer_end_due = !flow.mine && !flow.circle && !flow.offered;
  uint64_t from = flow.sent;
  uint64_t head = core_.writer().head().sequence;
  bool in_rounds = !whole && !offer_end_due;
  if (in_rounds) {
    if (from >= core_.store().feedEnd(flow.owner)) return false;
    if (from >= flow.round.end && !beginRound(flow, head)) return false;
  }
  // A new member sees how much is to come.
  if (flow.circle && whole && !flow.pass_begun) {
    const FeedEpoch& epoch = core_.writer().owner(flow.owner).epoch;
    send(session, encode(Position{flow.owner, epoch, 0, core_.store().entityCount(flow.owner), core_.clock().wallMs()}));
  }
  Batch batch;
  InFlight flight;
  size_t bytes = 0;
  bool exhausted = true;
  bool uncompressed = false;
  FeedView page = feedPage(flow.owner, from, kInFlightBytes - flow.in_flight_bytes + kBatchBytes);
  for (const store::FeedRow& row : page.rows) {
    bool apart = settings_.uncompressed_kinds.contains(row.kind);
    bool full = bytes >= kBatchBytes || batch.items.size() >= kBatchItems;
    if (full || (!batch.items.empty() && apart != uncompressed)) {
      exhausted = false;
      break;
    }
    if (in_rounds && row.sequence > flow.round.end) {
      flow.sent = flow.round.end;
      exhausted = false;
      break;
    }
    flow.sent = row.sequence;
    ++flow.round.rows;
    if (!row.siblings.empty() && mayPass(session, flow, row.id) &&
        addContent(session, flow, row, whole, &batch, &flight, &bytes)) {
      uncompressed = apart;
    }
    flow.peer_has.erase(row.n);
  }
  exhausted = exhausted && page.last;
  if (exhausted) flow.sent = std::max(flow.sent, head);
  bool end = exhausted;
  if (exhausted && offer_end_due) end = addHeldOffer(session, flow, &batch, &flight, &bytes, &uncompressed);
  if (batch.items.empty() && !(end && (whole || offer_end_due))) return !exhausted;
  batch.begin = whole && !flow.pass_begun;
  batch.full = whole;
  batch.end = end;
  batch.upto = flow.sent;
  flow.pass_begun = true;
  sendBatch(session, flow, std::move(batch), std::move(flight), uncompressed);
  if (end) {
    flow.offered = true;
    flow.pass = Pass::kNone;
  }
  return true;
}

bool Replicator::addContent(Session& session, Flow& flow, const store::FeedRow& row, bool everything, Batch* batch,
                            InFlight* flight, size_t* bytes) {
  auto known = flow.peer_has.find(row.n);
  auto peerHas = [&](const ContentHash& hash) {
    return !everything && known != flow.peer_has.end() &&
           std::find(known->second.begin(), known->second.end(), hash) != known->second.end();
  };
  if (known != flow.peer_has.end()) {
    // All of it came from there: what was built on it needs no look.
    bool all = true;
    model::scanSiblings(row.siblings, [&](const ContentHash& hash, std::string_view) { all = all && peerHas(hash); });
    if (all) return false;
  }
  BatchItem item{row.id, row.kind, {}, {}};
  auto place = static_cast<uint32_t>(flight->items.size());
  std::vector<std::pair<uint32_t, ContentHash>> hashes;
  bool untold = core_.writer().hasUntold(flow.owner);
  auto add = [&](const ContentHash& hash, std::string encoded) {
    if (untold) noteTold(flow, hash, row.kind, encoded);
    *bytes += encoded.size() + 4;
    hashes.emplace_back(place, hash);
    item.versions.push_back(std::move(encoded));
  };
  auto offered = offer(session, flow, row);
  if (!flow.mine && !flow.circle) {
    size_t room = kMaxOfferBytes;
    for (const auto& [hash, encoded] : offered) room -= std::min(room, encoded.size());
    size_t places = model::kMaxSiblings - std::min(model::kMaxSiblings, offered.size());
    for (const Version& version : core_.store().base(row.n)) {
      std::string encoded;
      model::encodeVersion(version, row.kind, core_.store(), &encoded);
      if (encoded.size() > room || places == 0) break;
      room -= encoded.size();
      --places;
      add(version.hash, std::move(encoded));
    }
  }
  for (auto& [hash, encoded] : offered) {
    if (!peerHas(hash)) add(hash, std::move(encoded));
  }
  if (item.versions.empty()) return false;
  *bytes += row.id.size() + row.kind.size() + 4;
  batch->items.push_back(std::move(item));
  flight->items.push_back(row.n);
  flight->versions.insert(flight->versions.end(), hashes.begin(), hashes.end());
  ++session.sent_entities;
  return true;
}

// What others will know of our replica ids by this version (rule 8).
void Replicator::noteTold(const Flow& flow, const ContentHash& hash, const std::string& kind, const std::string& encoded) {
  auto version = model::decodeVersion(encoded, hash, kind, core_.store());
  if (!version.ok()) return;
  for (const auto& entry : version->vector.entries()) {
    if (core_.writer().isMine(flow.owner, entry.replica)) core_.writer().raiseTold(flow.owner, entry.replica, entry.counter);
  }
}

// What is held back here bears the owner's tag perhaps, and an owner that has forgotten takes it back. True when all of it
// is offered; else the batch is full.
bool Replicator::addHeldOffer(Session& session, Flow& flow, Batch* batch, InFlight* flight, size_t* bytes,
                              bool* uncompressed) {
  while (!flow.held_offered) {
    if (*bytes >= kBatchBytes || batch->items.size() >= kBatchItems) return false;
    std::vector<store::HeldRow> rows = core_.store().held(session.peer, flow.owner, flow.held_at,
                                                          kBatchItems - batch->items.size(), kBatchBytes - *bytes);
    flow.held_offered = rows.empty();
    for (store::HeldRow& held : rows) {
      bool apart = settings_.uncompressed_kinds.contains(held.kind);
      if (!batch->items.empty() && apart != *uncompressed) return false;
      flow.held_at = held.n;
      if (held.reason == "unknown format" || !mayPass(session, flow, held.address.id)) continue;
      *uncompressed = apart;
      auto row = core_.store().entity(held.address);
      auto place = static_cast<uint32_t>(flight->items.size());
      *bytes += held.address.id.size() + held.kind.size() + held.version.size() + 8;
      batch->items.push_back({held.address.id, held.kind, {std::move(held.version)}, {}});
      flight->items.push_back(row ? row->n : 0);
      flight->versions.emplace_back(place, held.hash);
    }
  }
  return true;
}

void Replicator::tellNames(Session& session, Batch* batch) {
  auto replica = [&](uint32_t number) {
    const ReplicaId* id = core_.store().replicaName(number);
    if (id && session.told_replicas.insert(number).second) batch->replicas.emplace_back(number, *id);
  };
  auto home = [&](uint32_t number) {
    const HomeId* id = core_.store().homeName(number);
    if (id && session.told_homes.insert(number).second) batch->homes.emplace_back(number, *id);
  };
  for (const BatchItem& item : batch->items) {
    for (const std::string& version : item.versions) model::scanNumbers(version, replica, home);
  }
}

void Replicator::sendBatch(Session& session, Flow& flow, Batch batch, InFlight flight, bool uncompressed) {
  batch.owner = flow.owner;
  batch.number = ++flow.batches;
  batch.full = batch.full || batch.digest || flow.pass != Pass::kNone;
  batch.epoch = core_.writer().owner(flow.owner).epoch;
  batch.rules_number = myNumber(session, flow);
  tellNames(session, &batch);
  if (!batch.full || batch.end) flow.sequence_told = std::max(flow.sequence_told, batch.upto);
  std::string message = encode(batch);
  // What is taken in leaves room for all that a batch adds; only a damaged database holds more.
  if (message.size() > kMaxMessageBytes) {
    flow.started = false;
    return close(session, "protocol", "An entity is too large to be sent to this home; the database is damaged.");
  }
  flight.number = batch.number;
  flight.bytes = message.size();
  flight.turn = flow.turn;
  if (!batch.full || batch.end) flight.acknowledges = batch.upto;
  flow.in_flight_bytes += message.size();
  session.budget -= static_cast<int64_t>(message.size()) * 1000;
  session.debited += message.size();
  flow.in_flight.push_back(std::move(flight));
  send(session, std::move(message), uncompressed);
}

void Replicator::sendPosition(Session& session, Flow& flow) {
  if (!flow.started || flow.pass != Pass::kNone) return;
  Position position;
  position.owner = flow.owner;
  position.epoch = core_.writer().owner(flow.owner).epoch;
  position.sequence = settledUpTo(flow);
  position.clock_ms = core_.clock().wallMs();
  for (const store::FeedId& row : core_.store().feedIds(flow.owner, flow.sent, 1000)) {
    if (row.shared && mayPass(session, flow, row.id)) ++position.remaining;
  }
  flow.sequence_told = flow.sent;
  flow.position_told_ms = core_.clock().steadyMs();
  send(session, encode(position));
}

void Replicator::answerLevel(Session& session) {
  for (uint64_t token : session.asks) {
    send(session, encodeLevel({token, core_.store().heldCount(session.peer), 0}));
  }
  session.asks.clear();
}

}  // namespace hearthgate::sync
