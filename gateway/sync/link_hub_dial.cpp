// Dialling: whom, where and when.
#include <algorithm>

#include "base/base32.h"
#include "base/log.h"
#include "base/sha256.h"
#include "sync/link_hub_impl.h"

namespace hearthgate::sync {

std::vector<store::PeerAddress> addressesAfterHello(std::vector<store::PeerAddress> known,
                                                    const std::vector<std::string>& told) {
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
    if (one.last_ok_ms) add(one);
  }
  return all;
}

bool LinkHub::Impl::mayDialLocked(const PeerEntry& entry) const {
  return !stopping && !transports.empty() && entry.row.state == store::PeerState::kPaired && !entry.row.kept_apart &&
         !entry.link && !entry.dialling && !entry.row.addresses.empty();
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

void LinkHub::Impl::dialDue(const HomeId& home, uint64_t generation) {
  std::string address;
  std::string spki;
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
    // By hand first, then those that worked last.
    std::vector<store::PeerAddress> best = entry.row.addresses;
    std::stable_sort(best.begin(), best.end(), [](const store::PeerAddress& a, const store::PeerAddress& b) {
      bool by_hand_a = a.source == "hand";
      bool by_hand_b = b.source == "hand";
      return by_hand_a != by_hand_b ? by_hand_a : a.last_ok_ms.value_or(0) > b.last_ok_ms.value_or(0);
    });
    address = best[entry.next_address % best.size()].address;
    spki = entry.row.operating_spki;
    entry.dialling = true;
  }
  if (dialPeer(address, spki, home, false)) return;
  int64_t delay;
  {
    std::lock_guard lock(mutex);
    auto at = peers.find(home);
    if (at == peers.end()) return;
    at->second.dialling = false;
    delay = nextRetryLocked(at->second);
  }
  wake(home, delay);
}

std::shared_ptr<Connection> LinkHub::Impl::dialPeer(const std::string& address, const std::string& spki,
                                                    const HomeId& home, bool for_commit) {
  auto channel = trust::Channel::peer(trust::Channel::Role::kClient, identity,
                                      [spki](std::string_view presented) { return presented == spki; });
  if (!channel.ok()) {
    logError("links", channel.error().message);
    return nullptr;
  }
  auto connection =
      std::make_shared<Connection>(*this, links, handshakes, Connection::Kind::kPeer, true, std::move(*channel));
  connection->address = address;
  connection->for_commit = for_commit;
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
  auto digest = sha256(spki);
  std::string key = base32({reinterpret_cast<const char*>(digest.data()), digest.size()}).substr(0, 16);
  transport->dial(address, "/peer?k=" + key, connection, [connection, address](const sdk::Outcome& outcome) {
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

// Until the next dial, when the link of `entry` has ended.
int64_t LinkHub::Impl::retryAfterLinkLocked(PeerEntry& entry, const Connection& connection, const Error& error) {
  bool refused = error.code == "not_paired" || error.code == "superseded" || error.code == "forgotten" ||
                 error.code == "protocol_version" || error.code == "held_quota" || error.code == "identity";
  if (refused) entry.refused_reason = error.code;
  bool storage = error.code == "storage";
  entry.storage_failed = storage && !connection.endedByPeer();
  bool new_trouble = entry.failing_since_ms == 0 || clock.steadyMs() - entry.failing_since_ms < kCutsForMs;
  if (new_trouble && connection.told_connected) entry.retry_ms = kFirstRetryMs;
  int64_t next = nextRetryLocked(entry);
  return refused || (storage && connection.endedByPeer()) ? jittered(kSlowRetryMs) : next;
}

void LinkHub::Impl::dialEnded(const std::shared_ptr<Connection>& connection, const Error& error) {
  std::optional<int64_t> delay;
  HomeId home;
  {
    std::lock_guard lock(mutex);
    if (!connection->home) return;
    home = *connection->home;
    auto at = peers.find(home);
    if (at == peers.end()) return;
    PeerEntry& entry = at->second;
    entry.dialling = false;
    entry.last_error = error.message;
    if (error.code == "not_paired" || error.code == "key_not_pinned") entry.refused_reason = error.code;
    ++entry.next_address;
    bool round_over = entry.next_address % std::max<size_t>(1, entry.row.addresses.size()) == 0;
    delay = round_over ? nextRetryLocked(entry) : 0;
  }
  wake(home, *delay);
}

}  // namespace hearthgate::sync
