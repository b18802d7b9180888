// The second half of pairing (TRUST.md T5): both sides make the pin durable over /peer, so that every cut leaves nothing
// or both. PairingCommit decides; this file dials, stores and sends.
#include "base/log.h"
#include "sync/link_hub_impl.h"

namespace hearthgate::sync {

using trust::PairingCommit;
using trust::PairingRole;

void LinkHub::Impl::beginCommitLocked(const std::shared_ptr<PairingRun>& pairing) {
  pairing->commit = std::make_unique<PairingCommit>(pairing->role, pairing->session->pairingId(), clock.steadyMs());
  commits[pairing->peer->operatingSpki()] = pairing;
  // Both confirmations crossed; what follows needs a link with certificates.
  if (auto connection = std::exchange(pairing->connection, nullptr)) connection->close("pairing_done", "");
}

void LinkHub::Impl::dialCommit(const std::shared_ptr<PairingRun>& pairing) {
  {
    std::lock_guard lock(mutex);
    if (pairing->commit_dialling || pairing->connection) return;
    pairing->commit_dialling = true;
    pairing->commit_opened_ms = clock.steadyMs();  // Until commitOpened() knows better.
    (void)pairing->commit->dialDue(clock.steadyMs());  // Moves the time of the next try.
  }
  auto connection = dialPeer(pairing->address, pairing->peer->operatingSpki(), pairing->peer->home);
  std::lock_guard lock(mutex);
  // It may have ended already, before the end could be seen as this pairing's.
  if (!connection || !connections.contains(connection)) {
    pairing->commit_dialling = false;
  } else if (!pairing->finished) {
    pairing->connection = connection;
  }
}

void LinkHub::Impl::commitOpened(const std::shared_ptr<Connection>& connection, const std::shared_ptr<PairingRun>& pairing) {
  PairingCommit::Actions actions;
  {
    std::lock_guard lock(mutex);
    pairing->connection = connection;
    pairing->commit_opened_ms = clock.steadyMs();
    actions = pairing->commit->linkOpened();
  }
  perform(pairing, std::move(actions), connection);
}

void LinkHub::Impl::commitReceived(const std::shared_ptr<Connection>& connection, const std::string& payload) {
  std::shared_ptr<PairingRun> pairing;
  Result<PairingCommit::Actions> actions = PairingCommit::Actions{};
  {
    std::lock_guard lock(mutex);
    auto at = commits.find(connection->channel().peerSpki());
    if (at != commits.end()) {
      pairing = at->second;
    } else if (connection->home && peers.contains(*connection->home)) {
      // Paired on this side; the other side never got the acknowledgement and asks again.
      const store::Peer& row = peers.at(*connection->home).row;
      pairing = std::make_shared<PairingRun>();
      pairing->role = PairingRole::kJoiner;
      pairing->finished = true;
      pairing->commit = std::make_unique<PairingCommit>(
          PairingCommit::fromPin(PairingRole::kJoiner, row.pairing, false, clock.steadyMs()));
    } else {
      connection->close("pairing_refused", "There is no pairing with this home.");
      return;
    }
    actions = pairing->commit->onMessage(payload, clock.steadyMs());
  }
  if (!actions.ok()) return connection->close(actions.error().code, actions.error().message);
  perform(pairing, std::move(*actions), connection);
}

store::Peer LinkHub::Impl::rowOf(const PairingRun& pairing, bool marked) {
  store::Peer row;
  row.home = pairing.peer->home;
  row.name = pairing.view.peer_name;
  row.state = marked ? store::PeerState::kUnacknowledged : store::PeerState::kPaired;
  row.operating_spki = pairing.peer->operatingSpki();
  row.statements = trust::encodeChain(pairing.peer->chain);
  row.pairing = pairing.commit->pairingId();
  row.since_ms = clock.wallMs();
  if (!pairing.address.empty()) row.addresses.push_back({pairing.address, "hand", clock.wallMs()});
  for (const std::string& address : pairing.peer->addresses) {
    bool known = !row.addresses.empty() && row.addresses.front().address == address;
    if (!known && row.addresses.size() < kMaxAddresses) row.addresses.push_back({address, "told", std::nullopt});
  }
  return row;
}

// Carries out what PairingCommit asks for; storing answers later on the engine's thread and goes on from there.
void LinkHub::Impl::perform(const std::shared_ptr<PairingRun>& pairing, PairingCommit::Actions actions,
                            const std::shared_ptr<Connection>& connection) {
  if (actions.store_pin) {
    store::Peer row = rowOf(*pairing, actions.mark);
    engine.submit(
        [row](engine::Core& core) {
          store::Peer merged = row;
          if (auto known = core.store().peer(row.home)) {
            // Pairing again updates a known home (T4): what a person set here stays.
            if (known->state == store::PeerState::kPaired) merged.name = known->name;
            merged.incarnation = known->incarnation;
          }
          core.store().putPeer(merged);
          core.admit(row.home);
        },
        [this, pairing, connection, row](const Status& status) {
          if (status.ok()) setPeer(row);
          PairingCommit::Actions next;
          {
            std::lock_guard lock(mutex);
            next = pairing->commit->stored(status.ok(), clock.steadyMs());
          }
          // The other side waits for an answer on this link, and would for as long as a pairing may take; so it tries again.
          if (!status.ok() && connection) connection->close(status.error().code, "The pairing could not be stored here.");
          perform(pairing, std::move(next), connection);
        });
  }
  if (actions.drop_mark && pairing->peer) {
    HomeId home = pairing->peer->home;
    auto stored = std::make_shared<std::optional<store::Peer>>();
    engine.submit(
        [home, stored](engine::Core& core) {
          auto row = core.store().peer(home);
          if (!row) return;
          row->state = store::PeerState::kPaired;
          core.store().putPeer(*row);
          *stored = row;
        },
        [this, stored, home, connection](const Status& status) {
          if (status.ok() && *stored) return setPeer(**stored);
          if (status.ok()) return;
          // The mark stays, so the next link asks for the acknowledgement again.
          std::optional<store::Peer> marked;
          {
            std::lock_guard lock(mutex);
            auto at = peers.find(home);
            if (at != peers.end() && at->second.row.state == store::PeerState::kUnacknowledged) marked = at->second.row;
          }
          if (marked) resumeMarked(*marked);
          if (connection) connection->close(status.error().code, "The end of the pairing could not be stored here.");
        });
  }
  if (actions.remove_pin && pairing->peer) {
    HomeId home = pairing->peer->home;
    engine.submit(
        [home](engine::Core& core) {
          auto row = core.store().peer(home);
          if (!row || row->state != store::PeerState::kUnacknowledged) return;
          row->state = store::PeerState::kForgotten;
          core.store().putPeer(*row);
          core.dismiss(home);
        },
        {});
    {
      std::lock_guard lock(mutex);
      peers.erase(home);
      std::erase_if(pins, [&](const auto& pin) { return pin.second == home; });
    }
    // Also takes its key from those that may open a link, so that the joiner is told `not_paired`.
    failPairing(pairing, networkError("pairing_unreachable",
                                      "The other home did not say within ten minutes that it stored the pairing, so it "
                                      "was removed here; pair again."));
  }
  if (connection) {
    std::vector<Connection::Outgoing> messages;
    for (std::string& payload : actions.send) messages.push_back({kCommitMessage + std::move(payload), false});
    if (!messages.empty()) connection->send(std::move(messages));
  }
  if (actions.drop_pending && pairing->peer) {
    failPairing(pairing, networkError("pairing_unreachable", "The two homes lost each other before the pairing was done; pair again."));
    // An earlier pairing with this home, whose place this one had taken, still waits for its acknowledgement.
    std::optional<store::Peer> marked;
    {
      std::lock_guard lock(mutex);
      auto at = peers.find(pairing->peer->home);
      if (at != peers.end() && at->second.row.state == store::PeerState::kUnacknowledged) marked = at->second.row;
    }
    if (marked) resumeMarked(*marked);
  }
  if (!actions.paired || !pairing->peer) return;
  HomeId home = pairing->peer->home;
  {
    std::lock_guard lock(mutex);
    commits.erase(pairing->peer->operatingSpki());
    pairing->finished = true;
    pairing->view.state = "done";
    pairing->connection.reset();
  }
  event("home", homeEvent(home, "paired"));
  changedPairing();
  // The pin's row may still be on its way to the cache (drop_mark): the link is used once it is there.
  engine.submit([](engine::Core&) {}, [this, connection, home](const Status&) {
    if (connection) {
      attachPeer(connection, home);
    } else {
      wake(home, 0);
    }
  });
}

// A listener that was stopped between storing its pin and the acknowledgement.
void LinkHub::Impl::resumeMarked(const store::Peer& row) {
  auto chain = trust::decodeChain(row.statements);
  if (!chain.ok() || chain->empty()) return;
  auto pairing = std::make_shared<PairingRun>();
  pairing->role = PairingRole::kListener;
  pairing->peer = trust::PairingPeer{row.home, std::move(*chain), row.name, {}, {}, 0, trust::KeyChange::kSame};
  pairing->view.peer_name = row.name;
  pairing->commit = std::make_unique<PairingCommit>(
      PairingCommit::fromPin(PairingRole::kListener, row.pairing, true, clock.steadyMs()));
  std::lock_guard lock(mutex);
  commits[row.operating_spki] = pairing;
}

}  // namespace hearthgate::sync
