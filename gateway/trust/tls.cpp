#include "trust/tls.h"

#include <cstring>
#include <utility>

#include "base/assert.h"
#include "trust/crypto.h"
#include "trust/identity.h"
#include "trust/tls_state.h"
#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {

Error setUpError(int code) {
  return systemError("tls_setup",
                     "could not set up TLS for a link: " + mbedCode(code) + "; the machine may be out of memory");
}

// Alerts by which a side says that it does not accept the other's certificate (RFC 5246 section 7.2.2).
bool blamesCertificate(int alert) {
  return (alert >= MBEDTLS_SSL_ALERT_MSG_BAD_CERT && alert <= MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN) ||
         alert == MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA || alert == MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED;
}

Error wrongCode() {
  return trustError("pairing_wrong_code", "the two homes used different pairing codes; compare the code and try again");
}

}  // namespace

Channel::Channel(std::unique_ptr<State> state) : state_(std::move(state)) {}
Channel::~Channel() = default;

Result<std::unique_ptr<Channel>> Channel::peer(Role role, const Identity& identity, IsPinned is_pinned) {
  return peer(role, identity.operatingKey(), identity.certificate(), std::move(is_pinned));
}

Result<std::unique_ptr<Channel>> Channel::peer(Role role, const PrivateKey& key, std::string_view certificate,
                                               IsPinned is_pinned) {
  auto state = std::make_unique<State>(role, State::Mode::kPeer);
  state->is_pinned = std::move(is_pinned);
  int code = state->configurePeer(key, certificate);
  if (code != 0) return setUpError(code);
  return begin(std::move(state));
}

Result<std::unique_ptr<Channel>> Channel::pair(Role role, std::string_view psk) {
  HG_ASSERT(psk.size() == 32);
  auto state = std::make_unique<State>(role, State::Mode::kPair);
  state->psk = psk;
  int code = state->configurePair();
  if (code != 0) return setUpError(code);
  return begin(std::move(state));
}

Result<std::unique_ptr<Channel>> Channel::begin(std::unique_ptr<State> state) {
  std::unique_ptr<Channel> channel(new Channel(std::move(state)));
  if (channel->state_->role == Role::kClient) HG_CHECK(channel->advance());
  return channel;
}

Status Channel::fail(Error error) {
  if (!state_->failure) state_->failure = std::move(error);
  state_->closed = true;
  return *state_->failure;
}

Error Channel::errorOf(int code) const {
  const State& s = *state_;
  if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
    int alert = s.ssl.value.in_msg[1];
    if (!s.established && s.mode == State::Mode::kPeer && blamesCertificate(alert)) {
      return trustError("not_paired",
                        "the other home does not know this home's key; it may have forgotten it: pair again or forget");
    }
    if (!s.established && s.mode == State::Mode::kPair && alert == MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC) {
      return wrongCode();
    }
    return trustError("tls_refused", "the other side ended the TLS link with alert " + std::to_string(alert) +
                                         "; it may be no home, or a version that does not fit");
  }
  if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) return trustError("key_not_pinned", "the other home " + s.refusal);
  if (code == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE) {
    return trustError("key_not_pinned", "the other side presented no certificate");
  }
  if (!s.established && s.mode == State::Mode::kPair && code == MBEDTLS_ERR_SSL_INVALID_MAC) return wrongCode();
  return trustError("tls_refused",
                    std::string(s.established ? "the TLS link" : "the TLS handshake") +
                        " with the other side failed (" + mbedCode(code) +
                        "); it may be no home, a version that does not fit, or bytes were changed on the way");
}

