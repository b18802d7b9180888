// Receiving: batches are judged, joined, held or refused, and acknowledged after the commit that also moves the cursor.
#include <algorithm>

#include "model/codec.h"
#include "sync/replicator.h"

namespace hearthgate::sync {

using engine::OwnAccess;
using model::Version;

namespace {
constexpr char kUnknownFormat[] = "unknown format";
constexpr size_t kAllHeld = SIZE_MAX >> 1;  // each home has its quota
}  // namespace

void Replicator::receiveBatch(Session& session, std::string_view message) {
  auto decoded = decodeBatch(message);
  if (!decoded.ok()) return closeBroken(session, decoded.error());
  Batch& batch = *decoded;
  Flow* flow = session.flow(batch.owner);
  if (!flow && batch.owner.isCircle()) return core_.auditRefusal(session.peer, "it is no member of the circle", batch.owner.text());
  if (!flow) return close(session, "protocol", "The other home sent entities of an owner that is neither of us.");
  if (!session.takeNames(batch)) {
    return close(session, "protocol", "The other home named more replica ids or homes than there are.");
  }
  session.held.reset();
  uint64_t my_number = myNumber(session, *flow);
  store::OwnerRow& own = core_.writer().owner(batch.owner);
  // A pass replaces what may only be read; it counts only as a whole, so the flag stands until its end.
  bool same_rules = batch.rules_number == my_number;
  Comparison* comparison = flow->circle ? comparisonOf(batch.owner) : nullptr;
  if (flow->circle && batch.full && batch.begin) {
    flow->pass_of = comparison ? std::optional(comparison->number) : std::nullopt;
  } else if (!flow->mine && batch.full && batch.begin && same_rules) {
    flow->pass_received = true;
    flow->named.clear();
    own.replacing = true;
    core_.writer().changed(own);
  }
  bool replacing = !flow->mine && batch.full && same_rules && flow->pass_received;

  Ack ack;
  ack.owner = batch.owner;
  ack.number = batch.number;
  uint32_t first = 0;
  std::set<model::Address> changed;
  std::vector<Decoded> versions;
  if (!batch.digest) {
    for (const BatchItem& item : batch.items) versions.push_back(decodeItem(session, batch.owner, item));
    lookForAnotherLife(session, *flow, batch, versions);
    if (session.begins_anew) return beginAnew(session);
  }
  for (uint32_t i = 0; i < batch.items.size(); ++i) {
    const BatchItem& item = batch.items[i];
    if (!batch.digest) {
      bool taken = receiveItem(session, *flow, batch, item, std::move(versions[i]), replacing, first, &ack);
      if (taken) changed.insert({batch.owner, item.id});
      if (session.closing) return;
      first += static_cast<uint32_t>(item.versions.size());
      continue;
    }
    if (!mayComeFrom(session, *flow, item.id)) continue;
    auto row = core_.store().entity(model::Address{batch.owner, item.id});
    std::vector<ContentHash> hashes;
    bool lacks_tag = false;
    if (row) {
      for (const Version& version : row->siblings) {
        hashes.push_back(version.hash);
        lacks_tag = lacks_tag || (!flow->mine && !flow->circle && !version.tag);
      }
    }
    // An acknowledgement that was lost with its link left a version here without the owner's tag: it comes with the content.
    if (digestOf(hashes) == item.digest && !lacks_tag) {
      if (!flow->mine) vouchedFor(session, {batch.owner, item.id}, hashes);
      if (flow->circle) confirm(batch.owner, item.id, hashes);
      if (flow->circle && flow->started && row && (row->sequence > flow->sent || flow->announced.contains(row->sequence))) {
        flow->peer_has[row->n] = hashes;
      }
      if (replacing) flow->named.insert(item.id);
      if (replacing && core_.ownAccess({batch.owner, item.id}) == OwnAccess::kRead) dropHeldOf({batch.owner, item.id}, {});
    } else {
      ack.wants.push_back(i);
    }
  }
  if (flow->circle && batch.full && batch.end) {
    flow->first = false;
    core_.circles().passEnded(batch.owner, false);
    if (comparison && flow->pass_of == comparison->number) {
      flow->compared = comparison->number;
      flow->may_replace = mayReplace(session, *flow);
    }
  }
  if (replacing && batch.end) endPass(*flow);
  if (flow->mine && batch.end && batch.rules_number == my_number) flow->peer_offered = true;
  if (!batch.full || batch.end) {
    core_.store().putCursor(session.peer, batch.owner,
                            {batch.epoch, batch.upto, batch.rules_number, my_number, core_.clock().wallMs()});
  }
  if (batch.full && !batch.end && !batch.digest) {
    core_.store().putPeerFeed(session.peer, batch.owner, {batch.epoch, batch.upto});
  }
  if (batch.end) {
    flow->remaining_there = 0;
    flow->heard = true;
    flow->heard_ms = core_.clock().steadyMs();
  } else if (!batch.digest) {
    // More is to come; how much, the next position says. Of a circle's changes none is said to be the last.
    uint64_t items = batch.items.size();
    flow->remaining_there = flow->remaining_there > items ? flow->remaining_there - items : flow->circle && !batch.full ? 0 : 1;
  } else if (flow->circle) {
    flow->remaining_there = std::min((batch.begin ? 0 : flow->remaining_there) + ack.wants.size(), kMaxToldCount);
    flow->heard = true;
  }
  // People see how much of a circle is still to come, together with what came.
  if (flow->circle && batch.full && !batch.digest) savePlace(session, *flow);
  session.held.reset();
  reviewHeldOf(std::move(changed));
  send(session, encode(ack));
}

// Its versions in the order in which they came; of each that may not be taken, why. A tag that should be ours and is not goes.
Replicator::Decoded Replicator::decodeItem(const Session& session, const model::OwnerId& owner, const BatchItem& item) {
  Decoded decoded;
  for (const std::string& encoded : item.versions) {
    auto version = model::decodeVersion(encoded, {owner, item.id}, item.kind, session);
    if (version.ok()) dropForgedTag(owner, &*version);
    Status checked = version.ok() ? model::checkVersion(*version) : Status();
    decoded.push_back(checked.ok() ? std::move(version) : Result<Version>(checked.error()));
  }
  return decoded;
}

void Replicator::dropForgedTag(const model::OwnerId& owner, Version* version) {
  if (!version->tag || !(owner == core_.me())) return;
  if (*version->tag != core_.settings().ownerTag(version->hash)) version->tag.reset();
}

// True when the entity has changed.
bool Replicator::receiveItem(Session& session, Flow& flow, const Batch& batch, const BatchItem& item, Decoded decoded,
                             bool replacing, uint32_t first, Ack* ack) {
  model::Address address{batch.owner, item.id};
  OwnAccess access = core_.ownAccess(address);
  if (access == OwnAccess::kNone) return false;
  if (flow.circle && !mayComeFrom(session, flow, item.id)) {
    core_.auditRefusal(session.peer, "this member may not write it", address.text());
    for (uint32_t i = 0; i < item.versions.size(); ++i) ack->exceptions.push_back({first + i, false, "this member may not write it"});
    return false;
  }
  store::EntityRow row = core_.rowOf(address, item.kind);
  // As they stand with those of this item that were taken in; of the usual one version nothing has to be copied.
  const model::Siblings* siblings = &row.siblings;
  model::Siblings joined;
  std::vector<Version> good;
  std::vector<Version> behind;
  std::vector<ContentHash> named_versions;
  for (uint32_t i = 0; i < item.versions.size(); ++i) {
    uint32_t place = first + i;
    Result<Version>& version = decoded[i];
    if (!version.ok() && version.error().code == "unknown_format") {
      store::HeldRow held{0, session.peer, address, item.kind, kUnknownFormat, core_.clock().wallMs(), {}, item.versions[i]};
      if (!keepHeld(session, held)) return false;
      ack->exceptions.push_back({place, true, kUnknownFormat});
      continue;
    }
    if (!version.ok()) {
      // By its code: the message may name what the other home chose.
      core_.auditOften(session.peer.text(), "refused", version.error().code, address.text(), version.error().message);
      ack->exceptions.push_back({place, false, version.error().message});
      continue;
    }
    named_versions.push_back(version->hash);
    Judgement judgement = ingress_.judge(session.peer, address, *version, *siblings);
    if (judgement.verdict == Verdict::kRefuse) {
      core_.auditRefusal(session.peer, judgement.reason, address.text());
      ack->exceptions.push_back({place, false, judgement.reason});
      continue;
    }
    if (judgement.verdict == Verdict::kHold) {
      store::HeldRow held{0, session.peer, address, row.kind, judgement.reason, core_.clock().wallMs(), version->hash, {}};
      model::encodeVersion(*version, row.kind, core_.store(), &held.version);
      if (!keepHeld(session, held)) return false;
      // What is held is seen: its author may have forgotten it when it says hello next. Of a vector that a writer
      // sends only the own dot is known to be true.
      model::Vector dot;
      dot.raise(version->dot.replica, version->dot.counter);
      bool dot_is_true = judgement.reason == kDrift || judgement.reason == kManySiblings;
      bool by_owner = !flow.mine && !flow.circle;
      if (by_owner || dot_is_true) core_.sawVector(batch.owner, by_owner ? version->vector : dot);
      ack->exceptions.push_back({place, true, judgement.reason});
      continue;
    }
    // Only who may write and made it itself tells something new by it.
    if (judgement.covered && flow.mine && row.n != 0 && version->author == session.peer) core_.meetCovered(row, *version);
    if (version->tag && flow.mine && version->author == session.peer) core_.meetAcknowledged(row, *version);
    bool known = std::any_of(siblings->begin(), siblings->end(), [&](const Version& v) { return v.hash == version->hash; });
    if (flow.mine && (known || !judgement.covered)) {
      ack->tags.emplace_back(place, core_.settings().ownerTag(version->hash));
    }
    if (flow.mine && judgement.covered) continue;
    if (flow.circle && judgement.covered && !known && access == OwnAccess::kRead) behind.push_back(*version);
    if (i + 1 < item.versions.size()) {
      if (siblings != &joined) joined = row.siblings;
      siblings = &joined;
      model::join(*version, &joined);
    }
    good.push_back(std::move(*version));
  }
  if (!flow.mine) vouchedFor(session, address, named_versions);
  if (replacing && access == OwnAccess::kRead) {
    flow.named.insert(item.id);
    if (session.has_exceptions) core_.store().removePeerExceptions(session.peer, address);
    dropHeldOf(address, named_versions);
    model::Siblings keep;
    for (Version& version : good) model::join(std::move(version), &keep);
    // While the owner's newest is held back, what it vouched for before is the best there is.
    bool some_held = good.size() < named_versions.size();
    for (const Version& version : some_held ? row.siblings : model::Siblings{}) {
      if (version.tag) model::join(version, &keep);
    }
    bool same = row.n != 0 && row.siblings.size() == keep.size() &&
                std::equal(keep.begin(), keep.end(), row.siblings.begin(),
                           [](const Version& a, const Version& b) { return a.hash == b.hash; });
    if (same) {
      core_.join(&row, std::move(keep));  // Perhaps it brings tags.
    } else {
      core_.replace(address, item.kind, keep);
      ++session.received_entities;
    }
    return !same;
  }
  if (replacing) flow.named.insert(item.id);
  if (flow.circle) {
    confirm(flow.owner, item.id, named_versions);
    keepBehind(address, std::move(behind));
    // What it has and is not taken in perhaps stands on what is here.
    for (const Version& version : good.size() < item.versions.size() ? row.siblings : model::Siblings{}) confirm(flow.owner, item.id, {version.hash});
  }
  if (good.empty()) return false;
  std::vector<ContentHash> hashes;
  for (const Version& version : good) hashes.push_back(version.hash);
  // Until a pass has ended, a place in our feed says nothing yet.
  bool known_there = flow.mine && flow.pass == Pass::kNone && flow.acked && row.sequence <= *flow.acked;
  if (!core_.join(&row, std::move(good), known_there)) return false;
  ++session.received_entities;
  // Not sent back to where it came from, until our feed has passed it. A home that may only read perhaps drops it at the
  // end of a replacing pass that began before we had it: there it has to come again.
  bool keeps = !flow.mine || (batch.rules_number == myNumber(session, flow) &&
                              core_.accessFor(session.peer, item.id) == model::Access::kWrite);
  if (keeps && flow.started && row.sequence > flow.sent) {
    auto& has = flow.peer_has[row.n];
    has.insert(has.end(), hashes.begin(), hashes.end());
  }
  return true;
}

namespace {
// What tells held versions of one home apart: a hash names the entity too, and the size whether there is a tag. Of an unknown
// format there is no hash.
auto keyOf(const store::HeldRow& row, uint64_t bytes) {
  bool hashed = row.hash != ContentHash{};
  return std::tuple(row.hash, hashed ? model::Address{} : row.address, hashed ? std::string() : row.version, bytes);
}
}  // namespace

// False when the quota is reached, and the link ends.
bool Replicator::keepHeld(Session& session, const store::HeldRow& row) {
  store::Store& store = core_.store();
  if (!session.held) {
    // Not emplace(): clang 14 takes a nested class with defaults for one that has none yet.
    Session::Held& read = *(session.held = Session::Held());
    store.eachHeld(session.peer, [&read](const store::HeldRow& there, uint64_t bytes) {
      ++read.versions;
      read.bytes += bytes;
      read.known.insert(keyOf(there, bytes));
    });
  }
  Session::Held& held = *session.held;
  auto key = keyOf(row, row.version.size());
  if (held.known.contains(key)) return true;
  if (held.versions >= kHeldQuota || held.bytes + row.version.size() > kHeldQuotaBytes) {
    close(session, "held_quota",
          "10,000 changes of this home, or 64 MiB of them, are held back here already; see `why` for the reasons.");
    return false;
  }
  store.addHeld(row);
  ++held.versions;
  held.bytes += row.version.size();
  held.known.insert(std::move(key));
  return true;
}

void Replicator::dropHeld(const store::HeldRow& held) {
  core_.store().removeHeld(held.n);
  auto at = sessions_.find(held.home);
  if (at == sessions_.end()) return;
  at->second.held_changed = true;
  at->second.held.reset();
}

// A replacing pass replaces what is held back too; of an unknown format nothing can be said, so it stays.
void Replicator::dropHeldOf(const model::Address& address, const std::vector<ContentHash>& keep) {
  for (const store::HeldRow& held : core_.store().heldOf(address)) {
    if (held.reason == kUnknownFormat) continue;
    if (std::find(keep.begin(), keep.end(), held.hash) == keep.end()) dropHeld(held);
  }
}

void Replicator::endPass(Flow& flow) {
  std::vector<std::pair<std::string, std::string>> unnamed;
  for (uint64_t after = 0;;) {
    std::vector<store::FeedRow> page = core_.store().feedPart(flow.owner, after, kFeedPage, kFeedPageBytes).rows;
    if (page.empty()) break;
    for (const store::FeedRow& row : page) {
      after = row.sequence;
      if (row.siblings.empty() || flow.named.contains(row.id)) continue;
      if (core_.ownAccess({flow.owner, row.id}) == OwnAccess::kRead) unnamed.emplace_back(row.id, row.kind);
    }
  }
  for (const auto& [id, kind] : unnamed) core_.replace({flow.owner, id}, kind, {});
  // Held versions of what may only be read and was not named again go the same way.
  for (const store::HeldRow& held : core_.store().heldNames(std::nullopt, kAllHeld)) {
    if (held.address.owner == flow.owner && core_.ownAccess(held.address) == OwnAccess::kRead &&
        !flow.named.contains(held.address.id)) {
      dropHeld(held);
    }
  }
  store::OwnerRow& own = core_.writer().owner(flow.owner);
  own.replacing = false;
  core_.writer().changed(own);
  flow.pass_received = false;
  flow.named.clear();
}

void Replicator::receiveAck(Session& session, std::string_view message) {
  auto decoded = decodeAck(message);
  if (!decoded.ok()) return closeBroken(session, decoded.error());
  Ack& ack = *decoded;
  Flow* flow = session.flow(ack.owner);
  if (!flow && ack.owner.isCircle()) return;
  if (!flow || flow->in_flight.empty() || flow->in_flight.front().number != ack.number) {
    return close(session, "protocol", "The other home acknowledged what was not sent.");
  }
  for (size_t i = 1; i < ack.exceptions.size(); ++i) {
    if (ack.exceptions[i].version > ack.exceptions[i - 1].version) continue;
    return close(session, "protocol", "The other home excepted a version twice.");
  }
  InFlight flight = std::move(flow->in_flight.front());
  flow->in_flight.pop_front();
  flow->in_flight_bytes -= flight.bytes;
  bool same_pass = flow->pass == Pass::kDigest || flow->pass == Pass::kWanted;
  if (!flight.announced.empty()) {
    answeredOffer(*flow, flight, ack.wants);
    ack.wants.clear();
  }
  for (uint32_t want : ack.wants) {
    if (want >= flight.items.size()) return close(session, "protocol", "The other home wants what was not offered.");
    store::EntityNumber n = flight.items[want];
    if (same_pass && flow->wanted_set.insert(n).second) flow->wanted.push_back(n);
  }
  std::map<store::EntityNumber, std::vector<std::pair<ContentHash, model::OwnerTag>>> tags;
  for (const auto& [place, tag] : ack.tags) {
    if (place >= flight.versions.size()) return close(session, "protocol", "The other home acknowledged what was not sent.");
    const auto& [item, hash] = flight.versions[place];
    if (!flow->mine) tags[flight.items[item]].emplace_back(hash, tag);
  }
  for (const auto& [n, of_entity] : tags) {
    auto row = core_.store().feedRow(n);
    if (row) core_.acknowledge({flow->owner, row->id}, of_entity);
  }
  noteAck(session, *flow, flight, ack);
  for (const Ack::Exception& exception : ack.exceptions) {
    if (exception.version >= flight.versions.size()) continue;
    // A member that refuses has another charter than this home, or lies: the charter tells.
    if (exception.held || flow->mine || flow->circle) continue;
    const auto& [item, hash] = flight.versions[exception.version];
    auto row = core_.store().entity(flight.items[item]);
    if (!row) continue;
    for (const Version& version : row->siblings) {
      if (version.hash == hash && !version.tag) core_.archiveRefused(*row, {version}, toldReason(exception.reason));
    }
  }
}

void Replicator::receivePosition(Session& session, std::string_view message) {
  auto position = decodePosition(message);
  if (!position.ok()) return closeBroken(session, position.error());
  Flow* flow = session.flow(position->owner);
  if (!flow && position->owner.isCircle()) return;
  if (!flow) return close(session, "protocol", "The other home told a position in a feed of neither of us.");
  flow->remaining_there = std::min(position->remaining, kMaxToldCount);
  flow->heard = true;
  flow->heard_ms = core_.clock().steadyMs();
  session.clock_offset_ms = clockOffset(position->clock_ms, core_.clock().wallMs());
  if (flow->circle && flow->remaining_there > 0) savePlace(session, *flow);
  auto cursor = core_.store().cursor(session.peer, position->owner);
  if (!cursor || !(cursor->epoch == position->epoch) || flow->pass_received || flow->peer_number != cursor->sender_number) {
    return;
  }
  cursor->sequence = std::max(cursor->sequence, position->sequence);
  cursor->as_of_ms = core_.clock().wallMs();
  core_.store().putCursor(session.peer, position->owner, *cursor);
}

void Replicator::receiveLevel(Session& session, std::string_view message) {
  auto level = decodeLevel(message);
  if (!level.ok()) return closeBroken(session, level.error());
  for (auto at = session.asked.begin(); at != session.asked.end(); ++at) {
    if (at->first != level->token) continue;
    auto answer = std::move(at->second);
    session.asked.erase(at);
    level->held = std::min(level->held, kMaxToldCount);
    return answer(*level);
  }
}

// Time, rules, replica ids and space decide too, on versions of any entity, so all are judged again in turns. Those of all
// homes: what one has held back for ever must not hide what another has.
void Replicator::reviewHeld() {
  int64_t now = core_.clock().steadyMs();
  if (now < next_held_review_ms_) return;
  next_held_review_ms_ = now + kHeldReviewMs;
  Review review;
  std::vector<store::HeldRow> rows = core_.store().heldNamesAfter(held_reviewed_, kHeldReviewRows);
  bool last = rows.size() < kHeldReviewRows;
  for (const store::HeldRow& held : rows) {
    if (review.bytes == 0) {
      last = false;
      break;
    }
    held_reviewed_ = held.n;
    (void)judgeAgain(held, &review);
  }
  if (last) held_reviewed_ = 0;
  reviewHeldOf(std::move(review.changed));
}

// Of entities that changed. What is left when it costs too much has its turn later.
void Replicator::reviewHeldOf(std::set<model::Address> changed) {
  if (changed.empty() || !core_.store().anyHeld()) return;
  Review review;
  for (const model::Address& address : changed) {
    for (bool again = true; again;) {
      again = false;
      for (const store::HeldRow& held : core_.store().heldOf(address, kHeldReviewRows)) {
        if (review.rows == 0 || review.bytes == 0) return;
        // What was taken in may be what another one waits for.
        if (judgeAgain(held, &review)) again = true;
      }
    }
  }
}

// True when it was joined.
bool Replicator::judgeAgain(const store::HeldRow& held, Review* review) {
  review->rows -= std::min<size_t>(review->rows, 1);
  if (held.reason == kUnknownFormat) return false;
  std::string encoded = core_.store().heldVersion(held.n);
  review->bytes -= std::min(review->bytes, encoded.size());
  auto version = model::decodeVersion(encoded, held.hash, held.kind, core_.store());
  if (!version.ok()) return false;
  dropForgedTag(held.address.owner, &*version);
  auto row = core_.store().entity(held.address);
  Judgement judgement = ingress_.judge(held.home, held.address, *version, row ? row->siblings : model::Siblings{});
  if (judgement.verdict == Verdict::kHold) return false;
  auto at = sessions_.find(held.home);
  bool linked = at != sessions_.end() && at->second.ready && !at->second.closing;
  // A refusal waits for a link, else its writer would never hear of it. The loss of a right it learns from the rules.
  bool may_write = held.address.owner == core_.me() && core_.accessFor(held.home, held.address.id) == model::Access::kWrite;
  if (judgement.verdict == Verdict::kRefuse && may_write && !linked) return false;
  dropHeld(held);
  if (judgement.verdict == Verdict::kRefuse) {
    core_.auditRefusal(held.home, judgement.reason, held.address.text());
    Flow* flow = linked ? at->second.flow(held.address.owner) : nullptr;
    if (flow) flow->refused_since.push_back({held.address.id, held.hash, judgement.reason});
    core_.event("attention", "{\"code\":\"refused\",\"home\":\"" + held.home.text() + "\",\"reason\":" +
                                 model::jsonString(judgement.reason) + "}");
    return false;
  }
  if (judgement.covered || !core_.join(held.address, held.kind, {std::move(*version)})) return false;
  review->changed.insert(held.address);
  return true;
}

// Taking `write` away drops what is held from that home (DESIGN.md section 3).
void Replicator::dropHeldWithoutRight(const HomeId& home) {
  dropExceptionsWithoutRight(home, core_.me());
  for (const store::HeldRow& held : core_.store().heldNames(home, kAllHeld)) {
    if (!(held.address.owner == core_.me())) continue;
    if (core_.accessFor(home, held.address.id) == model::Access::kWrite) continue;
    dropHeld(held);
    core_.auditRefusal(home, "write was taken away", held.address.text());
    core_.event("attention", "{\"code\":\"refused\",\"home\":\"" + home.text() + "\",\"entity\":" +
                                 model::jsonString(held.address.text()) + ",\"reason\":\"write was taken away\"}");
  }
}

}  // namespace hearthgate::sync
