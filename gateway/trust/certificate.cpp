#include "trust/certificate.h"

#include <mbedtls/x509_crt.h>

#include "base/assert.h"
#include "trust/mbed.h"

namespace hearthgate::trust {

std::string makeCertificate(const PrivateKey& key) {
  Owned<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free> pk;
  Owned<mbedtls_x509write_cert, mbedtls_x509write_crt_init, mbedtls_x509write_crt_free> writer;
  Mpi serial;
  loadPk(pk.get(), key);
  HG_ASSERT(mbedtls_mpi_lset(serial.get(), 1) == 0);
  mbedtls_x509write_crt_set_version(writer.get(), MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(writer.get(), MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(writer.get(), pk.get());
  mbedtls_x509write_crt_set_issuer_key(writer.get(), pk.get());
  HG_ASSERT(mbedtls_x509write_crt_set_serial(writer.get(), serial.get()) == 0);
  HG_ASSERT(mbedtls_x509write_crt_set_subject_name(writer.get(), "CN=hearthgate") == 0);
  HG_ASSERT(mbedtls_x509write_crt_set_issuer_name(writer.get(), "CN=hearthgate") == 0);
  HG_ASSERT(mbedtls_x509write_crt_set_validity(writer.get(), "20200101000000", "20491231235959") == 0);
  // mbedTLS writes at the end of the buffer.
  std::string buffer(1024, '\0');
  int size = mbedtls_x509write_crt_der(writer.get(), octets(buffer), buffer.size(), mbedRandom, nullptr);
  HG_ASSERT(size > 0);
  return buffer.substr(buffer.size() - static_cast<size_t>(size));
}

}  // namespace hearthgate::trust
