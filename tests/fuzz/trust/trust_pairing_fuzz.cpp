// Hostile messages into every decoder and state machine of pairing, and what people may type. What decodes must encode
// to what decodes again.
#include <cstdlib>

#include "trust/identity.h"
#include "trust/pairing.h"
#include "trust/pairing_commit.h"
#include "trust/pairing_uri.h"
#include "trust/words.h"

using namespace hearthgate;
using namespace hearthgate::trust;

namespace {

const Identity& home() {
  static Identity identity = Identity::inMemory(systemRandom());
  return identity;
}

void check(bool holds) {
  if (!holds) std::abort();
}

void decodeAll(std::string_view bytes) {
  if (auto hello = decodeHello(bytes); hello.ok()) check(decodeHello(encodeHello(*hello)).ok());
  if (auto proof = decodeProof(bytes); proof.ok()) check(encodeProof(*proof) == bytes);
  if (auto offer = decodeOffer(bytes); offer.ok()) check(encodeOffer(*offer) == bytes);
  if (auto chain = decodeChain(bytes); chain.ok()) check(encodeChain(*chain) == bytes);
  (void)decodeConfirm(bytes);
  (void)decodeEnd(bytes);
}

void typed(std::string_view bytes) {
  if (auto code = PairingCode::parse(bytes); code.ok()) check(*PairingCode::parse(code->text()) == *code);
  if (auto uri = PairingUri::parse(bytes); uri.ok()) check(PairingUri::parse(uri->text())->addresses == uri->addresses);
  if (auto seed = parseRecoveryWords(bytes); seed.ok()) check(recoveryWords(*seed).size() == kRecoveryWords);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] & 3) {
    case 0:
      decodeAll(bytes);
      break;
    case 1:
      typed(bytes);
      break;
    case 2: {
      PairingRole role = data[0] & 4 ? PairingRole::kJoiner : PairingRole::kListener;
      PairingSession session(role, PairingSelf::of(home(), "Home", {}), std::string(32, 'e'), {}, systemRandom(), 0);
      (void)session.feed(bytes, 0);
      check(session.state() == PairingSession::State::kHello || session.state() == PairingSession::State::kFailed);
      break;
    }
    default: {
      PairingCommit commit(PairingRole::kListener, std::string(32, 'i'), 0);
      (void)commit.onMessage(bytes, 0);
      break;
    }
  }
  return 0;
}
