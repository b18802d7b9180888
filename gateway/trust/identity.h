// Who this home is (TRUST.md T8, T31): its root key's public half, its operating key and the statements that vouch for
// it, the owner's tag key (DESIGN.md section 2, rule 8), and until a person has written them down the recovery words.
// Any thread; what changes is the operating key alone (renewKey), as a whole. Copies are one identity.
//
// DIR/sharing_key (0600; sharing.sync.encryption.key_path may name another): framed (framed_file.h) with "HGKEY", the
// operating scalar, the owner's tag key, the backup key and the chain of key statements as length-prefixed fields, then the
// former operating keys (a count, then for each its scalar and when it was replaced; missing where there were never any).
// DIR/recovery.seed (0600): framed with "HGSEED", the 16 bytes. Both are sealed under one passphrase (seal.h) or neither
// is; then file mode and disk are their only guard. The root private key is in no file: it follows from the seed alone.
// While the seal changes there is DIR/recovery.seed.next too, under the new seal: the seed of whichever key file is there.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/sha256.h"
#include "trust/key_statement.h"
#include "trust/keys.h"
#include "trust/seal.h"

namespace hearthgate::trust {

// "This passed through the owner": the first 16 bytes of an HMAC over a content hash.
using OwnerTag = std::array<uint8_t, 16>;

// What follows from the 128 bits. The home id is homeIdOf(root.spki()).
PrivateKey rootKeyOf(std::string_view seed);
std::string ownerTagKeyOf(std::string_view seed);
std::string backupKeyOf(std::string_view seed);

enum class Recovery {
  kKeepSeed,  // the seed stays in DIR until confirmRecoveryWords()
  kNone,      // `identity.recovery: false`: the seed is never written, the root key is gone for good
};

// Where the files are. A folder alone means the usual names.
struct IdentityFiles {
  IdentityFiles(std::string folder, std::string key_file = "sharing_key")  // NOLINT: meant to convert
      : dir(std::move(folder)), key(std::move(key_file)) {}
  std::string dir;  // empty: no files
  std::string key;  // relative to `dir` unless it begins with a slash
  std::shared_ptr<const Seal> seal;  // what is written is written under it; null: not sealed
  std::string keyPath() const { return key.starts_with('/') ? key : dir + "/" + key; }
  std::string seedPath() const { return dir + "/recovery.seed"; }
  std::string nextSeedPath() const { return seedPath() + ".next"; }
};

// An operating key with the certificate that shows it.
struct OwnKey {
  explicit OwnKey(PrivateKey of);
  PrivateKey key;
  std::string certificate;  // makeCertificate(key)
  const std::string& spki() const { return key.spki(); }
};

struct FormerKey : OwnKey {
  FormerKey(PrivateKey of, int64_t replaced_at_ms) : OwnKey(std::move(of)), replaced_ms(replaced_at_ms) {}
  int64_t replaced_ms;  // 0: when the clock was not known to be right
};

struct OwnKeys {
  OwnKey present;
  KeyChain chain;                  // verified: from the newest root statement to `present`
  std::vector<FormerKey> former;   // the newest first: homes that have not heard of a later one pin them (T9)
  // The key of that SPKI, or with that name (keyName); null when it is none of them.
  const OwnKey* withSpki(std::string_view spki) const;
  const OwnKey* named(std::string_view name) const;
};

// How renewKey() replaces the operating key.
struct KeyRenewal {
  std::string reason;        // for people, in the statement
  std::string seed;          // of the recovery words: a root statement; empty: the present key vouches (T8)
  bool compromised = false;  // destroys the keys of before at once; wants the seed
};

class Identity {
 public:
  // A new home in `dir` (which exists): draws seed and operating key, signs the statement of epoch 1, writes both
  // files. Fails with `identity_exists` when `dir` has one, or with a file's error.
  static Result<Identity> create(const IdentityFiles& files, Random& random, Recovery recovery = Recovery::kKeepSeed);
  // The home of twelve words again, on a machine that has no identity (T31): its root key and id, a new operating key
  // at epoch 1. Other homes know a higher epoch: renewedChain() answers that while pairing. The seed stays in `dir`
  // until confirmRecoveryWords(), because that answer needs it.
  static Result<Identity> recover(const IdentityFiles& files, std::string_view seed, Random& random);
  // With a passphrase, files that are not sealed are sealed now; `files.seal` is not looked at. Ends what a crash cut
  // short. Fails with `file_missing`, `file_exposed`, `file_read`, `identity_corrupt`, `identity_sealed`,
  // `passphrase_wrong`, `seal_memory`, or as writing does.
  static Result<Identity> load(const IdentityFiles& files, std::string_view passphrase = {});
  // The same without files, for simulation and tests. Its recoveryWords() are none.
  static Identity inMemory(Random& random);

