// The limits on documents, names and vectors. They are constants of protocol version 1, not settings, so that what one
// home accepts another can (DESIGN.md section 2, rule 11; CONTRACT.md "Limits").
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearthgate::model {

inline constexpr size_t kMaxDocumentBytes = 1 << 20;  // canonical text of `fields`
inline constexpr size_t kMaxDepth = 32;               // `fields` itself is 1
inline constexpr size_t kMaxFields = 4096;            // leaves of one document
inline constexpr size_t kMaxNameBytes = 255;          // ids and keys
inline constexpr size_t kMaxElementBytes = kMaxNameBytes;  // of a set, as canonical JSON: it stands as a key
inline constexpr size_t kMaxKindBytes = 64;
inline constexpr size_t kMaxVectorEntries = 1024;     // beyond it: `vector_full`
inline constexpr size_t kVectorAttention = 768;       // from here on `status` asks for attention
inline constexpr uint64_t kMaxCounter = 1ull << 53;   // TRUST.md T13; exact in a JSON double
inline constexpr uint64_t kMaxCounterJump = 1ull << 32;  // T13: further above the last known one it is held
inline constexpr size_t kMaxSiblings = 1024;          // one a vector entry at most, so the vector's limit
inline constexpr int64_t kMaxStampMs = 1ll << 53;     // the year 287396; keeps arithmetic on stamps exact

}  // namespace hearthgate::model
