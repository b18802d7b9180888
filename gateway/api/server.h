// The REST server of the gateway (CONTRACT.md "REST"): started by the daemon when engine, links and plugins run.
// Requests run on a pool of threads of its own, event streams on one more.
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
  // Takes or makes the admin token, binds and serves. What `parts` borrows outlives the server; the engine runs already
  // and may outlive it. Errors: file_exposed, token_corrupt, port_in_use, address_not_usable.
  static Result<std::unique_ptr<Server>> start(ServerSettings settings, ServerParts parts);
  // Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Ends streams, lets running requests end, closes the listener. Before Engine::stop(). Idempotent.
  void stop();

  // The port that was bound, and `http://127.0.0.1:PORT`.
  uint16_t port() const;
  std::string url() const;

 private:
  struct Http;
  Server(ServerSettings settings, ServerParts parts, trust::AdminToken token);
  Status begin();
  Gateway gateway_;
  std::unique_ptr<Http> http_;
};

}  // namespace hearthgate::api
