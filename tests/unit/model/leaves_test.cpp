// Fields as leaves: paths that sort like arrays of keys, the limits on documents, and merge patches (RFC 7396).
#include "model/leaves.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/limits.h"

namespace hearthgate::model {
namespace {

using Keys = std::vector<std::string>;
using std::string_literals::operator""s;

std::string read(std::string_view text) {
  auto leaves = parseLeaves(text);
  return leaves.ok() ? canonicalFields(*leaves) : leaves.error().code;
}

std::vector<std::pair<Keys, std::string>> listed(std::string_view text) {
  std::vector<std::pair<Keys, std::string>> out;
  auto leaves = parseLeaves(text);
  EXPECT_TRUE(leaves.ok());
  if (leaves.ok()) {
    for (const Leaf& leaf : *leaves) out.emplace_back(splitPath(leaf.path), leaf.value);
  }
  return out;
}

TEST(Paths, SplitIntoTheKeysThatTheyWereJoinedFrom) {
  for (const Keys& keys :
       {Keys{}, Keys{"a"}, Keys{""}, Keys{"", ""}, Keys{"\0"s}, Keys{"\0\0"s, ""}, Keys{"a\0"s, "\0b"s},
        Keys{"a.b", "c"}, Keys{"\xF4\x8F\xBF\xBF", "\0"s}, Keys{std::string(255, '\0')}}) {
    EXPECT_EQ(splitPath(joinPath(keys)), keys);
  }
}

TEST(Paths, SortAsTheArraysOfTheirKeys) {
  Keys pool = {"",     "\0"s,      "\0\0"s,           "\0a"s, "a", "a\0"s, "a\0b"s, "aa", "b", "\x01",
               "\x7F", "\xC2\x80", "\xF4\x8F\xBF\xBF"};
  std::vector<Keys> all;
  for (const auto& a : pool) {
    all.push_back({a});
    for (const auto& b : pool) {
      all.push_back({a, b});
      all.push_back({a, b, "a"});
      all.push_back({a, b, "\0"s});
    }
  }
  for (const Keys& a : all) {
    for (const Keys& b : all) {
      Path path_a = joinPath(a);
      Path path_b = joinPath(b);
      ASSERT_EQ(path_a < path_b, a < b) << pathJson(path_a) << " " << pathJson(path_b);
      ASSERT_EQ(path_a == path_b, a == b);
      bool below = a.size() > b.size() && std::equal(b.begin(), b.end(), a.begin());
      ASSERT_EQ(isBelow(path_a, path_b), below) << pathJson(path_a) << " " << pathJson(path_b);
    }
  }
}

TEST(Paths, ArePrintedAsArraysOfKeys) {
  EXPECT_EQ(pathJson(joinPath({"attributes", "color"})), R"(["attributes","color"])");
  EXPECT_EQ(pathJson(joinPath({"a.b", "\"", "\0"s})), R"(["a.b","\"","\u0000"])");
  EXPECT_EQ(pathJson(joinPath({""})), R"([""])");
  EXPECT_EQ(pathJson(joinPath({})), "[]");
}

TEST(Leaves, AreScalarsArraysAndEmptyObjects) {
  EXPECT_EQ(listed(R"({"s":"on","a":{"n":null,"l":[{"x":1},2],"e":{},"d":{"t":true}},"z":1.0})"),
            (std::vector<std::pair<Keys, std::string>>{{{"a", "d", "t"}, "true"},
                                                       {{"a", "e"}, "{}"},
                                                       {{"a", "l"}, R"([{"x":1},2])"},
                                                       {{"a", "n"}, "null"},
                                                       {{"s"}, R"("on")"},
                                                       {{"z"}, "1.0"}}));
  EXPECT_TRUE(listed("{}").empty());
}

TEST(Leaves, WriteTheDocumentThatTheyWereReadFrom) {
  for (std::string_view text :
       {R"({})", R"({"":{"":{"":{}}}})", R"({"a":{"b":1,"c":{"d":2}},"ab":3})",
        R"({"a":{"b":1},"a\u0000":{"b":2},"b":{"b":3}})", R"({"a":{"x":{"y":1}},"b":{"x":{"y":1}}})",
        R"({"a":"{","b":"}","c":[{}],"d":{}})", R"({"a":{"b":{"c":1}},"d":1})", R"({"a":{"b":{},"c":{"d":{}}}})",
        R"({"x":{"a":1},"y":{"a":1,"b":{"a":1}},"z":{"b":{"a":1}}})"}) {
    EXPECT_EQ(read(text), text);
  }
}

TEST(Leaves, ComeFromObjectsOnly) {
  for (std::string_view text : {"[]", "1", "null", "\"x\"", "true"}) EXPECT_EQ(read(text), "bad_document") << text;
  EXPECT_EQ(read("{"), "bad_json");
  EXPECT_EQ(read(""), "bad_json");
}

std::string manyFields(size_t count) {
  std::string text = "{";
  for (size_t i = 0; i < count; ++i) text += (i ? ",\"" : "\"") + std::to_string(i) + "\":0";
  return text + "}";
}

// Statements about sets and counters are for field_types.h.
TEST(Leaves, AreNoStatements) {
  EXPECT_EQ(read(R"({"apps":{"$type":"orset","add":["firefox"]}})"), "bad_document");
  EXPECT_EQ(read(R"({"a":{"b":{"$type":"counter","increment":1}}})"), "bad_document");
  // A name like any other elsewhere.
  EXPECT_NE(read(R"({"$text":"x","$number":"1","type":"orset"})"), "bad_document");
  EXPECT_NE(read(R"({"a":["$type"],"b":[{"$type":"x"}]})"), "bad_document");
}

TEST(Leaves, MayBe4096) {
  auto leaves = parseLeaves(manyFields(4096));
  ASSERT_TRUE(leaves.ok());
  EXPECT_EQ(leaves->size(), 4096u);
  EXPECT_EQ(read(manyFields(4097)), "bad_document");
  EXPECT_EQ(read("{\"a\":" + manyFields(4096) + ",\"b\":{}}"), "bad_document");
}

TEST(Leaves, MayHaveNamesOf255Bytes) {
  std::string name(255, 'n');
  EXPECT_NE(read("{\"" + name + "\":1}"), "bad_document");
  EXPECT_EQ(read("{\"" + name + "n\":1}"), "bad_document");
  EXPECT_EQ(read("{\"a\":{\"" + name + "n\":{}}}"), "bad_document");
  // Bytes count, not characters.
  std::string accents;
  for (int i = 0; i < 128; ++i) accents += "\xC3\xA9";
  EXPECT_EQ(read("{\"" + accents + "\":1}"), "bad_document");
  EXPECT_EQ(read("{\"" + accents.substr(2) + "x\":1}"), "{\"" + accents.substr(2) + "x\":1}");
  // An array is one value; keys inside it name no field.
  EXPECT_EQ(read("{\"a\":[{\"" + name + "n\":1}]}"), "{\"a\":[{\"" + name + "n\":1}]}");
}

TEST(Leaves, MayBeOneMebibyteOfCanonicalText) {
  std::string filler(kMaxDocumentBytes - 8, 'x');
  std::string text = "{\"a\":\"" + filler + "\"}";
  ASSERT_EQ(text.size(), kMaxDocumentBytes);
  EXPECT_EQ(read(text), text);
  EXPECT_EQ(read("{\"a\":\"" + filler + "x\"}"), "too_large");
  // Spaces and escapes of the sender do not count, those of the canonical text do.
  EXPECT_EQ(read("  {\"a\" : \"" + filler + "\"  }  "), text);
  filler.resize(filler.size() / 2 + 1);
  std::string quotes(filler.size(), '\n');
  std::string escaped;
  for (size_t i = 0; i < quotes.size(); ++i) escaped += "\\n";
  EXPECT_EQ(read("{\"a\":\"" + escaped + "\"}"), "too_large");
}

// Names of control characters are six times as long in the canonical text as they are as bytes.
TEST(Leaves, CountTheEscapesOfNames) {
  std::string text = "{";
  for (int i = 0; i < 2000; ++i) {
    if (i) text += ',';
    text += "\"" + std::to_string(i);
    for (int k = 0; k < 250; ++k) text += "\\u0001";
    text += "\":0";
  }
  text += "}";
  ASSERT_GT(text.size(), kMaxDocumentBytes);
  EXPECT_EQ(read(text), "too_large");
}

TEST(Leaves, CountTheQuotesOfManyShortNames) {
  // Each level repeats in the path but stands once in the text, so a long path alone is no reason to refuse.
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += "{\"" + std::string(200, 'k') + "\":";
  std::string text = deep + manyFields(4096) + std::string(30, '}');
  ASSERT_LT(text.size(), kMaxDocumentBytes);
  EXPECT_NE(read(text), "too_large");
}

Json objects(size_t levels) {
  Json json;
  json.type = Json::Type::kObject;
  if (levels > 1) json.members.emplace_back("a", objects(levels - 1));
  return json;
}

TEST(Leaves, AreAtMost32LevelsDeepWhereFieldsItselfIsOne) {
  EXPECT_TRUE(leavesOf(objects(32)).ok());
  auto deeper = leavesOf(objects(33));
  ASSERT_FALSE(deeper.ok());
  EXPECT_EQ(deeper.error().code, "bad_document");
  Json array;
  array.type = Json::Type::kArray;
  for (int i = 0; i < 31; ++i) {
    Json outer;
    outer.type = Json::Type::kArray;
    outer.items.push_back(std::move(array));
    array = std::move(outer);
  }
  Json document;
  document.type = Json::Type::kObject;
  document.members.emplace_back("a", array.items[0]);
  EXPECT_TRUE(leavesOf(document).ok());
  document.members[0].second = array;
  EXPECT_FALSE(leavesOf(document).ok());
}

std::string patched(std::string_view fields, std::string_view patch) {
  auto leaves = parseLeaves(fields);
  auto json = parseJson(patch, kMaxDepth);
  EXPECT_TRUE(leaves.ok() && json.ok());
  auto result = mergePatch(*leaves, *json);
  return result.ok() ? canonicalFields(*result) : result.error().code;
}

// The examples of RFC 7396, appendix A, that have objects at the root.
TEST(MergePatch, DoesWhatTheExamplesOfRfc7396Say) {
  EXPECT_EQ(patched(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(patched(R"({"a":"b"})", R"({"b":"c"})"), R"({"a":"b","b":"c"})");
  EXPECT_EQ(patched(R"({"a":"b"})", R"({"a":null})"), R"({})");
  EXPECT_EQ(patched(R"({"a":"b","b":"c"})", R"({"a":null})"), R"({"b":"c"})");
  EXPECT_EQ(patched(R"({"a":["b"]})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(patched(R"({"a":"c"})", R"({"a":["b"]})"), R"({"a":["b"]})");
  EXPECT_EQ(patched(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
  EXPECT_EQ(patched(R"({"a":[{"b":"c"}]})", R"({"a":[1]})"), R"({"a":[1]})");
  EXPECT_EQ(patched(R"({"e":null})", R"({"a":1})"), R"({"a":1,"e":null})");
  EXPECT_EQ(patched(R"({})", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
  // Section 3's worked example.
  EXPECT_EQ(
      patched(R"({"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],
                        "content":"This will be unchanged"})",
              R"({"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]})"),
      R"({"author":{"givenName":"John"},"content":"This will be unchanged","phoneNumber":"+01-123-456-7890",)"
      R"("tags":["example"],"title":"Hello!"})");
}

TEST(MergePatch, ReplacesScalarsByObjectsAndBack) {
  EXPECT_EQ(patched(R"({"a":1})", R"({"a":{"b":2,"c":null}})"), R"({"a":{"b":2}})");
  EXPECT_EQ(patched(R"({"a":{"b":2}})", R"({"a":1})"), R"({"a":1})");
  EXPECT_EQ(patched(R"({"a":1})", R"({"a":{}})"), R"({"a":{}})");
  EXPECT_EQ(patched(R"({"a":{"b":1}})", R"({"a":{}})"), R"({"a":{"b":1}})");
  EXPECT_EQ(patched(R"({"a":{"b":1}})", R"({"a":{"b":null}})"), R"({"a":{}})");
  EXPECT_EQ(patched(R"({"a":{}})", R"({"a":{"b":1}})"), R"({"a":{"b":1}})");
  EXPECT_EQ(patched(R"({"a":null})", R"({"a":{"b":1}})"), R"({"a":{"b":1}})");
  EXPECT_EQ(patched(R"({"a":[1,null]})", R"({"b":[null,{"c":null}]})"), R"({"a":[1,null],"b":[null,{"c":null}]})");
}

TEST(MergePatch, LeavesEverythingElseAsItIs) {
  std::string text = R"({"":{"":1},"a":{"b":{"c":1.0,"d":null},"e":[]},"a\u0000":18446744073709551615,"f":{}})";
  EXPECT_EQ(patched(text, "{}"), text);
  EXPECT_EQ(patched(text, R"({"a":{"b":{"c":null}},"zz":null})"),
            R"({"":{"":1},"a":{"b":{"d":null},"e":[]},"a\u0000":18446744073709551615,"f":{}})");
}

TEST(MergePatch, IsAnObjectAndKeepsToTheLimits) {
  for (std::string_view patch : {"[]", "null", "1", "\"x\""}) EXPECT_EQ(patched(R"({"a":1})", patch), "bad_document");
  EXPECT_EQ(patched("{}", R"({"n":{"$type":"counter","increment":1}})"), "bad_document");
  EXPECT_EQ(patched(manyFields(4096), R"({"x":1})"), "bad_document");
  EXPECT_EQ(patched(manyFields(4096), R"({"x":1,"0":null})").size(), manyFields(4096).size());
  std::string half(600'000, 'x');
  EXPECT_EQ(patched("{\"a\":\"" + half + "\"}", "{\"b\":\"" + half + "\"}"), "too_large");
  EXPECT_EQ(patched("{\"a\":1}", "{\"" + std::string(256, 'k') + "\":1}"), "bad_document");
  EXPECT_EQ(patched("{\"a\":1}", "{\"" + std::string(256, 'k') + "\":null}"), "{\"a\":1}");
}

}  // namespace
}  // namespace hearthgate::model
