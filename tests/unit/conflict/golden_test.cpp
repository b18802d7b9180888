// What names a conflict and a merged value in all homes alike is what it was decided to be.
#include "unit/model/golden.h"

#include <gtest/gtest.h>

#include "conflict/view.h"

namespace hearthgate::conflict {
namespace {

TEST(GoldenSiblings, HaveTheConflictKeyAndMergedIdOfTheFile) {
  model::Golden golden;
  const model::Json& set = *golden.root.find("siblings");
  model::Siblings siblings;
  model::Address address;
  for (const model::Json& which : set.find("of")->items) {
    const model::Json& item = golden.root.find("versions")->items[model::Golden::number(which)];
    address = model::Golden::addressOf(item);
    join(model::Golden::version(item), &siblings);
  }
  ASSERT_EQ(siblings.size(), 2u);
  EXPECT_EQ(address.text(), set.find("entity")->text);
  EXPECT_EQ(conflictKey(address, siblings), set.find("conflict_key")->text);
  EXPECT_EQ(view(Strategy::kMerge, siblings, address.owner).version_id, set.find("merged_id")->text);
}

}  // namespace
}  // namespace hearthgate::conflict
