// What an identity writes into its two files; their form is described in identity.h.
#include <unistd.h>

#include "trust/crypto.h"
#include "trust/framed_file.h"
#include "trust/identity.h"
#include "trust/private_file.h"
#include "trust/tuning.h"
#include "trust/wire.h"
#include "trust/words.h"

namespace hearthgate::trust {
namespace {

constexpr size_t kSymmetricKeyBytes = 32;

}  // namespace

std::string Identity::encode(const OwnKeys& keys) const {
  Writer writer;
  writer.field(keys.present.key.scalar()).field(state_->owner_tag_key).field(state_->backup_key).field(encodeChain(keys.chain));
  writer.u32(static_cast<uint32_t>(keys.former.size()));
  for (const FormerKey& former : keys.former) {
    writer.field(former.key.scalar()).u64(static_cast<uint64_t>(former.replaced_ms));
  }
  Secret content(writer.take());
  return framed(kKeyMagic, content.text, state_->files.seal.get());
}

Result<Identity> Identity::decode(const IdentityFiles& files, std::string_view content) {
  std::string path = files.keyPath();
  Reader reader(content);
  Secret scalar(std::string(reader.fixed(kScalarBytes)));
  std::string owner_tag_key(reader.fixed(kSymmetricKeyBytes));
  std::string backup_key(reader.fixed(kSymmetricKeyBytes));
  std::string_view encoded_chain = reader.field(kMaxPrivateFileBytes);
  std::vector<FormerKey> former;
  uint32_t count = reader.done() ? 0 : reader.count(kMaxFormerKeys);
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    std::string_view of = reader.fixed(kScalarBytes);
    auto replaced_ms = static_cast<int64_t>(reader.u64());
    if (!reader.ok()) break;
    HG_TRY(PrivateKey key, PrivateKey::fromScalar(of));
    former.emplace_back(std::move(key), replaced_ms);
  }
  if (!reader.done()) return corruptFile(kKeyMagic, path, "its fields do not fit");
  HG_TRY(KeyChain chain, decodeChain(encoded_chain));
  HG_TRY(PrivateKey operating, PrivateKey::fromScalar(scalar.text));
  if (chain.empty()) return corruptFile(kKeyMagic, path, "it holds no key statement");
  HG_CHECK(verifyChain(chain.back().home, chain));
  if (chain.back().operating_spki != operating.spki()) {
    return corruptFile(kKeyMagic, path, "its key statements are for another operating key");
  }
  return Identity(files, {OwnKey(std::move(operating)), std::move(chain), std::move(former)}, std::move(owner_tag_key),
                  std::move(backup_key));
}

Status Identity::replaceKeys(OwnKeys keys) {
  if (!state_->files.dir.empty()) {
    Secret content(encode(keys));
    HG_CHECK(replacePrivateFile(state_->files.keyPath(), content.text));
  }
  auto next = std::make_shared<const OwnKeys>(std::move(keys));
  std::lock_guard lock(state_->mutex);
  state_->keys = std::move(next);
  return {};
}

Result<Identity> Identity::create(const IdentityFiles& files, Random& random, Recovery recovery) {
  std::string seed = random.bytes(kSeedBytes);
  auto made = write(fromSeed(files, seed, "first start", random), seed, recovery);
  wipe(seed);
  return made;
}

Result<Identity> Identity::recover(const IdentityFiles& files, std::string_view seed, Random& random) {
  return write(fromSeed(files, seed, "rebuilt", random), seed, Recovery::kKeepSeed);
}

Result<Identity> Identity::write(Identity identity, std::string_view seed, Recovery recovery) {
  const IdentityFiles& files = identity.state_->files;
  if (::access(files.keyPath().c_str(), F_OK) == 0) {
    return stateError("identity_exists", files.keyPath() + " is there already; a second identity would replace this home");
  }
  // The seed first: a crash in between leaves no identity, and the next start makes both anew.
  HG_CHECK(recovery == Recovery::kKeepSeed ? writePrivateFile(files.seedPath(), framed(kSeedMagic, seed, files.seal.get()))
                                           : shredPrivateFile(files.seedPath()));
  std::string content = identity.encode(*identity.keys());
  Status created = createPrivateFile(files.keyPath(), content);
  wipe(content);
  HG_CHECK(std::move(created));
  return identity;
}

Result<std::optional<std::vector<std::string>>> Identity::recoveryWords() const {
  HG_TRY(std::string seed, readSeed());
  std::optional<std::vector<std::string>> words;
  if (!seed.empty()) words = trust::recoveryWords(seed);
  wipe(seed);
  return words;
}

Result<KeyChain> Identity::renewedChain(const KeyChain& known) const {
  HG_TRY(std::string seed, readSeed());
  if (seed.empty()) {
    return trustError("recovery_seed_missing",
                      "another home knows a newer key of this home, and a statement above it needs the recovery words; "
                      "rebuild this home from them, or let the other home forget it first");
  }
  PrivateKey root = rootKeyOf(seed);
  wipe(seed);
  return KeyChain{makeRootStatement(root, operatingKey(), known.back().epoch + 1, known.back().hash(), "rebuilt")};
}

Status Identity::adopt(KeyChain chain) {
  std::lock_guard writing(state_->writing);
  OwnKeys next = *keys();
  HG_CHECK(verifyChain(home(), chain));
  ChainOrder order = compareChains(next.chain, chain);
  if (chain.back().operating_spki != next.present.spki() || order == ChainOrder::kOlder || order == ChainOrder::kFork) {
    return trustError("key_not_vouched", "key statements that do not follow this home's own were not taken over");
  }
  next.chain = std::move(chain);
  return replaceKeys(std::move(next));
}

Status Identity::confirmRecoveryWords() const { return state_->files.dir.empty() ? Status{} : shredPrivateFile(state_->files.seedPath()); }

}  // namespace hearthgate::trust
