// The matrix of TRUST.md Part II rule 6: a Channel meets an mbedTLS peer that is configured by hand to differ from it
// in one thing. Exactly the peer that differs in nothing gets through.
#include <mbedtls/ecp.h>
#include <mbedtls/rsa.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

#include "support.h"
#include "trust/certificate.h"
#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {

using Role = Channel::Role;

int randomBytes(void*, unsigned char* out, size_t size) {
  systemRandom().fill({out, size});
  return 0;
}

const unsigned char* octets(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

// What the hand-made peer does. The defaults are what a home does.
struct Hand {
  int min_minor = MBEDTLS_SSL_MINOR_VERSION_3, max_minor = MBEDTLS_SSL_MINOR_VERSION_3;
  std::vector<int> suites{MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 0};
  std::vector<const char*> alpn{"hgpeer/1", nullptr};
  std::vector<mbedtls_ecp_group_id> curves{MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};
  std::vector<int> hashes{MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};
  std::vector<std::string> chain;  // DER, the own one first
  mbedtls_pk_context* key = nullptr;
  std::string psk, psk_identity = "hearthgate-pair-1";
  bool tickets = false;
  bool renegotiation = false;
};

class HandPeer {
 public:
  HandPeer(Role role, const Hand& hand) : hand_(hand) {
    mbedtls_ssl_config_init(&config_);
    mbedtls_ssl_init(&ssl_);
    mbedtls_x509_crt_init(&chain_);
    mbedtls_ssl_ticket_init(&tickets_);
    int endpoint = role == Role::kClient ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER;
    check(mbedtls_ssl_config_defaults(&config_, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_min_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3, hand_.min_minor);
    mbedtls_ssl_conf_max_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3, hand_.max_minor);
    mbedtls_ssl_conf_ciphersuites(&config_, hand_.suites.data());
    mbedtls_ssl_conf_curves(&config_, hand_.curves.data());
    mbedtls_ssl_conf_sig_hashes(&config_, hand_.hashes.data());
    mbedtls_ssl_conf_rng(&config_, randomBytes, nullptr);
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_OPTIONAL);
    if (role == Role::kClient) {
      mbedtls_ssl_conf_session_tickets(
          &config_, hand_.tickets ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    } else if (hand_.tickets) {
      check(mbedtls_ssl_ticket_setup(&tickets_, randomBytes, nullptr, MBEDTLS_CIPHER_AES_256_GCM, 3600));
      mbedtls_ssl_conf_session_tickets_cb(&config_, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets_);
    }
    if (hand_.renegotiation) mbedtls_ssl_conf_renegotiation(&config_, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
    if (hand_.alpn.size() > 1) check(mbedtls_ssl_conf_alpn_protocols(&config_, hand_.alpn.data()));
    for (const std::string& der : hand_.chain) {
      check(mbedtls_x509_crt_parse_der(&chain_, octets(der), der.size()));
    }
    if (hand_.key != nullptr) {
      check(mbedtls_ssl_conf_own_cert(&config_, &chain_, hand_.key));
      mbedtls_ssl_conf_ca_chain(&config_, &chain_, nullptr);
    }
    if (!hand_.psk.empty()) {
      check(mbedtls_ssl_conf_psk(&config_, octets(hand_.psk), hand_.psk.size(), octets(hand_.psk_identity),
                                 hand_.psk_identity.size()));
    }
    check(mbedtls_ssl_setup(&ssl_, &config_));
    mbedtls_ssl_set_bio(
        &ssl_, this,
        [](void* self, const unsigned char* bytes, size_t size) {
          static_cast<HandPeer*>(self)->output_.append(reinterpret_cast<const char*>(bytes), size);
          return static_cast<int>(size);
        },
        [](void* self, unsigned char* out, size_t size) {
          std::string& input = static_cast<HandPeer*>(self)->input_;
          if (input.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
          size = std::min(size, input.size());
          std::copy_n(input.begin(), size, out);
          input.erase(0, size);
          return static_cast<int>(size);
        },
        nullptr);
    (void)step();
  }
  ~HandPeer() {
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&chain_);
    mbedtls_ssl_ticket_free(&tickets_);
  }
  HandPeer(const HandPeer&) = delete;

  int step() {
    if (result_ != MBEDTLS_ERR_SSL_WANT_READ && result_ != 0) return result_;
    if (ssl_.state != MBEDTLS_SSL_HANDSHAKE_OVER) return result_ = mbedtls_ssl_handshake(&ssl_);
    unsigned char bytes[1024];
    int got = mbedtls_ssl_read(&ssl_, bytes, sizeof bytes);
    if (got > 0) received_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(got));
    return result_ = got > 0 ? 0 : got;
  }
  void feed(const std::string& bytes) {
    input_ += bytes;
    for (int i = 0; i < 20 && !input_.empty() && step() == 0; ++i) {
    }
    (void)step();
  }
  std::string take() { return std::exchange(output_, {}); }
  bool done() const { return ssl_.state == MBEDTLS_SSL_HANDSHAKE_OVER; }
  bool gaveUp() const { return result_ != 0 && result_ != MBEDTLS_ERR_SSL_WANT_READ; }
  // The alert that ended it, or -1.
  int alert() const { return result_ == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ? ssl_.in_msg[1] : -1; }
  mbedtls_ssl_context* ssl() { return &ssl_; }
  const std::string& received() const { return received_; }

 private:
  static void check(int code) { EXPECT_EQ(code, 0); }
  Hand hand_;
  mbedtls_ssl_config config_;
  mbedtls_ssl_context ssl_;
  mbedtls_x509_crt chain_;
  mbedtls_ssl_ticket_context tickets_;
  std::string input_, output_, received_;
  int result_ = 0;
};

void run(Channel& channel, HandPeer& peer) {
  for (int round = 0; round < 50; ++round) {
    std::string from_channel = channel.takeOutput(), from_peer = peer.take();
    if (from_channel.empty() && from_peer.empty()) return;
    if (!from_channel.empty()) peer.feed(from_channel);
    if (!from_peer.empty()) (void)channel.feed(from_peer);
  }
  ADD_FAILURE() << "no rest";
}

// A key of mbedTLS's own kinds.
class Key {
 public:
  explicit Key(mbedtls_ecp_group_id curve) : Key() {
    EXPECT_EQ(mbedtls_pk_setup(&pk_, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
    EXPECT_EQ(mbedtls_ecp_gen_key(curve, mbedtls_pk_ec(pk_), randomBytes, nullptr), 0);
  }
  static std::unique_ptr<Key> rsa() {
    std::unique_ptr<Key> key(new Key());
    EXPECT_EQ(mbedtls_pk_setup(&key->pk_, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)), 0);
    EXPECT_EQ(mbedtls_rsa_gen_key(mbedtls_pk_rsa(key->pk_), randomBytes, nullptr, 2048, 65537), 0);
    return key;
  }
  ~Key() { mbedtls_pk_free(&pk_); }
  Key(const Key&) = delete;
  mbedtls_pk_context* pk() { return &pk_; }
  std::string spki() {
    std::string buffer(1024, '\0');
    int size = mbedtls_pk_write_pubkey_der(&pk_, reinterpret_cast<unsigned char*>(buffer.data()), buffer.size());
    EXPECT_GT(size, 0);
    return buffer.substr(buffer.size() - static_cast<size_t>(size));
  }

 private:
  Key() { mbedtls_pk_init(&pk_); }
  mbedtls_pk_context pk_;
};

std::string certificateOf(Key& subject, Key& issuer, const char* from = "20200101000000",
                          const char* to = "20491231235959", const char* name = "CN=hearthgate",
                          const char* issuer_name = "CN=hearthgate", bool authority = false) {
  mbedtls_x509write_cert writer;
  mbedtls_x509write_crt_init(&writer);
  mbedtls_mpi serial;
  mbedtls_mpi_init(&serial);
  mbedtls_mpi_lset(&serial, 1);
  mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(&writer, subject.pk());
  mbedtls_x509write_crt_set_issuer_key(&writer, issuer.pk());
  EXPECT_EQ(mbedtls_x509write_crt_set_serial(&writer, &serial), 0);
  EXPECT_EQ(mbedtls_x509write_crt_set_subject_name(&writer, name), 0);
  EXPECT_EQ(mbedtls_x509write_crt_set_issuer_name(&writer, issuer_name), 0);
  EXPECT_EQ(mbedtls_x509write_crt_set_validity(&writer, from, to), 0);
  EXPECT_EQ(authority ? mbedtls_x509write_crt_set_basic_constraints(&writer, 1, -1) : 0, 0);
  std::string buffer(4096, '\0');
  int size = mbedtls_x509write_crt_der(&writer, reinterpret_cast<unsigned char*>(buffer.data()), buffer.size(),
                                       randomBytes, nullptr);
  EXPECT_GT(size, 0);
  mbedtls_x509write_crt_free(&writer);
  mbedtls_mpi_free(&serial);
  return buffer.substr(buffer.size() - static_cast<size_t>(size));
}

// Each case is run with the Channel as server and as client.
class TlsMatrix : public ::testing::TestWithParam<Role> {
 protected:
  TlsMatrix() {
    good_.chain = {certificateOf(pinned_, pinned_)};
    good_.key = pinned_.pk();
  }
  Role handRole() const { return GetParam() == Role::kServer ? Role::kClient : Role::kServer; }
  std::unique_ptr<Channel> channel() {
    return std::move(Channel::peer(GetParam(), home_, onlyKey(pinned_.spki()))).value();
  }
  bool passes(const Hand& hand) {
    auto end = channel();
    HandPeer peer(handRole(), hand);
    run(*end, peer);
    bool ok = end->established();
    // mbedTLS ends some handshakes without an alert; the other side's time limit ends those.
    EXPECT_NE(ok, end->failure().has_value() || peer.gaveUp());
    EXPECT_EQ(ok, end->peerSpki() == pinned_.spki());
    EXPECT_EQ(ok, end->write("secret").ok());
    code_ = end->failure() ? end->failure()->code : "";
    return ok;
  }

  SeededRandom random_{61};
  Identity home_ = Identity::inMemory(random_);
  Key pinned_{MBEDTLS_ECP_DP_SECP256R1}, foreign_{MBEDTLS_ECP_DP_SECP256R1};
  Hand good_;
  std::string code_;
};

TEST_P(TlsMatrix, ThePinnedOnePasses) { EXPECT_TRUE(passes(good_)); }

TEST_P(TlsMatrix, DatesDoNotMatter) {
  good_.chain = {certificateOf(pinned_, pinned_, "20000101000000", "20010101000000")};
  EXPECT_TRUE(passes(good_));
  good_.chain = {certificateOf(pinned_, pinned_, "20450101000000", "20490101000000")};
  EXPECT_TRUE(passes(good_));
}

TEST_P(TlsMatrix, NorDoNamesAndWhoSignedIt) {
  good_.chain = {certificateOf(pinned_, foreign_, "20200101000000", "20491231235959", "CN=other", "CN=someone")};
  EXPECT_TRUE(passes(good_));
}

TEST_P(TlsMatrix, OldTlsDoesNotPass) {
  for (int minor : {MBEDTLS_SSL_MINOR_VERSION_1, MBEDTLS_SSL_MINOR_VERSION_2}) {
    good_.min_minor = good_.max_minor = minor;
    good_.suites = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, 0};
    EXPECT_FALSE(passes(good_)) << minor;
  }
}

TEST_P(TlsMatrix, OtherSuitesDoNotPass) {
  for (int suite : {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}) {
    good_.suites = {suite, 0};
    EXPECT_FALSE(passes(good_)) << suite;
  }
}

TEST_P(TlsMatrix, APairingSuiteDoesNotPassOnPeer) {
  good_.suites = {MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, 0};
  good_.psk = std::string(32, 'k');
  EXPECT_FALSE(passes(good_));
}

TEST_P(TlsMatrix, NoCertificateDoesNotPass) {
  good_.chain.clear();
  good_.key = nullptr;
  EXPECT_FALSE(passes(good_));
  EXPECT_EQ(code_, GetParam() == Role::kServer ? "key_not_pinned" : "tls_refused");
}

TEST_P(TlsMatrix, AForeignKeyDoesNotPass) {
  good_.chain = {certificateOf(foreign_, foreign_)};
  good_.key = foreign_.pk();
  EXPECT_FALSE(passes(good_));
  EXPECT_EQ(code_, "key_not_pinned");
}

TEST_P(TlsMatrix, ThePinnedCertificateWithoutItsKeyDoesNotPass) {
  good_.key = foreign_.pk();
  EXPECT_FALSE(passes(good_));
  EXPECT_EQ(code_, "tls_refused");
}

TEST_P(TlsMatrix, AChainSignedByThePinnedKeyDoesNotPass) {
  good_.chain = {certificateOf(foreign_, pinned_)};
  good_.key = foreign_.pk();
  EXPECT_FALSE(passes(good_));
  EXPECT_EQ(code_, "key_not_pinned");
  std::string authority = certificateOf(pinned_, pinned_, "20200101000000", "20491231235959", "CN=ca", "CN=ca", true);
  good_.chain = {certificateOf(foreign_, pinned_, "20200101000000", "20491231235959", "CN=leaf", "CN=ca"), authority};
  EXPECT_FALSE(passes(good_));
  EXPECT_EQ(code_, "key_not_pinned");
}

TEST_P(TlsMatrix, TwoCertificatesDoNotPass) {
  good_.chain.push_back(certificateOf(foreign_, foreign_));
  EXPECT_FALSE(passes(good_));
  EXPECT_EQ(code_, "key_not_pinned");
  good_.chain.back() = good_.chain.front();
  EXPECT_FALSE(passes(good_));
}

TEST_P(TlsMatrix, OtherKindsOfKeysDoNotPass) {
  auto rsa = Key::rsa();
  good_.chain = {certificateOf(*rsa, *rsa)};
  good_.key = rsa->pk();
  EXPECT_FALSE(passes(good_));
  good_.suites = {MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 0};
  EXPECT_FALSE(passes(good_));
  for (auto curve : {MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_SECP256K1}) {
    Key key(curve);
    Hand hand = good_;
    hand.suites = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 0};
    hand.curves = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, curve, MBEDTLS_ECP_DP_NONE};
    hand.chain = {certificateOf(key, key)};
    hand.key = key.pk();
    // Even where somebody had pinned such a key.
    auto end = std::move(Channel::peer(GetParam(), home_, onlyKey(key.spki()))).value();
    HandPeer peer(handRole(), hand);
    run(*end, peer);
    EXPECT_FALSE(end->established());
  }
}

