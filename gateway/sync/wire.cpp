#include "sync/wire.h"

#include <algorithm>

#include "base/sha256.h"
#include "model/codec.h"
#include "model/limits.h"
#include "store/rules_codec.h"
#include "sync/tuning.h"
#include "sync/wire_parts.h"

namespace hearthgate::sync {
namespace {

void writeRules(const model::Rules& rules, ByteWriter* out) {
  out->number(rules.number);
  out->bytes(store::encodeRules(rules));
}

model::Rules readRules(ByteReader* in) {
  uint64_t number = in->number();
  auto rules = store::decodeRules(in->bytes());
  // Counters end at 2^53 (TRUST.md T13), so that one above what is told is always a number too.
  if (!rules.ok() || number >= model::kMaxCounter) {
    in->fail();
    return {};
  }
  rules->number = number;
  return std::move(*rules);
}

template <typename Id>
void writeIds(const std::vector<Id>& ids, ByteWriter* out) {
  out->number(ids.size());
  for (const Id& id : ids) out->raw(id.view());
}

template <typename Id>
std::vector<std::pair<uint32_t, Id>> readTable(ByteReader* in) {
  std::vector<std::pair<uint32_t, Id>> rows;
  for (size_t i = in->count(Id::kSize); i > 0; --i) {
    uint64_t number = in->number();
    if (number > UINT32_MAX) in->fail();
    rows.emplace_back(static_cast<uint32_t>(number), in->id<Id>());
  }
  return rows;
}

void writeCounters(const std::vector<std::pair<ReplicaId, uint64_t>>& counters, ByteWriter* out) {
  out->number(counters.size());
  for (const auto& [replica, counter] : counters) {
    out->raw(replica.view());
    out->number(counter);
  }
}

std::vector<std::pair<ReplicaId, uint64_t>> readCounters(ByteReader* in) {
  std::vector<std::pair<ReplicaId, uint64_t>> counters;
  for (size_t i = in->count(ReplicaId::kSize + 1); i > 0; --i) {
    auto replica = in->id<ReplicaId>();
    counters.emplace_back(replica, in->number());
  }
  return counters;
}

}  // namespace

void writeOwnerHello(const OwnerHello& owner, ByteWriter* out) {
  writeOwner(owner.owner, out);
  out->raw(owner.epoch.view());
  out->number(owner.sequence);
  out->byte(static_cast<uint8_t>((owner.has_content ? 1 : 0) | (owner.cursor ? 2 : 0)));
  if (owner.cursor) {
    out->raw(owner.cursor->epoch.view());
    out->number(owner.cursor->sequence);
    out->number(owner.cursor->sender_number);
    out->number(owner.cursor->receiver_number);
  }
  writeRules(owner.rules, out);
  writeIds(owner.replicas, out);
  writeCounters(owner.seen, out);
  writeCounters(owner.doubted, out);
  out->number(owner.places.size());
  for (const store::FeedPlace& place : owner.places) {
    out->raw(place.epoch.view());
    out->number(place.sequence);
  }
}

OwnerHello readOwnerHello(ByteReader* in) {
  OwnerHello owner;
  owner.owner = readOwner(in);
  owner.epoch = in->id<FeedEpoch>();
  owner.sequence = in->number();
  uint8_t flags = in->byte();
  owner.has_content = (flags & 1) != 0;
  if (flags & 2) {
    owner.cursor.emplace();
    owner.cursor->epoch = in->id<FeedEpoch>();
    owner.cursor->sequence = in->number();
    owner.cursor->sender_number = in->number();
    owner.cursor->receiver_number = in->number();
  }
  owner.rules = readRules(in);
  size_t replicas = in->count(ReplicaId::kSize);
  if (replicas > kMaxToldReplicas) {
    in->fail();
    return owner;
  }
  for (; replicas > 0; --replicas) owner.replicas.push_back(in->id<ReplicaId>());
  owner.seen = readCounters(in);
  owner.doubted = readCounters(in);
  if (owner.doubted.size() > kMaxToldReplicas) in->fail();
  for (size_t k = in->count(FeedEpoch::kSize + 1); k > 0; --k) {
    auto epoch = in->id<FeedEpoch>();
    owner.places.push_back({epoch, in->number()});
  }
  return owner;
}

std::optional<MessageType> typeOf(std::string_view message) {
  if (message.empty()) return std::nullopt;
  auto type = static_cast<uint8_t>(message.front());
  if (type < 1 || type > static_cast<uint8_t>(MessageType::kCircleHello)) return std::nullopt;
  return static_cast<MessageType>(type);
}

std::string encode(const Hello& hello) {
  std::string message = start(MessageType::kHello);
  ByteWriter out(&message);
  out.number(hello.protocol_min);
  out.number(hello.protocol_max);
  out.raw(hello.home.view());
  out.bytes(hello.name);
  out.signedNumber(hello.incarnation);
  out.signedNumber(hello.clock_ms);
  out.number(hello.addresses.size());
  for (const std::string& address : hello.addresses) out.bytes(address);
  out.bytes(hello.statements);
  out.number(hello.owners.size());
  for (const OwnerHello& owner : hello.owners) {
    writeOwnerHello(owner, &out);
  }
  return message;
}

Result<Hello> decodeHello(std::string_view message) {
  ByteReader in = body(message);
  Hello hello;
  hello.protocol_min = static_cast<uint32_t>(in.number());
  hello.protocol_max = static_cast<uint32_t>(in.number());
  hello.home = in.id<HomeId>();
  hello.name = in.bytes();
  hello.incarnation = in.signedNumber();
  hello.clock_ms = in.signedNumber();
  for (size_t i = in.count(); i > 0; --i) hello.addresses.emplace_back(in.bytes());
  hello.statements = in.bytes();
  for (size_t i = in.count(40); i > 0; --i) {
    hello.owners.push_back(readOwnerHello(&in));
  }
  return finish(in, std::move(hello), "hello");
}

std::string encode(const RulesMessage& rules) {
  std::string message = start(MessageType::kRules);
  ByteWriter out(&message);
  writeOwner(rules.owner, &out);
  writeRules(rules.rules, &out);
  return message;
}

Result<RulesMessage> decodeRulesMessage(std::string_view message) {
  ByteReader in = body(message);
  RulesMessage rules;
  rules.owner = readOwner(&in);
  rules.rules = readRules(&in);
  return finish(in, std::move(rules), "rules");
}

std::string encode(const ReplicaMessage& replica) {
  std::string message = start(MessageType::kReplica);
  ByteWriter out(&message);
  writeOwner(replica.owner, &out);
  out.raw(replica.replica.view());
  return message;
}

Result<ReplicaMessage> decodeReplicaMessage(std::string_view message) {
  ByteReader in = body(message);
  ReplicaMessage replica;
  replica.owner = readOwner(&in);
  replica.replica = in.id<ReplicaId>();
  return finish(in, replica, "replica");
}

SiblingDigest digestOf(const std::vector<ContentHash>& hashes) {
  std::vector<ContentHash> sorted = hashes;
  std::sort(sorted.begin(), sorted.end());
  std::string all;
  for (const ContentHash& hash : sorted) all += hash.view();
  auto digest = sha256(all);
  return std::string(reinterpret_cast<const char*>(digest.data()), 16);
}

std::string encode(const Batch& batch) {
  std::string message = start(MessageType::kBatch);
  ByteWriter out(&message);
  writeOwner(batch.owner, &out);
  out.number(batch.number);
  out.byte(static_cast<uint8_t>((batch.full ? 1 : 0) | (batch.begin ? 2 : 0) | (batch.end ? 4 : 0) | (batch.digest ? 8 : 0)));
  out.raw(batch.epoch.view());
  out.number(batch.upto);
  out.number(batch.rules_number);
  out.number(batch.replicas.size());
  for (const auto& [number, id] : batch.replicas) {
    out.number(number);
    out.raw(id.view());
  }
  out.number(batch.homes.size());
  for (const auto& [number, id] : batch.homes) {
    out.number(number);
    out.raw(id.view());
  }
  out.number(batch.items.size());
  for (const BatchItem& item : batch.items) {
    out.bytes(item.id);
    if (batch.digest) {
      out.raw(item.digest);
      continue;
    }
    out.bytes(item.kind);
    out.number(item.versions.size());
    for (const std::string& version : item.versions) out.bytes(version);
  }
  return message;
}

Result<Batch> decodeBatch(std::string_view message) {
  ByteReader in = body(message);
  Batch batch;
  batch.owner = readOwner(&in);
  batch.number = in.number();
  uint8_t flags = in.byte();
  batch.full = (flags & 1) != 0;
  batch.begin = (flags & 2) != 0;
  batch.end = (flags & 4) != 0;
  batch.digest = (flags & 8) != 0;
  batch.epoch = in.id<FeedEpoch>();
  batch.upto = in.number();
  batch.rules_number = in.number();
  batch.replicas = readTable<ReplicaId>(&in);
  batch.homes = readTable<HomeId>(&in);
  size_t items = in.count(3);
  if (items > kBatchItems) return broken("too many entities in a batch");
  size_t versions = 0;
  for (size_t i = items; i > 0 && in.ok(); --i) {
    BatchItem item;
    item.id = in.bytes();
    if (in.ok() && !model::checkEntityId(item.id).ok()) return broken("entity id");
    if (batch.digest) {
      item.digest = in.raw(16);
    } else {
      item.kind = in.bytes();
      if (in.ok() && !model::checkKind(item.kind).ok()) return broken("kind");
      size_t of_item = in.count();
      versions += of_item;
      if (of_item > model::kMaxSiblings || versions > kMaxBatchVersions) return broken("too many versions in a batch");
      for (size_t k = of_item; k > 0; --k) item.versions.emplace_back(in.bytes());
    }
    batch.items.push_back(std::move(item));
  }
  return finish(in, std::move(batch), "batch");
}

std::string encode(const Ack& ack) {
  std::string message = start(MessageType::kAck);
  ByteWriter out(&message);
  writeOwner(ack.owner, &out);
  out.number(ack.number);
  out.number(ack.wants.size());
  for (uint32_t want : ack.wants) out.number(want);
  out.number(ack.exceptions.size());
  for (const Ack::Exception& exception : ack.exceptions) {
    out.number(exception.version);
    out.byte(exception.held ? 1 : 0);
    out.bytes(exception.reason);
  }
  out.number(ack.tags.size());
  for (const auto& [version, tag] : ack.tags) {
    out.number(version);
    out.raw({reinterpret_cast<const char*>(tag.data()), tag.size()});
  }
  return message;
}

Result<Ack> decodeAck(std::string_view message) {
  ByteReader in = body(message);
  Ack ack;
  ack.owner = readOwner(&in);
  ack.number = in.number();
  auto place = [&] {
    uint64_t value = in.number();
    if (value > UINT32_MAX) in.fail();
    return static_cast<uint32_t>(value);
  };
  for (size_t i = in.count(); i > 0; --i) ack.wants.push_back(place());
  for (size_t i = in.count(3); i > 0; --i) {
    Ack::Exception exception;
    exception.version = place();
    exception.held = in.byte() != 0;
    exception.reason = in.bytes();
    ack.exceptions.push_back(std::move(exception));
  }
  for (size_t i = in.count(17); i > 0; --i) {
    uint32_t version = place();
    model::OwnerTag tag{};
    std::string_view raw = in.raw(tag.size());
    std::copy(raw.begin(), raw.end(), tag.begin());
    ack.tags.emplace_back(version, tag);
  }
  return finish(in, std::move(ack), "ack");
}

std::string encode(const Position& position) {
  std::string message = start(MessageType::kPosition);
  ByteWriter out(&message);
  writeOwner(position.owner, &out);
  out.raw(position.epoch.view());
  out.number(position.sequence);
  out.number(position.remaining);
  out.signedNumber(position.clock_ms);
  return message;
}

Result<Position> decodePosition(std::string_view message) {
  ByteReader in = body(message);
  Position position;
  position.owner = readOwner(&in);
  position.epoch = in.id<FeedEpoch>();
  position.sequence = in.number();
  position.remaining = in.number();
  position.clock_ms = in.signedNumber();
  return finish(in, position, "position");
}

namespace {
std::string encodeLevelAs(MessageType type, const LevelMessage& level) {
  std::string message = start(type);
  ByteWriter out(&message);
  out.number(level.token);
  out.number(level.held);
  out.number(level.refused);
  return message;
}
}  // namespace

std::string encodeAskLevel(const LevelMessage& message) { return encodeLevelAs(MessageType::kAskLevel, message); }
std::string encodeLevel(const LevelMessage& message) { return encodeLevelAs(MessageType::kLevel, message); }

Result<LevelMessage> decodeLevel(std::string_view message) {
  ByteReader in = body(message);
  LevelMessage level;
  level.token = in.number();
  level.held = in.number();
  level.refused = in.number();
  return finish(in, level, "level");
}

namespace {
void writeHeldRows(const std::vector<HeldMessage::Row>& rows, ByteWriter* out) {
  out->number(rows.size());
  for (const HeldMessage::Row& row : rows) {
    out->bytes(row.id);
    out->raw(row.hash.view());
    out->bytes(row.reason);
  }
}

std::vector<HeldMessage::Row> readHeldRows(ByteReader* in) {
  std::vector<HeldMessage::Row> rows;
  for (size_t i = in->count(2 + ContentHash::kSize); i > 0; --i) {
    HeldMessage::Row row;
    row.id = in->bytes();
    row.hash = in->id<ContentHash>();
    row.reason = in->bytes();
    rows.push_back(std::move(row));
  }
  return rows;
}
}  // namespace

std::string encode(const HeldMessage& message) {
  std::string text = start(MessageType::kHeld);
  ByteWriter out(&text);
  writeOwner(message.owner, &out);
  writeHeldRows(message.held, &out);
  writeHeldRows(message.refused, &out);
  return text;
}

Result<HeldMessage> decodeHeld(std::string_view text) {
  ByteReader in = body(text);
  HeldMessage message;
  message.owner = readOwner(&in);
  message.held = readHeldRows(&in);
  message.refused = readHeldRows(&in);
  return finish(in, std::move(message), "held");
}

std::string encode(const KnownKeys& known) {
  std::string message = start(MessageType::kKnownKeys);
  ByteWriter out(&message);
  out.number(known.rows.size());
  for (const KnownKeys::Row& row : known.rows) {
    out.raw(row.mark);
    out.raw(row.head);
  }
  return message;
}

Result<KnownKeys> decodeKnownKeys(std::string_view message) {
  ByteReader in = body(message);
  KnownKeys known;
  for (size_t i = in.count(kMarkBytes + kMarkHeadBytes); i > 0; --i) {
    std::string mark(in.raw(kMarkBytes));
    known.rows.push_back({std::move(mark), std::string(in.raw(kMarkHeadBytes))});
  }
  return finish(in, std::move(known), "known keys");
}

std::string encodeStatementsMessage(std::string_view chain) {
  std::string message = start(MessageType::kStatements);
  ByteWriter(&message).bytes(chain);
  return message;
}

Result<std::string> decodeStatementsMessage(std::string_view message) {
  ByteReader in = body(message);
  std::string chain(in.bytes());
  return finish(in, std::move(chain), "key statements");
}

std::string encode(const Bye& bye) {
  std::string message = start(MessageType::kBye);
  ByteWriter out(&message);
  out.bytes(bye.code);
  out.bytes(bye.text);
  return message;
}

Result<Bye> decodeBye(std::string_view message) {
  ByteReader in = body(message);
  Bye bye;
  bye.code = in.bytes();
  bye.text = in.bytes();
  return finish(in, std::move(bye), "bye");
}

}  // namespace hearthgate::sync
