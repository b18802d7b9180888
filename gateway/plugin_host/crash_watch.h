// Writes down which plugin's code was running when the process ends by a fault: the base of safe mode. A plugin is
// blamed only when the faulting thread runs its code: the host says so for calls that it makes itself, and on threads
// that a plugin began, code addresses on the stack tell. Everything that happens after the fault is safe in a signal
// handler: one byte is appended to a file.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace hearthgate::plugin_host {

// Installs the handlers of the signals by which faulty code ends, and of exit(), once for the process. What was
// installed before (a sanitizer, the default) comes afterwards.
void watchForCrashes();

// The crashes of one plugin, counted in `DIRECTORY/crashes-NAME` beyond the end of the process. One thread, except that
// any may crash.
class CrashCount {
 public:
  // An empty `directory`: nothing is counted.
  CrashCount(const std::string& directory, const std::string& plugin);
  ~CrashCount();
  CrashCount(const CrashCount&) = delete;
  CrashCount& operator=(const CrashCount&) = delete;

  // What earlier processes left behind; 0 when there is no such file.
  static int crashes(const std::string& directory, const std::string& plugin);
  // Starts to count anew.
  static Status forget(const std::string& directory, const std::string& plugin);

  // Faults from now on are counted.
  Status begin();
  // Where the plugin's code lies in memory.
  void code(uintptr_t begin, uintptr_t end);
  // While this is the case, `mark` is removed when the process ends by a fault that is not this plugin's.
  void starting(const std::string& mark);
  void started();
  // What the host's own marks of running code name.
  int slot() const { return slot_; }

 private:
  const std::string directory_;
  const std::string plugin_;
  int slot_ = -1;
};

// Marks of a thread. The present one is put back at the end of a scope.
class RunsPlugin {
 public:
  // `slot` of CrashCount, or kCore.
  explicit RunsPlugin(int slot);
  ~RunsPlugin();
  RunsPlugin(const RunsPlugin&) = delete;
  RunsPlugin& operator=(const RunsPlugin&) = delete;
  // The thread runs code of the gateway, which a plugin called.
  static constexpr int kCore = -2;

 private:
  const int before_;
};

// Gives the calling thread a stack for the handler of faults, so that an overflow of its own stack can be told too.
// Kept until the thread ends.
void giveSignalStack();

}  // namespace hearthgate::plugin_host
