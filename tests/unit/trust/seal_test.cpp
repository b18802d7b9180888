// Keys under a passphrase: the seal itself, and an identity that comes under one, changes it and gives it up, with a crash
// at each step.
#include "trust/seal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <vector>

#include "support.h"
#include "trust/crypto.h"
#include "trust/framed_file.h"
#include "trust/identity.h"
#include "trust/private_file.h"
#include "trust/wire.h"
#include "trust/words.h"

namespace hearthgate::trust {
namespace {

constexpr SealCost kCheap{64, 1, 1};
constexpr const char* kPassphrase = "open sesame";

std::string readAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void writeAll(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  ::chmod(path.c_str(), 0600);
}

std::string withChecksum(std::string bytes) {
  bytes.resize(bytes.size() - 32);
  return bytes + sha256Bytes(bytes);
}

std::shared_ptr<const Seal> cheapSeal(std::string_view passphrase = kPassphrase) {
  return Seal::make(passphrase, kCheap).value();
}

Identity createSealed(const TemporaryFolder& dir, std::shared_ptr<const Seal> seal = cheapSeal()) {
  IdentityFiles files(dir.path());
  files.seal = std::move(seal);
  return Identity::create(files, systemRandom()).value();
}

std::string codeOf(const Result<Identity>& result) { return result.ok() ? "" : result.error().code; }

void expectNoSecret(const Identity& identity, const std::string& seed, const std::string& bytes) {
  for (const std::string& secret : {identity.operatingKey().scalar(), identity.backupKey(), ownerTagKeyOf(seed), seed}) {
    EXPECT_EQ(bytes.find(secret), std::string::npos);
  }
}

std::string seedOf(const Identity& identity) {
  std::string text;
  auto words = identity.recoveryWords();
  if (!words.ok() || !words->has_value()) return "";
  for (const std::string& word : **words) text += word + " ";
  return parseRecoveryWords(text).value();
}

// Made with libargon2 and OpenSSL's ChaCha20-Poly1305 by tests/unit/trust/vectors.py: the seed 00 01 … 0f, two passes of 64
// KiB, salt 10 … 1f, nonce 20 … 2b.
TEST(Seal, OpensTheFileOfAnotherImplementation) {
  const std::string digits =
      "4847534545440101000000400000000200000001101112131415161718191a1b1c1d1e1f202122232425262728292a2ba268070fdd22e438fe53e2"
      "49a7a6f13f72dcbf762137b759ab88f59d475f6ee543d4256bb8756d3606d33776b8a4311ff3f049f7fccd265ccee0f837aad1c84a";
  std::string file;
  for (size_t at = 0; at < digits.size(); at += 2) file.push_back(static_cast<char>(std::stoi(digits.substr(at, 2), nullptr, 16)));
  auto opened = openFramed("file", kSeedMagic, file, nullptr, "open sesame");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  std::string seed;
  for (char i = 0; i < 16; ++i) seed.push_back(i);
  EXPECT_EQ(opened->content, seed);
}

TEST(Seal, NeverWritesTheSameTwice) {
  auto seal = cheapSeal();
  std::string one = seal->close("head", "content"), other = seal->close("head", "content");
  EXPECT_NE(one, other);
  EXPECT_EQ(seal->open("head", one), "content");
  EXPECT_EQ(seal->open("head", other), "content");
  EXPECT_FALSE(seal->open("tail", one).has_value());
  EXPECT_FALSE(cheapSeal()->fits(one));  // the same passphrase, another salt
  EXPECT_FALSE(Seal::of(one, "open sesamf").value()->open("head", one).has_value());
  EXPECT_EQ(Seal::of(one, kPassphrase).value()->open("head", one), "content");
}

TEST(Seal, RefusesAnyByteChanged) {
  auto seal = cheapSeal();
  std::string good = seal->close("head", "content");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(seal->open("head", bad).has_value()) << i;
    EXPECT_FALSE(seal->open("head", good.substr(0, i)).has_value()) << i;
  }
  EXPECT_FALSE(seal->open("head", good + "x").has_value());
}

TEST(Seal, RefusesAnEffortThatNobodyWrites) {
  struct Asked {
    uint32_t memory_kib, passes, lanes;
  };
  std::string good = cheapSeal()->close("", "content");
  for (const Asked& asked : {Asked{0, 1, 1}, {7, 1, 1}, {31, 1, 4}, {kMaxSealMemoryKib + 1, 1, 1}, {UINT32_MAX, 1, 1}, {64, 0, 1},
                             {64, kMaxSealPasses + 1, 1}, {64, UINT32_MAX, 1}, {64, 1, 0}, {64, 1, kMaxSealLanes + 1},
                             {UINT32_MAX, UINT32_MAX, UINT32_MAX}}) {
    std::string head = Writer().u32(asked.memory_kib).u32(asked.passes).u32(asked.lanes).take();
    auto seal = Seal::of(head + good.substr(head.size()), kPassphrase);
    ASSERT_FALSE(seal.ok()) << asked.memory_kib << " " << asked.passes << " " << asked.lanes;
    EXPECT_EQ(seal.error().code, "seal_malformed");
  }
  EXPECT_EQ(Seal::of(good.substr(0, 55), kPassphrase).error().code, "seal_malformed");
}

TEST(SealedIdentity, IsNeverOnTheDiskOpenly) {
  TemporaryFolder dir;
  Identity made = createSealed(dir);
  std::string seed = seedOf(made);
  ASSERT_EQ(seed.size(), kSeedBytes);
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    expectNoSecret(made, seed, readAll(entry.path()));
  }
  auto loaded = Identity::load(dir.path(), kPassphrase);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(loaded->sealed());
  EXPECT_EQ(loaded->home(), made.home());
  EXPECT_EQ(loaded->operatingSpki(), made.operatingSpki());
  EXPECT_EQ(seedOf(*loaded), seed);
}

