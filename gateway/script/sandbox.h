// What the worker gives up before it reads the first script (TRUST.md T21): files, programs, processes, network, memory beyond a
// limit, and clocks. Linux: setrlimit (2), prctl (2), setitimer (2), seccomp (2). The worker's only thread.
#pragma once

namespace hearthgate::script {

// From here on the process reads from descriptor 0 and writes to 1 and can do nothing else; any other system call ends it with
// SIGSYS. `tick` is called in a signal handler after each kTick of processor time. Gives kExitDone, or the status to end with
// where something could not be given up. It cannot be taken back.
int confine(void (*tick)(int));

}  // namespace hearthgate::script
