// The code that people carry from one home to the other (TRUST.md T2): HEARTH-XXXX-XXXX-XXXX-XXXX, Crockford base32, 15
// random symbols and a check symbol. Never put a code into a URL path, log, event or metric. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace hearthgate::trust {

inline constexpr size_t kCodeRandomSymbols = 15;

class PairingCode {
 public:
  static PairingCode generate(Random& random);
  // What a person typed: any case, with or without dashes, spaces and prefix, O for 0, I and L for 1. Fails with
  // `pairing_code_mistyped` without any use of the network.
  static Result<PairingCode> parse(std::string_view typed);

  // HEARTH-XXXX-XXXX-XXXX-XXXX.
  std::string text() const;
  // The 32 bytes for Channel::pair().
  std::string psk() const;
  bool operator==(const PairingCode&) const = default;

 private:
  explicit PairingCode(std::string symbols) : symbols_(std::move(symbols)) {}
  std::string symbols_;  // 15 and the check symbol
};

}  // namespace hearthgate::trust
