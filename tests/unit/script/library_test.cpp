// The library that scripts find: what is missing, and that it gives the same in every home.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "script/tuning.h"
#include "unit/script/support.h"

namespace hearthgate::script::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class LibraryTest : public RunnerTest {};

TEST_F(LibraryTest, HasWhatTheReadmeSaysAndNothingElse) {
  const char* kNames =
      "local names = {'_G', '_VERSION', 'assert', 'collectgarbage', 'coroutine', 'debug', 'dofile', 'error', 'getmetatable', 'hg', 'io', 'ipairs', "
      "'load', 'loadfile', 'loadstring', 'math', 'next', 'null', 'os', 'package', 'pairs', 'pcall', 'print', 'rawequal', 'rawget', 'rawlen', 'rawset', "
      "'require', 'select', 'setmetatable', 'string', 'table', 'tonumber', 'tostring', 'type', 'utf8', 'warn', 'xpcall'} "
      "local there = hg.list() for _, name in ipairs(names) do if _ENV[name] ~= nil then there[#there + 1] = name end end return {there = there}, 'r'";
  EXPECT_EQ(tell(kNames), R"({"there":["assert","error","hg","ipairs","math","next","null","pairs","pcall","rawequal","rawlen","select","string",)"
                          R"("table","tonumber","tostring","type","utf8"]})");
  EXPECT_EQ(tell("local there = hg.list() for _, name in ipairs({'dump', 'pack', 'unpack', 'packsize'}) do there[#there + 1] = string[name] end "
                 "return {there = there, m = table.move == nil, r = math.random == nil, s = ('x').dump == nil}, 'r'"),
            R"({"m":true,"r":true,"s":true,"there":[]})");
}

TEST_F(LibraryTest, PairsGoesThroughNumbersThenTextsThenBooleans) {
  EXPECT_EQ(tell("local t = {z = 1, a = 1, [true] = 1, [10] = 1, [-3] = 1, [2.5] = 1, [1] = 1, ['10'] = 1, [false] = 1, ['ä'] = 1, ['a\\0'] = 1} "
                 "local order = {} for k in pairs(t) do order[#order + 1] = type(k):sub(1, 1) .. tostring(k) end return {order = order}, 'r'"),
            "{\"order\":[\"n-3\",\"n1\",\"n2.5\",\"n10\",\"s10\",\"sa\",\"sa\\u0000\",\"sz\",\"sä\",\"bfalse\",\"btrue\"]}");
  EXPECT_EQ(tell("local t = {b = 1, a = 2, c = 3} local order, k = {}, nil repeat k = next(t, k) order[#order + 1] = k until not k "
                 "return {order = order, empty = next({}) == nil, first = select(2, next(t))}, 'r'"),
            R"({"empty":true,"first":2,"order":["a","b","c"]})");
}

TEST_F(LibraryTest, PairsStandsChangesOnTheWay) {
  EXPECT_EQ(tell("local t = {a = 1, b = 2, c = 3} local seen = {} for k, v in pairs(t) do t.b = nil t.z = 1 t[k] = nil seen[#seen + 1] = k end "
                 "return {seen = seen, left = next(t)}, 'r'"),
            R"({"left":"z","seen":["a","c"]})");
}

TEST_F(LibraryTest, NothingTellsAnAddress) {
  EXPECT_EQ(tell("local f, t = function() end, {} return {a = tostring(t), b = tostring(f), c = tostring(error), d = string.format('%s %10s|%-9s', t, f, null), "
                 "e = tostring(hg)}, 'r'"),
            R"({"a":"table","b":"function","c":"function","d":"table   function|null     ","e":"table"})");
  EXPECT_EQ(tell("local order = {} for i = 1, 20 do order[i] = tostring({}) end local first = order[1] "
                 "for i = 1, 20 do if order[i] ~= first then return nil, 'differs' end end return {}, 'r'"),
            "{}");
}

TEST_F(LibraryTest, NanIsWrittenTheSameOnEveryProcessor) {
  EXPECT_EQ(tell("return {a = tostring(0/0), b = tostring(-(0/0)), c = string.format('%f %g %s', 0/0, -(0/0), 0/0)}, 'r'"),
            R"({"a":"nan","b":"nan","c":"nan nan nan"})");
}

TEST_F(LibraryTest, FormatIsOtherwiseLuas) {
  EXPECT_EQ(tell("return {a = string.format('%5.2f|%d|%x|%q|%%|%c|%i|%s|%s|%s', 3.14159, 42, 255, 'a\\n', 65, 7, 'x', 1.5, true)}, 'r'"),
            R"({"a":" 3.14|42|ff|\"a\\\n\"|%|A|7|x|1.5|true"})");
  EXPECT_THAT(tell("return {a = string.format('%d', 'x')}, 'r'"), StartsWith("script_failed: "));
}

