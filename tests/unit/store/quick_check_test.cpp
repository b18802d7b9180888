#include "store/quick_check.h"

#include "unit/store/store_file.h"

namespace hearthgate::store {
namespace {

using std::chrono::milliseconds;

class QuickCheckTest : public StoreFile {
 protected:
  // A table of some 25 MiB, of which a check takes some ten milliseconds at least.
  void fill() {
    Plain plain(path());
    plain.run(
        "CREATE TABLE large(a INTEGER PRIMARY KEY, b BLOB);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<250000)"
        "INSERT INTO large SELECT i, zeroblob(90) FROM n");
  }
};

TEST_F(QuickCheckTest, FindsNothingInASoundDatabase) {
  open();
  auto checked = quickCheck(path(), 3, milliseconds(60'000));
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  ASSERT_TRUE(*checked);
  EXPECT_TRUE((*checked)->empty());
}

TEST_F(QuickCheckTest, EndsInTimeAndCanBeAskedAgain) {
  fill();
  auto checked = quickCheck(path(), 3, milliseconds(1));
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  EXPECT_FALSE(*checked) << "25 MiB in a millisecond";
  auto again = quickCheck(path(), 3, milliseconds(60'000));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(*again && (*again)->empty());
}

TEST_F(QuickCheckTest, SaysWhatIsDamaged) {
  fill();
  std::string damaged = bytes();
  // Pages in the middle, the first of which is the database's own.
  for (size_t page = 100; page < 110; ++page) damaged.replace(page * 4096, 4096, std::string(4096, '\xA5'));
  setBytes(damaged);
  auto checked = quickCheck(path(), 3, milliseconds(60'000));
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  ASSERT_TRUE(*checked);
  EXPECT_FALSE((*checked)->empty());
  EXPECT_LE((*checked)->size(), 4u);
}

TEST_F(QuickCheckTest, FailsWhereThereIsNoDatabase) {
  EXPECT_EQ(quickCheck(path("nothing.db"), 3, milliseconds(1'000)).error().code, "storage_not_writable");
  { std::ofstream(path("other.db")) << std::string(8192, 'x'); }
  EXPECT_EQ(quickCheck(path("other.db"), 3, milliseconds(1'000)).error().code, "database_foreign");
}

}  // namespace
}  // namespace hearthgate::store
