// What people do with homes: connect, keep apart, forget, edit, and wait until both are level.
#include <algorithm>

#include "base/utf8.h"
#include "sync/link_hub_impl.h"

namespace hearthgate::sync {
namespace {

Error homeNotFound(const HomeId& home) {
  return stateError("home_not_found", "No home with the id " + home.text() + " is paired here.");
}

}  // namespace

void LinkHub::Impl::setPeer(const store::Peer& row) {
  std::lock_guard lock(mutex);
  setPeerLocked(row);
}

void LinkHub::Impl::setPeerLocked(const store::Peer& row) {
  std::erase_if(pins, [&](const auto& pin) { return pin.second == row.home; });
  if (row.state == store::PeerState::kForgotten) {
    peers.erase(row.home);
    return;
  }
  auto [at, fresh] = peers.try_emplace(row.home);
  at->second.row = row;
  if (fresh) at->second.since_ms = clock.wallMs();
  if (!isBlocked(row)) pins[row.operating_spki] = row.home;
}

HomeState LinkHub::state(const HomeId& home) {
  std::lock_guard lock(impl_->mutex);
  HomeState state;
  auto at = impl_->peers.find(home);
  if (at == impl_->peers.end()) return state;
  const PeerEntry& entry = at->second;
  state.since_ms = entry.since_ms;
  state.report = entry.report;
  state.refused_reason = refusedReason(entry);
  state.found = impl_->foundLocked(home);
  if (entry.link) {
    state.state = "connected";
    state.transport = entry.link->transport;
    state.remote_address = entry.link->remoteAddress();
  } else if (!state.refused_reason.empty()) {
    state.state = "refused";
  } else if (entry.dialling) {
    state.state = "connecting";
  }
  return state;
}

std::shared_ptr<const LinkTraffic> LinkHub::traffic(const HomeId& home) {
  std::lock_guard lock(impl_->mutex);
  auto at = impl_->traffic.find(home);
  return at == impl_->traffic.end() ? nullptr : at->second;
}

const Handshakes& LinkHub::handshakes() const { return impl_->handshakes_ended; }

size_t LinkHub::connectedCount() {
  std::lock_guard lock(impl_->mutex);
  return static_cast<size_t>(
      std::count_if(impl_->peers.begin(), impl_->peers.end(), [](const auto& peer) { return peer.second.link != nullptr; }));
}

Status LinkHub::connect(const HomeId& home) {
  {
    std::lock_guard lock(impl_->mutex);
    auto at = impl_->peers.find(home);
    if (at == impl_->peers.end()) return homeNotFound(home);
    at->second.row.kept_apart = false;
    for (const auto& [spki, pairing] : impl_->commits) pairing->kept_apart = pairing->kept_apart && !(pairing->peer->home == home);
    at->second.expected_until_ms = impl_->clock.steadyMs() + kConnectWaitMs;
    at->second.refused_reason.clear();
    at->second.retry_ms = kFirstRetryMs;
    at->second.failing_since_ms = 0;
    at->second.storage_failed = false;
  }
  HG_CHECK(impl_->engine.run([&](engine::Core& core) {
    auto row = core.store().peer(home);
    if (!row) return;
    row->kept_apart = false;
    core.store().putPeer(*row);
  }));
  impl_->wake(home, 0);
  return {};
}

Status LinkHub::disconnect(const HomeId& home) {
  std::shared_ptr<Connection> link;
  {
    std::lock_guard lock(impl_->mutex);
    auto at = impl_->peers.find(home);
    if (at == impl_->peers.end()) return homeNotFound(home);
    at->second.row.kept_apart = true;
    for (const auto& [spki, pairing] : impl_->commits) pairing->kept_apart = pairing->kept_apart || pairing->peer->home == home;
    link = at->second.link;
  }
  HG_CHECK(impl_->engine.run([&](engine::Core& core) {
    auto row = core.store().peer(home);
    if (!row) return;
    row->kept_apart = true;
    core.store().putPeer(*row);
  }));
  if (link) link->close("kept_apart", "A person disconnected this home.");
  return {};
}

Status LinkHub::forget(const HomeId& home) {
  std::vector<std::shared_ptr<PairingRun>> pairings;
  {
    std::lock_guard lock(impl_->mutex);
    if (!impl_->peers.contains(home)) return homeNotFound(home);
    for (const auto& [spki, pairing] : impl_->commits) {
      if (pairing->peer->home == home) pairings.push_back(pairing);
    }
  }
  // Before the row goes: what they have under way on the engine's thread must not bring it back.
  for (const auto& pairing : pairings) {
    impl_->failPairing(pairing,
                       trustError("pairing_refused", "The other home was forgotten here before the pairing was done."));
  }
  Status forgotten = impl_->engine.run([&](engine::Core& core) {
    auto row = core.store().peer(home);
    if (!row) return;
    row->state = store::PeerState::kForgotten;
    row->addresses.clear();
    core.store().putPeer(*row);
    core.dismiss(home);
    core.circles().forgotten(home);
    core.store().forgetNotes(home);
    impl_->dropAcknowledgedKeys();
    core.store().putPluginState(kHostScope, kToldName + home.text(), "");
    core.event("home", homeEvent(home, "forgotten"));
  });
  if (!forgotten.ok()) {
    impl_->resumeIfMarked(home);
    return forgotten;
  }
  std::shared_ptr<Connection> link;
  std::vector<std::shared_ptr<Connection>> open;
  {
    std::lock_guard lock(impl_->mutex);
    auto at = impl_->peers.find(home);
    if (at != impl_->peers.end()) link = at->second.link;
    impl_->peers.erase(home);
    std::erase_if(impl_->pins, [&](const auto& pin) { return pin.second == home; });
    for (const auto& connection : impl_->connections) {
      if (connection->home == home) open.push_back(connection);
    }
  }
  constexpr const char* kTold = "The other home forgot this one; pair again to connect.";
  if (link) link->send({{encode(Bye{"forgotten", kTold}), false}});
  for (const auto& connection : open) connection->close("forgotten", kTold);
  impl_->engine.submit(
      [impl = impl_.get(), home, open](engine::Core&) {
        for (const auto& connection : open) impl->linkEnded(home, connection);
      },
      {});
  return {};
}

Status LinkHub::edit(const HomeId& home, const std::optional<std::vector<std::string>>& addresses,
                     const std::optional<std::string>& name) {
  if (addresses) {
    if (addresses->size() > kMaxAddresses) return inputError("bad_address", "A home has at most eight addresses.");
    for (const std::string& address : *addresses) {
      if (!trust::isAddressWithPort(address)) {
        return inputError("bad_address", "'" + address + "' is no address; it looks like 192.0.2.7:8765 or [2001:db8::7]:8765.");
      }
    }
  }
  {
    std::lock_guard lock(impl_->mutex);
    if (!impl_->peers.contains(home)) return homeNotFound(home);
  }
  std::optional<store::Peer> changed;
  HG_CHECK(impl_->engine.run([&](engine::Core& core) {
    auto row = core.store().peer(home);
    if (!row) return;
    if (name) row->name = *name;
    if (addresses) {
      std::erase_if(row->addresses, [](const store::PeerAddress& address) { return address.source == "hand"; });
      std::vector<store::PeerAddress> all;
      for (const std::string& address : *addresses) all.push_back({address, "hand", std::nullopt});
      for (store::PeerAddress& address : row->addresses) {
        if (all.size() < kMaxAddresses) all.push_back(std::move(address));
      }
      row->addresses = std::move(all);
    }
    core.store().putPeer(*row);
    changed = row;
  }));
  if (changed) {
    std::lock_guard lock(impl_->mutex);
    auto at = impl_->peers.find(home);
    if (at == impl_->peers.end()) return homeNotFound(home);  // Forgotten meanwhile.
    // Nothing else of it: a key may have come since.
    at->second.row.name = changed->name;
    at->second.row.addresses = changed->addresses;
  }
  impl_->wake(home, 0);
  return {};
}

void LinkHub::advertise(std::function<std::vector<std::string>()> addresses) {
  std::lock_guard lock(impl_->mutex);
  impl_->own_addresses = std::move(addresses);
}

Status LinkHub::setBandwidth(const HomeId& home, std::optional<uint64_t> bytes_per_s) {
  {
    std::lock_guard lock(impl_->mutex);
    if (!impl_->peers.contains(home)) return homeNotFound(home);
  }
  return impl_->engine.run([&](engine::Core&) { impl_->replicator->setBandwidth(home, bytes_per_s); });
}

Result<Why> LinkHub::why(const HomeId& home, const model::Address& address) {
  LinkFacts link;
  {
    std::lock_guard lock(impl_->mutex);
    auto at = impl_->peers.find(home);
    if (at == impl_->peers.end()) return homeNotFound(home);
    link = impl_->factsLocked(at->second);
  }
  Why why;
  HG_CHECK(impl_->engine.run([&](engine::Core&) { why = impl_->replicator->why(home, address, link); }));
  return why;
}

Result<SyncAnswer> LinkHub::sync(const HomeId& home) {
  {
    std::unique_lock lock(impl_->mutex);
    auto at = impl_->peers.find(home);
    if (at == impl_->peers.end()) return homeNotFound(home);
    int64_t wait_ms = at->second.expected_until_ms - impl_->clock.steadyMs();
    if (!at->second.link && wait_ms > 0) {
      impl_->link_attached.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] {
        at = impl_->peers.find(home);
        return impl_->stopping || at == impl_->peers.end() || at->second.link;
      });
      if (at == impl_->peers.end()) return homeNotFound(home);
    }
    if (!at->second.link) {
      std::string why = refusedReason(at->second);
      if (why.empty()) why = "offline";
      return SyncAnswer{false, why, 0, 0};
    }
  }
  auto wait = std::make_shared<LevelWait>();
  wait->home = home;
  wait->deadline_ms = impl_->clock.steadyMs() + kSyncWaitMs;
  auto answer = wait->answer.get_future();
  impl_->engine.submit([impl = impl_.get(), wait](engine::Core&) { impl->level_waits.push_back(wait); }, {});
  // The engine's thread sees the deadline too, but perhaps it is busy or has ended.
  if (answer.wait_for(std::chrono::milliseconds(kSyncWaitMs)) != std::future_status::ready) {
    return SyncAnswer{false, "timeout", 0, 0};
  }
  return answer.get();
}

