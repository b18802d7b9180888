#include "plugin_host/transport_gate.h"

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "plugin_host/crash_watch.h"
#include "plugin_host/guarded.h"

namespace hearthgate::plugin_host {

using Failed = TransportGate::Failed;

// The core's end of a link. Its mutex orders calls into the plugin's link with letting go of it.
class GateLink final : public sdk::Link {
 public:
  GateLink(std::shared_ptr<sdk::Link> inner, Failed failed, int slot)
      : failed_(std::move(failed)),
        slot_(slot),
        queue_limit_bytes_(inner->queueLimitBytes()),
        max_message_bytes_(inner->maxMessageBytes()),
        remote_address_(inner->remoteAddress()),
        path_(inner->path()),
        inner_(std::move(inner)) {}

  sdk::Sent send(std::string&& message) override {
    std::lock_guard lock(mutex_);
    sdk::Sent sent = sdk::Sent::kClosed;
    if (inner_ && !guarded(slot_, failed_, "sending a message", [&] { sent = inner_->send(std::move(message)); }))
      inner_ = nullptr;
    return sent;
  }
  size_t queuedBytes() const override {
    std::lock_guard lock(mutex_);
    return inner_ ? inner_->queuedBytes() : 0;
  }
  size_t queueLimitBytes() const override { return queue_limit_bytes_; }
  size_t maxMessageBytes() const override { return max_message_bytes_; }
  void authenticated() override {
    std::lock_guard lock(mutex_);
    if (inner_) guarded(slot_, failed_, "trusting a link", [&] { inner_->authenticated(); });
  }
  void close(std::string code, std::string text) override {
    std::lock_guard lock(mutex_);
    if (inner_) guarded(slot_, failed_, "closing a link", [&] { inner_->close(std::move(code), std::move(text)); });
  }
  std::string remoteAddress() const override { return remote_address_; }
  std::string path() const override { return path_; }

  void drop() {
    std::shared_ptr<sdk::Link> gone;  // Destroyed outside the lock.
    std::lock_guard lock(mutex_);
    gone.swap(inner_);
  }

 private:
  const Failed failed_;
  const int slot_;
  const size_t queue_limit_bytes_;
  const size_t max_message_bytes_;
  const std::string remote_address_;
  const std::string path_;
  mutable std::mutex mutex_;
  std::shared_ptr<sdk::Link> inner_;
};

// The plugin's end of the core's handler. What the core throws is a fault of the gateway, not of the plugin: it ends
// the link.
class GateHandler final : public sdk::LinkHandler, public std::enable_shared_from_this<GateHandler> {
 public:
  GateHandler(std::shared_ptr<TransportGate> gate, std::shared_ptr<sdk::LinkHandler> user)
      : gate_(std::move(gate)), user_(std::move(user)) {}
  // A transport that forgets a link still owes its end to the core.
  ~GateHandler() override { end({"lost", "the transport gave the link up", false}); }

  void onOpen(std::shared_ptr<sdk::Link> link) override {
    {
      std::lock_guard lock(mutex_);
      link_ = std::make_shared<GateLink>(std::move(link), gate_->failed_, gate_->slot_);
    }
    gate_->add(weak_from_this());
    tell("onOpen", [](sdk::LinkHandler& user, const std::shared_ptr<GateLink>& opened) { user.onOpen(opened); });
  }
  void onMessage(std::string_view message) override {
    tell("onMessage", [&](sdk::LinkHandler& user, const auto&) { user.onMessage(message); });
  }
  void onWritable() override {
    tell("onWritable", [](sdk::LinkHandler& user, const auto&) { user.onWritable(); });
  }
  void onClosed(const sdk::CloseReason& reason) override { end(reason); }

  void end(const sdk::CloseReason& reason) {
    std::shared_ptr<sdk::LinkHandler> user;
    std::shared_ptr<GateLink> link;
    {
      std::lock_guard lock(mutex_);
      user.swap(user_);
      link.swap(link_);
    }
    if (!link) return;
    const RunsPlugin mark(RunsPlugin::kCore);
    try {
      if (user) user->onClosed(reason);
    } catch (const std::exception& error) {
      logError("plugin_host", std::string("onClosed of a link failed inside the gateway: ") + error.what());
    }
    link->drop();
  }

 private:
  template <typename Call>
  void tell(const char* what, Call call) {
    std::shared_ptr<sdk::LinkHandler> user;
    std::shared_ptr<GateLink> link;
    {
      std::lock_guard lock(mutex_);
      user = user_;
      link = link_;
    }
    if (!user) return;  // A transport that calls after onClosed; there is nobody to tell.
    const RunsPlugin mark(RunsPlugin::kCore);
    try {
      call(*user, link);
    } catch (const std::exception& error) {
      logError("plugin_host", std::string(what) + " of a link failed inside the gateway: " + error.what());
      if (link) link->close("internal_error", "a fault inside the gateway");
    }
  }

