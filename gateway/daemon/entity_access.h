// Entities for plugins, over the engine and a read connection: what plugin_host::EntityAccess asks for. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/reader_pool.h"
#include "base/executor.h"
#include "engine/engine.h"
#include "plugin_host/services.h"

namespace hearthgate::daemon {

class EngineEntities final : public plugin_host::EntityAccess {
 public:
  EngineEntities(engine::Engine& engine, api::ReaderPool& readers, HomeId home, std::string default_strategy);

  // Adds its hook; before Engine::start().
  void attach();
  // Ends deliveries; nothing is called afterwards.
  void stop();

  Result<sdk::Entity> read(std::string_view address) override;
  void write(std::string_view plugin, sdk::EntityWrite change, Written written) override;
  uint64_t subscribe(std::vector<std::string> kinds, Changed changed) override;
  void more(uint64_t subscription) override;
  void unsubscribe(uint64_t subscription) override;

 private:
  struct Subscription {
    std::vector<std::string> kinds;
    Changed changed;
    uint64_t seen = 0;     // feed sequence
    bool taking = false;   // a part is with the subscriber; under `mutex_`
  };
  Result<model::Address> parse(std::string_view address) const;
  sdk::Entity show(store::Reader& reader, const store::EntityRow& row) const;
  void schedule();
  void deliver();

  engine::Engine& engine_;
  api::ReaderPool& readers_;
  const HomeId home_;
  const std::string default_strategy_;
  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Subscription>> subscriptions_;
  uint64_t next_ = 1;
  bool scheduled_ = false;
  Executor thread_;
};

}  // namespace hearthgate::daemon
