#include <vector>

#include "contract/transport_world.h"
#include "lan/lan_transport.h"
#include "support/loopback_transport.h"
#include "support/tcp_proxy.h"

namespace hearthgate::testing {
namespace {

class AcceptAll final : public sdk::RequestFilter {
 public:
  uint32_t check(const sdk::Request&) override { return 0; }
};

class ProxyWire final : public Wire {
 public:
  explicit ProxyWire(uint16_t to) : proxy_(to) {}
  std::string address() const override { return "127.0.0.1:" + std::to_string(proxy_.port()); }
  void freeze() override { proxy_.freeze(); }
  void thaw() override { proxy_.thaw(); }
  void cut() override { proxy_.cut(); }

 private:
  TcpProxy proxy_;
};

class LanWorld final : public TransportWorld {
 public:
  std::unique_ptr<sdk::Transport> make(const TransportLimits& limits) override {
    lan::LanSettings settings;
    settings.max_message_bytes = limits.max_message_bytes;
    settings.queue_limit_bytes = limits.queue_limit_bytes;
    settings.ping_interval = std::chrono::milliseconds(limits.ping_interval_ms);
    settings.connect_timeout = std::chrono::milliseconds(limits.connect_timeout_ms);
    settings.upgrade_timeout = std::chrono::milliseconds(limits.connect_timeout_ms);
    settings.close_timeout = std::chrono::milliseconds(limits.close_timeout_ms);
    return std::make_unique<lan::LanTransport>(settings, filter_, [](sdk::Log::Level, std::string_view) {});
  }
  std::unique_ptr<Wire> wireTo(uint16_t port) override { return std::make_unique<ProxyWire>(port); }
  uint16_t closedPort() override {
    uint16_t port = 0;
    const Fd closed_again = listenOnLoopback(&port);
    return port;
  }
  uint16_t silentPort() override {
    uint16_t port = 0;
    silent_.push_back(listenOnLoopback(&port));
    return port;
  }

 private:
  AcceptAll filter_;
  std::vector<Fd> silent_;
};

class LoopbackWorldWire final : public Wire {
 public:
  LoopbackWorldWire(std::shared_ptr<LoopbackNetwork> network, uint16_t to)
      : network_(std::move(network)), port_(network_->wireTo(to)) {}
  std::string address() const override { return "127.0.0.1:" + std::to_string(port_); }
  void freeze() override { network_->freeze(port_); }
  void thaw() override { network_->thaw(port_); }
  void cut() override { network_->cut(port_); }

 private:
  const std::shared_ptr<LoopbackNetwork> network_;
  const uint16_t port_;
};

class LoopbackWorld final : public TransportWorld {
 public:
  std::unique_ptr<sdk::Transport> make(const TransportLimits& limits) override {
    LoopbackSettings settings;
    settings.max_message_bytes = limits.max_message_bytes;
    settings.queue_limit_bytes = limits.queue_limit_bytes;
    settings.ping_interval_ms = limits.ping_interval_ms;
    settings.connect_timeout_ms = limits.connect_timeout_ms;
    settings.close_timeout_ms = limits.close_timeout_ms;
    return std::make_unique<LoopbackTransport>(network_, settings);
  }
  std::unique_ptr<Wire> wireTo(uint16_t port) override { return std::make_unique<LoopbackWorldWire>(network_, port); }
  uint16_t closedPort() override { return 9; }
  uint16_t silentPort() override { return network_->silentPort(); }

 private:
  const std::shared_ptr<LoopbackNetwork> network_ = std::make_shared<LoopbackNetwork>();
};

}  // namespace

std::unique_ptr<TransportWorld> makeLanWorld() { return std::make_unique<LanWorld>(); }
std::unique_ptr<TransportWorld> makeLoopbackWorld() { return std::make_unique<LoopbackWorld>(); }

}  // namespace hearthgate::testing
