// The rows of the database as values. Used by everything that reads or writes the store; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "model/address.h"
#include "model/rules.h"
#include "model/version.h"

namespace hearthgate::store {

using EntityNumber = int64_t;

enum class EntityState { kLive = 0, kDeleted = 1, kNoLongerShared = 2 };
enum class Origin { kLocal = 0, kRemote = 1 };

struct EntityRow {
  EntityNumber n = 0;
  model::Address address;
  std::string kind;
  uint64_t sequence = 0;
  EntityState state = EntityState::kLive;
  Origin origin = Origin::kLocal;
  bool conflicted = false;
  int64_t updated_ms = 0;
  model::Siblings siblings;  // empty only for kNoLongerShared
  size_t stored_bytes = 0;   // of the siblings, as the database has them
  std::string recent;        // recent_history.h
};

// An entity as the feed sends it: nothing decoded.
struct FeedRow {
  EntityNumber n = 0;
  std::string id;
  std::string kind;
  uint64_t sequence = 0;
  std::string siblings;  // model/codec.h
};

// Rows of a feed that stand one after the other.
struct FeedPart {
  std::vector<FeedRow> rows;
  bool last = false;  // nothing stands above them
};

// Where a row stands in an entity's history; a higher one is newer.
struct HistoryPlace {
  uint64_t change = 0;
  uint32_t place = 0;
  auto operator<=>(const HistoryPlace&) const = default;
};

// A row of `history`, by its number `n`.
struct PlacedHistory {
  HistoryPlace at;
  bool refused = false;
  int64_t n = 0;
};

// What retention asks of such a row.
struct OldVersion {
  PlacedHistory placed;
  ContentHash hash;
  model::Dot dot;
};

struct HistoryRow {
  uint64_t change = 0;
  bool refused = false;
  model::Version version;
  uint32_t place = 0;       // within the change
  size_t stored_bytes = 0;  // of the version, as the database has it
};

struct Change {
  uint64_t n = 0;
  int64_t at_ms = 0;
  HomeId home;
  std::string by;
  std::string how;
  uint64_t count = 0;
};

enum class ConflictState { kOpen = 0, kResolved = 1, kRefused = 2 };

struct Conflict {
  int64_t n = 0;
  std::string key;
  EntityNumber entity = 0;
  model::Address address;
  int64_t at_ms = 0;
  ConflictState state = ConflictState::kOpen;
  std::string strategy;
  model::Siblings versions;
  std::optional<model::Version> base;
  struct Outcome {
    std::string version;
    std::string fields;
    std::string by;
    std::string reason;
  };
  std::optional<Outcome> outcome;
  std::string lost = "[]";         // JSON
  std::string lost_fields = "[]";  // JSON
};

// What this home is as a writer of one owner's entities.
struct OwnerRow {
  uint32_t n = 0;
  model::OwnerId id;
  FeedEpoch epoch;
  std::optional<ReplicaId> replica;
  uint64_t counter = 0;
  uint64_t told = 0;  // the highest in a version that left
  bool replacing = false;
  bool hold = false;
};

// Versions in the history, the bases and the conflict records name their kind themselves: an entity's may still change
// while concurrent first versions meet.
inline constexpr std::string_view kNoKind;

// An own former replica id: what was issued under it, and how much of that others can know.
struct OwnReplica {
  ReplicaId replica;
  uint64_t issued = 0;
  uint64_t told = 0;
  std::optional<uint64_t> shared;  // another life wrote under it too: up to here both have the same versions
};

// A start of this home as a writer of one owner's entities: what it found, and the feed numbers that it skipped.
struct StartRow {
  uint64_t low = 0;
  uint64_t high = 0;
  std::optional<ReplicaId> replica;
  uint64_t counter = 0;
};

struct Head {
  uint64_t sequence = 0;
  uint64_t change = 0;
  int64_t stamp_ms = 0;
  uint32_t stamp_count = 0;
};

enum class PeerState { kUnacknowledged = 0, kPaired = 1, kForgotten = 2 };

struct PeerAddress {
  std::string address;  // HOST:PORT
  std::string source;   // hand, found, told or tunnel
  std::optional<int64_t> last_ok_ms;
};

// What a pairing leaves of another home's key.
struct Pin {
  std::string operating_spki;
  std::string statements;  // trust's encoding
  std::string pairing;     // PairingSession::pairingId()
};

struct Peer : Pin {
  HomeId home;
  std::string name;
  PeerState state = PeerState::kPaired;
  int64_t incarnation = 0;
  std::vector<PeerAddress> addresses;
  bool kept_apart = false;
  int64_t since_ms = 0;
  std::optional<int64_t> last_sync_ms;
  std::optional<Pin> former;  // comes back when the pairing that replaced it is not acknowledged
  std::string knows_spki;     // which key of this home's it pins; empty: no link has shown it
  std::string rejected;       // hashes of statements that a person decided against, 32 bytes each
  bool told_forgotten = false;  // it said that it forgot this home
  std::string fork;           // trust's encoding of a chain that contradicts `statements`; empty: there is none
};

struct Cursor {
  FeedEpoch epoch;
  uint64_t sequence = 0;
  uint64_t sender_number = 0;
  uint64_t receiver_number = 0;
  int64_t as_of_ms = 0;
};

enum class CircleState { kInvited = 0, kAccepted = 1, kMember = 2, kGone = 3 };

// A circle as this home knows it (0010_circles.sql).
struct CircleRow {
  model::OwnerId id;
  CircleState state = CircleState::kInvited;
  std::string name;
  std::optional<HomeId> inviter;
  int64_t until_ms = 0;  // of the invitation; names it too
  std::string proof;     // trust's encoding; empty: no charter yet
  uint64_t passes = 0;   // replacing passes that have ended
  bool needs_pass = false;
  bool operator==(const CircleRow&) const = default;
};

// A home that this one invited to a circle.
struct CircleGuest {
  HomeId home;
  std::string name;
  int64_t until_ms = 0;
  bool accepted = false;
};

// A place in another home's feed.
struct FeedPlace {
  FeedEpoch epoch;
  uint64_t sequence = 0;
};

struct HeldRow {
  int64_t n = 0;
  HomeId home;
  model::Address address;
  std::string kind;
  std::string reason;  // drift, quota, many siblings, unseen history, unknown format, counter jump
  int64_t at_ms = 0;
  ContentHash hash;     // zero for an unknown format
  std::string version;  // model/codec.h
};

// How far another home is in this home's feed of an owner's entities (0003_why.sql).
struct PeerPlace {
  FeedEpoch epoch;
  uint64_t sequence = 0;
  model::Rules rules;      // under which that was; without its number
  uint64_t remaining = 0;  // entities that it told last that it had still to send
  int64_t at_ms = 0;
};

// A version that another home holds back or has refused.
struct PeerException {
  std::string id;
  ContentHash hash;
  bool held = false;
  std::string reason;
  int64_t at_ms = 0;
};

// Kept of grants whose time has passed, for each owner and home: an owner could end as many as it likes, and the latest
// say why something is gone.
inline constexpr size_t kMaxEndedGrants = 1000;

// A grant whose time has passed, or that was taken back.
struct EndedGrant {
  std::string pattern;
  model::Access access = model::Access::kNone;
  int64_t until_ms = 0;  // when it ended
  bool taken_back = false;
};

// What tells one PeerPlace from another without reading its rules.
struct PlaceMark {
  FeedEpoch epoch;
  uint64_t sequence = 0;
  int64_t at_ms = 0;
  uint64_t rules_bytes = 0;
  bool operator==(const PlaceMark&) const = default;
};

// An entity of a feed without its content.
struct FeedId {
  std::string id;
  uint64_t sequence = 0;
  EntityNumber n = 0;
  bool shared = true;  // false: what is left of one that is no longer shared
  std::string kind;
  uint64_t bytes = 0;  // of its siblings, as they are stored; 0: nothing is left of it
};

struct AuditRow {
  int64_t n = 0;
  int64_t at_ms = 0;
  std::string actor;   // a home id, token:NAME, plugin:NAME or system
  std::string action;  // entity.write, grant.put, …
  std::string subject;
  std::string detail;
  uint64_t count = 1;
};

struct EventRow {
  uint64_t n = 0;
  std::string type;
  std::string body;  // JSON
};

}  // namespace hearthgate::store
