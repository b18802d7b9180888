// One simulated home: the real store (in memory), core and replicator, with a clock and a random source that the caller
// sets. Used by hearthgate-sim and by the unit tests of the replicator; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "engine/core.h"
#include "sim/tampering.h"
#include "store/store.h"
#include "sync/replicator.h"
#include "trust/identity.h"

namespace hearthgate::sim {

class FakeClock final : public Clock {
 public:
  int64_t wallMs() override { return wall_ms; }
  int64_t steadyMs() override { return steady_ms; }
  bool synchronised() override { return synced; }

  int64_t wall_ms = 1'800'000'000'000;
  int64_t steady_ms = 1'000;
  bool synced = true;
};

// SplitMix64 (Steele, Lea, Flood 2014): small, and every seed gives an own stream.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  void fill(std::span<uint8_t> out) override;
  uint64_t next();
  // 0 to `below` - 1.
  uint64_t below(uint64_t below) { return next() % below; }
  bool chance(unsigned percent) { return below(100) < percent; }

 private:
  uint64_t state_;
};

// What a home's configuration limits; read at its start.
struct Limits {
  uint64_t bandwidth = 0;  // bytes a second and peer, 0: none
  uint64_t peer_entities = engine::CoreSettings{}.peer_entities;
  uint64_t peer_bytes = engine::CoreSettings{}.peer_bytes;
  engine::Retention retention;
  std::function<uint64_t(const HomeId&)> saved_bytes;  // by compression, which is not simulated
  std::set<std::string> uncompressed_kinds;
};

class Home {
 public:
  using Start = sim::Start;

  // `name` is one letter; the id is made of it. `image` is an empty database that the home starts with, or nothing.
  Home(std::string name, uint64_t seed, std::string_view image = {});
  // With real keys, for circles: the id is theirs.
  Home(std::string name, uint64_t seed, const trust::Identity& identity, std::string_view image = {});

  const std::string& name() const { return name_; }
  const HomeId& id() const { return id_; }
  model::OwnerId owner() const { return model::OwnerId(id_); }
  model::OwnerTag ownerTag(const ContentHash& hash) const;

  // From the next start on.
  void setLimits(const Limits& limits) { limits_ = limits; }
  const Limits& limits() const { return limits_; }
  // Ends the process, if there is one, and starts it on `image` (empty: a new database).
  void start(std::string_view image, Start how);
  // Runs `work` as one commit with all that belongs to it; messages that may leave are handed to onOutput(). With
  // `fails` the commit fails as on a full disk.
  void commit(const std::function<void()>& work, bool fails = false);
  void onOutput(std::function<void(sync::Output)> output) { output_ = std::move(output); }
  // A planted defect, or null; from the next start or commit on.
  void setTampering(Tampering* tampering) { tampering_ = tampering; }
  // Called after every commit that did not fail.
  void onCommitted(std::function<void()> committed) { committed_ = std::move(committed); }
  std::string image() { return store_->serialize(); }

  // Each in a commit of its own.
  void linkUp(const HomeId& peer);
  void linkDown(const HomeId& peer);
  void receive(const HomeId& peer, std::string_view message);
  void tick();
  Result<engine::Written> write(const engine::WriteOrder& order);
  Result<engine::Written> put(const model::Address& address, const std::string& json);
  Result<engine::Written> patch(const model::Address& address, const std::string& json);
  Result<engine::Written> remove(const model::Address& address);
  Status grant(const HomeId& home, const std::string& pattern, model::Access access);
  // What `work` does with this home's circles, as one commit.
  template <typename T>
  T circles(const std::function<T(engine::Circles&)>& work) {
    std::optional<T> done;
    commit([&] {
      core_->beginChange(id_, "test", "write");
      done.emplace(work(core_->circles()));
      core_->endChange();
    });
    return std::move(*done);
  }

  store::Store& store() { return *store_; }
  engine::Core& core() { return *core_; }
  sync::Replicator& replicator() { return *replicator_; }
  FakeClock& clock() { return clock_; }

  // What people see: canonical JSON, "deleted" or "none".
  std::string shown(const model::Address& address);
  model::Siblings siblings(const model::Address& address);

 private:
  std::string name_;
  HomeId id_;
  std::string secret_;
  engine::CharterSigner signer_;
  FakeClock clock_;
  SeededRandom random_;
  Limits limits_;
  Tampering* tampering_ = nullptr;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Core> core_;
  std::unique_ptr<sync::Replicator> replicator_;
  std::function<void(sync::Output)> output_;
  std::function<void()> committed_;
};

}  // namespace hearthgate::sim
