// What two homes say to each other inside the pairing channel (TRUST.md T4, T5), and how it is written: one type byte,
// then the fields of wire.h. In the channel each message has a four-byte length before it. Everything that is decoded
// here came from somebody who knows a pairing code and nothing more. Values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "trust/key_statement.h"

namespace hearthgate::trust {

// The versions of pairing that this gateway speaks. 2: the hello ends with the clock.
inline constexpr uint32_t kMinProtocol = 1;
inline constexpr uint32_t kMaxProtocol = 2;
inline constexpr uint32_t kClockProtocol = 2;
inline constexpr size_t kNonceBytes = 32;
inline constexpr size_t kWireGuardKeyBytes = 32;

// Who dialled with a code, and who showed it.
enum class PairingRole : uint8_t { kJoiner = 1, kListener = 2 };

// A home's wall clock when it says hello. People are told when two differ; nothing else depends on it.
struct PairingClock {
  int64_t ms = 0;             // since 1970; 0: not told
  bool synchronised = false;  // known to be right
};

struct PairingHello {
  uint32_t min_protocol = kMinProtocol;
  uint32_t max_protocol = kMaxProtocol;
  PairingRole role = PairingRole::kJoiner;
  HomeId home;
  KeyChain chain;
  std::string name;                    // fit to be shown (T34)
  std::vector<std::string> addresses;  // ADDRESS:PORT
  std::string wireguard_key;           // 32 bytes, or empty
  std::string nonce;
  KeyChain known;  // by the listener: what it holds of the joiner, when that is more than the joiner showed
  PairingClock clock;
};

// The signature over both hellos. A home that was rebuilt from its words learns here which epoch the other knows of it,
// and shows a root statement above that one (T31).
struct PairingProof {
  KeyChain known;    // by the joiner: what it holds of the listener, when that is more than the listener showed
  KeyChain renewed;  // replaces the hello's chain, or empty
  std::string signature;
};

// What one side would send in the first sync. Numbers only: no name of an entity leaves a home before it is paired.
struct PairingOffer {
  struct Kind {
    std::string kind;
    uint64_t entities = 0;
    uint64_t bytes = 0;
    bool operator==(const Kind&) const = default;
  };
  std::vector<Kind> kinds;

  uint64_t entities() const;
  uint64_t bytes() const;
  bool operator==(const PairingOffer&) const = default;
};

// Why a side left. Numbers of the protocol.
enum class PairingEnd : uint8_t {
  kCancelled = 1,   // a person said no
  kTimeout = 2,     // nobody confirmed in time
  kVersion = 3,     // no common protocol version
  kSameHome = 4,    // both ends are one home
  kOldKey = 5,      // a key epoch below one that is known
  kUnverified = 6,  // statements or signature do not hold
  kBadMessage = 7,  // out of order, malformed
  kDiffers = 8,     // the two confirmed different things
};

enum class PairingType : uint8_t { kHello = 1, kProof = 2, kOffer = 3, kConfirm = 4, kEnd = 5 };

// The type byte of an encoded message; 0 for an empty one.
uint8_t pairingTypeOf(std::string_view message);

std::string encodeHello(const PairingHello& hello);
std::string encodeProof(const PairingProof& proof);
std::string encodeOffer(const PairingOffer& offer);
std::string encodeConfirm(std::string_view hash);
std::string encodeEnd(PairingEnd end);

// All fail with `pairing_refused`.
Result<PairingHello> decodeHello(std::string_view message);
Result<PairingProof> decodeProof(std::string_view message);
Result<PairingOffer> decodeOffer(std::string_view message);
Result<std::string> decodeConfirm(std::string_view message);  // 32 bytes
Result<PairingEnd> decodeEnd(std::string_view message);

}  // namespace hearthgate::trust
