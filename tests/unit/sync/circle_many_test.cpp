// Figures of a large circle (issue "Circles"): real replicators, a network in memory.
#include "circle_fixture.h"

namespace hearthgate::sync {
namespace {

constexpr size_t kMembers = 50;

class ManyMembers : public CircleTest {
 protected:
  ManyMembers() : CircleTest(kMembers) {
    std::vector<size_t> others;
    for (size_t n = 1; n < kMembers; ++n) others.push_back(n);
    circle = homes.found(0, others);
    homes.linkAll();
    EXPECT_TRUE(homes.pass(60'000));
  }
};

TEST_F(ManyMembers, GetAChangeInTwoExchangesAndSendItSeldom) {
  EXPECT_EQ(members(17).size(), kMembers);
  size_t exchanges = 0;
  size_t sent = versionsSent([&] {
    EXPECT_EQ(put(17, "theme.x", R"({"v":1})"), "ok");
    // All that is on its way at the same time is one flight; an exchange is one there and one back.
    for (bool everywhere = false; !everywhere && exchanges < 10; ++exchanges) {
      for (int flight = 0; flight < 2; ++flight) homes.network().deliverAll();
      everywhere = true;
      for (size_t n = 0; n < kMembers; ++n) everywhere = everywhere && shown(n, "theme.x") == R"({"v":1})";
    }
    ASSERT_TRUE(homes.settle());
  });
  EXPECT_LE(exchanges, 2u);
  EXPECT_LE(sent, 3 * kMembers);
  std::printf("a change reached %zu members after %zu exchanges, sent %zu times\n", kMembers, exchanges, sent);
}

}  // namespace
}  // namespace hearthgate::sync