// Asks the other side, then looks at this one; both level in that order is level. Engine's thread, at the end of every
// transaction: without one nothing changes that it looks at, and each tick makes one, so that no deadline is missed.
void LinkHub::Impl::advanceLevelWaits() {
  std::erase_if(level_waits, [&](const std::shared_ptr<LevelWait>& wait) {
    bool level_here = replicator->levelTowards(wait->home);
    bool linked;
    {
      std::lock_guard lock(mutex);
      auto at = peers.find(wait->home);
      linked = at != peers.end() && at->second.link;
    }
    auto answer = [&](bool level, const char* reason) {
      uint64_t held = (wait->there ? wait->there->held : 0) + engine.core().store().heldCount(wait->home);
      level_answers.emplace_back(wait, SyncAnswer{level, reason, held, replicator->report(wait->home).refused_there});
      return true;
    };
    if (wait->there && level_here) return answer(true, "");
    if (!linked) return answer(false, "offline");
    if (!level_here && engine.core().writer().owner(engine.core().me()).hold) return answer(false, "restore_hold");
    if (clock.steadyMs() >= wait->deadline_ms) return answer(false, "timeout");
    // What it said may be over when this side is level: it is asked again then.
    if (wait->there) wait->asked_too_early = true;
    wait->there.reset();
    if (wait->asking || (wait->asked_too_early && !level_here)) return false;
    wait->asking = true;
    wait->asked_too_early = false;
    // Before the other's hello, and when the link ends, the answer is none.
    replicator->askLevel(wait->home, [wait](std::optional<LevelMessage> level) {
      wait->asking = false;
      wait->there = level;
    });
    return false;
  });
}

void LinkHub::Impl::answerLevelWaits(bool committed) {
  for (auto& [wait, answer] : level_answers) {
    if (committed) {
      wait->answer.set_value(std::move(answer));
    } else {
      level_waits.push_back(std::move(wait));
    }
  }
  level_answers.clear();
}

}  // namespace hearthgate::sync
