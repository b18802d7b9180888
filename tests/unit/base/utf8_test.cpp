#include "base/utf8.h"

#include <gtest/gtest.h>

namespace hearthgate {
namespace {

TEST(Utf8, KnowsWhatIsWellFormed) {
  EXPECT_TRUE(isUtf8("grün €😀"));
  EXPECT_FALSE(isUtf8("\xC0\x80"));          // overlong
  EXPECT_FALSE(isUtf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(isUtf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(isUtf8("\xE2\x82"));          // cut off
  EXPECT_FALSE(isUtf8("\xFF"));
}

TEST(DisplayName, LetsNothingReachATerminalThatIsNotText) {
  EXPECT_EQ(displayName("Beach house"), "Beach house");
  EXPECT_EQ(displayName("a\x1B[31mb"), "a\xEF\xBF\xBD[31mb");
  EXPECT_EQ(displayName("a\xE2\x80\xAE" "b"), "a\xEF\xBF\xBD" "b");
  EXPECT_EQ(displayName("\xFFx"), "\xEF\xBF\xBDx");
  EXPECT_EQ(displayName("ab\xC3\xBC", 3), "ab");
}

}  // namespace
}  // namespace hearthgate
