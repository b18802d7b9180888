// Two homes without a link: what one wrote is joined by hand at the other. The fixture of the core's tests.
#pragma once

#include <gtest/gtest.h>

#include "sim/home.h"
#include "unit/model/histories.h"

namespace hearthgate::engine {

using model::Access;
using sim::Home;

class TwoHomes : public testing::Test {
 protected:
  // `b` may write what `a` owns, as `a` told it under number 1.
  TwoHomes() { tell("light.*", Access::kWrite, 1); }

  void tell(const std::string& pattern, Access access, uint64_t number, const std::string& strategy = "latest-wins") {
    model::Rules rules;
    rules.number = number;
    rules.lists = {{{pattern, access, {}}}};
    rules.strategies = {{model::StrategyRow::Scope::kDefault, "", strategy}};
    b.commit([&] { b.core().receiveRules(a.owner(), rules); });
  }
  model::Address lamp(const std::string& id = "light.kitchen") const { return {a.owner(), id}; }
  // A commit of the core alone: no replicator asks what changed.
  static void alone(Home& home, const std::function<void()>& work) {
    home.store().begin();
    work();
    home.core().flush();
    EXPECT_TRUE(home.store().commit().ok());
  }
  // `to` joins all that `from` has of an entity.
  bool carry(Home& from, Home& to, const model::Address& address) {
    bool changed = false;
    to.commit([&] { changed = to.core().join(address, "state", from.siblings(address)); });
    return changed;
  }
  // Both write without knowing of each other; `a` then has both.
  void part(const std::string& mine = R"({"by":"a"})", const std::string& theirs = R"({"by":"b"})") {
    ASSERT_TRUE(a.put(lamp(), R"({"by":"nobody"})").ok());
    carry(a, b, lamp());
    b.clock().wall_ms += 5;
    ASSERT_TRUE(a.put(lamp(), mine).ok());
    ASSERT_TRUE(b.put(lamp(), theirs).ok());
    carry(b, a, lamp());
  }
  std::vector<store::Conflict> conflicts(Home& home) { return home.store().conflicts({}, std::nullopt, 100); }
  std::string codeOf(const Result<Written>& written) { return written.ok() ? "ok" : written.error().code; }
  WriteOrder order(WriteOrder::Mode mode, const std::string& id = "light.kitchen", const std::string& json = "{}") {
    WriteOrder made;
    made.address = lamp(id);
    made.mode = mode;
    made.fields = *model::parseJson(json, 32);
    return made;
  }
  void use(Home& home, model::StrategyRow::Scope scope, const std::string& pattern, const std::string& strategy) {
    home.commit([&] { EXPECT_TRUE(home.core().setStrategy({scope, pattern, strategy}).ok()); });
  }
  std::string etagAt(Home& home, const model::Address& address) {
    auto row = *home.store().entity(address);
    EffectiveStrategy strategy = home.core().strategyOf(address, row.kind);
    return etag(conflict::view(strategy.shown, row.siblings, address.owner), row.siblings, strategy.name);
  }

  Home a{"A", 1};
  Home b{"B", 2};
};

}  // namespace hearthgate::engine
