// The links of this home: who is dialled and when, who is let in, the encrypted channel on each link, frames, and pairing.
// It joins a transport (below), the trust layer and the replicator (on the engine's thread). Used by the API and the
// daemon; every function from any thread unless it says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "engine/engine.h"
#include "hearthgate/dns_sd.h"
#include "hearthgate/transport.h"
#include "sync/key_report.h"
#include "sync/replicator.h"
#include "sync/traffic.h"
#include "trust/handshake_gate.h"
#include "trust/identity.h"
#include "trust/pairing.h"
#include "trust/pairing_gate.h"

namespace hearthgate::sync {

class Connection;
struct PairingRun;

// The DNS-SD service of a home (CONTRACT.md "On the network").
inline constexpr char kHomeService[] = "_hearthgate._tcp";

struct LinkHubSettings {
  std::string name;                    // of this home
  std::vector<std::string> advertise;  // told to other homes and put into a pairing URI, until advertise() says where to ask
  int64_t incarnation = 1;
  int64_t full_sync_interval_ms = 30'000;
  uint64_t bandwidth_limit = 0;
  int64_t max_clock_drift_ms = 60'000;
  std::vector<std::string> uncompressed_kinds;
  trust::HandshakeGate::Limits unauthenticated;  // TRUST.md T7
};

// What `GET /homes` shows of a home beside its row.
struct HomeState {
  std::string state = "offline";  // connected, connecting, offline, refused
  int64_t since_ms = 0;
  std::string transport;       // the plugin whose link is up, or empty
  std::string remote_address;  // of that link
  std::string refused_reason;
  std::vector<std::string> found;  // addresses that are announced on the local networks now
  PeerReport report;
};

struct SyncAnswer {
  bool level = false;
  std::string reason;  // empty when level
  uint64_t held = 0;
  uint64_t refused = 0;
};

struct PairingPreview {
  uint64_t entities = 0;
  uint64_t bytes = 0;
  std::vector<trust::PairingOffer::Kind> kinds;
};

// What a person should know before agreeing.
struct PairingNotice {
  std::string code;  // known_home, new_key, key_fork, clock_differs
  std::string detail;
};

// One pairing as both sides show it.
struct PairingView {
  std::string state = "none";  // none, open, confirming, done, failed
  int failed_tries = 0;
  std::string failed_text;     // "3 failed tries from 192.0.2.7"
  int64_t expires_at_ms = 0;
  std::optional<HomeId> peer;
  std::string peer_name;
  std::optional<int64_t> clock_offset_ms;  // how far its clock is ahead of this home's; nothing: it did not say
  std::vector<PairingNotice> notices;
  std::vector<std::string> words;
  PairingPreview to_send;
  PairingPreview to_receive;
  std::optional<Error> error;  // of `failed`; codes as CONTRACT's for pairing/join
};

struct OpenedCode {
  std::string code;  // HEARTH-XXXX-XXXX-XXXX-XXXX
  std::string uri;
  int64_t expires_at_ms = 0;
};

// How long a `home sync` waits for both sides to be level (CONTRACT).
inline constexpr int64_t kSyncWaitMs = 30'000;
// A pairing code is open for five minutes unless asked otherwise; at most an hour.
inline constexpr int64_t kPairingTtlS = 300;
inline constexpr int64_t kMaxPairingTtlS = 3600;

class LinkHub {
 public:
  LinkHub(engine::Engine& engine, trust::Identity& identity, Clock& clock, Random& random, LinkHubSettings settings);
  ~LinkHub();
  LinkHub(const LinkHub&) = delete;
  LinkHub& operator=(const LinkHub&) = delete;

