// Limits of this folder, each with its reason. Engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearthgate::engine {

// What a peer can cause as often as it likes is audited at most once a minute for each peer and reason (TRUST.md T18).
inline constexpr int64_t kAuditOftenMs = 60'000;
// Pairs of peer and reason that are remembered for it: 100 homes with ten reasons each; bounds the memory.
inline constexpr size_t kMaxAuditOften = 1'000;
// Longest subject and detail of an audit row: an address is 308 bytes.
inline constexpr size_t kMaxAuditText = 512;

// Circles that one home takes part in, was invited to or has left: each costs a message and a feed on every link to a member.
inline constexpr size_t kMaxCircles = 64;
// How long an invitation stands: the other person is asked on a day of their own.
inline constexpr int64_t kInvitationMs = int64_t{7} * 24 * 60 * 60 * 1000;
// How often it is looked for invitations that have ended; all else is looked at when it changes.
inline constexpr int64_t kCircleReviewMs = 60'000;
// So often within a day a member may show forged counters of this home (TRUST.md T13) before its writes are held.
inline constexpr size_t kForgeriesInADay = 3;
inline constexpr int64_t kForgeryDayMs = int64_t{24} * 3'600'000;
// Wishes of members that are looked at, and refused ones that stay to be seen.
inline constexpr size_t kMaxWishes = 1'000;

// Versions of history that are looked at for what a counter's share was before two lives of this home parted.
inline constexpr size_t kShareSearchDepth = 1'000;
// Rows of a feed that are read at a time where all of it is looked through.
inline constexpr size_t kFeedRows = 500;

// Own versions that fell through others' and are remembered in case that another life of this home shows soon after, while a
// link begins; a hash and an address each.
inline constexpr size_t kFallenKept = 1'000;

// Kinds of own entities that are known for the warning of T34: a home with `write` could make up any number.
inline constexpr size_t kMaxKindsNoticed = 1'000;

// Rows of history that one slice of retention looks at, and entities (each is a look or two into an index), where nobody
// writes: some milliseconds of the engine's thread.
inline constexpr size_t kRetentionSliceRows = 100;
// And so many more for each version that was written since the slice before: a look at its entity, the row that it pushed out,
// and one of those that were left behind. However fast writes come, what is kept beyond the limit does not grow; a slice is in
// proportion to the commits before it.
inline constexpr size_t kRetentionRowsPerVersion = 3;
// Rows of the audit, and changes, that one slice takes away: neighbours, found by number. With a pause of 20 ms that is up to
// fifty thousand a second, more than single writes make, so the rest of retention has its turn.
inline constexpr size_t kRetentionSliceRange = 1'000;
// Between two daily runs an entity is looked at when versions left the list in its row, eight at a time, and trimmed when it
// has a tenth more than are kept: looking and trimming for each write would cost as much as the write. Where fewer than
// these are kept, each write is looked at.
inline constexpr size_t kRetentionFew = 32;
inline constexpr size_t kRetentionSlackPart = 10;
// Pause between slices, so that writes that wait go first.
inline constexpr int64_t kRetentionPauseMs = 20;
// How often it is looked whether something is to be taken away.
inline constexpr int64_t kRetentionTickMs = 60'000;
// The first look after a start, when what had to be done at once is done.
inline constexpr int64_t kRetentionFirstMs = 2'000;
inline constexpr int64_t kRetentionDayMs = 24 * 3'600'000;
// Days whose rows one daily run may take away by age: a clock that jumped by years costs at most this much a day.
inline constexpr size_t kRetentionDaysAtOnce = 2;
// How soon the file is made anew after content went with the right to read: what went together goes in one.
inline constexpr int64_t kOverwriteAfterMs = 200;
// After that it rests this many times as long as it took: an owner that gives and takes by turns costs a twentieth of the
// time at most.
inline constexpr int64_t kOverwriteRest = 20;
// A larger file is left as it is, since every write waits meanwhile: this much takes a second here, some ten on an SD card.
inline constexpr uint64_t kOverwriteMostBytes = 64u << 20;
// And this long where it failed: for want of room, that is, which comes back when somebody makes some.
inline constexpr int64_t kOverwriteRetryMs = 60'000;

// How often a disk that failed is tried with one small commit: soon enough for a person who looks whether it works again.
inline constexpr int64_t kStorageTryMs = 1'000;

// Audit rows and changes kept beside the age: some ten MiB, where a home writes many times a second.
inline constexpr size_t kAuditKept = 100'000;
inline constexpr size_t kChangesKept = 100'000;

}  // namespace hearthgate::engine
