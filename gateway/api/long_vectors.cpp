#include "api/long_vectors.h"

#include "api/tuning.h"
#include "model/limits.h"

namespace hearthgate::api {

std::set<model::Address> LongVectors::look(store::Reader& reader) {
  std::lock_guard lock(mutex_);
  size_t read = 0, bytes = 0;
  for (bool more = true; more && read < kVectorsALook && bytes < kVectorBytesALook;) {
    store::Page<store::EntityRow> page = reader.changedSince(seen_, kVectorBatch);
    for (const store::EntityRow& row : page.rows) {
      bytes += row.stored_bytes;
      seen_ = row.sequence;
      if (model::joinedVector(row.siblings).size() >= model::kVectorAttention) {
        long_.insert(row.address);
      } else {
        long_.erase(row.address);
      }
    }
    read += page.rows.size();
    more = page.more;
  }
  return long_;
}

}  // namespace hearthgate::api
