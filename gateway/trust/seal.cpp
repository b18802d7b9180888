#include "trust/seal.h"

#include <argon2.h>
#include <mbedtls/chachapoly.h>

#include "base/assert.h"
#include "base/random.h"
#include "trust/crypto.h"
#include "trust/mbed.h"
#include "trust/wire.h"

namespace hearthgate::trust {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kHeadBytes = 3 * sizeof(uint32_t) + kSaltBytes + kNonceBytes;
// Argon2 needs two blocks of 1 KiB in each of its four slices (RFC 9106 section 3.1).
constexpr uint32_t kLeastMemoryKibOfALane = 8;

using ChaChaPoly = Owned<mbedtls_chachapoly_context, mbedtls_chachapoly_init, mbedtls_chachapoly_free>;

struct Head {
  SealCost cost;
  std::string_view salt;
};

std::optional<Head> headOf(std::string_view sealed) {
  if (sealed.size() < kHeadBytes + kTagBytes) return std::nullopt;
  Reader reader(sealed);
  SealCost cost;
  cost.memory_kib = reader.u32();
  cost.passes = reader.u32();
  cost.lanes = reader.u32();
  return Head{cost, reader.raw(kSaltBytes)};
}

bool isBounded(const SealCost& cost) {
  return cost.lanes >= 1 && cost.lanes <= kMaxSealLanes && cost.passes >= 1 && cost.passes <= kMaxSealPasses &&
         cost.memory_kib >= kLeastMemoryKibOfALane * cost.lanes && cost.memory_kib <= kMaxSealMemoryKib;
}

}  // namespace

Result<std::shared_ptr<const Seal>> Seal::derive(const SealCost& cost, std::string salt, std::string_view passphrase) {
  std::shared_ptr<Seal> seal(new Seal(cost, std::move(salt)));
  seal->key_.assign(kKeyBytes, '\0');
  int code = argon2id_hash_raw(cost.passes, cost.memory_kib, cost.lanes, passphrase.data(), passphrase.size(),
                               seal->salt_.data(), seal->salt_.size(), seal->key_.data(), seal->key_.size());
  if (code == ARGON2_MEMORY_ALLOCATION_ERROR || code == ARGON2_THREAD_FAIL) {
    return systemError("seal_memory", "making a key of the passphrase takes " + std::to_string(cost.memory_kib) +
                                          " KiB of memory for a moment, which there is not (free some memory)");
  }
  HG_ASSERT(code == ARGON2_OK);
  return std::shared_ptr<const Seal>(std::move(seal));
}

Result<std::shared_ptr<const Seal>> Seal::make(std::string_view passphrase, const SealCost& cost) {
  HG_ASSERT(isBounded(cost));
  return derive(cost, systemRandom().bytes(kSaltBytes), passphrase);
}

Result<std::shared_ptr<const Seal>> Seal::of(std::string_view sealed, std::string_view passphrase) {
  std::optional<Head> head = headOf(sealed);
  if (!head) return trustError("seal_malformed", "it ends too early");
  if (!isBounded(head->cost)) return trustError("seal_malformed", "its seal asks for an effort that no gateway writes");
  return derive(head->cost, std::string(head->salt), passphrase);
}

Seal::~Seal() { wipe(key_); }

bool Seal::fits(std::string_view sealed) const {
  std::optional<Head> head = headOf(sealed);
  return head && head->cost == cost_ && head->salt == salt_;
}

std::string Seal::close(std::string_view before, std::string_view content) const {
  Writer writer;
  writer.u32(cost_.memory_kib).u32(cost_.passes).u32(cost_.lanes).raw(salt_).raw(systemRandom().bytes(kNonceBytes));
  std::string sealed = writer.take();
  std::string bound = std::string(before) + sealed;
  sealed.resize(kHeadBytes + content.size() + kTagBytes);
  ChaChaPoly cipher;
  unsigned char* out = octets(sealed);
  HG_ASSERT(mbedtls_chachapoly_setkey(cipher.get(), octets(key_)) == 0);
  HG_ASSERT(mbedtls_chachapoly_encrypt_and_tag(cipher.get(), content.size(), out + kHeadBytes - kNonceBytes, octets(bound),
                                               bound.size(), octets(content), out + kHeadBytes,
                                               out + kHeadBytes + content.size()) == 0);
  return sealed;
}

std::optional<std::string> Seal::open(std::string_view before, std::string_view sealed) const {
  if (!fits(sealed)) return std::nullopt;
  std::string bound = std::string(before) + std::string(sealed.substr(0, kHeadBytes));
  std::string_view nonce = sealed.substr(kHeadBytes - kNonceBytes, kNonceBytes);
  std::string_view hidden = sealed.substr(kHeadBytes, sealed.size() - kHeadBytes - kTagBytes);
  std::string_view tag = sealed.substr(sealed.size() - kTagBytes);
  std::string content(hidden.size(), '\0');
  ChaChaPoly cipher;
  HG_ASSERT(mbedtls_chachapoly_setkey(cipher.get(), octets(key_)) == 0);
  // It decrypts before it has looked at the tag, and clears what it wrote when that is wrong.
  int code = mbedtls_chachapoly_auth_decrypt(cipher.get(), hidden.size(), octets(nonce), octets(bound), bound.size(),
                                             octets(tag), octets(hidden), octets(content));
  if (code != 0) return std::nullopt;
  return content;
}

}  // namespace hearthgate::trust
