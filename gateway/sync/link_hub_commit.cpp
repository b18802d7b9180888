// The second half of pairing (TRUST.md T5): both sides make the pin durable over /peer, so that every cut leaves
// nothing or both. PairingCommit decides; this file dials, stores and sends.
#include "base/log.h"
#include "sync/link_hub_impl.h"

namespace hearthgate::sync {

using trust::PairingCommit;
using trust::PairingRole;

namespace {

bool isPairedBy(const std::optional<store::Peer>& row, const std::string& spki) {
  return row && row->state == store::PeerState::kPaired && row->operating_spki == spki && !isBlocked(*row);
}

}  // namespace

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
    pairing->commit_opened_ms = clock.steadyMs();      // Until commitOpened() knows better.
    (void)pairing->commit->dialDue(clock.steadyMs());  // Moves the time of the next try.
  }
  auto connection = dialPeer(pairing->address, pairing->peer->operatingSpki(), pairing->peer->home, true);
  std::lock_guard lock(mutex);
  // It may have ended already, before the end could be seen as this pairing's.
  if (!connection || !connections.contains(connection)) {
    pairing->commit_dialling = false;
  } else if (!pairing->finished && !pairing->connection) {
    pairing->connection = connection;
  }
}

void LinkHub::Impl::commitOpened(const std::shared_ptr<Connection>& connection,
                                 const std::shared_ptr<PairingRun>& pairing) {
  PairingCommit::Actions actions;
  std::shared_ptr<Connection> earlier;
  bool over;
  {
    std::lock_guard lock(mutex);
    over = pairing->finished;  // Meanwhile, one way or the other.
    if (!over) {
      earlier = std::exchange(pairing->connection, connection);
      // A home's own link has its end elsewhere.
      if (earlier == connection || (earlier && earlier->attached)) earlier.reset();
      pairing->commit_opened_ms = clock.steadyMs();
      actions = pairing->commit->linkOpened();
    }
  }
  if (over) return attachPeer(connection, pairing->peer->home);
  if (earlier) earlier->close("duplicate", "A newer link took over.");
  perform(pairing, std::move(actions), connection);
}

void LinkHub::Impl::commitReceived(const std::shared_ptr<Connection>& connection, const std::string& payload) {
  const std::string spki = connection->channel().peerSpki();
  std::shared_ptr<PairingRun> pairing;
  Result<PairingCommit::Actions> actions = trustError("pairing_refused", "There is no pairing with this home.");
  {
    std::lock_guard lock(mutex);
    auto at = commits.find(spki);
    if (at != commits.end()) {
      pairing = at->second;
      actions = pairing->commit->onMessage(payload, clock.steadyMs());
    }
    if (const PeerEntry* entry = actions.ok() ? nullptr : pairedByLocked(spki)) {
      // Paired on this side; the other side has not heard so, or asks for a pairing again that is over here.
      actions = PairingCommit::fromPin(PairingRole::kJoiner, entry->row.pairing, false, clock.steadyMs())
                    .onMessage(payload, clock.steadyMs());
    }
  }
  if (!actions.ok()) return connection->close(actions.error().code, actions.error().message);
  perform(pairing, std::move(*actions), connection);
}

// The home whose pinned key this is, when it is paired.
PeerEntry* LinkHub::Impl::pairedByLocked(const std::string& spki) {
  auto pin = pins.find(spki);
  auto at = pin == pins.end() ? peers.end() : peers.find(pin->second);
  return at == peers.end() || at->second.row.state != store::PeerState::kPaired ? nullptr : &at->second;
}

