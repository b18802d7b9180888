#include "model/field_types.h"

#include <gtest/gtest.h>

#include "model/limits.h"
#include "unit/model/histories.h"

namespace hearthgate::model {
namespace {

const std::function<ReplicaId()> kSelf = [] { return replica(9); };
const std::string kMe = replica(9).text();

Json json(std::string_view text) {
  auto value = parseJson(text, kMaxDepth + 2);
  EXPECT_TRUE(value.ok()) << text;
  return *value;
}

// The kept fields, or the code of the error.
std::string stated(std::string_view shown, std::string_view document, Extent extent = Extent::kPatch) {
  auto out = stateFields(shown, json(document), extent, kSelf);
  return out.ok() ? out->fields : out.error().code;
}
std::string whyNot(std::string_view shown, std::string_view document, Extent extent = Extent::kPatch) {
  auto out = stateFields(shown, json(document), extent, kSelf);
  return out.ok() ? "" : out.error().message;
}
std::string plain(std::string_view shown, std::string_view document, Extent extent = Extent::kPatch) {
  auto out = stateFields(shown, json(document), extent, kSelf);
  return out.ok() ? plainFields(out->fields) : out.error().code;
}
std::vector<std::string> anew(std::string_view shown, std::string_view document, Extent extent = Extent::kPatch) {
  auto out = stateFields(shown, json(document), extent, kSelf);
  std::vector<std::string> paths;
  for (const Path& path : out.ok() ? out->anew : std::vector<Path>{}) paths.push_back(pathJson(path));
  return paths;
}

const std::string kApps = stated("{}", R"({"apps":{"$type":"orset","add":["vlc","firefox"]},"name":"desk"})");
const std::string kSeen = stated("{}", R"({"seen":{"$type":"gset","add":[1]}})");
const std::string kCount = stated("{}", R"({"n":{"$type":"counter","increment":3}})");

TEST(FieldTypes, AreLeavesInKeptForm) {
  const std::string by = R"(:{")" + kMe.substr(0, 8) + R"(":true})";
  EXPECT_EQ(kApps, R"({"apps":{"$type":{"orset":{"")" + by + R"(,"\"firefox\"")" + by + R"(,"\"vlc\"")" + by + R"(}}},"name":"desk"})");
  EXPECT_EQ(kCount, R"({"n":{"$type":{"counter":{")" + kMe + R"(":3}}}})");
  EXPECT_EQ(stated("{}", R"({"a":{"b":{"$type":"orset"}}})"), R"({"a":{"b":{"$type":{"orset":{"")" + by + "}}}}}");
  for (const std::string& kept : {kApps, kSeen, kCount}) EXPECT_EQ(checkFieldsText(kept).ok(), true) << kept;
}

TEST(FieldTypes, ShowPlainValuesAndTheirTypes) {
  EXPECT_EQ(plainFields(kApps), R"({"apps":["firefox","vlc"],"name":"desk"})");
  EXPECT_EQ(typesText(kApps), R"({"apps":"orset"})");
  EXPECT_EQ(plainFields(kCount), R"({"n":3})");
  EXPECT_EQ(typesText(kCount), R"({"n":"counter"})");
  const std::string nested = stated("{}", R"({"a":{"b":{"$type":"gset","add":[{"x":[1,2]},null,true]},"c":1}})");
  EXPECT_EQ(plainFields(nested), R"({"a":{"b":[null,true,{"x":[1,2]}],"c":1}})");
  EXPECT_EQ(typesText(nested), R"({"a":{"b":"gset"}})");
  EXPECT_EQ(plainFields(R"({"a":1,"b":["$type"]})"), R"({"a":1,"b":["$type"]})");
  EXPECT_EQ(typesText(R"({"a":1})"), "{}");
  EXPECT_EQ(plainFields(stated("{}", R"({"a":{"$type":"orset"}})")), R"({"a":[]})");
  EXPECT_EQ(plainFields(stated("{}", R"({"a":{"$type":"counter"}})")), R"({"a":0})");
}

TEST(FieldTypes, AreChangedByStatements) {
  EXPECT_EQ(plain(kApps, R"({"apps":{"$type":"orset","add":["gimp"],"remove":["vlc","none"]}})"),
            R"({"apps":["firefox","gimp"],"name":"desk"})");
  EXPECT_EQ(plain(kSeen, R"({"seen":{"$type":"gset","add":[2,1]}})"), R"({"seen":[1,2]})");
  EXPECT_EQ(plain(kCount, R"({"n":{"$type":"counter","increment":-5}})"), R"({"n":-2})");
  EXPECT_EQ(plain(kApps, R"({"apps":null})"), R"({"name":"desk"})");
  EXPECT_EQ(plain(kApps, R"({"apps":{"$type":"orset","is":["a"]}})"), R"({"apps":["a"],"name":"desk"})");
}

