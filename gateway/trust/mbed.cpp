#include "trust/mbed.h"

#include <mbedtls/ctr_drbg.h>

#include <cstdio>

#include "base/assert.h"
#include "base/random.h"
#include "trust/keys.h"

namespace hearthgate::trust {
namespace {

int kernelEntropy(void*, unsigned char* out, size_t size) {
  systemRandom().fill({out, size});
  return 0;
}

struct Drbg {
  mbedtls_ctr_drbg_context context;
  Drbg() {
    mbedtls_ctr_drbg_init(&context);
    static constexpr unsigned char kUse[] = "hearthgate trust";
    HG_ASSERT(mbedtls_ctr_drbg_seed(&context, kernelEntropy, nullptr, kUse, sizeof kUse - 1) == 0);
  }
  ~Drbg() { mbedtls_ctr_drbg_free(&context); }
};

}  // namespace

int mbedRandom(void*, unsigned char* out, size_t size) {
  // Debian's mbedTLS is built with pthread locking, so the generator may be shared.
  static Drbg drbg;
  while (size > 0) {
    size_t part = size < MBEDTLS_CTR_DRBG_MAX_REQUEST ? size : MBEDTLS_CTR_DRBG_MAX_REQUEST;
    int code = mbedtls_ctr_drbg_random(&drbg.context, out, part);
    if (code != 0) return code;
    out += part;
    size -= part;
  }
  return 0;
}

std::string mbedCode(int code) {
  char text[40];
  std::snprintf(text, sizeof text, "mbedTLS error -0x%04X", static_cast<unsigned>(-code));
  return text;
}

void loadPk(mbedtls_pk_context* pk, const PrivateKey& key) {
  HG_ASSERT(mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0);
  mbedtls_ecp_keypair* pair = mbedtls_pk_ec(*pk);
  HG_ASSERT(mbedtls_ecp_group_load(&pair->grp, MBEDTLS_ECP_DP_SECP256R1) == 0);
  HG_ASSERT(mbedtls_mpi_read_binary(&pair->d, octets(key.scalar()), key.scalar().size()) == 0);
  // The point is the tail of the SPKI; computing it again would cost a millisecond on each link.
  std::string_view point = std::string_view(key.spki()).substr(kSpkiBytes - 65);
  HG_ASSERT(mbedtls_ecp_point_read_binary(&pair->grp, &pair->Q, octets(point), point.size()) == 0);
}

}  // namespace hearthgate::trust
