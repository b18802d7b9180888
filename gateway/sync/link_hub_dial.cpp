// Dialling: whom, where and when.
#include <algorithm>

#include "base/log.h"
#include "sync/link_hub_impl.h"

namespace hearthgate::sync {

std::vector<store::PeerAddress> addressesAfterHello(std::vector<store::PeerAddress> known,
                                                    const std::vector<std::string>& told, int64_t now_ms) {
  std::vector<store::PeerAddress> all;
  auto find = [](std::vector<store::PeerAddress>& list, const std::string& address) {
    return std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.address == address; });
  };
  auto add = [&](const store::PeerAddress& one) {
    if (all.size() < kMaxAddresses && find(all, one.address) == all.end()) all.push_back(one);
  };
  for (const store::PeerAddress& one : known) {
    if (one.source == "hand") add(one);
  }
  for (const std::string& address : told) {
    if (!trust::isAddressWithPort(address)) continue;
    auto before = find(known, address);
    add(before == known.end() ? store::PeerAddress{address, "told", std::nullopt} : *before);
  }
  std::stable_sort(known.begin(), known.end(), [](const store::PeerAddress& a, const store::PeerAddress& b) {
    return a.last_ok_ms.value_or(0) > b.last_ok_ms.value_or(0);
  });
  for (const store::PeerAddress& one : known) {
    if (one.last_ok_ms && now_ms - *one.last_ok_ms <= kHintMs) add(one);
  }
  return all;
}

// By hand first, then the one that worked last, then where it is announced now (it may have moved), then those that worked
// earlier, the last first, then the others.
std::vector<std::string> LinkHub::Impl::addressesLocked(const PeerEntry& entry) const {
  std::vector<store::PeerAddress> known = entry.row.addresses;
  std::stable_sort(known.begin(), known.end(), [](const store::PeerAddress& a, const store::PeerAddress& b) {
    return a.last_ok_ms.value_or(0) > b.last_ok_ms.value_or(0);
  });
  std::vector<std::string> best;
  auto add = [&](const std::string& address) {
    if (std::find(best.begin(), best.end(), address) == best.end()) best.push_back(address);
  };
  for (const store::PeerAddress& one : known) {
    if (one.source == "hand") add(one.address);
  }
  if (!known.empty() && known.front().last_ok_ms) add(known.front().address);
  for (const std::string& address : foundLocked(entry.row.home)) add(address);
  for (const store::PeerAddress& one : known) add(one.address);
  return best;
}

bool LinkHub::Impl::mayDialLocked(const PeerEntry& entry) const {
  return !stopping && !transports.empty() && entry.row.state == store::PeerState::kPaired && !entry.row.kept_apart &&
         !isBlocked(entry.row) && !entry.link;
}

// A link came about over `address`. One that was only announced becomes one of the home's; what is too many is sorted out
// when the home has said hello (addressesAfterHello).
void LinkHub::Impl::workedLocked(PeerEntry& entry, const std::string& address) {
  auto same = std::find_if(entry.row.addresses.begin(), entry.row.addresses.end(),
                           [&](const store::PeerAddress& one) { return one.address == address; });
  if (same == entry.row.addresses.end()) same = entry.row.addresses.insert(same, {address, "found", std::nullopt});
  same->last_ok_ms = clock.wallMs();
}

// Whether one of its dials of this round is on its way.
bool LinkHub::Impl::dialsLocked(const HomeId& home) const {
  return std::any_of(connections.begin(), connections.end(), [&](const auto& connection) {
    return connection->home == home && connection->dialled() && !connection->for_commit && !connection->attached;
  });
}

// What need not go on any more, since `winner` has led to the home.
std::vector<std::shared_ptr<Connection>> LinkHub::Impl::otherDialsLocked(const HomeId& home, const Connection& winner) const {
  std::vector<std::shared_ptr<Connection>> others;
  for (const auto& connection : connections) {
    if (connection.get() != &winner && connection->home == home && connection->dialled() && !connection->for_commit &&
        !connection->established()) {
      others.push_back(connection);
    }
  }
  return others;
}

void LinkHub::Impl::wake(const HomeId& home, int64_t delay_ms) {
  uint64_t generation;
  {
    std::lock_guard lock(mutex);
    auto at = peers.find(home);
    if (at == peers.end() || stopping) return;
    generation = ++at->second.dial_generation;
  }
  links.after(delay_ms, [this, home, generation] { dialDue(home, generation); });
}