  // Hooks itself into the engine; before Engine::start().
  void attach();
  // Loads the paired homes; after Engine::start().
  Status start();
  // A transport that is ready: its listener should use acceptor(), and dialling begins.
  void useTransport(const std::string& name, std::shared_ptr<sdk::Transport> transport);
  // Where this home is, for other homes; in place of LinkHubSettings::advertise, and asked for each link and code, because it
  // changes. Any thread; it must not call back.
  void advertise(std::function<std::vector<std::string>()> addresses);
  // The transport goes: its links are closed and it is not used after this returns.
  void dropTransport(const std::string& name);
  sdk::Transport::Acceptor acceptor(const std::string& transport);
  void stop();

  // --- homes ----------------------------------------------------------------------------------------------------------
  HomeState state(const HomeId& home);
  size_t connectedCount();
  // For GET /metrics: null when there was no link since the start.
  std::shared_ptr<const LinkTraffic> traffic(const HomeId& home);
  const Handshakes& handshakes() const;
  // Connects and keeps connected, also after restarts. Errors: home_not_found.
  Status connect(const HomeId& home);
  // Keeps apart until connect(). Errors: home_not_found.
  Status disconnect(const HomeId& home);
  // Removes pin, rules and links (T11). Errors: home_not_found.
  Status forget(const HomeId& home);
  // Addresses by hand and the name shown here; nothing leaves either as it is. Errors: home_not_found, bad_address.
  Status edit(const HomeId& home, const std::optional<std::vector<std::string>>& addresses,
              const std::optional<std::string>& name);
  // Bytes a second that may go to this home; nothing: the configuration's. At once, and after restarts. Errors:
  // home_not_found.
  Status setBandwidth(const HomeId& home, std::optional<uint64_t> bytes_per_s);
  // Why an entity, of this home or of `home`, is or is not level with `home`. Errors: home_not_found.
  Result<Why> why(const HomeId& home, const model::Address& address);
  // How far the way to `home` leads, as the last dials found; nothing when it is kept apart or no transport runs. Errors:
  // home_not_found.
  Result<std::vector<ReachStep>> reach(const HomeId& home);
  // Dials all homes that have no link and may have one, at once, and waits until each has said hello or none of its addresses
  // led there; at most `limit_ms`. False when the gateway stops meanwhile.
  bool tryNow(int64_t limit_ms);
  // Waits, at most kSyncWaitMs, until both sides are level. Errors: home_not_found.
  Result<SyncAnswer> sync(const HomeId& home);

  // --- keys (TRUST.md T8, T9) ---------------------------------------------------------------------------------------------
  Result<KeyReport> keys();
  // Another operating key, told to every home that is linked now and to the others when they come. Errors: those of
  // Identity::renewKey().
  Result<KeyReport> renewKey(const trust::KeyRenewal& renewal);

  // --- nearby ---------------------------------------------------------------------------------------------------------
  // What DNS-SD tells of kHomeService: hints where known homes are and which home has a code open. Other gateways'
  // announcements only.
  void nearby(sdk::ServiceChange change, const sdk::ServiceInstance& instance);
  // That nearby() will be told of what there is. Without it, join() wants an address.
  void looksNearby();

  // --- pairing --------------------------------------------------------------------------------------------------------
  // Opens a code; a new one replaces it. `auto_confirm`: this home's person has agreed in advance.
  Result<OpenedCode> openPairing(int64_t ttl_s, bool auto_confirm);
  // Whether somebody could join with a code of this home's now.
  bool codeOpen();
  // The pairing that was opened or joined here last; of `role` "invites" or "joins" alone those of that kind.
  PairingView pairing(std::string_view role = {});
  // Errors: pairing_not_open when there is nothing to confirm.
  Status confirmPairing();
  void cancelPairing();
  // Joins with a code or URI at `address`, the URI's, or the home nearby that the code opens. Waits until there is something to confirm, or with
  // `auto_confirm` until both have pinned; gives pairing() then. Errors: CONTRACT's for POST /pairing/join.
  Result<PairingView> join(const std::string& code_or_uri, const std::optional<std::string>& address, bool auto_confirm);
  // Called whenever pairing() changes, on a thread of the hub.
  void onPairingChanged(std::function<void()> changed);

 private:
  friend class Connection;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearthgate::sync
