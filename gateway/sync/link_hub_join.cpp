// Joining another home, at an address or the one nearby that the code opens; and what is announced on the local networks, as
// hints where a known home may be reached and who may have a code open.
#include <algorithm>
#include <condition_variable>

#include "sync/link_hub_impl.h"

namespace hearthgate::sync {
namespace {

// TRUST.md T3.
constexpr size_t kMaxRacing = 8;
constexpr size_t kMaxRaced = 64;
constexpr int64_t kRaceTryMs = 3'000;
// A second address of the same announcement waits for so long: a handshake takes less in one network.
constexpr int64_t kSameHomeMs = 1'000;
// A home that has just opened its code is announced within a second or two; longer than that nobody waits for nothing.
constexpr int64_t kNearbyWaitMs = 5'000;
// Announcements that are remembered: those that DNS-SD looks at.
constexpr size_t kMaxNeighbours = 512;

std::string addressOf(const sdk::ServiceInstance& instance) { return trust::addressWithPort(instance.address, instance.port); }

std::string_view hostOf(std::string_view address) { return address.substr(0, address.rfind(':')); }

}  // namespace

void LinkHub::nearby(sdk::ServiceChange change, const sdk::ServiceInstance& instance) {
  if (instance.own) return;
  Impl& impl = *impl_;
  std::optional<HomeId> known;
  {
    std::lock_guard lock(impl.mutex);
    int64_t now = impl.clock.steadyMs();
    std::string key = instance.name + "\n" + instance.interface + (instance.address.find(':') == std::string::npos ? "\n4" : "\n6");
    std::string id8 = sdk::txtValue(instance.txt, "id");
    bool usable = change != sdk::ServiceChange::kLost && instance.on_link && instance.port != 0 && id8.size() == kAnnouncedIdSymbols &&
                  sdk::txtValue(instance.txt, "v") == "1" && trust::isAddressWithPort(addressOf(instance));
    auto before = impl.neighbours.find(key);
    if (!usable) {
      if (before != impl.neighbours.end()) impl.neighbours.erase(before);
    } else if (before != impl.neighbours.end() || impl.neighbours.size() < kMaxNeighbours) {
      // Who says to be another one, or moves, is new: the longest-seen are believed first.
      bool same = before != impl.neighbours.end() && before->second.id8 == id8 && before->second.address == addressOf(instance);
      int64_t since = same ? before->second.since_ms : now;
      impl.neighbours[key] = {instance.name, id8, addressOf(instance), sdk::txtValue(instance.txt, "pair") == "1", since};
      for (auto& [home, entry] : impl.peers) {
        if (!home.text().starts_with(id8) || entry.link || now - entry.found_dialled_ms < kFoundEveryMs) continue;
        entry.found_dialled_ms = now;
        entry.retry_ms = kFirstRetryMs;
        entry.failing_since_ms = 0;
        known = home;
      }
    }
  }
  impl.pairing_changed.notify_all();
  if (known) impl.wake(*known, 0);
}

// Where a home is announced now, the longest-seen first.
std::vector<std::string> LinkHub::Impl::foundLocked(const HomeId& home) const {
  std::vector<const Neighbour*> all;
  for (const auto& [key, neighbour] : neighbours) {
    if (home.text().starts_with(neighbour.id8)) all.push_back(&neighbour);
  }
  std::stable_sort(all.begin(), all.end(), [](const Neighbour* a, const Neighbour* b) { return a->since_ms < b->since_ms; });
  std::vector<std::string> addresses;
  for (size_t i = 0; i < std::min(all.size(), kMaxAddresses); ++i) addresses.push_back(all[i]->address);
  return addresses;
}

void LinkHub::looksNearby() {
  std::lock_guard lock(impl_->mutex);
  impl_->looks_nearby = true;
}

bool LinkHub::codeOpen() {
  std::lock_guard lock(impl_->mutex);
  return impl_->code && impl_->pairing_gate.isOpen(impl_->clock.steadyMs());
}

Result<PairingView> LinkHub::join(const std::string& code_or_uri, const std::optional<std::string>& address,
                                  bool auto_confirm) {
  std::vector<std::string> addresses;
  std::optional<trust::PairingCode> code;
  if (code_or_uri.find(':') != std::string::npos) {
    HG_TRY(trust::PairingUri uri, trust::PairingUri::parse(code_or_uri));
    code = uri.code;
    addresses = uri.addresses;
  } else {
    HG_TRY(trust::PairingCode typed, trust::PairingCode::parse(code_or_uri));
    code = typed;
  }
  {
    std::lock_guard lock(impl_->mutex);
    bool own = impl_->code && impl_->code->text() == code->text();
    if (own && impl_->pairing_gate.isOpen(impl_->clock.steadyMs())) {
      return trustError("pairing_refused", "This is the code that this home itself shows; type it at the other home.");
    }
  }
  if (address) addresses = {*address};
  bool looks_nearby;
  {
    std::lock_guard lock(impl_->mutex);
    looks_nearby = impl_->looks_nearby;
  }
  if (addresses.empty() && looks_nearby) return impl_->joinNearby(*code, auto_confirm);
  if (addresses.empty()) {
    return inputError("bad_address",
                      "This home does not look for others nearby (sharing.discovery.enabled, plugins.lan.mdns). Say where the other home "
                      "is: ADDRESS:PORT, for example 192.0.2.7:8765.");
  }
  if (!trust::isAddressWithPort(addresses.front())) {
    return inputError("bad_address", "'" + addresses.front() +
                                         "' is no address. Say where the other home is: ADDRESS:PORT, for example 192.0.2.7:8765.");
  }
  std::optional<Error> last;
  for (const std::string& target : addresses) {
    HG_TRY(auto pairing, impl_->beginJoin(auto_confirm, false));
    Status dialled = impl_->dialPairing(*code, target, [&](const std::shared_ptr<Connection>& connection) {
      pairing->connection = connection;
      pairing->address = target;
      return !pairing->finished;
    });
    if (!dialled.ok()) impl_->failPairing(pairing, dialled.error());
    Result<PairingView> joined = impl_->awaitJoin(pairing);
    if (joined.ok()) return joined;
    last = joined.error();
    bool try_next = last->code == "pairing_unreachable" || last->code == "pairing_not_a_home";
    if (!try_next) break;
  }
  if (addresses.size() > 1 && (last->code == "pairing_unreachable" || last->code == "pairing_not_a_home")) {
    last->message = "None of the link's " + std::to_string(addresses.size()) + " addresses led to the other home. The last one: " + last->message;
  }
  return *last;
}

// Whom to try next with a code: of the source addresses that were tried least, and are not being tried, who is seen longest.
// So one machine with many announcements takes one turn as any other does.
std::optional<LinkHub::Impl::Neighbour> LinkHub::Impl::nextToRaceLocked(const PairingRun& pairing, const std::set<std::string>& tried) const {
  int64_t now = clock.steadyMs();
  std::map<std::string_view, int> tries;
  for (const std::string& address : tried) ++tries[hostOf(address)];
  const Neighbour* best = nullptr;
  for (const auto& entry : neighbours) {
    const Neighbour& neighbour = entry.second;
    if (!neighbour.pairing || identity.home().text().starts_with(neighbour.id8) || tried.contains(neighbour.address)) continue;
    std::string_view host = hostOf(neighbour.address);
    // Nor a second way to the home that is just being tried: the first to arrive there takes the code, and the first to come
    // back may be the other one.
    bool busy = std::any_of(pairing.racing.begin(), pairing.racing.end(), [&](const auto& one) {
      return hostOf(one.first->address) == host || (one.second.name == neighbour.name && now - one.second.since_ms < kSameHomeMs);
    });
    if (busy) continue;
    if (!best || std::pair(tries[host], neighbour.since_ms) < std::pair(tries[hostOf(best->address)], best->since_ms)) {
      best = &neighbour;
    }
  }
  return best ? std::optional<Neighbour>(*best) : std::nullopt;
}

// A pairing of this home's as the joiner, in place of the one before.
Result<std::shared_ptr<PairingRun>> LinkHub::Impl::beginJoin(bool auto_confirm, bool found) {
  auto pairing = std::make_shared<PairingRun>();
  pairing->role = trust::PairingRole::kJoiner;
  pairing->auto_confirm = auto_confirm;
  pairing->found = found;
  pairing->view.state = "open";
  std::shared_ptr<PairingRun> before;
  {
    std::lock_guard lock(mutex);
    if (transports.empty()) return stateError("pairing_unreachable", "No transport plugin is running; see `plugin list`.");
    before = std::exchange(run, pairing);
    if (before && before->commit) before.reset();  // Goes on in `commits`.
  }
  if (before && !before->finished) failPairing(before, stateError("pairing_refused", "Another pairing was begun."));
  return pairing;
}

// `take` gets the connection with the mutex held, before anything of it can come; false: it is not wanted any more.
Status LinkHub::Impl::dialPairing(const trust::PairingCode& typed, const std::string& address,
                                  const std::function<bool(const std::shared_ptr<Connection>&)>& take) {
  HG_TRY(auto channel, trust::Channel::pair(trust::Channel::Role::kClient, typed.psk()));
  auto connection =
      std::make_shared<Connection>(*this, links, handshakes, Connection::Kind::kPairing, true, std::move(channel));
  connection->address = address;
  std::shared_ptr<sdk::Transport> transport;
  {
    std::lock_guard lock(mutex);
    if (transports.empty()) return stateError("pairing_unreachable", "No transport plugin is running; see `plugin list`.");
    transport = transports.begin()->second;
    if (!take(connection)) return {};
    track(connection);
  }
  transport->dial(address, "/pair", connection, [connection](const sdk::Outcome& outcome) {
    if (!outcome.ok()) connection->failed(networkError(outcome.code, outcome.message));
  });
  return {};
}

// Until there is something to confirm, or both have pinned.
Result<PairingView> LinkHub::Impl::awaitJoin(const std::shared_ptr<PairingRun>& pairing) {
  std::unique_lock lock(mutex);
  auto limit = std::chrono::milliseconds(trust::kConfirmLimitMs + trust::kPendingLimitMs + 30'000);
  pairing_changed.wait_for(lock, limit, [&] {
    return stopping || pairing->finished || (!pairing->auto_confirm && pairing->view.state == "confirming");
  });
  if (pairing->view.state == "done" || pairing->view.state == "confirming") return pairing->view;
  return pairing->view.error.value_or(networkError("pairing_unreachable", "The pairing did not end in time; try again."));
}

// TRUST.md T3: the home whose handshake the code opens is the one; what is announced decides nothing else.
Result<PairingView> LinkHub::Impl::joinNearby(const trust::PairingCode& typed, bool auto_confirm) {
  HG_TRY(auto pairing, beginJoin(auto_confirm, true));
  std::set<std::string> tried;  // addresses
  int64_t until = clock.steadyMs() + kNearbyWaitMs;
  while (true) {
    std::vector<std::shared_ptr<Connection>> late;
    std::optional<Neighbour> next;
    {
      std::unique_lock lock(mutex);
      int64_t now = clock.steadyMs();
      if (stopping || pairing->finished || pairing->connection) break;
      std::erase_if(pairing->racing, [&](const auto& one) {
        if (now - one.second.since_ms < kRaceTryMs) return false;
        late.push_back(one.first);
        return true;
      });
      if (pairing->racing.size() < kMaxRacing && tried.size() < kMaxRaced) {
        next = nextToRaceLocked(*pairing, tried);
      }
      if (late.empty() && !next) {
        if (pairing->racing.empty() && now >= until) break;
        pairing_changed.wait_for(lock, std::chrono::milliseconds(100));
        continue;
      }
    }
    for (const auto& connection : late) connection->close("timeout", "It did not answer within three seconds.");
    if (!next) continue;
    tried.insert(next->address);
    Status dialled = dialPairing(typed, next->address, [&](const std::shared_ptr<Connection>& connection) {
      if (pairing->finished || pairing->connection) return false;
      pairing->racing[connection] = {next->name, clock.steadyMs()};
      return true;
    });
    if (!dialled.ok()) failPairing(pairing, dialled.error());
  }
  std::unique_lock lock(mutex);
  if (!pairing->connection && !pairing->finished) {
    std::optional<Error> why = pairing->race_error;
    lock.unlock();
    Error nobody = networkError("pairing_unreachable",
                                "No home nearby announces that it has a code open. Is the code still shown there, and are both in one "
                                "network? Otherwise say where it is: `join CODE --at ADDRESS:PORT`.");
    if (why && why->code != "pairing_wrong_code") {
      nobody = *why;
    } else if (why) {
      nobody = trustError("pairing_wrong_code",
                          "The code opens none of the homes nearby that have one open. Look at it again, or say where the other "
                          "home is: `join CODE --at ADDRESS:PORT`.");
    } else if (!tried.empty()) {
      nobody = networkError("pairing_unreachable",
                            "Those nearby that announce an open code did not answer in time. Try again, or say where the other home is: "
                            "`join CODE --at ADDRESS:PORT`.");
    }
    failPairing(pairing, nobody);
    return nobody;
  }
  lock.unlock();
  return awaitJoin(pairing);
}

}  // namespace hearthgate::sync
