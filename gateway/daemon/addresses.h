// The addresses of this machine that other homes may try.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hearthgate::daemon {

// What a listener at `listen` can be reached at: `listen` itself, or for a wildcard every address of an interface that is
// up, without link-local ones; loopback only when there is nothing else. At most eight.
std::vector<std::string> reachableAddresses(const std::string& listen, uint16_t port);

}  // namespace hearthgate::daemon
