// What a pairing QR code carries (DESIGN.md section 4): code, addresses, expiry. Shown to the admin session alone
// (T34).
//
//   hearthgate://pair?a=192.0.2.7:8765&a=[2001:db8::7]:8765&e=1763632800#HEARTH-XXXX-XXXX-XXXX-XXXX
//
// The code is the fragment, which programs that fetch URLs never send; `e` is in seconds since 1970. All of it may be in
// capitals but the zone of an address: QR codes hold those in fewer modules. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "trust/pairing_code.h"

namespace hearthgate::trust {

struct PairingUri {
  PairingCode code;
  std::vector<std::string> addresses;  // ADDRESS:PORT, at most kMaxPairingAddresses
  int64_t expires_at_ms = 0;           // whole seconds; 0: not stated

  std::string text() const;
  // Unknown parameters are left to newer versions. Fails with `pairing_code_mistyped` or `pairing_uri_bad`.
  static Result<PairingUri> parse(std::string_view text);
};

// Whether `text` is ADDRESS:PORT with an IPv4 address, an IPv6 address in brackets (a zone allowed) or a host name. The
// one check for addresses that people, QR codes and other homes name.
bool isAddressWithPort(std::string_view text);
// That of an IP address, IPv6 in brackets.
std::string addressWithPort(const std::string& address, uint16_t port);

}  // namespace hearthgate::trust
