#include "sync/link_hub.h"

#include <algorithm>

#include "base/log.h"
#include "sync/link_hub_impl.h"

namespace hearthgate::sync {
LinkHub::Impl::Impl(engine::Engine& engine_in, trust::Identity& identity_in, Clock& clock_in, Random& random_in,
                    LinkHubSettings settings_in)
    : engine(engine_in), identity(identity_in), clock(clock_in), random(random_in), settings(std::move(settings_in)),
      handshake_gate(settings.unauthenticated) {
  ReplicatorSettings replication;
  replication.name = settings.name;
  replication.incarnation = settings.incarnation;
  replication.full_sync_interval_ms = settings.full_sync_interval_ms;
  replication.bandwidth_limit = settings.bandwidth_limit;
  replication.uncompressed_kinds = {settings.uncompressed_kinds.begin(), settings.uncompressed_kinds.end()};
  replication.saved_bytes = [this](const HomeId& home) -> uint64_t {
    std::lock_guard lock(mutex);
    auto at = traffic.find(home);
    if (at == traffic.end()) return 0;
    uint64_t wire = at->second->sent.wire_bytes.load(std::memory_order_relaxed);
    uint64_t message = at->second->sent.message_bytes.load(std::memory_order_relaxed);
    return message > wire ? message - wire : 0;
  };
  replicator = std::make_unique<Replicator>(engine.core(), std::move(replication));
  stateOwnKeys();
  replicator->onKeyMessage([this](const HomeId& from, MessageType type, std::string_view message) { onKeyMessage(from, type, message); });
  replicator->onBye([this](const HomeId& from, const std::string& reason) { onBye(from, reason); });
  replicator->onIntroduced([this](const HomeId& home, const Hello& hello) { introduced(home, hello); });
  replicator->onSyncComplete([this](const HomeId& home, uint64_t sent, uint64_t received) {
    engine.core().event("sync_complete", "{\"home\":\"" + home.text() + "\",\"sent\":" + std::to_string(sent) +
                                             ",\"received\":" + std::to_string(received) + "}");
  });
}

LinkHub::LinkHub(engine::Engine& engine, trust::Identity& identity, Clock& clock, Random& random,
                 LinkHubSettings settings)
    : impl_(std::make_unique<Impl>(engine, identity, clock, random, std::move(settings))) {}

LinkHub::~LinkHub() { stop(); }

void LinkHub::attach() {
  engine::Engine::Hooks hooks;
  hooks.before_commit = [this](engine::Core&) {
    impl_->replicator->pump();
    impl_->advanceLevelWaits();
  };
  hooks.committed = [this](engine::Core&) {
    impl_->dispatch(true);
    impl_->planPump();
  };
  hooks.failed = [this](engine::Core&, const Error& error) {
    impl_->replicator->reset(error.message);
    impl_->dispatch(false);
  };
  impl_->engine.addHooks(std::move(hooks));
}

Status LinkHub::start() {
  HG_CHECK(impl_->load());
  impl_->links.after(kTickMs, [impl = impl_.get()] { impl->tick(); });
  return {};
}

Status LinkHub::Impl::load() {
  std::vector<store::Peer> rows;
  HG_CHECK(engine.run([&](engine::Core& core) {
    rows = core.store().peers();
    dropAcknowledgedKeys();
  }));
  for (const store::Peer& row : rows) {
    setPeer(row);
    if (row.state == store::PeerState::kUnacknowledged) resumeMarked(row);
  }
  return {};
}

void LinkHub::Impl::auditRefusals(engine::Core& core) {
  decltype(refusals.rows) rows;
  {
    std::lock_guard lock(refusals.mutex);
    rows.swap(refusals.rows);
  }
  for (const auto& [key, row] : rows) core.auditOften("system", key.first, key.second, row.from, row.text, row.times);
}

void LinkHub::Impl::tick() {
  {
    std::lock_guard lock(mutex);
    if (stopping) return;
  }
  engine.submit(
      [this](engine::Core& core) {
        replicator->tick();
        askKeysAgain();
        auditRefusals(core);
        std::map<HomeId, PeerReport> reports;
        for (const auto& [home, connection] : engine_links) {
          reports[home] = replicator->report(home);
          if (reports[home].ready || clock.steadyMs() - connection->opened_ms <= kHelloLimitMs) continue;
          connection->close("timeout", "The other home has said no hello for thirty seconds.");
        }
        std::lock_guard lock(mutex);
        for (auto& [home, report] : reports) {
          auto at = peers.find(home);
          const std::shared_ptr<Connection>& told = engine_links.at(home);
          if (at == peers.end() || at->second.link != told) continue;  // It has ended, and what it told with it.
          if (report.ready && clock.steadyMs() - told->opened_ms >= kStandingMs) {
            at->second.retry_ms = kFirstRetryMs;
            at->second.failing_since_ms = 0;
          }
          at->second.report = std::move(report);
        }
        link_attached.notify_all();
      },
      {});
  pairingTick();
  dropOldKeys();
  std::vector<std::shared_ptr<Connection>> late;
  std::vector<std::shared_ptr<Connection>> unused;
  {
    std::lock_guard lock(mutex);
    int64_t now = clock.steadyMs();
    for (const auto& connection : connections) {
      if (handshakeIsLate(*connection, now)) late.push_back(connection);
      if (staysUnused(*connection, now)) unused.push_back(connection);
    }
    (void)handshake_gate.expire(now);  // Their connections are those above.
  }
  for (const auto& connection : late) connection->close("timeout", "The handshake took longer than ten seconds.");
  for (const auto& connection : unused) connection->close("timeout", "The pairing did not end within thirty seconds.");
  links.after(kTickMs, [this] { tick(); });
}

void LinkHub::useTransport(const std::string& name, std::shared_ptr<sdk::Transport> transport) {
  std::vector<HomeId> homes;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->transports[name] = std::move(transport);
    for (const auto& [home, entry] : impl_->peers) homes.push_back(home);
  }
  for (const HomeId& home : homes) impl_->wake(home, 0);
}

