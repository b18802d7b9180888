// What came of dials and links, for `doctor` and `why`; and dialling at once whoever has no link.
#include <algorithm>

#include "base/utf8.h"
#include "sync/link_hub_impl.h"

namespace hearthgate::sync {
namespace {

// The other side answered, and the two do not want each other: HomeState::refused_reason.
bool isRefusal(const std::string& code) { return !refusedAction("", code).empty(); }

// What came of addresses that the home has no more does not matter.
void keepOf(const std::vector<std::string>& addresses, std::vector<DialNote>* dials) {
  std::erase_if(*dials, [&](const DialNote& note) {
    return !note.came && std::find(addresses.begin(), addresses.end(), note.address) == addresses.end();
  });
}

bool isUnderWay(const Connection& connection, const HomeId& home) {
  return connection.home == home && connection.dialled() && !connection.for_commit && !connection.attached;
}

}  // namespace

void LinkHub::Impl::beginRoundLocked(PeerEntry& entry, std::vector<std::string> addresses) {
  entry.round = std::move(addresses);
  entry.round_next = 0;
  entry.round_starting = 0;
  entry.dialling = true;
  ++entry.round_number;
}

void LinkHub::Impl::noteLocked(PeerEntry& entry, const Connection& connection, const Error& error) {
  if (error.code == "duplicate" || error.code == "stopped" || error.code == "kept_apart") return;
  if (entry.link || (!connection.dialled() && !isRefusal(error.code))) return;
  if (error.code == "not_paired" || error.code == "key_not_pinned") entry.refused_reason = error.code;
  const bool came = !connection.dialled();
  std::erase_if(entry.dials, [&](const DialNote& note) { return note.came == came && (came || note.address == connection.address); });
  const Step stopped = stepOf(error.code, connection.opened(), connection.established());
  entry.dials.push_back({connection.address, stopped, error.code, error.message, came});
  keepOf(addressesLocked(entry), &entry.dials);
}

// A home that refused this one, or answered with another key, and whom nobody meets there any more, is only away.
void LinkHub::Impl::roundEndedLocked(PeerEntry& entry) {
  entry.dialling = false;
  bool refused = std::any_of(entry.dials.begin(), entry.dials.end(), [](const DialNote& note) { return isRefusal(note.code); });
  if (!refused) entry.refused_reason.clear();
  link_attached.notify_all();
}

LinkFacts LinkHub::Impl::factsLocked(const PeerEntry& entry) const {
  LinkFacts link;
  link.name = displayName(entry.row.name);
  link.refused_reason = refusedReason(entry);
  link.state = entry.link ? "connected" : !link.refused_reason.empty() ? "refused" : entry.dialling ? "connecting" : "offline";
  link.since_ms = entry.since_ms;
  if (entry.link) {
    link.transport = entry.link->transport;
    link.remote_address = entry.link->remoteAddress();
    link.dialled = entry.link->dialled();
    link.hello = entry.report.ready;
  }
  link.any_transport = !transports.empty();
  link.kept_apart = entry.row.kept_apart;
  const std::vector<std::string> addresses = addressesLocked(entry);
  link.has_address = !addresses.empty();
  link.last_error = entry.last_error;
  if (!isBlocked(entry.row)) link.dials = entry.dials;
  const int64_t now = clock.steadyMs();
  for (const auto& connection : connections) {
    if (!isUnderWay(*connection, entry.row.home) || connection->established()) continue;
    if (now - connection->opened_ms < kUnansweredMs) continue;
    std::erase_if(link.dials, [&](const DialNote& note) { return note.address == connection->address; });
    link.dials.push_back({connection->address, connection->opened() ? Step::kTls : Step::kTcp, "", "", false});
  }
  keepOf(addresses, &link.dials);
  return link;
}

Result<std::vector<ReachStep>> LinkHub::reach(const HomeId& home) {
  std::lock_guard lock(impl_->mutex);
  auto at = impl_->peers.find(home);
  if (at == impl_->peers.end()) return stateError("home_not_found", "No home with the id " + home.text() + " is paired here.");
  return reachSteps(impl_->factsLocked(at->second));
}

bool LinkHub::tryNow(int64_t limit_ms) {
  Impl& impl = *impl_;
  std::map<HomeId, uint64_t> rounds;  // that are waited for
  std::vector<std::pair<HomeId, uint64_t>> begun;
  std::unique_lock lock(impl.mutex);
  for (auto& [home, entry] : impl.peers) {
    std::vector<std::string> addresses;
    if (impl.mayDialLocked(entry) && !entry.storage_failed) addresses = impl.addressesLocked(entry);
    for (const auto& connection : impl.connections) {
      if (isUnderWay(*connection, home)) std::erase(addresses, connection->address);
    }
    if (!addresses.empty()) {
      impl.beginRoundLocked(entry, std::move(addresses));
      begun.emplace_back(home, entry.round_number);
    }
    rounds[home] = entry.round_number;
  }
  lock.unlock();
  for (const auto& [home, round] : begun) impl.dialNext(home, round);
  lock.lock();
  impl.link_attached.wait_for(lock, std::chrono::milliseconds(limit_ms), [&] {
    if (impl.stopping) return true;
    return std::all_of(rounds.begin(), rounds.end(), [&](const auto& one) {
      auto at = impl.peers.find(one.first);
      if (at == impl.peers.end()) return true;
      const PeerEntry& entry = at->second;
      return entry.link ? entry.report.ready : !entry.dialling || entry.round_number != one.second;
    });
  });
  return !impl.stopping;
}

}  // namespace hearthgate::sync
