// What was heard of services on the networks, kept over restarts and told as events. Any thread.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/clock.h"
#include "engine/engine.h"
#include "plugin_host/discovery.h"
#include "plugin_host/services.h"

namespace hearthgate::daemon {

class SeenServices {
 public:
  SeenServices(engine::Engine& engine, plugin_host::PluginState& state, Clock& clock);

  // What was kept, as not there now. Before the first use of `discovery`.
  Status restore(plugin_host::Discovery& discovery);
  // To be told of each change.
  void changed(const plugin_host::Sighting& sighting);
  // At the end, and when something new was heard some time after the last time.
  void save();

 private:
  bool mayTell();

  engine::Engine& engine_;
  plugin_host::PluginState& state_;
  Clock& clock_;
  plugin_host::Discovery* discovery_ = nullptr;
  std::mutex mutex_;
  int64_t saved_ms_ = 0;  // of the steady clock
  int64_t told_ms_ = 0;   // the events so far are paid for up to here
  bool unsaved_ = false;
};

}  // namespace hearthgate::daemon
