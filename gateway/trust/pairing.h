// One pairing of two homes inside an established pair-mode Channel (TRUST.md T4, T5), from the hellos to `pending`. It
// does no I/O and reads no clock: decrypted bytes, persons' answers and ticks go in, bytes to send and a state come
// out. One thread. What follows `pending` is pairing_commit.h.
//
//   joiner                                   listener
//   hello →                                  (code consumed by the TLS handshake)
//                                            ← hello, with what it knows of the joiner
//   proof (signature over both hellos) →
//                                            ← proof                               … hello verified, words on both
//                                            screens
//   offer →                                  ← offer                               … confirming, at most 120 s
//   confirm (hash over all of that) →        ← confirm                             … pending
//
// A side that gives up says why (`end`) and has failed for good; nothing was stored anywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "trust/keys.h"
#include "trust/pairing_messages.h"

namespace hearthgate::trust {

class Identity;

// Channel::exporter(kPairExporterLabel, 32) is what a session is bound to.
inline constexpr const char* kPairExporterLabel = "EXPORTER-hearthgate-pair";

// What this home tells about itself.
struct PairingSelf {
  KeyChain chain;
  PrivateKey operating_key;
  std::string name;
  std::vector<std::string> addresses;  // what is no ADDRESS:PORT, or beyond kMaxPairingAddresses, is left out
  std::string wireguard_key;           // 32 bytes, or empty
  PairingClock clock = {};             // as the session begins

  static PairingSelf of(const Identity& identity, std::string name, std::vector<std::string> addresses,
                        std::string wireguard_key = {});
};

// How the key that the other home shows stands to what was known.
enum class KeyChange {
  kFirst,  // an unknown home
  kSame,   // pairing again with a known one
  kNewer,  // "HOME comes back with a new key"
  kFork,   // another key at the same epoch: only a person who trusts the words may confirm
};

// What the other home told, verified as far as it can be. Store it only when the commit says so.
struct PairingPeer {
  HomeId home;
  KeyChain chain;
  std::string name;  // its own claim
  std::vector<std::string> addresses;
  std::string wireguard_key;
  uint32_t protocol = 0;  // the highest that both speak
  KeyChange change = KeyChange::kFirst;
  std::optional<int64_t> clock_offset_ms;  // how far its clock is ahead of this home's, as far as both told
  bool clock_synchronised = false;

  const std::string& rootSpki() const { return chain.back().root_spki; }
  const std::string& operatingSpki() const { return chain.back().operating_spki; }
};

class PairingSession {
 public:
  enum class State {
    kHello,          // the two get to know each other
    kHelloVerified,  // peer() and words() are there; an offer is missing
    kConfirming,     // both offers are there, persons are asked
    kPending,        // both confirmed the same: go on with PairingCommit
    kFailed,         // failure() says why
  };
  struct Lookups {
    // What is pinned or was seen of a home; empty when nothing.
    std::function<KeyChain(const HomeId&)> known;
    // Called when the other side knows a newer key of ours (its verified chain): a rebuilt home answers with a root
    // statement above it, for the operating key of PairingSelf. May be left empty: such a pairing is then refused.
    std::function<Result<KeyChain>(const KeyChain& known_by_other)> renew;
  };

  // `exporter`: 32 bytes of Channel::exporter(). A joiner's hello is ready in takeOutput() at once.
  PairingSession(PairingRole role, PairingSelf self, std::string exporter, Lookups lookups, Random& random,
                 int64_t now_ms);

  // Decrypted bytes in any portions. The error is also kept in failure().
  Status feed(std::string_view plaintext, int64_t now_ms);
  // Bytes to encrypt and send, possibly none.
  std::string takeOutput();
  // What this home would send in the first sync; once, from kHelloVerified on. Kinds beyond kMaxOfferKinds are summed
  // up in the last one.
  Status offer(PairingOffer mine);
  // The person at this home compared words and numbers and agreed; in kConfirming.
  Status confirmByPerson();
  // The person at this home refuses, or the command was interrupted. Also takes back `pending`.
  void cancel();
  // Ends what took too long. At least once a second.
  void tick(int64_t now_ms);

  State state() const { return state_; }
  const std::optional<Error>& failure() const { return failure_; }
  // From kHelloVerified on, else null.
  const PairingPeer* peer() const { return peer_ ? &*peer_ : nullptr; }
  // The three words, equal on both screens unless somebody who knows the code sits between. From kHelloVerified on.
  const std::vector<std::string>& words() const { return words_; }
  const std::optional<PairingOffer>& toSend() const { return my_offer_; }
  const std::optional<PairingOffer>& toReceive() const { return their_offer_; }
  bool selfConfirmed() const { return self_confirmed_; }
  bool peerConfirmed() const { return peer_confirmed_; }
  // Until when both persons must have confirmed; 0 before kHelloVerified.
  int64_t confirmDeadlineMs() const { return state_ == State::kHello ? 0 : deadline_ms_; }
  // What this home showed of itself: PairingSelf::chain, or what renew() gave in its place; then Identity::adopt() it.
  const KeyChain& selfChain() const { return renewed_.empty() ? self_.chain : renewed_; }
  // 32 bytes that name this pairing on both sides, for PairingCommit. In kPending.
  const std::string& pairingId() const { return transcript_hash_; }

 private:
  bool joiner() const { return role_ == PairingRole::kJoiner; }
  void send(const std::string& message);
  void sendHello(KeyChain known, int64_t now_ms);
  void sendProof();
  Status onMessage(std::string_view message, int64_t now_ms);
  Status onHello(std::string_view message, int64_t now_ms);
  Status onProof(std::string_view message, int64_t now_ms);
  Status onOffer(std::string_view message);
  Status onConfirm(std::string_view message);
  Status onEnd(std::string_view message);
  KeyChain newsForThem() const;
  Status judgeChain(const KeyChain& chain);
  Status renewFor(const KeyChain& known_by_other);
  std::string proofFields(PairingRole signer) const;
  void updateConfirming();
  void updatePending();
  Status fail(PairingEnd reason, Error error);
  Status outOfOrder(const char* what);
  Error tooLate() const;

  const PairingRole role_;
  PairingSelf self_;
  const std::string exporter_;
  Lookups lookups_;
  const int64_t began_ms_;
  State state_ = State::kHello;
  int64_t deadline_ms_;
  std::optional<Error> failure_;
  std::string input_;
  std::string output_;

  std::string nonce_;
  std::string my_hello_, their_hello_, my_proof_, their_proof_, my_offer_bytes_, their_offer_bytes_;
  std::optional<PairingHello> hello_;  // theirs
  std::optional<int64_t> clock_offset_ms_;
  KeyChain known_;                     // what we hold of them
  KeyChain renewed_;                   // our chain in place of self_.chain
  std::optional<PairingPeer> peer_;
  std::vector<std::string> words_;
  std::optional<PairingOffer> my_offer_, their_offer_;
  bool self_confirmed_ = false, peer_confirmed_ = false;
  std::string transcript_hash_;
};

}  // namespace hearthgate::trust
