// Owners for mbedTLS 2.28 objects and the random generator that its calls get. Included by the sources of this folder
// only, never by a header of it. Any thread.
#pragma once

#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>

#include <string>
#include <string_view>

namespace hearthgate::trust {

class PrivateKey;

inline const unsigned char* octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* octets(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

// CTR_DRBG seeded from getrandom(2), one for the process, locked: fits every f_rng of mbedTLS, `state` is ignored.
int mbedRandom(void* state, unsigned char* out, size_t size);
// "mbedTLS error -0x7780", the form that its manual lists; Debian's build carries no texts for all of them.
std::string mbedCode(int code);

// An mbedTLS object that is initialised and freed with its scope.
template <typename T, void (*kInit)(T*), void (*kFree)(T*)>
struct Owned {
  T value;
  Owned() { kInit(&value); }
  ~Owned() { kFree(&value); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  T* get() { return &value; }
};

using Mpi = Owned<mbedtls_mpi, mbedtls_mpi_init, mbedtls_mpi_free>;
using Point = Owned<mbedtls_ecp_point, mbedtls_ecp_point_init, mbedtls_ecp_point_free>;
using Group = Owned<mbedtls_ecp_group, mbedtls_ecp_group_init, mbedtls_ecp_group_free>;

// Fills an initialised context with `key`, for what wants mbedTLS's own form: TLS and certificates.
void loadPk(mbedtls_pk_context* pk, const PrivateKey& key);

}  // namespace hearthgate::trust
