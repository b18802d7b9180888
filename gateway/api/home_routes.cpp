// GET /homes, GET, PATCH and DELETE /homes/{home}, POST /homes/{home}/sync|connect|disconnect.
#include <algorithm>

#include "api/items.h"
#include "api/json_text.h"
#include "api/router.h"
#include "base/utf8.h"
#include "engine/lag.h"

namespace hearthgate::api {

using store::Peer;
using store::PeerState;

namespace {

// Bytes a second; above it a limit is none.
constexpr int64_t kMaxBandwidth = 10'000'000'000;

Result<Peer> knownPeer(Gateway& gateway, const std::string& text) {
  HG_TRY(HomeId home, parseHome(text));
  return gateway.readers.read<Peer>([&](store::Reader& reader) -> Result<Peer> {
    auto peer = reader.peer(home);
    if (!peer || peer->state == PeerState::kForgotten) return homeNotFound(text);
    return std::move(*peer);
  });
}

Result<Answer> list(Gateway& gateway, Call& call) {
  HG_TRY(size_t limit, call.queryLimit());
  std::string after;
  if (std::string mark = call.queryText("after"); !mark.empty()) {
    HG_TRY(after, parsePageMark(mark));
  }
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    std::vector<Peer> peers = reader.peers();
    std::vector<std::string> items;
    std::optional<std::string> next;
    // Ordered by name, then id, as the store gives them.
    std::string last;
    for (const Peer& peer : peers) {
      if (peer.state == PeerState::kForgotten) continue;
      std::string key = peer.name + "\n" + peer.home.text();
      if (!after.empty() && key <= after) continue;
      if (items.size() == limit) {
        next = pageMark(last);
        break;
      }
      items.push_back(homeText(gateway, reader, peer));
      last = key;
    }
    return Answer::json(listText(std::move(items), next));
  });
}

Result<Answer> get(Gateway& gateway, Call& call) {
  HG_TRY(Peer peer, knownPeer(gateway, call.parameter(0)));
  return gateway.read(
      [&](store::Reader& reader) -> Result<Answer> { return Answer::json(homeText(gateway, reader, peer)); });
}

Result<Answer> edit(Gateway& gateway, Call& call) {
  HG_TRY(Peer peer, knownPeer(gateway, call.parameter(0)));
  HG_TRY(model::Json body, call.readObject({"addresses", "name", "bandwidth_limit"}));
  HG_TRY(std::optional<std::string> name, textMember(body, "name"));
  std::optional<std::vector<std::string>> addresses;
  if (const model::Json* list = body.find("addresses")) {
    if (list->type != model::Json::Type::kArray)
      return inputError("bad_document", "\"addresses\" of the body is a list of ADDRESS:PORT.");
    addresses.emplace();
    for (const model::Json& item : list->items) {
      if (!item.isString())
        return inputError("bad_document", "\"addresses\" of the body is a list of texts, each ADDRESS:PORT.");
      addresses->push_back(item.text);
    }
  }
  if (name && (name->empty() || displayName(*name) != *name)) {
    return inputError("bad_document", "\"name\" of the body has 1 to 64 bytes and no control characters.");
  }
  const model::Json* bandwidth = body.find("bandwidth_limit");
  std::optional<int64_t> bytes_per_s;
  if (bandwidth && !bandwidth->isNull()) {
    HG_TRY(bytes_per_s, wholeMember(body, "bandwidth_limit"));
    if (*bytes_per_s < 0 || *bytes_per_s > kMaxBandwidth) {
      return inputError(
          "bad_document",
          "\"bandwidth_limit\" of the body is bytes a second from 0, which is no limit, to 10000000000, or null "
          "for what the configuration says.");
    }
  }
  if (addresses || name || !bandwidth) HG_CHECK(gateway.parts.homes.edit(peer.home, addresses, name));
  if (bandwidth) {
    std::optional<uint64_t> limit;
    if (bytes_per_s) limit = static_cast<uint64_t>(*bytes_per_s);
    HG_CHECK(gateway.parts.homes.setBandwidth(peer.home, limit));
  }
  std::string what = std::string(addresses ? "addresses" : "");
  if (name) what.append(what.empty() ? "" : ", ").append("name");
  if (bandwidth) what.append(what.empty() ? "" : ", ").append("bandwidth");
  HG_CHECK(gateway.audit({"home.edit", peer.home.text(), what}));
  return get(gateway, call);
}

Result<Answer> sync(Gateway& gateway, Call& call) {
  HG_TRY(Peer peer, knownPeer(gateway, call.parameter(0)));
  HG_TRY(SyncAnswer answer, gateway.parts.homes.sync(peer.home));
  HG_CHECK(gateway.audit({"home.sync", peer.home.text(), answer.level ? "level" : "not level"}));
  std::string out;
  ObjectText object(&out);
  object.boolean("level", answer.level).text("reason", answer.reason);
  object.number("held", answer.held).number("refused", answer.refused);
  object.close();
  return Answer::json(std::move(out));
}

