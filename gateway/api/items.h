// The REST items of homes, conflicts and pairings, for answers and events.
#pragma once

#include <string>

#include "api/gateway.h"
#include "store/reader.h"

namespace hearthgate::api {

std::string homeText(Gateway& gateway, store::Reader& reader, const store::Peer& peer);
std::string conflictText(const store::Conflict& conflict);
std::string pairingText(const PairingState& pairing);

}  // namespace hearthgate::api
