// Whether somebody takes connections at addresses of this machine. Request threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace hearthgate::api {

struct Endpoint {
  std::string address;  // an IP literal; of a link-local IPv6 one with its zone
  uint16_t port = 0;
};

// Connects to all of them at once, and closes. For each: empty when it was taken within `limit`, else why not.
std::vector<std::string> whyNotTaken(const std::vector<Endpoint>& endpoints, std::chrono::milliseconds limit);

}  // namespace hearthgate::api
