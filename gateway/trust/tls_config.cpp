// How mbedTLS is set up for a Channel: everything that T6, T2 and T4 fix, and the callbacks.
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl_ciphersuites.h>

#include <algorithm>
#include <cstring>

#include "base/random.h"
#include "trust/crypto.h"
#include "trust/tls_state.h"
#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {

constexpr int kPeerSuites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 0};
constexpr int kPairSuites[] = {MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, 0};
constexpr mbedtls_ecp_group_id kCurves[] = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};
constexpr int kHashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};
const char* kPeerAlpn[] = {"hgpeer/1", nullptr};
const char* kPairAlpn[] = {"hgpair/1", nullptr};
// It travels in clear, so it must not depend on the code (T2).
constexpr std::string_view kPskIdentity = "hearthgate-pair-1";
constexpr uint8_t kAlertRecord = 21, kApplicationRecord = 23;

int send(void* state, const unsigned char* bytes, size_t size) {
  auto* output = static_cast<std::string*>(state);
  output->append(reinterpret_cast<const char*>(bytes), size);
  return static_cast<int>(size);
}

}  // namespace

std::string pinnableSpki(const mbedtls_x509_crt& certificate) {
  std::string spki(reinterpret_cast<const char*>(certificate.pk_raw.p), certificate.pk_raw.len);
  if (mbedtls_pk_get_type(&certificate.pk) != MBEDTLS_PK_ECKEY || !isPublicKey(spki)) return {};
  return spki;
}

Channel::State::~State() {
  mbedtls_platform_zeroize(master.data(), master.size());
  wipe(psk);
}

int Channel::State::suite() const { return mode == Mode::kPeer ? kPeerSuites[0] : kPairSuites[0]; }
const char* Channel::State::alpn() const { return mode == Mode::kPeer ? kPeerAlpn[0] : kPairAlpn[0]; }

bool Channel::State::followRecords(std::string_view bytes) {
  while (!bytes.empty()) {
    if (record_left > 0) {
      size_t part = std::min(record_left, bytes.size());
      record_left -= part;
      bytes.remove_prefix(part);
      continue;
    }
    record_head[record_head_size++] = static_cast<uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    if (record_head_size < record_head.size()) continue;
    record_head_size = 0;
    record_left = static_cast<size_t>(record_head[3]) << 8 | record_head[4];
    if (established && record_head[0] != kAlertRecord && record_head[0] != kApplicationRecord) return false;
  }
  return true;
}

