// The other end of a link, played by a test: it is the link that a Connection is given, holds the other home's end of
// the channel, and says what it is told to. Without a transport; the test's thread, what the gateway calls from any.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "hearthgate/transport.h"
#include "support/eventually.h"
#include "sync/frames.h"
#include "trust/identity.h"
#include "trust/tls.h"

namespace hearthgate::testing {

class RawPeer final : public sdk::Link, public std::enable_shared_from_this<RawPeer> {
 public:
  // A home that dials; any key of the other side is fine for it.
  explicit RawPeer(const trust::Identity& identity) {
    auto channel = trust::Channel::peer(trust::Channel::Role::kClient, identity, [](std::string_view) { return true; });
    EXPECT_TRUE(channel.ok());
    channel_ = std::move(*channel);
  }

  sdk::Sent send(std::string&& message) override {
    std::lock_guard lock(mutex_);
    if (full_) return sdk::Sent::kFull;
    came_.push_back(std::move(message));
    return sdk::Sent::kQueued;
  }
  size_t queuedBytes() const override { return 0; }
  size_t queueLimitBytes() const override { return 8 << 20; }
  size_t maxMessageBytes() const override { return 4 << 20; }
  void authenticated() override {}
  void close(std::string code, std::string) override {
    std::lock_guard lock(mutex_);
    closed_ = std::move(code);
  }
  std::string remoteAddress() const override { return "192.0.2.1:8765"; }
  std::string path() const override { return "/peer"; }

  // Takes nothing that is sent any more.
  void stopReading() {
    std::lock_guard lock(mutex_);
    full_ = true;
  }
  // With what the gateway closed the link; empty while it stands.
  std::string closed() {
    std::lock_guard lock(mutex_);
    return closed_;
  }

  // Opens the link, up to the end of the handshake.
  void open(std::shared_ptr<sdk::LinkHandler> handler) {
    handler_ = std::move(handler);
    handler_->onOpen(shared_from_this());
    ASSERT_TRUE(eventually([&] {
      for (std::string output; !(output = channel_->takeOutput()).empty();) handler_->onMessage(output);
      hear();
      return channel_->established();
    }));
  }
  void say(std::string_view plaintext) {
    constexpr size_t kRecord = 16 * 1024;
    for (; !plaintext.empty(); plaintext.remove_prefix(std::min(kRecord, plaintext.size()))) {
      ASSERT_TRUE(channel_->write(plaintext.substr(0, kRecord)).ok());
      handler_->onMessage(channel_->takeOutput());
    }
  }
  void sayFrame(std::string_view message, size_t times = 1) {
    std::string frame;
    sync::appendFrame(message, true, &frame);
    std::string all;
    for (size_t n = 0; n < times; ++n) all += frame;
    say(all);
  }
  // Closes the channel; the link stands.
  void sayGoodbye() {
    channel_->close();
    handler_->onMessage(channel_->takeOutput());
  }

 private:
  void hear() {
    std::deque<std::string> came;
    {
      std::lock_guard lock(mutex_);
      came.swap(came_);
    }
    for (const std::string& message : came) EXPECT_TRUE(channel_->feed(message).ok());
  }

  std::unique_ptr<trust::Channel> channel_;
  std::shared_ptr<sdk::LinkHandler> handler_;
  std::mutex mutex_;
  std::deque<std::string> came_;
  bool full_ = false;
  std::string closed_;
};

}  // namespace hearthgate::testing
