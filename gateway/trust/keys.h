// P-256 keys and the one form of signature that is used outside TLS (TRUST.md T10). A public key travels as its SPKI
// DER (RFC 5480), of which exactly one form is accepted: 91 bytes, uncompressed point. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace hearthgate::trust {

inline constexpr size_t kSpkiBytes = 91;
inline constexpr size_t kSignatureBytes = 64;  // r and s, 32 bytes each, big-endian
inline constexpr size_t kScalarBytes = 32;

// The contexts of T10. A signature made for one is none for another.
inline constexpr std::string_view kKeyContext = "hearthgate/key/v1";
inline constexpr std::string_view kCircleContext = "hearthgate/circle/v1";
inline constexpr std::string_view kPairContext = "hearthgate/pair/v1";
inline constexpr std::string_view kUpdateContext = "hearthgate/update/v1";

// What is hashed and signed: 64 spaces, `context`, a zero byte, then `fields`. The caller lays `fields` out with
// Writer.
std::string signedBytes(std::string_view context, std::string_view fields);

// A private key. Copies share the same secret, which is wiped with the last of them.
class PrivateKey {
 public:
  static PrivateKey generate(Random& random);
  // 1 + (48 bytes mod (n - 1)), so every scalar is (all but exactly) equally likely and none is refused (T31).
  static PrivateKey fromWideBytes(std::string_view bytes48);
  // The scalar as it is stored: 32 bytes, in 1 … n-1. Fails with `bad_key`.
  static Result<PrivateKey> fromScalar(std::string_view scalar);

  const std::string& spki() const;
  // Secret: for the identity file and the TLS configuration alone.
  const std::string& scalar() const;
  // ECDSA with SHA-256, deterministic (RFC 6979): kSignatureBytes.
  std::string sign(std::string_view context, std::string_view fields) const;

 private:
  struct State;
  explicit PrivateKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// The name under which a dialler asks for the key that it expects (T9): 16 base32 symbols of the hash of its SPKI.
std::string keyName(std::string_view spki);
// Whether `spki` is a P-256 public key in the one accepted form, its point on the curve.
bool isPublicKey(std::string_view spki);
// Whether `signature` over (context, fields) was made with the private key of `spki`. False for anything malformed.
bool verifySignature(std::string_view spki, std::string_view context, std::string_view fields,
                     std::string_view signature);

}  // namespace hearthgate::trust