Result<Answer> connect(Gateway& gateway, Call& call) {
  HG_TRY(Peer peer, knownPeer(gateway, call.parameter(0)));
  HG_CHECK(gateway.parts.homes.connect(peer.home));
  HG_CHECK(gateway.audit({"home.connect", peer.home.text(), ""}));
  return get(gateway, call);
}

Result<Answer> disconnect(Gateway& gateway, Call& call) {
  HG_TRY(Peer peer, knownPeer(gateway, call.parameter(0)));
  HG_CHECK(gateway.parts.homes.disconnect(peer.home));
  HG_CHECK(gateway.audit({"home.disconnect", peer.home.text(), ""}));
  return get(gateway, call);
}

Result<Answer> forget(Gateway& gateway, Call& call) {
  HG_TRY(Peer peer, knownPeer(gateway, call.parameter(0)));
  HG_CHECK(gateway.parts.homes.forget(peer.home));
  HG_CHECK(gateway.audit({"home.forget", peer.home.text(), ""}));
  return Answer::nothing();
}

}  // namespace

HomeLag lagOf(Gateway& gateway, store::Reader& reader, const Peer& peer, const HomeState& state) {
  HomeLag lag;
  model::OwnerId theirs(peer.home);
  lag.to_send = state.to_send + gateway.lag.waiting(reader, gateway.home, peer.home, gateway.me(), state.sent_of_mine) +
                gateway.lag.waiting(reader, gateway.home, peer.home, theirs, state.sent_of_theirs);
  for (const model::OwnerId& owner : {gateway.me(), theirs}) {
    if (auto place = reader.peerPlace(peer.home, owner)) lag.to_receive += place->remaining;
  }
  if (state.to_receive) lag.to_receive = *state.to_receive;
  lag.held_here = reader.heldCount(peer.home);
  lag.held_there = reader.peerExceptionCount(peer.home, true);
  lag.refused_there = reader.peerExceptionCount(peer.home, false);
  return lag;
}

std::string homeText(Gateway& gateway, store::Reader& reader, const Peer& peer) {
  HomeState state = gateway.parts.homes.state(peer.home);
  std::string out;
  ObjectText object(&out);
  // The name is the other home's claim.
  object.text("id", peer.home.text()).text("name", displayName(peer.name)).text("state", state.state);
  object.time("since", state.since_ms ? std::optional<int64_t>(state.since_ms) : std::nullopt);
  {
    ArrayText addresses(&object.value("addresses"));
    for (const store::PeerAddress& address : peer.addresses) {
      ObjectText item(addresses.item());
      item.text("address", address.address).text("source", address.source).time("last_ok", address.last_ok_ms);
    }
    for (const std::string& found : state.found) {
      bool listed = std::any_of(peer.addresses.begin(), peer.addresses.end(),
                                [&](const store::PeerAddress& address) { return address.address == found; });
      if (listed) continue;
      ObjectText item(addresses.item());
      item.text("address", found).text("source", "found").time("last_ok", std::nullopt);
    }
  }
  object.textOrNull("transport", state.transport);
  {
    HomeLag amounts = lagOf(gateway, reader, peer, state);
    ObjectText lag(&object.value("lag"));
    lag.number("to_send", amounts.to_send).number("to_receive", amounts.to_receive);
    lag.number("held", amounts.held_here + amounts.held_there).number("refused", amounts.refused_there);
  }
  if (state.clock_offset_ms) {
    object.number("clock_offset_ms", *state.clock_offset_ms);
  } else {
    object.raw("clock_offset_ms", "null");
  }
  object.time("last_sync_at", peer.last_sync_ms).textOrNull("refused_reason", state.refused_reason);
  object.boolean("kept_apart", peer.kept_apart);
  auto own_limit = reader.bandwidth(peer.home);
  auto configured = static_cast<uint64_t>(gateway.parts.configuration.config.sharing.sync.bandwidth_limit);
  object.number("bandwidth_limit", own_limit.value_or(configured))
      .boolean("bandwidth_limit_own", own_limit.has_value());
  object.close();
  return out;
}

void addHomeRoutes(Router& router) {
  router.add({"GET", "/api/v1/homes", {"limit", "after"}, list});
  router.add({"GET", "/api/v1/homes/{home}", {}, get});
  router.add({"PATCH", "/api/v1/homes/{home}", {}, edit});
  router.add({"DELETE", "/api/v1/homes/{home}", {}, forget, true});
  router.add({"POST", "/api/v1/homes/{home}/sync", {}, sync, true});
  router.add({"POST", "/api/v1/homes/{home}/connect", {}, connect});
  router.add({"POST", "/api/v1/homes/{home}/disconnect", {}, disconnect});
}

}  // namespace hearthgate::api
