// Limits of this folder, each with its reason. Engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearthgate::engine {

// What a peer can cause as often as it likes is audited at most once a minute for each peer and reason (TRUST.md T18).
inline constexpr int64_t kAuditOftenMs = 60'000;
// Pairs of peer and reason that are remembered for it: 100 homes with ten reasons each; bounds the memory.
inline constexpr size_t kMaxAuditOften = 1'000;
// Longest subject and detail of an audit row: an address is 308 bytes.
inline constexpr size_t kMaxAuditText = 512;

}  // namespace hearthgate::engine
