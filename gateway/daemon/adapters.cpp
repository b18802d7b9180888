#include "daemon/adapters.h"

namespace hearthgate::daemon {
namespace {

api::PairingAmount amountOf(const sync::PairingPreview& preview) {
  api::PairingAmount amount{preview.entities, preview.bytes, {}};
  for (const auto& kind : preview.kinds) amount.kinds.push_back({kind.kind, kind.entities, kind.bytes});
  return amount;
}

api::PairingState stateOf(sync::PairingView view) {
  api::PairingState state;
  state.state = std::move(view.state);
  state.failed_tries = view.failed_tries;
  state.failed_text = std::move(view.failed_text);
  state.expires_at_ms = view.expires_at_ms;
  state.peer = view.peer;
  state.peer_name = std::move(view.peer_name);
  state.clock_offset_ms = view.clock_offset_ms;
  for (auto& notice : view.notices) state.notices.push_back({std::move(notice.code), std::move(notice.detail)});
  state.words = std::move(view.words);
  state.to_send = amountOf(view.to_send);
  state.to_receive = amountOf(view.to_receive);
  state.error = std::move(view.error);
  return state;
}

api::TrafficFigures figuresOf(const sync::Traffic& traffic) {
  return {traffic.frames.load(), traffic.compressed_frames.load(), traffic.wire_bytes.load(), traffic.message_bytes.load()};
}

}  // namespace

api::LinkFigures HomesOverLinks::figures(const HomeId& home) {
  auto traffic = hub_.traffic(home);
  if (!traffic) return {};
  return {figuresOf(traffic->sent), figuresOf(traffic->received)};
}

std::vector<api::HandshakeFigure> HomesOverLinks::handshakes() {
  std::vector<api::HandshakeFigure> all;
  for (size_t i = 0; i < sync::kHandshakeEnds.size(); ++i) {
    all.push_back({"peer", std::string(sync::kHandshakeEnds[i]), hub_.handshakes().peer[i].load()});
    all.push_back({"pairing", std::string(sync::kHandshakeEnds[i]), hub_.handshakes().pairing[i].load()});
  }
  return all;
}

api::HomeState HomesOverLinks::state(const HomeId& home) {
  sync::HomeState from = hub_.state(home);
  return {from.state,
          from.since_ms,
          from.transport,
          from.refused_reason,
          from.report.fresh,
          from.report.to_send,
          from.report.sent_of_mine,
          from.report.sent_of_theirs,
          from.report.to_receive,
          from.report.clock_offset_ms,
          from.found};
}

Result<sync::Why> HomesOverLinks::why(const HomeId& home, const model::Address& address) {
  return hub_.why(home, address);
}

Result<api::SyncAnswer> HomesOverLinks::sync(const HomeId& home) {
  HG_TRY(sync::SyncAnswer answer, hub_.sync(home));
  return api::SyncAnswer{answer.level, answer.reason, answer.held, answer.refused};
}

Result<api::PairingCode> HomesOverLinks::openPairing(int64_t ttl_s, bool auto_confirm) {
  HG_TRY(sync::OpenedCode opened, hub_.openPairing(ttl_s, auto_confirm));
  return api::PairingCode{opened.code, opened.uri, opened.expires_at_ms};
}

api::PairingState HomesOverLinks::pairing(const std::string& role) { return stateOf(hub_.pairing(role)); }

Result<api::PairingState> HomesOverLinks::join(const std::string& code_or_uri, const std::optional<std::string>& address,
                                               bool auto_confirm) {
  HG_TRY(sync::PairingView view, hub_.join(code_or_uri, address, auto_confirm));
  return stateOf(std::move(view));
}

std::vector<api::DiscoveredItem> HomesOverLinks::discovered() {
  std::vector<api::DiscoveredItem> items;
  for (plugin_host::Sighting& seen : discovery_.list()) {
    const sdk::ServiceInstance& instance = seen.instance;
    std::string name = sdk::txtValue(instance.txt, "name");
    items.push_back({instance.type, instance.name, name.empty() ? instance.name : name, sdk::txtValue(instance.txt, "id"),
                     instance.address, instance.interface, instance.port, sdk::txtValue(instance.txt, "pair") == "1",
                     instance.own, seen.here, seen.first_seen_ms, seen.last_seen_ms});
  }
  return items;
}

std::vector<api::PluginItem> PluginsOverHost::list() {
  std::vector<api::PluginItem> items;
  for (const plugin_host::PluginInfo& info : host_.list()) {
    api::PluginItem item{info.name, info.version, info.roles, plugin_host::name(info.status), info.error, {}};
    for (const auto& listener : info.listeners) item.listeners.push_back({listener.name, listener.address});
    items.push_back(std::move(item));
  }
  return items;
}

// An empty value in the table means removed: the store has no other use for one.
Result<std::optional<std::string>> StoredPluginState::get(std::string_view plugin, std::string_view key) {
  return readers_.read<std::optional<std::string>>([&](store::Reader& reader) -> Result<std::optional<std::string>> {
    std::string value = reader.pluginState(std::string(plugin), std::string(key));
    if (value.empty()) return std::optional<std::string>();
    return std::optional<std::string>(value.substr(1));
  });
}

Status StoredPluginState::put(std::string_view plugin, std::string_view key, std::string_view value) {
  return engine_.run([&](engine::Core& core) {
    core.store().putPluginState(std::string(plugin), std::string(key), "=" + std::string(value));
  });
}

Status StoredPluginState::remove(std::string_view plugin, std::string_view key) {
  return engine_.run([&](engine::Core& core) { core.store().putPluginState(std::string(plugin), std::string(key), ""); });
}

}  // namespace hearthgate::daemon