TEST(FieldTypes, TakePlainValuesAsWhatTheyShallBe) {
  for (Extent extent : {Extent::kPatch, Extent::kWhole}) {
    EXPECT_EQ(plain(kApps, R"({"apps":["vlc","gimp"],"name":"desk"})", extent), R"({"apps":["gimp","vlc"],"name":"desk"})");
    EXPECT_EQ(plain(kCount, R"({"n":10})", extent), R"({"n":10})");
    // What it grew by stays.
    EXPECT_EQ(plain(kSeen, R"({"seen":[5]})", extent), R"({"seen":[1,5]})");
    EXPECT_EQ(stated(kApps, R"({"apps":"none"})", extent), "bad_document");
    EXPECT_EQ(stated(kApps, R"({"apps":{"vlc":true}})", extent), "bad_document");
    EXPECT_EQ(stated(kCount, R"({"n":1.5})", extent), "bad_document");
    EXPECT_EQ(stated(kCount, R"({"n":[1]})", extent), "bad_document");
  }
  EXPECT_EQ(stated(kApps, R"({"apps":null})", Extent::kWhole), "bad_document");
  EXPECT_EQ(plain(kApps, R"({"name":"x"})", Extent::kWhole), R"({"name":"x"})");
  EXPECT_EQ(plain(kApps, R"({"name":"x"})"), R"({"apps":["firefox","vlc"],"name":"x"})");
}

TEST(FieldTypes, CountUnderTheOwnReplicaOnly) {
  const std::string other = R"({"n":{"$type":{"counter":{")" + replica(1).text() + R"(":4}}}})";
  auto out = stateFields(other, json(R"({"n":10})"), Extent::kWhole, kSelf);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(plainFields(out->fields), R"({"n":10})");
  EXPECT_NE(out->fields.find(replica(1).text() + "\":4"), std::string::npos);
  EXPECT_NE(out->fields.find(kMe + "\":6"), std::string::npos);
  // No id is drawn for what counts nothing.
  auto none = stateFields(other, json(R"({"n":{"$type":"counter","increment":0}})"), Extent::kPatch, [] {
    ADD_FAILURE() << "asked for an id";
    return replica(9);
  });
  EXPECT_TRUE(none.ok());
}

TEST(FieldTypes, SayAgainWhatIsAddedOnPurpose) {
  EXPECT_EQ(anew(kApps, R"({"apps":{"$type":"orset","add":["vlc"]}})"),
            std::vector<std::string>{R"(["apps","$type","orset","\"vlc\"",")" + kMe.substr(0, 8) + R"("])"});
  EXPECT_EQ(anew(kApps, R"({"apps":["vlc","firefox"],"name":"desk"})", Extent::kWhole), std::vector<std::string>{});
  EXPECT_EQ(anew(kApps, R"({"apps":{"$type":"orset","remove":["vlc"]}})"), std::vector<std::string>{});
  // Another home's mark goes: this one covers it.
  std::string theirs = kApps;
  for (size_t at = 0; (at = theirs.find(kMe.substr(0, 8))) != theirs.npos;) theirs.replace(at, 8, replica(1).text(), 0, 8);
  EXPECT_EQ(stated(theirs, R"({"apps":{"$type":"orset","add":["vlc"],"remove":["firefox"]}})"),
            R"({"apps":{"$type":{"orset":{"":{")" + replica(1).text().substr(0, 8) + R"(":true},"\"vlc\"":{")" + kMe.substr(0, 8) +
                R"(":true}}}},"name":"desk"})");
}

