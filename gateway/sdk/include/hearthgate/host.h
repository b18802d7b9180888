// What the gateway gives to a plugin: capabilities, asked for by id and revision. A plugin gets those that its
// descriptor names in `needs` and no others. New abilities come as new ids or revisions, never as new functions in
// these classes. Unless a function says otherwise: call it on the plugin's thread, from create to the end of stop.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hearthgate/outcome.h"

namespace hearthgate::sdk {

class Host {
 public:
  virtual ~Host() = default;
  // The capability `id` at `revision`, or null when the descriptor does not name it. Valid until destroy.
  virtual void* capability(std::string_view id, uint32_t revision) = 0;
};

// capability<Log>(host): null only when the descriptor does not name it, since a gateway that lacks a need refuses the
// plugin.
template <typename T>
T* capability(Host& host) {
  return static_cast<T*>(host.capability(T::kId, T::kRevision));
}

// `log/1`: lines in the gateway's log under the plugin's name. Any thread. No secrets, no contents of entities.
class Log {
 public:
  static constexpr std::string_view kId = "log";
  static constexpr uint32_t kRevision = 1;
  enum class Level : uint32_t { kDebug, kInfo, kWarning, kError };
  virtual ~Log() = default;
  virtual void write(Level level, std::string_view message) = 0;
};

// `timers/1`: work on the plugin's own thread, one piece at a time, so that its state needs no mutex. What is still
// waiting when stop returns is dropped.
class Timers {
 public:
  static constexpr std::string_view kId = "timers";
  static constexpr uint32_t kRevision = 1;
  virtual ~Timers() = default;
  // Runs `task` once after `delay_ms`; the answer names it for cancel. 0: too many wait already, or the plugin stops.
  virtual uint64_t after(int64_t delay_ms, std::function<void()> task) = 0;
  virtual void cancel(uint64_t timer) = 0;
  // Runs `task` soon on the plugin's thread; false: dropped, for the same reasons. Any thread.
  virtual bool post(std::function<void()> task) = 0;
};

// `state/1`: small values that survive restarts, seen by this plugin alone. Keys: 1 to 128 bytes; values: at most 64
// KiB.
class State {
 public:
  static constexpr std::string_view kId = "state";
  static constexpr uint32_t kRevision = 1;
  virtual ~State() = default;
  // `value` becomes nothing when there is no such key.
  virtual Outcome get(std::string_view key, std::optional<std::string>* value) = 0;
  // Durable when it returns success.
  virtual Outcome put(std::string_view key, std::string_view value) = 0;
  virtual Outcome remove(std::string_view key) = 0;
};

struct Entity {
  std::string address;  // `light.kitchen@OWNER`
  std::string kind;
  std::string fields_json;  // one JSON object, as the API shows it
  std::string version;      // changes with the value
  bool deleted = false;
};

struct EntityWrite {
  enum class How : uint32_t {
    kReplace,  // `fields_json` becomes the whole value
    kPatch,    // `fields_json` is a merge patch (RFC 7396)
    kDelete,
  };
  std::string address;  // without `@OWNER`: this home's own
  std::string kind;
  How how = How::kPatch;
  std::string fields_json;
};

// `entities/1`: what the home keeps, limited to the kinds that the descriptor names. Codes as in the API, and
// `kind_not_declared`.
class Entities {
 public:
  static constexpr std::string_view kId = "entities";
  static constexpr uint32_t kRevision = 1;
  virtual ~Entities() = default;
  // `entity_not_found` also stands for one of another kind.
  virtual Outcome read(std::string_view address, Entity* entity) = 0;
  // `done` runs on the plugin's thread after the durable commit, or with the reason why not.
  virtual void write(EntityWrite change, std::function<void(const Outcome&, const Entity&)> done) = 0;
  // Calls `changed` on the plugin's thread for each change from now on, until stop. Several changes of one entity may
  // arrive as the last one. A second call replaces the first.
  virtual Outcome subscribe(std::function<void(const Entity&)> changed) = 0;
};

// What a plugin's HTTP or WebSocket listener knows of a request before it answers.
struct Request {
  std::string method;
  std::string target;  // path and query
  std::optional<std::string> host;
  std::optional<std::string> origin;
  std::optional<std::string> sec_fetch_site;
  std::string remote_address;  // `IP:port`
};

// `request_filter/1`: the gateway's one filter against foreign web pages and rebinding names (TRUST.md T22). A plugin
// that listens asks it for each request before anything else. Any thread.
class RequestFilter {
 public:
  static constexpr std::string_view kId = "request_filter";
  static constexpr uint32_t kRevision = 1;
  virtual ~RequestFilter() = default;
  // 0: go on. Otherwise the HTTP status to answer with, and nothing else to do.
  virtual uint32_t check(const Request& request) = 0;
};

}  // namespace hearthgate::sdk
