// Pairing up to the point where both persons have agreed; trust's machines decide, this file moves their bytes.
#include <algorithm>

#include "base/log.h"
#include "base/utf8.h"
#include "sync/link_hub_impl.h"
#include "sync/pairing_text.h"

namespace hearthgate::sync {
namespace {

PairingPreview previewOf(const std::optional<trust::PairingOffer>& offer) {
  PairingPreview preview;
  if (!offer) return preview;
  preview.entities = offer->entities();
  preview.bytes = offer->bytes();
  preview.kinds = offer->kinds;
  return preview;
}

std::string_view withoutPort(std::string_view address) { return address.substr(0, address.rfind(':')); }

}  // namespace

Result<OpenedCode> LinkHub::openPairing(int64_t ttl_s, bool auto_confirm) {
  if (ttl_s < 1 || ttl_s > kMaxPairingTtlS) {
    return inputError("bad_document", "A pairing code is open for 1 to 3600 seconds.");
  }
  OpenedCode opened;
  std::shared_ptr<PairingRun> before;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->code = trust::PairingCode::generate(impl_->random);
    impl_->code_auto_confirm = auto_confirm;
    // Codes are told apart by it.
    const int64_t before_ms = impl_->code_expires_ms;
    impl_->code_expires_ms = impl_->clock.wallMs() + ttl_s * 1000;
    if (impl_->code_expires_ms == before_ms) ++impl_->code_expires_ms;
    impl_->pairing_gate.open(impl_->clock.steadyMs(), ttl_s * 1000);
    // One that is being made durable goes on in `commits` without the screen: its joiner may stay away for minutes.
    before = std::exchange(impl_->run, nullptr);
    if (before && (before->finished || before->commit)) before.reset();
    opened.code = impl_->code->text();
    opened.expires_at_ms = impl_->code_expires_ms;
    opened.uri = trust::PairingUri{*impl_->code, impl_->advertisedLocked(), opened.expires_at_ms}.text();
  }
  // It would keep whoever comes with this code waiting.
  if (before) impl_->failPairing(before, stateError("pairing_refused", "A new code was opened."));
  impl_->changedPairing();
  return opened;
}

PairingView LinkHub::pairing(std::string_view role) {
  std::lock_guard lock(impl_->mutex);
  bool open = impl_->pairing_gate.isOpen(impl_->clock.steadyMs());
  const PairingRun* run = impl_->run.get();
  const bool joins = run && run->role == trust::PairingRole::kJoiner;
  if (role == (joins ? "invites" : "joins")) run = nullptr;
  PairingView view;
  if (run && (role == "joins" || !(run->finished && open))) {
    view = run->view;
  } else if (role == "joins") {
    return view;
  } else if (open) {
    view.state = "open";
    view.expires_at_ms = impl_->code_expires_ms;
  } else if (impl_->code) {
    view.state = "failed";
    view.error = stateError("pairing_not_open", "The code has expired; open a new one.");
  }
  view.failed_tries = impl_->pairing_gate.failedCount();
  view.failed_text = impl_->pairing_gate.failedText();
  return view;
}

Status LinkHub::confirmPairing() {
  std::shared_ptr<PairingRun> pairing;
  {
    std::lock_guard lock(impl_->mutex);
    pairing = impl_->run;
    if (!pairing || pairing->finished || !pairing->session ||
        pairing->session->state() != trust::PairingSession::State::kConfirming) {
      return stateError("pairing_not_open", "There is no pairing that waits to be confirmed.");
    }
    HG_CHECK(pairing->session->confirmByPerson());
  }
  impl_->advancePairing(pairing);
  return {};
}

void LinkHub::cancelPairing() {
  const Error cancelled = trustError("pairing_refused", "The pairing was cancelled at this home.");
  std::shared_ptr<PairingRun> pairing;
  std::optional<trust::PairingCommit::Actions> actions;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->pairing_gate.close();
    impl_->code.reset();
    pairing = impl_->run;
    if (pairing && pairing->finished) pairing.reset();
    if (pairing && pairing->commit) {
      pairing->cancelled = cancelled;
      actions = pairing->commit->cancel();
    } else if (pairing && pairing->session) {
      pairing->session->cancel();
    }
  }
  if (actions) {
    impl_->perform(pairing, std::move(*actions), nullptr);
    // Who is told that it was withdrawn may count on it. A disk that fails is not waited for.
    std::unique_lock lock(impl_->mutex);
    impl_->pairing_changed.wait_for(lock, std::chrono::milliseconds(kConnectWaitMs),
                                    [&] { return impl_->stopping || pairing->finished; });
  } else if (pairing) {
    impl_->advancePairing(pairing);
    impl_->failPairing(pairing, cancelled);  // One whose link is not open yet.
  }
  impl_->changedPairing();
}

