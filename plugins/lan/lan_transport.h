// Links between homes as WebSockets: binary messages, one thread for all sockets. Used by the plugin and, linked
// directly, by tests. Contract and threads: hearthgate/transport.h.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "hearthgate/host.h"
#include "hearthgate/transport.h"
#include "lan/tuning.h"

namespace hearthgate::lan {

struct Hub;

class LanTransport final : public sdk::Transport {
 public:
  using Logger = std::function<void(sdk::Log::Level, std::string_view)>;

  // `filter` is asked for every request and outlives the transport. `logger` may be called from any thread.
  LanTransport(LanSettings settings, sdk::RequestFilter& filter, Logger logger);
  ~LanTransport() override;

  sdk::Listening listen(const std::string& address, uint16_t port, Acceptor acceptor) override;
  void dial(const std::string& address, const std::string& target, std::shared_ptr<sdk::LinkHandler> handler,
            Dialled dialled) override;
  void stop() override;

 private:
  std::shared_ptr<Hub> hub_;
};

}  // namespace hearthgate::lan
