#include "bench/peer_crowd.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

#include "base/base32.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/sha256.h"
#include "bench/updates.h"
#include "sync/link_hub_impl.h"
#include "trust/tuning.h"

namespace hearthgate::bench {

using sync::Connection;
using trust::PairingSession;

namespace {

constexpr auto kPairLimit = std::chrono::seconds(30);

int64_t nowMs() { return systemClock(ClockTrust::kYes).steadyMs(); }

std::string targetOf(const std::string& spki) {
  auto digest = sha256(spki);
  return "/peer?k=" + base32({reinterpret_cast<const char*>(digest.data()), digest.size()}).substr(0, 16);
}

}  // namespace

PeerCrowd::PeerCrowd(size_t homes, Seen seen)
    : seen_(std::move(seen)), transport_({}, filter_, [](sdk::Log::Level, std::string_view) {}) {
  members_.reserve(homes);
  for (size_t i = 0; i < homes; ++i) members_.emplace_back(static_cast<int>(i));
}

PeerCrowd::~PeerCrowd() {
  hangUp();
  transport_.stop();
  handshakes_.stop();
  links_.stop();
}

PeerCrowd::Member* PeerCrowd::memberOf(const std::shared_ptr<Connection>& connection) {
  auto at = by_connection_.find(connection.get());
  return at == by_connection_.end() ? nullptr : &members_[at->second];
}

void PeerCrowd::open(Member& member, Connection::Kind kind, std::unique_ptr<trust::Channel> channel,
                     const std::string& target) {
  auto connection = std::make_shared<Connection>(*this, links_, handshakes_, kind, true, std::move(channel));
  connection->address = address_;
  by_connection_[connection.get()] = static_cast<size_t>(&member - members_.data());
  member.link = connection;
  member.linked = member.level = false;
  ++dials_;
  transport_.dial(address_, target, connection, [connection](const sdk::Outcome& outcome) {
    if (!outcome.ok()) connection->failed(networkError(outcome.code, outcome.message));
  });
}

void PeerCrowd::dialPeer(Member& member) {
  auto channel =
      trust::Channel::peer(trust::Channel::Role::kClient, member.home.identity(),
                           [spki = member.home.gatewaySpki()](std::string_view shown) { return shown == spki; });
  if (!channel.ok()) return fail(member, channel.error());
  open(member, Connection::Kind::kPeer, std::move(*channel), targetOf(member.home.gatewaySpki()));
}

Status PeerCrowd::pair(size_t number, const std::string& code, int port) {
  HG_TRY(trust::PairingCode typed, trust::PairingCode::parse(code));
  HG_TRY(auto channel, trust::Channel::pair(trust::Channel::Role::kClient, typed.psk()));
  std::unique_lock lock(mutex_);
  address_ = "127.0.0.1:" + std::to_string(port);
  Member& member = members_.at(number);
  member.pairing = std::make_unique<Pairing>();
  open(member, Connection::Kind::kPairing, std::move(channel), "/pair");
  bool ended = changed_.wait_for(lock, kPairLimit, [&] { return member.pairing->done || member.pairing->failed; });
  if (!ended) return networkError("timeout", "The pairing did not end.");
  if (member.pairing->failed) return *member.pairing->failed;
  auto link = member.link;
  member.pairing.reset();
  lock.unlock();
  if (link) link->close("closed", "");
  lock.lock();
  if (!changed_.wait_for(lock, kPairLimit, [&] { return !member.link; }))
    return networkError("timeout", "The link did not end.");
  return {};
}

void PeerCrowd::advancePairing(Member& member) {
  Pairing& pairing = *member.pairing;
  PairingSession& session = *pairing.session;
  // The persons at both homes have agreed in advance; errors are kept in failure().
  if (session.state() == PairingSession::State::kHelloVerified && !pairing.offered) {
    pairing.offered = true;
    (void)session.offer({});
  }
  if (session.state() == PairingSession::State::kConfirming && !session.selfConfirmed())
    (void)session.confirmByPerson();
  if (session.state() == PairingSession::State::kFailed) return fail(member, *session.failure());
  say(member, {session.takeOutput()});
  if (session.state() != PairingSession::State::kPending || pairing.commit) return;
  pairing.commit = std::make_unique<trust::PairingCommit>(trust::PairingRole::kJoiner, session.pairingId(), nowMs());
  member.home.paired(session.peer()->home, session.peer()->operatingSpki());
  by_connection_.erase(member.link.get());
  member.link->close("pairing_done", "");
  dialPeer(member);
}

void PeerCrowd::perform(Member& member, const trust::PairingCommit::Actions& actions) {
  trust::PairingCommit::Actions after;
  if (actions.store_pin) after = member.pairing->commit->stored(true, nowMs());
  for (const auto& list : {actions.send, after.send}) {
    for (const std::string& payload : list) say(member, {sync::kCommitMessage + payload});
  }
  if (!actions.paired && !after.paired) return;
  member.pairing->done = true;
  member.pairing_id = member.pairing->commit->pairingId();
  changed_.notify_all();
}

// The gateway was stopped before it had read the acknowledgement, and asks for it on the next link.
void PeerCrowd::acknowledgeAgain(Member& member, const std::string& payload) {
  auto commit = trust::PairingCommit::fromPin(trust::PairingRole::kJoiner, member.pairing_id, false, nowMs());
  auto actions = commit.onMessage(payload, nowMs());
  if (!actions.ok()) return fail(member, actions.error());
  for (const std::string& answer : actions->send) say(member, {sync::kCommitMessage + answer});
}

void PeerCrowd::say(Member& member, std::vector<std::string> messages) {
  std::vector<Connection::Outgoing> outgoing;
  for (std::string& message : messages) {
    if (!message.empty()) outgoing.push_back({std::move(message), false});
  }
  if (member.link && !outgoing.empty()) member.link->send(std::move(outgoing));
}

void PeerCrowd::fail(Member& member, const Error& error) {
  last_error_ = error.code + ": " + error.message;
  if (member.pairing && !member.pairing->done) member.pairing->failed = error;
  if (member.link) member.link->close(error.code, error.message);
  changed_.notify_all();
}

void PeerCrowd::onEstablished(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(mutex_);
  Member* member = memberOf(connection);
  if (!member) return;
  if (connection->kind() == Connection::Kind::kPairing) {
    auto exporter = connection->channel().exporter(trust::kPairExporterLabel, 32);
    if (!exporter.ok()) return fail(*member, exporter.error());
    PairingSession::Lookups lookups;
    lookups.known = [](const HomeId&) { return trust::KeyChain{}; };
    member->pairing->session = std::make_unique<PairingSession>(
        trust::PairingRole::kJoiner, trust::PairingSelf::of(member->home.identity(), member->home.name(), {}),
        *exporter, std::move(lookups), systemRandom(), nowMs());
    return advancePairing(*member);
  }
  if (member->pairing) return perform(*member, member->pairing->commit->linkOpened());
  member->linked = true;
  member->retry_ms = 0;
  say(*member, {member->home.linkUp()});
}

void PeerCrowd::onReceived(const std::shared_ptr<Connection>& connection, std::string message) {
  std::lock_guard lock(mutex_);
  Member* member = memberOf(connection);
  if (!member) return;
  if (connection->kind() == Connection::Kind::kPairing) {
    (void)member->pairing->session->feed(message, nowMs());
    return advancePairing(*member);
  }
  if (member->pairing) {
    // After the last acknowledgement the gateway begins to speak as to a paired home; this link is only for pairing.
    if (message.empty() || message.front() != sync::kCommitMessage) return;
    auto actions = member->pairing->commit->onMessage(message.substr(1), nowMs());
    if (!actions.ok()) return fail(*member, actions.error());
    return perform(*member, *actions);
  }
  if (!message.empty() && message.front() == sync::kCommitMessage) return acknowledgeAgain(*member, message.substr(1));
  size_t number = static_cast<size_t>(member - members_.data());
  std::vector<std::string> answers;
  Status status = member->home.receive(
      message, [&](std::string_view version) { seen_(number, version); }, &answers);
  if (!status.ok()) return fail(*member, status.error());
  say(*member, std::move(answers));
  if (!member->home.level() || member->level) return;
  member->level = true;
  last_level_ns_ = nowNs();
  if (first_level_ns_ == 0) first_level_ns_ = last_level_ns_;
  changed_.notify_all();
}

void PeerCrowd::onEnded(const std::shared_ptr<Connection>& connection, const Error& error) {
  std::lock_guard lock(mutex_);
  Member* member = memberOf(connection);
  by_connection_.erase(connection.get());
  if (!member || member->link != connection) return;
  if (!member->linked) {
    ++failed_;
    last_error_ = error.code + ": " + error.message;
  }
  member->link.reset();
  member->linked = member->level = false;
  if (member->pairing && !member->pairing->done && member->pairing->commit) {
    // The gateway has perhaps not read our confirmation yet, so it does not know our key.
    dialLater(*member, trust::kCommitRetryMs);
  } else if (member->pairing && !member->pairing->done) {
    member->pairing->failed = error;
  } else if (dialling_) {
    // The times of the gateway's own hub.
    int64_t base = member->retry_ms == 0 ? sync::kFirstRetryMs : member->retry_ms;
    member->retry_ms = std::min(base * 3 / 2, sync::kFastRetryMs);
    uint8_t byte = 0;
    systemRandom().fill({&byte, 1});
    dialLater(*member, base * (80 + 40 * byte / 255) / 100);
  }
  changed_.notify_all();
}

void PeerCrowd::dialLater(Member& member, int64_t delay_ms) {
  links_.after(delay_ms, [this, &member] {
    std::lock_guard lock(mutex_);
    if ((dialling_ || member.pairing) && !member.link) dialPeer(member);
  });
}

void PeerCrowd::dial(int port) {
  std::lock_guard lock(mutex_);
  address_ = "127.0.0.1:" + std::to_string(port);
  dialling_ = true;
  first_level_ns_ = last_level_ns_ = 0;
  for (Member& member : members_) {
    if (!member.link) dialPeer(member);
  }
}

void PeerCrowd::hangUp() {
  std::vector<std::shared_ptr<Connection>> links;
  std::unique_lock lock(mutex_);
  dialling_ = false;
  for (Member& member : members_) {
    if (member.link) links.push_back(member.link);
  }
  lock.unlock();
  for (const auto& link : links) link->close("closed", "");
  lock.lock();
  changed_.wait_for(lock, kPairLimit, [&] {
    return std::none_of(members_.begin(), members_.end(), [](const Member& member) { return member.link != nullptr; });
  });
}

size_t PeerCrowd::cut(int port) {
  {
    std::lock_guard lock(mutex_);
    first_level_ns_ = last_level_ns_ = 0;
    // Until a link is up again and was found level.
    for (Member& member : members_) member.level = false;
  }
  std::vector<int> sockets;
  DIR* folder = opendir("/proc/self/fd");
  while (dirent* entry = folder ? readdir(folder) : nullptr) {
    int fd = std::atoi(entry->d_name);
    sockaddr_in to{};
    socklen_t size = sizeof to;
    bool is_ours = getpeername(fd, reinterpret_cast<sockaddr*>(&to), &size) == 0 && to.sin_family == AF_INET &&
                   ntohs(to.sin_port) == port;
    if (is_ours) sockets.push_back(fd);
  }
  if (folder) closedir(folder);
  for (int fd : sockets) ::shutdown(fd, SHUT_RDWR);
  return sockets.size();
}

void PeerCrowd::askLevel() {
  std::lock_guard lock(mutex_);
  first_level_ns_ = last_level_ns_ = 0;
  for (Member& member : members_) {
    member.level = false;
    if (member.linked) say(member, {member.home.askLevel()});
  }
}

bool PeerCrowd::waitLevel(int limit_s) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(limit_s), [&] {
    return std::all_of(members_.begin(), members_.end(), [](const Member& member) { return member.level; });
  });
}

PeerCrowd::Figures PeerCrowd::figures() {
  std::lock_guard lock(mutex_);
  Figures figures;
  for (const Member& member : members_) {
    figures.linked += member.linked;
    figures.level += member.level;
    figures.batches += member.home.batches();
    figures.versions += member.home.versions();
  }
  figures.dials = dials_;
  figures.failed = failed_;
  figures.first_level_ns = first_level_ns_;
  figures.last_level_ns = last_level_ns_;
  return figures;
}

std::string PeerCrowd::lastError() {
  std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace hearthgate::bench
