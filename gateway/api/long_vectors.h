// Which entities have so many entries in their version vector that `status` names them (DESIGN.md section 2, rule 11).
// Follows the feed, a bounded piece at each look, so that a status never waits for the whole database. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>

#include "model/address.h"
#include "store/reader.h"

namespace hearthgate::api {

class LongVectors {
 public:
  // Reads what changed since the last look and gives those that are long now, ordered by address.
  std::set<model::Address> look(store::Reader& reader);

 private:
  std::mutex mutex_;
  uint64_t seen_ = 0;  // the feed's sequence up to which `long_` is right
  std::set<model::Address> long_;
};

}  // namespace hearthgate::api
