#include "trust/crypto.h"

#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
// The one header of mbedTLS 2.28 that forgets to say that it is C.
extern "C" {
#include <mbedtls/constant_time.h>
}

#include "base/assert.h"
#include "base/sha256.h"
#include "trust/mbed.h"

namespace hearthgate::trust {

std::string hkdf(std::string_view salt, std::string_view ikm, std::string_view info, size_t length) {
  std::string out(length, '\0');
  HG_ASSERT(mbedtls_hkdf(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), octets(salt), salt.size(), octets(ikm),
                         ikm.size(), octets(info), info.size(), octets(out), out.size()) == 0);
  return out;
}

std::string sha256Bytes(std::string_view bytes) {
  Sha256Digest digest = sha256(bytes);
  return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

bool equalSecrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && mbedtls_ct_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::string& secret) {
  mbedtls_platform_zeroize(secret.data(), secret.size());
  secret.clear();
}

}  // namespace hearthgate::trust