// What is stored of the other home. Pairing again updates a known one (T4): what a person set here stays.
store::Peer LinkHub::Impl::rowOf(const PairingRun& pairing, bool marked, const std::optional<store::Peer>& known) {
  store::Peer row;
  row.home = pairing.peer->home;
  row.name = pairing.view.peer_name;
  row.state = marked ? store::PeerState::kUnacknowledged : store::PeerState::kPaired;
  row.operating_spki = pairing.peer->operatingSpki();
  row.statements = trust::encodeChain(pairing.peer->chain);
  row.pairing = pairing.commit->pairingId();
  row.since_ms = clock.wallMs();
  if (pairing.session) row.knows_spki = pairing.session->selfChain().back().operating_spki;
  if (!pairing.address.empty()) row.addresses.push_back({pairing.address, pairing.found ? "found" : "hand", clock.wallMs()});
  for (const std::string& address : pairing.peer->addresses) {
    bool same = !row.addresses.empty() && row.addresses.front().address == address;
    if (!same && row.addresses.size() < kMaxAddresses) row.addresses.push_back({address, "told", std::nullopt});
  }
  if (!known) return row;
  // A home that a person forgot and pairs again may have begun anew.
  if (known->state != store::PeerState::kForgotten) row.incarnation = known->incarnation;
  row.rejected = rejectedBy(pairing.peer->chain, *known);
  // What held it is over with the pairing, not before.
  if (marked) row.fork = known->fork;
  if (marked) row.told_forgotten = known->told_forgotten;
  if (row.knows_spki.empty()) row.knows_spki = known->knows_spki;
  const bool paired = known->state == store::PeerState::kPaired;
  if (!paired && (known->state == store::PeerState::kForgotten || !known->former)) return row;
  row.name = known->name;
  row.kept_apart = marked && known->kept_apart;
  row.last_sync_ms = known->last_sync_ms;
  std::vector<store::PeerAddress> addresses = known->addresses;
  if (!pairing.address.empty()) addresses.insert(addresses.begin(), row.addresses.front());
  row.addresses = addressesAfterHello(std::move(addresses), pairing.peer->addresses, row.since_ms);
  if (isPairedBy(known, row.operating_spki)) {
    row.pairing = known->pairing;  // The pin is still the earlier one's: what takes this pairing back leaves it.
  } else {
    row.former = paired ? store::Pin(*known) : known->former;
  }
  return row;
}

// Carries out what PairingCommit asks for; storing answers later on the engine's thread and goes on from there.
void LinkHub::Impl::perform(const std::shared_ptr<PairingRun>& pairing, PairingCommit::Actions actions,
                            const std::shared_ptr<Connection>& connection) {
  if (actions.store_pin) {
    engine.submit(
        [this, pairing, mark = actions.mark](engine::Core& core) {
          auto known = core.store().peer(pairing->peer->home);
          store::Peer row;
          {
            std::lock_guard lock(mutex);
            if (pairing->finished) return;  // The home was forgotten meanwhile.
            row = rowOf(*pairing, mark, known);
          }
          // What works is left as it is until the other home has said that it did its part.
          if (mark && isPairedBy(known, row.operating_spki)) return;
          core.store().putPeer(row);
          core.admit(row.home);
          changed(row, true, true);
          tellKeysToAll();
        },
        [this, pairing, connection](const Status& status) {
          std::optional<PairingCommit::Actions> next;
          {
            std::lock_guard lock(mutex);
            if (!pairing->finished) next = pairing->commit->stored(status.ok(), clock.steadyMs());
          }
          // The other side waits for an answer on this link, and would for as long as a pairing may take; so it tries
          // again.
          if (!status.ok() && connection)
            connection->close(status.error().code, "The pairing could not be stored here.");
          if (next) perform(pairing, std::move(*next), connection);
        });
  }
  if (actions.drop_mark) {
    engine.submit(
        [this, pairing, id = pairing->commit->pairingId()](engine::Core& core) {
          auto row = core.store().peer(pairing->peer->home);
          if (isPairedBy(row, pairing->peer->operatingSpki())) {
            std::lock_guard lock(mutex);
            row = rowOf(*pairing, false, row);
          } else if (!row || row->state != store::PeerState::kUnacknowledged || row->pairing != id) {
            return;
          }
          row->state = store::PeerState::kPaired;
          bool known = false;
          {
            // What a person says from here on counts, though this is not durable yet.
            std::lock_guard lock(mutex);
            row->kept_apart = pairing->kept_apart;
            auto at = peers.find(row->home);
            known = at != peers.end();
            if (known) at->second.row.kept_apart = row->kept_apart;
          }
          row->former.reset();
          row->fork.clear();
          row->told_forgotten = false;
          core.store().putPeer(*row);
          changed(*row, true, !known);
          tellKeysToAll();
        },
        [this, pairing, connection](const Status& status) {
          {
            std::lock_guard lock(mutex);
            if (pairing->finished) return;  // The home was forgotten meanwhile.
            // The mark stays, so the next link asks for the acknowledgement again.
            if (!status.ok()) keepMarkedLocked(*pairing, pairing->commit->pairingId());
          }
          if (status.ok()) return paired(pairing);
          if (connection) connection->close(status.error().code, "The end of the pairing could not be stored here.");
        });
  }
  if (actions.remove_pin) {
    auto removed = std::make_shared<std::optional<store::Peer>>();
    engine.submit(
        [this, home = pairing->peer->home, id = pairing->commit->pairingId(), removed](engine::Core& core) {
          auto row = core.store().peer(home);
          if (!row || row->state == store::PeerState::kForgotten || row->pairing != id) return;
          if (row->former) {
            static_cast<store::Pin&>(*row) = *std::exchange(row->former, {});
            row->state = store::PeerState::kPaired;
          } else {
            row->state = store::PeerState::kForgotten;
            core.dismiss(home);
          }
          core.store().putPeer(*row);
          changed(*row, true, true);
          *removed = row;
        },
        [this, pairing, removed](const Status& status) {
          std::optional<Error> cancelled;
          bool stays = false;
          const bool earlier = !*removed || (*removed)->state == store::PeerState::kPaired;
          {
            std::lock_guard lock(mutex);
            if (pairing->finished) return;  // The home was forgotten meanwhile.
            cancelled = pairing->cancelled;
            stays = !status.ok();
            if (stays && pairing->role == PairingRole::kListener) {
              keepMarkedLocked(*pairing, pairing->commit->pairingId());
              return;
            }
          }
          // The joiner's pin is no different from those of other homes.
          if (stays) return paired(pairing);
          // Also takes its key from those that may open a link, so that the joiner is told `not_paired`.
          failPairing(pairing,
                      cancelled.value_or(networkError(
                          "pairing_unreachable",
                          std::string("The other home did not say within ten minutes that it stored the pairing, so ") +
                              (earlier ? "the earlier one stays as it was." : "it was removed here; pair again."))));
          if (earlier) wake(pairing->peer->home, 0);
        });
  }
  if (connection) {
    std::vector<Connection::Outgoing> messages;
    for (std::string& payload : actions.send) messages.push_back({kCommitMessage + std::move(payload), false});
    if (!messages.empty()) connection->send(std::move(messages));
  }
  if (actions.drop_pending && pairing->peer) {
    std::optional<Error> cancelled;
    {
      std::lock_guard lock(mutex);
      cancelled = pairing->cancelled;
    }
    failPairing(pairing,
                cancelled.value_or(networkError(
                    "pairing_unreachable", "The two homes lost each other before the pairing was done; pair again.")));
    resumeIfMarked(pairing->peer->home);
  }
  if (actions.paired && !actions.drop_mark) paired(pairing);
}

