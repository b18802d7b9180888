// The REST items of homes, conflicts and pairings, for answers and events, and the figures that they share with metrics
// and the report.
#pragma once

#include <string>

#include "api/gateway.h"
#include "store/reader.h"

namespace hearthgate::api {

// Between this home and another. Entities on their way, versions held and refused; without a word in this link, what was
// told last. Reads the feed above what was acknowledged.
struct HomeLag {
  uint64_t to_send = 0;
  uint64_t to_receive = 0;
  uint64_t held_here = 0;
  uint64_t held_there = 0;
  uint64_t refused_there = 0;
};
HomeLag lagOf(Gateway& gateway, store::Reader& reader, const store::Peer& peer, const HomeState& state);

std::string homeText(Gateway& gateway, store::Reader& reader, const store::Peer& peer);
// `peers`: the homes that are known, for which of them it may be.
std::string discoveredText(const DiscoveredItem& item, const std::vector<store::Peer>& peers);
std::string conflictText(const store::Conflict& conflict);
std::string pairingText(const PairingState& pairing);

}  // namespace hearthgate::api
