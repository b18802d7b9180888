// Entities of kinds that hold secrets go in frames of their own, uncompressed (TRUST.md, "CRIME").
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

class UncompressedKinds : public PairOfHomes {
 protected:
  UncompressedKinds() {
    sim::Limits limits;
    limits.uncompressed_kinds = {"secret"};
    for (Home* home : {&a, &b}) {
      home->setLimits(limits);
      restart(*home, home->image(), Home::Start::kClean);
    }
    on_batch = [this](Home& from, const std::string& message) {
      auto batch = decodeBatch(message);
      for (const BatchItem& item : batch->items) {
        if (batch->digest) continue;
        EXPECT_EQ(uncompressed, item.kind == "secret") << item.id;
        ++items[&from];
      }
    };
  }
  void make(const std::string& id, const std::string& kind) {
    engine::WriteOrder order;
    order.address = of(a, id);
    order.kind = kind;
    order.fields = std::move(*model::parseJson("{}", 2));
    ASSERT_TRUE(a.write(order).ok());
  }
  void makeSome(const std::string& name) {
    make("light.a" + name, "state");
    make("light.b" + name, "secret");
    make("light.c" + name, "secret");
    make("light.d" + name, "state");
  }

  std::map<Home*, int> items;
};

TEST_F(UncompressedKinds, GoApartInEveryPass) {
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kRead).ok());
  makeSome("1");
  connect();
  settle();
  EXPECT_EQ(items[&a], 4);
  cut();
  makeSome("2");
  // With other rules the two compare what they have.
  ASSERT_TRUE(a.grant(b.id(), "scene.*", Access::kRead).ok());
  connect();
  settle();
  EXPECT_EQ(items[&a], 8);
}

// What is held back for drift is offered to an owner that has forgotten it.
TEST_F(UncompressedKinds, GoApartWhenTheyAreOffered) {
  ASSERT_TRUE(a.grant(b.id(), "light.*", Access::kRead).ok());
  std::string backup = a.image();
  connect();
  settle();
  a.clock().wall_ms += 600'000;
  makeSome("1");
  settle();
  ASSERT_EQ(held_at(b), 4u);
  items.clear();
  restart(a, backup, Home::Start::kRestored);
  connect();
  settle();
  EXPECT_EQ(items[&b], 4);
}

}  // namespace
}  // namespace hearthgate::sync
