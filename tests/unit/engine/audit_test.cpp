// The audit: what stands in it, and how often.
#include "engine/tuning.h"
#include "unit/engine/two_homes.h"

namespace hearthgate::engine {
namespace {

class Audit : public TwoHomes {
 protected:
  std::vector<store::AuditRow> rows(const store::AuditFilter& filter = {}) {
    return a.store().audit(filter, std::nullopt, 2000);
  }
  void refuse(const std::string& reason, const std::string& entity = "light.kitchen") {
    a.commit([&] { a.core().auditRefusal(b.id(), reason, entity); });
  }
};

TEST_F(Audit, KeepsWhoDidWhatAndWhen) {
  a.commit([&] {
    a.core().audit("token:admin", "entity.write", "light.kitchen", "put");
    a.core().audit("plugin:poi", "entity.write", "poi.1", "patch");
  });
  ASSERT_EQ(rows().size(), 2u);
  EXPECT_EQ(rows()[0].actor, "plugin:poi");
  EXPECT_EQ(rows()[1].at_ms, a.clock().wall_ms);
  EXPECT_EQ(rows({"token:admin", "", "", {}}).size(), 1u);
  EXPECT_EQ(rows({"", "entity.write", "poi.1", {}}).size(), 1u);
  EXPECT_EQ(rows({"", "", "", a.clock().wall_ms + 1}).size(), 0u);
}

TEST_F(Audit, WritesARefusalOnceAMinuteAndCountsTheOthers) {
  for (int i = 0; i < 100; ++i) refuse("read_only");
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].count, 1u);
  EXPECT_EQ(rows()[0].actor, b.id().text());
  EXPECT_EQ(rows()[0].detail, "read_only");
  refuse("quota");
  EXPECT_EQ(rows().size(), 2u) << "another reason has a row of its own";
  a.clock().steady_ms += kAuditOftenMs - 1;
  // A wall clock that jumps lets nobody write more.
  a.clock().wall_ms += 10 * kAuditOftenMs;
  refuse("read_only");
  EXPECT_EQ(rows().size(), 2u);
  a.clock().steady_ms += 1;
  refuse("read_only");
  ASSERT_EQ(rows().size(), 3u);
  EXPECT_EQ(rows()[0].count, 101u);
}

TEST_F(Audit, RemembersOnlySoManyReasonsAndTellsWhatItForgets) {
  refuse("first");
  refuse("first");
  ++a.clock().steady_ms;
  for (size_t i = 0; i < kMaxAuditOften; ++i) refuse("reason " + std::to_string(i));
  uint64_t of_first = 0;
  for (const auto& row : rows()) of_first += row.detail == "first" ? row.count : 0;
  EXPECT_EQ(of_first, 2u);
}

TEST_F(Audit, GoesWithTheTransactionThatItBelongsTo) {
  a.store().begin();
  a.core().audit("token:admin", "entity.write", "light.kitchen", "put");
  a.core().auditRefusal(b.id(), "read_only", "light.kitchen");
  a.store().rollback();
  a.store().begin();
  a.core().load();
  ASSERT_TRUE(a.store().commit().ok());
  EXPECT_EQ(rows().size(), 0u);
  refuse("read_only");
  EXPECT_EQ(rows().size(), 1u) << "what was rolled back does not silence the next";
}

TEST_F(Audit, CutsWhatIsTooLongAndMakesItFitToBeShown) {
  a.commit([&] { a.core().audit("system", "x", std::string(5000, 'a'), "\x1b[2J"); });
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_LE(rows()[0].subject.size(), kMaxAuditText);
  EXPECT_EQ(rows()[0].detail.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace hearthgate::engine
