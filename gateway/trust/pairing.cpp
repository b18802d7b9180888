#include "trust/pairing.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/utf8.h"
#include "trust/crypto.h"
#include "trust/identity.h"
#include "trust/pairing_uri.h"
#include "trust/tuning.h"
#include "trust/wire.h"
#include "trust/words.h"

namespace hearthgate::trust {
namespace {

constexpr size_t kExporterBytes = 32;
constexpr size_t kLengthBytes = 4;

Error refused(const std::string& what) { return trustError("pairing_refused", what); }

std::vector<std::string> usable(std::vector<std::string> addresses) {
  std::erase_if(addresses, [](const std::string& address) { return !isAddressWithPort(address); });
  if (addresses.size() > kMaxPairingAddresses) addresses.resize(kMaxPairingAddresses);
  return addresses;
}

// So that an offer fits its message however many kinds plugins bring.
PairingOffer bounded(PairingOffer offer) {
  while (offer.kinds.size() > kMaxOfferKinds) {
    PairingOffer::Kind last = offer.kinds.back();
    offer.kinds.pop_back();
    offer.kinds.back().entities += last.entities;
    offer.kinds.back().bytes += last.bytes;
  }
  return offer;
}

Error errorOfEnd(PairingEnd reason) {
  switch (reason) {
    case PairingEnd::kCancelled:
      return refused("the person at the other home refused the pairing");
    case PairingEnd::kTimeout:
      return refused("the pairing was not confirmed at both homes in time");
    case PairingEnd::kVersion:
      return trustError("pairing_version",
                        "the other home speaks no protocol version of this one; update the older one");
    case PairingEnd::kSameHome:
      return refused("both ends of the pairing are this home");
    case PairingEnd::kOldKey:
      return refused(
          "the other home knows a newer key of this home; rebuild it from its recovery words, or forget it there");
    case PairingEnd::kUnverified:
      return refused("the other home could not verify this home's key");
    case PairingEnd::kDiffers:
      return refused("the two homes confirmed different things; somebody may sit between them");
    case PairingEnd::kBadMessage:
      break;
  }
  return refused("the other home did not understand this one; their versions may not fit");
}

}  // namespace

PairingSelf PairingSelf::of(const Identity& identity, std::string name, std::vector<std::string> addresses,
                            std::string wireguard_key) {
  return {identity.chain(), identity.operatingKey(), std::move(name), std::move(addresses), std::move(wireguard_key)};
}

PairingSession::PairingSession(PairingRole role, PairingSelf self, std::string exporter, Lookups lookups,
                               Random& random, int64_t now_ms)
    : role_(role),
      self_(std::move(self)),
      exporter_(std::move(exporter)),
      lookups_(std::move(lookups)),
      began_ms_(now_ms),
      deadline_ms_(now_ms + kPairHelloLimitMs),
      nonce_(random.bytes(kNonceBytes)) {
  HG_ASSERT(exporter_.size() == kExporterBytes && !self_.chain.empty());
  HG_ASSERT(self_.chain.back().operating_spki == self_.operating_key.spki());
  self_.addresses = usable(std::move(self_.addresses));
  if (joiner()) sendHello({}, now_ms);
}

void PairingSession::send(const std::string& message) {
  HG_ASSERT(message.size() <= kMaxPairingMessageBytes);
  output_.append(Writer().field(message).bytes());
}

void PairingSession::sendHello(KeyChain known, int64_t now_ms) {
  PairingHello hello;
  hello.role = role_;
  hello.home = self_.chain.back().home;
  hello.chain = self_.chain;
  hello.name = displayName(self_.name, kMaxHomeNameBytes);
  hello.addresses = self_.addresses;
  hello.wireguard_key = self_.wireguard_key;
  hello.nonce = nonce_;
  hello.known = std::move(known);
  hello.clock = self_.clock;
  if (hello.clock.ms > 0) hello.clock.ms += now_ms - began_ms_;
  my_hello_ = encodeHello(hello);
  send(my_hello_);
}

// T4: the role, the channel and both hellos, so that a proof fits no other side, channel or pairing.
std::string PairingSession::proofFields(PairingRole signer) const {
  const std::string& of_joiner = joiner() ? my_hello_ : their_hello_;
  const std::string& of_listener = joiner() ? their_hello_ : my_hello_;
  Writer writer;
  writer.u8(static_cast<uint8_t>(signer)).field(exporter_);
  writer.field(sha256Bytes(of_joiner)).field(sha256Bytes(of_listener));
  return writer.take();
}

void PairingSession::sendProof() {
  PairingProof proof;
  if (joiner()) proof.known = newsForThem();
  proof.renewed = renewed_;
  proof.signature = self_.operating_key.sign(kPairContext, proofFields(role_));
  my_proof_ = encodeProof(proof);
  send(my_proof_);
}

Status PairingSession::feed(std::string_view plaintext, int64_t now_ms) {
  if (failure_) return *failure_;
  input_.append(plaintext);
  while (input_.size() >= kLengthBytes) {
    size_t size = Reader(input_).u32();
    if (size > kMaxPairingMessageBytes) return outOfOrder("a message that is too large");
    if (input_.size() < kLengthBytes + size) break;
    std::string message = input_.substr(kLengthBytes, size);
    input_.erase(0, kLengthBytes + size);
    HG_CHECK(onMessage(message, now_ms));
  }
  return {};
}

Status PairingSession::onMessage(std::string_view message, int64_t now_ms) {
  switch (static_cast<PairingType>(pairingTypeOf(message))) {
    case PairingType::kHello:
      return onHello(message, now_ms);
    case PairingType::kProof:
      return onProof(message, now_ms);
    case PairingType::kOffer:
      return onOffer(message);
    case PairingType::kConfirm:
      return onConfirm(message);
    case PairingType::kEnd:
      return onEnd(message);
  }
  return outOfOrder("a message of an unknown type");
}

Status PairingSession::onHello(std::string_view message, int64_t now_ms) {
  if (hello_) return outOfOrder("a second greeting");
  auto hello = decodeHello(message);
  if (!hello.ok()) return fail(PairingEnd::kBadMessage, hello.error());
  if (hello->role == role_) return outOfOrder("a greeting in this home's own role");
  if (hello->min_protocol > kMaxProtocol || hello->max_protocol < kMinProtocol) {
    return fail(PairingEnd::kVersion,
                trustError("pairing_version",
                           "the other home speaks protocol versions " + std::to_string(hello->min_protocol) + " to " +
                               std::to_string(hello->max_protocol) + ", this one " + std::to_string(kMinProtocol) +
                               " to " + std::to_string(kMaxProtocol) + "; update the older one"));
  }
  if (hello->home == self_.chain.back().home) {
    return fail(PairingEnd::kSameHome, refused("the other end of the pairing is this home itself"));
  }
  if (hello->nonce == nonce_) return outOfOrder("this home's own greeting");
  Status verified = verifyChain(hello->home, hello->chain);
  if (!verified.ok()) return fail(PairingEnd::kUnverified, refused(verified.error().message));
  their_hello_ = message;
  hello_ = std::move(*hello);
  if (hello_->clock.ms > 0 && self_.clock.ms > 0) {
    clock_offset_ms_ = hello_->clock.ms - (self_.clock.ms + now_ms - began_ms_);
  }
  if (lookups_.known) known_ = lookups_.known(hello_->home);
  if (!joiner()) {
    sendHello(newsForThem(), now_ms);
    return {};
  }
  HG_CHECK(renewFor(hello_->known));
  sendProof();
  return {};
}

// Who is known here is told only to a home that shows less than is known of it, and then only its own records.
KeyChain PairingSession::newsForThem() const {
  if (known_.empty()) return {};
  ChainOrder order = compareChains(known_, hello_->chain);
  return order == ChainOrder::kOlder || order == ChainOrder::kFork ? known_ : KeyChain{};
}

// The other side's knowledge of our key may be ahead of ours when this home was rebuilt from its words.
Status PairingSession::renewFor(const KeyChain& known_by_other) {
  const HomeId& own = self_.chain.back().home;
  if (known_by_other.empty() || !lookups_.renew) return {};
  // What does not verify says nothing about us: the other side will judge our chain by what it really holds.
  if (!verifyChain(own, known_by_other).ok()) return {};
  ChainOrder order = compareChains(known_by_other, self_.chain);
  if (order == ChainOrder::kSame || order == ChainOrder::kNewer) return {};
  auto renewed = lookups_.renew(known_by_other);
  if (!renewed.ok()) return fail(PairingEnd::kOldKey, renewed.error());
  HG_ASSERT(!renewed->empty() && renewed->back().operating_spki == self_.operating_key.spki());
  renewed_ = std::move(*renewed);
  return {};
}

Status PairingSession::judgeChain(const KeyChain& chain) {
  Status verified = verifyChain(hello_->home, chain);
  if (!verified.ok()) return fail(PairingEnd::kUnverified, refused(verified.error().message));
  KeyChange change = KeyChange::kFirst;
  if (!known_.empty()) {
    switch (compareChains(known_, chain)) {
      case ChainOrder::kSame:
        change = KeyChange::kSame;
        break;
      case ChainOrder::kNewer:
        change = KeyChange::kNewer;
        break;
      case ChainOrder::kFork:
        change = KeyChange::kFork;
        break;
      case ChainOrder::kOlder:
        return fail(PairingEnd::kOldKey,
                    refused("the other home shows a key of epoch " + std::to_string(chain.back().epoch) +
                            ", but epoch " + std::to_string(known_.back().epoch) +
                            " is known here; it must be rebuilt from its recovery words, or be forgotten here first"));
    }
  }
  peer_ = PairingPeer{hello_->home,
                      chain,
                      hello_->name,
                      hello_->addresses,
                      hello_->wireguard_key,
                      std::min(hello_->max_protocol, kMaxProtocol),
                      change,
                      clock_offset_ms_,
                      hello_->clock.synchronised};
  return {};
}

Status PairingSession::onProof(std::string_view message, int64_t now_ms) {
  // The joiner proves first: its hello is answered by one, and only then is there anything to prove.
  if (!hello_ || peer_) return outOfOrder("a proof out of order");
  auto proof = decodeProof(message);
  if (!proof.ok()) return fail(PairingEnd::kBadMessage, proof.error());
  HG_CHECK(judgeChain(proof->renewed.empty() ? hello_->chain : proof->renewed));
  PairingRole other = joiner() ? PairingRole::kListener : PairingRole::kJoiner;
  if (!verifySignature(peer_->operatingSpki(), kPairContext, proofFields(other), proof->signature)) {
    peer_.reset();
    return fail(PairingEnd::kUnverified, refused("the other home does not hold the key that it shows; somebody may sit "
                                                 "between the two"));
  }
  their_proof_ = message;
  if (!joiner()) {
    HG_CHECK(renewFor(proof->known));
    sendProof();
  }
  std::string one = self_.chain.back().root_spki, two = peer_->rootSpki();
  if (two < one) std::swap(one, two);
  words_ = comparisonWords(sha256Bytes("words" + exporter_ + one + two));
  state_ = State::kHelloVerified;
  deadline_ms_ = now_ms + kConfirmLimitMs;
  return {};
}

Status PairingSession::offer(PairingOffer mine) {
  if (failure_) return *failure_;
  if (state_ != State::kHelloVerified || my_offer_) {
    return stateError("pairing_not_open", "an offer was made while the pairing did not wait for one");
  }
  my_offer_ = bounded(std::move(mine));
  my_offer_bytes_ = encodeOffer(*my_offer_);
  send(my_offer_bytes_);
  updateConfirming();
  return {};
}

Status PairingSession::onOffer(std::string_view message) {
  if (state_ != State::kHelloVerified || their_offer_) return outOfOrder("an offer out of order");
  auto offer = decodeOffer(message);
  if (!offer.ok()) return fail(PairingEnd::kBadMessage, offer.error());
  their_offer_ = std::move(*offer);
  their_offer_bytes_ = message;
  updateConfirming();
  return {};
}

void PairingSession::updateConfirming() {
  if (!my_offer_ || !their_offer_) return;
  auto in_order = [&](const std::string& mine, const std::string& theirs, Writer& writer) {
    writer.field(joiner() ? mine : theirs).field(joiner() ? theirs : mine);
  };
  Writer writer;
  writer.field("hearthgate pairing v1").field(exporter_);
  in_order(my_hello_, their_hello_, writer);
  in_order(my_proof_, their_proof_, writer);
  in_order(my_offer_bytes_, their_offer_bytes_, writer);
  transcript_hash_ = sha256Bytes(writer.bytes());
  state_ = State::kConfirming;
}

Status PairingSession::confirmByPerson() {
  if (failure_) return *failure_;
  if (self_confirmed_) return {};
  if (state_ != State::kConfirming) {
    return stateError("pairing_not_open", "there is nothing to confirm yet; wait until both screens show three words");
  }
  self_confirmed_ = true;
  send(encodeConfirm(transcript_hash_));
  updatePending();
  return {};
}

Status PairingSession::onConfirm(std::string_view message) {
  if (state_ != State::kConfirming || peer_confirmed_) return outOfOrder("a confirmation out of order");
  auto hash = decodeConfirm(message);
  if (!hash.ok()) return fail(PairingEnd::kBadMessage, hash.error());
  if (!equalSecrets(*hash, transcript_hash_)) return fail(PairingEnd::kDiffers, errorOfEnd(PairingEnd::kDiffers));
  peer_confirmed_ = true;
  updatePending();
  return {};
}

void PairingSession::updatePending() {
  if (self_confirmed_ && peer_confirmed_) state_ = State::kPending;
}

Status PairingSession::onEnd(std::string_view message) {
  auto reason = decodeEnd(message);
  failure_ = !reason.ok() ? reason.error() : *reason == PairingEnd::kTimeout ? tooLate() : errorOfEnd(*reason);
  state_ = State::kFailed;
  return *failure_;
}

void PairingSession::cancel() {
  if (!failure_) (void)fail(PairingEnd::kCancelled, refused("the pairing was cancelled at this home"));
}

void PairingSession::tick(int64_t now_ms) {
  if (failure_ || state_ == State::kPending || now_ms < deadline_ms_) return;
  (void)fail(PairingEnd::kTimeout, state_ == State::kHello
                                       ? refused("the other home said nothing for ten seconds; try again")
                                       : tooLate());
}

// The two agree on who was late, whichever of them noticed first.
Error PairingSession::tooLate() const {
  if (self_confirmed_ && !peer_confirmed_) return refused("nobody agreed at the other home within two minutes");
  if (peer_confirmed_ && !self_confirmed_) return refused("nobody agreed at this home within two minutes");
  return errorOfEnd(PairingEnd::kTimeout);
}

Status PairingSession::fail(PairingEnd reason, Error error) {
  send(encodeEnd(reason));
  failure_ = std::move(error);
  state_ = State::kFailed;
  return *failure_;
}

Status PairingSession::outOfOrder(const char* what) {
  return fail(PairingEnd::kBadMessage, refused(std::string("the other home sent ") + what + "; the pairing was ended"));
}

std::string PairingSession::takeOutput() { return std::exchange(output_, {}); }

}  // namespace hearthgate::trust
