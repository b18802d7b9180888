// The addresses of this machine that other homes may try.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/homes.h"

namespace hearthgate::daemon {

// What a listener at `listen` can be reached at: `listen` itself, or for a wildcard every address of an interface that is
// up, without link-local ones; loopback only when there is nothing else. At most eight.
std::vector<std::string> reachableAddresses(const std::string& listen, uint16_t port);

// The interfaces that are up, in the system's order; what is heard on them is not looked at.
std::vector<api::NetworkLook::Interface> ownInterfaces();

}  // namespace hearthgate::daemon
