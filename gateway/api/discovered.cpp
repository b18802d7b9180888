// GET /discovered.
#include <algorithm>

#include "api/items.h"
#include "api/json_text.h"
#include "api/router.h"
#include "base/utf8.h"

namespace hearthgate::api {
namespace {

std::string keyOf(const DiscoveredItem& item) {
  return item.service + "\n" + item.instance + "\n" + item.interface + "\n" + item.address;
}

Result<Answer> list(Gateway& gateway, Call& call) {
  HG_TRY(size_t limit, call.queryLimit());
  std::string after;
  if (std::string mark = call.queryText("after"); !mark.empty()) {
    HG_TRY(after, parsePageMark(mark));
  }
  std::vector<DiscoveredItem> all = gateway.parts.homes.discovered();
  std::erase_if(all, [&](const DiscoveredItem& item) { return item.own || (!after.empty() && keyOf(item) <= after); });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return keyOf(a) < keyOf(b); });
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    std::vector<store::Peer> peers = reader.peers();
    std::vector<std::string> items;
    for (size_t i = 0; i < std::min(limit, all.size()); ++i) items.push_back(discoveredText(all[i], peers));
    std::optional<std::string> next;
    if (all.size() > limit) next = pageMark(keyOf(all[limit - 1]));
    return Answer::json(listText(std::move(items), next));
  });
}

}  // namespace

std::string discoveredText(const DiscoveredItem& item, const std::vector<store::Peer>& peers) {
  // Only what it says; who it is shows when it is dialled.
  auto known = std::find_if(peers.begin(), peers.end(), [&](const store::Peer& peer) {
    return item.id8.size() == kAnnouncedIdSymbols && peer.state != store::PeerState::kForgotten && peer.home.text().starts_with(item.id8);
  });
  std::string out;
  ObjectText object(&out);
  object.text("service", item.service).text("id8", displayName(item.id8)).text("name", displayName(item.name));
  object.text("address", item.address).number("port", item.port).boolean("pair", item.pair);
  object.textOrNull("known_home", known == peers.end() ? "" : known->home.text());
  object.text("state", item.here ? "here" : "lost").time("first_seen", item.first_seen_ms);
  object.time("last_seen", item.last_seen_ms).text("interface", item.interface);
  object.close();
  return out;
}

void addDiscoveredRoutes(Router& router) { router.add({"GET", "/api/v1/discovered", {"limit", "after"}, list}); }

}  // namespace hearthgate::api
