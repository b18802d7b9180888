// The messages of a home that lies, made by hand or out of honest ones.
#include <algorithm>

#include "fuzz/sync/hostile_home.h"
#include "model/codec.h"

namespace hearthgate::fuzz {

using namespace sync;

// The tables of a link, filled by what a batch names; far from the numbers that the honest part uses.
struct HostileHome::LinkNumbers : model::Numbering {
  static constexpr uint32_t kFirst = 10'000;
  std::vector<ReplicaId> replicas;
  std::vector<HomeId> homes;
  template <typename Id>
  static uint32_t number(const Id& id, std::vector<Id>* all) {
    auto at = std::find(all->begin(), all->end(), id);
    if (at == all->end()) at = all->insert(all->end(), id);
    return kFirst + static_cast<uint32_t>(at - all->begin());
  }
  uint32_t replicaNumber(const ReplicaId& id) override { return number(id, &replicas); }
  uint32_t homeNumber(const HomeId& id) override { return number(id, &homes); }
  void tell(Batch* batch) const {
    for (size_t i = 0; i < replicas.size(); ++i) batch->replicas.emplace_back(kFirst + i, replicas[i]);
    for (size_t i = 0; i < homes.size(); ++i) batch->homes.emplace_back(kFirst + i, homes[i]);
  }
};

OwnerHello HostileHome::ownerHello(Input& input) {
  OwnerHello hello;
  hello.owner = owner(input);
  hello.epoch = epoch(input);
  hello.sequence = number(input);
  hello.has_content = input.flag();
  if (input.flag()) hello.cursor = store::Cursor{epoch(input), number(input), number(input), number(input), 0};
  hello.rules = rules(input);
  for (size_t i = input.below(4); i > 0; --i) hello.replicas.push_back(replica(input));
  for (size_t i = input.below(4); i > 0; --i) {
    ReplicaId of = replica(input);
    hello.seen.emplace_back(of, number(input));
  }
  for (size_t i = input.below(3); i > 0; --i) {
    ReplicaId of = replica(input);
    hello.doubted.emplace_back(of, number(input));
  }
  for (size_t i = input.below(3); i > 0; --i) {
    FeedEpoch of = epoch(input);
    hello.places.push_back({of, number(input)});
  }
  return hello;
}

Hello HostileHome::hello(Input& input) {
  Hello hello;
  hello.protocol_min = kProtocolMin;
  hello.protocol_max = kProtocolMax;
  hello.home = self_.id();
  hello.name = text(input);
  hello.incarnation = 1;
  hello.clock_ms = clockMs(input);
  for (size_t i = input.below(3); i > 0; --i) hello.owners.push_back(ownerHello(input));
  return hello;
}

void HostileHome::change(Hello* hello, Input& input) {
  switch (input.below(5)) {
    case 0:
      hello->incarnation = static_cast<int64_t>(number(input));
      break;
    case 1:
      hello->clock_ms = clockMs(input);
      break;
    case 2:
      hello->protocol_max = static_cast<uint32_t>(number(input));
      break;
    case 3:
      if (!hello->owners.empty()) hello->owners[input.below(hello->owners.size())] = ownerHello(input);
      break;
    default: {
      if (hello->owners.empty()) break;
      OwnerHello& owner = hello->owners[input.below(hello->owners.size())];
      switch (input.below(5)) {
        case 0:
          owner.rules = rules(input);
          break;
        case 1:
          owner.seen.emplace_back(replica(input), 0);
          owner.seen.back().second = number(input);
          break;
        case 2:
          owner.replicas.push_back(replica(input));
          break;
        case 3:
          owner.places.push_back({epoch(input), 0});
          owner.places.back().sequence = number(input);
          break;
        default:
          owner.cursor = store::Cursor{owner.epoch, number(input), number(input), number(input), 0};
      }
    }
  }
}

Batch HostileHome::batch(Input& input) {
  Batch batch;
  batch.owner = owner(input);
  batch.number = input.below(4) == 0 ? number(input) : ++batches_;
  uint8_t flags = input.byte();
  batch.full = (flags & 1) != 0;
  batch.begin = (flags & 2) != 0;
  batch.end = (flags & 4) != 0;
  batch.digest = (flags & 24) == 24;
  batch.epoch = epoch(input);
  batch.upto = number(input);
  const model::Rules* known =
      batch.owner == self_.owner() ? self_.core().rulesFor(victim_) : self_.core().rulesFrom(batch.owner);
  batch.rules_number = input.below(4) == 0 || !known ? number(input) : known->number;
  LinkNumbers numbers;
  for (size_t items = input.below(4); items > 0; --items) {
    BatchItem item{id(input), kind(input), {}, std::string(16, static_cast<char>(items))};
    if (batch.digest && input.flag()) {
      std::vector<ContentHash> of;
      for (const model::Version& version : self_.siblings({batch.owner, item.id})) of.push_back(version.hash);
      item.digest = digestOf(of);
    }
    for (size_t versions = input.below(4); versions > 0; --versions) {
      model::Version made = version({batch.owner, item.id}, input);
      // What no encoder can write is sent as bytes.
      if (made.dot.counter == 0 || made.vector.at(made.dot.replica) != made.dot.counter) {
        item.versions.emplace_back(input.bytes());
        continue;
      }
      std::string bytes;
      made.kind = item.kind;
      model::encodeVersion(made, item.kind, numbers, &bytes);
      if (input.below(8) == 0) bytes[input.byte() % bytes.size()] = static_cast<char>(input.byte());
      item.versions.push_back(std::move(bytes));
    }
    batch.items.push_back(std::move(item));
  }
  numbers.tell(&batch);
  return batch;
}

void HostileHome::change(Batch* batch, Input& input) {
  switch (input.below(9)) {
    case 0:
      batch->number = number(input);
      break;
    case 1:
      batch->full = !batch->full;
      break;
    case 2:
      batch->end = !batch->end;
      break;
    case 3:
      batch->begin = !batch->begin;
      break;
    case 4:
      batch->epoch = epoch(input);
      break;
    case 5:
      batch->upto = number(input);
      break;
    case 6:
      batch->rules_number = number(input);
      break;
    case 7:
      batch->owner = owner(input);
      break;
    default: {
      if (batch->items.empty()) break;
      BatchItem& item = batch->items[input.byte() % batch->items.size()];
      if (input.flag()) item.id = id(input);
      if (input.flag()) item.kind = kind(input);
      if (item.versions.empty()) break;
      std::string& bytes = item.versions[input.byte() % item.versions.size()];
      if (!bytes.empty()) bytes[input.byte() % bytes.size()] = static_cast<char>(input.byte());
    }
  }
}

Ack HostileHome::ack(Input& input) {
  Ack ack;
  ack.owner = owner(input);
  ack.number = number(input);
  for (size_t i = input.below(3); i > 0; --i) ack.wants.push_back(static_cast<uint32_t>(number(input)));
  for (size_t i = input.below(4); i > 0; --i) {
    Ack::Exception exception{static_cast<uint32_t>(number(input)), input.flag(), ""};
    exception.reason = text(input);
    ack.exceptions.push_back(std::move(exception));
  }
  for (size_t i = input.below(3); i > 0; --i) {
    model::OwnerTag tag;
    tag.fill(input.byte());
    ack.tags.emplace_back(static_cast<uint32_t>(number(input)), tag);
  }
  return ack;
}

void HostileHome::change(Ack* ack, Input& input) {
  Ack made = this->ack(input);
  switch (input.below(4)) {
    case 0:
      ack->number = made.number;
      break;
    case 1:
      ack->wants = made.wants;
      break;
    case 2:
      ack->exceptions = made.exceptions;
      break;
    default:
      ack->tags = made.tags;
  }
}

std::vector<HeldMessage::Row> HostileHome::heldRows(Input& input) {
  std::vector<HeldMessage::Row> rows;
  for (size_t i = input.below(4); i > 0; --i) {
    HeldMessage::Row row;
    row.id = id(input);
    row.hash = hash(input);
    row.reason = text(input);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string HostileHome::forge(Input& input) {
  switch (input.below(12)) {
    case 0:
      return encode(hello(input));
    case 1: {
      RulesMessage message{owner(input), {}};
      message.rules = rules(input);
      return encode(message);
    }
    case 2: {
      ReplicaMessage message{owner(input), {}};
      message.replica = replica(input);
      return encode(message);
    }
    case 3:
    case 4:
    case 5:
      return encode(batch(input));
    case 6:
      return encode(ack(input));
    case 7: {
      Position position{owner(input), {}, 0, 0, 0};
      position.epoch = epoch(input);
      position.sequence = number(input);
      position.remaining = number(input);
      position.clock_ms = clockMs(input);
      return encode(position);
    }
    case 8: {
      LevelMessage level{number(input), 0, 0};
      level.held = number(input);
      return input.flag() ? encodeAskLevel(level) : encodeLevel(level);
    }
    case 9: {
      Bye bye{text(input), ""};
      bye.text = text(input);
      return encode(bye);
    }
    case 10: {
      HeldMessage message{owner(input), {}, {}};
      message.held = heldRows(input);
      message.refused = heldRows(input);
      return encode(message);
    }
    default: {
      std::string raw(1, static_cast<char>(1 + input.below(15)));
      return raw.append(input.bytes());
    }
  }
}

std::string HostileHome::changed(const std::string& message, Input& input) {
  auto type = typeOf(message);
  bool fields = input.below(4) != 0;
  if (fields && type == MessageType::kHello) {
    auto hello = decodeHello(message);
    change(&*hello, input);
    return encode(*hello);
  }
  if (fields && type == MessageType::kBatch) {
    auto batch = decodeBatch(message);
    change(&*batch, input);
    return encode(*batch);
  }
  if (fields && type == MessageType::kAck) {
    auto ack = decodeAck(message);
    change(&*ack, input);
    return encode(*ack);
  }
  std::string bytes = message;
  for (size_t edits = 1 + input.below(4); edits > 0; --edits) {
    size_t at = (input.byte() * 256u + input.byte()) % bytes.size();
    bytes[at] = static_cast<char>(input.byte());
  }
  if (input.below(4) == 0) bytes.resize(1 + input.byte() % bytes.size());
  return bytes;
}

}  // namespace hearthgate::fuzz