  // The same with both files under another seal, or none (null), durable. A crash leaves them under the one or the other.
  Result<Identity> resealed(std::shared_ptr<const Seal> seal) const;
  bool sealed() const { return state_->files.seal != nullptr; }

  const HomeId& home() const { return state_->home; }
  const std::string& rootSpki() const { return state_->root_spki; }
  std::shared_ptr<const OwnKeys> keys() const;
  KeyChain chain() const { return keys()->chain; }
  uint64_t epoch() const { return keys()->chain.back().epoch; }
  PrivateKey operatingKey() const { return keys()->present.key; }
  std::string operatingSpki() const { return keys()->present.spki(); }
  std::string certificate() const { return keys()->present.certificate; }

  // A new operating key at the next epoch, durable before it is in force. The one before is kept for homes that have not
  // heard of it, unless it is compromised. Fails with `key_chain_full` (kMaxChainStatements: needs the seed),
  // `recovery_words_wrong` (a seed of another home), `former_keys_full`, or a file's error; nothing has changed then.
  // `now_ms`: nothing when the clock may be wrong.
  Status renewKey(const KeyRenewal& renewal, Random& random, std::optional<int64_t> now_ms);
  // Forgets the former keys behind that of `spki`, the present one or a former one. Fails with a file's error; they are
  // still there then.
  Status dropKeysBefore(std::string_view spki);
  // Forgets those that are kept for longer than kFormerKeyLimitMs, by a clock that is right; of which it is not known
  // since when, that begins now.
  Status dropOldKeys(int64_t now_ms);

  OwnerTag ownerTag(const ContentHash& hash) const;
  // Compares in constant time; false for any other length.
  bool isOwnerTag(const ContentHash& hash, std::string_view tag) const;
  // The key under which a backup without a passphrase is encrypted (T30), 32 bytes. Secret.
  const std::string& backupKey() const { return state_->backup_key; }

  // A root statement one epoch above `known`, another home's verified chain of this home, for the present operating
  // key: PairingSession::Lookups::renew. Fails with `recovery_seed_missing` when the seed is no longer in DIR.
  Result<KeyChain> renewedChain(const KeyChain& known) const;
  // Takes over `chain` (verified, for the present operating key, not older than the present one), made durable:
  // PairingSession::selfChain() once such a pairing is stored.
  Status adopt(KeyChain chain);

  // The twelve words while DIR/recovery.seed is there, else nothing. Show them only where T26 allows.
  Result<std::optional<std::vector<std::string>>> recoveryWords() const;
  // Overwrites and removes the seed: a person has written the words. Fine when it is gone already.
  Status confirmRecoveryWords() const;

 private:
  struct State {
    State(IdentityFiles of_files, const KeyStatement& newest, std::string tag_key, std::string backup, OwnKeys own)
        : files(std::move(of_files)), home(newest.home), root_spki(newest.root_spki), owner_tag_key(std::move(tag_key)),
          owner_tag(owner_tag_key), backup_key(std::move(backup)), keys(std::make_shared<const OwnKeys>(std::move(own))) {}
    IdentityFiles files;  // its seal changes while it is loaded, and never again
    const HomeId home;
    const std::string root_spki;
    const std::string owner_tag_key;
    const HmacSha256 owner_tag;
    const std::string backup_key;
    std::mutex writing;  // held while a file is written; never by readers
    mutable std::mutex mutex;
    std::shared_ptr<const OwnKeys> keys;
  };
  Identity(IdentityFiles files, OwnKeys keys, std::string owner_tag_key, std::string backup_key);
  static Identity fromSeed(const IdentityFiles& files, std::string_view seed, std::string_view reason, Random& random);
  static Result<Identity> write(Identity identity, std::string_view seed, Recovery recovery);
  // identity_seal.cpp. The seed while DIR/recovery.seed is there, else empty.
  struct FoundSeed {
    std::string seed;
    bool settled = true;  // it is in its own file, under the key's seal
  };
  Result<FoundSeed> findSeed(std::string_view passphrase) const;
  Result<std::string> readSeed() const;
  Status settle(std::string_view passphrase);
  Status writeUnderSeal(std::string_view seed) const;
  // Makes `keys` durable and then present.
  Status replaceKeys(OwnKeys keys);
  std::string encode(const OwnKeys& keys) const;
  static Result<Identity> decode(const IdentityFiles& files, std::string_view bytes);

  std::shared_ptr<State> state_;
};

}  // namespace hearthgate::trust
