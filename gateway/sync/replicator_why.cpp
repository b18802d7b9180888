// `why`: the gates of one entity between this home and another, each answered by what decides about it: the rules' row,
// the link, held rows, the token bucket, and the acknowledgements of this link or those that were kept. Engine's thread.
#include <algorithm>

#include "base/utf8.h"
#include "sync/replicator.h"

namespace hearthgate::sync {

using model::Access;
using model::Version;
using Grade = WhyText::Grade;

namespace {

std::string quoted(const std::string& command) { return "`hearthgate " + command + "`"; }

// "The row light.* gives write."
std::string rowText(const model::AccessRow& row) {
  return "The row " + row.pattern + " gives " + std::string(model::accessText(row.access)) + ".";
}

std::string untilText(const model::AccessRow& row) {
  return row.until_ms ? "The grant ends at " + rfc3339(*row.until_ms) + "." : "The grant has no end.";
}

// The grant for this entity whose time has passed last.
std::optional<store::EndedGrant> endedFor(const std::vector<store::EndedGrant>& all, const std::string& id) {
  std::optional<store::EndedGrant> ended;
  for (const store::EndedGrant& row : all) {
    if (row.access != Access::kNone && model::globMatches(row.pattern, id)) ended = row;
  }
  return ended;
}

std::string feedText(const std::string& name, uint64_t acked, uint64_t sequence) {
  return name + (acked < sequence ? " has not acknowledged it yet: " : " has acknowledged it: ") + "it has this home's feed up to " +
         std::to_string(acked) + ", where this entity stands at " + std::to_string(sequence) + ".";
}

}  // namespace

void Replicator::setBandwidth(const HomeId& peer, std::optional<uint64_t> bytes_per_s) {
  core_.store().putBandwidth(peer, bytes_per_s);
  auto at = sessions_.find(peer);
  if (at == sessions_.end()) return;
  at->second.bandwidth = bytes_per_s.value_or(settings_.bandwidth_limit);
  at->second.budget = 0;
  at->second.budget_at_ms = core_.clock().steadyMs();
}

Why Replicator::why(const HomeId& peer, const model::Address& address, const LinkFacts& link) {
  WhyText text;
  auto row = core_.store().entity(address);
  if (address.owner.isCircle()) {
    whyOfCircle(text, peer, address, row, link);
  } else if (!(address.owner == core_.me())) {
    whyOfTheirs(text, peer, address, row, link);
  } else if (!row) {
    text.fail(kGateKnown, Grade::kUnknown, "There is no " + address.id + " here and never was.",
              "Look for its id with " + quoted("entity list") + ", or make it with " + quoted("entity set") + ".");
  } else {
    whyOfMine(text, peer, *row, link);
  }
  return text.take();
}

void Replicator::whyOfMine(WhyText& text, const HomeId& peer, const store::EntityRow& row, const LinkFacts& link) {
  const std::string& id = row.address.id;
  text.pass(kGateKnown, row.state == store::EntityState::kDeleted ? "It is known here, and deleted." : "It is known here.",
            row.updated_ms);
  text.pass(kGateOwner, "It belongs to this home, which syncs it with every home that its rules name.");
  const model::Rules* rules = core_.rulesFor(peer);
  const model::AccessRow* deciding = rules ? rules->decidingRow(id) : nullptr;
  std::string share = "Share it: " + quoted("share " + id + " " + link.name + " --read") + " (or --write).";
  auto ended = endedFor(core_.store().endedGrants(core_.me(), peer), id);
  if (!deciding && ended && ended->taken_back) {
    return text.fail(kGateGrant, Grade::kNotShared,
                     "It is not shared with " + link.name + " any more: the grant for " + ended->pattern + " was taken back.",
                     share, ended->until_ms);
  }
  if (!deciding && ended) {
    text.pass(kGateGrant, rowText({ended->pattern, ended->access, ended->until_ms}));
    return text.fail(kGateUntil, Grade::kNotShared, "The grant ended at " + rfc3339(ended->until_ms) + ".", share,
                     ended->until_ms);
  }
  if (!deciding) {
    return text.fail(kGateGrant, Grade::kNotShared,
                     "No row of this home's rules for " + link.name + " speaks of it, and without one nothing is shared.",
                     share);
  }
  if (deciding->access == Access::kNone) {
    return text.fail(kGateGrant, Grade::kNotShared, rowText(*deciding) + " It is an exception.", share);
  }
  text.pass(kGateGrant, rowText(*deciding));
  text.pass(kGateUntil, untilText(*deciding));

  auto at = sessions_.find(peer);
  bool pending;
  std::string how;
  std::optional<int64_t> since;
  if (at != sessions_.end() && at->second.ready) {
    Session& session = at->second;
    Flow& flow = session.mine;
    bool in_flight = std::any_of(flow.in_flight.begin(), flow.in_flight.end(), [&](const InFlight& flight) {
      return std::find(flight.items.begin(), flight.items.end(), row.n) != flight.items.end();
    });
    bool comparing = !flow.started || flow.pass != Pass::kNone || !flow.peer_offered;
    pending = comparing || in_flight || flow.wanted_set.contains(row.n) || flow.sent < row.sequence;
    how = in_flight   ? "It was sent, and is not acknowledged yet."
          : comparing ? "The two homes compare what they have, which is not finished."
                      : feedText(link.name, ackedUpTo(flow).value_or(0), row.sequence);
  } else {
    auto place = core_.store().peerPlace(peer, core_.me());
    bool same_feed = place && place->epoch == core_.writer().owner(core_.me()).epoch;
    pending = !same_feed || place->sequence < row.sequence || place->rules.accessFor(id) == Access::kNone;
    how = same_feed ? feedText(link.name, place->sequence, row.sequence)
                    : link.name + " has acknowledged nothing of this home's feed yet.";
    if (same_feed && place->sequence >= row.sequence && pending) how = "It was not shared when the two were level last.";
    if (place) since = place->at_ms;
  }
  bool told = whySending(text, peer, row, pending, link);
  if (told) {
    // The other home's word on this very entity stands already.
  } else if (pending) {
    text.fail(kGateAcknowledged, Grade::kOnItsWay, how, "Nothing: it goes by itself.", row.updated_ms);
  } else {
    text.pass(kGateAcknowledged, how, since);
  }
  whyShown(text, row);
}

void Replicator::whyOfTheirs(WhyText& text, const HomeId& peer, const model::Address& address,
                             const std::optional<store::EntityRow>& row, const LinkFacts& link) {
  const model::Rules* rules = core_.rulesFrom(address.owner);
  const model::AccessRow* deciding = rules ? rules->decidingRow(address.id) : nullptr;
  bool allowed = deciding && deciding->access != Access::kNone;
  bool held_here = !core_.store().heldOf(address).empty();
  if (!row && !(allowed && held_here)) {
    // Unknown and not shared look alike (TRUST.md T34).
    text.fail(kGateKnown, Grade::kUnknown,
              "Nothing of it has come here from " + link.name + ": it does not exist there, or is not shared with this home.",
              link.state == "connected" ? "Ask there: " + quoted("why " + address.id) + " at " + link.name + " knows."
                                        : linkAction(link));
    if (link.state != "connected") {
      text.fail(kGateLink, Grade::kNote, linkDetail(link), "",
                link.since_ms ? std::optional(link.since_ms) : std::nullopt);
    }
    return;
  }
  text.pass(kGateKnown, row && row->state == store::EntityState::kNoLongerShared ? "It was here once." : "It is known here.",
            row ? std::optional(row->updated_ms) : std::nullopt);
  text.pass(kGateOwner, "It belongs to " + link.name + ", which alone syncs it.");
  if (!allowed) {
    auto ended = endedFor(core_.store().endedGrants(address.owner, core_.settings().home), address.id);
    std::string ask = "Ask the person of " + link.name + " to share it again.";
    if (ended) {
      text.pass(kGateGrant, rowText({ended->pattern, ended->access, ended->until_ms}));
      return text.fail(kGateUntil, Grade::kNotShared, "The grant ended at " + rfc3339(ended->until_ms) + ".", ask,
                       ended->until_ms);
    }
    return text.fail(kGateGrant, Grade::kNotShared, link.name + " does not share it with this home any more.", ask,
                     row ? std::optional(row->updated_ms) : std::nullopt);
  }
  text.pass(kGateGrant, rowText(*deciding));
  text.pass(kGateUntil, untilText(*deciding));

  store::EntityRow shown = row ? *row : store::EntityRow{};
  shown.address = address;
  const Version* waiting = nullptr;
  for (const Version& version : shown.siblings) {
    if (version.author == core_.settings().home && !version.tag) waiting = &version;
  }
  bool told = whySending(text, peer, shown, waiting != nullptr, link);
  auto at = sessions_.find(peer);
  Session* session = at != sessions_.end() && at->second.ready ? &at->second : nullptr;
  const store::OwnerRow* own = core_.writer().find(address.owner);
  auto cursor = core_.store().cursor(peer, address.owner);
  std::optional<int64_t> as_of = cursor ? std::optional(cursor->as_of_ms) : std::nullopt;
  std::string wait = "Nothing: it goes by itself.";
  if (told) {
    // The other home's word on this very entity stands already.
  } else if (waiting) {
    text.fail(kGateAcknowledged, Grade::kOnItsWay, link.name + " has not acknowledged the change that was made here.", wait,
              waiting->stamp.ms);
  } else if (!session) {
    text.fail(kGateAcknowledged, Grade::kUnsure, "Whether " + link.name + " has changed it since the last word is not known.",
              linkAction(link), as_of);
  } else if ((own && own->replacing) || session->theirs.pass_received || !session->theirs.heard) {
    text.fail(kGateAcknowledged, Grade::kOnItsWay, "The two homes compare what they have, which is not finished.", wait, as_of);
  } else if (session->theirs.remaining_there > 0) {
    text.fail(kGateAcknowledged, Grade::kOnItsWay,
              link.name + " has still to send " + std::to_string(session->theirs.remaining_there) + " entities.", wait, as_of);
  } else {
    text.pass(kGateAcknowledged, "All that " + link.name + " told has come, and it acknowledged all changes made here.", as_of);
  }
  whyShown(text, shown);
}

// The gates between the two homes. `pending`: something of ours waits for the other's acknowledgement. True when the gate
// `acknowledged` is told too.
bool Replicator::whySending(WhyText& text, const HomeId& peer, const store::EntityRow& row, bool pending,
                            const LinkFacts& link) {
  auto at = sessions_.find(peer);
  Session* session = at == sessions_.end() ? nullptr : &at->second;
  std::optional<int64_t> since = link.since_ms ? std::optional(link.since_ms) : std::nullopt;
  Grade when_down = pending ? Grade::kOnItsWay : Grade::kNote;
  if (link.state == "connected") {
    text.pass(kGateLink, linkDetail(link), since);
  } else {
    text.fail(kGateLink, when_down, linkDetail(link), linkAction(link), since);
  }
  if (!link.any_transport) {
    text.fail(kGateTransport, when_down, "No plugin that carries links is running.", linkAction(link));
  } else {
    text.pass(kGateTransport, link.transport.empty() ? "A plugin that carries links is running." : "Over " + link.transport + ".");
  }

  struct Waiting {
    std::string reason;
    bool there;
    bool held;
    int64_t at_ms;
  };
  std::map<std::string, Waiting> waiting;  // by gate: the first
  for (const store::PeerException& exception : core_.store().peerExceptions(peer, row.address)) {
    bool stands = std::any_of(row.siblings.begin(), row.siblings.end(),
                              [&](const Version& version) { return version.hash == exception.hash; });
    if (stands) waiting.try_emplace(gateOf(exception.reason), Waiting{exception.reason, true, exception.held, exception.at_ms});
  }
  for (const store::HeldRow& held : core_.store().heldOf(row.address)) {
    if (held.home == peer) waiting.try_emplace(gateOf(held.reason), Waiting{held.reason, false, true, held.at_ms});
  }
  auto failed = [&](const char* gate) {
    auto found = waiting.find(gate);
    if (found == waiting.end()) return false;
    const Waiting& it = found->second;
    if (it.held) {
      text.fail(gate, Grade::kHeld, heldDetail(it.reason, link.name, it.there), heldAction(it.reason, link.name, it.there),
                it.at_ms);
    } else {
      text.fail(gate, Grade::kRefused, link.name + " refused what this home sent: " + it.reason + ".",
                "What was refused stands in " + quoted("conflict list --state refused") + "; ask the person of " + link.name +
                    " for the right, or write it anew.",
                it.at_ms);
    }
    return true;
  };
  if (!failed(kGateClock)) {
    bool synced = core_.clock().synchronised();
    text.pass(kGateClock, synced ? "No version of it is stamped too far ahead." : "This clock is not synchronised, so it checks no stamps.");
  }
  bool sends = row.address.owner == core_.me() || row.address.owner.isCircle();
  if (sends && core_.writer().owner(core_.me()).hold) {
    text.fail(kGateLimit, pending ? Grade::kHeld : Grade::kNote,
              "A data folder was put back, and nothing is sent until a person has looked at homes and grants.",
              "Look at `hearthgate home list` and `hearthgate grants`, then `hearthgate home confirm`.");
  } else if (link.refused_reason == "held_quota") {
    text.fail(kGateLimit, Grade::kHeld, "More changes are held back than one home may have (10,000, or 64 MiB), so the link is refused.", linkAction(link), since);
  } else if (!failed(kGateLimit)) {
    text.pass(kGateLimit, "No limit is reached.");
  }
  uint64_t limit = session ? session->bandwidth : core_.store().bandwidth(peer).value_or(settings_.bandwidth_limit);
  std::string rate = limit == 0 ? "No limit of bandwidth." : "At most " + std::to_string(limit) + " bytes a second.";
  if (limit > 0 && pending && session && session->ready && session->budget <= 0) {
    text.fail(kGateThrottle, Grade::kOnItsWay, rate + " Others go before it.",
              "Nothing: it goes by itself. " + quoted("home set " + link.name + " --bandwidth 0") + " lifts the limit.");
  } else {
    text.pass(kGateThrottle, rate);
  }
  return failed(kGateAcknowledged);
}

void Replicator::whyShown(WhyText& text, const store::EntityRow& row) {
  engine::EffectiveStrategy strategy = core_.strategyOf(row.address, row.kind);
  if (!strategy.known) {
    text.fail(kGateStrategy, Grade::kNote, "The strategy " + displayName(strategy.name) + " is not known here; latest-wins is shown.",
              "Use another one, or accept it here.");
  } else if (row.conflicted) {
    auto open = core_.store().conflicts({store::ConflictState::kOpen, row.n}, std::nullopt, 1);
    std::string number = open.empty() ? "N" : std::to_string(open.front().n);
    text.fail(kGateStrategy, Grade::kNote, "A person's choice is awaited; latest-wins is shown until then.",
              "Choose: " + quoted("conflict show " + number) + ", then " + quoted("conflict resolve " + number) + ".",
              open.empty() ? std::nullopt : std::optional(open.front().at_ms));
  } else {
    text.pass(kGateStrategy, strategy.name + " decides what is shown.");
  }
  text.pass(kGateBrake, "Nothing holds its view back.");
}

}  // namespace hearthgate::sync
