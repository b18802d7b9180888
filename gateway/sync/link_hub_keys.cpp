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

// Of `subject`, as `teller` tells it.
std::string knownMark(const HomeId& teller, const HomeId& subject) {
  std::string text = "hearthgate/known/v1";
  text += teller.view();
  text += subject.view();
  return trust::sha256Bytes(text).substr(0, kMarkBytes);
}

std::string headOf(const trust::KeyChain& chain) { return chain.back().hash().substr(0, kMarkHeadBytes); }

// What is stored was verified before it was.
trust::KeyChain chainOf(const std::string& statements) {
  auto chain = trust::decodeChain(statements);
  return chain.ok() ? std::move(*chain) : trust::KeyChain{};
}

bool isPinned(const std::optional<store::Peer>& row) { return row && row->state == store::PeerState::kPaired; }

}  // namespace

bool areForeign(const std::string& stored, const trust::KeyChain& own) {
  trust::KeyChain foreign = chainOf(stored);
  return !foreign.empty() && trust::compareChains(own, foreign) != trust::ChainOrder::kOlder;
}

void LinkHub::Impl::stateOwnKeys() {
  auto keys = identity.keys();
  stated_spki = keys->present.spki();
  replicator->setStatements(trust::encodeChain(keys->chain));
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

void LinkHub::Impl::tellKeys(const HomeId& home) {
  KnownKeys known;
  for (const store::Peer& row : engine.core().store().peers()) {
    if (row.home == home || row.state != store::PeerState::kPaired || known.rows.size() == kMaxKnownKeys) continue;
    trust::KeyChain chain = chainOf(row.statements);
    if (!chain.empty()) known.rows.push_back({knownMark(identity.home(), row.home), headOf(chain)});
  }
  replicator->tell(home, encode(known));
}

// What is pinned has changed; others pin the same home perhaps.
void LinkHub::Impl::tellKeysToAll() {
  for (const auto& [home, connection] : engine_links) tellKeys(home);
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
  std::map<std::string, std::string> heads;
  for (const KnownKeys::Row& row : known.rows) heads[row.mark] = row.head;
  std::set<std::string>& marks = told_marks[from];
  marks.clear();
  for (const store::Peer& row : engine.core().store().peers()) {
    if (row.home == from || row.state != store::PeerState::kPaired) continue;
    auto at = heads.find(knownMark(from, row.home));
    if (at == heads.end()) continue;
    marks.insert(at->first);
    trust::KeyChain chain = chainOf(row.statements);
    if (!chain.empty() && headOf(chain) != at->second) replicator->tell(from, encodeStatementsMessage(row.statements));
    if (!row.fork.empty()) replicator->tell(from, encodeStatementsMessage(row.fork));
  }
}

void LinkHub::Impl::onStatements(const HomeId& from, std::string_view bytes) {
  auto decoded = trust::decodeChain(bytes);
  Status holds = decoded.ok() ? Status{} : Status{decoded.error()};
  if (holds.ok() && decoded->empty()) holds = trustError("key_not_vouched", "The other home sent no key statement.");
  if (holds.ok()) holds = trust::verifyChain(decoded->back().home, *decoded);
  if (!holds.ok()) return replicator->sayBye(from, "identity", holds.error().message);
  const trust::KeyChain& chain = *decoded;
  const HomeId subject = chain.back().home;
  if (subject == identity.home()) return onOwnStatements(from, chain);
  auto row = engine.core().store().peer(subject);
  if (!isPinned(row)) return;  // Nobody's here.
  trust::KeyChain known = chainOf(row->statements);
  trust::ChainOrder order = known.empty() ? trust::ChainOrder::kNewer : trust::compareChains(known, chain);
  if (!row->fork.empty()) {
    // Held until the root key has spoken above both.
    trust::KeyChain other = chainOf(row->fork);
    bool above = chain.front().epoch > known.front().epoch && (other.empty() || chain.front().epoch > other.front().epoch);
    if (above) return renewed(from, *row, chain);
    if (subject == from) replicator->sayBye(from, "identity_fork", kForkText);
    return;
  }
  switch (order) {
    case trust::ChainOrder::kSame: return;
    case trust::ChainOrder::kNewer: return renewed(from, *row, chain);
    case trust::ChainOrder::kOlder:
      // It was away, or its folder was copied back.
      return replicator->tell(from, encodeStatementsMessage(row->statements));
    case trust::ChainOrder::kFork: return forked(from, *row, known, chain);
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
  rekeyed.insert(row.home);
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
  for (const auto& [home, marks] : told_marks) {
    if (home != from && home != row.home && marks.contains(knownMark(home, row.home))) {
      replicator->tell(home, encodeStatementsMessage(row.statements));
    }
  }
  if (other_key) {
    core.event("home", homeEvent(row.home, "key_renewed"));
    replicator->sayBye(row.home, "key_renewed", kRenewedText);
  }
  rekeyed.insert(row.home);
}

// After the transaction: pins follow what is durable, and links under other keys end.
void LinkHub::Impl::rekey(bool committed) {
  std::set<HomeId> homes = std::exchange(rekeyed, {});
  if (!committed) return;
  for (const HomeId& home : homes) {
    auto stored = engine.core().store().peer(home);
    if (!isPinned(stored)) continue;
    store::Peer& row = *stored;
    std::vector<std::shared_ptr<Connection>> over;
    {
      std::lock_guard lock(mutex);
      auto at = peers.find(row.home);
      if (at == peers.end()) continue;  // Forgotten meanwhile.
      row.addresses = at->second.row.addresses;
      row.kept_apart = at->second.row.kept_apart;
      setPeerLocked(row);
      const bool open = row.fork.empty() && !row.told_forgotten;
      if (open) at->second.refused_reason.clear();
      if (!row.fork.empty()) at->second.last_error = kForkText;
      // The home's own link has said goodbye, and ends when that has left.
      for (const auto& connection : connections) {
        if (connection->home == row.home && connection != at->second.link && !connection->for_commit) over.push_back(connection);
      }
    }
    for (const auto& connection : over) connection->close("key_renewed", kRenewedText);
    wake(row.home, kFirstRetryMs);
  }
}

// The other home says that it has taken in what it was told last, or that it forgot this one: were its folder copied back
// later, it would know it again (T11, T12).
void LinkHub::Impl::onBye(const HomeId& from, const std::string& reason) {
  auto told = told_keys.find(from);
  const bool renewed_there = reason == "key_renewed" && told != told_keys.end();
  auto row = engine.core().store().peer(from);
  if (!isPinned(row) || !(renewed_there || reason == "forgotten")) return;
  if (renewed_there) row->knows_spki = told->second;
  row->told_forgotten = reason == "forgotten";
  engine.core().store().putPeer(*row);
  rekeyed.insert(from);
  dropAcknowledgedKeys();
}

// The keys of before that no paired home needs.
void LinkHub::Impl::dropAcknowledgedKeys() {
  auto keys = identity.keys();
  if (keys->former.empty()) return;
  for (const store::Peer& row : engine.core().store().peers()) {
    if (row.state != store::PeerState::kForgotten && !row.told_forgotten && row.knows_spki != keys->present.spki()) return;
  }
  Status dropped = identity.dropFormerKeys(std::numeric_limits<int64_t>::max());
  if (!dropped.ok()) return logError("links", dropped.error().message);
  engine.core().audit("system", "key.drop", "", "every home knows the present key; the former ones are gone");
}

// Links' thread. Only by a clock that is right: one that jumps ahead must not lose keys.
void LinkHub::Impl::dropOldKeys() {
  int64_t now = clock.steadyMs();
  if (former_keys_looked_ms != 0 && now - former_keys_looked_ms < kFormerKeysEveryMs) return;
  if (!clock.synchronised()) return;
  former_keys_looked_ms = now;
  Status dropped = identity.dropFormerKeys(clock.wallMs() - trust::kFormerKeyLimitMs);
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
  HG_CHECK(impl_->identity.renewKey(renewal, impl_->random, impl_->clock.wallMs()));
  KeyReport report;
  HG_CHECK(impl_->engine.run([&](engine::Core& core) {
    Impl& impl = *impl_;
    impl.stateOwnKeys();
    const std::string statements = trust::encodeChain(impl.identity.chain());
    for (const auto& [home, connection] : impl.engine_links) {
      impl.told_keys[home] = impl.stated_spki;
      impl.replicator->tell(home, encodeStatementsMessage(statements));
    }
    impl.dropAcknowledgedKeys();
    report = impl.keyReport(core);
  }));
  return report;
}

}  // namespace hearthgate::sync
