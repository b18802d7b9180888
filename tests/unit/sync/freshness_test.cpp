// Events that tell since when another home's word is old, where commits fail.
#include "unit/sync/pair_of_homes.h"

namespace hearthgate::sync {
namespace {

class Freshness : public LevelPairOfHomes {
 protected:
  size_t eventsOf(Home& home, const std::string& id) {
    size_t found = 0;
    for (const store::EventRow& event : home.store().events(0, 1'000)) {
      found += event.type == "entity" && event.body.find(id) != std::string::npos ? 1 : 0;
    }
    return found;
  }
};

TEST_F(Freshness, AFailedCommitEndsTheLinkAndTheNextOneTells) {
  size_t before = eventsOf(b, "light.x");
  ASSERT_GE(before, 1u);
  b.commit([] {}, true);
  EXPECT_EQ(eventsOf(b, "light.x"), before);
  b.commit([&] { b.replicator().linkDown(a.id()); }, true);
  EXPECT_EQ(eventsOf(b, "light.x"), before);
  b.linkDown(a.id());
  EXPECT_EQ(eventsOf(b, "light.x"), before + 1);
  b.tick();
  EXPECT_EQ(eventsOf(b, "light.x"), before + 1);
}

TEST_F(Freshness, WhatAFailedCommitToldIsToldAgain) {
  size_t before = eventsOf(b, "light.x");
  b.commit([&] { b.replicator().linkDown(a.id()); }, true);
  EXPECT_EQ(eventsOf(b, "light.x"), before);
  b.commit([] {});
  EXPECT_EQ(eventsOf(b, "light.x"), before + 1);
}

}  // namespace
}  // namespace hearthgate::sync
