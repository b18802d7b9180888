// One immutable write of an entity, its canonical form and id, and the one order of versions. Values, any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "model/address.h"
#include "model/leaves.h"
#include "model/vector.h"

namespace hearthgate::model {

// Why a version was written. The numbers are part of the stored and sent form.
enum class Reason : uint8_t { kWrite = 0, kResolution = 1, kRestore = 2, kUndo = 3, kDelete = 4 };

std::string_view reasonText(Reason reason);

// HMAC-SHA256 over a content hash under the owner's key, cut to 16 bytes: "this passed through me" (DESIGN.md rule 8).
using OwnerTag = std::array<uint8_t, 16>;

// The first 20 bytes of a content hash, in base32: 32 letters.
std::string versionId(const ContentHash& hash);

struct Version {
  std::string kind = "state";
  bool deleted = false;
  Reason reason = Reason::kWrite;
  HomeId author;
  Dot dot;
  Stamp stamp;
  Vector vector;  // covers `dot`

  std::string fields = "{}";  // canonical JSON; `{}` when deleted
  // The dots of the leaves that have not the version's own, by the leaf's place in canonical order, rising.
  struct LeafDot {
    uint32_t leaf;
    Dot dot;
    bool operator==(const LeafDot&) const = default;
  };
  std::vector<LeafDot> leaf_dots;
  // The stamp of each distinct dot in `leaf_dots`, sorted by dot.
  struct DotStamp {
    Dot dot;
    Stamp stamp;
    bool operator==(const DotStamp&) const = default;
  };
  std::vector<DotStamp> dot_stamps;

  ContentHash hash;             // of everything above and of the address
  std::optional<OwnerTag> tag;  // not part of the hash

  std::string id() const { return versionId(hash); }
};

// A leaf with the write that made it.
struct Entry {
  Path path;
  std::string value;
  Dot dot;
  Stamp stamp;

  // Greatest (stamp, dot) wins where a merge has several (DESIGN.md rule 5).
  bool beats(const Entry& other) const {
    return stamp != other.stamp ? stamp > other.stamp : dot > other.dot;
  }
};
using Entries = std::vector<Entry>;  // sorted by path

// SHA-256 over the canonical form of (owner, id, kind, deleted, fields, types, dots and their stamps, vector, dot,
// stamp, author, reason): one JSON object with sorted keys, written out in version.cpp.
ContentHash contentHash(const Address& address, const Version& version);

// The leaves of `version` with their dots and stamps. The version must have passed checkVersion() or checkKept().
Entries entriesOf(const Version& version);
// Sets leaf_dots and dot_stamps of a version whose fields are set and which takes the place of `before`: leaves that say what
// they said keep their dots, all others have the version's own (rule 5), and so have those at the paths `anew`, sorted.
void keepDots(const Version& before, Version* version, const std::vector<Path>& anew = {});
// Sets fields, leaf_dots and dot_stamps; entries with the version's own dot take its stamp.
void setEntries(const Entries& entries, Version* version);

// What must hold for any version, whoever sends it: canonical fields within the limits, leaf dots in range and covered
// by the vector, a stamp for exactly each of them, the vector covering the own dot, counters and stamps in range.
// Fails with `bad_version`, `vector_full` or the errors of leavesOf().
Status checkVersion(const Version& version);

// What of it is looked at for each version that is read from the database, whose bytes a card may have changed: as much as
// is needed that nothing done with it goes out of bounds.
Status checkKept(const Version& version);

// Whether `a` was written knowing `b`: its vector covers b's and differs. Equal vectors with different hashes are
// siblings (DESIGN.md section 2, rule 1).
bool dominates(const Version& a, const Version& b);

// The one order (rule 6): live before deleted, trusted clock before untrusted, ms, count, replica, content hash.
// Whether `a` is greater than `b`.
bool greater(const Version& a, const Version& b);

// The latest stamp that a version carries, its own and its leaves': what drift is checked on.
int64_t latestStampMs(const Version& version);

// The maximal ones of a set of versions, without doubles, sorted by hash: DESIGN.md's antichain.
using Siblings = std::vector<Version>;

enum class JoinOutcome { kAdded, kKnown, kCovered };
// Joins `version` into `siblings`: those that it dominates leave (to `fell`, when given), and it enters unless it is
// there or dominated. A known one that brings the owner's tag gives it to ours; then `tag_learned` is set.
JoinOutcome join(Version version, Siblings* siblings, Siblings* fell = nullptr, bool* tag_learned = nullptr);

Vector joinedVector(const Siblings& siblings);

}  // namespace hearthgate::model