TEST_F(LibraryTest, SortingKeepsWhatIsEqualInItsOrder) {
  EXPECT_EQ(tell("local t = {} for i = 1, 300 do t[i] = {i % 3, i} end table.sort(t, function(a, b) return a[1] < b[1] end) "
                 "for i = 2, 300 do local a, b = t[i - 1], t[i] if a[1] > b[1] or (a[1] == b[1] and a[2] > b[2]) then return nil, 'at ' .. i end end "
                 "local n = {} for i = 1, 1000 do n[i] = (i * 7919) % 1000 end table.sort(n) for i = 2, 1000 do if n[i - 1] > n[i] then return nil, 'n' end end "
                 "table.sort(n, function(a, b) return true end) local s = {'b', 'a', 'c'} table.sort(s) return {s = s}, 'r'"),
            R"({"s":["a","b","c"]})");
}

TEST_F(LibraryTest, NothingStaysFromOneConflictToTheNext) {
  const Script counting = scriptWith("n = n + 1 seen = (seen or 0) + 1 own = own + 1 return {n = n, seen = seen, own = own}, 'r'", "n = 0 local own = 0");
  const std::vector<Case> cases(1000, lamp());
  for (const Outcome& outcome : runner.run(counting, cases)) EXPECT_EQ(told(outcome), R"({"n":1,"own":1,"seen":1})");
}

TEST_F(LibraryTest, AScriptCannotChangeWhatAnotherConflictFinds) {
  const Script changing = scriptWith("pcall(function() string.rep = nil end) pcall(function() hg.get = nil end) string = nil table = {} pairs = ipairs "
                                     "return {a = 1}, ('x'):rep(3)");
  const std::vector<Case> cases(50, lamp());
  for (const Outcome& outcome : runner.run(changing, cases)) EXPECT_EQ(outcome, Outcome(Resolved{R"({"a":1})", "xxx"}));
}

TEST_F(LibraryTest, NoFunctionTakesAwayWhatGuardsALibrary) {
  const Script attacking = scriptWith("local before = string.mine pcall(hg.list, string) pcall(hg.list, hg) pcall(table.insert, string, 1) "
                                      "pcall(table.sort, string, function() string.mine = 1 end) pcall(hg.set, string, 'mine', 1) "
                                      "pcall(function() string.mine = 1 end) return {was = before == nil, is = string.mine == nil, n = #string}, 'r'");
  const std::vector<Case> cases(20, lamp());
  for (const Outcome& outcome : runner.run(attacking, cases)) EXPECT_EQ(told(outcome), R"({"is":true,"n":0,"was":true})");
  for (const char* result : {"string", "hg", "_ENV", "{a = math}"}) EXPECT_THAT(tell(std::string("return ") + result + ", 'r'"), HasSubstr("is a library"));
}

TEST_F(LibraryTest, TheSameComesOutOfEveryWorker) {
  const std::string body =
      "local t = {} for i = 1, 200 do t['key' .. (i * 7919) % 1000] = i end local parts = {} "
      "for k, v in pairs(t) do parts[#parts + 1] = k .. '=' .. v end "
      "return {text = table.concat(parts, ','), number = 0.1 + 0.2, third = 1 / 3, big = 2 ^ 70, name = tostring(c) .. tostring(pairs)}, 'r'";
  const std::string first = tell(body);
  EXPECT_THAT(first, HasSubstr("0.30000000000000004"));
  for (int i = 0; i < 5; ++i) {
    runner.endIdleWorkers();
    EXPECT_EQ(tell(body), first);
  }
}

// Where keys lie in a table depends on a seed that Lua draws from addresses, which differ in every process.
TEST_F(LibraryTest, LengthsOfListsWithGapsAreTheSameInEveryWorker) {
  std::string body = "local t, seen = {}, {}\n";
  for (unsigned i = 0, draw = 1; i < 400; ++i) {
    draw = draw * 1103515245 + 12345;
    const unsigned what = draw >> 16;
    body += "t[" + (what % 3 == 0 ? "'key" + std::to_string(what / 3 % 40) + "'" : std::to_string(what / 3 % 20 + 1)) +
            (what / 60 % 3 == 0 ? "] = nil" : "] = 1") + " seen[#seen + 1] = #t\n";
  }
  const std::string first = tell(body + "return {seen = seen}, 'r'");
  EXPECT_THAT(first, StartsWith("{\"seen\":["));
  if (kSanitized) return;  // They keep the clock by which the seed is found.
  for (int i = 0; i < 8; ++i) {
    runner.endIdleWorkers();
    EXPECT_EQ(tell(body + "return {seen = seen}, 'r'"), first);
  }
}

