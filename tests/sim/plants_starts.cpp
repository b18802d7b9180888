// Defects of starts: what a home has to do when it begins, and more so when it may have forgotten.
#include "sim/home.h"
#include "sim/plants.h"

namespace hearthgate::sim {
namespace {

class KeepsEpoch : public Tampering {
  bool starts(Home& home, Start how) override {
    if (how == Start::kClean) return false;
    for (const store::OwnerRow& owner : home.store().owners()) home.core().writer().retire(owner.id);
    store::OwnerRow& own = home.core().writer().owner(home.owner());
    own.hold = own.hold || how == Start::kRestored;
    home.core().writer().changed(own);
    return true;
  }
};

class NoSkip : public Tampering {
  bool starts(Home&, Start how) override { return how == Start::kClean; }
};

class HeldForgotten : public Tampering {
  void started(Home& home, Start) override {
    for (const store::HeldRow& held : home.store().held(std::nullopt, 1000)) home.store().removeHeld(held.n);
  }
};

class NotHeldBack : public Tampering {
  void started(Home& home, Start how) override {
    if (how == Start::kRestored) home.core().confirmRestore();
  }
};

}  // namespace

std::vector<Plant> plantsAtStarts() {
  return {
      {"keeps-epoch", "keeps its feed's epoch and numbers when it may have forgotten", makePlant<KeepsEpoch>},
      {"no-skip", "goes on at a clean start with the next feed number", makePlant<NoSkip>},
      {"held-forgotten", "forgets at a start what it held back", makePlant<HeldForgotten>},
      {"restore-unconfirmed", "sends its feed after a restore before a person confirmed it", makePlant<NotHeldBack>},
  };
}

}  // namespace hearthgate::sim
