#include "confinement.h"

#include <linux/capability.h>
#include <net/if.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "lan/tuning.h"

namespace hearthgate::lan {
namespace {

// What anybody may do who computes and speaks on sockets that he has.
constexpr int kAllowed[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(lseek),
    SCMP_SYS(recv), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(send), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64), SCMP_SYS(select), SCMP_SYS(_newselect), SCMP_SYS(pselect6),
    SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(fstat), SCMP_SYS(fstat64),
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(rseq),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(sched_yield), SCMP_SYS(uname),
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
    SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(sysinfo), SCMP_SYS(exit), SCMP_SYS(exit_group)};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// Everything else fails as what one has no right to.
std::string filterCalls() {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (!filter) return "a filter of system calls cannot be made";
  int error = 0;
  const auto allow = [&](int call, auto... conditions) {
    if (error == 0) error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, sizeof...(conditions), conditions...);
  };
  for (const int call : kAllowed) allow(call);
  // TCP would lead to wherever a packet likes; netlink is asked for interfaces alone.
  const auto has = [](unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, mask, value};
  };
  const auto is = [](unsigned argument, scmp_datum_t value) { return scmp_arg_cmp{argument, SCMP_CMP_EQ, value, 0}; };
  constexpr scmp_datum_t kKind = 0xf;  // without SOCK_CLOEXEC and SOCK_NONBLOCK
  allow(SCMP_SYS(socket), is(0, AF_UNIX));
  allow(SCMP_SYS(socket), is(0, AF_INET), has(1, kKind, SOCK_DGRAM));
  allow(SCMP_SYS(socket), is(0, AF_INET6), has(1, kKind, SOCK_DGRAM));
  allow(SCMP_SYS(socket), is(0, AF_NETLINK), is(2, 0));  // NETLINK_ROUTE
  for (const scmp_datum_t request : {FIONREAD, SIOCGIFINDEX, SIOCGIFNAME}) allow(SCMP_SYS(ioctl), is(1, request));
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect)}) allow(call, has(2, PROT_EXEC, 0));
  // abort() of a library that finds itself in the wrong is to end this process as that, and no other.
  allow(SCMP_SYS(tgkill), is(0, static_cast<scmp_datum_t>(::getpid())));
  if (error == 0) error = seccomp_load(filter.get());
  return error == 0 ? "" : std::string("a filter of system calls cannot be set: ") + std::strerror(-error);
}

std::string dropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return ::syscall(SYS_capset, &header, none) == 0 ? "" : std::string("rights of the administrator cannot be given up: ") + std::strerror(errno);
}

std::string limit(decltype(RLIMIT_AS) what, rlim_t most, const char* name) {
  const rlimit limits{most, most};
  return ::setrlimit(what, &limits) == 0 ? "" : std::string(name) + " cannot be limited: " + std::strerror(errno);
}

}  // namespace

std::string confine() {
  std::string problem;
  const auto keep = [&](std::string one) {
    if (problem.empty()) problem = std::move(one);
  };
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) keep(std::string("new rights cannot be refused: ") + std::strerror(errno));
  keep(dropCapabilities());
  keep(limit(RLIMIT_AS, kProcessMemoryBytes, "memory"));
  keep(limit(RLIMIT_NOFILE, kProcessFiles, "open files"));
  keep(limit(RLIMIT_CORE, 0, "core files"));
  keep(filterCalls());
  return problem;
}

}  // namespace hearthgate::lan
