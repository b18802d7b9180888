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

}  // namespace
}  // namespace hearthgate