// Begins a round: all addresses, the best first, each next one when the one before has failed or is slow. While one is under
// way, what is new is dialled next.
void LinkHub::Impl::dialDue(const HomeId& home, uint64_t generation) {
  uint64_t round;
  {
    std::lock_guard lock(mutex);
    auto at = peers.find(home);
    if (at == peers.end() || at->second.dial_generation != generation || !mayDialLocked(at->second)) return;
    PeerEntry& entry = at->second;
    entry.storage_failed = entry.storage_failed && engine.storageFault().has_value();
    if (entry.storage_failed) {
      // The engine tries its disk by itself.
      links.after(kFastRetryMs, [this, home, generation] { dialDue(home, generation); });
      return;
    }
    std::vector<std::string> addresses = addressesLocked(entry);
    if (entry.dialling) {
      std::erase_if(addresses, [&](const std::string& address) {
        return std::find(entry.round.begin(), entry.round.end(), address) != entry.round.end();
      });
      if (addresses.empty()) return;
      entry.round.insert(entry.round.begin() + static_cast<ptrdiff_t>(entry.round_next), addresses.begin(), addresses.end());
    } else {
      if (addresses.empty()) return;
      beginRoundLocked(entry, std::move(addresses));
    }
    round = entry.round_number;
  }
  dialNext(home, round);
}

void LinkHub::Impl::dialNext(const HomeId& home, uint64_t round) {
  std::string address;
  std::string spki;
  size_t next;
  {
    std::lock_guard lock(mutex);
    auto at = peers.find(home);
    if (at == peers.end()) return;
    PeerEntry& entry = at->second;
    if (!entry.dialling || entry.round_number != round || entry.round_next == entry.round.size()) return;
    if (!mayDialLocked(entry)) {
      entry.round_next = entry.round.size();  // The round ends with what is under way.
      if (roundOverLocked(entry)) roundEndedLocked(entry);
      return;
    }
    address = entry.round[entry.round_next++];
    spki = entry.row.operating_spki;
    next = entry.round_next;
    ++entry.round_starting;
    if (next < entry.round.size()) links.after(kRaceStepMs, [this, home, round, next] { stepRound(home, round, next, 1); });
  }
  bool dialled = dialPeer(address, spki, home, false) != nullptr;
  std::optional<int64_t> delay;
  {
    std::lock_guard lock(mutex);
    auto at = peers.find(home);
    if (at == peers.end()) return;
    PeerEntry& entry = at->second;
    if (entry.round_number != round) return;
    --entry.round_starting;
    if (!dialled) entry.round_next = entry.round.size();
    // It may have failed already, and then waited for this.
    if (entry.dialling && roundOverLocked(entry)) {
      roundEndedLocked(entry);
      delay = nextRetryLocked(entry);
    }
  }
  if (delay) wake(home, *delay);
}

// The dials so far have led nowhere yet; one that has failed meanwhile has dialled the next already.
void LinkHub::Impl::stepRound(const HomeId& home, uint64_t round, size_t next, int steps) {
  {
    std::lock_guard lock(mutex);
    auto at = peers.find(home);
    if (at == peers.end() || !at->second.dialling || at->second.round_number != round || at->second.round_next != next) return;
    bool shaking = std::any_of(connections.begin(), connections.end(), [&](const auto& connection) {
      return connection->home == home && connection->dialled() && !connection->for_commit && connection->opened();
    });
    if (shaking && steps < kHandshakeSteps) {
      links.after(kRaceStepMs, [this, home, round, next, steps] { stepRound(home, round, next, steps + 1); });
      return;
    }
  }
  dialNext(home, round);
}

// Nothing of it is under way, and nothing left to begin.
bool LinkHub::Impl::roundOverLocked(const PeerEntry& entry) const {
  return entry.round_next == entry.round.size() && entry.round_starting == 0 && !dialsLocked(entry.row.home);
}

