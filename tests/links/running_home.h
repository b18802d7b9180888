// A whole home without API and plugins for tests of links: store on disk, identity, engine, hub, on a loopback
// transport or any other.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "support/eventually.h"
#include "support/loopback_transport.h"
#include "sync/link_hub.h"
#include "trust/words.h"

namespace hearthgate::testing {

// The machine's clock, which a test may put forward.
class ShiftedClock final : public Clock {
 public:
  int64_t wallMs() override { return inner_.wallMs() + ahead_ms_; }
  int64_t steadyMs() override { return inner_.steadyMs() + ahead_ms_; }
  bool synchronised() override { return true; }
  void putForward(int64_t ms) { ahead_ms_ += ms; }

 private:
  Clock& inner_ = systemClock(ClockTrust::kYes);
  std::atomic<int64_t> ahead_ms_{0};
};

class RunningHome {
 public:
  using MakeTransport = std::function<std::shared_ptr<sdk::Transport>()>;

  RunningHome(std::shared_ptr<LoopbackNetwork> network, const std::string& name)
      : RunningHome([network] { return std::make_shared<LoopbackTransport>(network); }, name) {}
  // The home of another one's words on a new machine: the same home with another key.
  RunningHome(std::shared_ptr<LoopbackNetwork> network, const std::string& name, const RunningHome& rebuilt)
      : RunningHome([network] { return std::make_shared<LoopbackTransport>(network); }, name, {}, &rebuilt) {}
  RunningHome(MakeTransport make_transport, const std::string& name, sync::LinkHubSettings links = {},
              const RunningHome* rebuilt = nullptr)
      : folder_(std::filesystem::temp_directory_path() / ("hearthgate-links-" + systemRandom().id<ReplicaId>().text())),
        make_transport_(std::move(make_transport)),
        links_(std::move(links)) {
    links_.name = name;
    std::filesystem::create_directories(folder_);
    auto made = rebuilt ? trust::Identity::recover(folder_.string(), rebuilt->seed(), systemRandom())
                        : trust::Identity::create(folder_.string(), systemRandom());
    EXPECT_TRUE(made.ok());
    identity_.emplace(std::move(*made));
    start();
  }
  ~RunningHome() {
    stop();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    auto store = store::Store::open((folder_ / "hearthgate.db").string(), store::Durability::kFull);
    ASSERT_TRUE(store.ok()) << store.error().message;
    engine::CoreSettings settings;
    settings.home = identity_->home();
    settings.peer_entities = peer_entities;
    settings.signer = engine::signerOf(*identity_);
    settings.ownerTag = [this](const ContentHash& hash) { return identity_->ownerTag(hash); };
    engine_ = std::make_unique<engine::Engine>(std::move(*store), clock, systemRandom(), std::move(settings));
    hub_ = std::make_unique<sync::LinkHub>(*engine_, *identity_, clock, systemRandom(), links_);
    hub_->attach();
    ASSERT_TRUE(engine_->start([](engine::Core& core) { core.started(false); }).ok());
    ASSERT_TRUE(hub_->start().ok());
    transport_ = make_transport_();
    auto listening = transport_->listen("127.0.0.1", port_, hub_->acceptor("test"));
    ASSERT_TRUE(listening.outcome.ok()) << listening.outcome.message;
    port_ = listening.port;
    hub_->useTransport("test", transport_);
  }
  void stop() {
    if (!hub_) return;
    hub_->stop();
    transport_->stop();
    engine_->stop();
    hub_.reset();
    transport_.reset();
    engine_.reset();
  }

  uint64_t peer_entities = 500'000;  // taken at the next start()
  ShiftedClock clock;

