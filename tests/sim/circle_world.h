// One run of the simulation of circles: homes that own things together, of which some join, leave, are removed, keep, are
// lost or go back in time, from one seed; then everything heals, and what DESIGN.md section 8 promises is checked of the
// circle. One thread.
#pragma once

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "sim/circle_homes.h"
#include "sim/ledger.h"

namespace hearthgate::sim {

// The entities that are written.
inline const std::vector<std::string> kIds = {"theme.x", "theme.y", "app.z"};

class CircleWorld {
 public:
  // `defect` steps in when given (plants.h).
  CircleWorld(uint64_t seed, size_t steps, bool trace, Tampering* defect = nullptr);

  // Runs the steps but those in `skip`, heals and checks; the failures, none when all properties hold.
  std::vector<std::string> run(const std::set<size_t>& skip);

 private:
  struct Machine {
    std::deque<std::string> images;  // of the last commits
    std::string backup;
    bool lost = false;         // never comes back
    bool unconfirmed = false;  // restored, and no person has confirmed it
    bool member = false;       // at its last commit
    WriteSet held;             // then
  };
  enum class Act { kPut, kPatch, kDelete, kLink, kCut, kTraffic, kInvite, kAccept, kRemove, kLeave, kHandOver, kRules, kAnswer,
                   kCrash, kPowerCut, kBackup, kRestore, kCopyBack, kConfirm, kLose, kTime };
  struct Step {
    Act act = Act::kTraffic;
    size_t home = 0;
    size_t peer = 0;
    std::string entity;
    uint64_t r = 0;
  };

  void act(const Step& step);
  void write(const Step& step);
  void change(const Step& step);
  void restart(size_t home, std::string_view image, Home::Start how);
  void losing(size_t home, const std::function<void()>& event);
  void committed(size_t home);
  void followMembership(size_t home);
  void replaceLostKeeper();
  bool calledBack(Home& home);
  void heal();
  void check();
  void checkRemoved();
  bool living(size_t home) const { return !machines_[home].lost; }
  // Whose copies count when it is asked whether something is lost.
  bool reliable(size_t home) const { return living(home) && hostile_ != home; }
  const engine::Circles::Circle* membership(size_t home);
  const trust::Charter* charterOf(size_t home);
  // Of those that live, the one that counts most.
  const trust::Charter* best();
  model::Address of(const std::string& entity) const { return {circle_, entity}; }
  void fail(const std::string& what) { failures_.push_back(what); }
  void say(const std::string& what) const;
  void sayAll();

  // circle_lies.cpp
  void planLies(uint64_t seed);
  void lie(uint64_t r);
  void forgeCounters(size_t peer, const std::string& id);
  void castOut();

  bool trace_;
  SeededRandom random_;
  std::vector<Step> steps_;
  std::unique_ptr<CircleHomes> homes_;
  std::vector<Machine> machines_;
  model::OwnerId circle_;
  Ledger ledger_;
  WriteSet spread_;  // what another home than its author's had
  uint64_t values_ = 0;
  bool writing_ = false;
  std::optional<size_t> hostile_;  // that member lies
  std::vector<uint64_t> lies_;     // before which step, and which; 0: none
  std::set<ReplicaId> forged_;     // of which it claimed counters that there are none of
  std::string first_proof_;        // the charter when everything began
  Tampering* defect_;
  uint64_t content_sent_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace hearthgate::sim
