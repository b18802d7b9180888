// Outcome: success, or why something did not work. Used by every fallible call between the gateway and a plugin,
// because exceptions do not cross that border. Any thread.
#pragma once

#include <string>
#include <utility>

namespace hearthgate::sdk {

// `code` is stable and for programs (`address_in_use`); empty means success. `message` is one sentence for a person:
// what was tried, on what, what happened, what to do.
struct [[nodiscard]] Outcome {
  std::string code;
  std::string message;

  bool ok() const { return code.empty(); }
  static Outcome success() { return {}; }
  static Outcome failure(std::string code, std::string message) { return {std::move(code), std::move(message)}; }
};

}  // namespace hearthgate::sdk
