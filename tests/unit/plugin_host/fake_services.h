// State and entities in memory for the tests of the plugin host. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "plugin_host/request_filter.h"
#include "plugin_host/services.h"

namespace hearthgate::plugin_host {

class FakeState final : public PluginState {
 public:
  Result<std::optional<std::string>> get(std::string_view plugin, std::string_view key) override {
    std::lock_guard lock(mutex_);
    const auto found = values_.find({std::string(plugin), std::string(key)});
    if (found == values_.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }
  Status put(std::string_view plugin, std::string_view key, std::string_view value) override {
    {
      std::lock_guard lock(mutex_);
      values_[{std::string(plugin), std::string(key)}] = value;
    }
    changed_.notify_all();
    return {};
  }
  Status remove(std::string_view plugin, std::string_view key) override {
    std::lock_guard lock(mutex_);
    values_.erase({std::string(plugin), std::string(key)});
    return {};
  }

  // What the sample plugin wrote down of its life.
  std::string life(const std::string& plugin) {
    std::lock_guard lock(mutex_);
    const auto found = values_.find({plugin, "life"});
    return found == values_.end() ? "" : found->second;
  }
  bool waitFor(const std::string& plugin, const std::string& line) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      const auto found = values_.find({plugin, "life"});
      return found != values_.end() && ("\n" + found->second).find("\n" + line + "\n") != std::string::npos;
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<std::string, std::string>, std::string> values_;
};

class FakeEntities final : public EntityAccess {
 public:
  Result<sdk::Entity> read(std::string_view address) override {
    if (address == "state.known") return sdk::Entity{"state.known", "state", R"({"x":1})", "v1", false};
    if (address == "state.secret") return sdk::Entity{"state.secret", "secret", "{}", "v1", false};
    return inputError("entity_not_found", "there is no entity " + std::string(address));
  }
  void write(std::string_view plugin, sdk::EntityWrite change, Written written) override {
    {
      std::lock_guard lock(mutex_);
      writes_.emplace_back(std::string(plugin) + ":" + change.address);
      if (hold_answers_) {
        held_.push_back(std::move(written));
        return;
      }
    }
    written(sdk::Entity{change.address, change.kind, change.fields_json, "v2", false});
  }
  uint64_t subscribe(std::vector<std::string> kinds, Changed changed) override {
    std::lock_guard lock(mutex_);
    kinds_ = std::move(kinds);
    subscriptions_[++last_] = std::move(changed);
    return last_;
  }
  void more(uint64_t) override {
    {
      std::lock_guard lock(mutex_);
      ++asked_for_more_;
    }
    asked_.notify_all();
  }
  void unsubscribe(uint64_t subscription) override {
    std::lock_guard lock(mutex_);
    subscriptions_.erase(subscription);
  }

  void tell(const sdk::Entity& entity) {
    std::map<uint64_t, Changed> told;
    {
      std::lock_guard lock(mutex_);
      told = subscriptions_;
    }
    for (const auto& [number, changed] : told) changed({entity});
  }
  // Whether as many parts of changes were taken.
  bool waitForTaken(size_t parts) {
    std::unique_lock lock(mutex_);
    return asked_.wait_for(lock, std::chrono::seconds(20), [&] { return asked_for_more_ >= parts; });
  }
  void holdAnswers() {
    std::lock_guard lock(mutex_);
    hold_answers_ = true;
  }
  void releaseAnswers() {
    std::vector<Written> held;
    {
      std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (const auto& written : held) written(sdk::Entity{"late", "state", "{}", "v", false});
  }
  size_t subscriptions() {
    std::lock_guard lock(mutex_);
    return subscriptions_.size();
  }
  std::vector<std::string> writes() {
    std::lock_guard lock(mutex_);
    return writes_;
  }
  std::vector<std::string> kinds() {
    std::lock_guard lock(mutex_);
    return kinds_;
  }

 private:
  std::mutex mutex_;
  bool hold_answers_ = false;
  std::vector<Written> held_;
  std::vector<std::string> writes_;
  std::vector<std::string> kinds_;
  std::map<uint64_t, Changed> subscriptions_;
  uint64_t last_ = 0;
  std::condition_variable asked_;
  size_t asked_for_more_ = 0;
};

struct FakeServices {
  FakeState state;
  FakeEntities entities;
  HostFilter filter;
  Services services() { return {&state, &entities, &filter}; }
};

}  // namespace hearthgate::plugin_host