TEST(FieldTypes, DoNotChangeWhileTheyAreThere) {
  EXPECT_EQ(stated(kApps, R"({"apps":{"$type":"counter","increment":1}})"), "bad_document");
  EXPECT_EQ(whyNot(kApps, R"({"apps":{"$type":"gset","add":[1]}})"),
            "The field [\"apps\"] is a set (orset), so it cannot be written as a set that only grows (gset); remove it first.");
  EXPECT_EQ(whyNot(kApps, R"({"name":{"$type":"orset","add":[1]}})"),
            "The field [\"name\"] has a plain value, so it cannot be written as a set (orset); remove it first.");
  // A PUT takes the place of a plain value.
  EXPECT_EQ(plain(kApps, R"({"name":{"$type":"orset","add":[1]}})", Extent::kWhole), R"({"name":[1]})");
  EXPECT_EQ(plain(R"({"a":5})", R"({"a":{"b":{"$type":"orset","add":[1]}}})"), R"({"a":{"b":[1]}})");
  EXPECT_EQ(plain(R"({"a":{}})", R"({"a":{"b":{"$type":"orset","add":[1]}}})"), R"({"a":{"b":[1]}})");
  EXPECT_EQ(plain(stated("{}", R"({"a":{"b":{"$type":"orset","add":[1]}}})"), R"({"a":7})"), R"({"a":7})");
}

TEST(FieldTypes, RefuseWhatIsNoStatement) {
  for (std::string_view document : {
           R"({"$type":"orset","add":[1]})",
           R"({"a":{"$type":"list"}})",
           R"({"a":{"$type":1}})",
           R"({"a":{"$type":"orset","add":1}})",
           R"({"a":{"$type":"orset","add":[1],"more":1}})",
           R"({"a":{"$type":"orset","add":[1],"remove":[1]}})",
           R"({"a":{"$type":"orset","add":[1],"is":[1]}})",
           R"({"a":{"$type":"gset","remove":[1]}})",
           R"({"a":{"$type":"counter","add":[1]}})",
           R"({"a":{"$type":"counter","increment":1.0}})",
           R"({"a":{"$type":"counter","increment":"1"}})",
           R"({"a":{"$type":"counter","increment":18446744073709551615}})",
           R"({"a":{"$type":"counter","increment":1125899906842625}})",
           R"({"a":{"$type":"orset","\"x\"":true}})",
       }) {
    for (Extent extent : {Extent::kPatch, Extent::kWhole}) EXPECT_EQ(stated("{}", document, extent), "bad_document") << document;
  }
  // Inside an array it is a value like any other.
  EXPECT_EQ(stated("{}", R"({"a":[{"$type":"x"}]})"), R"({"a":[{"$type":"x"}]})");
}

TEST(FieldTypes, KeepToTheirLimits) {
  std::string longest(kMaxElementBytes - 2, 'x');
  EXPECT_EQ(plain("{}", R"({"a":{"$type":"orset","add":[")" + longest + R"("]}})"), R"({"a":[")" + longest + R"("]})");
  EXPECT_EQ(stated("{}", R"({"a":{"$type":"orset","add":[")" + longest + R"(x"]}})"), "bad_document");
  std::string most = R"({"n":{"$type":"counter","increment":1125899906842624}})";
  EXPECT_EQ(plain("{}", most), R"({"n":1125899906842624})");
  EXPECT_EQ(stated(stated("{}", most), R"({"n":{"$type":"counter","increment":1}})"), "bad_document");
  EXPECT_EQ(plain(stated("{}", most), R"({"n":{"$type":"counter","increment":-1}})"), R"({"n":1125899906842623})");
  // The set itself is a leaf too.
  std::string elements;
  for (size_t i = 0; i < kMaxFields - 1; ++i) elements += (i ? "," : "") + std::to_string(i);
  EXPECT_NE(stated("{}", R"({"a":{"$type":"gset","add":[)" + elements + "]}}"), "bad_document");
  EXPECT_EQ(stated("{}", R"({"a":{"$type":"gset","add":[)" + elements + ",-1]}}"), "bad_document");
  // What all members count adds up.
  std::string shares = R"({"n":{"$type":{"counter":{)";
  for (int i = 0; i < 2000; ++i) {
    shares += (i ? ",\"" : "\"") + numbered<ReplicaId>(static_cast<uint8_t>(i / 250), static_cast<uint8_t>(i % 250)).text() + "\":1125899906842624";
  }
  EXPECT_EQ(plainFields(shares + "}}}}"), "{\"n\":" + std::to_string(2000 * kMaxShare) + "}");
}

std::string deep(size_t levels, const std::string& inner) {
  std::string text = inner;
  for (size_t i = 0; i < levels; ++i) text = "{\"a\":" + text + "}";
  return text;
}

