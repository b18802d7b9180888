// What the daemon puts between layers that do not know each other: the API's view of links and plugins, and the plugin
// host's view of store and engine.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "api/homes.h"
#include "api/plugins.h"
#include "api/reader_pool.h"
#include "daemon/own_voice.h"
#include "engine/engine.h"
#include "plugin_host/discovery.h"
#include "plugin_host/plugin_host.h"
#include "plugin_host/services.h"
#include "sync/link_hub.h"

namespace hearthgate::daemon {

class HomesOverLinks final : public api::Homes {
 public:
  HomesOverLinks(sync::LinkHub& hub, plugin_host::Discovery& discovery, OwnVoice& voice)
      : hub_(hub), discovery_(discovery), voice_(voice) {}
  api::HomeState state(const HomeId& home) override;
  size_t connectedCount() override { return hub_.connectedCount(); }
  api::LinkFigures figures(const HomeId& home) override;
  std::vector<api::HandshakeFigure> handshakes() override;
  Status connect(const HomeId& home) override { return hub_.connect(home); }
  Status disconnect(const HomeId& home) override { return hub_.disconnect(home); }
  Status forget(const HomeId& home) override { return hub_.forget(home); }
  Status edit(const HomeId& home, const std::optional<std::vector<std::string>>& addresses,
              const std::optional<std::string>& name) override {
    return hub_.edit(home, addresses, name);
  }
  Status setBandwidth(const HomeId& home, std::optional<uint64_t> bytes_per_s) override {
    return hub_.setBandwidth(home, bytes_per_s);
  }
  Result<sync::Why> why(const HomeId& home, const model::Address& address) override;
  Result<api::SyncAnswer> sync(const HomeId& home) override;
  Result<api::PairingCode> openPairing(int64_t ttl_s, bool auto_confirm) override;
  api::PairingState pairing(const std::string& role) override;
  Status confirmPairing() override { return hub_.confirmPairing(); }
  void cancelPairing() override { hub_.cancelPairing(); }
  Result<api::PairingState> join(const std::string& code_or_uri, const std::optional<std::string>& address,
                                 bool auto_confirm) override;
  Result<sync::KeyReport> keys() override { return hub_.keys(); }
  Result<sync::KeyReport> renewKey(const trust::KeyRenewal& renewal) override { return hub_.renewKey(renewal); }
  Result<std::vector<sync::ReachStep>> reach(const HomeId& home) override { return hub_.reach(home); }
  bool tryNow(std::chrono::milliseconds limit) override { return hub_.tryNow(limit.count()); }
  api::NetworkLook lookAround(std::chrono::milliseconds limit) override { return voice_.listen(limit); }
  std::vector<api::DiscoveredItem> discovered() override;

 private:
  sync::LinkHub& hub_;
  plugin_host::Discovery& discovery_;
  OwnVoice& voice_;
};

class PluginsOverHost final : public api::Plugins {
 public:
  explicit PluginsOverHost(plugin_host::PluginHost& host) : host_(host) {}
  std::vector<api::PluginItem> list() override;
  Status enable(const std::string& name) override { return host_.enable(name); }
  Status disable(const std::string& name) override { return host_.disable(name); }
  Status reload(const std::string& name) override { return host_.reload(name); }

 private:
  plugin_host::PluginHost& host_;
};

class StoredPluginState final : public plugin_host::PluginState {
 public:
  StoredPluginState(engine::Engine& engine, api::ReaderPool& readers) : engine_(engine), readers_(readers) {}
  Result<std::optional<std::string>> get(std::string_view plugin, std::string_view key) override;
  Status put(std::string_view plugin, std::string_view key, std::string_view value) override;
  Status remove(std::string_view plugin, std::string_view key) override;

 private:
  engine::Engine& engine_;
  api::ReaderPool& readers_;
};

}  // namespace hearthgate::daemon
