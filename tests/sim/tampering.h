// Where a planted defect steps in (plants.h): around a home's starts and transactions, and on what leaves it. All of it
// is outside of the product: rows of its database, fields of its messages, its clock. One thread.
#pragma once

#include <string>

#include "sync/replicator.h"

namespace hearthgate::sim {

class Home;

// How a process begins: after a clean stop, after one that may have lost commits, on a backup that somebody brought
// back.
enum class Start { kClean, kMayHaveForgotten, kRestored };

class Tampering {
 public:
  virtual ~Tampering() = default;

  // A start, in its transaction. True: done here, instead of what the product does.
  virtual bool starts(Home&, Start) { return false; }
  // The same after the product's part.
  virtual void started(Home&, Start) {}
  // In every transaction: before its work, and after it, before the replicator speaks.
  virtual void before(Home&) {}
  virtual void after(Home&) {}
  // A message of a commit that failed: true lets it go all the same.
  virtual bool leavesWithoutCommit(const std::string&) { return false; }
  // Every other message; may change it. False: it does not leave.
  virtual bool leaves(Home& from, Home& to, std::string* message) {
    (void)from, (void)to, (void)message;
    return true;
  }
  // The disturbances are over: a defect that strikes now and then is silent from here on.
  virtual void healing() {}
};

}  // namespace hearthgate::sim
