// Which addresses of a home are kept when it tells where it is now.
#include <gtest/gtest.h>

#include "sync/link_hub_impl.h"

namespace hearthgate::sync {
namespace {

using Addresses = std::vector<store::PeerAddress>;

std::string line(const Addresses& addresses) {
  std::string text;
  for (const auto& one : addresses) text += (text.empty() ? "" : " ") + one.address;
  return text;
}

TEST(AddressesAfterHello, HoldWhatIsToldNowHoweverManyWereToldBefore) {
  Addresses known;
  for (int day = 0; day < 50; ++day) {
    std::string today = "192.0.2." + std::to_string(day) + ":8765";
    known = addressesAfterHello(std::move(known), {today}, 1000 + day);
    EXPECT_EQ(known.front().address, today);
    known.front().last_ok_ms = 1000 + day;  // it was dialled and answered
  }
  ASSERT_EQ(known.size(), kMaxAddresses);
  EXPECT_EQ(known.back().address, "192.0.2.42:8765") << "of the former ones the latest that worked";
}

TEST(AddressesAfterHello, KeepWhatAPersonGaveAndWhatWorked) {
  Addresses known{{"192.0.2.1:1", "hand", std::nullopt}, {"192.0.2.2:2", "told", 5}, {"192.0.2.3:3", "told", std::nullopt}};
  EXPECT_EQ(line(addressesAfterHello(known, {"192.0.2.4:4", "192.0.2.1:1", "no address"}, 10)),
            "192.0.2.1:1 192.0.2.4:4 192.0.2.2:2");
  EXPECT_EQ(line(addressesAfterHello(known, {}, 10)), "192.0.2.1:1 192.0.2.2:2");
  Addresses told = addressesAfterHello(known, {"192.0.2.2:2"}, 10);
  EXPECT_EQ(told.back().last_ok_ms, 5);
}

TEST(AddressesAfterHello, ForgetWhatWorkedLongAgo) {
  Addresses known{{"192.0.2.1:1", "hand", 5}, {"192.0.2.2:2", "found", 5}, {"192.0.2.3:3", "told", 6}};
  EXPECT_EQ(line(addressesAfterHello(known, {"192.0.2.4:4"}, kHintMs + 5)), "192.0.2.1:1 192.0.2.4:4 192.0.2.3:3 192.0.2.2:2");
  EXPECT_EQ(line(addressesAfterHello(known, {"192.0.2.4:4"}, kHintMs + 6)), "192.0.2.1:1 192.0.2.4:4 192.0.2.3:3");
  EXPECT_EQ(line(addressesAfterHello(known, {"192.0.2.4:4"}, kHintMs + 7)), "192.0.2.1:1 192.0.2.4:4");
}

}  // namespace
}  // namespace hearthgate::sync