void LinkHub::onPairingChanged(std::function<void()> changed) {
  std::lock_guard lock(impl_->mutex);
  impl_->on_pairing_changed = std::move(changed);
}

void LinkHub::Impl::changedPairing() {
  std::function<void()> changed;
  {
    std::lock_guard lock(mutex);
    changed = on_pairing_changed;
  }
  pairing_changed.notify_all();
  event("pairing", "{}");
  if (changed) changed();
}

sdk::LinkDecision LinkHub::Impl::acceptPairing(const sdk::LinkRequest& request) {
  std::lock_guard lock(mutex);
  int64_t now = clock.steadyMs();
  if (stopping || !code || !pairing_gate.isOpen(now)) return sdk::LinkDecision::refuse(404);
  std::string_view source = withoutPort(request.remote_address);
  auto ticket = pairing_gate.admit(source, now);
  if (!ticket.ok()) {
    if (auto given_way = pairing_gate.giveWay(source, now)) {
      for (const auto& connection : connections) {
        if (connection->kind() != Connection::Kind::kPairing || connection->ticket != *given_way) continue;
        connection->ticket = 0;
        connection->close("timeout", "Another pairing handshake waits for the place of this one.");
      }
      ticket = pairing_gate.admit(source, now);
    }
  }
  if (!ticket.ok()) {
    refusals.add(true, ticket.error().code, source, ticket.error().message);
    return sdk::LinkDecision::refuse(ticket.error().code == "pairing_throttled" ? 429 : 404);
  }
  auto channel = trust::Channel::pair(trust::Channel::Role::kServer, code->psk());
  if (!channel.ok()) {
    pairing_gate.failed(*ticket);
    return sdk::LinkDecision::refuse(503);
  }
  auto connection = std::make_shared<Connection>(*this, links, handshakes, Connection::Kind::kPairing, false,
                                                 std::move(*channel));
  connection->ticket = *ticket;
  track(connection);
  return sdk::LinkDecision::accept(connection);
}

void LinkHub::Impl::pairingEstablished(const std::shared_ptr<Connection>& connection) {
  std::shared_ptr<PairingRun> pairing;
  decltype(PairingRun::racing) others;
  {
    std::lock_guard lock(mutex);
    if (!connection->dialled()) {
      const auto ticket = std::exchange(connection->ticket, 0);
      if (run && !run->finished && pairing_gate.isOpen(clock.steadyMs())) {
        // The code was opened before, or it would have ended that one: a person here joins another home.
        pairing_gate.release(ticket);
        connection->close("pairing_throttled", "The other home pairs with another one now; try again when it is done.");
        return;
      }
      if (!pairing_gate.succeeded(ticket, clock.steadyMs())) {
        connection->close("pairing_not_open", "The code was used already.");
        return;
      }
      run = std::make_shared<PairingRun>();
      run->role = trust::PairingRole::kListener;
      run->auto_confirm = code_auto_confirm;
      run->connection = connection;
      run->view.state = "open";
      run->view.expires_at_ms = code_expires_ms;
      code.reset();
    }
    pairing = run;
    if (pairing && !pairing->finished && !pairing->connection && pairing->racing.erase(connection) != 0) {
      // The code opened this one: it is the home.
      pairing->connection = connection;
      pairing->address = connection->address;
      others = std::move(pairing->racing);
      pairing->racing.clear();
    }
    if (!pairing || pairing->connection != connection) {
      connection->close("pairing_refused", "Another pairing was begun.");
      return;
    }
    auto exporter = connection->channel().exporter(trust::kPairExporterLabel, 32);
    if (!exporter.ok()) {
      connection->close("pairing_refused", exporter.error().message);
      return;
    }
    trust::PairingSession::Lookups lookups;
    // Called from feed(), with the mutex held.
    lookups.known = [this](const HomeId& home) -> trust::KeyChain {
      auto at = peers.find(home);
      if (at == peers.end()) return {};
      auto chain = trust::decodeChain(at->second.row.statements);
      return chain.ok() ? std::move(*chain) : trust::KeyChain{};
    };
    auto self = trust::PairingSelf::of(identity, settings.name, advertisedLocked());
    self.clock = {clock.wallMs(), clock.synchronised()};
    pairing->session = std::make_unique<trust::PairingSession>(pairing->role, std::move(self), *exporter, std::move(lookups),
                                                               random, clock.steadyMs());
  }
  for (const auto& [other, racing] : others) other->close("pairing_refused", "Another home was the one.");
  advancePairing(pairing);
}

