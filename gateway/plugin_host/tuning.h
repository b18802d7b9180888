// The limits of the plugin host and the reason for each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hearthgate::plugin_host {

// Starts of one plugin that ended with the end of the process, after which it is left out (safe mode).
inline constexpr int kMaxCrashedStarts = 3;
// Crashes of the process in one plugin's code, after which it is left out too. Fewer would punish one bad day, more
// keep a gateway from coming up.
inline constexpr int kMaxCrashes = 3;
// A plugin that ran this long without a crash is taken to be well, and its crashes are forgotten: one that crashes once
// a day goes on, one that keeps the gateway from working is left out.
inline constexpr std::chrono::minutes kRunsWell{10};
// Slots that a signal handler can look at: more plugins than a home has.
inline constexpr size_t kMaxCountedPlugins = 64;
// Stack frames that the handler of a crash looks at; those of a plugin's own thread are near.
inline constexpr size_t kMaxCrashFrames = 64;
// The handler of a crash ends by then, or the process does without it.
inline constexpr unsigned kCrashHandlerSeconds = 3;
// The stack of that handler: a walk over frames takes some KiB.
inline constexpr size_t kSignalStackBytes = 64 * 1024;
// A step of a plugin's life that takes this long is said in the log.
inline constexpr std::chrono::seconds kSlowStep{2};
// A step that takes longer hangs: the gateway goes on without the plugin. Nothing that a start may do takes that long
// on a Raspberry Pi (no step may wait for a device or a network), and with several plugins that hang a gateway is up,
// or down, within the 90 s that systemd gives.
inline constexpr std::chrono::seconds kStepLimit{10};
// Timers, posted tasks and unanswered writes of one plugin: far above any honest need, small enough to survive a
// mistake.
inline constexpr size_t kMaxWaitingTasks = 10'000;
// The capability `state/1`: settings and cursors, not contents.
inline constexpr size_t kMaxStateKeyBytes = 128;
inline constexpr size_t kMaxStateValueBytes = 64 * 1024;
// A plugin file's tables. Real ones have some 40 sections and a dynamic symbol table of some hundred KiB.
inline constexpr uint64_t kMaxSections = 4'096;
// Real ones have some ten segments; the greatest libraries of a system have some hundred MiB.
inline constexpr uint64_t kMaxSegments = 64;
inline constexpr uint64_t kMaxSegmentBytes = uint64_t{1} << 30;
inline constexpr uint64_t kMaxNameTableBytes = 64 * 1024;
inline constexpr uint64_t kMaxSymbolTableBytes = 16 * 1024 * 1024;
// A line of a plugin's log.
inline constexpr size_t kMaxLogBytes = 4'096;
// What is repeated of a plugin's exception.
inline constexpr size_t kMaxFaultBytes = 512;

// Services that were heard, here or gone: twice what a provider looks at of one type, so that what went is still shown.
inline constexpr size_t kMaxSightings = 1024;

// Browses and announcements of one plugin: some for each kind of device that it speaks with.
inline constexpr size_t kMaxServices = 64;

// Of a service's name (RFC 6763 section 4.1.1: 63 bytes, some of which may have to be replaced by three) and of one of its texts
// (section 6.1: 255).
inline constexpr size_t kMaxServiceNameBytes = 3 * 63;
inline constexpr size_t kMaxTxtStringBytes = 3 * 255;

}  // namespace hearthgate::plugin_host
