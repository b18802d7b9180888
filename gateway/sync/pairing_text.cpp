#include "sync/pairing_text.h"

#include <cstdlib>

#include "base/counted.h"
#include "base/utf8.h"

namespace hearthgate::sync {
namespace {

std::string sentence(std::string text) {
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

std::string roughly(int64_t ms) {
  const int64_t seconds = (ms + 500) / 1000;
  if (seconds < 120) return counted(seconds, "second");
  if (seconds < 7200) return counted((seconds + 30) / 60, "minute");
  if (seconds < 172'800) return counted((seconds + 1800) / 3600, "hour");
  return counted((seconds + 43'200) / 86'400, "day");
}

std::string clockText(int64_t offset_ms, bool synchronised_here, bool synchronised_there) {
  std::string text = "The clock of the other home is " + roughly(std::abs(offset_ms)) + (offset_ms > 0 ? " ahead of" : " behind") + " this one's. ";
  if (synchronised_here && !synchronised_there) {
    text += "This one is set by the network, so set that of the other home";
  } else if (synchronised_there && !synchronised_here) {
    text += "That one is set by the network, so set the clock here";
  } else {
    text += "Set the one that is wrong";
  }
  return text + " (`timedatectl set-ntp true`): pairing works all the same, but until then changes of the two homes are put in a "
                "wrong order, or held back.";
}

}  // namespace

Error joinError(const Error& error, const std::string& address) {
  const std::string& code = error.code;
  if (code.starts_with("pairing_")) return error;
  if (code == "http_404") {
    return stateError("pairing_not_open", "The home at " + address + " has no code open: it was used, withdrawn or is expired, or that is another home. Open a new one there.");
  }
  if (code == "http_403") {
    return trustError("pairing_refused", "The home at " + address + " does not take that for one of its names; use its IP address.");
  }
  if (code == "http_429") {
    return stateError("pairing_throttled", "The other home takes no further try from here now: wait ten seconds and try again; after three failed tries open a "
                      "new code there.");
  }
  if (code.starts_with("http_") || code == "not_a_websocket" || code == "tls_refused") {
    return networkError("pairing_not_a_home", "What answers at " + address + " is no Hearthgate home: " + sentence(error.message));
  }
  if (code == "protocol_version") return stateError("pairing_version", error.message);
  return networkError("pairing_unreachable",
                      "The home at " + address + " could not be reached: " + sentence(error.message) + " Check address, port and firewall.");
}

// The reason of a closed link stands outside the encrypted channel, so its code is all that counts.
Error pairingEndError(const Error& error, bool by_peer) {
  if (by_peer && error.code == "pairing_throttled") {
    return stateError(error.code, "The other home pairs with another one now; try again when it is done.");
  }
  if (by_peer && error.code == "pairing_not_open") return stateError(error.code, "The code was used already; open a new one there.");
  if (by_peer && error.code.starts_with("pairing_")) {
    return trustError("pairing_refused", "The other home ended the pairing: a new code was opened there, or it joins another home.");
  }
  if (error.code.starts_with("pairing_")) return error;
  return networkError("pairing_unreachable", "The other home went away: " + sentence(error.message) + " Nothing is kept of the pairing.");
}

std::vector<PairingNotice> noticesOf(const trust::PairingPeer& peer, const std::string& known_as, bool synchronised_here,
                                     int64_t max_drift_ms) {
  std::vector<PairingNotice> notices;
  switch (peer.change) {
    case trust::KeyChange::kFirst:
      break;
    case trust::KeyChange::kSame:
      if (known_as.empty()) break;  // It was forgotten, or never paired to the end.
      notices.push_back({"known_home", "It is paired with this home already, as " + displayName(known_as) +
                                           ". Pairing again keeps what is shared and renews its addresses."});
      break;
    case trust::KeyChange::kNewer:
      notices.push_back({"new_key", displayName(peer.name) + " comes back with a new key. Agree only if its person made that key."});
      break;
    case trust::KeyChange::kFork:
      notices.push_back({"key_fork", displayName(peer.name) + " shows another key than the one that is known here, of the same age: one of the two "
                                         "may be a thief's. Agree only if the words are the same and its person explains it."});
      break;
  }
  if (peer.clock_offset_ms && std::abs(*peer.clock_offset_ms) > max_drift_ms) {
    notices.push_back({"clock_differs", clockText(*peer.clock_offset_ms, synchronised_here, peer.clock_synchronised)});
  }
  return notices;
}

}  // namespace hearthgate::sync
