// What the daemon gives to the plugin host so that plugins can keep state and reach entities. Implemented over the
// store and the engine; called on the plugins' threads, so implementations are thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hearthgate/host.h"

namespace hearthgate::plugin_host {

// Small values by plugin and key. The plugin host keeps its own under the name `@host`, which no plugin can have.
class PluginState {
 public:
  virtual ~PluginState() = default;
  virtual Result<std::optional<std::string>> get(std::string_view plugin, std::string_view key) = 0;
  // Durable when it returns.
  virtual Status put(std::string_view plugin, std::string_view key, std::string_view value) = 0;
  virtual Status remove(std::string_view plugin, std::string_view key) = 0;
};

// Entities as the API shows them. The limit to a plugin's kinds is kept by the plugin host; that an entity's kind never
// changes (`kind_differs`) is kept behind this.
class EntityAccess {
 public:
  using Written = std::function<void(Result<sdk::Entity>)>;
  using Changed = std::function<void(std::vector<sdk::Entity>)>;

  virtual ~EntityAccess() = default;
  virtual Result<sdk::Entity> read(std::string_view address) = 0;
  // `plugin` for the change's origin in the history. `written` is called once, on any thread, after the durable commit.
  virtual void write(std::string_view plugin, sdk::EntityWrite change, Written written) = 0;
  // Calls `changed` on any thread with what changed of entities of `kinds`, in order and never nothing, until unsubscribe
  // with the number returned. A part at a time: what changes before more() is called for it is read only then, and of an
  // entity as it stands then, so that whoever is slow lets nothing pile up.
  virtual uint64_t subscribe(std::vector<std::string> kinds, Changed changed) = 0;
  virtual void more(uint64_t subscription) = 0;
  virtual void unsubscribe(uint64_t subscription) = 0;
};

}  // namespace hearthgate::plugin_host