TEST_P(TlsMatrix, OtherCurvesForTheExchangeDoNotPass) {
  for (auto curve : {MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_SECP384R1}) {
    good_.curves = {curve, MBEDTLS_ECP_DP_NONE};
    EXPECT_FALSE(passes(good_));
  }
}

TEST_P(TlsMatrix, OtherSignatureHashesDoNotPass) {
  for (int hash : {MBEDTLS_MD_SHA1, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512}) {
    good_.hashes = {hash, MBEDTLS_MD_NONE};
    EXPECT_FALSE(passes(good_)) << hash;
  }
}

TEST_P(TlsMatrix, NoAlpnAndWrongAlpnDoNotPass) {
  good_.alpn = {nullptr};
  EXPECT_FALSE(passes(good_));
  for (const char* name : {"hgpair/1", "h2", "hgpeer/2", "hgpeer/1x"}) {
    good_.alpn = {name, nullptr};
    EXPECT_FALSE(passes(good_)) << name;
  }
}

TEST_P(TlsMatrix, RenegotiationClosesTheLink) {
  good_.renegotiation = true;
  auto end = channel();
  HandPeer peer(handRole(), good_);
  run(*end, peer);
  ASSERT_TRUE(end->established());
  (void)mbedtls_ssl_renegotiate(peer.ssl());
  std::string attempt = peer.take();
  ASSERT_FALSE(attempt.empty());
  Status status = end->feed(attempt);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "renegotiation");
  EXPECT_TRUE(end->closed());
  EXPECT_FALSE(end->write("more").ok());
  peer.feed(end->takeOutput());
  EXPECT_EQ(peer.alert(), MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE);
}

