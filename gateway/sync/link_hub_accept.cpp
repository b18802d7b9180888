// Who may open a link, and how long its handshake may take (TRUST.md T7).
#include "base/log.h"
#include "sync/link_hub_impl.h"
#include "trust/source.h"
#include "trust/tuning.h"

namespace hearthgate::sync {

sdk::LinkDecision LinkHub::Impl::accept(const std::string& transport, const sdk::LinkRequest& request) {
  sdk::LinkDecision decision;
  if (request.path == "/pair") {
    decision = acceptPairing(request);
    if (!decision.handler) handshakes_ended.add(true, HandshakeEnd::kRefused);
  } else if (request.path == "/peer") {
    std::lock_guard lock(mutex);
    if (stopping) return sdk::LinkDecision::refuse(503);
    std::string_view address = std::string_view(request.remote_address).substr(0, request.remote_address.rfind(':'));
    auto ticket = handshake_gate.admit(address, clock.steadyMs());
    if (!ticket.ok() && giveWayLocked(address)) ticket = handshake_gate.admit(address, clock.steadyMs());
    if (!ticket.ok()) {
      handshakes_ended.add(false, HandshakeEnd::kRefused);
      refusals.add(false, "link_throttled", address, ticket.error().message);
      return sdk::LinkDecision::refuse(429);
    }
    // The key that the dialler names, while it is held (T9).
    auto keys = identity.keys();
    const trust::OwnKey* own = request.query.starts_with("k=") ? keys->named(std::string_view(request.query).substr(2)) : nullptr;
    if (!own) own = &keys->present;
    auto channel = trust::Channel::peer(trust::Channel::Role::kServer, own->key, own->certificate, [this](std::string_view spki) {
      std::lock_guard inner(mutex);
      return pins.contains(std::string(spki)) || commits.contains(std::string(spki));
    });
    if (!channel.ok()) {
      handshake_gate.ended(*ticket);
      logError("links", channel.error().message);
      return sdk::LinkDecision::refuse(503);
    }
    auto connection =
        std::make_shared<Connection>(*this, links, handshakes, Connection::Kind::kPeer, false, std::move(*channel));
    connection->ticket = *ticket;
    connection->transport = transport;
    connection->address = address;
    connection->own_spki = own->spki();
    track(connection);
    return sdk::LinkDecision::accept(connection);
  }
  return decision;
}

// Ends the oldest handshake of this source, or of any when all places are taken; false when there is none to end.
bool LinkHub::Impl::giveWayLocked(std::string_view remote_address) {
  std::string source = trust::sourceOf(remote_address);
  std::shared_ptr<Connection> oldest;
  std::shared_ptr<Connection> oldest_of_source;
  size_t waiting = 0;
  size_t waiting_of_source = 0;
  auto take = [](std::shared_ptr<Connection>& best, const std::shared_ptr<Connection>& one) {
    if (!best || one->opened_ms < best->opened_ms) best = one;
  };
  for (const auto& connection : connections) {
    if (connection->kind() != Connection::Kind::kPeer || connection->ticket == 0) continue;
    ++waiting;
    take(oldest, connection);
    if (trust::sourceOf(connection->address) != source) continue;
    ++waiting_of_source;
    take(oldest_of_source, connection);
  }
  std::shared_ptr<Connection> chosen;
  if (waiting_of_source >= static_cast<size_t>(settings.unauthenticated.links_per_source)) {
    chosen = oldest_of_source;
  } else if (waiting >= static_cast<size_t>(settings.unauthenticated.links)) {
    chosen = oldest;
  }
  if (!chosen || clock.steadyMs() - chosen->opened_ms < kGiveWayMs) return false;
  handshake_gate.ended(chosen->ticket);
  chosen->ticket = 0;
  chosen->close("timeout", "Others wait for the place of this handshake.");
  return true;
}

// A side that answers the transport's pings and says nothing would otherwise be waited for without an end, and no other
// address be tried.
bool LinkHub::Impl::handshakeIsLate(Connection& connection, int64_t now_ms) {
  if (connection.established()) return false;
  if (!connection.dialled()) {
    // Those of pairings are the gate's.
    return connection.kind() == Connection::Kind::kPeer && now_ms - connection.opened_ms > trust::kHandshakeLimitMs;
  }
  if (!connection.opened()) return false;  // How long a dial takes is the transport's to limit.
  if (connection.handshake_since_ms == 0) connection.handshake_since_ms = now_ms;
  return now_ms - connection.handshake_since_ms > trust::kHandshakeLimitMs;
}

// One on which a pairing was to end, and did not. Its hello is not heard before, so it has the time of a hello.
bool LinkHub::Impl::staysUnused(const Connection& connection, int64_t now_ms) {
  return connection.kind() == Connection::Kind::kPeer && connection.established_ms != 0 && !connection.attached &&
         now_ms - connection.established_ms > kHelloLimitMs;
}

}  // namespace hearthgate::sync
