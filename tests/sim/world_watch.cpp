// The properties that hold at every message and every commit, whatever else goes wrong.
#include <algorithm>

#include "model/codec.h"
#include "sim/world.h"
#include "sync/wire.h"

namespace hearthgate::sim {

using model::Access;
using model::Version;

// No message that names an entity goes to a home that its sender knows to have no access.
void World::looksAtMessage(size_t from, size_t to, const std::string& message) {
  Home& sender = *homes_[from];
  auto allowed = [&](const model::OwnerId& owner, const std::string& id) {
    const model::Rules* rules = owner == sender.owner()        ? sender.core().rulesFor(homes_[to]->id())
                                : owner == homes_[to]->owner() ? sender.core().rulesFrom(owner)
                                                               : nullptr;
    return rules && accessUnder(*rules, id) != Access::kNone;
  };
  auto checkRules = [&](const model::OwnerId& owner, const model::Rules& rules) {
    if (!(owner == sender.owner())) return;
    for (const model::StrategyRow& row : rules.strategies) {
      if (row.scope == model::StrategyRow::Scope::kEntity && !allowed(owner, row.pattern)) {
        fail("the rules that " + sender.name() + " tells name " + row.pattern + ", which the other may not see");
      }
    }
  };
  auto type = sync::typeOf(message);
  if (trace_) say("      " + sender.name() + " to " + homes_[to]->name() + ": " + describeMessage(message));
  if (type == sync::MessageType::kAck) {
    last_ack_ = *sync::decodeAck(message);
  } else if (type == sync::MessageType::kBatch) {
    auto batch = sync::decodeBatch(message);
    if (machines_[from].unconfirmed && batch->owner == sender.owner()) {
      fail(sender.name() + " sends its entities after a restore that nobody has confirmed");
    }
    for (const sync::BatchItem& item : batch->items) {
      content_sent_ += item.versions.size();
      if (!allowed(batch->owner, item.id)) {
        fail(sender.name() + " sends " + item.id + " to " + homes_[to]->name() + ", which has no access to it");
      }
    }
  } else if (type == sync::MessageType::kRules) {
    auto rules = sync::decodeRulesMessage(message);
    checkRules(rules->owner, rules->rules);
  } else if (type == sync::MessageType::kHello) {
    auto hello = sync::decodeHello(message);
    for (const sync::OwnerHello& owner : hello->owners) checkRules(owner.owner, owner.rules);
  }
}

void World::deliver(size_t from, size_t at, const std::string& message, const std::function<void(bool)>& run) {
  auto type = sync::typeOf(message);
  bool fails = std::exchange(fail_next_, false);
  if (type == sync::MessageType::kHello || type == sync::MessageType::kRules) {
    losing(at, [&] { fails ? run(true) : deliverRules(from, at, message, [&] { run(false); }); });
  } else if (type == sync::MessageType::kBatch && !fails) {
    deliverBatch(from, at, message, [&] { run(false); });
  } else {
    run(fails);
  }
}

// An owner that has forgotten rules goes on with the lesser of both answers (T15).
void World::deliverRules(size_t from, size_t at, const std::string& message, const std::function<void()>& run) {
  model::Rules told;
  if (sync::typeOf(message) == sync::MessageType::kRules) {
    auto rules = sync::decodeRulesMessage(message);
    if (rules->owner == homes_[at]->owner()) told = rules->rules;
  } else {
    auto hello = sync::decodeHello(message);
    for (const sync::OwnerHello& owner : hello->owners) {
      if (owner.owner == homes_[at]->owner()) told = owner.rules;
    }
  }
  const model::Rules* known = homes_[at]->core().rulesFor(homes_[from]->id());
  std::optional<model::Rules> before = known ? std::optional(*known) : std::nullopt;
  run();
  const model::Rules* now = homes_[at]->core().rulesFor(homes_[from]->id());
  bool forgot = before && (told.number > before->number || (told.number == before->number && !told.sameRows(*before)));
  if (!forgot || !now) return;
  if (now->number <= std::max(told.number, before->number))
    fail(homes_[at]->name() + " does not go on above the rules that it forgot");
  for (const std::string& id : kEntityIds) {
    if (accessUnder(*now, id) > std::min(accessUnder(*before, id), accessUnder(told, id))) {
      fail(homes_[at]->name() + " gives " + homes_[from]->name() + " more of " + id + " than both lists of its rules");
    }
  }
}

// Every version that came is covered by what stands there, or named in the acknowledgement; and none is joined that is
// stamped too far ahead of a synchronised clock (T14) and that its owner never vouched for.
void World::deliverBatch(size_t from, size_t at, const std::string& message, const std::function<void()>& run) {
  Home& home = *homes_[at];
  auto batch = sync::decodeBatch(message);
  bool known_owner = batch->owner == home.owner() || batch->owner == homes_[from]->owner();
  if (batch->digest || !known_owner) return run();
  struct Came {
    model::Address address;
    Version version;
    uint32_t place;
    bool known;
  };
  std::vector<Came> came;
  uint32_t place = 0;
  for (const sync::BatchItem& item : batch->items) {
    model::Address address{batch->owner, item.id};
    model::Siblings siblings = home.siblings(address);
    for (const std::string& encoded : item.versions) {
      // A sender that went back may number replica ids otherwise by now.
      auto version = model::decodeVersion(encoded, address, item.kind, homes_[from]->store());
      bool readable = version.ok() && ledger_.knows(version->hash);
      // What was written over here already is nothing new.
      bool known = readable && model::joinedVector(siblings).covers(version->vector);
      if (readable) came.push_back({address, std::move(*version), place, known});
      ++place;
    }
  }
  std::set<ContentHash> vouched;
  for (const Came& one : came) {
    if (vouched_.contains(one.version.hash)) vouched.insert(one.version.hash);
  }
  last_ack_.reset();
  run();
  if (!last_ack_ || last_ack_->number != batch->number || !(last_ack_->owner == batch->owner))
    return;  // The link was closed.
  auto held = home.store().held(std::nullopt, 1000);
  for (const Came& one : came) {
    if (home.core().ownAccess(one.address) == engine::OwnAccess::kNone) continue;
    model::Siblings siblings = home.siblings(one.address);
    bool stands =
        std::any_of(siblings.begin(), siblings.end(), [&](const Version& v) { return v.hash == one.version.hash; });
    bool is_held =
        std::any_of(held.begin(), held.end(), [&](const store::HeldRow& row) { return row.hash == one.version.hash; });
    bool named = std::any_of(last_ack_->exceptions.begin(), last_ack_->exceptions.end(), [&](const auto& exception) {
      return exception.version == one.place && !exception.reason.empty();
    });
    if ((is_held && !stands && !named) || (!named && !model::joinedVector(siblings).covers(one.version.vector))) {
      fail(home.name() + " skips a version of " + nameOf(one.address) + " from " + homes_[from]->name() +
           " in silence");
    }
    bool ahead = machines_[at].synced && model::latestStampMs(one.version) > home.clock().wall_ms + 60'000;
    bool free = batch->owner == home.owner() && vouched.contains(one.version.hash);
    if (stands && !one.known && ahead && !free) {
      fail(home.name() + " joins a version of " + nameOf(one.address) + " that is stamped too far ahead");
    }
  }
}

// A version that is new at its owner was written by a home that may write at that moment.
void World::watchJoined(size_t h) {
  Home& home = *homes_[h];
  for (const std::string& id : kEntityIds) {
    model::Address address{home.owner(), id};
    for (const Version& version : home.siblings(address)) {
      if (!vouched_.insert(version.hash).second || version.author == home.id()) continue;
      const model::Rules* rules = home.core().rulesFor(version.author);
      if (!rules || accessUnder(*rules, id) != Access::kWrite) {
        fail(home.name() + " joins a write of " + nameOf(address) + " by a home that may not write it");
      }
    }
  }
}

// What a home knows that it may not read, it does not hold.
void World::watchAccess(size_t h) {
  Home& home = *homes_[h];
  for (const auto& owner : homes_) {
    if (owner->owner() == home.owner()) continue;
    const model::Rules* rules = home.core().rulesFrom(owner->owner());
    for (const std::string& id : kEntityIds) {
      if (rules && accessUnder(*rules, id) != Access::kNone) continue;
      if (!home.siblings({owner->owner(), id}).empty()) {
        fail(home.name() + " still holds " + id + "@" + owner->name() + ", which it knows that it may not read");
      }
    }
  }
}

// A quota holds back only while it is reached (T18).
void World::watchHeld(size_t h) {
  Home& home = *homes_[h];
  if (!plan_.variant.space) return;
  for (const store::HeldRow& held : home.store().held(std::nullopt, 1000)) {
    if (held.reason != "quota") continue;
    const model::OwnerId& owner = held.address.owner;
    bool reached = home.store().entityCount(owner) >= home.limits().peer_entities ||
                   home.store().entityBytes(owner) >= home.limits().peer_bytes;
    if (!reached) fail(home.name() + " holds back " + nameOf(held.address) + " for a quota that is not reached");
  }
}

}  // namespace hearthgate::sim
