#include "daemon/entity_access.h"

#include <algorithm>

#include "base/log.h"
#include "model/field_types.h"
#include "model/limits.h"

namespace hearthgate::daemon {
namespace {
constexpr size_t kDeliveryPage = 500;  // rows read at a time for subscribers
}

EngineEntities::EngineEntities(engine::Engine& engine, api::ReaderPool& readers, HomeId home, std::string default_strategy)
    : engine_(engine),
      readers_(readers),
      home_(home),
      default_strategy_(std::move(default_strategy)),
      thread_("entities") {}

void EngineEntities::attach() {
  engine::Engine::Hooks hooks;
  hooks.committed = [this](engine::Core&) { schedule(); };
  engine_.addHooks(std::move(hooks));
}

void EngineEntities::schedule() {
  {
    std::lock_guard lock(mutex_);
    bool nobody = std::all_of(subscriptions_.begin(), subscriptions_.end(), [](const auto& one) { return one.second->taking; });
    if (nobody || scheduled_) return;
    scheduled_ = true;
  }
  thread_.post([this] { deliver(); });
}

void EngineEntities::more(uint64_t subscription) {
  {
    std::lock_guard lock(mutex_);
    auto at = subscriptions_.find(subscription);
    if (at == subscriptions_.end()) return;
    at->second->taking = false;
  }
  schedule();
}

void EngineEntities::stop() {
  {
    std::lock_guard lock(mutex_);
    subscriptions_.clear();
  }
  thread_.stop();
}

Result<model::Address> EngineEntities::parse(std::string_view text) const {
  size_t at = text.find('@');
  model::Address address{model::OwnerId(home_), std::string(text.substr(0, at))};
  HG_CHECK(model::checkEntityId(address.id));
  if (at == std::string_view::npos) return address;
  auto owner = model::OwnerId::parse(text.substr(at + 1));
  if (!owner) return inputError("bad_id", "What follows @ is no id of a home or circle.");
  address.owner = *owner;
  return address;
}

sdk::Entity EngineEntities::show(store::Reader& reader, const store::EntityRow& row) const {
  auto strategy = engine::strategyOf(reader, home_, default_strategy_, row.address, row.kind);
  conflict::View view = conflict::view(strategy.shown, row.siblings, row.address.owner);
  return {row.address.text(), row.kind, model::plainFields(view.fields()), engine::etag(view, row.siblings, strategy.name),
          view.deleted};
}

Result<sdk::Entity> EngineEntities::read(std::string_view text) {
  HG_TRY(model::Address address, parse(text));
  return readers_.read<sdk::Entity>([&](store::Reader& reader) -> Result<sdk::Entity> {
    auto row = reader.entity(address);
    bool readable = row && row->state == store::EntityState::kLive &&
                    engine::accessOf(reader, home_, address) != engine::OwnAccess::kNone;
    if (!readable) return stateError("entity_not_found", "There is no " + address.id + " that this home may see.");
    return show(reader, *row);
  });
}

void EngineEntities::write(std::string_view plugin, sdk::EntityWrite change, Written written) {
  auto address = parse(change.address);
  if (!address.ok()) return written(address.error());
  engine::WriteOrder order;
  order.address = std::move(*address);
  order.kind = change.kind;
  if (change.how == sdk::EntityWrite::How::kDelete) {
    order.mode = engine::WriteOrder::Mode::kDelete;
  } else {
    bool patch = change.how == sdk::EntityWrite::How::kPatch;
    order.mode = patch ? engine::WriteOrder::Mode::kPatch : engine::WriteOrder::Mode::kPut;
    if (change.fields_json.size() > model::kMaxDocumentBytes) {
      return written(inputError("too_large", "The document is larger than 1 MiB."));
    }
    auto fields = model::parseJson(change.fields_json, model::kMaxDepth);
    if (!fields.ok()) return written(fields.error());
    order.fields = std::move(*fields);
  }
  auto failed = std::make_shared<std::optional<Error>>();
  auto shared = std::make_shared<Written>(std::move(written));
  std::string text = order.address.text();
  size_t weight = change.fields_json.size();
  bool taken = engine_.submit(
      [order = std::move(order), failed, name = std::string(plugin), home = home_](engine::Core& core) {
        core.beginChange(home, "plugin " + name, "write");
        auto result = core.write(order);
        // A patch of what is not there makes it: plugins report what they find.
        bool missing = !result.ok() && order.mode == engine::WriteOrder::Mode::kPatch &&
                       (result.error().code == "entity_not_found" || result.error().code == "entity_deleted");
        if (missing) {
          engine::WriteOrder put = order;
          put.mode = engine::WriteOrder::Mode::kPut;
          result = core.write(put);
        }
        core.endChange();
        bool gone = order.mode == engine::WriteOrder::Mode::kDelete;
        if (result.ok()) core.audit("plugin:" + name, gone ? "entity.delete" : "entity.write", order.address.text(), "");
        if (!result.ok()) *failed = result.error();
      },
      [this, failed, shared, text](const Status& status) {
        if (!status.ok()) return (*shared)(status.error());
        if (*failed) return (*shared)(**failed);
        // Read on this class's thread: the engine has more to do.
        thread_.post([this, shared, text] {
          auto entity = read(text);
          if (!entity.ok() && entity.error().code == "entity_not_found") {
            sdk::Entity gone;
            gone.address = text;
            gone.deleted = true;
            return (*shared)(gone);
          }
          (*shared)(std::move(entity));
        });
      },
      weight);
  if (!taken) (*shared)(stateError("stopping", "The gateway is stopping."));
}

uint64_t EngineEntities::subscribe(std::vector<std::string> kinds, Changed changed) {
  std::lock_guard lock(mutex_);
  auto subscription = std::make_shared<Subscription>();
  subscription->kinds = std::move(kinds);
  subscription->changed = std::move(changed);
  subscription->seen = engine_.sequence();
  subscriptions_[next_] = std::move(subscription);
  return next_++;
}

void EngineEntities::unsubscribe(uint64_t subscription) {
  {
    std::lock_guard lock(mutex_);
    subscriptions_.erase(subscription);
  }
  // What is being delivered at this moment ends first, unless it is the caller.
  if (!thread_.onThread()) {
    std::mutex done_mutex;
    std::condition_variable done;
    bool passed = false;
    bool posted = thread_.post([&] {
      std::lock_guard lock(done_mutex);
      passed = true;
      done.notify_all();
    });
    std::unique_lock lock(done_mutex);
    if (posted) done.wait(lock, [&] { return passed; });
  }
}

void EngineEntities::deliver() {
  std::vector<std::shared_ptr<Subscription>> all;
  {
    std::lock_guard lock(mutex_);
    scheduled_ = false;
    for (const auto& [number, subscription] : subscriptions_) {
      if (!subscription->taking) all.push_back(subscription);
    }
  }
  for (const auto& subscription : all) {
    while (true) {
      std::vector<sdk::Entity> entities;
      uint64_t seen = subscription->seen;
      Result<bool> more = readers_.read<bool>([&](store::Reader& reader) -> Result<bool> {
        store::Page<store::EntityRow> page = reader.changedSince(subscription->seen, kDeliveryPage);
        for (const store::EntityRow& row : page.rows) {
          seen = row.sequence;
          bool wanted = std::find(subscription->kinds.begin(), subscription->kinds.end(), row.kind) != subscription->kinds.end();
          if (!wanted) continue;
          if (row.siblings.empty()) {
            sdk::Entity gone;
            gone.address = row.address.text();
            gone.kind = row.kind;
            gone.deleted = true;
            entities.push_back(std::move(gone));
          } else {
            entities.push_back(show(reader, row));
          }
        }
        return page.more;
      });
      if (!more.ok()) {
        logError("daemon", "changes could not be read for plugins: " + more.error().message);
        break;
      }
      subscription->seen = seen;
      if (!entities.empty()) {
        {
          std::lock_guard lock(mutex_);
          subscription->taking = true;
        }
        subscription->changed(std::move(entities));
        break;
      }
      if (!*more) break;
    }
  }
}

}  // namespace hearthgate::daemon
