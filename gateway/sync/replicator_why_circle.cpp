// `why` of what a circle owns: between this home and one other member. Engine's thread.
#include <algorithm>

#include "sync/replicator.h"

namespace hearthgate::sync {

using Grade = WhyText::Grade;

void Replicator::whyOfCircle(WhyText& text, const HomeId& peer, const model::Address& address,
                             const std::optional<store::EntityRow>& row, const LinkFacts& link) {
  engine::Circles& circles = core_.circles();
  const engine::Circles::Circle* circle = circles.membership(address.owner);
  if (!circle) {
    if (!row) return text.fail(kGateKnown, Grade::kUnknown, "There is no such circle here.", "Look at `hearthgate circle list`.");
    text.pass(kGateKnown, "It was here once.", row->updated_ms);
    return text.fail(kGateOwner, Grade::kNotShared, "This home is no longer in this circle.", "Ask a member to invite this home again.", row->updated_ms);
  }
  const std::string name = circle->row.name;
  if (!row) {
    text.fail(kGateKnown, Grade::kUnknown, "Nothing of it has come here from any member of " + name + ".", "Look for its id with `hearthgate entity list`.");
    return;
  }
  text.pass(kGateKnown, row->state == store::EntityState::kDeleted ? "It is known here, and deleted." : "It is known here.", row->updated_ms);
  if (!circle->charter()->member(peer)) {
    return text.fail(kGateOwner, Grade::kNotShared, link.name + " is no member of " + name + ", to which it belongs.",
                     "Ask it to join: `hearthgate circle invite " + name + " " + link.name + "`.");
  }
  text.pass(kGateOwner, "It belongs to " + name + ", of which both are members; each sends it to the others.");
  const bool here = core_.ownAccess(address) == engine::OwnAccess::kWrite;
  const bool there = circles.accessOf(address.owner, peer, address.id) == model::Access::kWrite;
  std::string may = here && there ? "Both may write it."
                    : here        ? link.name + " may only read it, so it takes it from members and brings none."
                    : there       ? "This home may only read it, so it takes it from members and brings none."
                                  : "Both may only read it: each takes it from members that may write it.";
  text.pass(kGateGrant, may);
  text.pass(kGateUntil, "Rules of a circle have no end.");

  auto at = sessions_.find(peer);
  Flow* flow = at != sessions_.end() && at->second.ready ? at->second.flow(address.owner) : nullptr;
  bool pending;
  std::string how;
  std::optional<int64_t> since;
  if (flow) {
    bool in_flight = std::any_of(flow->in_flight.begin(), flow->in_flight.end(), [&](const InFlight& flight) {
      return std::find(flight.items.begin(), flight.items.end(), row->n) != flight.items.end();
    });
    bool comparing = !flow->started || flow->pass != Pass::kNone;
    pending = here && (comparing || in_flight || flow->wanted_set.contains(row->n) || flow->sent < row->sequence);
    how = in_flight   ? "It was offered or sent, and is not acknowledged yet."
          : comparing ? "The two homes compare what they have, which is not finished."
                      : link.name + (pending ? " has not acknowledged it yet." : " has all that this home has of the circle.");
  } else {
    auto place = core_.store().peerPlace(peer, address.owner);
    bool same_feed = place && place->epoch == core_.writer().owner(address.owner).epoch;
    pending = here && (!same_feed || place->sequence < row->sequence);
    how = link.name + (pending ? " has not acknowledged it to this home; it may have it from another member." : " has acknowledged it.");
    if (link.state == "connected" && pending) how = link.name + " has not said which charter of " + name + " it has.";
    if (place) since = place->at_ms;
  }
  if (whySending(text, peer, *row, pending, link)) {
    // The other home's word on this very entity stands already.
  } else if (pending) {
    text.fail(kGateAcknowledged, Grade::kOnItsWay, how, "Nothing: it goes by itself.", row->updated_ms);
  } else {
    text.pass(kGateAcknowledged, how, since);
  }
  whyShown(text, *row);
}

}  // namespace hearthgate::sync
