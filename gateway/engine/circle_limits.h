// Limits of what other homes may have waiting in this one's circles, each with its reason. Those that others ask for too stand
// in tuning.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearthgate::engine {

// Invitations of one home that wait here: a home that asks for everything leaves room for others.
inline constexpr size_t kMaxInvitationsOfOne = 8;
// Bytes of wishes that are looked at, since each member may write any: a vote of 64 members takes some 64 KiB.
inline constexpr size_t kMaxWishesBytes = 16 << 20;
// Votes whose signature was looked at, and what came of it: each is looked at once, however often something else changes.
inline constexpr size_t kVotesKnown = 2'000;
// The end of an invitation by which a member calls back a home that is a member by its charter and does not know it, as after
// the restore of an old backup: none. Ends of others are days away.
inline constexpr int64_t kCalledBackMs = 8'000'000'000'000;
// Without its keeper for so long, every member runs the scripts of a circle (DESIGN.md section 2, rule 4).
inline constexpr int64_t kKeeperAwayMs = 60'000;

}  // namespace hearthgate::engine
