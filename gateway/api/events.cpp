// GET /events: takes the connection over to the event streams.
#include <algorithm>
#include <charconv>

#include "api/event_streams.h"
#include "api/event_text.h"
#include "api/router.h"
#include "base/utf8.h"
#include "engine/core.h"

namespace hearthgate::api {
namespace {

Result<std::set<std::string>> typesOf(const Call& call) {
  std::set<std::string> types;
  std::string text = call.queryText("types");
  while (!text.empty()) {
    size_t end = std::min(text.find(','), text.size());
    std::string type = text.substr(0, end);
    text.erase(0, end + 1);
    const auto& known = eventTypes();
    if (std::find(known.begin(), known.end(), type) == known.end()) {
      std::string list;
      for (const std::string& one : known) list += (list.empty() ? "" : ", ") + one;
      return inputError("bad_query", "There are no events of type '" + displayName(type, kMaxShownBytes) +
                                         "'; there are: " + list + ".");
    }
    types.insert(std::move(type));
  }
  return types;
}

// Where a stream goes on: after the last event that the reader has, or with `reset` at the end when events after it
// may be gone.
Result<StreamWish> placeOf(Gateway& gateway, const std::optional<std::string>& last_id) {
  return gateway.readers.read<StreamWish>([&](store::Reader& reader) -> Result<StreamWish> {
    StreamWish wish;
    uint64_t head = reader.head().sequence;
    wish.position = head;
    if (!last_id || last_id->empty()) return wish;
    wish.reset = true;
    auto own = reader.owner(gateway.me());
    size_t dash = last_id->rfind('-');
    if (!own || dash == std::string::npos || last_id->substr(0, dash) != own->epoch.text()) return wish;
    uint64_t number = 0;
    auto [end, error] = std::from_chars(last_id->data() + dash + 1, last_id->data() + last_id->size(), number);
    if (error != std::errc{} || end != last_id->data() + last_id->size() || number > head) return wish;
    // Entity events are in the feed for ever; of the others old ones go once there are kEventsKept.
    if (number < reader.firstEvent() && reader.events(0, engine::kEventsKept).size() >= engine::kEventsKept)
      return wish;
    wish.reset = false;
    wish.position = number;
    return wish;
  });
}

Result<Answer> events(Gateway& gateway, Call& call) {
  HG_TRY(std::set<std::string> types, typesOf(call));
  if (call.method == "HEAD") {
    Answer head;
    head.content_type = "text/event-stream";
    return head;
  }
  HG_TRY(StreamWish wish, placeOf(gateway, call.header("Last-Event-ID")));
  wish.types = std::move(types);
  wish.prefix = call.queryText("prefix");
  if (!gateway.streams->reserve()) {
    return stateError("too_many_streams", "All 16 event streams are taken; close one and try again.");
  }
  wish.socket = call.takeConnection();
  if (wish.socket < 0) {
    gateway.streams->giveBack();
    return systemError("too_many_files", "No event stream can be opened: the gateway has no file descriptor left.");
  }
  gateway.streams->add(std::move(wish));
  Answer answer;
  answer.taken_over = true;
  return answer;
}

}  // namespace

void addEventRoutes(Router& router) { router.add({"GET", "/api/v1/events", {"types", "prefix"}, events}); }

}  // namespace hearthgate::api
