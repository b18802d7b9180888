// A link's user that writes down what happens to it and lets a test wait for it. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hearthgate/transport.h"

namespace hearthgate::testing {

// Long enough for a loaded machine under a sanitizer; a passing test never waits for it.
inline constexpr std::chrono::seconds kPatience{20};

class RecordingHandler final : public sdk::LinkHandler, public std::enable_shared_from_this<RecordingHandler> {
 public:
  // Called for each message on the transport's thread, before it is written down.
  std::function<void(sdk::Link&, std::string_view)> on_message;
  // Called when the link opens, before that is written down.
  std::function<void(sdk::Link&)> on_open;
  // Off for tests that send more than they want to keep: only number and bytes are counted then.
  bool keep_messages = true;

  // Off for tests of what a side may send that has not proved who it is.
  bool trusting = true;

  void onOpen(std::shared_ptr<sdk::Link> link) override {
    if (trusting) link->authenticated();
    if (on_open) on_open(*link);
    change([&] { link_ = std::move(link); });
  }
  void onMessage(std::string_view message) override {
    if (on_message) on_message(*link(), message);
    change([&] {
      ++count_;
      bytes_ += message.size();
      if (keep_messages) messages_.emplace_back(message);
    });
  }
  void onWritable() override {
    change([&] { ++writable_; });
  }
  void onClosed(const sdk::CloseReason& reason) override {
    change([&] {
      ++closed_calls_;
      closed_ = reason;
    });
  }
  // To be given as the answer of a dial.
  sdk::Transport::Dialled dialled() {
    return
        [self = shared_from_this()](const sdk::Outcome& outcome) { self->change([&] { self->outcome_ = outcome; }); };
  }

  bool waitOpen() {
    return wait([&] { return link_ != nullptr; });
  }
  bool waitMessages(size_t count) {
    return wait([&] { return count_ >= count; });
  }
  bool waitWritable(int calls, std::chrono::milliseconds patience = kPatience) {
    return wait([&] { return writable_ >= calls; }, patience);
  }
  // The code of the reason, or nothing when the link does not close.
  std::string waitClosed() {
    wait([&] { return closed_.has_value(); });
    std::lock_guard lock(mutex_);
    return closed_ ? closed_->code : "(still open)";
  }
  // The code of the dial's answer; empty is success.
  std::string waitDialled() {
    wait([&] { return outcome_.has_value(); });
    std::lock_guard lock(mutex_);
    return outcome_ ? outcome_->code : "(no answer)";
  }

  std::shared_ptr<sdk::Link> link() const {
    std::lock_guard lock(mutex_);
    return link_;
  }
  std::vector<std::string> messages() const {
    std::lock_guard lock(mutex_);
    return messages_;
  }
  size_t count() const {
    std::lock_guard lock(mutex_);
    return count_;
  }
  size_t bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
  }
  int writableCalls() const {
    std::lock_guard lock(mutex_);
    return writable_;
  }
  int closedCalls() const {
    std::lock_guard lock(mutex_);
    return closed_calls_;
  }
  sdk::CloseReason reason() const {
    std::lock_guard lock(mutex_);
    return closed_.value_or(sdk::CloseReason{"(still open)", "", false});
  }
  sdk::Outcome outcome() const {
    std::lock_guard lock(mutex_);
    return outcome_.value_or(sdk::Outcome::failure("(no answer)", ""));
  }

 private:
  template <typename What>
  void change(What what) {
    {
      std::lock_guard lock(mutex_);
      what();
    }
    changed_.notify_all();
  }
  template <typename Condition>
  bool wait(Condition condition, std::chrono::milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, condition);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<sdk::Link> link_;
  std::vector<std::string> messages_;
  size_t count_ = 0;
  size_t bytes_ = 0;
  int writable_ = 0;
  int closed_calls_ = 0;
  std::optional<sdk::CloseReason> closed_;
  std::optional<sdk::Outcome> outcome_;
};

// Links that a listener accepted, in order, each with a handler of its own. `accept` is the acceptor.
class RecordingListener {
 public:
  sdk::Transport::Acceptor acceptor() {
    return [this](const sdk::LinkRequest& request) {
      std::lock_guard lock(mutex_);
      requests_.push_back(request);
      if (refuse_with_ != 0) return sdk::LinkDecision::refuse(refuse_with_);
      auto handler = std::make_shared<RecordingHandler>();
      if (prepare_) prepare_(*handler);
      handlers_.push_back(handler);
      changed_.notify_all();
      return sdk::LinkDecision::accept(handler);
    };
  }
  void refuseWith(uint32_t status) {
    std::lock_guard lock(mutex_);
    refuse_with_ = status;
  }
  void prepare(std::function<void(RecordingHandler&)> with) {
    std::lock_guard lock(mutex_);
    prepare_ = std::move(with);
  }
  // The handler of link `number` (from 0), opened; null when it does not come.
  std::shared_ptr<RecordingHandler> handler(size_t number = 0) {
    std::shared_ptr<RecordingHandler> found;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_for(lock, kPatience, [&] { return handlers_.size() > number; })) return nullptr;
      found = handlers_[number];
    }
    return found->waitOpen() ? found : nullptr;
  }
  std::vector<sdk::LinkRequest> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<RecordingHandler>> handlers_;
  std::vector<sdk::LinkRequest> requests_;
  std::function<void(RecordingHandler&)> prepare_;
  uint32_t refuse_with_ = 0;
};

}  // namespace hearthgate::testing
