#include "api/long_vectors.h"

#include "api/tuning.h"
#include "model/limits.h"

namespace hearthgate::api {

std::set<model::Address> LongVectors::look(store::Reader& reader) {
  std::lock_guard lock(mutex_);
  for (size_t read = 0; read < kVectorsALook;) {
    std::vector<store::EntityRow> rows = reader.changedSince(seen_, kVectorBatch);
    for (const store::EntityRow& row : rows) {
      seen_ = row.sequence;
      if (model::joinedVector(row.siblings).size() >= model::kVectorAttention) {
        long_.insert(row.address);
      } else {
        long_.erase(row.address);
      }
    }
    read += rows.size();
    if (rows.size() < kVectorBatch) break;
  }
  return long_;
}

}  // namespace hearthgate::api
