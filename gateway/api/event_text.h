// What happened as server-sent events (HTML Living Standard, section 9.2): entity events from the feed, the others from
// the kept events, in one order of sequence numbers. The streams' thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/gateway.h"
#include "store/reader.h"

namespace hearthgate::api {

struct EventText {
  uint64_t sequence = 0;
  std::string type;
  std::string entity;  // id of the entity it is about, for the filter; may be empty
  std::string text;    // ready to be sent
};

struct EventBatch {
  std::vector<EventText> events;
  uint64_t after = 0;     // everything above
  uint64_t position = 0;  // up to here is in it
  std::string place;      // the id of `position`
  uint64_t head = 0;      // the newest there is
};

// EPOCH-N.
std::string eventId(const FeedEpoch& epoch, uint64_t sequence);
std::string sseText(const std::string& id, const std::string& type, const std::string& data);

// The next events above `after`: about kEventBatch, or less with the one that brings them to kEventBatchBytes.
EventBatch readEvents(Gateway& gateway, store::Reader& reader, uint64_t after);

// The types that `types=` may name.
const std::vector<std::string>& eventTypes();

}  // namespace hearthgate::api
