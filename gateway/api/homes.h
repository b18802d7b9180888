// What the API needs of the links between homes; the daemon gives it over sync::LinkHub. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "model/address.h"
#include "sync/key_report.h"
#include "sync/why.h"
#include "trust/identity.h"

namespace hearthgate::api {

struct HomeState {
  std::string state = "offline";  // connected, connecting, offline, refused
  int64_t since_ms = 0;           // 0: not known
  std::string transport;          // the plugin whose link is up, or empty
  std::string refused_reason;
  bool fresh = false;             // its word on its own entities is not too old (DESIGN.md section 3, "as of")
  // Entities on their way, beside those above these places of the feeds (sync::PeerReport).
  uint64_t to_send = 0;
  std::optional<uint64_t> sent_of_mine;
  std::optional<uint64_t> sent_of_theirs;
  std::optional<uint64_t> to_receive;  // nothing: no word in this link
  std::optional<int64_t> clock_offset_ms;
  std::vector<std::string> found;  // addresses that are announced on the local networks now
};

// For GET /metrics: what links have carried since the start, one direction.
struct TrafficFigures {
  uint64_t frames = 0;
  uint64_t compressed_frames = 0;
  uint64_t wire_bytes = 0;
  uint64_t message_bytes = 0;  // before compression
};
struct LinkFigures {
  TrafficFigures sent;
  TrafficFigures received;
};
struct HandshakeFigure {
  std::string kind;     // peer or pairing
  std::string outcome;  // done, failed, unreachable, refused
  uint64_t count = 0;
};

struct SyncAnswer {
  bool level = false;
  std::string reason;  // empty when level
  uint64_t held = 0;
  uint64_t refused = 0;
};

// One way of a first sync.
struct PairingAmount {
  struct Kind {
    std::string kind;
    uint64_t entities = 0;
    uint64_t bytes = 0;
  };
  uint64_t entities = 0;
  uint64_t bytes = 0;
  std::vector<Kind> kinds;
};

struct PairingState {
  struct Notice {
    std::string code;
    std::string detail;
  };
  std::string state = "none";  // none, open, confirming, done, failed
  int failed_tries = 0;
  std::string failed_text;    // about the tries, for people; may be empty
  int64_t expires_at_ms = 0;  // 0: does not expire any more
  std::optional<HomeId> peer;
  std::string peer_name;
  std::optional<int64_t> clock_offset_ms;
  std::vector<Notice> notices;
  std::vector<std::string> words;
  PairingAmount to_send;
  PairingAmount to_receive;
  std::optional<Error> error;  // of `failed`
};

// A service that was heard on a local network. Texts are what strangers said.
struct DiscoveredItem {
  std::string service;  // `_hearthgate._tcp`
  std::string instance;
  std::string name;
  std::string id8;      // what it says it is: the start of a home id
  std::string address;
  std::string interface;
  uint16_t port = 0;
  bool pair = false;
  bool own = false;
  bool here = false;
  int64_t first_seen_ms = 0;
  int64_t last_seen_ms = 0;
};

// How this machine stands in its networks now (GET /doctor).
struct NetworkLook {
  struct Interface {
    std::string name;
    std::vector<std::string> addresses;  // link-local ones of IPv6 with their zone: fe80::1%eth0
    bool running = false;                // has a carrier
    bool multicast = false;
    bool loopback = false;
    bool point_to_point = false;
    bool announced = false;  // this home should be announced there
    bool heard = false;      // and an announcement of its own came back from there
  };
  std::vector<Interface> interfaces;  // that are up
  std::string off;                    // why nothing is announced; empty: it should be
  std::string name;                   // as which this home is announced; empty: it is not
  std::string problem;                // why not
};

struct PairingCode {
  std::string code;
  std::string uri;
  int64_t expires_at_ms = 0;
};

inline constexpr int64_t kDefaultPairingTtlS = 300;
inline constexpr int64_t kMaxPairingTtlS = 3600;

class Homes {
 public:
  virtual ~Homes() = default;
  virtual HomeState state(const HomeId& home) = 0;
  virtual size_t connectedCount() = 0;
  virtual LinkFigures figures(const HomeId&) { return {}; }
  virtual std::vector<HandshakeFigure> handshakes() { return {}; }
  // Errors of these: home_not_found, bad_address.
  virtual Status connect(const HomeId& home) = 0;
  virtual Status disconnect(const HomeId& home) = 0;
  virtual Status forget(const HomeId& home) = 0;
  virtual Status edit(const HomeId& home, const std::optional<std::vector<std::string>>& addresses,
                      const std::optional<std::string>& name) = 0;
  // Bytes a second; nothing: the configuration's.
  virtual Status setBandwidth(const HomeId& home, std::optional<uint64_t> bytes_per_s) = 0;
  // Between this home and `home`, of an entity of either.
  virtual Result<sync::Why> why(const HomeId& home, const model::Address& address) = 0;
  // Waits up to 30 s.
  virtual Result<SyncAnswer> sync(const HomeId& home) = 0;

  virtual Result<PairingCode> openPairing(int64_t ttl_s, bool auto_confirm) = 0;
  // The last one; of `role` "invites" or "joins" alone those of that kind.
  virtual PairingState pairing(const std::string& role) = 0;
  virtual Status confirmPairing() = 0;
  virtual void cancelPairing() = 0;
  // Waits. Errors: CONTRACT's for POST /pairing/join.
  virtual Result<PairingState> join(const std::string& code_or_uri, const std::optional<std::string>& address,
                                    bool auto_confirm) = 0;

  virtual Result<sync::KeyReport> keys() = 0;
  // Errors: key_chain_full, recovery_words_wrong, a file's.
  virtual Result<sync::KeyReport> renewKey(const trust::KeyRenewal& renewal) = 0;

  // Ordered by service, instance and interface.
  virtual std::vector<DiscoveredItem> discovered() { return {}; }

  // GET /doctor.
  // How far the way to `home` leads, by its last dials; nothing when it was not tried. Errors: home_not_found.
  virtual Result<std::vector<sync::ReachStep>> reach(const HomeId&) { return std::vector<sync::ReachStep>(); }
  // Dials who has no link, and waits for what comes of it, at most so long. False when the gateway stops meanwhile.
  virtual bool tryNow(std::chrono::milliseconds) { return true; }
  // Waits, at most so long, for announcements of its own that come back.
  virtual NetworkLook lookAround(std::chrono::milliseconds) { return {}; }
};

}  // namespace hearthgate::api
