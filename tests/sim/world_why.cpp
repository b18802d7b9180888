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
        watchHeldWhy(owner, h, address, there);
        watchHeldWhy(h, owner, address, here);
        bool quiet = network_->isQuiet(owner, h);
        if (quiet && there == "level" && here == "level" &&
            !same(homes_[owner]->siblings(address), homes_[h]->siblings(address))) {
          fail("why of " + name + " says level on both sides, and the siblings differ");
        }
        // What was acknowledged is there, unless that home went back since or knows that it may not have it.
        bool excused = machines_[h].went_back || machines_[owner].went_back;
        if (there == "level" && !excused &&
            !model::joinedVector(homes_[h]->siblings(address))
                 .covers(model::joinedVector(homes_[owner]->siblings(address)))) {
          fail("why at the owner of " + name + " says level, and the other home lacks some of it");
        }
      }
    }
  }
}

// What `at` says of its entity or the other's, against what the two really hold back.
void World::watchHeldWhy(size_t at, size_t other, const model::Address& address, const std::string& said) {
  std::string name = "why at " + homes_[at]->name() + " of " + nameOf(address) + " towards " + homes_[other]->name();
  for (const store::HeldRow& held : homes_[at]->store().heldOf(address)) {
    if (held.home == homes_[other]->id() && said == "level") {
      fail(name + " says level, and some is held back here: " + held.reason);
    }
  }
  // A slow link is quiet while there is more to send.
  if (!network_->isQuiet(at, other) || !homes_[at]->replicator().levelTowards(homes_[other]->id())) return;
  for (const store::HeldRow& held : homes_[other]->store().heldOf(address)) {
    model::Siblings siblings = homes_[at]->siblings(address);
    bool stands =
        std::any_of(siblings.begin(), siblings.end(), [&](const model::Version& v) { return v.hash == held.hash; });
    bool told = said != "level" && said != "on_its_way";
    if (held.home == homes_[at]->id() && stands && !told)
      fail(name + " says " + said + ", and it is held back there: " + held.reason);
  }
}

}  // namespace hearthgate::sim
