#include "trust/keys.h"

#include <mbedtls/ecdsa.h>

#include "base/assert.h"
#include "base/base32.h"
#include "base/sha256.h"
#include "trust/crypto.h"
#include "trust/mbed.h"

namespace hearthgate::trust {
namespace {

// SubjectPublicKeyInfo {ecPublicKey, prime256v1} up to the point (RFC 5480 section 2); the point follows as 04 X Y.
constexpr std::string_view kSpkiHead(
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00", 26);

// A group is loaded for each use: an operation keeps tables in it, so a shared one would need a lock.
struct Curve : Group {
  Curve() { HG_ASSERT(mbedtls_ecp_group_load(get(), MBEDTLS_ECP_DP_SECP256R1) == 0); }
};

std::string toBytes(const mbedtls_mpi* number) {
  std::string out(kScalarBytes, '\0');
  HG_ASSERT(mbedtls_mpi_write_binary(number, octets(out), out.size()) == 0);
  return out;
}

void read(mbedtls_mpi* number, std::string_view bytes) {
  HG_ASSERT(mbedtls_mpi_read_binary(number, octets(bytes), bytes.size()) == 0);
}

bool readPoint(Curve& curve, std::string_view spki, Point& point) {
  if (spki.size() != kSpkiBytes || !spki.starts_with(kSpkiHead)) return false;
  std::string_view encoded = spki.substr(kSpkiHead.size());
  return encoded[0] == '\x04' &&
         mbedtls_ecp_point_read_binary(curve.get(), point.get(), octets(encoded), encoded.size()) == 0 &&
         mbedtls_ecp_check_pubkey(curve.get(), point.get()) == 0;
}

std::string spkiOf(const mbedtls_mpi* scalar) {
  Curve curve;
  Point point;
  HG_ASSERT(mbedtls_ecp_mul(curve.get(), point.get(), scalar, &curve.get()->G, mbedRandom, nullptr) == 0);
  std::string encoded(kSpkiBytes - kSpkiHead.size(), '\0');
  size_t size = 0;
  HG_ASSERT(mbedtls_ecp_point_write_binary(curve.get(), point.get(), MBEDTLS_ECP_PF_UNCOMPRESSED, &size,
                                           octets(encoded), encoded.size()) == 0);
  HG_ASSERT(size == encoded.size());
  return std::string(kSpkiHead) + encoded;
}

}  // namespace

std::string signedBytes(std::string_view context, std::string_view fields) {
  std::string out(64, ' ');
  out.append(context).push_back('\0');
  return out.append(fields);
}

struct PrivateKey::State {
  std::string scalar;
  std::string spki;
  State(std::string scalar_bytes, std::string public_key)
      : scalar(std::move(scalar_bytes)), spki(std::move(public_key)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { wipe(scalar); }
};

PrivateKey PrivateKey::generate(Random& random) {
  std::string wide = random.bytes(48);
  PrivateKey key = fromWideBytes(wide);
  wipe(wide);
  return key;
}

PrivateKey PrivateKey::fromWideBytes(std::string_view bytes48) {
  HG_ASSERT(bytes48.size() == 48);
  Curve curve;
  Mpi order, scalar;
  HG_ASSERT(mbedtls_mpi_sub_int(order.get(), &curve.get()->N, 1) == 0);
  read(scalar.get(), bytes48);
  HG_ASSERT(mbedtls_mpi_mod_mpi(scalar.get(), scalar.get(), order.get()) == 0);
  HG_ASSERT(mbedtls_mpi_add_int(scalar.get(), scalar.get(), 1) == 0);
  return PrivateKey(std::make_shared<State>(toBytes(scalar.get()), spkiOf(scalar.get())));
}

Result<PrivateKey> PrivateKey::fromScalar(std::string_view scalar_bytes) {
  Curve curve;
  Mpi scalar;
  if (scalar_bytes.size() == kScalarBytes) read(scalar.get(), scalar_bytes);
  if (mbedtls_ecp_check_privkey(curve.get(), scalar.get()) != 0) {
    return trustError("bad_key", "a stored private key is not a number of the curve P-256; restore a backup of it");
  }
  return PrivateKey(std::make_shared<State>(std::string(scalar_bytes), spkiOf(scalar.get())));
}

const std::string& PrivateKey::spki() const { return state_->spki; }
const std::string& PrivateKey::scalar() const { return state_->scalar; }

std::string PrivateKey::sign(std::string_view context, std::string_view fields) const {
  std::string hash = sha256Bytes(signedBytes(context, fields));
  Curve curve;
  Mpi r, s, d;
  read(d.get(), state_->scalar);
  HG_ASSERT(mbedtls_ecdsa_sign_det_ext(curve.get(), r.get(), s.get(), d.get(), octets(hash), hash.size(),
                                       MBEDTLS_MD_SHA256, mbedRandom, nullptr) == 0);
  return toBytes(r.get()) + toBytes(s.get());
}

bool isPublicKey(std::string_view spki) {
  Curve curve;
  Point point;
  return readPoint(curve, spki, point);
}

bool verifySignature(std::string_view spki, std::string_view context, std::string_view fields,
                     std::string_view signature) {
  Curve curve;
  Point point;
  if (signature.size() != kSignatureBytes || !readPoint(curve, spki, point)) return false;
  std::string hash = sha256Bytes(signedBytes(context, fields));
  Mpi r, s;
  read(r.get(), signature.substr(0, kScalarBytes));
  read(s.get(), signature.substr(kScalarBytes));
  return mbedtls_ecdsa_verify(curve.get(), octets(hash), hash.size(), point.get(), r.get(), s.get()) == 0;
}

std::string keyName(std::string_view spki) { return base32(sha256Bytes(spki)).substr(0, 16); }

}  // namespace hearthgate::trust
