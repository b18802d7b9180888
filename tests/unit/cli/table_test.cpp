#include "cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/json_view.h"

namespace hearthgate::cli {
namespace {

TEST(Table, AlignsColumns) {
  Table table({"A", "BB"});
  table.add({"äöü", "1"});
  table.add({"x", "2"});
  std::ostringstream out;
  table.print(out, "nothing");
  EXPECT_EQ(out.str(), "A    BB\näöü  1\nx    2\n");
}

TEST(Table, SaysThatThereIsNothing) {
  std::ostringstream out;
  Table({"A"}).print(out, "nothing");
  EXPECT_EQ(out.str(), "nothing\n");
}

TEST(Table, FitsEightyColumns) {
  Table table({"ENTITY", "KIND", "FIELDS"});
  table.add({std::string(60, 'e'), "state", std::string(500, 'f')});
  table.add({"a.b", "state", "ü" + std::string(300, 'g')});
  std::ostringstream out;
  table.print(out, "");
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width(line), 80u) << line;
  EXPECT_THAT(out.str(), testing::HasSubstr("…"));
  EXPECT_THAT(out.str(), testing::HasSubstr("state"));
}

TEST(Table, CutsOnlyColumnsThatGiveWay) {
  Table table({"WHEN", "FIELDS"}, {0});
  table.add({std::string(50, 'w'), std::string(300, 'f')});
  std::ostringstream out;
  table.print(out, "");
  EXPECT_THAT(out.str(), testing::HasSubstr(std::string(50, 'w') + "  " + std::string(27, 'f') + "…\n"));
}

TEST(Fit, CutsBetweenCharacters) {
  EXPECT_EQ(fit("äöü", 3), "äöü");
  EXPECT_EQ(fit("äöüß", 3), "äö…");
  EXPECT_EQ(fit("", 3), "");
}

TEST(Fit, CountsWideCharactersTwiceAndMarksNotAtAll) {
  EXPECT_EQ(width("客厅"), 4u);
  EXPECT_EQ(width("🏠"), 2u);
  EXPECT_EQ(width("e\u0301"), 1u);
  EXPECT_EQ(fit("客厅灯", 6), "客厅灯");
  EXPECT_EQ(fit("客厅灯", 5), "客厅…");
  EXPECT_EQ(fit("客厅灯", 4), "客…");
  Table table({"HOME", "FIELDS"});
  table.add({"客厅", std::string(90, 'f')});
  std::ostringstream out;
  table.print(out, "");
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width(line), 80u) << line;
}

TEST(Safe, TakesTheTeethOutOfTerminalEscapes) {
  EXPECT_EQ(safe("a\x1b[31mb\r\n\x07"), "a�[31mb���");
  EXPECT_EQ(readable(Json("x\x1b]0;title\x07")), "x�]0;title�");
  EXPECT_EQ(fieldsLine(boost::json::parse(R"({"k":"\u001b[2J","n":[1,"\u202e"]})")).find('\x1b'), std::string::npos);
}

TEST(JsonView, ReadsNothingFromOddShapes) {
  Json odd = boost::json::parse(R"({"a":1,"b":"x","c":[1],"big":1e300})");
  EXPECT_EQ(textAt(odd, "a"), "");
  EXPECT_EQ(textAt(Json(5), "a"), "");
  EXPECT_EQ(numberAt(odd, "b"), 0);
  EXPECT_EQ(numberAt(odd, "big"), 0);
  EXPECT_FALSE(flagAt(odd, "a"));
  EXPECT_TRUE(itemsAt(odd, "a").empty());
  EXPECT_EQ(itemsAt(odd, "c").size(), 1u);
}

}  // namespace
}  // namespace hearthgate::cli
