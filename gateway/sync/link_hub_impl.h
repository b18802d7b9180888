// The inside of LinkHub, shared by its files. `mutex` guards everything that is not said to belong to the engine's thread;
// it is never held while the engine is waited for, and calls into transports and connections are made without it where
// they could call back.
#pragma once

#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "sync/connection.h"
#include "sync/link_hub.h"
#include "trust/pairing_code.h"
#include "trust/pairing_commit.h"
#include "trust/pairing_uri.h"

namespace hearthgate::sync {

// When to dial again (issue of the core, not of transports): first after 0.2 s, half as long again each time with 20 %
// jitter, at most 1 s for ten minutes, 15 s after; any hint starts over, and so does a link that stood, and for the first
// minute one that was cut after the hellos. Homes that refuse each other, or have no room to store what they say, would only
// shake hands again: 15 s.
inline constexpr int64_t kFirstRetryMs = 200;
inline constexpr int64_t kFastRetryMs = 1000;
inline constexpr int64_t kFastRetryForMs = 600'000;
inline constexpr int64_t kSlowRetryMs = 15'000;
inline constexpr int64_t kCutsForMs = 60'000;
// A link stands when both hellos came and this has passed: longer than what goes wrong in the beginning takes.
inline constexpr int64_t kStandingMs = 10'000;
// Two homes that dial each other at once keep the one link that both sides choose alike.
inline constexpr int64_t kDuplicateWindowMs = 5'000;
// A stranger's handshake that is older gives way when the places of T7 are taken. An honest one takes some round trips; a
// paired home whose source is not known (any more) must not wait ten seconds behind those that say nothing.
inline constexpr int64_t kGiveWayMs = 1'000;
// A link on which the other home's hello does not come is given up: hellos are small, and the first thing that is said.
// As long as a busy or slow home may take; without it a link whose first messages were lost would stand for ever.
inline constexpr int64_t kHelloLimitMs = 30'000;
inline constexpr size_t kMaxAddresses = 8;  // a home (TRUST.md T7)
// An address that worked, and that the home neither tells nor announces any more, is tried for so long after: a month, so that
// what a summer house had last time is still known, and what somebody else has been given meanwhile is left alone at last.
inline constexpr int64_t kHintMs = int64_t{31} * 24 * 3600 * 1000;
inline constexpr int64_t kTickMs = 250;
// How long a `home sync` that follows a `home connect` waits for the link.
inline constexpr int64_t kConnectWaitMs = 5'000;
inline constexpr char kCommitMessage = 0x20;  // first byte; the replicator's types are below
// What comes on a link before it is attached, the first message alone excepted: that one is the hello, which holds all rules
// and is whatever size a message may have. Before the answer to it an honest home says nothing more but small notes.
inline constexpr size_t kMaxEarlyBytes = 2 << 20;

// What a home called itself last: `=NAME` in the gateway's own part of the plugins' state (plugin_host::PluginState).
inline constexpr char kHostScope[] = "@host";
inline const std::string kToldName = "told_name.";

// Entities that one turn of an offer counts: some milliseconds.
inline constexpr size_t kOfferRows = 1000;

// The next of a home's addresses is dialled beside the others when they have not led anywhere for this long (RFC 8305
// section 5 recommends a quarter of a second). Where one has led to somebody who shakes hands, for that many steps: a busy
// home takes longer, and would only be made busier.
inline constexpr int64_t kRaceStepMs = 250;
inline constexpr int kHandshakeSteps = 8;
// Announcements of a known home that are dialled at once; one that comes and goes shall not make this home knock all the time.
inline constexpr int64_t kFoundEveryMs = 1000;
// From when on a dial that nobody has answered is told as such, and not what came of the one before.
inline constexpr int64_t kUnansweredMs = 1000;

struct PeerEntry {
  store::Peer row;
  std::shared_ptr<Connection> link;
  bool dialling = false;           // a round of dials is under way
  uint64_t round_number = 0;       // which one
  std::vector<std::string> round;  // its addresses, the best first
  size_t round_next = 0;           // of them, what was not dialled yet
  int round_starting = 0;          // dials that are being begun, and not among the connections yet
  int64_t found_dialled_ms = 0;
  int64_t expected_until_ms = 0;  // a person asked to connect just now
  size_t key_turn = 0;            // which of ownKeysFor() is shown to it
  uint64_t key_turned_round = 0;  // in which round that moved on
  uint64_t dial_generation = 0;
  double retry_ms = kFirstRetryMs;
  int64_t failing_since_ms = 0;
  bool storage_failed = false;  // here, which ended the last link
  int64_t since_ms = 0;
  std::string refused_reason;
  std::string last_error;
  std::vector<DialNote> dials;  // what came of its addresses, until a link stands again
  PeerReport report;
};

// Links and pairings that were refused before it was known whose they are, until the engine's thread audits them.
struct Refusals {
  struct Row {
    uint64_t times = 0;
    std::string from;  // the last one's address
    std::string text;
  };
  std::mutex mutex;
  std::map<std::pair<std::string, std::string>, Row> rows;  // by action and code