TEST_P(TlsMatrix, NothingIsResumed) {
  good_.tickets = true;
  auto first = channel();
  HandPeer peer(handRole(), good_);
  run(*first, peer);
  ASSERT_TRUE(first->established());
  if (handRole() == Role::kServer) {
    // The client asked for no ticket, so none came.
    EXPECT_TRUE(first->peerSpki() == pinned_.spki());
    return;
  }
  mbedtls_ssl_session session;
  mbedtls_ssl_session_init(&session);
  ASSERT_EQ(mbedtls_ssl_get_session(peer.ssl(), &session), 0);
  EXPECT_EQ(session.ticket, nullptr);
  // Offered by its id to a server that pins it no longer: a whole handshake is made, and fails.
  auto second = std::move(Channel::peer(Role::kServer, home_, [](std::string_view) { return false; })).value();
  HandPeer again(Role::kClient, good_);
  (void)again.take();
  ASSERT_EQ(mbedtls_ssl_session_reset(again.ssl()), 0);
  ASSERT_EQ(mbedtls_ssl_set_session(again.ssl(), &session), 0);
  (void)again.step();
  run(*second, again);
  EXPECT_FALSE(second->established());
  EXPECT_EQ(second->failure()->code, "key_not_pinned");
  mbedtls_ssl_session_free(&session);
}