TEST_F(LibraryTest, PcallGivesWhatHappened) {
  EXPECT_EQ(tell("local ok, why = pcall(error, 'x', 0) local yes, a, b = pcall(function() return 1, 2 end) return {ok = ok, why = why, yes = yes, a = a, b = b}, 'r'"),
            R"({"a":1,"b":2,"ok":false,"why":"x","yes":true})");
}

TEST_F(LibraryTest, HelpersGiveWhatTheReadmeSays) {
  EXPECT_EQ(tell("local f = hg.set({}, 'a.b\\\\.c', 1) hg.set(f, 'x.y', 2) hg.set(f, 'x.y', nil) hg.set(f, 'p.q', nil) "
                 "return {f = f, g = hg.get(f, hg.path('a', 'b.c')), paths = hg.paths(f)}, 'r'"),
            R"({"f":{"a":{"b.c":1},"x":{}},"g":1,"paths":["a.b\\.c","x"]})");
  EXPECT_EQ(tell("local f = {a = {1, 2}, b = 1, c = {['d\\\\'] = {['.'] = 3}}, [''] = {[''] = 4}} return {a = hg.get(f, 'a.1') == nil, "
                 "b = hg.get(f, 'b.x') == nil, c = hg.get(f, 'c.d\\\\\\\\.\\\\.'), d = hg.get(f, '.'), e = select('#', hg.get(f, 'zz')), f = hg.get(f, 'a')}, 'r'"),
            R"({"a":true,"b":true,"c":3,"d":4,"e":1,"f":[1,2]})");
  EXPECT_EQ(tell("return {a = hg.clamp(5, 1, 3), b = hg.round(2.345, 2), c = hg.round(2.5), d = hg.average({1, 2}), e = hg.hour_utc(1700000000000), "
                 "f = hg.minute_of_day(1700000000000, 60), g = hg.weekday(1700000000000), h = hg.weekday(0), i = hg.within(1380, '22:30', '06:30'), "
                 "j = hg.within(390, '22:30', '06:30'), k = hg.within(600, '09:00', '17:00')}, 'r'"),
            R"({"a":3,"b":2.35,"c":3,"d":1.5,"e":22,"f":1393,"g":2,"h":4,"i":true,"j":false,"k":true})");
  EXPECT_EQ(tell("return {a = hg.equal({1, {x = 2}}, {1, {x = 2}}), b = hg.equal({1}, {1, 2}), c = hg.equal(1, 1.0), d = hg.equal({}, hg.list()), "
                 "e = hg.json({b = 1, a = {1, null}}), f = hg.is_list({}), g = hg.is_list({1})}, 'r'"),
            R"({"a":true,"b":false,"c":false,"d":false,"e":"{\"a\":[1,null],\"b\":1}","f":false,"g":true})");
}

TEST_F(LibraryTest, MergeTakesWhatEachAloneChangedAndTheNewestOfClashes) {
  const Case what = caseOf({version(R"({"a":1,"b":2,"c":{"d":9},"same":0})", 2000, {"b", "c.d"}),
                            version(R"({"a":5,"b":7,"c":{"d":1},"new":{"x":1},"same":0})", 1000, {"a", "b", "new.x"}),
                            version(R"({"a":1,"b":1,"c":{"d":1}})", 500, {"same"})});
  EXPECT_EQ(tell("return hg.merge(c), 'r'", what), R"({"a":5,"b":2,"c":{"d":9},"new":{"x":1}})");
  EXPECT_EQ(tell("return hg.merge(c, hg.oldest(c)), 'r'", what), R"({"a":5,"b":2,"c":{"d":9},"new":{"x":1}})");
  EXPECT_EQ(tell("return {l = hg.list(hg.clashes(c))}, 'r'", what), R"({"l":["b"]})");
}

TEST_F(LibraryTest, DeletedVersionsCountOnlyWhenAllAre) {
  Case what = caseOf({version("{}", 3000), version(R"({"a":1})", 1000, {"a"})});
  what.versions[0].deleted = true;
  EXPECT_EQ(tell("return hg.newest(c).fields, 'r'", what), R"({"a":1})");
  what.versions[1].deleted = true;
  EXPECT_EQ(tell("return {t = hg.newest(c).time}, 'r'", what), R"({"t":3000})");
}

}  // namespace
}  // namespace hearthgate::script::testing
