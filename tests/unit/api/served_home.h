// One home with a real engine on a database in a temporary folder, the real server on a free port of loopback, and a
// client for it; the links to other homes and the plugins are scripted.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/client.h"
#include "api/server.h"
#include "base/clock.h"
#include "config/config.h"
#include "engine/engine.h"
#include "model/json.h"
#include "plugin_host/request_filter.h"
#include "trust/identity.h"

namespace hearthgate::api {

class ScriptedHomes final : public Homes {
 public:
  HomeState state(const HomeId&) override { return home_state; }
  size_t connectedCount() override { return home_state.state == "connected" ? 1 : 0; }
  Status connect(const HomeId& home) override { return note("connect", home); }
  Status disconnect(const HomeId& home) override { return note("disconnect", home); }
  Status forget(const HomeId& home) override { return note("forget", home); }
  Status edit(const HomeId& home, const std::optional<std::vector<std::string>>& addresses,
              const std::optional<std::string>& name) override;
  Status setBandwidth(const HomeId& home, std::optional<uint64_t> bytes_per_s) override {
    return note("bandwidth " + (bytes_per_s ? std::to_string(*bytes_per_s) : "default"), home);
  }
  Result<sync::Why> why(const HomeId& home, const model::Address& address) override {
    notes.push_back("why " + address.id + " " + home.text());
    return why_answer;
  }
  Result<SyncAnswer> sync(const HomeId&) override;
  Result<PairingCode> openPairing(int64_t ttl_s, bool auto_confirm) override;
  PairingState pairing(const std::string& role) override {
    asked_role = role;
    return pairing_state;
  }
  Status confirmPairing() override;
  void cancelPairing() override { pairing_state = {}; }
  Result<PairingState> join(const std::string& code_or_uri, const std::optional<std::string>& address,
                            bool auto_confirm) override;
  Result<sync::KeyReport> keys() override { return key_report; }
  Result<sync::KeyReport> renewKey(const trust::KeyRenewal& renewal) override;
  std::vector<DiscoveredItem> discovered() override { return nearby; }
  Result<std::vector<sync::ReachStep>> reach(const HomeId&) override { return steps; }
  bool tryNow(std::chrono::milliseconds) override {
    ++tried;
    return !stops;
  }
  NetworkLook lookAround(std::chrono::milliseconds) override { return look; }

  HomeState home_state;
  std::vector<DiscoveredItem> nearby;
  sync::KeyReport key_report{1, trust::VouchedBy::kRoot, "abcdefghijklmnop", 0, {}, false};
  std::vector<sync::ReachStep> steps;
  std::atomic<int> tried{0};
  bool stops = false;
  NetworkLook look;
  sync::Why why_answer{"level", {{"known", true, "It is known here.", 1'800'000'000'000}}, ""};
  PairingState pairing_state;
  std::string asked_role;
  std::optional<Error> join_error;
  SyncAnswer sync_answer{true, "", 0, 0};
  std::vector<std::string> notes;  // what was asked
  std::function<void()> while_syncing;

 private:
  Status note(const std::string& what, const HomeId& home);
};

class ScriptedPlugins final : public Plugins {
 public:
  std::vector<PluginItem> list() override { return items; }
  Status enable(const std::string& name) override { return set(name, "running"); }
  Status disable(const std::string& name) override { return set(name, "disabled"); }
  Status reload(const std::string& name) override { return set(name, "running"); }
  std::vector<PluginItem> items{{"lan", "1.0", {"transport"}, "running", {}, {{"links", "127.0.0.1:8765"}}}};

 private:
  Status set(const std::string& name, const std::string& state);
};

// An answer with its body read as JSON.
struct Got {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;
  model::Json json;

  // The text of a member by path `a.b.0`; empty when there is none.
  std::string at(const std::string& path) const;
  const model::Json& json_at(const std::string& path) const;
  std::string code() const { return at("code"); }
};

// The most memory that this process needed beyond what it had at the beginning; 0 under a sanitizer, which keeps what
// was freed.
class PeakMemory {
 public:
  PeakMemory();
  size_t grownMiB() const;

 private:
  size_t before_;
};

class ServedHome : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  Got ask(const std::string& method, const std::string& path, const std::string& body = "",
          std::map<std::string, std::string> headers = {});
  Got get(const std::string& path, std::map<std::string, std::string> headers = {}) {
    return ask("GET", path, "", std::move(headers));
  }
  Got put(const std::string& id, const std::string& fields);
  Got bulk(const std::string& lines);
  // Bytes as they are over a socket of their own, and all that comes back until the other side closes.
  std::string raw(const std::string& bytes);
  std::string me() const { return identity_->home().text(); }
  // Something that the links would do, on the engine's thread in one commit.
  void onEngine(const std::function<void(engine::Core&)>& work);
  // A paired home, made up.
  HomeId pair(const std::string& name);
  // As if `owner` had told rules that let this home do `access` with `pattern`, and had sent an entity.
  void receive(const HomeId& owner, const std::string& pattern, model::Access access);
  // A version of `id` by `author`, unknown to and not knowing any other, joined here.
  void receiveVersion(const model::Address& address, const HomeId& author, const std::string& fields, int64_t stamp_ms);
  void restart();

  std::string folder_;
  std::unique_ptr<trust::Identity> identity_;
  std::unique_ptr<engine::Engine> engine_;
  config::Loaded configuration_;
  plugin_host::HostFilter filter_{{"beach.local"}};
  ScriptedHomes homes_;
  ScriptedPlugins plugins_;
  std::unique_ptr<Server> server_;
  std::string token_;
  std::unique_ptr<Client> client_;

 private:
  void start();
  void stop();
};

}  // namespace hearthgate::api