int Channel::State::receive(unsigned char* out, size_t size) {
  if (input.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
  std::string_view part = input.substr(0, size);
  if (!established && (handshake_bytes += part.size()) > kMaxHandshakeBytes) {
    failure = networkError("handshake_too_large",
                           "the other side sent more than 16 KiB before its TLS handshake was "
                           "over; no home does that, so the link was closed");
    return MBEDTLS_ERR_SSL_CONN_EOF;
  }
  // mbedTLS would answer a renegotiation with a warning and go on; T6 wants the link closed. It asks for one record's
  // head or body at a time, so what is looked at here has not been acted upon.
  if (!followRecords(part)) {
    failure = trustError("renegotiation",
                         "the other side began a new TLS handshake inside the link, which no home "
                         "does; the link was closed");
    return MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE;
  }
  std::memcpy(out, part.data(), part.size());
  input.remove_prefix(part.size());
  return static_cast<int>(part.size());
}

int Channel::State::configureCommon() {
  auto* conf = config.get();
  int endpoint = role == Role::kClient ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER;
  int code = mbedtls_ssl_config_defaults(conf, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
  if (code != 0) return code;
  mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_ciphersuites(conf, mode == Mode::kPeer ? kPeerSuites : kPairSuites);
  mbedtls_ssl_conf_curves(conf, kCurves);
  mbedtls_ssl_conf_sig_hashes(conf, kHashes);
  mbedtls_ssl_conf_renegotiation(conf, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
  mbedtls_ssl_conf_rng(conf, mbedRandom, nullptr);
  mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
  // These calls exist for one end alone; a server without a cache or ticket callback resumes nothing.
  if (role == Role::kClient) mbedtls_ssl_conf_session_tickets(conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
  if (role == Role::kServer) mbedtls_ssl_conf_cert_req_ca_list(conf, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
  mbedtls_ssl_conf_export_keys_ext_cb(
      conf,
      [](void* p, const unsigned char* secret, const unsigned char*, size_t, size_t, size_t,
         const unsigned char client_random[32], const unsigned char server_random[32], mbedtls_tls_prf_types type) {
        auto* state = static_cast<State*>(p);
        std::memcpy(state->master.data(), secret, state->master.size());
        std::memcpy(state->randoms.data(), client_random, 32);
        std::memcpy(state->randoms.data() + 32, server_random, 32);
        state->prf = type;
        return 0;
      },
      this);
  code = mbedtls_ssl_conf_alpn_protocols(conf, mode == Mode::kPeer ? kPeerAlpn : kPairAlpn);
  if (code != 0) return code;
  code = mbedtls_ssl_setup(ssl.get(), conf);
  if (code != 0) return code;
  mbedtls_ssl_set_bio(
      ssl.get(), this,
      [](void* p, const unsigned char* bytes, size_t size) {
        return send(&static_cast<State*>(p)->output, bytes, size);
      },
      [](void* p, unsigned char* out, size_t size) { return static_cast<State*>(p)->receive(out, size); }, nullptr);
  return 0;
}

int Channel::State::configurePeer(const PrivateKey& own_key, std::string_view own_certificate) {
  loadPk(key.get(), own_key);
  int code = mbedtls_x509_crt_parse_der(certificate.get(), octets(own_certificate), own_certificate.size());
  if (code != 0) return code;
  auto* conf = config.get();
  code = configureCommon();
  if (code != 0) return code;
  code = mbedtls_ssl_conf_own_cert(conf, certificate.get(), key.get());
  if (code != 0) return code;
  // Without any chain VERIFY_REQUIRED fails after the callback. The own certificate is none of an authority, so nothing
  // can be signed by it; the callback below is the only judge.
  mbedtls_ssl_conf_ca_chain(conf, certificate.get(), nullptr);
  mbedtls_ssl_conf_verify(
      conf,
      [](void* p, mbedtls_x509_crt* shown, int depth, uint32_t* flags) {
        auto* state = static_cast<State*>(p);
        std::string spki = pinnableSpki(*shown);
        bool single = depth == 0 && shown->next == nullptr;
        if (single && !spki.empty() && state->is_pinned(spki)) {
          *flags = 0;
          return 0;
        }
        *flags = ~0u;
        state->refusal = !single        ? "presented more than one certificate"
                         : spki.empty() ? "presented a certificate with a key that is not of the curve P-256"
                                        : "presented a key that is not pinned";
        return 0;
      },
      this);
  return 0;
}

int Channel::State::configurePair() {
  int code = configureCommon();
  if (code != 0) return code;
  if (role == Role::kClient) {
    return mbedtls_ssl_conf_psk(config.get(), octets(psk), psk.size(), octets(kPskIdentity), kPskIdentity.size());
  }
  mbedtls_ssl_conf_psk_cb(
      config.get(),
      [](void* p, mbedtls_ssl_context* context, const unsigned char* identity, size_t size) {
        auto* state = static_cast<State*>(p);
        std::string_view name(reinterpret_cast<const char*>(identity), size);
        // A foreign identity goes on with a random key, so that it ends with the alert of a wrong code (T2).
        std::string chosen = name == kPskIdentity ? state->psk : systemRandom().bytes(state->psk.size());
        int result = mbedtls_ssl_set_hs_psk(context, octets(chosen), chosen.size());
        wipe(chosen);
        return result;
      },
      this);
  return 0;
}

}  // namespace hearthgate::trust
