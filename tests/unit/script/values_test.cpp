// What a script sees of JSON, and what JSON becomes of what it returns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/script/support.h"

namespace hearthgate::script::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ValuesTest : public RunnerTest {
 protected:
  // The fields as a script gives them back untouched.
  std::string roundTrip(const std::string& fields) { return tell("return c.versions[1].fields, 'r'", caseOf({version(fields, 1), version("{}", 2)})); }
  std::string copied(const std::string& fields) { return tell("return hg.copy(c.versions[1].fields), 'r'", caseOf({version(fields, 1), version("{}", 2)})); }
};

TEST_F(ValuesTest, EveryValueComesBackAsItWas) {
  for (const char* fields :
       {R"({})", R"({"a":[]})", R"({"a":{}})", R"({"a":[[],{},[{}]]})", R"({"a":null})", R"({"a":[null,null]})", R"({"a":true,"b":false})",
        R"({"a":9223372036854775807,"b":-9223372036854775808})", R"({"a":9223372036854775808,"b":18446744073709551615})",
        R"({"a":1,"b":1.0})", R"({"a":0.1,"b":1e+300,"c":5e-324,"d":1.7976931348623157e+308,"e":-0.0})", R"({"a":123456789012345680.0})",
        R"({"a":"\"\\\b\f\n\r\t\u0000\u001f/ü€😀"})", R"({"":{"":1},"a.b":2,"a\\":3})", R"({"1":1,"2":2})", R"({"a":[1,"x",true,null,{"b":[2]}]})"}) {
    EXPECT_EQ(roundTrip(fields), fields);
    EXPECT_EQ(copied(fields), fields);
  }
}

TEST_F(ValuesTest, ThirtyTwoLevelsAreEnoughAndNoMore) {
  std::string deep = "1";
  for (int i = 0; i < 32; ++i) deep = "{\"a\":" + deep + "}";
  EXPECT_EQ(roundTrip(deep), deep);
  EXPECT_THAT(tell("return {a = c.versions[1].fields}, 'r'", caseOf({version(deep, 1), version("{}", 2)})), StartsWith("bad_result: "));
}

TEST_F(ValuesTest, NumbersAreWholeOrNotAsTheyWere) {
  const Case what = caseOf({version(R"({"i":3,"d":3.0})", 1), version("{}", 2)});
  EXPECT_EQ(tell("local f = c.versions[1].fields return {a = f.i + 1, b = f.d + 1, c = f.i / 2, d = f.i // 2, e = math.type(f.d)}, 'r'", what),
            R"({"a":4,"b":4.0,"c":1.5,"d":1,"e":"float"})");
}

TEST_F(ValuesTest, LargeWholeNumbersAreComparedAndNotCalculatedWith) {
  const Case what = caseOf({version(R"({"a":9223372036854775808,"b":18446744073709551615,"c":9223372036854775808})", 1), version("{}", 2)});
  EXPECT_EQ(tell("local f = c.versions[1].fields return {a = f.a < f.b, b = f.a > 1, c = f.a == f.c, d = f.b > math.huge, e = f.a <= 1e300, "
                 "f = tostring(f.b), g = string.format('%s', f.a)}, 'r'", what),
            R"({"a":true,"b":true,"c":true,"d":false,"e":true,"f":"18446744073709551615","g":"9223372036854775808"})");
  EXPECT_THAT(tell("return {a = c.versions[1].fields.a + 1}, 'r'", what), StartsWith("script_failed: "));
  EXPECT_THAT(tell("return {a = c.versions[1].fields.a < 'x'}, 'r'", what), HasSubstr("compare"));
}

TEST_F(ValuesTest, NullIsAValueOfItsOwn) {
  const Case what = caseOf({version(R"({"a":null})", 1), version("{}", 2)});
  EXPECT_EQ(tell("local f = c.versions[1].fields return {a = f.a == null, b = f.b == nil, c = f.a ~= nil, d = tostring(f.a), e = null}, 'r'", what),
            R"({"a":true,"b":true,"c":true,"d":"null","e":null})");
}

TEST_F(ValuesTest, EmptyListsAndObjectsStayApart) {
  EXPECT_EQ(tell("return {a = {}, b = hg.list(), c = hg.list({}), d = {hg.list()}}, 'r'"), R"({"a":{},"b":[],"c":[],"d":[[]]})");
  const Case what = caseOf({version(R"({"l":[1]})", 1), version("{}", 2)});
  EXPECT_EQ(tell("local f = c.versions[1].fields table.remove(f.l) return f, 'r'", what), R"({"l":[]})");
  EXPECT_THAT(tell("local f = c.versions[1].fields f.l.x = 1 return f, 'r'", what), HasSubstr("'l' mixes a list and an object"));
}

TEST_F(ValuesTest, WhatIsWrongIsNamedByItsPlace) {
  EXPECT_THAT(tell("return {a = {b = {1, 0/0}}}, 'r'"), HasSubstr("its result at 'a.b' is no finite number"));
  EXPECT_THAT(tell("return {a = function() end}, 'r'"), HasSubstr("'a' is a function, which no field can be"));
  EXPECT_THAT(tell("local t = {} t.t = t return {a = t}, 'r'"), HasSubstr("'a.t' holds itself"));
  EXPECT_THAT(tell("return {}"), HasSubstr("returned fields without a reason"));
}

TEST_F(ValuesTest, AValueMayStandInSeveralPlaces) {
  EXPECT_EQ(tell("local t = {1} return {a = t, b = t, c = {t, t}}, 'r'"), R"({"a":[1],"b":[1],"c":[[1],[1]]})");
}

TEST_F(ValuesTest, KeysAreWrittenInTheirOrder) {
  EXPECT_EQ(tell("return {b = 1, a = 2, ['ä'] = 3, ['a\\0'] = 4, A = 5}, 'r'"), "{\"A\":5,\"a\":2,\"a\\u0000\":4,\"b\":1,\"ä\":3}");
}

TEST_F(ValuesTest, TheCaseHasAllThatTheReadmeNames) {
  Case what = caseOf({version(R"({"v":1})", 1'700'000'000'123, {"v", "w\\.x"}, "Beach house"), version("{}", 2)});
  what.versions[0].owner = true;
  what.versions[1].deleted = true;
  what.versions[1].trusted = false;
  EXPECT_EQ(tell("local v, w = c.versions[1], c.versions[2] return {id = c.entity.id, kind = c.entity.kind, owner = c.entity.owner, "
                 "address = c.entity.address, author = v.author, name = v.author_name, time = v.time, trusted = v.trusted, deleted = v.deleted, "
                 "mine = v.owner, changed = v.changed['w\\\\.x'], other = {w.trusted, w.deleted, w.owner, w.author_name == nil, #c.versions}}, 'r'", what),
            R"({"address":"light.kitchen@beach","author":"home1700000000123","changed":true,"deleted":false,"id":"light.kitchen","kind":"state",)"
            R"("mine":true,"name":"Beach house","other":[false,true,false,true,2],"owner":"beach","time":1700000000123,"trusted":true})");
}

TEST_F(ValuesTest, ReasonsAreCutAtACharacterAndFitToBeShown) {
  const Outcome outcome = decide(scriptWith("return {}, ('ü'):rep(400) .. '\\27[2J'"));
  EXPECT_EQ(std::get<Resolved>(outcome).reason.size(), 500u);
  EXPECT_EQ(tell("return nil, 'a\\27[31mb\\0'"), "declined: a\xEF\xBF\xBD[31mb\xEF\xBF\xBD");
}

}  // namespace
}  // namespace hearthgate::script::testing
