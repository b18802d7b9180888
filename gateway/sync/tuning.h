// The limits of synchronisation, each with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearthgate::sync {

inline constexpr uint32_t kProtocolMin = 1;
inline constexpr uint32_t kProtocolMax = 1;

// A message holds at least one entity whole: its siblings (kMaxSiblingBytes), what they are built on, and what a batch
// adds. Above it a hostile peer would make us buffer.
inline constexpr size_t kMaxMessageBytes = 16 << 20;
// Siblings of one entity, as they are stored, that are taken in from other homes: half a message, so that an entity which
// many wrote at the same time can still be sent. More is held until a write or a choice has covered some.
inline constexpr size_t kMaxSiblingBytes = 8 << 20;
// What a writer offers of one entity: its siblings, and of those that they are built on as many as this leaves room for.
inline constexpr size_t kMaxOfferBytes = 12 << 20;
// A batch is closed when it passes this: large enough that zstd and one commit pay off, small enough that latency under
// load stays in milliseconds.
inline constexpr size_t kBatchBytes = 64 << 10;
inline constexpr size_t kBatchItems = 1000;
// Sent and not acknowledged: covers 100 Mbit/s at 100 ms; more would only move the queue into the peer.
inline constexpr size_t kInFlightBytes = 1 << 20;
inline constexpr size_t kInFlightBatches = 16;
// What changes while the link sends belongs to the next round, which begins when no more than this of the present one is
// unacknowledged. So a home that takes in more slowly than others write gets the newest state of everything that changed,
// not each state of some of it; single changes do not wait for each other's acknowledgements.
inline constexpr size_t kRoundBytes = 64 << 10;
// Where a round of kRoundRows and more stood for so many percent of its rows in changes, entities are rewritten faster than
// the other home takes them in. The next round then waits as long as this one took, at most kRoundPauseMs: half of the states
// are stored there, and both homes have the time for what is new. Without it they ran behind, at a third more processor time.
inline constexpr uint64_t kRewrittenPercent = 125;
inline constexpr uint64_t kRoundRows = 100;
inline constexpr int64_t kRoundPauseMs = 100;
// Or until nothing was written for this long: longer than a client takes from one answer to its next call.
inline constexpr int64_t kRoundIdleMs = 5;
// What others wrote is offered to a member this much later: where all are linked to each other it has come from its writer
// until then, and where they are not it is as soon as nobody notices.
inline constexpr int64_t kAnnounceAfterMs = 100;
// How long a new member of a circle takes everything in from one member before it asks the others too: 10,000 entities need
// one second on one machine, and that member may be slow.
inline constexpr int64_t kFirstPassAloneMs = 5'000;
// Rows read from the feed at a time; also so many bytes of their content, or where less may leave, that much: what does not
// leave is read again for the next acknowledgement.
inline constexpr size_t kFeedPage = 500;
inline constexpr size_t kFeedPageBytes = 1 << 20;
// Of such pages kept while the links are served one after the other, so that what is shared with many is read once: some
// hundred ordinary rows each, and every link at its own place in the worst case.
inline constexpr size_t kKeptPagesBytes = 4 << 20;
// Versions in one batch: of the smallest (22 bytes) as many as kBatchBytes hold, and one entity's (model::kMaxSiblings) on
// top. An entity's alone are those that its siblings are built on too.
inline constexpr size_t kMaxBatchVersions = 4096;
// Held from one peer (TRUST.md T18), in versions and in bytes of them: beyond it the link stops with the reason.
inline constexpr uint64_t kHeldQuota = 10'000;
inline constexpr uint64_t kHeldQuotaBytes = 64 << 20;
// A held version is judged again when its entity changes, and for all other reasons in turns: every so often as many, or as
// many bytes of them, as cost some milliseconds. So the time that a full quota costs is bounded.
inline constexpr int64_t kHeldReviewMs = 1000;
inline constexpr size_t kHeldReviewRows = 200;
inline constexpr size_t kHeldReviewBytes = 1 << 20;
// What the feed passed over without sending it (no access, or it came from the peer itself) is told this much later, so
// that a reconnect does not look at it again, and a busy link does not answer each change with a position.
inline constexpr int64_t kPositionDelayMs = 2000;
// How far a peer has acknowledged is kept this often at most while a link is up, and when it ends: what a power cut loses
// of it is only counted once more.
inline constexpr int64_t kPlacesEveryMs = 5000;
// Links that are level again are told of this often at most: in a feed of single changes every acknowledgement would else
// write an event, and that to the disk.
inline constexpr int64_t kCompleteEveryMs = 1000;
// Rows of what is held that one message tells; more than the quota are not held.
inline constexpr size_t kHeldRowsTold = kHeldQuota;
// Versions kept as held back or refused by one peer: as many as it may hold. A peer that excepts more gets no more
// rows.
inline constexpr uint64_t kMaxExceptions = kHeldQuota;
// Counts and clocks that another home tells are shown and added up; above these it lies. The second is the year 2255.
inline constexpr uint64_t kMaxToldCount = 1'000'000'000;
inline constexpr int64_t kMaxToldClockMs = 9'000'000'000'000;
// Of a reason that another home gives; the longest own one has some 80.
inline constexpr size_t kMaxReasonBytes = 200;
// Entities of one home of which events tell that they became stale or fresh; of more the `home` event alone tells.
inline constexpr size_t kStaleEvents = 500;
// Replica ids that a home tells as its own for one owner, in one message and in all; a home draws one after each restore or
// loss of rights.
inline constexpr size_t kMaxToldReplicas = 4096;
// Replica ids of which nobody has said yet that they are its own, and that are told in hello with what was seen of them:
// as many as one vector names, the newest, some 20 KiB.
inline constexpr size_t kMaxToldOfNobody = 1024;
// Homes of which one tells that it pins them: more than one gateway is built for, 24 KiB.
inline constexpr size_t kMaxKnownKeys = 1024;
inline constexpr size_t kMarkBytes = 16;
inline constexpr size_t kMarkHeadBytes = 8;
// Of one home in a minute: statements whose signatures are checked on the engine's thread (some 4 ms each), and messages about
// the homes that it pins, of which each link brings one: as many as links that are cut at once come back. What is more waits for the
// next minute.
inline constexpr int64_t kKeyBudgetMs = 60'000;
inline constexpr size_t kMaxVerifiedStatements = 64;
inline constexpr size_t kMaxKnownKeysMessages = 64;
// Statements that persons decided against, of one home: the last 16.
inline constexpr size_t kMaxRejectedBytes = 16 * 32;
// Names in one link's tables: the replica ids of 32 homes that told as many as they may, and more homes than one pairs with.
// What a home writes beyond them never comes here, since its owner takes in no replica id that was not told.
inline constexpr size_t kMaxReplicaNames = 32 * kMaxToldReplicas;
inline constexpr size_t kMaxHomeNames = 16'384;
// What a peer's bandwidth limit lets through in this time may leave at once, when less left before.
inline constexpr int64_t kBucketMs = 1000;
// Bytes a second; a limit above it comes out of a damaged database, and its budget would not fit a number any more.
inline constexpr uint64_t kMaxBandwidth = 1'000'000'000'000;
// Frames at least this large are compressed; below it zstd's header costs what it saves.
inline constexpr size_t kCompressFromBytes = 1024;
inline constexpr int kCompressionLevel = 1;
// A buffer for frames that grew beyond this for a large one is given back: two ordinary batches, for each of many links.
inline constexpr size_t kKeepFrameBytes = 2 * kBatchBytes;

}  // namespace hearthgate::sync
