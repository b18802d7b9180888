// Owners, addresses, ids, kinds and patterns.
#include "model/address.h"

#include <gtest/gtest.h>

#include <unordered_set>

#include "base/utf8.h"
#include "unit/model/histories.h"

namespace hearthgate::model {
namespace {

using std::string_view_literals::operator""sv;

TEST(OwnerId, IsAHomeOf52Letters) {
  OwnerId owner(home(5));
  EXPECT_EQ(owner.text().size(), 52u);
  EXPECT_EQ(OwnerId::parse(owner.text()), owner);
  EXPECT_FALSE(owner.isCircle());
  EXPECT_TRUE(owner.isHome(home(5)));
  EXPECT_FALSE(owner.isHome(home(6)));
  EXPECT_EQ(owner.home(), home(5));
  EXPECT_EQ(owner.raw().size(), 32u);
  EXPECT_EQ(OwnerId::fromBytes(owner.raw()), owner);
}

TEST(OwnerId, IsACircleOfTheLetterCAnd26) {
  auto circle = OwnerId::fromBytes(std::string(16, '\x55'));
  ASSERT_TRUE(circle);
  EXPECT_TRUE(circle->isCircle());
  EXPECT_EQ(circle->text().size(), 27u);
  EXPECT_EQ(circle->text()[0], 'c');
  EXPECT_EQ(OwnerId::parse(circle->text()), circle);
  EXPECT_EQ(circle->raw(), std::string(16, '\x55'));
  // A circle is not the home whose id begins with the same bytes.
  HomeId same{};
  std::copy(circle->raw().begin(), circle->raw().end(), same.bytes.begin());
  EXPECT_FALSE(circle->isHome(same));
  EXPECT_NE(*circle, OwnerId(same));
  EXPECT_NE(circle->text(), OwnerId(same).text());
}

TEST(OwnerId, RefusesWhatIsNeither) {
  std::string home_text = OwnerId(home(5)).text();
  std::string circle_text = OwnerId::fromBytes(std::string(16, 'x'))->text();
  for (const std::string& text :
       {std::string(), std::string("c"), home_text.substr(1), home_text + "a", "c" + home_text, circle_text.substr(1),
        circle_text + "a", std::string(52, 'A'), std::string(52, '1'), std::string(52, '='),
        "C" + circle_text.substr(1), home_text.substr(0, 26) + "-" + home_text.substr(27),
        // Bits beyond the last byte: a second text of the same id.
        home_text.substr(0, 51) + "b", circle_text.substr(0, 26) + "b"}) {
    EXPECT_FALSE(OwnerId::parse(text)) << text;
  }
  for (size_t size : {0, 15, 17, 31, 33}) EXPECT_FALSE(OwnerId::fromBytes(std::string(size, 'x')));
}

TEST(Address, IsIdAtOwner) {
  Address a = address("light.kitchen");
  EXPECT_EQ(a.text(), "light.kitchen@" + a.owner.text());
  std::unordered_set<Address> set = {a, a, address("light.hall"), {OwnerId(home(2)), "light.kitchen"}};
  EXPECT_EQ(set.size(), 3u);
}

TEST(EntityId, HasTwoPartsOfPlainLetters) {
  for (std::string_view id :
       {"light.kitchen", "a.b", "_._", "0.-", "poi.aa:bb:cc", "a.b.c", "a..", "a.:", "poi.settings.x-1"}) {
    EXPECT_TRUE(checkEntityId(id).ok()) << id;
  }
  for (std::string_view id : {""sv,      "."sv,     "a."sv,    ".b"sv,         "a"sv,          "A.b"sv,   "a.B"sv,
                              "a b.c"sv, "a.b c"sv, "a-b.c"sv, "a:b.c"sv,      "a.b@c"sv,      "a.b/c"sv, "a.b*"sv,
                              "a.?"sv,   "a.b\0"sv, "a.b\n"sv, "\xC3\xA9.b"sv, "a.\xC3\xA9"sv, "a.b%20"sv}) {
    auto status = checkEntityId(id);
    ASSERT_FALSE(status.ok()) << id;
    EXPECT_EQ(status.error().code, "bad_id");
  }
  EXPECT_TRUE(checkEntityId("a." + std::string(253, 'b')).ok());
  EXPECT_FALSE(checkEntityId("a." + std::string(254, 'b')).ok());
}

TEST(Kind, BeginsWithALetterAndHas64AtMost) {
  for (std::string_view kind : {"state", "poi.settings", "a", "a_1.", "x9"}) EXPECT_TRUE(checkKind(kind).ok()) << kind;
  for (std::string_view kind : {""sv, "1a"sv, "_a"sv, ".a"sv, "A"sv, "a-b"sv, "a b"sv, "a\0"sv, "a:"sv, "\xC3\xA9"sv}) {
    auto status = checkKind(kind);
    ASSERT_FALSE(status.ok()) << kind;
    EXPECT_EQ(status.error().code, "bad_document");
  }
  EXPECT_TRUE(checkKind(std::string(64, 'a')).ok());
  EXPECT_FALSE(checkKind(std::string(65, 'a')).ok());
}

TEST(Pattern, IsAnIdOrHasStarsAndQuestionMarks) {
  for (std::string_view pattern : {"*", "?", "light.*", "*.kitchen", "a.?b", "light.kitchen", "**"}) {
    EXPECT_TRUE(checkPattern(pattern).ok()) << pattern;
  }
  for (std::string_view pattern : {"", "light", "Light.*", "* ", "a.[bc]*", "a.{b}?", "*@x", "a\\*"}) {
    auto status = checkPattern(pattern);
    ASSERT_FALSE(status.ok()) << pattern;
    EXPECT_EQ(status.error().code, "bad_id");
  }
  EXPECT_TRUE(checkPattern("*" + std::string(254, 'b')).ok());
  EXPECT_FALSE(checkPattern("*" + std::string(255, 'b')).ok());
}

// The message is sent as JSON and shown to people.
TEST(EntityId, IsRepeatedInMessagesOnlyAsReadableText) {
  for (const auto& status :
       {checkEntityId("\xFF\x1b[0m"), checkKind("\xFF" + std::string(1'000'000, 'x')), checkPattern("*\xFF\n")}) {
    ASSERT_FALSE(status.ok());
    EXPECT_TRUE(isUtf8(status.error().message));
    EXPECT_LT(status.error().message.size(), 600u);
    EXPECT_EQ(status.error().message.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace hearthgate::model
