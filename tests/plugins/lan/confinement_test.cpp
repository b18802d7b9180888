// What the process that hears the network cannot do any more, tried in a process of the test's own.
#include "lan/confinement.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <vector>

namespace hearthgate::lan {
namespace {

struct Try {
  const char* name;
  std::function<bool()> works;
};

// The names of those that work in a process after confine(), a line each; a line `ended N` when a signal ended it.
std::string working(const std::vector<Try>& tries, bool confined) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said = confined ? confine() : "";
    for (const Try& one : tries) {
      if (one.works()) said += std::string(one.name) + "\n";
    }
    ssize_t written = ::write(ends[1], said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string all;
  char bytes[512];
  for (ssize_t got; (got = ::read(ends[0], bytes, sizeof bytes)) > 0;) all.append(bytes, static_cast<size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? all + "ended " + std::to_string(WTERMSIG(status)) + "\n" : all;
}

bool opens(const char* path, int flags) {
  const int file = ::open(path, flags, 0600);
  if (file >= 0) ::close(file);
  return file >= 0;
}

bool makesSocket(int domain, int type, int protocol = 0) {
  const int made = ::socket(domain, type | SOCK_CLOEXEC, protocol);
  if (made >= 0) ::close(made);
  return made >= 0;
}

// The kernel's own answer; fork() of the library would run what the sanitizers hook there.
bool makesProcess() {
  const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child == 0) ::_exit(0);
  if (child > 0) ::waitpid(child, nullptr, 0);
  return child > 0;
}

bool runsProgram() {
  char name[] = "true";
  char* arguments[] = {name, nullptr};
  pid_t child = -1;
  const bool begun = ::posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, nullptr) == 0;
  int status = 0;
  return begun && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Whether it was refused as what one may not do: an error about the file would say that it was tried.
bool becomesProgram() {
  char* nothing[] = {nullptr};
  ::execve("/nowhere/at/all", nothing, nothing);
  return errno != EPERM;
}

bool mapsProgram() {
  void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED;
}

bool makesExecutable() {
  void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED && ::mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0;
}

const std::vector<Try> kForbidden{
    {"runs a program", runsProgram},
    {"becomes a program", becomesProgram},
    {"makes a process", makesProcess},
    {"is traced", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }},
    {"signals another", [] { return ::kill(::getppid(), 0) == 0; }},
    {"reads a file", [] { return opens("/etc/passwd", O_RDONLY); }},
    {"writes a file", [] { return opens("/dev/null", O_WRONLY); }},
    {"makes a folder", [] { return ::mkdir("/nowhere/at/all", 0700) == 0 || errno != EPERM; }},
    {"takes a file away", [] { return ::unlink("/nowhere/at/all") == 0 || errno != EPERM; }},
    {"speaks TCP", [] { return makesSocket(AF_INET, SOCK_STREAM); }},
    {"speaks TCP over IPv6", [] { return makesSocket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK); }},
    {"maps a program", mapsProgram},
    {"makes memory a program", makesExecutable},
};

const std::vector<Try> kNeeded{
    {"speaks UDP", [] { return makesSocket(AF_INET, SOCK_DGRAM) && makesSocket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK); }},
    {"speaks to the message bus", [] { return makesSocket(AF_UNIX, SOCK_STREAM); }},
    {"asks for interfaces", [] { return makesSocket(AF_NETLINK, SOCK_RAW) && ::if_nametoindex("lo") > 0; }},
    {"has memory", [] {
       void* const memory = ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       return memory != MAP_FAILED;
     }},
};

std::string names(const std::vector<Try>& tries) {
  std::string all;
  for (const Try& one : tries) all += std::string(one.name) + "\n";
  return all;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST(Confinement, LeavesWhatMulticastDnsNeedsAndNothingElse) {
  EXPECT_EQ(working(kForbidden, false), names(kForbidden)) << "each can be done before";
  EXPECT_EQ(working(kNeeded, false), names(kNeeded));
  EXPECT_EQ(working(kForbidden, true), "");
  EXPECT_EQ(working(kNeeded, true), names(kNeeded));
}

TEST(Confinement, HasALimitOfMemoryAndOfDescriptors) {
  const std::vector<Try> tries{
      {"a lot of memory", [] { return ::mmap(nullptr, size_t{1} << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; }},
      {"many descriptors", [] {
         int ends[2];
         for (int i = 0; i < 100; ++i) {
           if (::pipe(ends) != 0) return false;
         }
         return true;
       }}};
  EXPECT_EQ(working(tries, false), names(tries));
  EXPECT_EQ(working(tries, true), "");
}

TEST(Confinement, EndsWithTheSignalOfALibraryThatGivesUp) {
  EXPECT_EQ(working({{"goes on", [] { std::abort(); return true; }}}, true), "ended " + std::to_string(SIGABRT) + "\n");
}

#endif

}  // namespace
}  // namespace hearthgate::lan