Status Channel::checkHandshake() {
  State& s = *state_;
  auto* ssl = s.ssl.get();
  const char* alpn = mbedtls_ssl_get_alpn_protocol(ssl);
  if (alpn == nullptr || std::strcmp(alpn, s.alpn()) != 0) {
    mbedtls_ssl_send_alert_message(ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL);
    return fail(
        trustError("tls_refused", std::string("the other side does not speak ") + s.alpn() + "; it is no home"));
  }
  if (std::strcmp(mbedtls_ssl_get_version(ssl), "TLSv1.2") != 0 ||
      std::strcmp(mbedtls_ssl_get_ciphersuite(ssl), mbedtls_ssl_get_ciphersuite_name(s.suite())) != 0) {
    return fail(trustError("tls_refused", "the TLS handshake ended with another version or suite than allowed"));
  }
  if (s.mode == State::Mode::kPair) return {};
  const mbedtls_x509_crt* shown = mbedtls_ssl_get_peer_cert(ssl);
  std::string spki = shown != nullptr && shown->next == nullptr ? pinnableSpki(*shown) : std::string();
  if (spki.empty() || mbedtls_ssl_get_verify_result(ssl) != 0 || !s.is_pinned(spki)) {
    mbedtls_ssl_send_alert_message(ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
    return fail(trustError("key_not_pinned", "the other home presented a key that is not pinned"));
  }
  s.peer_spki = std::move(spki);
  return {};
}

Status Channel::advance() {
  State& s = *state_;
  if (!s.established) {
    int code = mbedtls_ssl_handshake(s.ssl.get());
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) return {};
    if (code != 0) return fail(s.failure ? *s.failure : errorOf(code));
    HG_CHECK(checkHandshake());
    s.established = true;
  }
  return readRecords();
}

Status Channel::readRecords() {
  State& s = *state_;
  unsigned char record[kMaxRecordBytes];
  while (true) {
    int code = mbedtls_ssl_read(s.ssl.get(), record, sizeof record);
    if (code > 0) {
      s.plaintext.append(reinterpret_cast<const char*>(record), static_cast<size_t>(code));
      continue;
    }
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) return {};
    if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
      s.closed = true;
      return {};
    }
    // mbedTLS skips empty records itself and says 0 for an end of input, which a link's portion never is.
    if (code == 0) code = MBEDTLS_ERR_SSL_CONN_EOF;
    if (code == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE) {
      mbedtls_ssl_send_alert_message(s.ssl.get(), MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                     MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE);
    }
    return fail(s.failure ? *s.failure : errorOf(code));
  }
}

Status Channel::feed(std::string_view bytes_from_link) {
  State& s = *state_;
  if (s.failure) return *s.failure;
  if (s.closed) return {};  // what follows a goodbye is not ours any more
  s.input = bytes_from_link;
  Status status = advance();
  s.input = {};
  return status;
}

Status Channel::write(std::string_view plaintext) {
  State& s = *state_;
  if (s.failure) return *s.failure;
  if (!s.established || s.closed) {
    return networkError("link_closed", s.closed ? "the link to the other home is closed"
                                                : "the TLS handshake with the other home is not over yet");
  }
  while (!plaintext.empty()) {
    std::string_view part = plaintext.substr(0, kMaxRecordBytes);
    int code = mbedtls_ssl_write(s.ssl.get(), octets(part), part.size());
    if (code <= 0) return fail(errorOf(code));
    plaintext.remove_prefix(static_cast<size_t>(code));
  }
  return {};
}

std::string Channel::takeOutput() { return std::exchange(state_->output, {}); }
std::string Channel::takePlaintext() { return std::exchange(state_->plaintext, {}); }
bool Channel::established() const { return state_->established && !state_->failure; }
bool Channel::midRecord() const { return state_->record_head_size != 0 || state_->record_left != 0; }
bool Channel::closed() const { return state_->closed; }
const std::optional<Error>& Channel::failure() const { return state_->failure; }
const std::string& Channel::peerSpki() const { return state_->peer_spki; }

Result<std::string> Channel::exporter(const std::string& label, size_t length) const {
  const State& s = *state_;
  if (!established()) {
    return networkError("link_closed", "keying material was asked for before the TLS handshake was over");
  }
  std::string out(length, '\0');
  int code = mbedtls_ssl_tls_prf(s.prf, s.master.data(), s.master.size(), label.c_str(), s.randoms.data(),
                                 s.randoms.size(), octets(out), out.size());
  if (code != 0) return systemError("tls_setup", "could not derive keying material: " + mbedCode(code));
  return out;
}

void Channel::close() {
  State& s = *state_;
  if (s.closed) return;
  if (s.established) mbedtls_ssl_close_notify(s.ssl.get());
  s.closed = true;
}

}  // namespace hearthgate::trust
