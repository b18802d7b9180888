// The REST server of the gateway (CONTRACT.md "REST"): made by the daemon before the engine starts, because it hooks
// itself into the commits; begin() binds and serves once the engine runs. Requests run on a pool of threads of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/gateway.h"
#include "base/result.h"

namespace hearthgate::api {

class Server {
 public:
  // Before Engine::start(). What `parts` borrows outlives the server; the engine may outlive it.
  Server(ServerSettings settings, ServerParts parts, trust::AdminToken token);
  // Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and serves. Errors: port_in_use, address_not_usable.
  Status begin();
  // Ends streams, lets running requests end, closes the listener. Before Engine::stop(). Idempotent.
  void stop();

  // After begin(): the port that was bound, and `http://127.0.0.1:PORT`.
  uint16_t port() const;
  std::string url() const;

  // Tells the event streams, durably; any thread but the engine's. The daemon calls these from the callbacks of the
  // link hub and the plugin host.
  void homeChanged(const HomeId& home);
  void pairingChanged();
  void pluginChanged(const PluginItem& plugin);

 private:
  struct Http;
  void record(const char* type, std::string body);
  Gateway gateway_;
  std::unique_ptr<Http> http_;
};

}  // namespace hearthgate::api
