#include "store/recent_history.h"

#include "model/codec.h"

namespace hearthgate::store {

std::string encodeRecent(const std::vector<PlacedHistory>& list) {
  std::string bytes;
  model::ByteWriter out(&bytes);
  PlacedHistory before;
  for (const PlacedHistory& one : list) {
    out.number(static_cast<uint64_t>(one.n - before.n));
    out.number(one.at.change - before.at.change);
    out.number(one.at.place);
    before = one;
  }
  return bytes;
}

bool decodeRecent(std::string_view bytes, std::vector<PlacedHistory>* list) {
  model::ByteReader in(bytes);
  PlacedHistory one;
  while (in.ok() && !in.atEnd()) {
    one.n += static_cast<int64_t>(in.number());
    one.at.change += in.number();
    one.at.place = static_cast<uint32_t>(in.number());
    if (in.ok()) list->push_back(one);
  }
  return in.ok() && list->size() <= kRecentMost;
}

}  // namespace hearthgate::store
