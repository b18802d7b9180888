#include "base/executor.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace hearthgate {
namespace {

TEST(Executor, RunsTasksInOrderOnItsOwnThread) {
  std::vector<int> seen;
  {
    Executor executor("test");
    for (int i = 0; i < 100; ++i) {
      executor.post([&, i] {
        EXPECT_TRUE(executor.onThread());
        seen.push_back(i);
      });
    }
  }
  ASSERT_EQ(seen.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<size_t>(i)], i);
}

TEST(Executor, RunsTimersByTheirTimeAndDropsThemAtTheEnd) {
  std::promise<std::vector<int>> done;
  std::vector<int> seen;
  Executor executor("test");
  executor.after(1'000, [&] {
    seen.push_back(2);
    done.set_value(seen);
  });
  executor.after(5, [&] { seen.push_back(1); });
  executor.after(1'000'000, [&] { seen.push_back(3); });
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{1, 2}));
  executor.stop();
  EXPECT_FALSE(executor.post([] {}));
  EXPECT_EQ(seen.size(), 2u);
}

}  // namespace
}  // namespace hearthgate
