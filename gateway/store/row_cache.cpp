#include "store/row_cache.h"

namespace hearthgate::store {
namespace {

constexpr size_t kBesides = 700;  // a row, a version and their places in the maps, without what they point to

}  // namespace

size_t RowCache::bytesOf(const EntityRow& row) {
  // Decoded, the numbers of a version take about as much again as its bytes in the database.
  return kBesides + 2 * row.stored_bytes + row.recent.size() + 2 * row.address.id.size();
}

void RowCache::put(const EntityRow& row) {
  forget(row.n);
  size_t bytes = bytesOf(row);
  if (bytes > kMostRowBytes || row.siblings.size() != 1) return;
  if (bytes_ + bytes > kMostBytes) clear();
  bytes_ += bytes;
  numbers_.emplace(row.address, row.n);
  rows_.emplace(row.n, row);
}

std::optional<EntityRow> RowCache::take(const model::Address& address) {
  auto number = numbers_.find(address);
  if (number == numbers_.end()) return std::nullopt;
  auto at = rows_.find(number->second);
  EntityRow row = std::move(at->second);
  bytes_ -= bytesOf(row);
  rows_.erase(at);
  numbers_.erase(number);
  return row;
}

void RowCache::forget(EntityNumber n) {
  auto at = rows_.find(n);
  if (at == rows_.end()) return;
  bytes_ -= bytesOf(at->second);
  numbers_.erase(at->second.address);
  rows_.erase(at);
}

void RowCache::clear() {
  numbers_.clear();
  rows_.clear();
  bytes_ = 0;
}

}  // namespace hearthgate::store
