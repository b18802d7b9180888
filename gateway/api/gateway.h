// Everything that the handlers of requests use: what the daemon gave, and what the server keeps. One for each server;
// its members lock themselves or are used through the engine.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "api/homes.h"
#include "api/long_vectors.h"
#include "api/plugins.h"
#include "api/reader_pool.h"
#include "api/tallies.h"
#include "api/tokens.h"
#include "base/clock.h"
#include "base/random.h"
#include "config/config.h"
#include "engine/engine.h"
#include "engine/lag.h"
#include "hearthgate/host.h"
#include "trust/identity.h"

namespace hearthgate::api {

class EventStreams;
class Router;

struct ServerSettings {
  std::string listen = "127.0.0.1";  // an address, no name
  uint16_t port = 0;                 // 0 takes a free one, which stands here afterwards
  std::string home_name;
  std::string version;        // of the program
  std::string database_path;  // that the engine writes
  std::string token_path;     // DIR/admin.token, for its rotation
};

// What the server borrows; all of it outlives the server.
struct ServerParts {
  engine::Engine& engine;
  Clock& clock;
  Random& random;
  const trust::Identity& identity;
  sdk::RequestFilter& filter;  // TRUST.md T22
  Homes& homes;
  Plugins& plugins;
  const config::Loaded& configuration;
};

struct Counters {
  std::atomic<uint64_t> wrong_tokens{0};
  std::atomic<uint64_t> bulk_lines{0};
};

// Who asked: until there are sessions and further tokens, the one token of DIR/admin.token.
inline constexpr char kTokenActor[] = "token:admin";

// What the audit says of a call that changed something: never a code, a token or content.
struct Audited {
  const char* action;  // entity.write, grant.put, …
  std::string subject;
  std::string detail;
};

struct Gateway {
  ServerSettings settings;
  ServerParts parts;
  HomeId home;
  std::string default_strategy;
  int64_t full_sync_interval_ms;
  int64_t started_ms;  // of the steady clock
  ReaderPool readers;
  TokenKeeper tokens;
  trust::WrongTokenLimiter wrong_tokens;
  Counters counters;
  std::unique_ptr<EventStreams> streams;
  std::atomic<int> waiting_calls{0};
  LongVectors long_vectors{};
  engine::LagCounter lag{};
  Tallies tallies{};
  const Router* router = nullptr;

  model::OwnerId me() const { return model::OwnerId(home); }

  // Runs `code` on one state of the database.
  Result<Answer> read(const std::function<Result<Answer>(store::Reader&)>& code) { return readers.read<Answer>(code); }
  // Runs `code` in the engine's next commit, as one change of the timeline when `how` names one, and waits until it is
  // durable. Gives the error of `code` or of the commit. `meanwhile` runs on this thread beside it.
  template <typename T>
  Result<T> write(const char* how, const std::function<Result<T>(engine::Core&)>& code, size_t weight = 0,
                  const std::function<void()>& meanwhile = {});
  // The same with a row of the audit in the same commit, when `code` succeeds.
  template <typename T>
  Result<T> write(const char* how, const Audited& audited, const std::function<Result<T>(engine::Core&)>& code,
                  size_t weight = 0) {
    return write<T>(
        how,
        [&](engine::Core& core) -> Result<T> {
          Result<T> result = code(core);
          if (result.ok()) core.audit(kTokenActor, audited.action, audited.subject, audited.detail);
          return result;
        },
        weight);
  }
  // A row for what was done elsewhere than in a commit of the engine; waits until it is durable.
  Status audit(const Audited& audited);
};

// The address that stands in a path: `light.kitchen` is this home's own. Errors: bad_id.
Result<model::Address> parseAddress(const Gateway& gateway, const std::string& text);
// Errors: home_not_found, also for what is no id.
Result<HomeId> parseHome(const std::string& text);
Error homeNotFound(const std::string& text);

// The item of `{"items":[…],"next":…}`.
std::string listText(std::vector<std::string>&& items, const std::optional<std::string>& next);

template <typename T>
Result<T> Gateway::write(const char* how, const std::function<Result<T>(engine::Core&)>& code, size_t weight,
                         const std::function<void()>& meanwhile) {
  std::optional<Result<T>> result;
  std::promise<Status> committed;
  bool taken = parts.engine.submit(
      [&](engine::Core& core) {
        if (how) core.beginChange(home, "token", how);
        result.emplace(code(core));
        if (how) core.endChange();
      },
      [&](const Status& status) { committed.set_value(status); }, weight);
  if (!taken) return stateError("stopping", "The gateway is stopping; repeat this when it runs again.");
  std::exception_ptr failure;
  try {
    if (meanwhile) meanwhile();
  } catch (...) {
    // The engine still works on what is here.
    failure = std::current_exception();
  }
  Status status = committed.get_future().get();
  if (failure) std::rethrow_exception(failure);
  HG_CHECK(std::move(status));
  return std::move(*result);
}

}  // namespace hearthgate::api
