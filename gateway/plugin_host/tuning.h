// The limits of the plugin host and the reason for each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hearthgate::plugin_host {

// Starts of one plugin that ended with the end of the process, after which it is left out (safe mode).
inline constexpr int kMaxCrashedStarts = 3;
// A step of a plugin's life that takes this long is said in the log; it is waited for all the same, because code that
// runs cannot be unloaded.
inline constexpr std::chrono::seconds kSlowStep{5};
// Timers, posted tasks and unanswered writes of one plugin: far above any honest need, small enough to survive a
// mistake.
inline constexpr size_t kMaxWaitingTasks = 10'000;
// The capability `state/1`: settings and cursors, not contents.
inline constexpr size_t kMaxStateKeyBytes = 128;
inline constexpr size_t kMaxStateValueBytes = 64 * 1024;
// A plugin file's tables. Real ones have some 40 sections and a dynamic symbol table of some hundred KiB.
inline constexpr uint64_t kMaxSections = 4'096;
inline constexpr uint64_t kMaxNameTableBytes = 64 * 1024;
inline constexpr uint64_t kMaxSymbolTableBytes = 16 * 1024 * 1024;
// A line of a plugin's log.
inline constexpr size_t kMaxLogBytes = 4'096;
// What is repeated of a plugin's exception.
inline constexpr size_t kMaxFaultBytes = 512;

}  // namespace hearthgate::plugin_host
