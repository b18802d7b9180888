#include "trust/identity.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "trust/certificate.h"
#include "trust/crypto.h"
#include "trust/tuning.h"
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

OwnKey::OwnKey(PrivateKey of) : key(std::move(of)), certificate(makeCertificate(key)) {}

const OwnKey* OwnKeys::withSpki(std::string_view spki) const {
  if (present.spki() == spki) return &present;
  auto at = std::find_if(former.begin(), former.end(), [&](const FormerKey& key) { return key.spki() == spki; });
  return at == former.end() ? nullptr : &*at;
}

const OwnKey* OwnKeys::named(std::string_view name) const {
  if (keyName(present.spki()) == name) return &present;
  auto at = std::find_if(former.begin(), former.end(), [&](const FormerKey& key) { return keyName(key.spki()) == name; });
  return at == former.end() ? nullptr : &*at;
}

Identity::Identity(IdentityFiles files, OwnKeys keys, std::string owner_tag_key, std::string backup_key) {
  const KeyStatement newest = keys.chain.back();
  state_ = std::make_shared<State>(std::move(files), newest, std::move(owner_tag_key), std::move(backup_key), std::move(keys));
}

std::shared_ptr<const OwnKeys> Identity::keys() const {
  std::lock_guard lock(state_->mutex);
  return state_->keys;
}

Identity Identity::fromSeed(const IdentityFiles& files, std::string_view seed, std::string_view reason, Random& random) {
  PrivateKey root = rootKeyOf(seed);
  PrivateKey operating = PrivateKey::generate(random);
  KeyChain chain{makeRootStatement(root, operating, 1, std::string(32, '\0'), reason)};
  return Identity(files, {OwnKey(std::move(operating)), std::move(chain), {}}, ownerTagKeyOf(seed), backupKeyOf(seed));
}

Status Identity::renewKey(const KeyRenewal& renewal, Random& random, std::optional<int64_t> now_ms) {
  std::lock_guard writing(state_->writing);
  OwnKeys next = *keys();
  const KeyStatement before = next.chain.back();
  PrivateKey operating = PrivateKey::generate(random);
  if (!renewal.seed.empty()) {
    PrivateKey root = rootKeyOf(renewal.seed);
    if (root.spki() != rootSpki()) {
      return trustError("recovery_words_wrong", "These recovery words are those of another home; look for the ones of this home.");
    }
    next.chain = {makeRootStatement(root, operating, before.epoch + 1, before.hash(), renewal.reason)};
  } else {
    HG_ASSERT(!renewal.compromised);
    if (next.chain.size() >= kMaxChainStatements) {
      return stateError("key_chain_full",
                        "The key was replaced " + std::to_string(next.chain.size() - 1) +
                            " times since the recovery words last vouched for one; they are needed this time (--words).");
    }
    next.chain.push_back(makeChainStatement(before, next.present.key, operating, renewal.reason));
  }
  if (renewal.compromised) {
    next.former.clear();
  } else {
    if (next.former.size() == kMaxFormerKeys) {
      return stateError("former_keys_full", std::to_string(kMaxFormerKeys) +
                                                " former keys are kept for homes that have not come since: forget those homes, "
                                                "or replace the key with --compromised, which keeps none.");
    }
    next.former.insert(next.former.begin(), FormerKey(next.present.key, now_ms.value_or(0)));
  }
  next.present = OwnKey(std::move(operating));
  return replaceKeys(std::move(next));
}

Status Identity::dropKeysBefore(std::string_view spki) {
  std::lock_guard writing(state_->writing);
  OwnKeys next = *keys();
  auto from = next.former.begin();
  if (next.present.spki() != spki) {
    from = std::find_if(from, next.former.end(), [&](const FormerKey& key) { return key.spki() == spki; });
    if (from != next.former.end()) ++from;
  }
  if (from == next.former.end()) return {};
  next.former.erase(from, next.former.end());
  return replaceKeys(std::move(next));
}

Status Identity::dropOldKeys(int64_t now_ms) {
  std::lock_guard writing(state_->writing);
  OwnKeys next = *keys();
  auto isUndated = [](const FormerKey& key) { return key.replaced_ms == 0; };
  const bool undated = std::any_of(next.former.begin(), next.former.end(), isUndated);
  for (FormerKey& key : next.former) {
    if (isUndated(key)) key.replaced_ms = now_ms;
  }
  const auto dropped = std::erase_if(next.former, [&](const FormerKey& key) { return now_ms - key.replaced_ms > kFormerKeyLimitMs; });
  return undated || dropped > 0 ? replaceKeys(std::move(next)) : Status{};
}

Identity Identity::inMemory(Random& random) {
  std::string seed = random.bytes(kSeedBytes);
  return fromSeed(IdentityFiles(""), seed, "first start", random);
}

OwnerTag Identity::ownerTag(const ContentHash& hash) const {
  Sha256Digest mac = state_->owner_tag.of(hash.view());
  OwnerTag tag;
  std::memcpy(tag.data(), mac.data(), tag.size());
  return tag;
}

bool Identity::isOwnerTag(const ContentHash& hash, std::string_view tag) const {
  OwnerTag own = ownerTag(hash);
  return equalSecrets({reinterpret_cast<const char*>(own.data()), own.size()}, tag);
}

}  // namespace hearthgate::trust
