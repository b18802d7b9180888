// Which keys homes pin of each other, and how they hear of another one (TRUST.md T8, T9). A home shows the one that the
// other pins; statements travel in the hello, in a message of their own while a link stands, and through third homes that
// pin both. Who has taken a newer one in ends the link, and both dial again with it.
#include <algorithm>

#include "base/log.h"
#include "base/utf8.h"
#include "sync/link_hub_impl.h"
#include "trust/crypto.h"
#include "trust/tuning.h"

namespace hearthgate::sync {
namespace {

// How often it is looked for keys of before that are kept no longer.
constexpr int64_t kFormerKeysEveryMs = int64_t{24} * 60 * 60 * 1000;

constexpr const char* kRenewedText = "The other home has another key now; the link begins anew with it.";
constexpr const char* kForkText =
    "Two different keys of one home are about, so somebody has its key: `key rotate --compromised` there, or pair again.";

// Of a home, as `teller` tells it to `receiver`. Its root key is known to those alone that are or were paired with it; its id
// stands in addresses and grants.
std::string knownMark(const HomeId& teller, const HomeId& receiver, const trust::KeyChain& of) {
  std::string text = "hearthgate/known/v1";
  text += teller.view();
  text += receiver.view();
  text += of.back().root_spki;
  return trust::sha256Bytes(text).substr(0, kMarkBytes);
}

std::string headOf(const trust::KeyChain& chain) { return chain.back().hash().substr(0, kMarkHeadBytes); }

// What is stored was verified before it was.
trust::KeyChain chainOf(const std::string& statements) {
  auto chain = trust::decodeChain(statements);
  return chain.ok() ? std::move(*chain) : trust::KeyChain{};
}

bool isPinned(const std::optional<store::Peer>& row) { return row && row->state == store::PeerState::kPaired; }

// Whether a person has decided against the statement by which `other` parts from `known`.
bool isRejected(const store::Peer& row, const trust::KeyChain& known, const trust::KeyChain& other) {
  const size_t at = trust::firstUnknown(known, other);
  if (at == other.size()) return false;
  const std::string hash = other[at].hash();
  for (size_t i = 0; i + hash.size() <= row.rejected.size(); i += hash.size()) {
    if (row.rejected.compare(i, hash.size(), hash) == 0) return true;
  }
  return false;
}

}  // namespace

bool areForeign(const std::string& stored, const trust::KeyChain& own) {
  trust::KeyChain foreign = chainOf(stored);
  return !foreign.empty() && trust::compareChains(own, foreign) != trust::ChainOrder::kOlder;
}

// What a person who pairs with `chosen` decides against, of what was known of that home.
std::string rejectedBy(const trust::KeyChain& chosen, const store::Peer& known) {
  std::string rejected = known.rejected;
  for (const std::string* bytes : {&known.statements, &known.fork}) {
    trust::KeyChain other = chainOf(*bytes);
    if (other.empty() || trust::compareChains(chosen, other) != trust::ChainOrder::kFork || isRejected(known, chosen, other)) continue;
    rejected += other[trust::firstUnknown(chosen, other)].hash();
  }
  return rejected.size() <= kMaxRejectedBytes ? rejected : rejected.substr(rejected.size() - kMaxRejectedBytes);
}

void LinkHub::Impl::stateOwnKeys() {
  auto keys = identity.keys();
  stated_spki = keys->present.spki();
  replicator->setStatements(trust::encodeChain(keys->chain));
  engine.core().circles().signAgain();
}

// The keys under which `row`'s home may know this one, the likeliest first.
std::vector<const trust::OwnKey*> LinkHub::Impl::ownKeysFor(const trust::OwnKeys& keys, const store::Peer& row) const {
  std::vector<const trust::OwnKey*> all;
  auto add = [&](const trust::OwnKey* key) {
    if (key && std::find(all.begin(), all.end(), key) == all.end()) all.push_back(key);
  };
  if (!row.knows_spki.empty()) {
    add(keys.withSpki(row.knows_spki));
  } else if (!keys.former.empty()) {
    add(&keys.former.back());
  }
  add(&keys.present);
  for (const trust::FormerKey& former : keys.former) add(&former);
  return all;
}

// Which homes this one pins. After a restore not before a person has looked at them.
void LinkHub::Impl::tellKeys(const HomeId& home) {
  engine::Core& core = engine.core();
  if (core.writer().owner(core.me()).hold) return;
  KnownKeys known;
  for (const store::Peer& row : core.store().peers()) {
    if (row.home == home || row.state != store::PeerState::kPaired || known.rows.size() == kMaxKnownKeys) continue;
    trust::KeyChain chain = chainOf(row.statements);
    if (!chain.empty()) known.rows.push_back({knownMark(identity.home(), home, chain), headOf(chain)});
  }
  replicator->tell(home, encode(known));
}

// What is pinned has changed; others pin the same home perhaps.
void LinkHub::Impl::tellKeysToAll() {
  for (const auto& [home, connection] : engine_links) tellKeys(home);
}

LinkHub::Impl::KeyBudget& LinkHub::Impl::keyBudget(const HomeId& home) {
  KeyBudget& budget = key_budgets[home];
  int64_t now = clock.steadyMs();
  if (now - budget.since_ms >= kKeyBudgetMs) budget = {now, 0, 0, budget.more};
  return budget;
}

// What was more than a home may have verified at once is asked for again.
void LinkHub::Impl::askKeysAgain() {
  for (auto& [home, budget] : key_budgets) {
    if (!budget.more || clock.steadyMs() - budget.since_ms < kKeyBudgetMs) continue;
    budget.more = false;
    tellKeys(home);
  }
}

void LinkHub::Impl::onKeyMessage(const HomeId& from, MessageType type, std::string_view message) {
  if (type == MessageType::kKnownKeys) {
    auto known = decodeKnownKeys(message);
    if (known.ok() && known->rows.size() <= kMaxKnownKeys) return onKnownKeys(from, *known);
  } else if (auto chain = decodeStatementsMessage(message); chain.ok()) {
    return onStatements(from, *chain);
  }
  replicator->sayBye(from, "protocol", "The other home sent a message about keys that could not be read.");
}

void LinkHub::Impl::onKnownKeys(const HomeId& from, const KnownKeys& known) {
  KeyBudget& budget = keyBudget(from);
  if (++budget.known > kMaxKnownKeysMessages) {
    budget.more = true;
    return;
  }
  std::map<std::string, std::string> heads;
  for (const KnownKeys::Row& row : known.rows) heads[row.mark] = row.head;
  std::set<HomeId>& common = known_there[from];
  common.clear();
  for (const store::Peer& row : engine.core().store().peers()) {
    if (row.home == from || row.state != store::PeerState::kPaired) continue;
    trust::KeyChain chain = chainOf(row.statements);
    auto at = chain.empty() ? heads.end() : heads.find(knownMark(from, identity.home(), chain));
    if (at == heads.end()) continue;
    common.insert(row.home);
    if (headOf(chain) != at->second) replicator->tell(from, encodeStatementsMessage(row.statements));
    if (!row.fork.empty()) replicator->tell(from, encodeStatementsMessage(row.fork));
  }
}

void LinkHub::Impl::onStatements(const HomeId& from, std::string_view bytes) {
  auto decoded = trust::decodeChain(bytes);
  if (!decoded.ok() || decoded->empty()) {
    return replicator->sayBye(from, "identity", decoded.ok() ? "The other home sent no key statement." : decoded.error().message);
  }
  // What costs nothing first: signatures are checked of what is new, and of homes that are pinned here.
  const trust::KeyChain& chain = *decoded;
  const HomeId subject = chain.back().home;
  const bool own = subject == identity.home();
  auto row = own ? std::nullopt : engine.core().store().peer(subject);
  if (!own && !isPinned(row)) return;
  trust::KeyChain known = own ? identity.chain() : chainOf(row->statements);
  const bool held = row && !row->fork.empty();
  if (held && subject == from && (bytes == row->statements || bytes == row->fork)) {
    return replicator->sayBye(from, "identity_fork", kForkText);
  }
  if (chain == known || (held && bytes == row->fork)) return;
  KeyBudget& budget = keyBudget(from);
  const size_t fresh = chain.size() - trust::firstUnknown(known, chain);
  if (budget.statements + fresh > kMaxVerifiedStatements) {
    budget.more = true;
    return;
  }
  budget.statements += fresh;
  Status holds = trust::verifyChain(subject, chain, known);
  if (!holds.ok()) return replicator->sayBye(from, "identity", holds.error().message);
  if (own) return onOwnStatements(from, chain);
  if (held) {
    // Until the root key has spoken above both.
    trust::KeyChain other = chainOf(row->fork);
    bool above = chain.front().epoch > known.front().epoch && (other.empty() || chain.front().epoch > other.front().epoch);
    if (above) return renewed(from, *row, chain);
    if (subject == from) replicator->sayBye(from, "identity_fork", kForkText);
    return;
  }
  switch (known.empty() ? trust::ChainOrder::kNewer : trust::compareChains(known, chain)) {
    case trust::ChainOrder::kSame: return;
    case trust::ChainOrder::kNewer: return renewed(from, *row, chain);
    case trust::ChainOrder::kOlder:
      // It was away, or its folder was copied back.
      return replicator->tell(from, encodeStatementsMessage(row->statements));
    case trust::ChainOrder::kFork:
      if (!isRejected(*row, known, chain)) forked(from, *row, known, chain);
  }
}

// Statements of this home come from it alone. Others can be of a later state of it, before a folder was copied back, or of
// somebody who has a key.
void LinkHub::Impl::onOwnStatements(const HomeId& from, const trust::KeyChain& chain) {
  trust::ChainOrder order = trust::compareChains(identity.chain(), chain);
  if (order == trust::ChainOrder::kSame || order == trust::ChainOrder::kOlder) return;
  if (order == trust::ChainOrder::kNewer && chain.back().operating_spki == identity.operatingSpki()) {
    Status adopted = identity.adopt(chain);
    if (!adopted.ok()) return logError("links", adopted.error().message);
    return stateOwnKeys();
  }
  engine::Core& core = engine.core();
  std::string bytes = trust::encodeChain(chain);
  if (core.store().meta(kForeignStatements) == bytes) return;
  core.store().setMeta(kForeignStatements, bytes);
  core.auditOften(from.text(), "key.foreign", "", "", "Key statements of this home that it did not make, epoch " +
                                                       std::to_string(chain.back().epoch) + ".");
  core.event("attention", "{\"code\":\"identity_fork\",\"home\":\"" + identity.home().text() + "\"}");
}

// Held here until the root key or a person has decided; both sides are told.
void LinkHub::Impl::forked(const HomeId& from, store::Peer row, const trust::KeyChain& known, const trust::KeyChain& other) {
  engine::Core& core = engine.core();
  row.fork = trust::encodeChain(other);
  core.store().putPeer(row);
  core.auditOften(row.home.text(), "key.fork", "", from.text(), kForkText);
  core.event("attention", "{\"code\":\"identity_fork\",\"home\":\"" + row.home.text() + "\"}");
  if (from != row.home) replicator->tell(from, encodeStatementsMessage(trust::encodeChain(known)));
  replicator->tell(row.home, encodeStatementsMessage(row.fork));
  replicator->sayBye(row.home, "identity_fork", kForkText);
  changed(row);
}

void LinkHub::Impl::renewed(const HomeId& from, store::Peer row, const trust::KeyChain& chain) {
  engine::Core& core = engine.core();
  const bool other_key = row.operating_spki != chain.back().operating_spki;
  row.operating_spki = chain.back().operating_spki;
  row.statements = trust::encodeChain(chain);
  row.fork.clear();
  row.former.reset();
  core.store().putPeer(row);
  core.audit(from.text(), "key.renewed", row.home.text(),
             "epoch " + std::to_string(chain.back().epoch) + ", " + displayName(chain.back().reason));
  for (const auto& [home, common] : known_there) {
    if (home != from && home != row.home && common.contains(row.home)) {
      replicator->tell(home, encodeStatementsMessage(row.statements));
    }
  }
  if (other_key) {
    core.event("home", homeEvent(row.home, "key_renewed"));
    replicator->sayBye(row.home, "key_renewed", kRenewedText);
  }
  changed(row);
}

// Engine's thread, inside a transaction: in force when that is durable.
void LinkHub::Impl::changed(const store::Peer& row, bool addresses, bool kept_apart) {
  ChangedPeer& change = changed_peers[row.home];
  change.row = row;
  change.addresses = change.addresses || addresses;
  change.kept_apart = change.kept_apart || kept_apart;
}

// After the transaction: pins follow what is durable, and links under other keys end.
void LinkHub::Impl::applyChanges(bool committed) {
  auto changes = std::exchange(changed_peers, {});
  auto drop = std::exchange(drop_keys_before, {});
  if (!committed) return;
  if (drop) {
    Status dropped = identity.dropKeysBefore(*drop);
    if (!dropped.ok()) logError("links", dropped.error().message);
  }
  for (auto& [home, change] : changes) {
    store::Peer& row = change.row;
    std::vector<std::shared_ptr<Connection>> over;
    bool linked = false;
    {
      std::lock_guard lock(mutex);
      auto at = peers.find(home);
      // A person's word may be here already and on its way to the store.
      if (at != peers.end() && !change.addresses) row.addresses = at->second.row.addresses;
      if (at != peers.end() && !change.kept_apart) row.kept_apart = at->second.row.kept_apart;
      if (at == peers.end() && !change.kept_apart) continue;  // Forgotten meanwhile.
      const bool other_key = at != peers.end() && at->second.row.operating_spki != row.operating_spki;
      setPeerLocked(row);
      at = peers.find(home);
      if (at == peers.end()) continue;
      if (other_key) at->second.refused_reason.clear();
      if (!row.fork.empty()) at->second.last_error = kForkText;
      linked = at->second.link != nullptr;
      // A session has said goodbye, and its link ends when that has left.
      for (const auto& connection : connections) {
        const bool stays = connection->peer_spki.empty() || connection->for_commit ||
                           (connection->peer_spki == row.operating_spki && !isBlocked(row)) ||
                           (connection == at->second.link && replicator->connected(home));
        if (connection->home == home && !stays) over.push_back(connection);
      }
    }
    for (const auto& connection : over) connection->close("key_renewed", kRenewedText);
    if (!linked) wake(home, kFirstRetryMs);
  }
}

// The other home forgot this one: were its folder copied back later, it would know it again (T11, T12). Or it has taken a key
// of ours in, so the present one is likely to be what it wants next; what it pins is known when a link has shown it.
void LinkHub::Impl::onBye(const HomeId& from, const std::string& reason) {
  if (reason == "key_renewed") {
    std::lock_guard lock(mutex);
    auto at = peers.find(from);
    if (at != peers.end()) at->second.key_turn = 1;
    return;
  }
  auto row = engine.core().store().peer(from);
  if (reason != "forgotten" || !isPinned(row)) return;
  row->told_forgotten = true;
  engine.core().store().putPeer(*row);
  changed(*row);
  dropAcknowledgedKeys();
}

// The keys of before that no paired home needs go when this transaction is durable; while a pairing is under way none does.
void LinkHub::Impl::dropAcknowledgedKeys() {
  auto keys = identity.keys();
  if (keys->former.empty()) return;
  {
    std::lock_guard lock(mutex);
    if (!commits.empty() || (run && !run->finished && run->session)) return;
  }
  for (const store::Peer& row : engine.core().store().peers()) {
    if (row.state != store::PeerState::kForgotten && !row.told_forgotten && row.knows_spki != keys->present.spki()) return;
  }
  drop_keys_before = keys->present.spki();
}

// Links' thread. Only by a clock that is right: one that jumps ahead must not lose keys.
void LinkHub::Impl::dropOldKeys() {
  int64_t now = clock.steadyMs();
  if (former_keys_looked_ms != 0 && now - former_keys_looked_ms < kFormerKeysEveryMs) return;
  if (!clock.synchronised()) return;
  former_keys_looked_ms = now;
  Status dropped = identity.dropOldKeys(clock.wallMs());
  if (!dropped.ok()) logError("links", dropped.error().message);
}

KeyReport LinkHub::Impl::keyReport(engine::Core& core) {
  auto keys = identity.keys();
  KeyReport report;
  report.epoch = keys->chain.back().epoch;
  report.by = keys->chain.back().by;
  report.name = trust::keyName(keys->present.spki());
  report.former = keys->former.size();
  // A home that no link has shown to know it knows the present one when there never was another.
  bool ever_renewed = keys->chain.back().epoch > 1;
  for (const store::Peer& row : core.store().peers()) {
    if (row.state != store::PeerState::kPaired || row.told_forgotten || row.knows_spki == keys->present.spki()) continue;
    if (!row.knows_spki.empty() || ever_renewed) report.waiting.emplace_back(row.home, displayName(row.name));
  }
  report.foreign = areForeign(core.store().meta(kForeignStatements), keys->chain);
  return report;
}

Result<KeyReport> LinkHub::keys() {
  KeyReport report;
  HG_CHECK(impl_->engine.run([&](engine::Core& core) { report = impl_->keyReport(core); }));
  return report;
}

Result<KeyReport> LinkHub::renewKey(const trust::KeyRenewal& renewal) {
  Impl& impl = *impl_;
  std::optional<int64_t> now;
  if (impl.clock.synchronised()) now = impl.clock.wallMs();
  HG_CHECK(impl.identity.renewKey(renewal, impl.random, now));
  KeyReport report;
  Status told = impl.engine.run([&](engine::Core& core) {
    impl.stateOwnKeys();
    for (const auto& [home, connection] : impl.engine_links) impl.tellOwnKeys(home);
    impl.dropAcknowledgedKeys();
    report = impl.keyReport(core);
  });
  if (told.ok()) return report;
  // The key is in force: other homes are told of it with the next hello.
  logWarning("links", "The new key could not be told to other homes now: " + told.error().message);
  auto keys = impl.identity.keys();
  report = {keys->chain.back().epoch, keys->chain.back().by, trust::keyName(keys->present.spki()), keys->former.size(), {}, false};
  return report;
}

// What a home that has said hello was not told yet.
void LinkHub::Impl::tellOwnKeys(const HomeId& home) {
  auto told = told_keys.find(home);
  if (!replicator->ready(home) || told == told_keys.end() || told->second == stated_spki) return;
  told->second = stated_spki;
  replicator->tell(home, encodeStatementsMessage(trust::encodeChain(identity.chain())));
}

}  // namespace hearthgate::sync
