// The messages between two homes, inside the encrypted channel: one type byte, then fields in the form of
// model/codec.h. Owners are one byte where they are one of the two homes. Everything read is hostile. Values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "engine/circles.h"
#include "model/address.h"
#include "model/rules.h"
#include "model/version.h"
#include "store/rows.h"

namespace hearthgate::sync {

enum class MessageType : uint8_t {
  kHello = 1,
  kRules = 2,
  kReplica = 3,
  kBatch = 4,
  kAck = 5,
  kPosition = 6,
  kAskLevel = 7,
  kLevel = 8,
  kBye = 9,
  kHeld = 10,
  kKnownKeys = 11,
  kStatements = 12,
  kCircles = 13,
  kCharter = 14,
  kCircleHello = 15,
};

// The type of a message, or nothing for an empty or unknown one.
std::optional<MessageType> typeOf(std::string_view message);

// What a side says of one owner's entities when a link opens.
struct OwnerHello {
  model::OwnerId owner;
  FeedEpoch epoch;             // of the sender's feed
  uint64_t sequence = 0;       // its end
  bool has_content = false;    // whether the sender holds anything of this owner
  std::optional<store::Cursor> cursor;  // how far the sender is in the receiver's feed
  model::Rules rules;          // number and rows as the sender has them for this pair
  std::vector<ReplicaId> replicas;                       // the sender's own, current and former
  std::vector<std::pair<ReplicaId, uint64_t>> seen;      // highest counters of the receiver's, and of ids nobody told
  std::vector<std::pair<ReplicaId, uint64_t>> doubted;   // from which on another life of the sender knew others of the receiver's
  std::vector<store::FeedPlace> places;  // of the receiver's feed from which the sender has content
};

struct Hello {
  uint32_t protocol_min = 0;
  uint32_t protocol_max = 0;
  HomeId home;
  std::string name;
  int64_t incarnation = 0;
  int64_t clock_ms = 0;
  std::vector<std::string> addresses;
  std::string statements;  // trust's encoding of key statements
  std::vector<OwnerHello> owners;
};
std::string encode(const Hello& hello);
Result<Hello> decodeHello(std::string_view message);

struct RulesMessage {
  model::OwnerId owner;
  model::Rules rules;
};
std::string encode(const RulesMessage& message);
Result<RulesMessage> decodeRulesMessage(std::string_view message);

struct ReplicaMessage {
  model::OwnerId owner;
  ReplicaId replica;
};
std::string encode(const ReplicaMessage& message);
Result<ReplicaMessage> decodeReplicaMessage(std::string_view message);

// 16 bytes over the sorted hashes of the versions offered of one entity.
using SiblingDigest = std::string;
SiblingDigest digestOf(const std::vector<ContentHash>& hashes);

struct BatchItem {
  std::string id;
  std::string kind;
  std::vector<std::string> versions;  // encoded, in the numbers of the sender; those they are built on first
  SiblingDigest digest;               // instead of versions in a digest batch
};

struct Batch {
  model::OwnerId owner;
  uint64_t number = 0;  // of this link and owner, from 1
  bool full = false;    // part of a pass over everything
  bool begin = false;   // the first of a pass
  bool end = false;     // the sender has nothing more now; in a pass: it is complete
  bool digest = false;
  FeedEpoch epoch;
  uint64_t upto = 0;          // the feed up to here is sent
  uint64_t rules_number = 0;  // as the sender has it
  std::vector<std::pair<uint32_t, ReplicaId>> replicas;  // new rows of the link's tables
  std::vector<std::pair<uint32_t, HomeId>> homes;
  std::vector<BatchItem> items;
};
std::string encode(const Batch& batch);
Result<Batch> decodeBatch(std::string_view message);

struct Ack {
  struct Exception {
    uint32_t version = 0;  // place among all versions of the batch
    bool held = false;     // else refused for good
    std::string reason;
  };
  model::OwnerId owner;
  uint64_t number = 0;
  std::vector<uint32_t> wants;  // items of a digest batch
  std::vector<Exception> exceptions;
  std::vector<std::pair<uint32_t, model::OwnerTag>> tags;  // of accepted versions, by the owner
};
std::string encode(const Ack& ack);
Result<Ack> decodeAck(std::string_view message);

struct Position {
  model::OwnerId owner;
  FeedEpoch epoch;
  uint64_t sequence = 0;   // everything up to here was sent
  uint64_t remaining = 0;  // entities still to be sent
  int64_t clock_ms = 0;
};
std::string encode(const Position& position);
Result<Position> decodePosition(std::string_view message);

// kAskLevel and kLevel.
struct LevelMessage {
  uint64_t token = 0;
  uint64_t held = 0;     // held back here of what the asker sent
  uint64_t refused = 0;
};
std::string encodeAskLevel(const LevelMessage& message);
std::string encodeLevel(const LevelMessage& message);
Result<LevelMessage> decodeLevel(std::string_view message);

// What became of versions that the receiver sent and that were not joined at once: all that is still held, and what was
// refused since the last time.
struct HeldMessage {
  struct Row {
    std::string id;
    ContentHash hash;  // zero for a version of an unknown format
    std::string reason;
  };
  model::OwnerId owner;
  std::vector<Row> held;
  std::vector<Row> refused;
};
std::string encode(const HeldMessage& message);
Result<HeldMessage> decodeHeld(std::string_view message);

// Which homes the sender pins, so that the receiver can pass on newer statements of those that it pins too (TRUST.md T8).
// Who does not know a home's id learns nothing of it from its mark.
struct KnownKeys {
  struct Row {
    std::string mark;  // knownMark(), 16 bytes
    std::string head;  // the first 8 bytes of the hash of its newest statement
  };
  std::vector<Row> rows;
};
std::string encode(const KnownKeys& known);
Result<KnownKeys> decodeKnownKeys(std::string_view message);

// A chain of key statements, in trust's encoding: of the sender itself, or of a home that both pin.
std::string encodeStatementsMessage(std::string_view chain);
Result<std::string> decodeStatementsMessage(std::string_view message);

// wire_circles.cpp. All that the sender has to say to the receiver about circles, each time anew: its invitations, its
// answers to the receiver's, and which charter it has of circles of which both are members by it (or, zero, that it waits for
// one). Homes that are no members learn nothing of a circle.
struct CirclesMessage {
  struct Known {
    model::OwnerId circle;
    trust::CharterHash charter;
  };
  std::vector<engine::Circles::Invitation> invitations;
  std::vector<engine::Circles::Reply> replies;
  std::vector<Known> known;
};
std::string encode(const CirclesMessage& message);
Result<CirclesMessage> decodeCircles(std::string_view message);

// A charter with what shows that it is one, in trust's encoding.
struct CharterMessage {
  model::OwnerId circle;
  std::string proof;
};
std::string encode(const CharterMessage& message);
Result<CharterMessage> decodeCharterMessage(std::string_view message);

// What a member says of a circle's entities as soon as both are known to be members; its rules are empty but for the number.
std::string encodeCircleHello(const OwnerHello& hello);
Result<OwnerHello> decodeCircleHello(std::string_view message);

struct Bye {
  std::string code;  // superseded, forgotten, protocol, held_quota, key_renewed, identity_fork
  std::string text;
};
std::string encode(const Bye& bye);
Result<Bye> decodeBye(std::string_view message);

}  // namespace hearthgate::sync