  void add(bool of_pairing, const std::string& code, std::string_view from, const std::string& text) {
    std::lock_guard lock(mutex);
    Row& row = rows[{of_pairing ? "pairing.refuse" : "link.refuse", code}];
    ++row.times;
    row.from = from;
    row.text = text;
  }
};

// A `home sync` that waits; engine's thread.
struct LevelWait {
  HomeId home;
  int64_t deadline_ms = 0;  // of the steady clock
  std::promise<SyncAnswer> answer;
  bool asking = false;
  bool asked_too_early = false;  // the other side was level before this one
  std::optional<LevelMessage> there;
};

// One pairing, on either side.
struct PairingRun {
  trust::PairingRole role = trust::PairingRole::kListener;
  bool auto_confirm = false;
  bool finished = false;
  std::shared_ptr<Connection> connection;
  // Joiner without an address: its dials (TRUST.md T3), to which announcement and since when; and of those that failed what
  // says most: a wrong code before anything else.
  struct Racing {
    std::string name;
    int64_t since_ms = 0;
  };
  std::map<std::shared_ptr<Connection>, Racing> racing;
  std::optional<Error> race_error;
  std::unique_ptr<trust::PairingSession> session;
  std::unique_ptr<trust::PairingCommit> commit;
  std::optional<trust::PairingPeer> peer;
  std::string address;  // joiner: where the other home was reached
  bool found = false;   // and whether it was found there, not given by a person
  bool offer_asked = false;
  bool commit_dialling = false;
  bool kept_apart = false;  // a person disconnected the two meanwhile, which the end of the pairing leaves as it is
  std::optional<Error> cancelled;  // by the person here, while it was being made durable
  int64_t commit_opened_ms = 0;  // joiner: when the link on which the other home's answer is awaited opened
  PairingView view;
};

// The addresses of a home that has just told `told` over its own link: those by hand stay, then come the told ones; of
// those told earlier only what worked lately is kept, the latest first, while there is room (T7: at most eight, hints expire).
std::vector<store::PeerAddress> addressesAfterHello(std::vector<store::PeerAddress> known,
                                                    const std::vector<std::string>& told, int64_t now_ms);

// No link with that home before a person, or its root key, has decided.
inline bool isBlocked(const store::Peer& row) { return !row.fork.empty() || row.told_forgotten; }
inline std::string refusedReason(const PeerEntry& entry) {
  if (!entry.row.fork.empty()) return "identity_fork";
  return entry.row.told_forgotten ? "forgotten" : entry.refused_reason;
}
// link_hub_keys.cpp: hashes of the statements that a person who pairs with `chosen` decides against.
std::string rejectedBy(const trust::KeyChain& chosen, const store::Peer& known);

// The body of a `home` event.
inline std::string homeEvent(const HomeId& home, const std::string& state) {
  return "{\"id\":\"" + home.text() + "\",\"state\":\"" + state + "\"}";
}

struct LinkHub::Impl : Connection::User {
  Impl(engine::Engine& engine_in, trust::Identity& identity_in, Clock& clock_in, Random& random_in,
       LinkHubSettings settings_in);

  engine::Engine& engine;
  trust::Identity& identity;
  Clock& clock;
  Random& random;
  LinkHubSettings settings;
  std::unique_ptr<Replicator> replicator;                     // engine's thread
  std::map<HomeId, std::shared_ptr<Connection>> engine_links;  // engine's thread
  std::vector<std::shared_ptr<LevelWait>> level_waits;         // engine's thread
  // Of the waits that this transaction ends; engine's thread.
  std::vector<std::pair<std::shared_ptr<LevelWait>, SyncAnswer>> level_answers;
  std::map<HomeId, std::string> told_keys;            // the key of ours that a linked home was told last; engine's thread
  std::map<HomeId, std::set<HomeId>> known_there;      // the homes that a linked one pins too; engine's thread
  std::string stated_spki;                             // the key that hellos tell; engine's thread
  // Of this transaction, in force when it is durable; engine's thread.
  struct ChangedPeer {
    store::Peer row;
    bool addresses = false;   // its addresses are newer than those in memory
    bool kept_apart = false;  // that too: it is a pairing
  };
  std::map<HomeId, ChangedPeer> changed_peers;
  std::optional<std::string> drop_keys_before;
  // What a home has had looked at in the present minute; engine's thread.
  struct KeyBudget {
    int64_t since_ms = 0;
    size_t statements = 0;
    size_t known = 0;
    bool more = false;  // something was left
  };
  std::map<HomeId, KeyBudget> key_budgets;
  int64_t former_keys_looked_ms = 0;                   // by the steady clock; links' thread
  int64_t pump_at_ms = 0;  // by the steady clock, when links wakes the engine to pump; engine's thread

