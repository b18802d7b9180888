#include "base/base32.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/random.h"

namespace hearthgate {
namespace {

TEST(Base32, GivesTheVectorsOfRfc4648) {
  EXPECT_EQ(base32(""), "");
  EXPECT_EQ(base32("f"), "my");
  EXPECT_EQ(base32("fo"), "mzxq");
  EXPECT_EQ(base32("foo"), "mzxw6");
  EXPECT_EQ(base32("foob"), "mzxw6yq");
  EXPECT_EQ(base32("fooba"), "mzxw6ytb");
  EXPECT_EQ(base32("foobar"), "mzxw6ytboi");
}

TEST(Base32, ReadsBackWhatItWroteAndNothingElse) {
  for (size_t length = 0; length < 70; ++length) {
    std::string bytes = systemRandom().bytes(length);
    EXPECT_EQ(parseBase32(base32(bytes)), bytes);
  }
  EXPECT_FALSE(parseBase32("MY"));      // upper case
  EXPECT_FALSE(parseBase32("m1"));      // foreign symbol
  EXPECT_FALSE(parseBase32("mz"));      // unused bits set
  EXPECT_FALSE(parseBase32("m"));       // impossible length
  EXPECT_FALSE(parseBase32("mzxw6y="));  // padding
}

TEST(Ids, HaveTheLengthsOfTheContract) {
  EXPECT_EQ(HomeId{}.text().size(), 52u);
  EXPECT_EQ(ReplicaId{}.text().size(), 26u);
  auto id = systemRandom().id<HomeId>();
  EXPECT_EQ(HomeId::parse(id.text()), id);
  EXPECT_FALSE(HomeId::parse(id.text().substr(1)));
}

TEST(Hex, ReadsBackWhatItWrote) {
  std::string bytes("\x00\xFF\x10", 3);
  EXPECT_EQ(hex(bytes), "00ff10");
  EXPECT_EQ(parseHex("00ff10"), bytes);
  EXPECT_FALSE(parseHex("0"));
  EXPECT_FALSE(parseHex("0g"));
}

}  // namespace
}  // namespace hearthgate
