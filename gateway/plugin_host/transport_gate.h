// The core's view of a plugin's transport. It stands between the two so that exceptions stop here, so that the core may
// keep links and the transport for as long as it likes while the plugin is unloaded, and so that listeners can be
// listed. Contract and threads: hearthgate/transport.h.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "hearthgate/transport.h"

namespace hearthgate::plugin_host {

struct ListenerInfo {
  std::string name;     // `links`
  std::string address;  // `IP:port`
};

class GateHandler;

class TransportGate final : public sdk::Transport, public std::enable_shared_from_this<TransportGate> {
 public:
  // Called on any thread with what the plugin threw.
  using Failed = std::function<void(const char* what, const char* message)>;

  // `slot`: see crash_watch.h.
  TransportGate(std::string plugin, sdk::Transport& inner, Failed failed, int slot = -1);

  sdk::Listening listen(const std::string& address, uint16_t port, Acceptor acceptor) override;
  void dial(const std::string& address, const std::string& target, std::shared_ptr<sdk::LinkHandler> handler,
            Dialled dialled) override;
  void stop() override;

  std::vector<ListenerInfo> listeners() const;
  // Lets go of every object of the plugin, after its stop or while that hangs; later calls answer `stopped`, links are
  // closed. False when a call into the plugin has not returned after `limit`: its objects must then stay.
  bool close(std::chrono::milliseconds limit);

 private:
  friend class GateHandler;
  void add(std::weak_ptr<GateHandler> handler);

  const std::string plugin_;
  const Failed failed_;
  const int slot_;
  mutable std::shared_timed_mutex
      inner_mutex_;  // Held shared during calls into the plugin, so that close() waits for them.
  sdk::Transport* inner_;
  mutable std::mutex mutex_;
  std::vector<ListenerInfo> listeners_;
  static constexpr size_t kPruneAt = 64;
  std::vector<std::weak_ptr<GateHandler>> open_;  // with ended ones in between, cleaned out at prune_at_
  size_t prune_at_ = kPruneAt;
};

}  // namespace hearthgate::plugin_host
