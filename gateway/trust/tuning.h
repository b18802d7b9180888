// The limits of trust, each with its reason. Those of the pairing protocol and of T1 and T7 are promises to other homes
// or to people; change them only with TRUST.md.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearthgate::trust {

// T7: a whole mutual handshake takes some 2 KiB; more is a stranger who wants our memory.
inline constexpr size_t kMaxHandshakeBytes = 16 * 1024;
// The largest TLS record (RFC 5246 section 6.2.1); longer plaintext is cut into several.
inline constexpr size_t kMaxRecordBytes = 16 * 1024;
// T7: a handshake costs some 7 ms of work and two round trips.
inline constexpr int64_t kHandshakeLimitMs = 10'000;

// A chain of key statements since the last root statement. Each costs two signature checks (some 4 ms) and 450 bytes; a
// home that rotated more often signs a root statement with its words.
inline constexpr size_t kMaxChainStatements = 32;
inline constexpr size_t kMaxReasonBytes = 64;
// T9: the former operating keys that are kept, and for how long. A home that slept longer pairs again, or hears of the
// present key from a third one.
inline constexpr size_t kMaxFormerKeys = 32;
inline constexpr int64_t kFormerKeyLimitMs = int64_t{400} * 24 * 60 * 60 * 1000;

// Circles (T16). A family's homes and devices, with room: each pair of members compares what it has, so costs rise with the
// square. A charter of as many members with the longest names takes 8 KiB, and one with as many rows as a person could write
// by hand half a MiB.
inline constexpr size_t kMaxCircleMembers = 64;
inline constexpr size_t kMaxCharterRows = 1'000;  // of access over all lists; and of strategies
inline constexpr size_t kMaxCharterLists = 16;
inline constexpr size_t kMaxCharterBytes = 1024 * 1024;
inline constexpr uint64_t kMaxCharterNumber = 1ull << 53;  // as counters (T13)
// Hand-overs that a chain names, each with the charter before it perhaps, who signed them, and the statements of their keys.
// Each is one signature to be checked, or two, 2 ms each: a hostile member costs a second and a half, once a minute.
inline constexpr size_t kMaxCharterChain = 256;
inline constexpr size_t kMaxCharterSigners = 256;
inline constexpr size_t kMaxCharterStatements = 256;
inline constexpr size_t kMaxStrategyBytes = 255;  // `owner/name#hash` of a script

// T1, per open code.
inline constexpr int kPairFailuresPerSource = 3;
inline constexpr int kPairHandshakesAtOnce = 4;
inline constexpr int kPairHandshakesPerMinute = 30;
// A pairing handshake this old may be ended for another one: a joiner gives up on an address after three seconds (T3).
inline constexpr int64_t kPairGiveWayMs = 3'000;

// T7. The rates hold for sources without a recent success.
inline constexpr int kUnauthenticatedLinks = 32;
inline constexpr int kUnauthenticatedPerSource = 8;
inline constexpr int kHandshakesPerSecond = 50;
inline constexpr int64_t kRecentSuccessMs = 24 * 60 * 60 * 1000;
// Sources remembered as good: more than the homes that one gateway is built for, small enough to forget nothing useful.
inline constexpr size_t kMaxKnownSources = 4096;

// T5. The code's owner and the joiner stand at two screens and compare words.
inline constexpr int64_t kConfirmLimitMs = 120'000;
// Until the two hellos are verified no person is needed, so a slow network is all that there is to wait for.
inline constexpr int64_t kPairHelloLimitMs = 10'000;
inline constexpr int64_t kPendingLimitMs = 120'000;
inline constexpr int64_t kUnacknowledgedLimitMs = 600'000;
// A joiner whose link was cut dials again this often while the pairing is pending.
inline constexpr int64_t kCommitRetryMs = 1'000;

// Pairing messages. A hello with a full chain, eight addresses and the other's known chain stays below 32 KiB.
inline constexpr size_t kMaxPairingMessageBytes = 48 * 1024;
inline constexpr size_t kMaxPairingAddresses = 8;
inline constexpr size_t kMaxAddressBytes = 128;
inline constexpr size_t kMaxHomeNameBytes = 64;
inline constexpr size_t kMaxOfferKinds = 64;
inline constexpr size_t kMaxOfferKindBytes = 64;

// T28.
inline constexpr int kWrongTokensPerMinute = 10;
// Addresses with wrong tokens that are remembered; beyond it the oldest is forgotten, so memory stays bounded.
inline constexpr size_t kMaxWrongTokenSources = 1024;

// Of the seal under a passphrase. RFC 9106 section 4 has 64 MiB and three passes for machines with little memory, with
// four lanes; one lane takes as long on machines with one processor, and costs an attacker as much.
inline constexpr uint32_t kSealMemoryKib = 64 * 1024;
inline constexpr uint32_t kSealPasses = 3;
inline constexpr uint32_t kSealLanes = 1;
// What a file may ask for when it is read (as T30 of backups): a few seconds, and what a Raspberry Pi has free.
inline constexpr uint32_t kMaxSealMemoryKib = 256 * 1024;
inline constexpr uint32_t kMaxSealPasses = 10;
inline constexpr uint32_t kMaxSealLanes = 4;
// Longer than what anybody types or a password manager makes.
inline constexpr size_t kMaxPassphraseBytes = 1024;

// Files of this folder are a few KiB; anything larger was not written by it.
inline constexpr size_t kMaxPrivateFileBytes = 64 * 1024;

}  // namespace hearthgate::trust
