// What the worker gives up before it reads the first script (TRUST.md T21): files, programs, processes, network, memory beyond a
// limit, and clocks. Linux: setrlimit (2), prctl (2), setitimer (2), seccomp (2). The worker's only thread.
#pragma once

namespace hearthgate::script {

// Under a sanitizer, whose run time reserves terabytes, opens /proc and has threads of its own, memory is limited in Lua's
// allocator alone, and calls that lead out are what is refused instead of all that are not needed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// From here on the process reads from descriptor 0 and writes to 1 and can do nothing else; any other system call ends it with
// SIGSYS. `tick` is called in a signal handler after each kTick of processor time. Gives kExitDone, or the status to end with
// where something could not be given up. It cannot be taken back.
int confine(void (*tick)(int));

}  // namespace hearthgate::script
