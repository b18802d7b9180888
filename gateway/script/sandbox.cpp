#include "script/sandbox.h"

#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>

#include "script/frames.h"
#include "script/tuning.h"

namespace hearthgate::script {
namespace {

bool limit(decltype(RLIMIT_AS) what, rlim_t most) {
  const rlimit limits{most, most};
  return ::setrlimit(what, &limits) == 0;
}

bool setLimits() {
  // No core dump, no file, no byte written to one, no descriptor beyond those that are open, no process.
  const bool set = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 2) && limit(RLIMIT_NPROC, 0);
  return set && (kSanitized || limit(RLIMIT_AS, kWorkerBytes));
}

bool setTimer(void (*tick)(int)) {
  struct sigaction action = {};
  action.sa_handler = tick;
  action.sa_flags = SA_RESTART;
  if (::sigaction(SIGPROF, &action, nullptr) != 0) return false;
  const auto interval = std::chrono::duration_cast<std::chrono::microseconds>(kTick).count();
  const itimerval each{{0, static_cast<suseconds_t>(interval)}, {0, static_cast<suseconds_t>(interval)}};
  return ::setitimer(ITIMER_PROF, &each, nullptr) == 0;
}

// TRUST.md T21's list and nothing else. Where a call has another number on 32 bits (mmap2), that one is the same call.
bool allowOnlyWhatIsNeeded(scmp_filter_ctx filter) {
  constexpr int kAllowed[] = {SCMP_SYS(read),    SCMP_SYS(write), SCMP_SYS(exit_group), SCMP_SYS(munmap), SCMP_SYS(mremap),
                              SCMP_SYS(madvise), SCMP_SYS(brk),   SCMP_SYS(futex),      SCMP_SYS(rt_sigreturn)};
  for (const int call : kAllowed) {
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) != 0) return false;
  }
  const scmp_arg_cmp not_executable{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect)}) {
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, not_executable) != 0) return false;
  }
  return true;
}

// What leads out of a process, where the rest is left to a sanitizer's run time.
bool refuseWhatLeadsOut(scmp_filter_ctx filter) {
  constexpr int kRefused[] = {SCMP_SYS(open),   SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(execve), SCMP_SYS(execveat),
                              SCMP_SYS(fork),   SCMP_SYS(vfork),  SCMP_SYS(ptrace),  SCMP_SYS(kill),   SCMP_SYS(unlink),
                              SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(mkdir), SCMP_SYS(mount)};
  for (const int call : kRefused) {
    if (seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0) != 0) return false;
  }
  return true;
}

bool setFilter() {
  const scmp_filter_ctx filter = seccomp_init(kSanitized ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS);
  if (filter == nullptr) return false;
  const bool set = (kSanitized ? refuseWhatLeadsOut(filter) : allowOnlyWhatIsNeeded(filter)) && seccomp_load(filter) == 0;
  seccomp_release(filter);
  return set;
}

}  // namespace

int confine(void (*tick)(int)) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return kExitPrivileges;
  if (::close_range(STDOUT_FILENO + 1, ~0U, 0) != 0) return kExitDescriptors;
  if (!setTimer(tick)) return kExitTimer;
  if (!setLimits()) return kExitLimits;
  return setFilter() ? kExitDone : kExitFilter;
}

}  // namespace hearthgate::script
