// The symmetric primitives of trust, all through mbedTLS: HKDF, comparison without a timing difference, wiping.
// Any thread.
#pragma once

#include <string>
#include <string_view>

namespace hearthgate::trust {

// HKDF-SHA256 (RFC 5869). `length` at most 255 * 32.
std::string hkdf(std::string_view salt, std::string_view ikm, std::string_view info, size_t length);
// SHA-256 as a string of 32 bytes.
std::string sha256Bytes(std::string_view bytes);
// Whether both are equal; takes the same time wherever they differ. Different lengths differ at once.
bool equalSecrets(std::string_view a, std::string_view b);
// Overwrites a secret in a way that the compiler keeps, and empties the string.
void wipe(std::string& secret);

// A secret that is wiped when its scope ends.
struct Secret {
  Secret() = default;
  explicit Secret(std::string secret) : text(std::move(secret)) {}
  ~Secret() { wipe(text); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  std::string text;
};

}  // namespace hearthgate::trust
