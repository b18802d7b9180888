// SHA-256 (FIPS 180-4) through mbedTLS. Any thread; an object belongs to one.
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

}  // namespace hearthgate
