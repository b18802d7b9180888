#include "base/clock.h"

#include <gtest/gtest.h>

namespace hearthgate {
namespace {

TEST(Rfc3339, WritesMillisecondsInUtc) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(1795168800123), "2026-11-20T10:00:00.123Z");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ReadsOffsetsAndFractions) {
  int64_t ms = 0;
  ASSERT_TRUE(parseRfc3339("2026-11-20T10:00:00.123Z", &ms));
  EXPECT_EQ(ms, 1795168800123);
  ASSERT_TRUE(parseRfc3339("2026-11-20T12:00:00.1239+02:00", &ms));
  EXPECT_EQ(ms, 1795168800123);
  ASSERT_TRUE(parseRfc3339("2026-11-20T10:00:00Z", &ms));
  EXPECT_EQ(ms, 1795168800000);
  for (const char* bad : {"", "2026-11-20", "2026-11-20T10:00:00", "2026-13-20T10:00:00Z", "2026-11-20T10:00:00.Z",
                          "2026-11-20T10:00:00Zx", "2026-11-20T10:00:00+2"}) {
    EXPECT_FALSE(parseRfc3339(bad, &ms)) << bad;
  }
}

}  // namespace
}  // namespace hearthgate
