// Pairing with somebody who knows the code and nothing more: hostile bytes into every decoder, what people may type,
// the commit in each of its states, and two real sessions between which messages are changed, repeated, dropped and
// made up. What decodes encodes to what decodes again; two sides that end well have confirmed the same with each other.
#include <algorithm>
#include <deque>

#include "base/assert.h"
#include "base/utf8.h"
#include "fuzz/input.h"
#include "trust/pairing.h"
#include "trust/pairing_code.h"
#include "trust/pairing_commit.h"
#include "trust/pairing_uri.h"
#include "trust/tuning.h"
#include "trust/wire.h"
#include "trust/words.h"
#include "unit/trust/support.h"

using namespace hearthgate;
using namespace hearthgate::trust;

namespace {

constexpr size_t kMaxSteps = 30;

const Identity& identityOf(size_t n) {
  static SeededRandom random(5);
  static const Identity made[] = {Identity::inMemory(random), Identity::inMemory(random)};
  return made[n];
}

void decodeAll(std::string_view bytes) {
  if (auto hello = decodeHello(bytes); hello.ok()) {
    auto again = decodeHello(encodeHello(*hello));
    HG_ASSERT(again.ok() && encodeHello(*again) == encodeHello(*hello));
    HG_ASSERT(isUtf8(hello->name) && hello->name.size() <= kMaxHomeNameBytes);
    HG_ASSERT(hello->addresses.size() <= kMaxPairingAddresses);
    for (const std::string& address : hello->addresses) HG_ASSERT(isAddressWithPort(address));
  }
  if (auto proof = decodeProof(bytes); proof.ok()) HG_ASSERT(encodeProof(*proof) == bytes);
  if (auto offer = decodeOffer(bytes); offer.ok()) HG_ASSERT(encodeOffer(*offer) == bytes);
  if (auto hash = decodeConfirm(bytes); hash.ok()) HG_ASSERT(encodeConfirm(*hash) == bytes);
  if (auto end = decodeEnd(bytes); end.ok()) HG_ASSERT(encodeEnd(*end) == bytes);
}

void typed(std::string_view bytes) {
  if (auto code = PairingCode::parse(bytes); code.ok()) {
    HG_ASSERT(*PairingCode::parse(code->text()) == *code && code->psk().size() == 32);
  } else {
    HG_ASSERT(code.error().code == "pairing_code_mistyped" && isUtf8(code.error().message));
  }
  if (auto uri = PairingUri::parse(bytes); uri.ok()) {
    auto again = PairingUri::parse(uri->text());
    HG_ASSERT(again.ok() && again->addresses == uri->addresses && again->code == uri->code);
    HG_ASSERT(again->expires_at_ms == uri->expires_at_ms && uri->addresses.size() <= kMaxPairingAddresses);
  }
  if (auto seed = parseRecoveryWords(bytes); seed.ok()) {
    std::string text;
    for (const std::string& word : recoveryWords(*seed)) text += word + "-";
    HG_ASSERT(parseRecoveryWords(text).value() == *seed);
  } else {
    HG_ASSERT(seed.error().code == "recovery_words_mistyped" && isUtf8(seed.error().message));
  }
}

// The commit: messages of this pairing and of others in any order and state, with time passing and disks that fail.
void commit(fuzz::Input input) {
  std::string id(32, 'i');
  PairingRole role = input.flag() ? PairingRole::kJoiner : PairingRole::kListener;
  PairingCommit commit = input.flag() ? PairingCommit(role, id, 0) : PairingCommit::fromPin(role, id, input.flag(), 0);
  int64_t now = 0;
  for (size_t i = 0; i < kMaxSteps && !input.atEnd(); ++i) {
    PairingCommit::State before = commit.state();
    PairingCommit::Actions actions;
    switch (input.below(5)) {
      case 0:
        actions = commit.linkOpened();
        break;
      case 1: {
        std::string message = Writer().u8(static_cast<uint8_t>(input.below(5))).field(id).take();
        if (input.below(4) == 0) message[input.byte() % message.size()] = static_cast<char>(input.byte());
        auto answer = commit.onMessage(message, now);
        if (answer.ok()) actions = std::move(*answer);
        break;
      }
      case 2: {
        auto answer = commit.onMessage(input.bytes(), now);
        HG_ASSERT(answer.ok() || answer.error().code == "pairing_refused");
        break;
      }
      case 3:
        now += int64_t{1} << input.below(21);
        actions = commit.tick(now);
        break;
      default:
        if (before == PairingCommit::State::kStoring) actions = commit.stored(input.flag(), now);
    }
    // Nobody is paired whose pin was never durable, and what is gone stays gone.
    if (actions.store_pin) HG_ASSERT(commit.state() == PairingCommit::State::kStoring);
    if (actions.paired) HG_ASSERT(commit.state() == PairingCommit::State::kPaired);
    if (actions.mark) HG_ASSERT(actions.store_pin && role == PairingRole::kListener);
    if (before == PairingCommit::State::kGone) HG_ASSERT(commit.state() == before && actions.send.empty());
    if (before == PairingCommit::State::kPending) HG_ASSERT(commit.state() != PairingCommit::State::kPaired);
  }
}

// Two real homes; what one says reaches the other as the input wants.
class Between {
 public:
  explicit Between(fuzz::Input input) : input_(input) {
    for (size_t n : {0, 1}) {
      sides_[n] = std::make_unique<PairingSession>(n == 0 ? PairingRole::kJoiner : PairingRole::kListener,
                                                   PairingSelf::of(identityOf(n), "Home", {"192.0.2.7:8765"}),
                                                   std::string(32, 'e'), PairingSession::Lookups{}, random_, 0);
    }
  }

