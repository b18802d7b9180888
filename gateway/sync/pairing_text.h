// What people are told about a pairing: why it failed, and what to know before they agree. Values; any thread.
#pragma once

#include <string>
#include <vector>

#include "sync/link_hub.h"

namespace hearthgate::sync {

// What a dial or a channel says, as CONTRACT's codes of POST /pairing/join.
Error joinError(const Error& error, const std::string& address);

// The same when it comes after the handshake, on either side; `by_peer`: the other home closed the link and said so.
Error pairingEndError(const Error& error, bool by_peer);

// What is unusual about the other home of a pairing. `known_as`: its name here if it is paired, else empty.
// `max_drift_ms` is how far clocks may differ before versions are held back (DESIGN.md section 2, rule 9).
std::vector<PairingNotice> noticesOf(const trust::PairingPeer& peer, const std::string& known_as, bool synchronised_here,
                                     int64_t max_drift_ms);

}  // namespace hearthgate::sync