TEST(SealedIdentity, OpensWithItsPassphraseAlone) {
  TemporaryFolder dir;
  createSealed(dir);
  std::string key = readAll(dir.file("sharing_key")), seed = readAll(dir.file("recovery.seed"));
  EXPECT_EQ(codeOf(Identity::load(dir.path())), "identity_sealed");
  for (const char* wrong : {"open sesam", "open sesame ", "Open sesame", "x"}) {
    EXPECT_EQ(codeOf(Identity::load(dir.path(), wrong)), "passphrase_wrong");
  }
  EXPECT_EQ(Identity::create(dir.path(), systemRandom()).error().code, "identity_exists");
  EXPECT_EQ(readAll(dir.file("sharing_key")), key);
  EXPECT_EQ(readAll(dir.file("recovery.seed")), seed);
  // Only the words are under another seal.
  writeAll(dir.file("recovery.seed"), framed(kSeedMagic, std::string(16, 's'), cheapSeal("another").get()));
  EXPECT_EQ(codeOf(Identity::load(dir.path(), kPassphrase)), "passphrase_wrong");
}

TEST(SealedIdentity, RefusesAFileWithAnyByteChangedOrMissing) {
  TemporaryFolder dir;
  createSealed(dir);
  std::string path = dir.file("sharing_key"), good = readAll(path);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    writeAll(path, bad);
    EXPECT_FALSE(Identity::load(dir.path(), kPassphrase).ok()) << i;
    if (i + 32 < good.size()) {
      writeAll(path, withChecksum(bad));
      EXPECT_FALSE(Identity::load(dir.path(), kPassphrase).ok()) << i;
    }
    if (i % 16 != 0) continue;
    writeAll(path, good.substr(0, i));
    EXPECT_FALSE(Identity::load(dir.path(), kPassphrase).ok()) << i;
    if (i < 33) continue;
    writeAll(path, withChecksum(good.substr(0, i)));
    EXPECT_FALSE(Identity::load(dir.path(), kPassphrase).ok()) << i;
  }
  // The other file of the same seal is not this one.
  std::string swapped = readAll(dir.file("recovery.seed"));
  swapped.replace(0, kSeedMagic.size(), kKeyMagic);
  writeAll(path, withChecksum(swapped));
  EXPECT_FALSE(Identity::load(dir.path(), kPassphrase).ok());
  writeAll(path, good);
  EXPECT_TRUE(Identity::load(dir.path(), kPassphrase).ok());
}

