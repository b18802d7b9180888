#include "base/sha256.h"

#include <nettle/hmac.h>
#include <nettle/sha2.h>

namespace hearthgate {
namespace {
const uint8_t* data(std::string_view bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }
}  // namespace

struct Sha256::State {
  sha256_ctx context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { nettle_sha256_init(&state_->context); }
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) { nettle_sha256_update(&state_->context, bytes.size(), data(bytes)); }

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  nettle_sha256_digest(&state_->context, digest.size(), digest.data());
  return digest;
}

Sha256Digest sha256(std::string_view bytes) {
  sha256_ctx context;
  nettle_sha256_init(&context);
  nettle_sha256_update(&context, bytes.size(), data(bytes));
  Sha256Digest digest;
  nettle_sha256_digest(&context, digest.size(), digest.data());
  return digest;
}

struct HmacSha256::State {
  hmac_sha256_ctx context;
};

HmacSha256::HmacSha256(std::string_view key) : state_(std::make_unique<State>()) {
  nettle_hmac_sha256_set_key(&state_->context, key.size(), data(key));
}
HmacSha256::HmacSha256(const HmacSha256& other) : state_(std::make_unique<State>(*other.state_)) {}
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;
HmacSha256::~HmacSha256() = default;

Sha256Digest HmacSha256::of(std::string_view bytes) const {
  hmac_sha256_ctx context = state_->context;
  nettle_hmac_sha256_update(&context, bytes.size(), data(bytes));
  Sha256Digest digest;
  nettle_hmac_sha256_digest(&context, digest.size(), digest.data());
  return digest;
}

}  // namespace hearthgate