TEST(FieldTypes, AreNoDeeperThanWhatTheyShow) {
  auto set = [](const std::string& element) { return R"({"$type":"orset","add":[)" + element + "]}"; };
  // Kept, it is three levels deeper than an array.
  EXPECT_EQ(stated("{}", deep(kMaxDepth - 3, set("1"))), "bad_document");
  for (size_t levels : {size_t{1}, size_t{10}, kMaxDepth - 4}) {
    size_t left = kMaxDepth - levels - 1;  // for the element, below the fields and the array
    for (size_t inner : {left, left + 1}) {
      std::string element = std::string(inner, '[') + std::string(inner, ']');
      std::string kept = stated("{}", deep(levels, set(inner == 0 ? "1" : element)));
      if (inner > left) {
        EXPECT_EQ(kept, "bad_document") << levels << " " << inner;
      } else {
        EXPECT_TRUE(parseJson(plainFields(kept), kMaxDepth).ok()) << levels << " " << inner << " " << kept;
      }
    }
  }
}

TEST(FieldTypes, AreWellFormedWhoeverSendsThem) {
  const std::string id = replica(1).text();
  for (const std::string& fields : std::vector<std::string>{
           R"({"$type":"orset"})",
           R"({"$type":{"orset":{"":{"aaaaaaaa":true}}}})",
           R"({"a":{"$type":"orset"}})",
           R"({"a":{"$type":{}}})",
           R"({"a":{"$type":{"orset":{}}}})",
           R"({"a":{"$type":{"orset":true}}})",
           R"({"a":{"$type":{"list":{"":{"aaaaaaaa":true}}}}})",
           R"({"a":{"$type":{"orset":{"":true}}}})",
           R"({"a":{"$type":{"orset":{"":{"aaaaaaa":true}}}}})",
           R"({"a":{"$type":{"orset":{"":{"aaaaaaa0":true}}}}})",
           R"({"a":{"$type":{"orset":{"":{"aaaaaaaa":1}}}}})",
           R"({"a":{"$type":{"orset":{"":{"aaaaaaaa":{"x":true}}}}}})",
           R"({"a":{"$type":{"orset":{"x":{"aaaaaaaa":true}}}}})",
           R"({"a":{"$type":{"orset":{"1 ":{"aaaaaaaa":true}}}}})",
           R"({"a":{"$type":{"orset":{"{\"b\":1,\"a\":1}":{"aaaaaaaa":true}}}}})",
           R"({"a":{"$type":{"orset":{"\u0000":{"aaaaaaaa":true}}}}})",
           R"({"a":{"$type":{"gset":{"1":{"aaaaaaaa":true}},"orset":{"1":{"aaaaaaaa":true}}}}})",
           R"({"a":{"$type":{"orset":{"1":{"aaaaaaaa":true}}},"b":1}})",
           R"({"a":{"\"":{"$type":{"orset":{"1":{"aaaaaaaa":true}}}},"$type":{"orset":{"1":{"aaaaaaaa":true}}}}})",
           R"({"a":{"$type":{"counter":{")" + id + R"(":true}}}})",
           R"({"a":{"$type":{"counter":{")" + id + R"(":1.0}}}})",
           R"({"a":{"$type":{"counter":{")" + id + R"(":1125899906842625}}}})",
           R"({"a":{"$type":{"counter":{"aaaaaaaa":1}}}})",
       }) {
    EXPECT_FALSE(checkFieldsText(fields).ok()) << fields;
    // Kept all the same by a damaged database, it is shown somehow, as a document.
    EXPECT_TRUE(parseLeaves(plainFields(fields)).ok() || mentionsTypes(plainFields(fields))) << fields;
  }
  EXPECT_TRUE(checkFieldsText(R"({"a":{"$type":{"counter":{")" + id + R"(":-1}}}})").ok());
  EXPECT_TRUE(checkFieldsText(R"({"a":{"$type":{"gset":{"1":{"aaaaaaaa":true},"[1,2.5]":{"aaaaaaaa":true,"bbbbbbbb":true}}}}})").ok());
}

TEST(FieldTypes, AreRestatedWhole) {
  for (const std::string& kept : {kApps, kSeen, kCount}) {
    auto statement = statementOf(kept);
    ASSERT_TRUE(statement.ok());
    auto again = stateFields("{}", *statement, Extent::kWhole, kSelf);
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(plainFields(again->fields), plainFields(kept));
    EXPECT_EQ(typesText(again->fields), typesText(kept));
  }
  // On top of what has moved on.
  auto statement = statementOf(kCount);
  EXPECT_EQ(plain(stated(kCount, R"({"n":50})"), canonicalJson(*statement), Extent::kWhole), R"({"n":3})");
}

}  // namespace
}  // namespace hearthgate::model