  sync::LinkHub& hub() { return *hub_; }
  engine::Engine& engine() { return *engine_; }
  const trust::Identity& identity() const { return *identity_; }
  HomeId id() const { return identity_->home(); }
  std::string seed() const {
    const auto words = identity_->recoveryWords();
    std::string text;
    for (const std::string& word : **words) text += word + " ";
    return *trust::parseRecoveryWords(text);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  uint16_t port() const { return port_; }

  Status put(const std::string& address, const std::string& fields, const model::OwnerId& owner) {
    std::optional<Error> failed;
    Status committed = engine_->run([&](engine::Core& core) {
      engine::WriteOrder order;
      order.address = {owner, address};
      order.fields = std::move(*model::parseJson(fields, 32));
      core.beginChange(core.settings().home, "test", "write");
      auto written = core.write(order);
      core.endChange();
      if (!written.ok()) failed = written.error();
    });
    if (failed) return *failed;
    return committed;
  }
  Status put(const std::string& id_of, const std::string& fields) { return put(id_of, fields, model::OwnerId(id())); }
  void grant(const HomeId& home, const std::string& pattern, model::Access access) {
    EXPECT_TRUE(
        engine_->run([&](engine::Core& core) { EXPECT_TRUE(core.grant(home, pattern, access, {}).ok()); }).ok());
  }
  // The shown fields, or empty.
  std::string shown(const std::string& id_of, const HomeId& owner) {
    std::string fields;
    EXPECT_TRUE(engine_
                    ->run([&](engine::Core& core) {
                      auto row = core.store().entity(model::Address{model::OwnerId(owner), id_of});
                      if (row && row->state == store::EntityState::kLive) fields = row->siblings.back().fields;
                    })
                    .ok());
    return fields;
  }
  // The row that is kept of a home; nothing when there was never one.
  std::optional<store::Peer> rowOf(const RunningHome& other) {
    std::optional<store::Peer> row;
    EXPECT_TRUE(engine_->run([&](engine::Core& core) { row = core.store().peer(other.id()); }).ok());
    return row;
  }
  bool connectedTo(const RunningHome& other) { return hub_->state(other.id()).state == "connected"; }

 private:
  std::filesystem::path folder_;
  const MakeTransport make_transport_;
  sync::LinkHubSettings links_;
  std::optional<trust::Identity> identity_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<sync::LinkHub> hub_;
  std::shared_ptr<sdk::Transport> transport_;
  uint16_t port_ = 0;
};

// The fixture of most tests of links.
class TwoRunningHomes : public ::testing::Test {
 protected:
  std::shared_ptr<LoopbackNetwork> network = std::make_shared<LoopbackNetwork>();
  RunningHome beach{network, "Beach"};
  RunningHome city{network, "City"};
};

// An engine's thread that does nothing until the test lets it go on.
class HeldEngine {
 public:
  explicit HeldEngine(RunningHome& home) : engine_(home.engine()) {
    std::promise<void> held;
    engine_.submit(
        [&held, go = go_on_.get_future().share()](engine::Core&) {
          held.set_value();
          go.wait();
        },
        {});
    held.get_future().wait();
  }
  ~HeldEngine() { goOn(); }
  void goOn() {
    if (!std::exchange(gone_, true)) go_on_.set_value();
  }
  size_t queued() { return engine_.queued(); }

 private:
  engine::Engine& engine_;
  std::promise<void> go_on_;
  bool gone_ = false;
};

// Up to where both persons are asked; the joiner dials `at`.
inline void askBoth(RunningHome& listener, RunningHome& joiner, const std::string& at) {
  auto code = listener.hub().openPairing(300, false);
  ASSERT_TRUE(code.ok());
  auto joined = joiner.hub().join(code->code, at, false);
  ASSERT_TRUE(joined.ok()) << joined.error().message;
  ASSERT_TRUE(eventually([&] { return listener.hub().pairing().state == "confirming"; }));
}

// Pairs two homes, both persons having agreed in advance.
inline void pairHomes(RunningHome& listener, RunningHome& joiner) {
  auto code = listener.hub().openPairing(300, true);
  ASSERT_TRUE(code.ok());
  auto joined = joiner.hub().join(code->code, listener.address(), true);
  ASSERT_TRUE(joined.ok()) << joined.error().code << ": " << joined.error().message;
  EXPECT_EQ(joined->state, "done");
  ASSERT_TRUE(eventually([&] { return listener.connectedTo(joiner) && joiner.connectedTo(listener); }));
}

}  // namespace hearthgate::testing
