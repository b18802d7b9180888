#include "trust/identity.h"

#include <sys/stat.h>

#include <fstream>
#include <set>

#include "base/base32.h"
#include "support.h"
#include "trust/certificate.h"
#include "trust/crypto.h"
#include "trust/private_file.h"
#include "trust/tuning.h"
#include "trust/words.h"

namespace hearthgate::trust {
namespace {

std::string readAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void writeAll(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

TEST(Identity, SurvivesAReload) {
  TemporaryFolder dir;
  auto made = Identity::create(dir.path(), systemRandom());
  ASSERT_TRUE(made.ok());
  auto loaded = Identity::load(dir.path());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->home(), made->home());
  EXPECT_EQ(loaded->chain(), made->chain());
  EXPECT_EQ(loaded->certificate(), made->certificate());
  ContentHash hash = systemRandom().id<ContentHash>();
  EXPECT_EQ(loaded->ownerTag(hash), made->ownerTag(hash));
  EXPECT_EQ(loaded->backupKey(), made->backupKey());
  EXPECT_EQ(made->home(), homeIdOf(made->rootSpki()));
  EXPECT_TRUE(verifyChain(made->home(), made->chain()).ok());
  EXPECT_EQ(made->epoch(), 1u);
}

TEST(Identity, WritesFilesThatOnlyItsUserReads) {
  TemporaryFolder dir;
  ASSERT_TRUE(Identity::create(dir.path(), systemRandom()).ok());
  for (const char* name : {"sharing_key", "recovery.seed"}) {
    struct stat about {};
    ASSERT_EQ(::stat(dir.file(name).c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(dir.file("sharing_key.new")));
  ::chmod(dir.file("sharing_key").c_str(), 0640);
  auto loaded = Identity::load(dir.path());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, "file_exposed");
}

TEST(Identity, IsNeverReplacedByASecondOne) {
  TemporaryFolder dir;
  ASSERT_TRUE(Identity::create(dir.path(), systemRandom()).ok());
  std::string key = readAll(dir.file("sharing_key")), seed = readAll(dir.file("recovery.seed"));
  auto again = Identity::create(dir.path(), systemRandom());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "identity_exists");
  EXPECT_EQ(readAll(dir.file("sharing_key")), key);
  EXPECT_EQ(readAll(dir.file("recovery.seed")), seed);
}

TEST(Identity, RefusesAFileWithAnyByteChangedOrMissing) {
  TemporaryFolder dir;
  ASSERT_TRUE(Identity::create(dir.path(), systemRandom()).ok());
  std::string path = dir.file("sharing_key"), good = readAll(path);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    writeAll(path, bad);
    EXPECT_FALSE(Identity::load(dir.path()).ok()) << i;
    if (i % 16 != 0) continue;
    writeAll(path, good.substr(0, i));
    EXPECT_FALSE(Identity::load(dir.path()).ok()) << i;
  }
  writeAll(path, good);
  EXPECT_TRUE(Identity::load(dir.path()).ok());
}

TEST(Identity, ShowsTheWordsUntilTheyAreConfirmed) {
  TemporaryFolder dir;
  auto made = Identity::create(dir.path(), systemRandom());
  ASSERT_TRUE(made.ok());
  auto words = made->recoveryWords();
  ASSERT_TRUE(words.ok() && words->has_value());
  std::string text;
  for (const std::string& word : **words) text += word + " ";
  auto seed = parseRecoveryWords(text);
  ASSERT_TRUE(seed.ok());
  EXPECT_EQ(homeIdOf(rootKeyOf(*seed).spki()), made->home());
  ASSERT_TRUE(made->confirmRecoveryWords().ok());
  EXPECT_FALSE(std::filesystem::exists(dir.file("recovery.seed")));
  EXPECT_FALSE(made->recoveryWords()->has_value());
  EXPECT_TRUE(made->confirmRecoveryWords().ok());
  EXPECT_TRUE(Identity::load(dir.path()).ok());
}

// The disk failed when the words were confirmed, after they had been overwritten and before the file was gone.
TEST(Identity, GoesOnWithConfirmedWordsThatWereOnlyOverwritten) {
  TemporaryFolder dir;
  auto made = Identity::create(dir.path(), systemRandom());
  ASSERT_TRUE(made.ok());
  writeAll(dir.file("recovery.seed"), std::string(readAll(dir.file("recovery.seed")).size(), '\0'));
  auto words = made->recoveryWords();
  ASSERT_TRUE(words.ok()) << words.error().message;
  EXPECT_FALSE(words->has_value());
  EXPECT_FALSE(std::filesystem::exists(dir.file("recovery.seed")));
  EXPECT_TRUE(made->confirmRecoveryWords().ok());
  EXPECT_TRUE(Identity::load(dir.path()).ok());
}

TEST(Identity, WithoutRecoveryNeverWritesTheSeed) {
  TemporaryFolder dir;
  ASSERT_TRUE(Identity::create(dir.path(), systemRandom(), Recovery::kNone).ok());
  EXPECT_FALSE(std::filesystem::exists(dir.file("recovery.seed")));
}

TEST(Identity, IsTheSameHomeAfterARebuildFromItsWords) {
  TemporaryFolder before, after;
  Identity old = Identity::create(before.path(), systemRandom()).value();
  std::string typed;
  auto words = old.recoveryWords();
  for (const std::string& word : **words) typed += word + " ";
  Identity rebuilt = Identity::recover(after.path(), *parseRecoveryWords(typed), systemRandom()).value();
  EXPECT_EQ(rebuilt.home(), old.home());
  EXPECT_NE(rebuilt.operatingSpki(), old.operatingSpki());
  ContentHash hash = systemRandom().id<ContentHash>();
  EXPECT_EQ(rebuilt.ownerTag(hash), old.ownerTag(hash));
  EXPECT_EQ(rebuilt.backupKey(), old.backupKey());
  EXPECT_EQ(compareChains(old.chain(), rebuilt.chain()), ChainOrder::kFork);
  auto renewed = rebuilt.renewedChain(old.chain());
  ASSERT_TRUE(renewed.ok());
  EXPECT_EQ(compareChains(old.chain(), *renewed), ChainOrder::kNewer);
  Identity adopted = rebuilt;
  const KeyChain first = rebuilt.chain();
  ASSERT_TRUE(adopted.adopt(*renewed).ok());
  EXPECT_EQ(adopted.epoch(), 2u);
  EXPECT_EQ(Identity::load(after.path())->chain(), *renewed);
  EXPECT_FALSE(adopted.adopt(first).ok());
  EXPECT_FALSE(adopted.adopt(old.chain()).ok());
  ASSERT_TRUE(adopted.confirmRecoveryWords().ok());
  EXPECT_EQ(adopted.renewedChain(*renewed).error().code, "recovery_seed_missing");
  EXPECT_EQ(Identity::recover(after.path(), *parseRecoveryWords(typed), systemRandom()).error().code,
            "identity_exists");
}

std::string seedOf(const Identity& identity) {
  std::string typed;
  const auto words = identity.recoveryWords();
  for (const std::string& word : **words) typed += word + " ";
  return *parseRecoveryWords(typed);
}

TEST(Identity, KeepsTheFormerKeysOverARestart) {
  TemporaryFolder dir;
  Identity made = Identity::create(dir.path(), systemRandom()).value();
  const std::string first = made.operatingSpki();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(made.renewKey({"rotated", "", false}, systemRandom(), 1000 + i).ok());
  for (const Identity& identity : {made, Identity::load(dir.path()).value()}) {
    auto keys = identity.keys();
    EXPECT_EQ(identity.epoch(), 4u);
    EXPECT_TRUE(verifyChain(identity.home(), keys->chain).ok());
    ASSERT_EQ(keys->former.size(), 3u);
    EXPECT_EQ(keys->former.back().spki(), first);
    EXPECT_EQ(keys->former.back().replaced_ms, 1000);
    EXPECT_EQ(keys->withSpki(first), &keys->former.back());
    EXPECT_EQ(keys->named(keyName(first)), &keys->former.back());
    EXPECT_EQ(keys->named(keyName(keys->present.spki())), &keys->present);
    EXPECT_EQ(keys->named("aaaaaaaaaaaaaaaa"), nullptr);
  }
  const std::string third = made.keys()->former.front().spki();
  ASSERT_TRUE(made.dropKeysBefore("another").ok());
  EXPECT_EQ(made.keys()->former.size(), 3u);
  ASSERT_TRUE(made.dropKeysBefore(third).ok());
  ASSERT_EQ(Identity::load(dir.path())->keys()->former.size(), 1u);
  EXPECT_EQ(Identity::load(dir.path())->keys()->former.front().spki(), third);
  ASSERT_TRUE(made.dropKeysBefore(made.operatingSpki()).ok());
  EXPECT_TRUE(Identity::load(dir.path())->keys()->former.empty());
}

TEST(Identity, CountsTheTimeOfAFormerKeyByARightClockAlone) {
  Identity made = Identity::inMemory(systemRandom());
  ASSERT_TRUE(made.renewKey({"rotated", "", false}, systemRandom(), {}).ok());
  ASSERT_TRUE(made.renewKey({"rotated", "", false}, systemRandom(), 1000).ok());
  ASSERT_TRUE(made.dropOldKeys(2000).ok());
  ASSERT_EQ(made.keys()->former.size(), 2u);
  ASSERT_TRUE(made.dropOldKeys(1000 + kFormerKeyLimitMs).ok());
  EXPECT_EQ(made.keys()->former.size(), 2u);
  ASSERT_TRUE(made.dropOldKeys(1001 + kFormerKeyLimitMs).ok());
  ASSERT_EQ(made.keys()->former.size(), 1u);
  EXPECT_EQ(made.keys()->former.front().replaced_ms, 2000);
}

TEST(Identity, NeedsItsWordsWhenTheChainIsFull) {
  Identity made = Identity::inMemory(systemRandom());
  for (size_t i = 1; i < kMaxChainStatements; ++i) ASSERT_TRUE(made.renewKey({"rotated", "", false}, systemRandom(), 0).ok());
  const KeyChain full = made.chain();
  EXPECT_EQ(made.renewKey({"rotated", "", false}, systemRandom(), 0).error().code, "key_chain_full");
  EXPECT_EQ(made.chain(), full);
  EXPECT_TRUE(verifyChain(made.home(), full).ok());
  // What is known already is not verified again; what comes behind it is.
  KeyChain forged = full;
  forged.back().voucher_signature[0] ^= 1;
  EXPECT_FALSE(verifyChain(made.home(), forged, std::span(full).first(full.size() - 1)).ok());
  EXPECT_FALSE(verifyChain(made.home(), forged, full).ok());
  EXPECT_TRUE(verifyChain(made.home(), full, std::span(full).first(4)).ok());
  EXPECT_EQ(firstUnknown(full, forged), full.size() - 1);
}

TEST(Identity, ACompromisedKeyIsGoneAtOnce) {
  TemporaryFolder dir;
  Identity made = Identity::create(dir.path(), systemRandom()).value();
  const std::string seed = seedOf(made);
  ASSERT_TRUE(made.renewKey({"rotated", "", false}, systemRandom(), 0).ok());
  const KeyChain stolen = made.chain();
  const std::vector<std::string> secrets = {made.operatingKey().scalar(), made.keys()->former.front().key.scalar()};
  ASSERT_NE(readAll(dir.file("sharing_key")).find(secrets[1]), std::string::npos);
  EXPECT_EQ(made.renewKey({"compromised", systemRandom().bytes(16), true}, systemRandom(), 0).error().code, "recovery_words_wrong");
  EXPECT_EQ(made.chain(), stolen);
  ASSERT_TRUE(made.renewKey({"compromised", seed, true}, systemRandom(), 0).ok());
  EXPECT_EQ(compareChains(stolen, made.chain()), ChainOrder::kNewer);
  EXPECT_EQ(made.chain().size(), 1u);
  EXPECT_TRUE(made.keys()->former.empty());
  for (const std::string& secret : secrets) EXPECT_EQ(readAll(dir.file("sharing_key")).find(secret), std::string::npos);
  // Whatever the thief chains to what he stole is behind.
  KeyChain forged = stolen;
  PrivateKey key = PrivateKey::fromScalar(secrets[0]).value();
  for (int i = 0; i < 5; ++i) {
    PrivateKey next = PrivateKey::generate(systemRandom());
    forged.push_back(makeChainStatement(forged.back(), key, next, "stolen"));
    key = next;
  }
  ASSERT_TRUE(verifyChain(made.home(), forged).ok());
  EXPECT_EQ(compareChains(made.chain(), forged), ChainOrder::kOlder);
}

TEST(Identity, AKeyThatCannotBeWrittenIsNotInForce) {
  TemporaryFolder dir;
  Identity made = Identity::create(dir.path(), systemRandom()).value();
  const KeyChain before = made.chain();
  std::filesystem::create_directory(dir.file("sharing_key.new"));  // Where the new content would be written first.
  EXPECT_FALSE(made.renewKey({"rotated", "", false}, systemRandom(), 0).ok());
  EXPECT_EQ(made.chain(), before);
  std::filesystem::remove(dir.file("sharing_key.new"));
  EXPECT_EQ(Identity::load(dir.path())->chain(), before);
}

// Computed with Python's hmac, hashlib and cryptography from the seed 00 01 … 0f (tests/unit/trust/vectors.py).
TEST(Identity, DerivesTheVectorsOfTheSeed) {
  std::string seed;
  for (char i = 0; i < 16; ++i) seed.push_back(i);
  EXPECT_EQ(hex(rootKeyOf(seed).scalar()), "6a74a41156fcd4dc230f490e4ccdfaf93eeb10a238675104318a7bf096158694");
  EXPECT_EQ(homeIdOf(rootKeyOf(seed).spki()).text(), "vropjnuxugujxwm54sivd5fz6zgmdp5gnggxyqjcymclmbocdlqa");
  EXPECT_EQ(hex(ownerTagKeyOf(seed)), "f3ad511bfef8dc67cf6e971452437fba2807c2cb500180b50a84a39b642e928c");
  EXPECT_EQ(hex(backupKeyOf(seed)), "a20cc02f03aee8298adb007cf04a2600432308d85106d73b6c307770b8fcc11e");
}

TEST(Identity, TagsItsOwnContentAlone) {
  SeededRandom random(1);
  Identity one = Identity::inMemory(random), other = Identity::inMemory(random);
  ContentHash hash = random.id<ContentHash>(), another = random.id<ContentHash>();
  OwnerTag tag = one.ownerTag(hash);
  std::string_view text(reinterpret_cast<const char*>(tag.data()), tag.size());
  EXPECT_TRUE(one.isOwnerTag(hash, text));
  EXPECT_FALSE(one.isOwnerTag(another, text));
  EXPECT_FALSE(other.isOwnerTag(hash, text));
  EXPECT_FALSE(one.isOwnerTag(hash, text.substr(1)));
}

TEST(Certificate, DiffersBetweenTwoHomesInKeyAndSignatureOnly) {
  SeededRandom random(2);
  PrivateKey a = PrivateKey::generate(random), b = PrivateKey::generate(random);
  std::string of_a = makeCertificate(a), of_b = makeCertificate(b);
  EXPECT_EQ(of_a, makeCertificate(a));
  // Up to the key, without the outer length, which follows the signature's.
  size_t key_a = of_a.find(a.spki()), key_b = of_b.find(b.spki());
  ASSERT_NE(key_a, std::string::npos);
  EXPECT_EQ(of_a.substr(4, key_a - 4), of_b.substr(4, key_b - 4));
  EXPECT_EQ(of_a.substr(key_a + kSpkiBytes, 12), of_b.substr(key_b + kSpkiBytes, 12));
  EXPECT_NE(of_a.find("hearthgate"), std::string::npos);
  EXPECT_NE(of_a.find("200101000000Z"), std::string::npos);
  EXPECT_NE(of_a.find("491231235959Z"), std::string::npos);
}

TEST(Words, AreDistinctAndToldApartByFourLetters) {
  std::set<std::string> words, heads;
  for (uint32_t i = 0; i < kWordCount; ++i) {
    std::string word = wordOf(i);
    EXPECT_EQ(word.size(), 5u);
    words.insert(word);
    heads.insert(word.substr(0, 4));
  }
  EXPECT_EQ(words.size(), kWordCount);
  EXPECT_EQ(heads.size(), kWordCount);
}

TEST(Words, NoSingleWrongLetterMakesAnotherWord) {
  std::set<std::string> words;
  for (uint32_t i = 0; i < kWordCount; ++i) words.insert(wordOf(i));
  for (const std::string& word : words) {
    for (size_t at = 0; at < word.size(); ++at) {
      for (char letter = 'a'; letter <= 'z'; ++letter) {
        std::string slip = word;
        slip[at] = letter;
        EXPECT_TRUE(slip == word || !words.contains(slip)) << word << " " << slip;
      }
    }
  }
}

TEST(Words, CarryASeedBothWays) {
  SeededRandom random(3);
  for (int round = 0; round < 200; ++round) {
    std::string seed = random.bytes(kSeedBytes), text, short_text;
    for (std::string word : recoveryWords(seed)) {
      short_text += word.substr(0, 4) + "\n";
      word[0] = static_cast<char>(word[0] - 'a' + 'A');
      text += word + ", ";
    }
    EXPECT_EQ(*parseRecoveryWords(text), seed);
    EXPECT_EQ(*parseRecoveryWords(short_text), seed);
  }
}

TEST(Words, SayWhichWordIsWrongWithoutRepeatingIt) {
  SeededRandom random(4);
  auto words = recoveryWords(random.bytes(kSeedBytes));
  std::string wrong, eleven;
  for (size_t i = 0; i < words.size(); ++i) wrong += (i == 6 ? "zzzzz" : words[i]) + " ";
  for (size_t i = 0; i < 11; ++i) eleven += words[i] + " ";
  auto error = parseRecoveryWords(wrong).error();
  EXPECT_EQ(error.code, "recovery_words_mistyped");
  EXPECT_NE(error.message.find("word 7"), std::string::npos);
  EXPECT_EQ(error.message.find("zzzzz"), std::string::npos);
  EXPECT_FALSE(parseRecoveryWords(eleven).ok());
  std::string slip;
  for (size_t i = 0; i < words.size(); ++i) {
    slip += i == 2 ? words[i].substr(0, 4) + (words[i][4] == 'b' ? "d " : "b ") : words[i] + " ";
  }
  EXPECT_NE(parseRecoveryWords(slip).error().message.find("word 3"), std::string::npos);
  EXPECT_FALSE(parseRecoveryWords("").ok());
}

TEST(Words, InAWrongOrderAreMostlyFound) {
  SeededRandom random(5);
  int missed = 0;
  for (int round = 0; round < 400; ++round) {
    auto words = recoveryWords(random.bytes(kSeedBytes));
    std::swap(words[0], words[1]);
    std::string text;
    for (const std::string& word : words) text += word + " ";
    if (parseRecoveryWords(text).ok()) ++missed;
  }
  // Four check bits: one in sixteen slips through, and then the home id differs.
  EXPECT_LT(missed, 400 / 16 * 2);
}

TEST(PrivateFile, CreatesNeverOverAnother) {
  TemporaryFolder dir;
  std::string path = dir.file("secret");
  ASSERT_TRUE(createPrivateFile(path, "one").ok());
  auto again = createPrivateFile(path, "two");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "file_exists");
  EXPECT_EQ(*readPrivateFile(path), "one");
  ASSERT_TRUE(writePrivateFile(path, "three").ok());
  EXPECT_EQ(*readPrivateFile(path), "three");
}

TEST(PrivateFile, FollowsNoLinkAndReadsNoFolder) {
  TemporaryFolder dir;
  ASSERT_TRUE(createPrivateFile(dir.file("secret"), "one").ok());
  std::filesystem::create_symlink(dir.file("secret"), dir.file("link"));
  EXPECT_EQ(readPrivateFile(dir.file("link")).error().code, "file_read");
  EXPECT_EQ(readPrivateFile(dir.path()).error().code, "file_read");
  EXPECT_EQ(readPrivateFile(dir.file("none")).error().code, "file_missing");
}

}  // namespace
}  // namespace hearthgate::trust
