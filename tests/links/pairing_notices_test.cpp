// What a person is told before agreeing to a pairing, and why one did not come about: on both sides.
#include "links/running_home.h"

namespace hearthgate::testing {
namespace {

constexpr int64_t kHourMs = 3'600'000;

class PairingNotices : public TwoRunningHomes {
 protected:
  static std::vector<std::string> codes(RunningHome& home) {
    std::vector<std::string> codes;
    for (const auto& notice : home.hub().pairing().notices) codes.push_back(notice.code);
    return codes;
  }
  static std::string reason(RunningHome& home) {
    auto view = home.hub().pairing();
    return view.state == "failed" && view.error ? view.error->message : view.state;
  }
};

TEST_F(PairingNotices, ThereAreNoneOfAnUnknownHomeWithARightClock) {
  ASSERT_NO_FATAL_FAILURE(askBoth(beach, city, beach.address()));
  EXPECT_TRUE(codes(beach).empty());
  EXPECT_TRUE(codes(city).empty());
  ASSERT_TRUE(beach.hub().pairing().clock_offset_ms);
}

TEST_F(PairingNotices, AClockThatIsFarOffIsNamedOnBothSides) {
  city.clock.putForward(3 * kHourMs);
  ASSERT_NO_FATAL_FAILURE(askBoth(beach, city, beach.address()));
  EXPECT_EQ(codes(beach), std::vector<std::string>{"clock_differs"});
  EXPECT_EQ(codes(city), std::vector<std::string>{"clock_differs"});
  EXPECT_NEAR(static_cast<double>(*beach.hub().pairing().clock_offset_ms), 3.0 * kHourMs, 30'000);
  EXPECT_NEAR(static_cast<double>(*city.hub().pairing().clock_offset_ms), -3.0 * kHourMs, 30'000);
  EXPECT_NE(beach.hub().pairing().notices[0].detail.find("3 hours ahead"), std::string::npos);
  EXPECT_NE(city.hub().pairing().notices[0].detail.find("3 hours behind"), std::string::npos);
  // It is no hindrance.
  EXPECT_TRUE(city.hub().confirmPairing().ok());
  EXPECT_TRUE(beach.hub().confirmPairing().ok());
  EXPECT_TRUE(eventually([&] { return city.hub().pairing().state == "done" && beach.hub().pairing().state == "done"; }));
}

TEST_F(PairingNotices, AKnownHomeIsCalledByItsName) {
  pairHomes(beach, city);
  ASSERT_TRUE(beach.hub().edit(city.id(), std::nullopt, "Flat").ok());
  ASSERT_NO_FATAL_FAILURE(askBoth(beach, city, beach.address()));
  EXPECT_EQ(codes(beach), std::vector<std::string>{"known_home"});
  EXPECT_EQ(codes(city), std::vector<std::string>{"known_home"});
  EXPECT_NE(beach.hub().pairing().notices[0].detail.find("as Flat."), std::string::npos);
}

TEST_F(PairingNotices, WhoDidNotAgreeInTimeIsNamedOnBothSides) {
  ASSERT_NO_FATAL_FAILURE(askBoth(beach, city, beach.address()));
  EXPECT_TRUE(city.hub().confirmPairing().ok());
  beach.clock.putForward(121'000);
  EXPECT_TRUE(eventually([&] { return reason(beach) == "nobody agreed at this home within two minutes"; })) << reason(beach);
  EXPECT_TRUE(eventually([&] { return reason(city) == "nobody agreed at the other home within two minutes"; })) << reason(city);
}

TEST_F(PairingNotices, ANewCodeEndsThePairingWithAWordToTheOtherSide) {
  ASSERT_NO_FATAL_FAILURE(askBoth(beach, city, beach.address()));
  ASSERT_TRUE(beach.hub().openPairing(300, false).ok());
  EXPECT_TRUE(eventually([&] { return reason(city).starts_with("The other home ended the pairing: a new code was opened there"); }))
      << reason(city);
}

}  // namespace
}  // namespace hearthgate::testing
