#include "trust/pairing_messages.h"

#include <algorithm>

#include "base/utf8.h"
#include "trust/pairing_uri.h"
#include "trust/tuning.h"
#include "trust/wire.h"

namespace hearthgate::trust {
namespace {

constexpr size_t kHashBytes = 32;
// Some 285,000 years: differences of two stay far below 2^63.
constexpr uint64_t kMaxClockMs = 1ull << 53;
// Sums over kMaxOfferKinds of them stay far below 2^64.
constexpr uint64_t kMaxOfferNumber = 1ull << 53;

Error unreadable(const char* what) {
  return trustError("pairing_refused", std::string("the other home's ") + what +
                                           " could not be read; it may be a version that does not fit");
}

Writer begin(PairingType type) {
  Writer writer;
  writer.u8(static_cast<uint8_t>(type));
  return writer;
}

// A reader behind the type byte, failed when that is another one.
Reader open(std::string_view message, PairingType type) {
  Reader reader(message);
  if (reader.u8() != static_cast<uint8_t>(type)) reader.fail();
  return reader;
}

bool isKind(std::string_view text) {
  if (text.empty() || text.front() < 'a' || text.front() > 'z') return false;
  for (char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.')) return false;
  }
  return true;
}

}  // namespace

uint64_t PairingOffer::entities() const {
  uint64_t sum = 0;
  for (const Kind& kind : kinds) sum += kind.entities;
  return sum;
}

uint64_t PairingOffer::bytes() const {
  uint64_t sum = 0;
  for (const Kind& kind : kinds) sum += kind.bytes;
  return sum;
}

uint8_t pairingTypeOf(std::string_view message) { return message.empty() ? 0 : static_cast<uint8_t>(message[0]); }

std::string encodeHello(const PairingHello& hello) {
  Writer writer = begin(PairingType::kHello);
  writer.u32(hello.min_protocol).u32(hello.max_protocol).u8(static_cast<uint8_t>(hello.role));
  writer.field(hello.home.view());
  writeChain(writer, hello.chain);
  writer.field(hello.name).u32(static_cast<uint32_t>(hello.addresses.size()));
  for (const std::string& address : hello.addresses) writer.field(address);
  writer.field(hello.wireguard_key).field(hello.nonce);
  writeChain(writer, hello.known);
  if (hello.max_protocol >= kClockProtocol) {
    writer.u64(static_cast<uint64_t>(hello.clock.ms)).u8(hello.clock.synchronised ? 1 : 0);
  }
  return writer.take();
}

Result<PairingHello> decodeHello(std::string_view message) {
  Reader reader = open(message, PairingType::kHello);
  PairingHello hello;
  hello.min_protocol = reader.u32();
  hello.max_protocol = reader.u32();
  uint8_t role = reader.u8();
  auto home = HomeId::fromBytes(reader.fixed(HomeId::kSize));
  hello.chain = readChain(reader);
  hello.name = displayName(reader.field(kMaxHomeNameBytes), kMaxHomeNameBytes);
  uint32_t addresses = reader.count(kMaxPairingAddresses);
  for (uint32_t i = 0; i < addresses; ++i) {
    hello.addresses.emplace_back(reader.field(kMaxAddressBytes));
    if (!isAddressWithPort(hello.addresses.back())) reader.fail();
  }
  hello.wireguard_key = reader.field(kWireGuardKeyBytes);
  hello.nonce = reader.fixed(kNonceBytes);
  hello.known = readChain(reader);
  if (!hello.wireguard_key.empty() && hello.wireguard_key.size() != kWireGuardKeyBytes) reader.fail();
  if (hello.max_protocol >= kClockProtocol) {
    hello.clock.ms = static_cast<int64_t>(std::min(reader.u64(), kMaxClockMs));
    hello.clock.synchronised = reader.u8() == 1;
  }
  // A newer version may have more to say after this; it must then also speak one of ours.
  bool newer = hello.max_protocol > kMaxProtocol;
  if (!(newer ? reader.ok() : reader.done()) || !home || role < 1 || role > 2) return unreadable("greeting");
  hello.home = *home;
  hello.role = static_cast<PairingRole>(role);
  return hello;
}

std::string encodeProof(const PairingProof& proof) {
  Writer writer = begin(PairingType::kProof);
  writeChain(writer, proof.known);
  writeChain(writer, proof.renewed);
  writer.field(proof.signature);
  return writer.take();
}

Result<PairingProof> decodeProof(std::string_view message) {
  Reader reader = open(message, PairingType::kProof);
  PairingProof proof;
  proof.known = readChain(reader);
  proof.renewed = readChain(reader);
  proof.signature = reader.fixed(kSignatureBytes);
  if (!reader.done()) return unreadable("proof");
  return proof;
}

std::string encodeOffer(const PairingOffer& offer) {
  Writer writer = begin(PairingType::kOffer);
  writer.u32(static_cast<uint32_t>(offer.kinds.size()));
  for (const auto& [kind, entities, bytes] : offer.kinds) writer.field(kind).u64(entities).u64(bytes);
  return writer.take();
}

Result<PairingOffer> decodeOffer(std::string_view message) {
  Reader reader = open(message, PairingType::kOffer);
  PairingOffer offer;
  uint32_t kinds = reader.count(kMaxOfferKinds);
  for (uint32_t i = 0; i < kinds && reader.ok(); ++i) {
    PairingOffer::Kind kind;
    kind.kind = reader.field(kMaxOfferKindBytes);
    kind.entities = reader.u64();
    kind.bytes = reader.u64();
    if (!isKind(kind.kind) || kind.entities > kMaxOfferNumber || kind.bytes > kMaxOfferNumber) reader.fail();
    offer.kinds.push_back(std::move(kind));
  }
  if (!reader.done()) return unreadable("offer");
  return offer;
}

std::string encodeConfirm(std::string_view hash) { return begin(PairingType::kConfirm).field(hash).take(); }

Result<std::string> decodeConfirm(std::string_view message) {
  Reader reader = open(message, PairingType::kConfirm);
  std::string hash(reader.fixed(kHashBytes));
  if (!reader.done()) return unreadable("confirmation");
  return hash;
}

std::string encodeEnd(PairingEnd end) { return begin(PairingType::kEnd).u8(static_cast<uint8_t>(end)).take(); }

Result<PairingEnd> decodeEnd(std::string_view message) {
  Reader reader = open(message, PairingType::kEnd);
  uint8_t reason = reader.u8();
  if (!reader.done()) return unreadable("refusal");
  return static_cast<PairingEnd>(reason);
}

}  // namespace hearthgate::trust
