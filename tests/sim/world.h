// One run of the simulation: homes, links, clocks and disks from one seed; then everything heals, and the properties of
// DESIGN.md section 8 are checked. One thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "sim/ledger.h"
#include "sim/network.h"
#include "sim/steps.h"
#include "sync/wire.h"

namespace hearthgate::sim {

class World {
 public:
  // `tampering` is a planted defect, or null.
  World(const Plan& plan, uint64_t seed, bool trace, Tampering* tampering = nullptr);

  // Runs the steps but those in `skip`, heals and checks; the failures, none when all properties hold.
  std::vector<std::string> run(const std::set<size_t>& skip);
  uint64_t delivered() const { return delivered_; }

 private:
  struct Machine {
    int64_t offset_ms = 0;
    int64_t drift_ppm = 0;
    bool stopped = false;
    int64_t stopped_at_ms = 0;
    bool synced = true;
    bool went_back = false;    // once in this run
    bool unconfirmed = false;  // restored, and no person has confirmed it
    std::deque<std::string> images;   // of the last commits, while a power cut is near
    std::vector<std::string> copies;  // backups
    bool armed = false;
    std::map<model::OwnerId, std::pair<std::optional<ReplicaId>, uint64_t>> issued;
  };

  // world.cpp
  void setUp();
  void act(const Step& step, size_t index);
  void passTime(int64_t ms);
  void setClock(size_t home);
  void traffic(const Step& step);
  void changeGrant(const Step& step);
  void setStrategy(size_t home, model::StrategyRow::Scope scope, const std::string& pattern,
                   const std::string& strategy);
  void changeStrategy(const Step& step);
  void changeClock(const Step& step);
  void restart(size_t home, std::string_view image, Home::Start how, SeededRandom& random);
  void confirm(size_t home);
  void tick(size_t home);
  void heal();
  bool exchange(SeededRandom& random);
  bool allLevel();
  bool allOpen();

  // world_writes.cpp
  void write(const Step& step, bool fails);
  void bulk(const Step& step);
  void restoreVersion(const Step& step);
  void resolve(const Step& step);
  struct Said {
    Doc doc;
    std::optional<Typed> typed;  // nothing: whatever it was
  };
  bool writeOne(size_t home, const model::Address& address, Act act, uint64_t r, Said* asked, engine::WriteOrder* order);
  void stateTyped(Act act, uint64_t r, const Typed& now, Typed* asked, model::Json* fields);
  void account(size_t home, const model::Address& address, const model::Siblings& before, const Said& shown,
               const Said& asked, bool all_anew);
  Said shownAt(size_t home, const model::Address& address);

  // world_checks.cpp
  void check();
  void checkEntity(const model::Address& address, size_t owner);
  void checkView(const model::Address& address, size_t home);
  void checkWrites();
  bool takenByRetention(const WriteRecord& write);
  void checkHome(size_t home);
  // world_why.cpp
  void checkWhy(const model::Address& address, size_t owner);
  void watchWhy();
  void watchHeldWhy(size_t at, size_t other, const model::Address& address, const std::string& said);
  std::string verdict(size_t home, size_t other, const model::Address& address);
  void checkQuiet();

  // world_watch.cpp: what must hold at every message and commit
  void looksAtMessage(size_t from, size_t to, const std::string& message);
  void deliver(size_t from, size_t at, const std::string& message, const std::function<void(bool fails)>& run);
  void deliverRules(size_t from, size_t at, const std::string& message, const std::function<void()>& run);
  void deliverBatch(size_t from, size_t at, const std::string& message, const std::function<void()>& run);
  void watchJoined(size_t home);
  void watchAccess(size_t home);
  void watchHeld(size_t home);

  // world_rules.cpp
  using Scope = model::StrategyRow::Scope;
  void accountGrant(size_t home, size_t peer, const std::string& pattern, std::optional<model::AccessRow> row);
  void accountStrategy(size_t home, Scope scope, const std::string& pattern, std::optional<std::string> strategy);
  void accountHere(size_t home, const model::Address& address, std::optional<std::string> strategy);
  void accountAnew(size_t home);
  void watchRules();
  void watchGrants(size_t home, size_t peer);
  void watchStrategies(size_t home);
  void watchExpiry(size_t home);
  std::string strategyAt(size_t home, size_t owner, const model::Address& address, const std::string& kind);
  void checkGrants();

  // Runs what may make content disappear, and takes out of the account what no home holds afterwards.
  void losing(size_t home, const std::function<void()>& event, bool went_back = false);
  void committed(size_t home);
  void findRewritten(size_t home);
  void markHistoryLost(size_t home, bool went_back);
  void fail(const std::string& what);
  void say(const std::string& what);
  model::Address addressOf(const Step& step) const { return {homes_[step.owner]->owner(), kEntityIds[step.entity]}; }
  std::vector<model::OwnerId> owners() const;
  std::string nameOf(const model::Address& address) const;
  std::string stateOf(const model::Address& address);
  std::string describeMessage(const std::string& message) const;

  const Plan& plan_;
  uint64_t seed_;
  bool trace_;
  int64_t now_ms_ = 1'800'000'000'000;
  int64_t steady_ms_ = 1'000'000;
  std::vector<std::unique_ptr<Home>> homes_;
  std::vector<Machine> machines_;
  std::unique_ptr<Network> network_;
  Ledger ledger_;
  uint64_t delivered_ = 0;
  uint64_t values_ = 0;
  bool writing_ = false;
  bool fail_next_ = false;
  uint64_t content_sent_ = 0;
  Tampering* tampering_;
  std::set<ContentHash> vouched_;  // versions that stood at their owner once
  std::optional<sync::Ack> last_ack_;
  // What people set: rows (owner, other home, pattern), strategies of an owner, overrides of a home.
  std::map<std::tuple<size_t, size_t, std::string>, model::AccessRow> given_;
  std::map<std::tuple<size_t, Scope, std::string>, std::string> strategies_;
  std::map<std::pair<size_t, model::Address>, std::string> here_;
  std::vector<std::string> failures_;
};

// What `rows` of rules give, told apart from the product's own way of looking them up.
model::Access accessUnder(const model::Rules& rules, const std::string& id);

}  // namespace hearthgate::sim