  const std::shared_ptr<TransportGate> gate_;
  // The transport calls one at a time, but the end of a plugin that hangs may come beside it.
  std::mutex mutex_;
  std::shared_ptr<sdk::LinkHandler> user_;
  std::shared_ptr<GateLink> link_;
};

TransportGate::TransportGate(std::string plugin, sdk::Transport& inner, Failed failed, int slot)
    : plugin_(std::move(plugin)), failed_(std::move(failed)), slot_(slot), inner_(&inner) {}

sdk::Listening TransportGate::listen(const std::string& address, uint16_t port, Acceptor acceptor) {
  sdk::Listening listening{
      sdk::Outcome::failure("stopped", "cannot listen on " + address + ": the plugin " + plugin_ + " is not running"),
      0};
  std::shared_lock inner_lock(inner_mutex_);
  if (inner_ == nullptr) return listening;
  const auto asked = [self = weak_from_this(), acceptor = std::move(acceptor)](const sdk::LinkRequest& request) {
    const auto gate = self.lock();
    if (!gate) return sdk::LinkDecision::refuse(503);
    const RunsPlugin mark(RunsPlugin::kCore);
    try {
      sdk::LinkDecision decision = acceptor(request);
      if (decision.handler) decision.handler = std::make_shared<GateHandler>(gate, std::move(decision.handler));
      return decision;
    } catch (const std::exception& error) {
      logError("plugin_host", "the acceptor of links failed on " + request.path + ": " + error.what());
      return sdk::LinkDecision::refuse(500);
    }
  };
  const bool fine = guarded(slot_, failed_, "listening", [&] { listening = inner_->listen(address, port, asked); });
  if (fine && listening.outcome.ok()) {
    const bool six = address.find(':') != std::string::npos;
    std::lock_guard lock(mutex_);
    listeners_.push_back({"links", (six ? "[" + address + "]" : address) + ":" + std::to_string(listening.port)});
  }
  return listening;
}

void TransportGate::dial(const std::string& address, const std::string& target,
                         std::shared_ptr<sdk::LinkHandler> handler, Dialled dialled) {
  const auto stopped =
      sdk::Outcome::failure("stopped", "cannot dial " + address + ": the plugin " + plugin_ + " is not running");
  bool taken = false;
  {
    std::shared_lock inner_lock(inner_mutex_);
    if (inner_ != nullptr) {
      const auto answer = [dialled](const sdk::Outcome& outcome) {
        const RunsPlugin mark(RunsPlugin::kCore);
        try {
          dialled(outcome);
        } catch (const std::exception& error) {
          logError("plugin_host", std::string("the answer to a dial failed inside the gateway: ") + error.what());
        }
      };
      taken = guarded(slot_, failed_, "dialling", [&] {
        inner_->dial(address, target, std::make_shared<GateHandler>(shared_from_this(), std::move(handler)), answer);
      });
    }
  }
  if (!taken) dialled(stopped);
}

void TransportGate::stop() {
  std::shared_lock inner_lock(inner_mutex_);
  if (inner_ != nullptr) guarded(slot_, failed_, "stopping its transport", [&] { inner_->stop(); });
}

std::vector<ListenerInfo> TransportGate::listeners() const {
  std::lock_guard lock(mutex_);
  return listeners_;
}

void TransportGate::add(std::weak_ptr<GateHandler> handler) {
  std::lock_guard lock(mutex_);
  if (open_.size() >= prune_at_) {
    std::erase_if(open_, [](const auto& one) { return one.expired(); });
    prune_at_ = std::max(kPruneAt, open_.size() * 2);
  }
  open_.push_back(std::move(handler));
}

bool TransportGate::close(std::chrono::milliseconds limit) {
  bool free = true;
  {
    const std::unique_lock inner_lock(inner_mutex_, limit);
    free = inner_lock.owns_lock();
    if (free) inner_ = nullptr;
  }
  std::vector<std::weak_ptr<GateHandler>> open;
  {
    std::lock_guard lock(mutex_);
    open.swap(open_);
    listeners_.clear();
  }
  for (const auto& weak : open) {
    if (const auto handler = weak.lock()) handler->end({"stopped", "the plugin " + plugin_ + " was stopped", false});
  }
  return free;
}

}  // namespace hearthgate::plugin_host