  std::mutex mutex;
  std::condition_variable pairing_changed;
  std::condition_variable link_attached;
  bool stopping = false;
  std::map<HomeId, PeerEntry> peers;
  std::map<HomeId, std::shared_ptr<LinkTraffic>> traffic;  // since the start
  Handshakes handshakes_ended;
  Refusals refusals;
  std::map<std::string, HomeId> pins;  // operating SPKI → home, of paired and unacknowledged ones
  std::map<std::string, std::shared_ptr<sdk::Transport>> transports;
  std::function<std::vector<std::string>()> own_addresses;
  std::set<std::shared_ptr<Connection>> connections;
  trust::HandshakeGate handshake_gate;
  trust::PairingGate pairing_gate;
  std::optional<trust::PairingCode> code;
  bool code_auto_confirm = false;
  int64_t code_expires_ms = 0;
  bool code_was_open = false;  // at the last tick
  std::shared_ptr<PairingRun> run;                              // the last pairing
  std::map<std::string, std::shared_ptr<PairingRun>> commits;   // operating SPKI → pairing that is being made durable
  std::function<void()> on_pairing_changed;

  // The threads; declared last, so that they end before what they use.
  Executor links{"links"};
  Executor handshakes{"handshakes"};

  // link_hub.cpp
  Status load();
  void tick();
  void auditRefusals(engine::Core& core);
  void onEstablished(const std::shared_ptr<Connection>& connection) override;
  void onReceived(const std::shared_ptr<Connection>& connection, std::string message) override;
  void onEnded(const std::shared_ptr<Connection>& connection, const Error& error) override;
  void attachPeer(const std::shared_ptr<Connection>& connection, const HomeId& home);
  void toEngine(const std::shared_ptr<Connection>& connection, std::string message);
  bool linkEnded(const HomeId& home, const std::shared_ptr<Connection>& connection);
  void dispatch(bool committed);
  void planPump();
  void introduced(const HomeId& home, const Hello& hello);
  void takeName(store::Peer& row, const std::string& told);
  void event(const std::string& type, std::string body);
  void track(const std::shared_ptr<Connection>& connection);

  // link_hub_accept.cpp; those with `Locked` want the mutex held.
  sdk::LinkDecision accept(const std::string& transport, const sdk::LinkRequest& request);
  bool giveWayLocked(std::string_view remote_address);
  static bool handshakeIsLate(Connection& connection, int64_t now_ms);
  static bool staysUnused(const Connection& connection, int64_t now_ms);

  // link_hub_dial.cpp
  void wake(const HomeId& home, int64_t delay_ms);
  void dialDue(const HomeId& home, uint64_t generation);
  void dialNext(const HomeId& home, uint64_t round);
  void stepRound(const HomeId& home, uint64_t round, size_t next, int steps);
  bool roundOverLocked(const PeerEntry& entry) const;
  std::vector<std::string> addressesLocked(const PeerEntry& entry) const;
  std::vector<std::string> foundLocked(const HomeId& home) const;
  std::vector<std::string> advertisedLocked() const { return own_addresses ? own_addresses() : settings.advertise; }
  bool dialsLocked(const HomeId& home) const;
  void workedLocked(PeerEntry& entry, const std::string& address);
  std::vector<std::shared_ptr<Connection>> otherDialsLocked(const HomeId& home, const Connection& winner) const;
  std::shared_ptr<Connection> dialPeer(const std::string& address, const std::string& spki, const HomeId& home,
                                       bool for_commit);
  void dialEnded(const std::shared_ptr<Connection>& connection, const Error& error);
  bool mayDialLocked(const PeerEntry& entry) const;
  bool turnKeyLocked(PeerEntry& entry);
  int64_t nextRetryLocked(PeerEntry& entry);
  int64_t retryAfterLinkLocked(PeerEntry& entry, const Connection& connection, const Error& error);
  int64_t jittered(double ms);