TEST_P(TlsMatrix, ThePeerIsToldThatItIsNotPinned) {
  good_.chain = {certificateOf(foreign_, foreign_)};
  good_.key = foreign_.pk();
  auto end = channel();
  HandPeer peer(handRole(), good_);
  run(*end, peer);
  EXPECT_EQ(peer.alert(), MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
}

INSTANTIATE_TEST_SUITE_P(, TlsMatrix, ::testing::Values(Role::kServer, Role::kClient),
                         [](const auto& about) { return about.param == Role::kServer ? "AsServer" : "AsClient"; });

// The same for the pairing channel (T2, T4).
class PairMatrix : public ::testing::TestWithParam<Role> {
 protected:
  PairMatrix() {
    good_.suites = {MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, 0};
    good_.alpn = {"hgpair/1", nullptr};
    good_.psk = psk_;
  }
  Role handRole() const { return GetParam() == Role::kServer ? Role::kClient : Role::kServer; }
  bool passes(const Hand& hand) {
    auto end = std::move(Channel::pair(GetParam(), psk_)).value();
    HandPeer peer(handRole(), hand);
    run(*end, peer);
    alert_ = peer.alert();
    return end->established();
  }
  std::string psk_ = std::string(32, 'k');
  Hand good_;
  int alert_ = -1;
};

TEST_P(PairMatrix, TheRightCodePassesAndAWrongOneDoesNot) {
  EXPECT_TRUE(passes(good_));
  good_.psk = std::string(32, 'w');
  EXPECT_FALSE(passes(good_));
}

TEST_P(PairMatrix, OtherSuitesAndProtocolsDoNotPass) {
  for (int suite : {MBEDTLS_TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
                    MBEDTLS_TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256, MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256}) {
    Hand hand = good_;
    hand.suites = {suite, 0};
    EXPECT_FALSE(passes(hand)) << suite;
  }
  for (std::vector<const char*> alpn : {std::vector<const char*>{nullptr}, {"hgpeer/1", nullptr}}) {
    Hand hand = good_;
    hand.alpn = alpn;
    EXPECT_FALSE(passes(hand));
  }
  Hand old = good_;
  old.min_minor = old.max_minor = MBEDTLS_SSL_MINOR_VERSION_2;
  old.suites = {MBEDTLS_TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA, 0};
  EXPECT_FALSE(passes(old));
}

INSTANTIATE_TEST_SUITE_P(, PairMatrix, ::testing::Values(Role::kServer, Role::kClient),
                         [](const auto& about) { return about.param == Role::kServer ? "AsServer" : "AsClient"; });

TEST(PairServer, AnswersAWrongCodeAndAWrongIdentityWithTheSameAlert) {
  for (bool wrong_code : {true, false}) {
    Hand hand;
    hand.suites = {MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, 0};
    hand.alpn = {"hgpair/1", nullptr};
    hand.psk = std::string(32, wrong_code ? 'w' : 'k');
    if (!wrong_code) hand.psk_identity = "somebody";
    auto server = std::move(Channel::pair(Role::kServer, std::string(32, 'k'))).value();
    HandPeer peer(Role::kClient, hand);
    run(*server, peer);
    EXPECT_FALSE(server->established());
    EXPECT_EQ(peer.alert(), MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC);
  }
}

TEST(PairClient, NamesAnIdentityThatTellsNothingOfTheCode) {
  for (char symbol : {'k', 'l'}) {
    std::string psk(32, symbol), wire;
    auto client = std::move(Channel::pair(Role::kClient, psk)).value();
    auto server = std::move(Channel::pair(Role::kServer, psk)).value();
    for (int round = 0; round < 6; ++round) {
      std::string out = client->takeOutput(), in = server->takeOutput();
      wire += out + in;
      (void)server->feed(out);
      (void)client->feed(in);
    }
    ASSERT_TRUE(client->established());
    EXPECT_NE(wire.find("hearthgate-pair-1"), std::string::npos);
    EXPECT_EQ(wire.find(psk.substr(0, 8)), std::string::npos);
  }
}

}  // namespace
}  // namespace hearthgate::trust
