// Limits of what other homes may have waiting in this one's circles, each with its reason. Those that others ask for too stand
// in tuning.h.
#pragma once

#include <cstddef>

namespace hearthgate::engine {

// Invitations of one home that wait here: a home that asks for everything leaves room for others.
inline constexpr size_t kMaxInvitationsOfOne = 8;
// Bytes of wishes that are looked at, since each member may write any: a vote of 64 members takes some 64 KiB.
inline constexpr size_t kMaxWishesBytes = 16 << 20;

}  // namespace hearthgate::engine
