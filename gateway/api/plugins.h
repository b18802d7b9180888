// What the API needs of the plugin host; the daemon gives it over plugin_host::PluginHost. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace hearthgate::api {

struct PluginItem {
  struct Listener {
    std::string name;
    std::string address;
  };
  std::string name;
  std::string version;  // empty: not known
  std::vector<std::string> roles;
  std::string state;  // disabled, running, failed, refused, left_out
  Error error;        // code empty: none
  std::vector<Listener> listeners;
};

class Plugins {
 public:
  virtual ~Plugins() = default;
  // Ordered by name.
  virtual std::vector<PluginItem> list() = 0;
  // Errors: plugin_not_found, and what the plugin's start said.
  virtual Status enable(const std::string& name) = 0;
  virtual Status disable(const std::string& name) = 0;
  virtual Status reload(const std::string& name) = 0;
};

std::string pluginText(const PluginItem& plugin);

}  // namespace hearthgate::api
