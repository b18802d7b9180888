#include "model/vector.h"

#include <algorithm>

namespace hearthgate::model {
namespace {
bool before(const Vector::Entry& entry, const ReplicaId& replica) { return entry.replica < replica; }
}  // namespace

uint64_t Vector::at(const ReplicaId& replica) const {
  auto found = std::lower_bound(entries_.begin(), entries_.end(), replica, before);
  return found != entries_.end() && found->replica == replica ? found->counter : 0;
}

bool Vector::covers(const Vector& other) const {
  if (other.size() > size()) return false;
  auto mine = entries_.begin();
  for (const Entry& theirs : other.entries_) {
    while (mine != entries_.end() && mine->replica < theirs.replica) ++mine;
    if (mine == entries_.end() || mine->replica != theirs.replica || mine->counter < theirs.counter) return false;
  }
  return true;
}

void Vector::raise(const ReplicaId& replica, uint64_t counter) {
  if (counter == 0) return;
  auto found = std::lower_bound(entries_.begin(), entries_.end(), replica, before);
  if (found != entries_.end() && found->replica == replica) {
    found->counter = std::max(found->counter, counter);
  } else {
    entries_.insert(found, {replica, counter});
  }
}

void Vector::join(const Vector& other) {
  for (const Entry& entry : other.entries_) raise(entry.replica, entry.counter);
}

}  // namespace hearthgate::model
