// Shorthands of the configuration's tests.
#pragma once

#include <string>

#include "config/config.h"

namespace hearthgate::config {

inline Loaded loadText(const std::string& text, Environment environment = {}) {
  return load({"home.yaml", text, std::move(environment), std::vector<std::string>{"lan", "poi", "my_lan"}});
}

// All problems, a line each.
inline std::string problemsOf(const Loaded& loaded) {
  std::string out;
  for (const auto& problem : loaded.problems) out += problem.text() + "\n";
  return out;
}
inline std::string problemsIn(const std::string& text, Environment environment = {}) {
  return problemsOf(loadText(text, std::move(environment)));
}

inline Setting settingOf(const Loaded& loaded, const std::string& key) {
  for (const auto& setting : loaded.settings) {
    if (setting.key == key) return setting;
  }
  return {};
}

}  // namespace hearthgate::config