std::shared_ptr<Connection> LinkHub::Impl::dialPeer(const std::string& address, const std::string& spki,
                                                    const HomeId& home, bool for_commit) {
  auto keys = identity.keys();
  const trust::OwnKey* own = &keys->present;
  {
    std::lock_guard lock(mutex);
    auto at = peers.find(home);
    if (at != peers.end() && !for_commit) {
      auto all = ownKeysFor(*keys, at->second.row);
      own = all[at->second.key_turn % all.size()];
    }
    // The key that the pairing has shown, though another one may have come since.
    auto commit = for_commit ? commits.find(spki) : commits.end();
    const trust::PairingSession* session = commit == commits.end() ? nullptr : commit->second->session.get();
    const trust::OwnKey* shown = session ? keys->withSpki(session->selfChain().back().operating_spki) : nullptr;
    if (shown) own = shown;
  }
  auto channel = trust::Channel::peer(trust::Channel::Role::kClient, own->key, own->certificate,
                                      [spki](std::string_view presented) { return presented == spki; });
  if (!channel.ok()) {
    logError("links", channel.error().message);
    return nullptr;
  }
  auto connection =
      std::make_shared<Connection>(*this, links, handshakes, Connection::Kind::kPeer, true, std::move(*channel));
  connection->address = address;
  connection->for_commit = for_commit;
  connection->own_spki = own->spki();
  std::shared_ptr<sdk::Transport> transport;
  {
    std::lock_guard lock(mutex);
    connection->home = home;
    if (!transports.empty()) {
      connection->transport = transports.begin()->first;
      transport = transports.begin()->second;
    }
    track(connection);
  }
  if (!transport) {
    connection->failed(networkError("no_transport", "No transport plugin is running."));
    return connection;
  }
  transport->dial(address, "/peer?k=" + trust::keyName(spki), connection, [connection, address](const sdk::Outcome& outcome) {
    if (!outcome.ok()) connection->failed(networkError(outcome.code, "Dialling " + address + " failed: " + outcome.message));
  });
  return connection;
}

int64_t LinkHub::Impl::nextRetryLocked(PeerEntry& entry) {
  int64_t now = clock.steadyMs();
  if (entry.failing_since_ms == 0) entry.failing_since_ms = now;
  bool slow = now - entry.failing_since_ms > kFastRetryForMs;
  double base = slow ? static_cast<double>(kSlowRetryMs) : entry.retry_ms;
  entry.retry_ms = std::min(entry.retry_ms * 1.5, static_cast<double>(kFastRetryMs));
  return jittered(base);
}

int64_t LinkHub::Impl::jittered(double ms) {
  uint8_t byte = 0;
  random.fill({&byte, 1});
  return static_cast<int64_t>(ms * (0.8 + 0.4 * byte / 255.0));
}

// The home does not know the key that was shown; perhaps it pins another one of ours. True while one is left to be shown: each
// has its round before that is told.
bool LinkHub::Impl::turnKeyLocked(PeerEntry& entry) {
  const size_t keys = ownKeysFor(*identity.keys(), entry.row).size();
  if (keys > 1 && entry.key_turned_round != entry.round_number) {
    entry.key_turned_round = entry.round_number;
    ++entry.key_turn;
  }
  return entry.key_turn % keys != 0;
}

// Until the next dial, when the link of `entry` has ended.
int64_t LinkHub::Impl::retryAfterLinkLocked(PeerEntry& entry, const Connection& connection, const Error& error) {
  bool refused = (error.code == "not_paired" && !turnKeyLocked(entry)) || error.code == "superseded" || error.code == "forgotten" ||
                 error.code == "protocol_version" || error.code == "held_quota" || error.code == "identity" || error.code == "identity_fork";
  if (refused) entry.refused_reason = error.code;
  bool storage = error.code == "storage";
  entry.storage_failed = storage && !connection.endedByPeer();
  bool new_trouble = entry.failing_since_ms == 0 || clock.steadyMs() - entry.failing_since_ms < kCutsForMs;
  if (new_trouble && connection.told_connected) entry.retry_ms = kFirstRetryMs;
  int64_t next = nextRetryLocked(entry);
  return refused || (storage && connection.endedByPeer()) ? jittered(kSlowRetryMs) : next;
}

void LinkHub::Impl::dialEnded(const std::shared_ptr<Connection>& connection, const Error& error) {
  std::optional<int64_t> delay;  // the round is over
  uint64_t round;
  HomeId home;
  {
    std::lock_guard lock(mutex);
    if (!connection->home) return;
    home = *connection->home;
    auto at = peers.find(home);
    if (at == peers.end()) return;
    PeerEntry& entry = at->second;
    round = entry.round_number;
    entry.last_error = error.message;
    if (error.code != "not_paired" || !turnKeyLocked(entry)) noteLocked(entry, *connection, error);
    if (!entry.dialling) return;
    if (roundOverLocked(entry)) {
      roundEndedLocked(entry);
      delay = nextRetryLocked(entry);
    }
  }
  if (delay) {
    wake(home, *delay);
  } else {
    dialNext(home, round);
  }
}

}  // namespace hearthgate::sync