void LinkHub::dropTransport(const std::string& name) {
  std::vector<std::shared_ptr<Connection>> over;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->transports.erase(name);
    for (const auto& connection : impl_->connections) {
      if (connection->transport == name) over.push_back(connection);
    }
  }
  for (const auto& connection : over) connection->close("stopped", "The transport " + name + " was stopped.");
}

sdk::Transport::Acceptor LinkHub::acceptor(const std::string& transport) {
  return [impl = impl_.get(), transport](const sdk::LinkRequest& request) { return impl->accept(transport, request); };
}

void LinkHub::Impl::track(const std::shared_ptr<Connection>& connection) {
  connection->opened_ms = clock.steadyMs();
  connections.insert(connection);
}

void LinkHub::Impl::onEstablished(const std::shared_ptr<Connection>& connection) {
  handshakes_ended.add(connection->kind() == Connection::Kind::kPairing, HandshakeEnd::kDone);
  if (connection->kind() == Connection::Kind::kPairing) return pairingEstablished(connection);
  std::string spki = connection->channel().peerSpki();
  std::shared_ptr<PairingRun> pairing;
  std::optional<HomeId> home;
  bool missing;
  {
    std::lock_guard lock(mutex);
    connection->established_ms = clock.steadyMs();
    connection->peer_spki = spki;
    if (connection->ticket) handshake_gate.authenticated(connection->ticket, connection->established_ms);
    connection->ticket = 0;
    auto commit = commits.find(spki);
    auto pin = pins.find(spki);
    if (commit != commits.end()) pairing = commit->second;
    if (pin != pins.end()) home = pin->second;
    if (pairing) home = pairing->peer->home;
    connection->home = home;
    const PeerEntry* entry = pairedByLocked(spki);
    missing = entry && !entry->link && !entry->row.kept_apart;
    if (home) {
      std::shared_ptr<LinkTraffic>& counted = traffic[*home];
      if (!counted) counted = std::make_shared<LinkTraffic>();
      connection->traffic = counted;
    }
  }
  if (pairing) {
    commitOpened(connection, pairing);
    // Homes that pair again keep what they have: a link that they lack is theirs at once.
    if (!missing) return;
  }
  if (!home) {
    refusals.add(false, "not_paired", connection->remoteAddress(), "Its key was taken away while it shook hands.");
    return connection->close("key_renewed", "This key is not pinned here any more.");
  }
  attachPeer(connection, *home);
}

