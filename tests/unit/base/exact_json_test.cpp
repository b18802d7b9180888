#include "base/exact_json.h"

#include <gtest/gtest.h>

#include <bit>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <random>

namespace hearthgate {
namespace {

boost::json::value read(std::string_view text) {
  boost::json::error_code error;
  boost::json::value value = parseExactJson(text, error);
  EXPECT_FALSE(error) << text;
  return value;
}

TEST(ExactJson, ReadsTheDoubleThatIsNearest) {
  EXPECT_EQ(read("1.8893488347419815e26").as_double(), 1.8893488347419815e26);
  EXPECT_EQ(read("188934883474198147419103230").as_double(), 188934883474198147419103230.0);
  EXPECT_EQ(read("-0.1").as_double(), -0.1);
  EXPECT_TRUE(std::isinf(read("1e400").as_double()));
  EXPECT_EQ(read("1e-400").as_double(), 0.0);
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    char text[32];
    char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
    ASSERT_EQ(read({text, static_cast<size_t>(end - text)}).as_double(), value) << std::string(text, end);
  }
}

TEST(ExactJson, ReadsEverythingElseAsBoostDoes) {
  for (const char* text :
       {R"({"a":[1,-2,18446744073709551615,true,false,null,"text \u00e4 \ud83d\ude00 \\"],"b":{"c":{}},"":[]})", "[]", "\"\"",
        " 7 ", "null"}) {
    EXPECT_EQ(read(text), boost::json::parse(text));
  }
}

TEST(ExactJson, RefusesWhatBoostRefuses) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1", "nul", "1 2", "{} x", "\"\xff\"", "01", "NaN", "\"a"}) {
    boost::json::error_code error, boosts;
    EXPECT_TRUE(parseExactJson(text, error).is_null());
    (void)boost::json::parse(text, boosts);
    EXPECT_EQ(error, boosts) << text;
  }
  boost::json::error_code error;
  (void)parseExactJson(std::string(1000, '['), error);
  EXPECT_EQ(error, boost::json::error::too_deep);
}

}  // namespace
}  // namespace hearthgate
