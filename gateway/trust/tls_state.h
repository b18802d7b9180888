// What a Channel keeps, in mbedTLS's types. Included by tls*.cpp alone.
#pragma once

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <array>

#include "trust/mbed.h"
#include "trust/tls.h"

namespace hearthgate::trust {

struct Channel::State {
  enum class Mode { kPeer, kPair };

  State(Role role_of_channel, Mode mode_of_channel) : role(role_of_channel), mode(mode_of_channel) {}
  ~State();

  const Role role;
  const Mode mode;
  IsPinned is_pinned;
  std::string psk;
  Owned<mbedtls_x509_crt, mbedtls_x509_crt_init, mbedtls_x509_crt_free> certificate;
  Owned<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free> key;
  Owned<mbedtls_ssl_config, mbedtls_ssl_config_init, mbedtls_ssl_config_free> config;
  Owned<mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free> ssl;

  std::string_view input;  // of the feed() that is running
  std::string output;
  std::string plaintext;
  bool established = false;
  bool closed = false;
  std::optional<Error> failure;
  std::string refusal;  // what the verify callback found wrong
  std::string peer_spki;

  size_t handshake_bytes = 0;
  // Where in the record layer's framing the input stands (RFC 5246 section 6.2.1: type, version, length).
  std::array<uint8_t, 5> record_head{};
  size_t record_head_size = 0;
  size_t record_left = 0;

  // For the exporter; valid for use only once established.
  std::array<unsigned char, 48> master{};
  std::array<unsigned char, 64> randoms{};  // client's, then server's
  mbedtls_tls_prf_types prf = MBEDTLS_SSL_TLS_PRF_NONE;

  // The settings of T6 or T2 and T4; 0 or mbedTLS's code.
  int configurePeer(const PrivateKey& own_key, std::string_view own_certificate);
  int configurePair();
  int suite() const;
  const char* alpn() const;
  // What mbedTLS calls for bytes.
  int receive(unsigned char* out, size_t size);
  // Follows the framing; false when a record of a forbidden type begins.
  bool followRecords(std::string_view bytes);

 private:
  int configureCommon();
};

// The SPKI DER of `certificate` if its key is one of P-256 in our one form, else empty.
std::string pinnableSpki(const mbedtls_x509_crt& certificate);

}  // namespace hearthgate::trust