void LinkHub::Impl::attachPeer(const std::shared_ptr<Connection>& connection, const HomeId& home) {
  std::shared_ptr<Connection> loser;
  std::vector<std::shared_ptr<Connection>> others;  // dials of the same race
  std::vector<std::string> early;
  bool over;
  bool paired = true;
  {
    std::lock_guard lock(mutex);
    if (connection->attached) return;
    auto at = peers.find(home);
    over = !connections.contains(connection);
    if (over) {
      // It ended while its pin was being stored, and its end will not be told again.
    } else if (at == peers.end() || at->second.row.state != store::PeerState::kPaired) {
      paired = false;
    } else if (at->second.row.kept_apart) {
      loser = connection;
    } else {
      PeerEntry& entry = at->second;
      std::shared_ptr<Connection> old = entry.link;
      bool both_new = old && connection->opened_ms - old->opened_ms < kDuplicateWindowMs;
      // Both sides prefer the link that the home with the smaller id dialled.
      bool we_are_smaller = identity.home() < home;
      if (old && both_new && connection->dialled() != old->dialled() && connection->dialled() != we_are_smaller) {
        loser = connection;
      } else {
        loser = old;
        connection->attached = true;
        early.swap(connection->early);
        entry.link = connection;
        entry.dialling = false;
        entry.refused_reason.clear();
        entry.last_error.clear();
        entry.key_turn = 0;
        entry.key_turned_round = 0;
        entry.dials.clear();
        link_attached.notify_all();
        if (!old) entry.since_ms = clock.wallMs();
        if (connection->dialled()) {
          others = otherDialsLocked(home, *connection);
          workedLocked(entry, connection->address);
        }
      }
    }
  }
  if (over) return wake(home, 0);
  if (!paired) return connection->close("not_paired", "This home is not paired here.");
  if (loser) loser->close("duplicate", "Another link to the same home took over, or it is kept apart here.");
  if (loser == connection) return;
  for (const auto& other : others) other->close("duplicate", "Another address of the same home was faster.");
  engine.submit(
      [this, connection, home](engine::Core& core) {
        {
          std::lock_guard lock(mutex);
          auto at = peers.find(home);
          if (at == peers.end() || at->second.link != connection) return;  // It ended, or the home was forgotten.
          replicator->setAddresses(advertisedLocked());
        }
        auto row = core.store().peer(home);
        if (!row || row->operating_spki != connection->peer_spki || isBlocked(*row)) {
          return connection->close("key_renewed", "This key is not pinned here any more.");
        }
        engine_links[home] = connection;
        told_keys[home] = stated_spki;
        replicator->linkUp(home);
      },
      {});
  for (std::string& message : early) toEngine(connection, std::move(message));
}

void LinkHub::Impl::toEngine(const std::shared_ptr<Connection>& connection, std::string message) {
  size_t size = message.size() + kMessageChargeBytes;
  if (connection->engine_backlog.fetch_add(size) + size > kMaxEngineBacklogBytes) {
    return connection->close("protocol", "The other home sends faster than it may.");
  }
  HomeId home = *connection->home;
  engine.submit(
      [this, connection, home, size, message = std::move(message)](engine::Core&) {
        connection->engine_backlog.fetch_sub(size);
        auto at = engine_links.find(home);
        if (at != engine_links.end() && at->second == connection) replicator->receive(home, message);
      },
      {}, size);
}

