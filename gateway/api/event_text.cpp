#include "api/event_text.h"

#include <algorithm>
#include <charconv>

#include "api/entity_text.h"
#include "api/items.h"
#include "model/json.h"

namespace hearthgate::api {

using store::EntityRow;
using store::EntityState;

namespace {

std::string_view changeOf(const EntityRow& row) {
  if (row.state == EntityState::kNoLongerShared) return "revoked";
  if (row.state == EntityState::kDeleted) return "deleted";
  return row.origin == store::Origin::kLocal ? "local" : "remote";
}

std::optional<int64_t> wholeNumber(const model::Json* json) {
  int64_t value = 0;
  if (!json) return std::nullopt;
  auto [end, error] = std::from_chars(json->text.data(), json->text.data() + json->text.size(), value);
  if (error != std::errc{} || end != json->text.data() + json->text.size()) return std::nullopt;
  return value;
}

std::string pluginNow(Gateway& gateway, const model::Json* name) {
  for (const PluginItem& plugin : gateway.parts.plugins.list()) {
    if (name && plugin.name == name->text) return pluginText(plugin);
  }
  return {};
}

// Kept as what names it.
std::string discoveredNow(Gateway& gateway, store::Reader& reader, const model::Json& body) {
  auto is = [&](const char* name, const std::string& text) {
    const model::Json* member = body.find(name);
    return member && member->text == text;
  };
  for (const DiscoveredItem& item : gateway.parts.homes.discovered()) {
    if (is("service", item.service) && is("instance", item.instance) && is("interface", item.interface) &&
        is("address", item.address)) {
      return discoveredText(item, reader.peers());
    }
  }
  return {};
}

std::string homeNow(Gateway& gateway, store::Reader& reader, const model::Json* id) {
  auto home = id ? HomeId::parse(id->text) : std::nullopt;
  auto peer = home ? reader.peer(*home) : std::nullopt;
  return peer && peer->state != store::PeerState::kForgotten ? homeText(gateway, reader, *peer) : std::string();
}

// Most are kept as an id and shown as their item is now; where that is gone, and the others, as they were kept.
EventText otherEvent(Gateway& gateway, store::Reader& reader, const store::EventRow& row) {
  EventText event{row.n, row.type, "", row.body};
  auto body = model::parseJson(row.body, 8);
  if (!body.ok()) return event;
  std::string now;
  if (row.type == "conflict") {
    auto number = wholeNumber(body->find("id"));
    if (auto conflict = number ? reader.conflict(*number) : std::nullopt) {
      now = conflictText(*conflict);
      event.entity = conflict->address.id;
    }
  } else if (row.type == "home") {
    now = homeNow(gateway, reader, body->find("id"));
  } else if (row.type == "plugin") {
    now = pluginNow(gateway, body->find("name"));
  } else if (row.type == "discovered") {
    now = discoveredNow(gateway, reader, *body);
  } else if (row.type == "pairing") {
    now = pairingText(gateway.parts.homes.pairing(""));
  }
  if (!now.empty()) event.text = std::move(now);
  return event;
}

// An entity that looks another way without a new version: its strategy changed while it has siblings, or its owner's word
// on it became old or new again.
std::optional<EventText> shownAnew(const Gateway& gateway, store::Reader& reader, EntityText& text, const store::EventRow& row) {
  auto body = model::parseJson(row.body, 8);
  const model::Json* told = body.ok() ? body->find("entity") : nullptr;
  if (!told) return std::nullopt;
  auto address = parseAddress(gateway, told->text);
  auto entity = address.ok() ? reader.entity(*address) : std::nullopt;
  if (!entity || !text.visible(*entity)) return std::nullopt;
  EventText event{row.n, "entity", address->id, ""};
  const model::Json* change = body->find("change");
  text.append(*entity, change ? change->text : "local", &event.text);
  return event;
}

struct Source {
  uint64_t number = 0;
  const EntityRow* row = nullptr;  // a changed entity, or
  const store::EventRow* other = nullptr;
};

// Nothing where this home may not see it.
std::optional<EventText> eventOf(Gateway& gateway, store::Reader& reader, EntityText& text, const Source& source) {
  if (source.other) {
    if (source.other->type == "entity") return shownAnew(gateway, reader, text, *source.other);
    return otherEvent(gateway, reader, *source.other);
  }
  if (!text.visible(*source.row)) return std::nullopt;
  EventText event{source.number, "entity", source.row->address.id, ""};
  text.append(*source.row, changeOf(*source.row), &event.text);
  return event;
}

}  // namespace

const std::vector<std::string>& eventTypes() {
  static const std::vector<std::string> types = {"attention", "circle",  "conflict", "discovered",   "entity",
                                                 "home",      "pairing", "plugin",   "sync_complete"};
  return types;
}

std::string eventId(const FeedEpoch& epoch, uint64_t sequence) { return epoch.text() + "-" + std::to_string(sequence); }

std::string sseText(const std::string& id, const std::string& type, const std::string& data) {
  // JSON text of ours holds no line ends, so one data line is enough.
  std::string out;
  out.reserve(id.size() + type.size() + data.size() + 24);
  out.append("id: ").append(id).append("\nevent: ").append(type).append("\ndata: ").append(data).append("\n\n");
  return out;
}

EventBatch readEvents(Gateway& gateway, store::Reader& reader, uint64_t after) {
  EventBatch batch;
  batch.after = after;
  batch.head = reader.head().sequence;
  auto own = reader.owner(gateway.me());
  FeedEpoch epoch = own ? own->epoch : FeedEpoch{};
  store::Page<EntityRow> page = reader.changedSince(after, kEventBatch);
  std::vector<store::EventRow> others = reader.events(after, kEventBatch);
  // A list that was cut tells nothing beyond its last row.
  batch.position = std::max(batch.head, after);
  if (page.more) batch.position = std::min(batch.position, page.rows.back().sequence);
  if (others.size() == kEventBatch) batch.position = std::min(batch.position, others.back().n);
  EntityText text(gateway, reader);
  std::vector<Source> sources;
  for (const EntityRow& row : page.rows) sources.push_back({row.sequence, &row, nullptr});
  for (const store::EventRow& row : others) sources.push_back({row.n, nullptr, &row});
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) { return a.number < b.number; });
  size_t bytes = 0;
  for (const Source& source : sources) {
    if (source.number > batch.position) break;
    auto event = eventOf(gateway, reader, text, source);
    if (!event) continue;
    event->text = sseText(eventId(epoch, event->sequence), event->type, event->text);
    bytes += event->text.size();
    batch.events.push_back(std::move(*event));
    if (bytes >= kEventBatchBytes) batch.position = source.number;
  }
  batch.place = eventId(epoch, batch.position);
  return batch;
}

}  // namespace hearthgate::api
