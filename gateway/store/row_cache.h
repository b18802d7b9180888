// Rows of entities as they were written last, so that the next write of the same entity need not find and decode them: that
// was a sixth of the engine's time where entities are written again and again. The one connection that writes keeps it; whatever
// changes a row otherwise calls forget(), and a transaction that failed forgets everything. The engine's thread.
#pragma once

#include <optional>
#include <unordered_map>

#include "store/rows.h"

namespace hearthgate::store {

class RowCache {
 public:
  // About the memory that it takes at most, by when it is emptied: the rows of some 1,500 entities of ordinary size.
  static constexpr size_t kMostBytes = 2 << 20;
  // A row above it is not kept: its decoding is little beside the rest of its write.
  static constexpr size_t kMostRowBytes = 4 << 10;

  void put(const EntityRow& row);
  // Gives the row away: who asks for it is about to write it.
  std::optional<EntityRow> take(const model::Address& address);
  void forget(EntityNumber n);
  void clear();

 private:
  static size_t bytesOf(const EntityRow& row);

  std::unordered_map<model::Address, EntityNumber> numbers_;  // of those in rows_
  std::unordered_map<EntityNumber, EntityRow> rows_;
  size_t bytes_ = 0;
};

}  // namespace hearthgate::store
