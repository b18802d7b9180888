#include "trust/key_statement.h"

#include <map>

#include "base/base32.h"
#include "support.h"
#include "trust/tuning.h"
#include "trust/wire.h"

namespace hearthgate::trust {
namespace {

class KeyStatements : public ::testing::Test {
 protected:
  KeyChain chainOf(size_t count) {
    KeyChain chain{makeRootStatement(root_, key(1), 1, std::string(32, '\0'), "first start")};
    while (chain.size() < count) extend(chain, key(chain.back().epoch + 1));
    return chain;
  }
  void extend(KeyChain& chain, const PrivateKey& next) {
    chain.push_back(makeChainStatement(chain.back(), keys_.at(chain.back().operating_spki), next, "rotated"));
  }
  KeyStatement rootStatement(uint64_t epoch, const PrivateKey& operating) {
    return makeRootStatement(root_, operating, epoch, std::string(32, '\0'), "compromised");
  }
  // The key of an epoch; another one for each `variant`.
  PrivateKey key(uint64_t epoch, uint64_t variant = 0) {
    SeededRandom random(epoch * 1000 + variant);
    PrivateKey made = PrivateKey::generate(random);
    keys_.insert_or_assign(made.spki(), made);
    return made;
  }

  std::map<std::string, PrivateKey> keys_;
  SeededRandom random_{11};
  PrivateKey root_ = PrivateKey::generate(random_);
  HomeId home_ = homeIdOf(root_.spki());
};

// Computed with vectors.py: RFC 6979 makes signatures reproducible.
TEST(Signatures, AreByteExactInEachContext) {
  std::string seed;
  for (char i = 0; i < 16; ++i) seed.push_back(i);
  PrivateKey root = rootKeyOf(seed);
  std::string fields = Writer().field("field").take();
  const std::pair<std::string_view, const char*> vectors[] = {
      {kKeyContext,
       "f1ae6bef2a857d5e36d8910fe0d5244882cf93644fa015b9b9dc0c82d019ed1032573089a94f8a9be34cffeaa43e8247f0d7a4389d04072"
       "310afc142fc7c70b3"},
      {kCircleContext,
       "59a2f571a087004e8142155ce2bff3f0c88944c184dc5eb229ec471027a4173946c2b31ba1c291168d439f55c1307c920782b9f58476ac4"
       "2b240cd274a2ebf7a"},
      {kPairContext,
       "945d6180f0c295f58e2bf75402bb2ec07935cea46e7a68aeb3485cc93f014654f71e143c4b8d5f31709203143ba964cdd949a0833be78d4"
       "dbf1e0c40fa846d2e"},
      {kUpdateContext,
       "df76ceeff93b2f124f87b5683a89a21c6f585272674a580cfa6e9c1bdfaff4962b74fadffaeca5676b6d065cb835901a561562da64e7ba6"
       "928d2c26079bdd7a8"}};
  for (const auto& [context, expected] : vectors) {
    std::string signature = root.sign(context, fields);
    EXPECT_EQ(hex(signature), expected) << context;
    EXPECT_TRUE(verifySignature(root.spki(), context, fields, signature));
    for (const auto& [other, ignored] : vectors) {
      EXPECT_EQ(verifySignature(root.spki(), other, fields, signature), other == context);
    }
  }
}

TEST(Signatures, CannotBeginLikeWhatTlsSigns) {
  // A ServerKeyExchange is signed over client random, server random and parameters (RFC 5246 section 7.4.3): to be one
  // of our signed records both randoms would have to be 32 spaces.
  SeededRandom random(12);
  for (std::string_view context : {kKeyContext, kCircleContext, kPairContext, kUpdateContext}) {
    EXPECT_EQ(signedBytes(context, "x").substr(0, 64), std::string(64, ' '));
    EXPECT_EQ(signedBytes(context, "x")[64 + context.size()], '\0');
  }
  for (int i = 0; i < 1'000'000; ++i) {
    std::string randoms = random.bytes(64);
    ASSERT_FALSE(randoms == std::string(64, ' '));
  }
}

TEST(Signatures, RefuseWhateverIsMalformed) {
  SeededRandom random(13);
  PrivateKey key = PrivateKey::generate(random);
  std::string signature = key.sign(kKeyContext, "fields");
  EXPECT_TRUE(verifySignature(key.spki(), kKeyContext, "fields", signature));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string bad = signature;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(verifySignature(key.spki(), kKeyContext, "fields", bad));
    EXPECT_FALSE(verifySignature(key.spki(), kKeyContext, "fields", signature.substr(0, i)));
  }
  EXPECT_FALSE(verifySignature(key.spki(), kKeyContext, "other", signature));
  EXPECT_FALSE(verifySignature(key.spki(), kKeyContext, "fields", std::string(64, '\0')));
  EXPECT_FALSE(verifySignature(key.spki(), kKeyContext, "fields", std::string(64, '\xff')));
  EXPECT_FALSE(verifySignature("", kKeyContext, "fields", signature));
  std::string off_curve = key.spki();
  off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
  EXPECT_FALSE(isPublicKey(off_curve));
  EXPECT_TRUE(isPublicKey(key.spki()));
  EXPECT_FALSE(PrivateKey::fromScalar(std::string(32, '\0')).ok());
  EXPECT_FALSE(PrivateKey::fromScalar(std::string(32, '\xff')).ok());
  EXPECT_FALSE(PrivateKey::fromScalar("short").ok());
  EXPECT_EQ(PrivateKey::fromScalar(key.scalar())->spki(), key.spki());
}

TEST_F(KeyStatements, VerifyAfterFiveRotationsThatSomebodySleptThrough) {
  KeyChain chain = chainOf(6);
  EXPECT_TRUE(verifyChain(home_, chain).ok());
  EXPECT_EQ(compareChains(KeyChain{chain[0]}, chain), ChainOrder::kNewer);
  EXPECT_EQ(compareChains(chain, KeyChain{chain[0]}), ChainOrder::kOlder);
  EXPECT_EQ(compareChains(chain, chain), ChainOrder::kSame);
}

TEST_F(KeyStatements, SurviveEncodingAndNothingElseDecodes) {
  KeyChain chain = chainOf(2);
  std::string bytes = encodeChain(chain);
  EXPECT_EQ(*decodeChain(bytes), chain);
  for (size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(decodeChain(bytes.substr(0, i)).ok());
  for (size_t i = 0; i < bytes.size(); i += 5) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    auto decoded = decodeChain(bad);
    EXPECT_FALSE(decoded.ok() && verifyChain(home_, *decoded).ok()) << i;
  }
  EXPECT_FALSE(decodeChain(bytes + "x").ok());
}

TEST_F(KeyStatements, RefuseARootKeyThatIsNotTheHome) {
  SeededRandom random(14);
  Identity other = Identity::inMemory(random);
  EXPECT_FALSE(verifyChain(home_, other.chain()).ok());
  KeyChain claimed = other.chain();
  claimed[0].home = home_;
  EXPECT_EQ(verifyChain(home_, claimed).error().code, "key_not_vouched");
  // One that claims this id and is signed all right, by another root key. What is signed is all but the two signatures.
  PrivateKey thief = PrivateKey::generate(random), operating = PrivateKey::generate(random);
  KeyStatement forged = makeRootStatement(thief, operating, 1, std::string(32, '\0'), "first start");
  forged.home = home_;
  std::string fields = encodeStatement(forged);
  fields.resize(fields.size() - 2 * (4 + kSignatureBytes));
  forged.voucher_signature = thief.sign(kKeyContext, fields);
  forged.operating_signature = operating.sign(kKeyContext, fields);
  EXPECT_TRUE(verifySignature(forged.root_spki, kKeyContext, fields, forged.voucher_signature));
  EXPECT_EQ(verifyChain(home_, KeyChain{forged}).error().code, "key_not_vouched");
}

TEST_F(KeyStatements, RefuseGapsForeignSignersAndRepeatedKeys) {
  KeyChain chain = chainOf(3);
  EXPECT_FALSE(verifyChain(home_, KeyChain{chain[0], chain[2]}).ok());
  EXPECT_FALSE(verifyChain(home_, KeyChain{chain[1], chain[2]}).ok());
  EXPECT_FALSE(verifyChain(home_, KeyChain{}).ok());
  KeyChain swapped = chain;
  std::swap(swapped[2].voucher_signature, swapped[2].operating_signature);
  EXPECT_FALSE(verifyChain(home_, swapped).ok());
  KeyChain unheld = chain;  // vouched for, but who is vouched for does not hold the key
  unheld[2].operating_signature = unheld[1].operating_signature;
  EXPECT_FALSE(verifyChain(home_, unheld).ok());
  KeyChain repeated = chainOf(1);
  extend(repeated, keys_.at(repeated[0].operating_spki));
  EXPECT_FALSE(verifyChain(home_, repeated).ok());
  KeyChain as_root{makeRootStatement(root_, root_, 1, std::string(32, '\0'), "first start")};
  EXPECT_FALSE(verifyChain(home_, as_root).ok());
  KeyChain elsewhere = chainOf(2);  // a true statement on another predecessor
  KeyChain forked = chainOf(1);
  extend(forked, key(2, 1));
  extend(forked, key(3, 1));
  EXPECT_FALSE(verifyChain(home_, KeyChain{elsewhere[0], elsewhere[1], forked[2]}).ok());
  // The same keys, another statement between: the signatures hold, the hash does not.
  KeyStatement between = makeChainStatement(chain[0], keys_.at(chain[0].operating_spki), key(2), "otherwise");
  EXPECT_TRUE(verifyChain(home_, KeyChain{chain[0], between}).ok());
  EXPECT_FALSE(verifyChain(home_, KeyChain{chain[0], between, chain[2]}).ok());
}

TEST_F(KeyStatements, StolenKeyMakesAForkThatARootStatementEnds) {
  KeyChain known = chainOf(2), thief{known[0]};
  extend(thief, key(2, 9));
  EXPECT_TRUE(verifyChain(home_, thief).ok());
  EXPECT_EQ(compareChains(known, thief), ChainOrder::kFork);
  extend(thief, key(3, 9));
  EXPECT_EQ(compareChains(known, thief), ChainOrder::kFork);
  // By root at the epoch of the theft: it replaces the thief's statement and all that was chained after.
  KeyChain cure{rootStatement(2, key(2, 5))};
  EXPECT_TRUE(verifyChain(home_, cure).ok());
  EXPECT_EQ(compareChains(thief, cure), ChainOrder::kNewer);
  EXPECT_EQ(compareChains(known, cure), ChainOrder::kNewer);
  EXPECT_EQ(compareChains(cure, thief), ChainOrder::kOlder);
  KeyChain other_root{rootStatement(2, key(2, 6))};
  EXPECT_EQ(compareChains(cure, other_root), ChainOrder::kFork);
  EXPECT_EQ(compareChains(cure, KeyChain{rootStatement(3, key(3, 6))}), ChainOrder::kNewer);
}

TEST_F(KeyStatements, AreBoundedInNumber) {
  KeyChain chain = chainOf(kMaxChainStatements);
  EXPECT_TRUE(verifyChain(home_, chain).ok());
  extend(chain, key(kMaxChainStatements + 1));
  EXPECT_FALSE(verifyChain(home_, chain).ok());
  EXPECT_FALSE(decodeChain(encodeChain(chain)).ok());
}

}  // namespace
}  // namespace hearthgate::trust