void LinkHub::Impl::onReceived(const std::shared_ptr<Connection>& connection, std::string message) {
  if (connection->kind() == Connection::Kind::kPairing) return pairingReceived(connection, message);
  if (!message.empty() && message.front() == kCommitMessage) return commitReceived(connection, message.substr(1));
  {
    std::unique_lock lock(mutex);
    if (!connection->attached) {
      size_t size = connection->early.empty() ? 0 : message.size() + kMessageChargeBytes;
      if (size == 0 || connection->early_bytes + size <= kMaxEarlyBytes) {
        connection->early_bytes += size;
        connection->early.push_back(std::move(message));
        return;
      }
      // None may be lost: the ones behind it would make no sense.
      lock.unlock();
      return connection->close("protocol", "The other home sent more than its hello before the pairing was done.");
    }
  }
  if (!typeOf(message)) {
    connection->close("protocol", "The other home sent a message of an unknown type; update the older one.");
    message.resize(std::min<size_t>(message.size(), 1));  // The replicator says so in the audit.
  }
  toEngine(connection, std::move(message));
}

void LinkHub::Impl::onEnded(const std::shared_ptr<Connection>& connection, const Error& error) {
  std::optional<int64_t> retry_ms;  // it was the home's link
  if (!connection->established()) {
    handshakes_ended.add(connection->kind() == Connection::Kind::kPairing,
                         connection->opened() ? HandshakeEnd::kFailed : HandshakeEnd::kUnreachable);
    if (connection->opened() && !connection->dialled() && error.domain == Domain::kTrust) {
      refusals.add(connection->kind() == Connection::Kind::kPairing, error.code, connection->remoteAddress(),
                   error.message);
    }
  }
  {
    std::lock_guard lock(mutex);
    connections.erase(connection);
    if (connection->ticket && connection->kind() == Connection::Kind::kPeer) handshake_gate.ended(connection->ticket);
    for (const auto& [spki, pairing] : commits) {
      if (pairing->connection != connection) continue;
      pairing->connection.reset();
      pairing->commit_dialling = false;
    }
    auto at = connection->home ? peers.find(*connection->home) : peers.end();
    if (at != peers.end() && at->second.link == connection) {
      at->second.link.reset();
      at->second.since_ms = clock.wallMs();
      at->second.report = {};
      at->second.last_error = error.message;
      retry_ms = retryAfterLinkLocked(at->second, *connection, error);
      noteLocked(at->second, *connection, error);
    }
  }
  if (connection->kind() == Connection::Kind::kPairing) return pairingEnded(connection, error);
  if (retry_ms) {
    logInfo("links", "link to " + connection->home->text().substr(0, 8) + " ended: " + error.message);
    HomeId home = *connection->home;
    engine.submit(
        [this, connection, home](engine::Core& core) {
          if (linkEnded(home, connection) && connection->told_connected) core.event("home", homeEvent(home, "offline"));
        },
        {});
    wake(home, *retry_ms);
    return;
  }
  if (connection->dialled() && !connection->for_commit) dialEnded(connection, error);
}

// Engine's thread. False where another link, or none, is the home's there.
bool LinkHub::Impl::linkEnded(const HomeId& home, const std::shared_ptr<Connection>& connection) {
  auto at = engine_links.find(home);
  if (at == engine_links.end() || at->second != connection) return false;
  engine_links.erase(at);
  told_keys.erase(home);
  known_there.erase(home);
  replicator->linkDown(home);
  return true;
}

