#include "trust/identity.h"

#include <cstring>

#include "trust/certificate.h"
#include "trust/crypto.h"
#include "trust/words.h"

namespace hearthgate::trust {

PrivateKey rootKeyOf(std::string_view seed) {
  std::string wide = hkdf("", seed, "hearthgate root v1", 48);
  PrivateKey key = PrivateKey::fromWideBytes(wide);
  wipe(wide);
  return key;
}

std::string ownerTagKeyOf(std::string_view seed) { return hkdf("", seed, "hearthgate owner v1", 32); }
std::string backupKeyOf(std::string_view seed) { return hkdf("", seed, "backup", 32); }

Identity::Identity(IdentityFiles files, PrivateKey operating, std::string owner_tag_key, std::string backup_key,
                   KeyChain chain)
    : files_(std::move(files)),
      operating_(std::move(operating)),
      owner_tag_key_(std::move(owner_tag_key)),
      owner_tag_(owner_tag_key_),
      backup_key_(std::move(backup_key)),
      chain_(std::move(chain)),
      certificate_(makeCertificate(operating_)) {}

Identity Identity::fromSeed(const IdentityFiles& files, std::string_view seed, std::string_view reason, Random& random) {
  PrivateKey root = rootKeyOf(seed);
  PrivateKey operating = PrivateKey::generate(random);
  KeyChain chain{makeRootStatement(root, operating, 1, std::string(32, '\0'), reason)};
  return Identity(files, std::move(operating), ownerTagKeyOf(seed), backupKeyOf(seed), std::move(chain));
}

Identity Identity::inMemory(Random& random) {
  std::string seed = random.bytes(kSeedBytes);
  return fromSeed(IdentityFiles(""), seed, "first start", random);
}

OwnerTag Identity::ownerTag(const ContentHash& hash) const {
  Sha256Digest mac = owner_tag_.of(hash.view());
  OwnerTag tag;
  std::memcpy(tag.data(), mac.data(), tag.size());
  return tag;
}

bool Identity::isOwnerTag(const ContentHash& hash, std::string_view tag) const {
  OwnerTag own = ownerTag(hash);
  return equalSecrets({reinterpret_cast<const char*>(own.data()), own.size()}, tag);
}

}  // namespace hearthgate::trust
