// What counts as one source of connections in rate limits (TRUST.md T1, T7, T28). Any thread.
#pragma once

#include <string>
#include <string_view>

namespace hearthgate::trust {

// An IPv4 address (also one written as IPv6, ::ffff:a.b.c.d) as it is, an IPv6 address as its /64, because whoever has
// one address of a /64 has all of them. Brackets and a zone are dropped. Anything else is its own source.
std::string sourceOf(std::string_view address);

}  // namespace hearthgate::trust
