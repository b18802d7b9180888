#include "engine/lag.h"

#include <algorithm>

namespace hearthgate::engine {

namespace {

constexpr size_t kPage = 1000;  // rows read at a time

// A change of ours that its owner has not acknowledged.
bool awaitsItsOwner(store::Reader& reader, const HomeId& me, const model::Address& address) {
  auto row = reader.entity(address);
  return row && std::any_of(row->siblings.begin(), row->siblings.end(),
                            [&](const model::Version& version) { return version.author == me && !version.tag; });
}

}  // namespace

uint64_t waitingFor(store::Reader& reader, const HomeId& me, const HomeId& peer, const model::OwnerId& owner,
                    std::optional<uint64_t> sent) {
  bool mine = owner.isHome(me);
  auto rules = mine ? reader.rules(owner, peer) : reader.rules(owner, me);
  if (!rules) return 0;
  std::optional<store::PeerPlace> place;
  if (!sent) {
    place = reader.peerPlace(peer, owner);
    auto own = reader.owner(owner);
    if (place && (!own || !(own->epoch == place->epoch))) place.reset();
  }
  model::RulesInForce now(*rules);
  model::RulesInForce then(place ? place->rules : model::Rules{});
  uint64_t from = sent.value_or(0);
  // Under other rules than then, something that was passed over may be shared now.
  if (place && (!mine || place->rules.lists == rules->lists)) from = place->sequence;
  uint64_t count = 0;
  for (bool more = true; more;) {
    std::vector<store::FeedId> rows = reader.feedIds(owner, from, kPage);
    more = rows.size() == kPage;
    for (const store::FeedId& row : rows) {
      from = row.sequence;
      if (now.accessFor(row.id) == model::Access::kNone) continue;
      bool there = place && row.sequence <= place->sequence && then.accessFor(row.id) != model::Access::kNone;
      if (mine ? !there : awaitsItsOwner(reader, me, {owner, row.id})) ++count;
    }
  }
  return count;
}

}  // namespace hearthgate::engine
