// What --trace and --shrink print.
#include "sim/world.h"
#include "sync/wire.h"

namespace hearthgate::sim {

using model::Version;

std::string World::nameOf(const model::Address& address) const {
  for (const auto& home : homes_) {
    if (home->owner() == address.owner) return address.id + "@" + home->name();
  }
  return address.text();
}

std::string World::stateOf(const model::Address& address) {
  std::string out = nameOf(address);
  for (size_t h = 0; h < homes_.size(); ++h) {
    out += "  " + homes_[h]->name() + ":";
    for (const Version& version : homes_[h]->siblings(address)) {
      size_t last = 0;
      ledger_.coveredBy(version.hash).each([&](size_t n) { last = n; });
      out += " w" + std::to_string(last) + (version.deleted ? "!" : "") + (version.tag ? "" : "(untagged)") + "{";
      for (const auto& entry : version.vector.entries()) {
        out += entry.replica.text().substr(0, 3) + ":" + std::to_string(entry.counter) + " ";
      }
      out.back() = '}';
    }
    for (const store::HeldRow& held : homes_[h]->store().held(std::nullopt, 100)) {
      if (held.address == address) out += " held(" + held.reason + ")";
    }
    if (!(address.owner == homes_[h]->owner())) {
      const model::Rules* rules = homes_[h]->core().rulesFrom(address.owner);
      out += rules ? " [" + std::to_string(rules->number) + " " + std::string(model::accessText(accessUnder(*rules, address.id))) + "]" : " [-]";
      if (homes_[h]->core().writer().find(address.owner) && homes_[h]->core().writer().find(address.owner)->replacing) out += " replacing";
    } else {
      for (size_t p = 0; p < homes_.size(); ++p) {
        const model::Rules* rules = p == h ? nullptr : homes_[h]->core().rulesFor(homes_[p]->id());
        if (rules) out += " [" + homes_[p]->name() + " " + std::to_string(rules->number) + " " + std::string(model::accessText(accessUnder(*rules, address.id))) + "]";
      }
    }
  }
  return out;
}

std::string World::describeMessage(const std::string& message) const {
  auto ownerName = [&](const model::OwnerId& owner) {
    for (const auto& home : homes_) {
      if (home->owner() == owner) return home->name();
    }
    return std::string("?");
  };
  switch (sync::typeOf(message).value()) {
    case sync::MessageType::kHello: {
      auto hello = sync::decodeHello(message);
      std::string out = "hello";
      for (const sync::OwnerHello& owner : hello->owners) {
        out += " of " + ownerName(owner.owner) + ": rules " + std::to_string(owner.rules.number) + ", epoch " + owner.epoch.text().substr(0, 3);
        if (owner.cursor) {
          out += ", cursor " + owner.cursor->epoch.text().substr(0, 3) + " " + std::to_string(owner.cursor->sequence) + " " +
                 std::to_string(owner.cursor->sender_number) + "/" + std::to_string(owner.cursor->receiver_number);
        }
        for (const auto& [replica, counter] : owner.doubted) out += ", doubts " + replica.text().substr(0, 3) + ":" + std::to_string(counter);
        for (const auto& [replica, counter] : owner.seen) out += ", saw " + replica.text().substr(0, 3) + ":" + std::to_string(counter);
        out += ";";
      }
      return out;
    }
    case sync::MessageType::kRules: {
      auto rules = sync::decodeRulesMessage(message);
      return "rules of " + ownerName(rules->owner) + ": number " + std::to_string(rules->rules.number);
    }
    case sync::MessageType::kReplica: return "replica id";
    case sync::MessageType::kBatch: {
      auto batch = sync::decodeBatch(message);
      std::string out = std::string(batch->digest ? "digests" : "batch") + " of " + ownerName(batch->owner) +
                        (batch->full ? " full" : "") + (batch->begin ? " begin" : "") + (batch->end ? " end" : "") +
                        " up to " + std::to_string(batch->upto) + " rules " + std::to_string(batch->rules_number);
      for (const sync::BatchItem& item : batch->items) out += " " + item.id + "(" + std::to_string(item.versions.size()) + ")";
      return out;
    }
    case sync::MessageType::kAck: {
      auto ack = sync::decodeAck(message);
      std::string out = "ack of " + ownerName(ack->owner);
      for (uint32_t want : ack->wants) out += " wants " + std::to_string(want);
      for (const auto& exception : ack->exceptions) out += (exception.held ? " held: " : " refused: ") + exception.reason;
      return out + " tags " + std::to_string(ack->tags.size());
    }
    case sync::MessageType::kPosition: return "position";
    case sync::MessageType::kAskLevel:
    case sync::MessageType::kLevel: return "level";
    case sync::MessageType::kBye: return "bye";
    case sync::MessageType::kHeld: return "held";
    case sync::MessageType::kKnownKeys:
    case sync::MessageType::kStatements: return "keys";
    case sync::MessageType::kCircles: return "circles";
    case sync::MessageType::kCharter: return "charter";
    case sync::MessageType::kCircleHello: return "hello of a circle";
  }
  return "?";
}

}  // namespace hearthgate::sim
