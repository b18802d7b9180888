// Reading JSON and writing its one canonical text: what is kept exactly, what is refused, and with which code.
#include "model/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/utf8.h"
#include "model/limits.h"

namespace hearthgate::model {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

// The canonical text, or the code of the refusal.
std::string read(std::string_view text, size_t max_depth = kMaxDepth) {
  auto json = parseJson(text, max_depth);
  return json.ok() ? canonicalJson(*json) : json.error().code;
}

TEST(Json, KeepsIntegersAndDoublesApart) {
  EXPECT_EQ(read("1"), "1");
  EXPECT_EQ(read("1.0"), "1.0");
  EXPECT_EQ(read("1e0"), "1.0");
  EXPECT_EQ(read("10e-1"), "1.0");
  EXPECT_EQ(read("0"), "0");
  EXPECT_EQ(read("-0"), "0");
  EXPECT_EQ(read("0.0"), "0.0");
  EXPECT_EQ(read("-0.0"), "-0.0");
  EXPECT_EQ(read("-0e7"), "-0.0");
}

TEST(Json, KeepsIntegersUpToTheEdgesOfInt64AndUint64) {
  EXPECT_EQ(read("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(read("9223372036854775808"), "9223372036854775808");
  EXPECT_EQ(read("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(read("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(read("9007199254740993"), "9007199254740993");
}

TEST(Json, RefusesAnIntegerThatFitsNeitherInt64NorUint64) {
  EXPECT_EQ(read("18446744073709551616"), "bad_document");
  EXPECT_EQ(read("-9223372036854775809"), "bad_document");
  EXPECT_EQ(read("99999999999999999999"), "bad_document");
  EXPECT_EQ(read("[-18446744073709551615]"), "bad_document");
  EXPECT_EQ(read(std::string(400, '9')), "bad_document");
  EXPECT_EQ(read("-" + std::string(5000, '1')), "bad_document");
  EXPECT_EQ(read("{\"a\":18446744073709551616}"), "bad_document");
}

TEST(Json, ReadsHardDoublesToTheLastPlace) {
  EXPECT_EQ(read("0.1"), "0.1");
  EXPECT_EQ(read("5e-324"), "5e-324");
  EXPECT_EQ(read("4.9406564584124654e-324"), "5e-324");
  EXPECT_EQ(read("2.4703282292062328e-324"), "5e-324");  // Just above half of the least denormal.
  EXPECT_EQ(read("2.2250738585072011e-308"), "2.225073858507201e-308");
  EXPECT_EQ(read("2.2250738585072014e-308"), "2.2250738585072014e-308");
  EXPECT_EQ(read("1.7976931348623157e308"), "1.7976931348623157e+308");
  EXPECT_EQ(read("9007199254740993.0"), "9007199254740992.0");  // A tie goes to the even neighbour.
  EXPECT_EQ(read("9007199254740995.0"), "9007199254740996.0");
  EXPECT_EQ(read("9007199254740993.00000000000000000000000000000000000000000001"), "9007199254740994.0");
  EXPECT_EQ(read("123456789012345678901234567890.0"), "1.2345678901234568e+29");
  EXPECT_EQ(read("0.3000000000000000444089209850062616169452667236328125"), "0.30000000000000004");
  EXPECT_EQ(read("1.00000000000000011102230246251565"), "1.0");
  EXPECT_EQ(read("1.00000000000000011102230246251566"), "1.0000000000000002");
  EXPECT_EQ(read("7.2057594037927933e16"), "72057594037927936.0");
  EXPECT_EQ(read("8.5e-5"), "8.5e-05");
  EXPECT_EQ(read("100000.0"), "1e+05");
  EXPECT_EQ(read("1E5"), "1e+05");
  EXPECT_EQ(read("-1e-7"), "-1e-07");
}

TEST(Json, ReadsLongFractionsWhole) {
  EXPECT_EQ(read("0." + std::string(2000, '0') + "1"), "0.0");
  EXPECT_EQ(read("1." + std::string(5000, '0')), "1.0");
  EXPECT_EQ(read("0." + std::string(320, '0') + "1" + std::string(900, '3') + "e320"), "0.13333333333333333");
  // Halfway between 1 and its neighbour but for a digit far away.
  EXPECT_EQ(read("1.00000000000000011102230246251565404236316680908203125" + std::string(700, '0') + "1"),
            "1.0000000000000002");
}

TEST(Json, RefusesWhatIsNoFiniteDouble) {
  for (std::string_view text : {"1e400", "-1e400", "1e309", "1.7976931348623159e308", "1.8e308", "0.1e310", "1e99999",
                                "1e2147483648", "1e99999999999999999999", "-1.5E+99999999999999999999"}) {
    EXPECT_EQ(read(text), "bad_document") << text;
  }
  for (std::string_view text : {"NaN", "Infinity", "-Infinity", "nan", "+1", ".5", "1.", "01", "-01", "0x10", "1e",
                                "1e+", "-", "--1", "1_000", "1,0", "00", "-.5"}) {
    EXPECT_EQ(read(text), "bad_json") << text;
  }
}

TEST(Json, RoundsWhatIsTooSmallToZeroWithItsSign) {
  EXPECT_EQ(read("1e-400"), "0.0");
  EXPECT_EQ(read("-1e-400"), "-0.0");
  EXPECT_EQ(read("2.4703282292062327e-324"), "0.0");
  EXPECT_EQ(read("0e400"), "0.0");
  EXPECT_EQ(read("0.0e-99999"), "0.0");
  EXPECT_EQ(read("0." + std::string(500, '0') + "1e100"), "0.0");
  EXPECT_EQ(read("1" + std::string(500, '0') + "e-1000"), "0.0");
  EXPECT_EQ(read("1" + std::string(500, '0') + ".0e-100"), "bad_document");
  EXPECT_EQ(read("0." + std::string(500, '0') + "1e1000"), "bad_document");
  EXPECT_EQ(read("0." + std::string(500, '0') + "1e501"), "1.0");
  EXPECT_EQ(read("1" + std::string(500, '0') + "e-500"), "1.0");
}

TEST(Json, RefusesADuplicateKeyHoweverItIsSpelled) {
  EXPECT_EQ(read(R"({"a":1,"a":1})"), "bad_document");
  EXPECT_EQ(read(R"({"a":1,"b":2,"a":3})"), "bad_document");
  EXPECT_EQ(read(R"({"a":1,"\u0061":2})"), "bad_document");
  EXPECT_EQ(read(R"({"x":[{"":1,"":2}]})"), "bad_document");
  EXPECT_EQ(read(R"({"\ud83d\ude00":1,"😀":2})"), "bad_document");
  EXPECT_EQ(read(R"({"a":{"k":1},"b":{"k":1}})"), R"({"a":{"k":1},"b":{"k":1}})");
}

TEST(Json, SaysWhichKeyStandsTwiceInAMessageOfBoundedLength) {
  std::string key(100'000, 'k');
  auto json = parseJson("{\"" + key + "\":1,\"" + key + "\":2}", kMaxDepth);
  ASSERT_FALSE(json.ok());
  EXPECT_EQ(json.error().code, "bad_document");
  EXPECT_LT(json.error().message.size(), 1000u);
  auto control = parseJson("{\"\\u202e\\u0000\":1,\"\\u202e\\u0000\":2}", kMaxDepth);
  ASSERT_FALSE(control.ok());
  EXPECT_EQ(control.error().message.find("\xE2\x80\xAE"), std::string::npos);
}

std::string nested(size_t levels, char open, char close) {
  return std::string(levels, open) + std::string(levels, close);
}

TEST(Json, AllowsExactlyTheDepthThatItIsGiven) {
  EXPECT_EQ(read(nested(32, '[', ']')), nested(32, '[', ']'));
  EXPECT_EQ(read(nested(33, '[', ']')), "bad_document");
  EXPECT_EQ(read(nested(100'000, '[', ']')), "bad_document");
  EXPECT_EQ(read(std::string(100'000, '[')), "bad_document");
  std::string objects;
  for (int i = 0; i < 31; ++i) objects += "{\"a\":";
  EXPECT_EQ(read(objects + "{}" + std::string(31, '}')), objects + "{}" + std::string(31, '}'));
  EXPECT_EQ(read(objects + "{\"a\":1}" + std::string(31, '}')), objects + "{\"a\":1}" + std::string(31, '}'));
  EXPECT_EQ(read(objects + "{\"a\":{}}" + std::string(31, '}')), "bad_document");
  EXPECT_EQ(read(objects + "{\"a\":[]}" + std::string(31, '}')), "bad_document");
  EXPECT_EQ(read("1", 1), "1");
  EXPECT_EQ(read("[]", 1), "[]");
  EXPECT_EQ(read("[[]]", 1), "bad_document");
  // Breadth is no depth.
  EXPECT_EQ(read("[" + nested(31, '[', ']') + "," + nested(31, '[', ']') + "]").front(), '[');
}

TEST(Json, RefusesBrokenUtf8) {
  for (std::string_view bytes :
       {"\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x80\x80"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv, "\xED\xBF\xBF"sv,
        "\xF0\x80\x80\x80"sv, "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFE"sv, "\xFF"sv,
        "\xC3"sv, "\xE2\x82"sv, "\xF0\x9F\x98"sv, "\xC3("sv, "\xE2\x28\xA1"sv}) {
    std::string text = "\"x" + std::string(bytes) + "\"";
    EXPECT_EQ(read(text), "bad_json") << testing::PrintToString(bytes);
    EXPECT_EQ(read("{" + text + ":1}"), "bad_json") << testing::PrintToString(bytes);
  }
  for (std::string_view fine : {"\x7F"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv,
                                "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv}) {
    std::string text = "\"" + std::string(fine) + "\"";
    EXPECT_EQ(read(text), text);
  }
}

TEST(Json, RefusesLoneSurrogatesAndJoinsPairs) {
  EXPECT_EQ(read(R"("\ud83d\ude00")"), "\"\xF0\x9F\x98\x80\"");
  EXPECT_EQ(read(R"("\uDBFF\uDFFF")"), "\"\xF4\x8F\xBF\xBF\"");
  for (std::string_view text :
       {R"("\ud800")", R"("\udc00")", R"("\ud83d x")", R"("\ud83d\n")", R"("\ud83d\ud83d")", R"("\ude00\ud83d")",
        R"("\ud83d\u0041")", R"({"\ud800":1})", R"("\ud83")", R"("\u12g4")"}) {
    EXPECT_EQ(read(text), "bad_json") << text;
  }
}

TEST(Json, KeepsNulAndControlCharactersInStringsAndKeys) {
  auto json = parseJson(R"({"a\u0000b":"\u0000\u001f\u007f"})", kMaxDepth);
  ASSERT_TRUE(json.ok());
  ASSERT_EQ(json->members.size(), 1u);
  EXPECT_EQ(json->members[0].first, "a\0b"s);
  EXPECT_EQ(json->members[0].second.text, "\0\x1f\x7f"s);
  EXPECT_EQ(canonicalJson(*json), "{\"a\\u0000b\":\"\\u0000\\u001f\x7f\"}");
  EXPECT_NE(json->find("a\0b"sv), nullptr);
  EXPECT_EQ(json->find("a"), nullptr);
  EXPECT_EQ(read("\"a\0b\""sv), "bad_json");
  EXPECT_EQ(read("\"a\nb\""), "bad_json");
}

TEST(Json, RefusesWhatIsNotOneWholeValue) {
  for (std::string_view text : {""sv,           " "sv,
                                "\n\t\r "sv,    "{"sv,
                                "}"sv,          "[1,]"sv,
                                "{\"a\":1,}"sv, "{\"a\"}"sv,
                                "{a:1}"sv,      "{'a':1}"sv,
                                "[1 2]"sv,      "\"abc"sv,
                                "tru"sv,        "nul"sv,
                                "True"sv,       "1 2"sv,
                                "{} {}"sv,      "{}x"sv,
                                "1\0"sv,        "\0"sv,
                                "{}\0"sv,       "{}\f"sv,
                                "// c\n1"sv,    "1 // c"sv,
                                "/* c */ 1"sv,  "\xEF\xBB\xBF{}"sv,
                                "\"\\x41\""sv,  "\"\\\""sv,
                                ":"sv,          ","sv,
                                "[1,,2]"sv}) {
    EXPECT_EQ(read(text), "bad_json") << testing::PrintToString(text);
  }
  EXPECT_EQ(read(" \t\r\n{} \t\r\n"), "{}");
}

TEST(Json, WritesOneCanonicalText) {
  EXPECT_EQ(read("{ \"b\" : [ 1 , 2.50 , { } , [ ] ] , \"a\" : { \"z\" : null , \"y\" : true , \"x\" : false } }"),
            R"({"a":{"x":false,"y":true,"z":null},"b":[1,2.5,{},[]]})");
  EXPECT_EQ(read(R"("\/\b\f\n\r\t\"\\\u00e9\u0001")"), "\"/\\b\\f\\n\\r\\t\\\"\\\\\xC3\xA9\\u0001\"");
  // Bytes decide, not UTF-16 units: U+FFFF sorts before U+10000 and a capital before a small letter.
  EXPECT_EQ(
      read(R"({"\ud800\udc00":1,"\uffff":2,"a":3,"B":4,"":5,"é":6,"a\u0000":7,"aa":8})"),
      "{\"\":5,\"B\":4,\"a\":3,\"a\\u0000\":7,\"aa\":8,\"\xC3\xA9\":6,\"\xEF\xBF\xBF\":2,\"\xF0\x90\x80\x80\":1}");
}

TEST(Json, WritesCanonicalTextThatReadsAsItself) {
  for (std::string_view text : {R"({"a":[1,-2,18446744073709551615,1e-300,"x\u0000"],"b":{"":{}}})", "null", "\"\"",
                                "1e22", "123456.789e-3", "[[],{},[{}]]"}) {
    std::string once = read(text);
    EXPECT_EQ(read(once), once);
  }
}

TEST(Json, EscapesAStringInPieces) {
  EXPECT_EQ(jsonString(""), "\"\"");
  EXPECT_EQ(jsonString("\"\""), "\"\\\"\\\"\"");
  EXPECT_EQ(jsonString("a\x1b[0m"), "\"a\\u001b[0m\"");
  std::string out = "x";
  appendJsonString("\n", &out);
  EXPECT_EQ(out, "x\"\\n\"");
}

TEST(Json, FindsMembersOfObjectsOnly) {
  auto json = parseJson(R"({"b":1,"a":2,"c":{"d":3}})", kMaxDepth);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->find("a")->text, "2");
  EXPECT_EQ(json->find("c")->find("d")->text, "3");
  EXPECT_EQ(json->find("d"), nullptr);
  EXPECT_EQ(json->find("a")->find("a"), nullptr);
  EXPECT_TRUE(json->isObject());
  EXPECT_FALSE(json->isNull());
}

TEST(Json, ReadsStringsAndKeysOfAnySizeWhole) {
  std::string big(3'000'000, 'x');
  auto json = parseJson("{\"" + big + "\":\"" + big + "\\n\"}", kMaxDepth);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->members[0].first, big);
  EXPECT_EQ(json->members[0].second.text, big + "\n");
}

}  // namespace
}  // namespace hearthgate::model