// On both sides all is stored: the link at hand becomes the home's.
void LinkHub::Impl::paired(const std::shared_ptr<PairingRun>& pairing) {
  HomeId home = pairing->peer->home;
  const bool other_key =
      pairing->peer->change == trust::KeyChange::kNewer || pairing->peer->change == trust::KeyChange::kFork;
  std::shared_ptr<Connection> connection;
  std::vector<std::shared_ptr<Connection>> replaced;
  {
    std::lock_guard lock(mutex);
    if (pairing->finished) return;
    endRunLocked(*pairing);
    pairing->view.state = "done";
    connection = std::exchange(pairing->connection, nullptr);
    for (const auto& one : connections) {
      if (other_key && one != connection && one->home == home) replaced.push_back(one);
    }
  }
  for (const auto& one : replaced) one->close("duplicate", "The other home was paired with another key.");
  event("home", homeEvent(home, "paired"));
  changedPairing();
  if (connection) {
    attachPeer(connection, home);
  } else {
    wake(home, 0);
  }
}

// A pairing with this home whose acknowledgement is missing and that nobody waits for any more: another one had taken
// its place, or it was to be forgotten.
void LinkHub::Impl::resumeIfMarked(const HomeId& home) {
  std::optional<store::Peer> marked;
  {
    std::lock_guard lock(mutex);
    auto at = peers.find(home);
    if (at != peers.end() && at->second.row.state == store::PeerState::kUnacknowledged) marked = at->second.row;
  }
  if (marked) resumeMarked(*marked);
}

// What is stored bears the mark: the next link asks for the acknowledgement.
void LinkHub::Impl::keepMarkedLocked(PairingRun& pairing, const std::string& pairing_id) {
  pairing.commit = std::make_unique<PairingCommit>(
      PairingCommit::fromPin(PairingRole::kListener, pairing_id, true, clock.steadyMs()));
}

// A listener that was stopped between storing its pin and the acknowledgement.
void LinkHub::Impl::resumeMarked(const store::Peer& row) {
  auto chain = trust::decodeChain(row.statements);
  if (!chain.ok() || chain->empty()) return;
  auto pairing = std::make_shared<PairingRun>();
  pairing->role = PairingRole::kListener;
  pairing->peer = trust::PairingPeer{row.home, std::move(*chain), row.name, {}, {}, 0, trust::KeyChange::kSame, {}, false};
  pairing->view.peer_name = row.name;
  std::lock_guard lock(mutex);
  keepMarkedLocked(*pairing, row.pairing);
  commits[row.operating_spki] = pairing;
}

}  // namespace hearthgate::sync
