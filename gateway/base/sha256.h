// SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104), through nettle: every version is hashed once in each home that takes it
// in, and nettle uses the processor's SHA instructions where mbedTLS 2.28 does not (seven times as fast with them).
// Everything else of cryptography is in trust/. Any thread; an object belongs to one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace hearthgate {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest sha256(std::string_view bytes);

// For input that comes in parts.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  // The digest of everything given so far; the object must not be used afterwards.
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One key, many messages: what depends on the key alone is worked out once. of() from any thread.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  HmacSha256(const HmacSha256& other);
  HmacSha256(HmacSha256&&) noexcept;
  HmacSha256& operator=(HmacSha256&&) noexcept;
  ~HmacSha256();

  Sha256Digest of(std::string_view bytes) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hearthgate
