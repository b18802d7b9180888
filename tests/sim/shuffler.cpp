#include "sim/shuffler.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "sync/wire.h"

namespace hearthgate::sim {

void Shuffler::pass(size_t from, size_t to, std::string* message) {
  if (sync::typeOf(*message) == sync::MessageType::kBatch) {
    auto batch = sync::decodeBatch(*message);
    Places& places = sent_[{from, to, batch->owner, batch->number}];
    places = {};
    places.items.resize(batch->items.size());
    std::iota(places.items.begin(), places.items.end(), 0);
    for (size_t left = places.items.size(); left > 1; --left)
      std::swap(places.items[left - 1], places.items[random_.below(left)]);
    std::vector<uint32_t> first;
    uint32_t versions = 0;
    for (const sync::BatchItem& item : batch->items) {
      first.push_back(versions);
      versions += static_cast<uint32_t>(item.versions.size());
    }
    std::vector<sync::BatchItem> items;
    for (uint32_t item : places.items) {
      for (uint32_t i = 0; i < batch->items[item].versions.size(); ++i) places.versions.push_back(first[item] + i);
      items.push_back(std::move(batch->items[item]));
    }
    batch->items = std::move(items);
    *message = encode(*batch);
  } else if (sync::typeOf(*message) == sync::MessageType::kAck) {
    auto ack = sync::decodeAck(*message);
    const Places& places = sent_[{to, from, ack->owner, ack->number}];
    for (uint32_t& item : ack->wants) item = places.items.at(item);
    for (auto& [version, tag] : ack->tags) version = places.versions.at(version);
    for (auto& exception : ack->exceptions) exception.version = places.versions.at(exception.version);
    std::sort(ack->exceptions.begin(), ack->exceptions.end(),
              [](const auto& a, const auto& b) { return a.version < b.version; });
    *message = encode(*ack);
  }
}

}  // namespace hearthgate::sim