// Engine's thread, after a commit or a failed one.
void LinkHub::Impl::dispatch(bool committed) {
  answerLevelWaits(committed);
  applyChanges(committed);
  std::vector<Output> output = replicator->takeOutput();
  std::map<HomeId, std::vector<Connection::Outgoing>> messages;
  std::vector<Output> closes;
  for (Output& item : output) {
    if (item.message.empty()) {
      closes.push_back(std::move(item));
    } else {
      messages[item.peer].push_back({std::move(item.message), item.uncompressed});
    }
  }
  for (auto& [home, list] : messages) {
    auto at = engine_links.find(home);
    if (at != engine_links.end()) at->second->send(std::move(list));
  }
  for (const Output& close : closes) {
    auto at = engine_links.find(close.peer);
    if (at != engine_links.end()) at->second->close(close.close_code, close.close_text);
  }
}

void LinkHub::Impl::planPump() {
  // Each transaction pumps, an empty one too. A time that has passed is planned anew, whatever became of that transaction.
  auto due = replicator->pumpDueMs();
  int64_t now = clock.steadyMs();
  if (!due || (pump_at_ms > now && pump_at_ms <= *due)) return;
  pump_at_ms = std::max(*due, now + 1);
  links.after(pump_at_ms - now, [this] { engine.submit([](engine::Core&) {}, {}); });
}

// As long as a home is called here what it calls itself, its name here goes with its own; another one is a person's choice.
void LinkHub::Impl::takeName(store::Peer& row, const std::string& told) {
  const std::string key = kToldName + row.home.text();
  std::string before = engine.core().store().pluginState(kHostScope, key);
  if (row.name.empty() || before == "=" + row.name) row.name = told;
  if (before != "=" + told) engine.core().store().putPluginState(kHostScope, key, "=" + told);
}

// Engine's thread, inside a transaction.
void LinkHub::Impl::introduced(const HomeId& home, const Hello& hello) {
  onStatements(home, hello.statements);
  auto row = engine.core().store().peer(home);
  if (!row) return;
  row->knows_spki = engine_links.at(home)->own_spki;
  row->incarnation = std::max(row->incarnation, hello.incarnation);
  if (row->state == store::PeerState::kPaired) row->former.reset();  // It has stored what replaced it.
  takeName(*row, hello.name);
  {
    std::lock_guard lock(mutex);
    auto at = peers.find(home);
    if (at != peers.end()) {
      for (const store::PeerAddress& used : at->second.row.addresses) {
        if (!used.last_ok_ms) continue;
        auto same = std::find_if(row->addresses.begin(), row->addresses.end(),
                                 [&](const store::PeerAddress& address) { return address.address == used.address; });
        if (same == row->addresses.end()) same = row->addresses.insert(same, used);  // It was found.
        same->last_ok_ms = used.last_ok_ms;
      }
    }
  }
  row->addresses = addressesAfterHello(std::move(row->addresses), hello.addresses, clock.wallMs());
  row->last_sync_ms = clock.wallMs();
  engine.core().store().putPeer(*row);
  changed(*row, true);
  dropAcknowledgedKeys();
  if (!replicator->ready(home)) return;
  tellOwnKeys(home);
  tellKeys(home);
  engine_links.at(home)->told_connected = true;
  engine.core().event("home", homeEvent(home, "connected"));
}

void LinkHub::Impl::event(const std::string& type, std::string body) {
  engine.submit([type, body = std::move(body)](engine::Core& core) { core.event(type, body); }, {});
}

void LinkHub::stop() {
  std::vector<std::shared_ptr<Connection>> all;
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) return;
    impl_->stopping = true;
    impl_->transports.clear();
    all.assign(impl_->connections.begin(), impl_->connections.end());
  }
  impl_->pairing_changed.notify_all();
  impl_->link_attached.notify_all();
  for (const auto& connection : all) connection->close("stopped", "The other home is stopping.");
  impl_->handshakes.stop();
  impl_->links.stop();
}

}  // namespace hearthgate::sync