TEST(SealedIdentity, SealsWhatWasNotAndOverwritesIt) {
  TemporaryFolder dir;
  Identity made = Identity::create(dir.path(), systemRandom()).value();
  std::string seed = seedOf(made);
  std::vector<int> old;
  for (const char* name : {"sharing_key", "recovery.seed"}) old.push_back(::open(dir.file(name).c_str(), O_RDONLY | O_CLOEXEC));
  auto loaded = Identity::load(dir.path(), kPassphrase);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(loaded->sealed());
  EXPECT_EQ(seedOf(*loaded), seed);
  for (int fd : old) {
    char byte = 1;
    for (off_t at = 0; ::pread(fd, &byte, 1, at) == 1; ++at) ASSERT_EQ(byte, 0);
    EXPECT_EQ(byte, 0);  // at least one was there
    ::close(fd);
  }
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    names.insert(entry.path().filename());
    expectNoSecret(made, seed, readAll(entry.path()));
  }
  EXPECT_EQ(names, (std::set<std::string>{"sharing_key", "recovery.seed"}));
  EXPECT_EQ(codeOf(Identity::load(dir.path())), "identity_sealed");
  // The words are confirmed as ever.
  ASSERT_TRUE(loaded->confirmRecoveryWords().ok());
  auto again = Identity::load(dir.path(), kPassphrase);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(seedOf(*again), "");
}

TEST(SealedIdentity, ChangesItsPassphraseAndGivesItUp) {
  TemporaryFolder dir;
  Identity made = createSealed(dir);
  std::string seed = seedOf(made);
  ASSERT_TRUE(made.resealed(cheapSeal("another")).ok());
  EXPECT_EQ(codeOf(Identity::load(dir.path(), kPassphrase)), "passphrase_wrong");
  auto changed = Identity::load(dir.path(), "another");
  ASSERT_TRUE(changed.ok()) << changed.error().message;
  EXPECT_EQ(seedOf(*changed), seed);
  ASSERT_TRUE(changed->resealed(nullptr).ok());
  auto open = Identity::load(dir.path());
  ASSERT_TRUE(open.ok()) << open.error().message;
  EXPECT_FALSE(open->sealed());
  EXPECT_EQ(seedOf(*open), seed);
  EXPECT_EQ(open->chain(), made.chain());
}

TEST(SealedIdentity, StaysSealedWhenItsKeyFileIsWrittenAgain) {
  TemporaryFolder before, after;
  Identity old = Identity::create(before.path(), systemRandom()).value();
  IdentityFiles files(after.path());
  files.seal = cheapSeal();
  Identity rebuilt = Identity::recover(files, seedOf(old), systemRandom()).value();
  Identity adopted = rebuilt;
  ASSERT_TRUE(adopted.adopt(rebuilt.renewedChain(old.chain()).value()).ok());
  EXPECT_TRUE(adopted.sealed());
  expectNoSecret(adopted, seedOf(old), readAll(after.file("sharing_key")));
  auto loaded = Identity::load(after.path(), kPassphrase);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->epoch(), 2u);
}

