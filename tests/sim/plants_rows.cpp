// Defects of what homes keep, made by changing rows in the transaction in which the product wrote them.
#include <algorithm>
#include <map>
#include <set>

#include "conflict/view.h"
#include "model/codec.h"
#include "sim/home.h"
#include "sim/plants.h"

namespace hearthgate::sim {
namespace {

using model::Siblings;
using model::Version;
using store::EntityRow;

std::vector<EntityRow> rowsOf(Home& home) {
  std::vector<EntityRow> rows;
  for (const store::OwnerRow& owner : home.store().owners()) {
    for (const store::FeedRow& row : home.store().feedPart(owner.id, 0, 1000).rows) rows.push_back(*home.store().entity(row.n));
  }
  return rows;
}

const Version& greatest(const Siblings& siblings) {
  return *std::max_element(siblings.begin(), siblings.end(),
                           [](const Version& a, const Version& b) { return model::greater(b, a); });
}

// Compares each entity before and after a transaction.
class Rows : public Tampering {
  void before(Home& home) final {
    before_.clear();
    for (EntityRow& row : rowsOf(home)) before_.emplace(row.address, std::move(row));
    look(home);
  }
  void after(Home& home) final {
    for (EntityRow& row : rowsOf(home)) {
      auto at = before_.find(row.address);
      changed(home, at == before_.end() ? nullptr : &at->second, row);
    }
    done(home);
  }

 protected:
  virtual void look(Home&) {}
  virtual void changed(Home&, const EntityRow* before, EntityRow& row) { (void)before, (void)row; }
  virtual void done(Home&) {}

