#include "config/suggest.h"

#include <gtest/gtest.h>

namespace hearthgate::config {
namespace {

TEST(Nearest, FindsSlipsOfTheHand) {
  std::vector<std::string> names{"enabled", "listen", "port", "full_sync_interval_s"};
  EXPECT_EQ(nearest("prot", names), "port");
  EXPECT_EQ(nearest("enable", names), "enabled");
  EXPECT_EQ(nearest("lsiten", names), "listen");
  EXPECT_EQ(nearest("full_sync_interval", names), "full_sync_interval_s");
}

TEST(Nearest, DoesNotGuessWildly) {
  EXPECT_EQ(nearest("zebra", {"port", "listen"}), std::nullopt);
  EXPECT_EQ(nearest("", {"port"}), std::nullopt);
  EXPECT_EQ(nearest(std::string(10'000, 'x'), {"port"}), std::nullopt);
  EXPECT_EQ(nearest("port", {}), std::nullopt);
}

TEST(Enumerate, ReadsLikeASentence) {
  EXPECT_EQ(enumerate({}), "none");
  EXPECT_EQ(enumerate({"a"}), "a");
  EXPECT_EQ(enumerate({"a", "b", "c"}), "a, b or c");
}

}  // namespace
}  // namespace hearthgate::config