// What each step of a change leaves: the key's file, the words', and the words' under the new seal.
TEST(SealedIdentity, OpensAfterACrashAtEachStep) {
  struct Change {
    std::shared_ptr<const Seal> from, to;
    std::string old_passphrase, new_passphrase;
  };
  const std::vector<Change> changes{{nullptr, cheapSeal(), "", kPassphrase},
                                    {cheapSeal(), cheapSeal("another"), kPassphrase, "another"},
                                    {cheapSeal(), nullptr, kPassphrase, ""}};
  for (const Change& change : changes) {
    TemporaryFolder dir;
    Identity made = createSealed(dir, change.from);
    const std::string words = seedOf(made), key_path = dir.file("sharing_key"), seed_path = dir.file("recovery.seed");
    const std::string old_key = readAll(key_path), old_seed = readAll(seed_path);
    ASSERT_TRUE(made.resealed(change.to).ok());
    const std::string new_key = readAll(key_path), new_seed = readAll(seed_path);
    struct Left {
      std::string key, seed, next;
    };
    for (const Left& left : {Left{old_key, old_seed, ""}, {old_key, old_seed, new_seed}, {new_key, old_seed, new_seed},
                             {new_key, new_seed, new_seed}, {new_key, new_seed, ""}}) {
      for (const char* old_of : {"", "sharing_key", "recovery.seed"}) {
        writeAll(key_path, left.key);
        writeAll(seed_path, left.seed);
        if (!left.next.empty()) writeAll(seed_path + ".next", left.next);
        // Linked before it is replaced, and there for a moment longer.
        if (*old_of) std::filesystem::create_hard_link(dir.file(old_of), dir.file(old_of) + ".replaced");
        const std::string& passphrase = left.key == old_key ? change.old_passphrase : change.new_passphrase;
        auto loaded = Identity::load(dir.path(), passphrase);
        ASSERT_TRUE(loaded.ok()) << loaded.error().message;
        EXPECT_EQ(loaded->home(), made.home());
        EXPECT_EQ(seedOf(*loaded), words);
        EXPECT_EQ(loaded->sealed(), !passphrase.empty());
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
          names.insert(entry.path().filename());
          if (loaded->sealed()) expectNoSecret(made, words, readAll(entry.path()));
        }
        EXPECT_EQ(names, (std::set<std::string>{"sharing_key", "recovery.seed"}));
        EXPECT_EQ(seedOf(*Identity::load(dir.path(), passphrase)), words);
      }
    }
  }
}

TEST(SealedIdentity, LeavesNoDamagedWordsBehindUnsealed) {
  TemporaryFolder dir;
  ASSERT_TRUE(Identity::create(dir.path(), systemRandom()).ok());
  std::string bytes = readAll(dir.file("recovery.seed"));
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  writeAll(dir.file("recovery.seed"), bytes);
  EXPECT_TRUE(Identity::load(dir.path()).ok());
  auto sealed = Identity::load(dir.path(), kPassphrase);
  ASSERT_FALSE(sealed.ok());
  EXPECT_NE(sealed.error().message.find("remove it"), std::string::npos) << sealed.error().message;
  std::filesystem::remove(dir.file("recovery.seed"));
  EXPECT_TRUE(Identity::load(dir.path(), kPassphrase).ok());
}

TEST(PrivateFile, IsNotOverwrittenThroughANameThatACrashLeft) {
  TemporaryFolder dir;
  std::string path = dir.file("secret");
  ASSERT_TRUE(createPrivateFile(path, "one").ok());
  // createPrivateFile() and replacePrivateFile() were cut short after they had linked.
  for (const char* left : {".new", ".replaced"}) {
    std::filesystem::create_hard_link(path, path + left);
    ASSERT_TRUE(discardPrivateFile(path + left).ok());
    EXPECT_EQ(*readPrivateFile(path), "one");
    EXPECT_FALSE(std::filesystem::exists(path + left));
    std::filesystem::create_hard_link(path, path + left);
  }
  ASSERT_TRUE(replacePrivateFile(path, "two").ok());
  EXPECT_EQ(*readPrivateFile(path), "two");
  EXPECT_FALSE(std::filesystem::exists(path + ".new") || std::filesystem::exists(path + ".replaced"));
}

TEST(PrivateFile, OfACredentialMayHaveAnAccessList) {
  TemporaryFolder dir;
  std::string path = dir.file("secret");
  ASSERT_TRUE(createPrivateFile(path, "one").ok());
  ::chmod(path.c_str(), 0440);
  EXPECT_EQ(readPrivateFile(path).error().code, "file_exposed");
  EXPECT_EQ(*readCredential(path), "one");
  ::chmod(path.c_str(), 0444);
  EXPECT_EQ(readCredential(path).error().code, "file_exposed");
}

}  // namespace
}  // namespace hearthgate::trust
