#include "base/sha256.h"

#include <mbedtls/sha256.h>

#include "base/assert.h"

namespace hearthgate {
namespace {
const unsigned char* data(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
}  // namespace

Sha256Digest sha256(std::string_view bytes) {
  Sha256Digest digest;
  HG_ASSERT(mbedtls_sha256_ret(data(bytes), bytes.size(), digest.data(), 0) == 0);
  return digest;
}

struct Sha256::State {
  mbedtls_sha256_context context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  mbedtls_sha256_init(&state_->context);
  HG_ASSERT(mbedtls_sha256_starts_ret(&state_->context, 0) == 0);
}

Sha256::~Sha256() { mbedtls_sha256_free(&state_->context); }

void Sha256::update(std::string_view bytes) {
  HG_ASSERT(mbedtls_sha256_update_ret(&state_->context, data(bytes), bytes.size()) == 0);
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  HG_ASSERT(mbedtls_sha256_finish_ret(&state_->context, digest.data()) == 0);
  return digest;
}

}  // namespace hearthgate
