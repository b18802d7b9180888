// The REST items of homes, conflicts and pairings, for answers and events.
#pragma once

#include <string>

#include "api/gateway.h"
#include "store/rows.h"

namespace hearthgate::api {

std::string homeText(Gateway& gateway, const store::Peer& peer);
std::string conflictText(const store::Conflict& conflict);
// GET /pairing; also the body for Core::event("pairing", …), which the daemon records when pairing changes.
std::string pairingText(const PairingState& pairing);

}  // namespace hearthgate::api
