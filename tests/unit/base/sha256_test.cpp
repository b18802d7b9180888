#include "base/sha256.h"

#include <gtest/gtest.h>

#include "base/base32.h"

namespace hearthgate {
namespace {

std::string text(const Sha256Digest& digest) {
  return hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

TEST(Sha256, GivesTheVectorsOfFips180) {
  EXPECT_EQ(text(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(text(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, TakesItsInputInParts) {
  Sha256 sum;
  sum.update("a");
  sum.update("bc");
  EXPECT_EQ(sum.finish(), sha256("abc"));
}

// RFC 4231 section 4.3, test case 2; and a key longer than a block, test case 6.
TEST(HmacSha256, GivesTheVectorsOfRfc4231AsOftenAsAsked) {
  HmacSha256 short_key("Jefe");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(text(short_key.of("what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
  EXPECT_EQ(text(HmacSha256(std::string(131, '\xaa')).of("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace hearthgate
