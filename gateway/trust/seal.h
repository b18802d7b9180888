// What is kept under a passphrase: Argon2id (RFC 9106) makes a key of it, ChaCha20-Poly1305 (RFC 8439 section 2.8)
// encrypts with that. Used by the identity's files. A Seal never changes, so any thread may use it.
//
// Sealed bytes: memory in KiB, passes and lanes of Argon2id (4 bytes each), 16 bytes of salt, 12 of nonce, the
// ciphertext, 16 bytes of tag. The associated data is what stands before them in the file, and they up to the nonce.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trust/tuning.h"

namespace hearthgate::trust {

// m, t and p of RFC 9106 section 3.1.
struct SealCost {
  uint32_t memory_kib = kSealMemoryKib;
  uint32_t passes = kSealPasses;
  uint32_t lanes = kSealLanes;
  bool operator==(const SealCost&) const = default;
};

// The key that one passphrase and one salt come to. It is wiped at its end; the passphrase is not kept.
class Seal {
 public:
  // With a new salt. Takes the time and memory of `cost`; fails with `seal_memory` where there is not so much.
  static Result<std::shared_ptr<const Seal>> make(std::string_view passphrase, const SealCost& cost = {});
  // The one under which `sealed` is, if the passphrase is right, which open() finds out. Fails with `seal_malformed` when
  // `sealed` is too short or asks for more than kMaxSealMemoryKib, kMaxSealPasses or kMaxSealLanes, and as make().
  static Result<std::shared_ptr<const Seal>> of(std::string_view sealed, std::string_view passphrase);
  ~Seal();
  Seal(const Seal&) = delete;
  Seal& operator=(const Seal&) = delete;

  // Whether `sealed` says that it has this salt and cost.
  bool fits(std::string_view sealed) const;
  // `content` with a new nonce, bound to `before`.
  std::string close(std::string_view before, std::string_view content) const;
  // Nothing when the passphrase was another one, or a byte of either was changed. Secret.
  std::optional<std::string> open(std::string_view before, std::string_view sealed) const;

 private:
  Seal(const SealCost& cost, std::string salt) : cost_(cost), salt_(std::move(salt)) {}
  static Result<std::shared_ptr<const Seal>> derive(const SealCost& cost, std::string salt, std::string_view passphrase);

  SealCost cost_;
  std::string salt_;
  std::string key_;
};

}  // namespace hearthgate::trust