void LinkHub::Impl::pairingReceived(const std::shared_ptr<Connection>& connection, const std::string& plaintext) {
  std::shared_ptr<PairingRun> pairing;
  {
    std::lock_guard lock(mutex);
    pairing = run;
    if (!pairing || pairing->connection != connection || !pairing->session) return;
    // The error is kept in failure(), where advancePairing() finds it.
    (void)pairing->session->feed(plaintext, clock.steadyMs());
  }
  advancePairing(pairing);
}

void LinkHub::Impl::advancePairing(const std::shared_ptr<PairingRun>& pairing) {
  using State = trust::PairingSession::State;
  bool ask_offer = false;
  bool pending = false;
  std::optional<Error> failure;
  {
    std::lock_guard lock(mutex);
    if (!pairing->session || pairing->finished) return;
    trust::PairingSession& session = *pairing->session;
    if (session.state() == State::kConfirming && pairing->auto_confirm && !session.selfConfirmed()) {
      (void)session.confirmByPerson();  // Its failure is in failure().
    }
    PairingView& view = pairing->view;
    // What is being made durable is read on other threads.
    if (const trust::PairingPeer* peer = session.peer(); peer && !pairing->commit) {
      // Once: other threads read it without the mutex from then on.
      if (!pairing->peer) pairing->peer = *peer;
      view.peer = peer->home;
      view.peer_name = displayName(peer->name);
      view.clock_offset_ms = peer->clock_offset_ms;
      auto known = peers.find(peer->home);
      bool paired = known != peers.end() && known->second.row.state == store::PeerState::kPaired;
      view.notices = noticesOf(*peer, paired ? known->second.row.name : "", clock.synchronised(), settings.max_clock_drift_ms);
      view.words = session.words();
      view.to_send = previewOf(session.toSend());
      view.to_receive = previewOf(session.toReceive());
      ask_offer = !pairing->offer_asked && session.state() == State::kHelloVerified;
      pairing->offer_asked = pairing->offer_asked || ask_offer;
    }
    if (session.state() == State::kConfirming || session.state() == State::kPending) {
      view.state = "confirming";
      view.expires_at_ms = clock.wallMs() + session.confirmDeadlineMs() - clock.steadyMs();
    }
    if (session.state() == State::kFailed) failure = session.failure();
    std::string output = session.takeOutput();
    // A person's answer and the other side's come on two threads: what they bring about leaves in order, and once.
    if (!output.empty() && pairing->connection) pairing->connection->send({{std::move(output), false}});
    pending = session.state() == State::kPending && !pairing->commit;
    if (pending) beginCommitLocked(pairing);
  }
  if (failure) return failPairing(pairing, *failure);
  if (ask_offer) askOffer(pairing);
  if (pending && pairing->role == trust::PairingRole::kJoiner) dialCommit(pairing);
  changedPairing();
}

void LinkHub::Impl::failPairing(const std::shared_ptr<PairingRun>& pairing, const Error& error) {
  std::shared_ptr<Connection> connection;
  decltype(PairingRun::racing) racing;
  {
    std::lock_guard lock(mutex);
    if (pairing->finished) return;
    endRunLocked(*pairing);
    racing.swap(pairing->racing);
    pairing->view.state = "failed";
    pairing->view.error = error;
    connection = pairing->commit ? std::exchange(pairing->connection, nullptr) : pairing->connection;
    if (connection && connection->attached) connection.reset();  // That of homes that were paired before stays.
  }
  if (connection) connection->close("pairing_refused", error.message);
  // One that came about now would take the other home's code for nothing.
  for (const auto& [dialled, since] : racing) dialled->close("pairing_refused", error.message);
  changedPairing();
}

void LinkHub::Impl::endRunLocked(PairingRun& pairing) {
  pairing.finished = true;
  // Its place may be another one's by now.
  std::erase_if(commits, [&](const auto& commit) { return commit.second.get() == &pairing; });
}

// What the first sync would bring to the other side: for an unknown home nothing, as nothing is granted yet. Counted in
// turns with everything else on the engine's thread.
struct LinkHub::Impl::OfferCount {
  uint64_t after = 0;
  uint64_t last = 0;  // what changes meanwhile moves above it, and is not met twice
  bool more = false;
  std::map<std::string, trust::PairingOffer::Kind> kinds;
};

void LinkHub::Impl::askOffer(const std::shared_ptr<PairingRun>& pairing) {
  auto count = std::make_shared<OfferCount>();
  engine.submit(
      [home = pairing->peer->home, count](engine::Core& core) {
        count->more = core.rulesFor(home) != nullptr;
        count->last = core.store().feedEnd(core.me());
      },
      [this, pairing, count](const Status&) { countOffer(pairing, count); });
}

