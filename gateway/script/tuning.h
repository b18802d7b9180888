// Limits of this folder, each with its reason. They hold on both sides: in the worker, and in the gateway that does not trust it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "model/limits.h"

namespace hearthgate::script {

// Under a sanitizer, whose run time reserves terabytes, opens /proc and has threads of its own, memory is limited in Lua's
// allocator alone, calls that lead out are what is refused instead of all that are not needed, and everything takes longer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEARTHGATE_SANITIZED true
#elif defined(__has_feature)
#define HEARTHGATE_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define HEARTHGATE_SANITIZED false
#endif
inline constexpr bool kSanitized = HEARTHGATE_SANITIZED;

// One message on a pipe (TRUST.md T21).
inline constexpr size_t kFrameBytes = size_t{1} << 20;
// Text of one script: some thousand lines; the longest that ships has eighty.
inline constexpr size_t kScriptBytes = size_t{64} << 10;
// What is said in a frame beside documents: numbers, an address, a name, a reason.
inline constexpr size_t kFrameRest = size_t{8} << 10;
// What a script sees of one conflict, since it has to fit into a frame beside the script.
inline constexpr size_t kCaseBytes = kFrameBytes - kScriptBytes - kFrameRest;
// Fields that it returns; they go back in one frame too.
inline constexpr size_t kResultBytes = kFrameBytes - kFrameRest;
// Levels of what it returns, the fields themselves being 1: what the model takes.
inline constexpr size_t kResultDepth = model::kMaxDepth;
// A reason is a sentence or two in a conflict's record, and so is what went wrong.
inline constexpr size_t kReasonBytes = 500;
inline constexpr size_t kMessageBytes = 400;
// `about`, and the patterns of `applies_to`.
inline constexpr size_t kAboutBytes = 500;
inline constexpr size_t kMaxPatterns = 64;

// A worker that has said nothing for so long is killed. With the two numbers below it that is 250 ms from the moment where a
// conflict is begun: what was finished before goes out at the first tick after it.
inline constexpr std::chrono::milliseconds kSilence{kSanitized ? 1'000 : 225};
// Processor time after which the worker hands out what it has finished.
inline constexpr std::chrono::milliseconds kTick{20};
// Of its own processor time, in ticks, after which the worker ends itself: where the gateway itself is not scheduled.
inline constexpr int kSilentTicks = kSanitized ? 60 : 13;
// A conflict whose workers were killed and had less processor time than this, all together, was held up by the machine and not by its
// script: what decides a conflict takes some microseconds, and some milliseconds where documents are large.
inline constexpr std::chrono::milliseconds kHonestTime{100};
// So often a conflict is tried where the machine gives its workers no time.
inline constexpr int kStarvedTries = 5;
// From its start until it says that it has given up its rights: some 3 ms; a loaded machine stands still for a second or two.
inline constexpr std::chrono::seconds kStartTime{5};

// Address space of the worker (TRUST.md T21). Under sanitizers it has none, because they reserve terabytes.
inline constexpr size_t kWorkerBytes = size_t{48} << 20;
// Of that for Lua: the program, its libraries and its buffers take some 14 MiB, and allocators waste some. The largest case
// becomes some 9 MiB of tables.
inline constexpr size_t kLuaBytes = size_t{24} << 20;
// Memory that a worker keeps between batches: more than a batch of small conflicts needs.
inline constexpr size_t kKeptBytes = size_t{4} << 20;
// What earlier conflicts of a batch left is collected before the next one when it is more than this, so that each has the same
// room; collecting after each would cost more than running them.
inline constexpr size_t kGarbageBytes = size_t{4} << 20;
// How far a state's memory grows, in percent of what is in use, before Lua looks for what is not used any more. Looking costs as
// much as running a small script; with more in use than kGarbageBytes the limit could be reached before it looks.
inline constexpr int kPausePercent = 400;
inline constexpr int kPausePercentLarge = 200;
// Longest text that `string.rep` and lists that `table` functions make at one go: no field may be longer.
inline constexpr size_t kTextBytes = size_t{1} << 20;

// Conflicts in one frame: enough that a fresh Lua state for each frame costs little, few enough that another frame can be made
// while one is worked on.
inline constexpr size_t kBatchCases = 256;
// And bytes of them: beyond it a frame is full, unless it holds a single one.
inline constexpr size_t kBatchBytes = size_t{256} << 10;
// Frames that a worker has been given at a time.
inline constexpr size_t kFramesAhead = 2;

// So many kills within the window switch a script off until a person acts (TRUST.md T21).
inline constexpr size_t kStrikes = 3;
inline constexpr std::chrono::hours kStrikeWindow{1};
// Scripts whose kills are remembered: a hash and three times each.
inline constexpr size_t kMaxStruck = 1'000;
// Workers that end in a row without having answered anything: then it is not the conflicts' doing, and the rest waits.
inline constexpr int kBarrenStarts = 3;
// Workers at a time, one for each home whose scripts are in use; the one that was not used for longest ends for a new one.
inline constexpr size_t kMaxWorkers = 8;

}  // namespace hearthgate::script
