// How much of one owner's entities another home has not acknowledged yet, asked of the database: what a link would have
// to carry now. Used by the API's read connections; any thread, one question at a time.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "store/reader.h"

namespace hearthgate::engine {

// Remembers what it has counted, because people and monitors ask again and again: with 200 homes away and 100,000
// entities, a look at each of them would take seconds. What changed since is looked at, and everything when rules or
// what the other home has acknowledged changed. It costs a bit for each entity and home.
class LagCounter {
 public:
  // Entities of `owner` (this home `me` or `peer`) that wait to be sent to `peer`: those above `sent`, the place in the
  // feed up to which a link that is up has sent, and without one those that the peer has not acknowledged under these
  // rules.
  uint64_t waiting(store::Reader& reader, const HomeId& me, const HomeId& peer, const model::OwnerId& owner,
                   std::optional<uint64_t> sent);
  // Rows of feeds that were looked at so far.
  uint64_t looked() const { return looked_; }

 private:
  struct Counted {
    // What the count holds under.
    FeedEpoch epoch;
    uint64_t rules_number = 0;
    std::optional<store::PlaceMark> place;
    std::optional<uint64_t> sent;
    // The feed is counted up to here.
    uint64_t sequence = 0;
    std::vector<bool> waits;  // by entity number
    uint64_t count = 0;
  };
  void add(store::Reader& reader, const HomeId& me, const HomeId& peer, const model::OwnerId& owner, Counted* counted);

  std::mutex mutex_;
  std::map<std::pair<HomeId, model::OwnerId>, Counted> counted_;
  uint64_t looked_ = 0;
};

}  // namespace hearthgate::engine