 private:
  std::map<model::Address, EntityRow> before_;
};

class WriteForgetsSiblings : public Rows {
  void changed(Home& home, const EntityRow* before, EntityRow& row) override {
    if (!before || before->siblings.size() < 2 || row.siblings.size() != 1) return;
    Version& written = row.siblings[0];
    bool known = std::any_of(before->siblings.begin(), before->siblings.end(),
                             [&](const Version& version) { return version.hash == written.hash; });
    if (known || written.author != home.id()) return;
    model::Entries entries = model::entriesOf(written);
    written.vector = greatest(before->siblings).vector;
    written.vector.raise(written.dot.replica, written.dot.counter);
    for (model::Entry& entry : entries) {
      if (written.vector.covers(entry.dot)) continue;
      entry.dot = written.dot;
      entry.stamp = written.stamp;
    }
    model::setEntries(entries, &written);
    written.hash = model::contentHash(row.address, written);
    if (row.address.owner == home.owner()) written.tag = home.ownerTag(written.hash);
    home.store().putEntity(&row);
    home.store().addHistory(row.n, kChanges + ++changes_, 0, false, written);
  }
  static constexpr uint64_t kChanges = uint64_t{1} << 40;
  uint64_t changes_ = 0;
};

class TombstoneWins : public Rows {
  void changed(Home& home, const EntityRow*, EntityRow& row) override {
    bool deleted = std::any_of(row.siblings.begin(), row.siblings.end(), [](const Version& v) { return v.deleted; });
    if (!deleted || std::erase_if(row.siblings, [](const Version& v) { return !v.deleted; }) == 0) return;
    row.state = store::EntityState::kDeleted;
    home.store().putEntity(&row);
  }
};

class StubPurged : public Rows {
  void changed(Home& home, const EntityRow* before, EntityRow& row) override {
    bool stub = row.siblings.size() == 1 && row.siblings[0].deleted && row.address.owner == home.owner();
    if (stub && before && before->sequence == row.sequence) home.store().removeEntity(row.n);
  }
};

class LosersDropped : public Rows {
  void changed(Home& home, const EntityRow*, EntityRow& row) override {
    if (row.siblings.size() < 2) return;
    row.siblings = Siblings{greatest(row.siblings)};
    home.store().putEntity(&row);
  }
};

class StrategySeen : public Rows {
  void changed(Home& home, const EntityRow*, EntityRow& row) override {
    if (row.siblings.size() < 2) return;
    auto view = conflict::view(home.core().strategyOf(row.address, row.kind).shown, row.siblings, row.address.owner);
    if (!view.single || view.awaits_choice) return;
    row.siblings = Siblings{Version(*view.single)};
    home.store().putEntity(&row);
  }
};

class KindByArrival : public Rows {
  void changed(Home& home, const EntityRow* before, EntityRow& row) override {
    if (!before || before->siblings.empty() || row.siblings.empty() || before->kind == row.kind) return;
    row.kind = before->kind;
    home.store().putEntity(&row);
  }
};

class LosersWithoutHistory : public Rows {
  void changed(Home& home, const EntityRow* before, EntityRow& row) override {
    if (row.siblings.size() < 2 || (before && before->sequence == row.sequence)) return;
    auto history = home.store().history(row.n, 1000);
    home.store().removeHistory(row.n);
    uint32_t place = 0;
    for (const store::HistoryRow& old : history) {
      bool lost = std::any_of(row.siblings.begin(), row.siblings.end(),
                              [&](const Version& v) { return v.hash == old.version.hash; }) &&
                  old.version.hash != greatest(row.siblings).hash;
      if (!lost) home.store().addHistory(row.n, old.change, 1000 + place++, old.refused, old.version);
    }
  }
};

class ReadLossIgnored : public Rows {
  void changed(Home& home, const EntityRow* before, EntityRow& row) override {
    if (!before || !row.siblings.empty() || before->siblings.empty()) return;
    if (home.core().ownAccess(row.address) != engine::OwnAccess::kNone) return;
    row.siblings = before->siblings;
    row.state = before->state;
    home.store().putEntity(&row);
  }
};

class ConflictsKept : public Rows {
  void look(Home& home) override { records_ = home.store().conflicts({}, std::nullopt, 1000); }
  void changed(Home& home, const EntityRow* before, EntityRow& row) override {
    if (!before || !row.siblings.empty() || before->siblings.empty()) return;
    for (store::Conflict& record : records_) {
      if (record.entity != row.n || home.store().conflictByKey(record.key)) continue;
      record.n = 0;
      record.state = store::ConflictState::kResolved;
      home.store().putConflict(&record);
    }
  }
  std::vector<store::Conflict> records_;
};

class NoBase : public Rows {
  void changed(Home& home, const EntityRow*, EntityRow& row) override {
    if (!(row.address.owner == home.owner())) home.store().putBase(row.n, {});
  }
};

class NoArchive : public Rows {
  void changed(Home& home, const EntityRow*, EntityRow& row) override {
    if (home.store().conflicts({store::ConflictState::kRefused, row.n}, std::nullopt, 1).empty()) return;
    home.store().removeConflicts(row.n);
  }
};

class HeldUnjudged : public Rows {
  void look(Home& home) override {
    rules_.clear();
    for (auto& [peer, rules] : home.store().rulesOf(home.owner())) rules_[peer] = rules;
  }
  void done(Home& home) override {
    for (const auto& [peer, rules] : home.store().rulesOf(home.owner())) {
      if (rules_[peer] == rules) continue;
      for (const store::HeldRow& held : home.store().held(peer, 1000)) {
        auto version = model::decodeVersion(held.version, held.hash, held.kind, home.store());
        if (!version.ok() || !(held.address.owner == home.owner())) continue;
        home.store().removeHeld(held.n);
        (void)home.core().join(held.address, held.kind, {std::move(*version)});
      }
    }
  }
  std::map<HomeId, model::Rules> rules_;
};

class QuotaDrops : public Rows {
  void done(Home& home) override {
    for (const store::HeldRow& held : home.store().held(std::nullopt, 1000)) {
      if (held.reason == "quota") home.store().removeHeld(held.n);
    }
  }
};

class UnionOfRows : public Rows {
  void done(Home& home) override {
    for (auto& [peer, rules] : home.store().rulesOf(home.owner())) {
      if (rules.lists.size() < 2) continue;
      model::AccessRows all;
      for (const model::AccessRows& rows : rules.lists) {
        for (const model::AccessRow& row : rows) {
          std::erase_if(all, [&](const model::AccessRow& other) { return other.pattern == row.pattern; });
          all.push_back(row);
        }
      }
      rules.lists = {all};
      home.store().putRules(home.owner(), peer, rules);
      home.core().flush();
      home.core().load();
      // So that it is told.
      model::Rules told = rules;
      ++told.number;
      home.core().meetRules(peer, told);
    }
  }
};

class UntilForgotten : public Rows {
  void done(Home& home) override {
    for (auto& [peer, rules] : home.store().rulesOf(home.owner())) {
      bool any = false;
      for (model::AccessRows& rows : rules.lists) {
        for (model::AccessRow& row : rows) any = std::exchange(row.until_ms, std::nullopt) || any;
      }
      if (!any) continue;
      home.store().putRules(home.owner(), peer, rules);
      home.core().flush();
      home.core().load();
      model::Rules told = rules;
      ++told.number;
      home.core().meetRules(peer, told);
    }
  }
};

class ClockUnchecked : public Tampering {
  void before(Home& home) override { home.clock().synced = false; }
};

}  // namespace

std::vector<Plant> plantsInRows() {
  return {
      {"write-forgets-siblings", "writes on top of the shown sibling alone", makePlant<WriteForgetsSiblings>},
      {"tombstone-wins", "lets a delete win over a concurrent change", makePlant<TombstoneWins>},
      {"stub-purged", "purges what is left of a deleted entity", makePlant<StubPurged>},
      {"losers-dropped", "keeps only the greatest of several siblings", makePlant<LosersDropped>},
      {"strategy-seen", "lets replication keep what the strategy shows", makePlant<StrategySeen>},
      {"kind-by-arrival",
       "lets the version that came first decide the kind",
       makePlant<KindByArrival>,
       {.kinds = true}},
      {"losers-without-history", "keeps no history of what lost in a conflict", makePlant<LosersWithoutHistory>},
      {"read-loss-ignored", "keeps content when it loses read", makePlant<ReadLossIgnored>},
      {"conflicts-kept", "keeps the records of conflicts when it loses read", makePlant<ConflictsKept>},
      {"no-base", "does not keep what an untold write was built on", makePlant<NoBase>},
      {"no-archive", "keeps nothing of what was not accepted", makePlant<NoArchive>},
      {"held-unjudged", "joins what it held back without judging it again", makePlant<HeldUnjudged>},
      {"quota-drops", "drops what its quota has no space for", makePlant<QuotaDrops>, {.limits = true}},
      {"union-of-rows", "takes the union of two lists of rules", makePlant<UnionOfRows>},
      {"until-forgotten", "forgets until when a row holds", makePlant<UntilForgotten>},
      {"clock-unchecked", "takes any stamp", makePlant<ClockUnchecked>},
  };
}

std::vector<Plant> allPlants() {
  std::vector<Plant> all = plantsInMessages();
  for (auto* more : {&plantsInRows, &plantsInRules, &plantsAtStarts, &plantsOfCircles}) {
    for (Plant& plant : (*more)()) all.push_back(plant);
  }
  return all;
}

}  // namespace hearthgate::sim
