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

std::string Identity::encode() const {
  Writer writer;
  writer.field(operating_.scalar()).field(owner_tag_key_).field(backup_key_).field(encodeChain(chain_));
  Secret content(writer.take());
  return framed(kKeyMagic, content.text, files_.seal.get());
}

Result<Identity> Identity::decode(const IdentityFiles& files, std::string_view content) {
  std::string path = files.keyPath();
  Reader reader(content);
  Secret scalar(std::string(reader.fixed(kScalarBytes)));
  std::string owner_tag_key(reader.fixed(kSymmetricKeyBytes));
  std::string backup_key(reader.fixed(kSymmetricKeyBytes));
  std::string_view encoded_chain = reader.field(kMaxPrivateFileBytes);
  if (!reader.done()) return corruptFile(kKeyMagic, path, "its fields do not fit");
  HG_TRY(KeyChain chain, decodeChain(encoded_chain));
  HG_TRY(PrivateKey operating, PrivateKey::fromScalar(scalar.text));
  if (chain.empty()) return corruptFile(kKeyMagic, path, "it holds no key statement");
  HG_CHECK(verifyChain(chain.back().home, chain));
  if (chain.back().operating_spki != operating.spki()) {
    return corruptFile(kKeyMagic, path, "its key statements are for another operating key");
  }
  return Identity(files, std::move(operating), std::move(owner_tag_key), std::move(backup_key), std::move(chain));
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
  const IdentityFiles& files = identity.files_;
  if (::access(files.keyPath().c_str(), F_OK) == 0) {
    return stateError("identity_exists", files.keyPath() + " is there already; a second identity would replace this home");
  }
  // The seed first: a crash in between leaves no identity, and the next start makes both anew.
  HG_CHECK(recovery == Recovery::kKeepSeed ? writePrivateFile(files.seedPath(), framed(kSeedMagic, seed, files.seal.get()))
                                           : shredPrivateFile(files.seedPath()));
  std::string content = identity.encode();
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
  return KeyChain{makeRootStatement(root, operating_, known.back().epoch + 1, known.back().hash(), "rebuilt")};
}

Result<Identity> Identity::adopt(KeyChain chain) const {
  HG_CHECK(verifyChain(home(), chain));
  ChainOrder order = compareChains(chain_, chain);
  if (chain.back().operating_spki != operatingSpki() || order == ChainOrder::kOlder || order == ChainOrder::kFork) {
    return trustError("key_not_vouched", "key statements that do not follow this home's own were not taken over");
  }
  Identity renewed(files_, operating_, owner_tag_key_, backup_key_, std::move(chain));
  if (!files_.dir.empty()) {
    std::string content = renewed.encode();
    Status written = writePrivateFile(files_.keyPath(), content);
    wipe(content);
    HG_CHECK(std::move(written));
  }
  return renewed;
}

Status Identity::confirmRecoveryWords() const { return files_.dir.empty() ? Status{} : shredPrivateFile(files_.seedPath()); }

}  // namespace hearthgate::trust