void LinkHub::Impl::countOffer(const std::shared_ptr<PairingRun>& pairing, const std::shared_ptr<OfferCount>& count) {
  {
    std::lock_guard lock(mutex);
    if (pairing->finished || !pairing->session) return;
  }
  if (count->more) {
    engine.submit(
        [home = pairing->peer->home, count](engine::Core& core) {
          std::vector<store::FeedId> rows = core.store().feedIds(core.me(), count->after, kOfferRows);
          count->more = rows.size() == kOfferRows;
          for (const store::FeedId& row : rows) {
            count->after = row.sequence;
            count->more = count->more && row.sequence < count->last;
            if (row.sequence > count->last) break;
            if (row.bytes == 0 || core.accessFor(home, row.id) == model::Access::kNone) continue;
            trust::PairingOffer::Kind& kind = count->kinds[row.kind];
            kind.kind = row.kind;
            ++kind.entities;
            kind.bytes += row.bytes;
          }
        },
        // A failed commit costs only numbers here; the engine has said so already.
        [this, pairing, count](const Status&) { countOffer(pairing, count); });
    return;
  }
  trust::PairingOffer offer;
  for (auto& [name, kind] : count->kinds) offer.kinds.push_back(std::move(kind));
  {
    std::lock_guard lock(mutex);
    if (pairing->finished || !pairing->session) return;
    (void)pairing->session->offer(std::move(offer));  // Its failure is in failure().
  }
  advancePairing(pairing);
}

void LinkHub::Impl::pairingEnded(const std::shared_ptr<Connection>& connection, const Error& error) {
  std::shared_ptr<PairingRun> pairing;
  bool committing = false;
  bool talked = false;
  {
    std::lock_guard lock(mutex);
    if (connection->ticket) pairing_gate.failed(connection->ticket);
    if (run && run->racing.erase(connection) != 0) {
      Error told = joinError(error, connection->address);
      if (!run->race_error || told.code == "pairing_wrong_code") run->race_error = std::move(told);
    }
    if (run && run->connection == connection) pairing = run;
    // Once both are pending the pairing link has done its work, also when this side has not gone on yet.
    committing = pairing && pairing->session && pairing->session->state() == trust::PairingSession::State::kPending;
    talked = pairing && pairing->session;
    if (pairing) pairing->connection.reset();
  }
  if (!pairing) return changedPairing();  // A failed try was counted.
  if (!committing) {
    failPairing(pairing, talked ? pairingEndError(error, connection->endedByPeer()) : joinError(error, pairing->address));
  }
}

void LinkHub::Impl::pairingTick() {
  std::shared_ptr<PairingRun> pairing;
  std::vector<std::shared_ptr<Connection>> late;
  std::vector<std::shared_ptr<PairingRun>> committing;
  bool expired_code;
  {
    std::lock_guard lock(mutex);
    int64_t now = clock.steadyMs();
    bool open = pairing_gate.isOpen(now);
    expired_code = std::exchange(code_was_open, open) && !open;
    std::vector<trust::PairingGate::Ticket> expired = pairing_gate.expire(now);
    for (const auto& connection : connections) {
      bool over = connection->ticket && connection->kind() == Connection::Kind::kPairing &&
                  std::find(expired.begin(), expired.end(), connection->ticket) != expired.end();
      if (over) late.push_back(connection);
    }
    if (run && !run->finished && run->session && !run->commit) {
      run->session->tick(now);
      if (run->session->state() == trust::PairingSession::State::kFailed) pairing = run;
    }
    for (const auto& [spki, run_of] : commits) committing.push_back(run_of);
  }
  for (const auto& connection : late) connection->close("timeout", "The pairing handshake took longer than ten seconds.");
  if (expired_code) changedPairing();
  if (pairing) advancePairing(pairing);
  for (const auto& run_of : committing) {
    trust::PairingCommit::Actions actions;
    bool dial;
    bool unanswered;
    std::shared_ptr<Connection> connection;
    {
      std::lock_guard lock(mutex);
      int64_t now = clock.steadyMs();
      // A message was lost, or the other home hangs: a new link may do better, and this one would be waited for until the
      // pairing is given up, with the other home's pin in its store.
      unanswered = run_of->role == trust::PairingRole::kJoiner &&
                   run_of->commit->state() == trust::PairingCommit::State::kPending && run_of->connection &&
                   run_of->connection->established() && now - run_of->commit_opened_ms > trust::kPairHelloLimitMs;
      actions = run_of->commit->tick(now);
      dial = run_of->role == trust::PairingRole::kJoiner && !run_of->commit_dialling && run_of->commit->dialDue(now);
      connection = run_of->connection;
    }
    if (unanswered) connection->close("timeout", "The other home has not answered for ten seconds.");
    perform(run_of, std::move(actions), connection);
    if (dial) dialCommit(run_of);
  }
}

}  // namespace hearthgate::sync
