// What `why` says never contradicts what is there: once everything has healed, and after each step.
#include <algorithm>

#include "sim/world.h"

namespace hearthgate::sim {

namespace {
bool same(const model::Siblings& a, const model::Siblings& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const model::Version& x, const model::Version& y) { return x.hash == y.hash; });
}
}  // namespace

std::string World::verdict(size_t home, size_t other, const model::Address& address) {
  sync::LinkFacts link;
  link.name = homes_[other]->name();
  link.state = homes_[home]->replicator().connected(homes_[other]->id()) ? "connected" : "offline";
  sync::Why why = homes_[home]->replicator().why(homes_[other]->id(), address, link);
  std::string name = "why at " + homes_[home]->name() + " of " + nameOf(address);
  if (why.steps.empty()) fail(name + " has no steps");
  for (const sync::WhyStep& step : why.steps) {
    if (step.detail.empty()) fail(name + " says nothing at the gate " + step.gate);
  }
  if (why.verdict != "level" && why.next_action.empty()) fail(name + " is " + why.verdict + " and says nothing to do");
  return why.verdict;
}

void World::checkWhy(const model::Address& address, size_t owner) {
  Home& home = *homes_[owner];
  if (!home.store().entity(address)) return;
  for (size_t h = 0; h < homes_.size(); ++h) {
    if (h == owner) continue;
    const model::Rules* rules = home.core().rulesFor(homes_[h]->id());
    bool may_read = rules && accessUnder(*rules, address.id) != model::Access::kNone;
    std::string there = verdict(owner, h, address);
    std::string here = verdict(h, owner, address);
    bool known = homes_[h]->store().entity(address).has_value();
    std::string wanted = may_read ? "level" : "not_shared";
    // Of what was never shared with it a home knows nothing.
    std::string wanted_here = may_read ? "level" : known ? "not_shared" : "unknown";
    std::string name = nameOf(address) + " between its owner and " + homes_[h]->name();
    if (there != wanted) fail("why at the owner of " + name + " says " + there + " instead of " + wanted);
    if (here != wanted_here) fail("why of " + name + " says " + here + " instead of " + wanted_here);
  }
}

void World::watchWhy() {
  for (size_t owner = 0; owner < homes_.size(); ++owner) {
    for (size_t h = 0; h < homes_.size(); ++h) {
      if (h == owner) continue;
      for (const std::string& id : kEntityIds) {
        model::Address address{homes_[owner]->owner(), id};
        std::string there = verdict(owner, h, address);
        std::string here = verdict(h, owner, address);
        std::string name = nameOf(address) + " between its owner and " + homes_[h]->name();
        for (const auto& [at, from, said] : {std::tuple(owner, h, there), std::tuple(h, owner, here)}) {
          for (const store::HeldRow& held : homes_[at]->store().heldOf(address)) {
            if (held.home == homes_[from]->id() && said == "level") {
              fail("why of " + name + " says level, and " + homes_[at]->name() + " holds some back: " + held.reason);
            }
          }
        }
        bool told = network_->isQuiet(owner, h) && there == "level" && here == "level";
        if (told && !same(homes_[owner]->siblings(address), homes_[h]->siblings(address))) {
          fail("why of " + name + " says level on both sides, and the siblings differ");
        }
      }
    }
  }
}

}  // namespace hearthgate::sim
