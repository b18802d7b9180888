// Reading the two files of an identity, and bringing both under one seal. Whatever a crash leaves on the way is read and
// brought to its end by the next load().
#include "trust/crypto.h"
#include "trust/framed_file.h"
#include "trust/identity.h"
#include "trust/private_file.h"
#include "trust/words.h"

namespace hearthgate::trust {
namespace {

// What shredPrivateFile() leaves when it was cut short after it had overwritten the content.
bool isShredded(std::string_view content) {
  return !content.empty() && content.find_first_not_of('\0') == std::string_view::npos;
}

bool isUnderAnotherSeal(const Error& error) { return error.code == "identity_sealed" || error.code == "passphrase_wrong"; }

}  // namespace

Result<Identity> Identity::load(const IdentityFiles& files, std::string_view passphrase) {
  HG_TRY(std::string bytes, readPrivateFile(files.keyPath()));
  auto key = openFramed(files.keyPath(), kKeyMagic, bytes, nullptr, passphrase);
  wipe(bytes);
  if (!key.ok()) return std::move(key).error();
  IdentityFiles found = files;
  found.seal = key->seal;
  auto identity = decode(found, key->content);
  wipe(key->content);
  if (identity.ok()) HG_CHECK(identity->settle(passphrase));
  return identity;
}

// Seals what is not sealed yet, moves the seed to where it belongs, and removes what a crash left.
Status Identity::settle(std::string_view passphrase) {
  bool seal_now = !sealed() && !passphrase.empty();
  auto found = findSeed(passphrase);
  // Damaged words are told when they are asked for; they must only not stay behind unsealed, or be locked away unnoticed.
  if (!found.ok() && (seal_now || isUnderAnotherSeal(found.error()))) return std::move(found).error();
  if (found.ok()) {
    Secret seed(std::move(found->seed));
    if (seal_now) {
      HG_TRY(state_->files.seal, Seal::make(passphrase));
      HG_CHECK(writeUnderSeal(seed.text));
    } else if (!found->settled) {
      Secret file(framed(kSeedMagic, seed.text, state_->files.seal.get()));
      HG_CHECK(replacePrivateFile(state_->files.seedPath(), file.text));
    }
  }
  for (const std::string& left :
       {state_->files.nextSeedPath(), state_->files.seedPath() + ".replaced", state_->files.keyPath() + ".replaced"}) {
    HG_CHECK(discardPrivateFile(left));
  }
  return {};
}

Result<Identity> Identity::resealed(std::shared_ptr<const Seal> seal) const {
  HG_TRY(std::string read, readSeed());
  Secret seed(std::move(read));
  IdentityFiles files = state_->files;
  files.seal = std::move(seal);
  Identity changed(std::move(files), *keys(), state_->owner_tag_key, state_->backup_key);
  HG_CHECK(changed.writeUnderSeal(seed.text));
  return changed;
}

// The new seed is beside the old one before the key's file changes, which decides: to each key file there is a seed under
// its seal. An empty seed is not written.
Status Identity::writeUnderSeal(std::string_view seed) const {
  Secret key(encode(*keys())), words(seed.empty() ? std::string() : framed(kSeedMagic, seed, state_->files.seal.get()));
  if (!seed.empty()) HG_CHECK(writePrivateFile(state_->files.nextSeedPath(), words.text));
  HG_CHECK(replacePrivateFile(state_->files.keyPath(), key.text));
  if (seed.empty()) return {};
  HG_CHECK(replacePrivateFile(state_->files.seedPath(), words.text));
  return shredPrivateFile(state_->files.nextSeedPath());
}

Result<Identity::FoundSeed> Identity::findSeed(std::string_view passphrase) const {
  if (state_->files.dir.empty()) return FoundSeed{};
  std::string path = state_->files.seedPath();
  auto bytes = readPrivateFile(path);
  if (!bytes.ok()) {
    if (bytes.error().code == "file_missing") return FoundSeed{};
    return std::move(bytes).error();
  }
  if (isShredded(*bytes)) {
    (void)shredPrivateFile(path);  // To the end this time, or at the next look.
    return FoundSeed{};
  }
  auto opened = openFramed(path, kSeedMagic, *bytes, state_->files.seal, passphrase);
  wipe(*bytes);
  if (!opened.ok() && isUnderAnotherSeal(opened.error())) {
    // A change of the seal may have been cut short after the key's file.
    auto next = readPrivateFile(state_->files.nextSeedPath());
    if (!next.ok()) return std::move(opened).error();
    auto newer = openFramed(state_->files.nextSeedPath(), kSeedMagic, *next, state_->files.seal, "");
    wipe(*next);
    if (!newer.ok()) return std::move(opened).error();
    opened = std::move(newer);
    path = state_->files.nextSeedPath();
  }
  if (!opened.ok()) return std::move(opened).error();
  Secret seed(std::move(opened->content));
  if (seed.text.size() != kSeedBytes || homeIdOf(rootKeyOf(seed.text).spki()) != home()) {
    return corruptFile(kSeedMagic, path, "it belongs to another home");
  }
  return FoundSeed{std::move(seed.text), path == state_->files.seedPath() && opened->seal == state_->files.seal};
}

Result<std::string> Identity::readSeed() const {
  HG_TRY(FoundSeed found, findSeed({}));
  return std::move(found.seed);
}

}  // namespace hearthgate::trust
