// What the transport contract needs beside the transport: where to listen, and the ways a network can misbehave. One
// implementation for each transport; a new transport joins the suite by adding one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hearthgate/transport.h"

namespace hearthgate::testing {

struct TransportLimits {
  size_t max_message_bytes = 4 * 1024 * 1024;
  size_t queue_limit_bytes = 8 * 1024 * 1024;
  int64_t ping_interval_ms = 15'000;
  int64_t connect_timeout_ms = 5'000;
  int64_t close_timeout_ms = 3'000;
};

// A way to a listener that can fail.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual std::string address() const = 0;
  virtual void freeze() = 0;  // nothing passes any more, nothing closes
  virtual void thaw() = 0;
  virtual void cut() = 0;
};

class TransportWorld {
 public:
  virtual ~TransportWorld() = default;
  virtual std::unique_ptr<sdk::Transport> make(const TransportLimits& limits) = 0;
  virtual std::string addressOf(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }
  virtual std::unique_ptr<Wire> wireTo(uint16_t port) = 0;
  // A port that nobody listens on, one that takes connections and stays silent, an address that cannot be reached.
  virtual uint16_t closedPort() = 0;
  virtual uint16_t silentPort() = 0;
  virtual std::string unreachableAddress() { return "255.255.255.255:9"; }
};

using MakeWorld = std::unique_ptr<TransportWorld> (*)();
std::unique_ptr<TransportWorld> makeLanWorld();
std::unique_ptr<TransportWorld> makeLoopbackWorld();

}  // namespace hearthgate::testing