  // link_hub_keys.cpp; but for ownKeysFor() and dropOldKeys() on the engine's thread, inside a transaction
  void stateOwnKeys();
  void tellKeys(const HomeId& home);
  void tellKeysToAll();
  void onKeyMessage(const HomeId& from, MessageType type, std::string_view message);
  void onKnownKeys(const HomeId& from, const KnownKeys& known);
  void onStatements(const HomeId& from, std::string_view bytes);
  void onOwnStatements(const HomeId& from, const trust::KeyChain& chain);
  void forked(const HomeId& from, store::Peer row, const trust::KeyChain& known, const trust::KeyChain& other);
  void renewed(const HomeId& from, store::Peer row, const trust::KeyChain& chain);
  void onBye(const HomeId& from, const std::string& reason);
  void changed(const store::Peer& row, bool addresses = false, bool kept_apart = false);
  void applyChanges(bool committed);
  void tellOwnKeys(const HomeId& home);
  KeyBudget& keyBudget(const HomeId& home);
  void askKeysAgain();
  void dropAcknowledgedKeys();
  void dropOldKeys();
  KeyReport keyReport(engine::Core& core);
  std::vector<const trust::OwnKey*> ownKeysFor(const trust::OwnKeys& keys, const store::Peer& row) const;
  // link_hub_reach.cpp
  void beginRoundLocked(PeerEntry& entry, std::vector<std::string> addresses);
  void noteLocked(PeerEntry& entry, const Connection& connection, const Error& error);
  void roundEndedLocked(PeerEntry& entry);
  LinkFacts factsLocked(const PeerEntry& entry) const;

  // link_hub_homes.cpp
  void setPeer(const store::Peer& row);
  void setPeerLocked(const store::Peer& row);
  void advanceLevelWaits();
  void answerLevelWaits(bool committed);

  // link_hub_join.cpp
  struct Neighbour {
    std::string name;     // of the announcement
    std::string id8;      // first symbols of its home id, as it says
    std::string address;  // ADDRESS:PORT
    bool pairing = false;
    int64_t since_ms = 0;
  };
  std::map<std::string, Neighbour> neighbours;  // guarded by `mutex`
  bool looks_nearby = false;
  std::optional<Neighbour> nextToRaceLocked(const PairingRun& pairing, const std::set<std::string>& tried) const;
  Result<PairingView> joinNearby(const trust::PairingCode& typed, bool auto_confirm);
  Result<std::shared_ptr<PairingRun>> beginJoin(bool auto_confirm, bool found);
  Status dialPairing(const trust::PairingCode& typed, const std::string& address,
                     const std::function<bool(const std::shared_ptr<Connection>&)>& take);
  Result<PairingView> awaitJoin(const std::shared_ptr<PairingRun>& pairing);

  // link_hub_pairing.cpp
  sdk::LinkDecision acceptPairing(const sdk::LinkRequest& request);
  void pairingEstablished(const std::shared_ptr<Connection>& connection);
  void pairingReceived(const std::shared_ptr<Connection>& connection, const std::string& plaintext);
  void pairingEnded(const std::shared_ptr<Connection>& connection, const Error& error);
  void advancePairing(const std::shared_ptr<PairingRun>& pairing);
  void failPairing(const std::shared_ptr<PairingRun>& pairing, const Error& error);
  struct OfferCount;
  void askOffer(const std::shared_ptr<PairingRun>& pairing);
  void countOffer(const std::shared_ptr<PairingRun>& pairing, const std::shared_ptr<OfferCount>& count);
  void pairingTick();
  void changedPairing();
  // link_hub_commit.cpp
  void beginCommitLocked(const std::shared_ptr<PairingRun>& pairing);
  void commitOpened(const std::shared_ptr<Connection>& connection, const std::shared_ptr<PairingRun>& pairing);
  void commitReceived(const std::shared_ptr<Connection>& connection, const std::string& payload);
  void perform(const std::shared_ptr<PairingRun>& pairing, trust::PairingCommit::Actions actions,
               const std::shared_ptr<Connection>& connection);
  void paired(const std::shared_ptr<PairingRun>& pairing);
  void dialCommit(const std::shared_ptr<PairingRun>& pairing);
  store::Peer rowOf(const PairingRun& pairing, bool marked, const std::optional<store::Peer>& known);
  PeerEntry* pairedByLocked(const std::string& spki);
  void endRunLocked(PairingRun& pairing);
  void keepMarkedLocked(PairingRun& pairing, const std::string& pairing_id);
  void resumeIfMarked(const HomeId& home);
  void resumeMarked(const store::Peer& row);
};

}  // namespace hearthgate::sync