  void run() {
    for (size_t i = 0; i < kMaxSteps && !input_.atEnd(); ++i) {
      step();
      for (const auto& side : sides_) check(*side);
    }
    PairingSession &a = *sides_[0], &b = *sides_[1];
    if (a.state() != PairingSession::State::kPending || b.state() != PairingSession::State::kPending) return;
    HG_ASSERT(a.pairingId() == b.pairingId() && a.words() == b.words());
    HG_ASSERT(a.peer()->home == identityOf(1).home() && b.peer()->home == identityOf(0).home());
    HG_ASSERT(*a.toSend() == *b.toReceive() && *b.toSend() == *a.toReceive());
  }

 private:
  void step() {
    size_t from = input_.below(2);
    PairingSession& side = *sides_[from];
    PairingSession& other = *sides_[1 - from];
    std::string said = side.takeOutput();
    if (!said.empty()) sent_.push_back(said);
    switch (input_.below(8)) {
      case 0:
      case 1:
      case 2:
        (void)other.feed(said, now_);
        break;
      case 3: {
        for (size_t edits = said.empty() ? 0 : 1 + input_.below(3); edits > 0; --edits) {
          said[(input_.byte() * 256u + input_.byte()) % said.size()] = static_cast<char>(input_.byte());
        }
        (void)other.feed(said, now_);
        break;
      }
      case 4:
        if (!sent_.empty()) (void)other.feed(sent_[input_.byte() % sent_.size()], now_);
        break;
      case 5: {
        // Made up: a message of some type with bytes of the input.
        std::string message(1, static_cast<char>(input_.below(7)));
        message += input_.bytes();
        (void)other.feed(said + Writer().field(message).take(), now_);
        break;
      }
      case 6: {
        PairingOffer offer{{{"state", input_.byte(), 7}}};
        (void)side.offer(offer);
        (void)side.confirmByPerson();
        (void)other.feed(said + side.takeOutput(), now_);
        break;
      }
      default:
        now_ += int64_t{1} << input_.below(18);
        side.tick(now_);
        if (input_.below(8) == 0) side.cancel();
    }
  }

  static void check(const PairingSession& side) {
    using State = PairingSession::State;
    HG_ASSERT((side.state() == State::kFailed) == side.failure().has_value());
    if (side.failure()) HG_ASSERT(isUtf8(side.failure()->message) && !side.failure()->code.empty());
    if (side.state() == State::kPending) HG_ASSERT(side.selfConfirmed() && side.peerConfirmed());
    if (side.peer()) HG_ASSERT(verifyChain(side.peer()->home, side.peer()->chain).ok() && isUtf8(side.peer()->name));
  }

  fuzz::Input input_;
  SeededRandom random_{7};
  std::unique_ptr<PairingSession> sides_[2];
  std::deque<std::string> sent_;
  int64_t now_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  switch (input.below(4)) {
    case 0:
      decodeAll(input.rest());
      break;
    case 1:
      typed(input.rest());
      break;
    case 2:
      commit(input);
      break;
    default:
      Between(input).run();
  }
  return 0;
}
