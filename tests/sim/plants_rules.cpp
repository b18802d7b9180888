// Defects of what people set and of what `why` answers from, made by changing rows in the transaction that follows.
#include <map>
#include <set>

#include "model/codec.h"
#include "sim/home.h"
#include "sim/plants.h"
#include "sync/wire.h"

namespace hearthgate::sim {
namespace {

using Scope = model::StrategyRow::Scope;

std::vector<std::pair<HomeId, model::AccessRow>> rowsGiven(Home& home) {
  std::vector<std::pair<HomeId, model::AccessRow>> all;
  for (const auto& [peer, rules] : home.store().rulesOf(home.owner())) {
    if (rules.lists.empty()) continue;
    for (const model::AccessRow& row : rules.lists[0]) all.emplace_back(peer, row);
  }
  return all;
}

class EndsByAnyClock : public Tampering {
  void after(Home& home) override {
    if (home.clock().synced || home.store().meta("clock_was_synchronised").empty()) return;
    for (const auto& [peer, row] : rowsGiven(home)) {
      if (row.until_ms && *row.until_ms <= home.clock().wall_ms) (void)home.core().revoke(peer, row.pattern);
    }
  }
};

// Rows are looked at again an hour later.
class EndsLate : public Tampering {
  void before(Home& home) override {
    rows_.clear();
    for (auto& [peer, row] : rowsGiven(home)) {
      if (row.until_ms && *row.until_ms > home.clock().wall_ms - 3'600'000) rows_.emplace_back(peer, row);
    }
  }
  void after(Home& home) override {
    for (const auto& [peer, row] : rows_) {
      const model::Rules* rules = home.core().rulesFor(peer);
      if (!row.until_ms || *row.until_ms > home.clock().wall_ms || !rules) continue;
      bool gone = true;
      for (const model::AccessRow& now : rules->lists[0]) gone = gone && now.pattern != row.pattern;
      if (gone) (void)home.core().grant(peer, row.pattern, row.access, {});
    }
  }
  std::vector<std::pair<HomeId, model::AccessRow>> rows_;
};

class ExceptionsDropped : public Tampering {
  void after(Home& home) override {
    for (const auto& [peer, row] : rowsGiven(home)) {
      if (row.access == model::Access::kNone) (void)home.core().revoke(peer, row.pattern);
    }
  }
};

class GlobOverEntity : public Tampering {
  void after(Home& home) override {
    for (const model::StrategyRow& glob : home.store().strategyRows()) {
      if (glob.scope != Scope::kGlob) continue;
      for (const model::StrategyRow& row : home.store().strategyRows()) {
        if (row.scope != Scope::kEntity || !model::globMatches(glob.pattern, row.pattern) ||
            row.strategy == glob.strategy)
          continue;
        (void)home.core().setStrategy({row.scope, row.pattern, glob.strategy});
      }
    }
  }
};

class OverrideTravels : public Tampering {
  void after(Home& home) override {
    for (const store::FeedRow& row : home.store().feedPart(home.owner(), 0, 100).rows) {
      auto here = home.store().strategyHere(model::Address{home.owner(), row.id});
      if (here) (void)home.core().setStrategy({Scope::kEntity, row.id, *here});
    }
  }
};

class OverrideForgotten : public Tampering {
  void started(Home& home, Start) override {
    for (const store::OwnerRow& owner : home.store().owners()) {
      for (const store::FeedRow& row : home.store().feedPart(owner.id, 0, 100).rows) {
        (void)home.core().setStrategyHere({owner.id, row.id}, {});
      }
    }
  }
};

// The reader is told one strategy for all, whatever stands for kinds, globs and entities.
class StrategiesUntold : public Tampering {
  bool leaves(Home& from, Home&, std::string* message) override {
    auto drop = [](model::Rules* rules) {
      std::erase_if(rules->strategies, [](const model::StrategyRow& row) { return row.scope < Scope::kOwner; });
    };
    if (sync::typeOf(*message) == sync::MessageType::kRules) {
      auto told = sync::decodeRulesMessage(*message);
      if (told->owner == from.owner()) drop(&told->rules);
      *message = encode(*told);
    } else if (sync::typeOf(*message) == sync::MessageType::kHello) {
      auto hello = sync::decodeHello(*message);
      for (sync::OwnerHello& owner : hello->owners) {
        if (owner.owner == from.owner()) drop(&owner.rules);
      }
      *message = encode(*hello);
    }
    return true;
  }
};

// What an owner refuses because `write` was taken away is joined all the same.
class WriteLossIgnored : public Tampering {
  bool leaves(Home& from, Home& to, std::string* message) override {
    if (sync::typeOf(*message) != sync::MessageType::kBatch) return true;
    auto batch = sync::decodeBatch(*message);
    if (batch->digest || !(batch->owner == to.owner())) return true;
    for (const sync::BatchItem& item : batch->items) {
      for (const std::string& encoded : item.versions) {
        auto version = model::decodeVersion(encoded, model::Address{batch->owner, item.id}, item.kind, from.store());
        if (version.ok() && version->author == from.id()) came_[to.id()].push_back({item, std::move(*version)});
      }
    }
    return true;
  }
  void after(Home& home) override {
    for (auto& [item, version] : std::exchange(came_[home.id()], {})) {
      if (home.core().accessFor(version.author, item.id) == model::Access::kRead) {
        (void)home.core().join({home.owner(), item.id}, item.kind, {std::move(version)});
      }
    }
  }
  std::map<HomeId, std::vector<std::pair<sync::BatchItem, model::Version>>> came_;
};

// --- what `why` answers from ----------------------------------------------------------------------------------------

std::vector<std::pair<HomeId, store::PeerException>> exceptions(Home& home, bool of_mine) {
  std::vector<std::pair<HomeId, store::PeerException>> all;
  for (const store::OwnerRow& owner : home.store().owners()) {
    HomeId peer = owner.id.home();
    if (owner.id == home.owner()) continue;
    for (store::PeerException& row : home.store().peerExceptions(peer, of_mine ? home.owner() : owner.id)) {
      all.emplace_back(peer, std::move(row));
    }
  }
  return all;
}

class HeldThereForgotten : public Tampering {
  void after(Home& home) override {
    for (const auto& [peer, row] : exceptions(home, false)) {
      home.store().removePeerException(peer, {model::OwnerId(peer), row.id}, row.hash);
    }
  }
};

class HeldThereForEver : public Tampering {
  void before(Home& home) override { rows_ = exceptions(home, false); }
  void after(Home& home) override {
    for (const auto& [peer, row] : rows_) home.store().putPeerException(peer, model::OwnerId(peer), row);
  }
  std::vector<std::pair<HomeId, store::PeerException>> rows_;
};

// The place of another home is taken for the end of the feed before it has acknowledged.
class PlaceAhead : public Tampering {
  void after(Home& home) override {
    for (const store::OwnerRow& owner : home.store().owners()) {
      if (owner.id == home.owner()) continue;
      HomeId peer = owner.id.home();
      auto place = home.store().peerPlace(peer, home.owner());
      if (!place) continue;
      place->sequence = home.core().writer().head().sequence;
      home.store().putPeerPlace(peer, home.owner(), *place);
    }
  }
};

}  // namespace

std::vector<Plant> plantsInRules() {
  return {
      {"ends-by-any-clock", "ends a grant by a clock that lost its synchronisation", makePlant<EndsByAnyClock>},
      {"ends-late", "gives again what its time has ended", makePlant<EndsLate>},
      {"exceptions-dropped", "keeps no row that gives none", makePlant<ExceptionsDropped>},
      {"glob-over-entity", "lets a glob's strategy win over the entity's own", makePlant<GlobOverEntity>},
      {"override-travels", "makes an override of its own view the owner's strategy", makePlant<OverrideTravels>},
      {"override-forgotten", "forgets its overrides at a start", makePlant<OverrideForgotten>},
      {"strategies-untold", "tells readers the strategy for all and no other", makePlant<StrategiesUntold>},
      {"write-loss-ignored", "joins writes of a home that lost write", makePlant<WriteLossIgnored>},
      {"why-held-forgotten", "forgets what others hold back when it says why", makePlant<HeldThereForgotten>},
      {"why-held-for-ever", "says that others hold back what they took in", makePlant<HeldThereForEver>},
      {"why-place-ahead", "says that others have what they did not acknowledge", makePlant<PlaceAhead>},
  };
}

}  // namespace hearthgate::sim
