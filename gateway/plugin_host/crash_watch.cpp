#include "plugin_host/crash_watch.h"

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

#include "base/log.h"
#include "plugin_host/plugin_file.h"
#include "plugin_host/tuning.h"

namespace hearthgate::plugin_host {
namespace {

constexpr int kUnknown = -1;
constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// Read by the handler: only lock-free atomics and plain bytes that stand before `used` is set.
struct Slot {
  std::atomic<bool> used{false};
  std::atomic<uintptr_t> code_begin{0};
  std::atomic<uintptr_t> code_end{0};
  std::atomic<bool> starting{false};
  char count[PATH_MAX] = {};
  char mark[PATH_MAX] = {};
};
std::array<Slot, kMaxCountedPlugins> slots;
std::mutex slots_mutex;  // of those who take and give back slots
std::array<struct sigaction, kSignals.size()> before;
std::atomic<bool> told{false};

// What this thread runs: a slot, kUnknown or kCore. Of a plain type, so that a signal handler may read it.
thread_local volatile int running = kUnknown;

std::string path(const std::string& directory, const std::string& plugin) { return directory + "/crashes-" + plugin; }

// The plugin whose code the address lies in.
int slotAt(uintptr_t address) {
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].used && address >= slots[i].code_begin && address < slots[i].code_end) return static_cast<int>(i);
  }
  return kUnknown;
}

// On threads of a plugin's own nothing is marked: whose code is on the stack, innermost first.
int slotOnStack() {
  void* frames[kMaxCrashFrames];
  const int count = ::backtrace(frames, static_cast<int>(kMaxCrashFrames));
  for (int i = 0; i < count; ++i) {
    if (const int slot = slotAt(reinterpret_cast<uintptr_t>(frames[i])); slot >= 0) return slot;
  }
  return kUnknown;
}

void addTo(const char* count) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
  int file = ::open(count, kFlags, 0600);
  if (file < 0 && errno == EMFILE && ::close(STDIN_FILENO) == 0) file = ::open(count, kFlags, 0600);
  if (file >= 0 && ::write(file, "x", 1) == 1) ::fsync(file);
}

void tell(int slot) {
  if (told.exchange(true)) return;
  for (size_t i = 0; i < slots.size(); ++i) {
    Slot& one = slots[i];
    if (!one.used) continue;
    if (static_cast<int>(i) == slot) {
      addTo(one.count);
    } else if (one.starting) {
      ::unlink(one.mark);
    }
  }
}

size_t indexOf(int signal) {
  size_t at = 0;
  while (at + 1 < kSignals.size() && kSignals[at] != signal) ++at;
  return at;
}

void onFault(int signal, siginfo_t* about, void*) {
  // Whatever comes next, the process ends: by the earlier handler, or by this limit.
  ::sigaction(signal, &before[indexOf(signal)], nullptr);
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  ::sigaction(SIGALRM, &by_default, nullptr);
  sigset_t alarm_only;
  ::sigemptyset(&alarm_only);
  ::sigaddset(&alarm_only, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm_only, nullptr);
  ::alarm(kCrashHandlerSeconds);
  tell(running == kUnknown ? slotOnStack() : static_cast<int>(running));
  ::alarm(0);
  // A fault of the machine happens again on return; one that was sent has to be sent again.
  if (about->si_code <= 0 || signal == SIGABRT) ::raise(signal);
}

// A plugin that calls exit() ends the gateway as surely as a fault, and at once: what exit() would take down next is in
// use by other threads.
void onExit(int status, void*) {
  if (running < 0) return;
  tell(running);
  std::fflush(nullptr);
  std::_Exit(status);
}

}  // namespace

void watchForCrashes() {
  static std::once_flag once;
  std::call_once(once, [] {
    void* frame = nullptr;
    ::backtrace(&frame, 1);  // The first call loads a library, which a handler must not.
    for (size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction action {};
      action.sa_sigaction = onFault;
      action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
      ::sigemptyset(&action.sa_mask);
      if (::sigaction(kSignals[i], &action, &before[i]) != 0) {
        logWarning("plugin_host", std::string("crashes of plugins are not counted: ") + std::strerror(errno));
      }
    }
    if (::on_exit(onExit, nullptr) != 0)
      logWarning("plugin_host", "plugins that end the gateway by exit() are not counted");
  });
}

CrashCount::CrashCount(const std::string& directory, const std::string& plugin)
    : directory_(directory), plugin_(plugin) {}

CrashCount::~CrashCount() {
  if (slot_ < 0) return;
  std::lock_guard lock(slots_mutex);
  Slot& slot = slots[static_cast<size_t>(slot_)];
  slot.used = false;
  slot.code_begin = slot.code_end = 0;
  slot.starting = false;
}

int CrashCount::crashes(const std::string& directory, const std::string& plugin) {
  struct stat about {};
  if (directory.empty() || ::lstat(path(directory, plugin).c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return 0;
  return static_cast<int>(std::min<off_t>(about.st_size, INT_MAX));
}

Status CrashCount::forget(const std::string& directory, const std::string& plugin) {
  if (directory.empty() || ::unlink(path(directory, plugin).c_str()) == 0 || errno == ENOENT) return {};
  return systemError("file_unwritable", "cannot remove " + path(directory, plugin) + ", which counts the crashes of " +
                                            plugin + ": " + std::strerror(errno) + "; remove it by hand");
}

Status CrashCount::begin() {
  if (directory_.empty()) return {};
  const std::string count = path(directory_, plugin_);
  std::lock_guard lock(slots_mutex);
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].used) continue;
    if (count.size() >= sizeof slots[i].count) {
      return systemError("path_too_long", "cannot count the crashes of " + plugin_ + " in " + count +
                                              ": the path is too long; choose a shorter data folder");
    }
    std::memcpy(slots[i].count, count.c_str(), count.size() + 1);
    slots[i].used = true;
    slot_ = static_cast<int>(i);
    return {};
  }
  return systemError("too_many_plugins", "cannot start the plugin " + plugin_ + ": " + std::to_string(slots.size()) +
                                             " plugins run already; disable one");
}

void CrashCount::code(uintptr_t begin, uintptr_t end) {
  if (slot_ < 0) return;
  Slot& slot = slots[static_cast<size_t>(slot_)];
  slot.code_begin = begin;
  slot.code_end = end;
}

void CrashCount::starting(const std::string& mark) {
  if (slot_ < 0) return;
  Slot& slot = slots[static_cast<size_t>(slot_)];
  if (mark.size() >= sizeof slot.mark) return;  // The mark then stays, as after a power cut.
  std::memcpy(slot.mark, mark.c_str(), mark.size() + 1);
  slot.starting = true;
}

void CrashCount::started() {
  if (slot_ >= 0) slots[static_cast<size_t>(slot_)].starting = false;
}

RunsPlugin::RunsPlugin(int slot) : before_(running) { running = slot; }
RunsPlugin::~RunsPlugin() { running = before_; }

void giveSignalStack() {
  struct Stack {
    Stack() : bytes(std::make_unique<char[]>(kSignalStackBytes)) {
      stack_t stack{};
      stack.ss_sp = bytes.get();
      stack.ss_size = kSignalStackBytes;
      ::sigaltstack(&stack, nullptr);
    }
    ~Stack() {
      stack_t none{};
      none.ss_flags = SS_DISABLE;
      ::sigaltstack(&none, nullptr);
    }
    std::unique_ptr<char[]> bytes;
  };
  thread_local const Stack stack;
}

}  // namespace hearthgate::plugin_host
