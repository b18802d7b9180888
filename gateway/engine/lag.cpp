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

uint64_t LagCounter::waiting(store::Reader& reader, const HomeId& me, const HomeId& peer, const model::OwnerId& owner,
                             std::optional<uint64_t> sent) {
  auto number = owner.isHome(me) ? reader.rulesNumber(owner, peer) : reader.rulesNumber(owner, me);
  std::lock_guard lock(mutex_);
  if (!number) {
    counted_.erase({peer, owner});
    return 0;
  }
  auto own = reader.owner(owner);
  Counted now;
  if (own) now.epoch = own->epoch;
  now.rules_number = *number;
  now.sent = sent;
  if (!sent) now.place = reader.placeMark(peer, owner);
  if (now.place && !(now.place->epoch == now.epoch)) now.place.reset();
  Counted& counted = counted_[{peer, owner}];
  bool same = counted.epoch == now.epoch && counted.rules_number == now.rules_number && counted.place == now.place &&
              counted.sent == now.sent && counted.sequence <= reader.feedEnd(owner);
  if (!same) counted = std::move(now);
  if (counted.sequence < reader.feedEnd(owner)) add(reader, me, peer, owner, &counted);
  return counted.count;
}

void LagCounter::add(store::Reader& reader, const HomeId& me, const HomeId& peer, const model::OwnerId& owner,
                     Counted* counted) {
  bool mine = owner.isHome(me);
  auto rules = mine ? reader.rules(owner, peer) : reader.rules(owner, me);
  if (!rules) return;
  std::optional<store::PeerPlace> place;
  if (counted->place) place = reader.peerPlace(peer, owner);
  model::RulesInForce now(*rules);
  model::RulesInForce then(place ? place->rules : model::Rules{});
  if (counted->sequence == 0) {
    counted->sequence = counted->sent.value_or(0);
    // Under other rules than then, something that was passed over may be shared now.
    if (place && (!mine || place->rules.lists == rules->lists)) counted->sequence = place->sequence;
  }
  for (bool more = true; more;) {
    std::vector<store::FeedId> rows = reader.feedIds(owner, counted->sequence, kPage);
    more = rows.size() == kPage;
    looked_ += rows.size();
    for (const store::FeedId& row : rows) {
      counted->sequence = row.sequence;
      bool there = place && row.sequence <= place->sequence && then.accessFor(row.id) != model::Access::kNone;
      bool waits = row.shared && now.accessFor(row.id) != model::Access::kNone &&
                   (mine ? !there : awaitsItsOwner(reader, me, {owner, row.id}));
      auto bit = static_cast<size_t>(row.n);
      if (bit >= counted->waits.size()) counted->waits.resize(bit + 1);
      if (counted->waits[bit] != waits) waits ? ++counted->count : --counted->count;
      counted->waits[bit] = waits;
    }
  }
}

}  // namespace hearthgate::engine
