// Which scripts had to be killed, and when (TRUST.md T21: three times within an hour switch one off). Its own lock; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/sha256.h"
#include "script/runner.h"

namespace hearthgate::script {

class Strikes {
 public:
  explicit Strikes(Clock& clock) : clock_(clock) {}

  // Counts a kill; gives whether the script is off now.
  bool add(const Sha256Digest& hash, const std::string& name);
  bool isOff(const Sha256Digest& hash) const;
  std::vector<SwitchedOff> off() const;
  bool switchOn(const Sha256Digest& hash);
  void switchOff(const SwitchedOff& script);

 private:
  // Forgets those whose last kill is too long ago, and the oldest ones above the limit.
  void forgetOld(int64_t now_ms);

  Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Sha256Digest, std::vector<int64_t>> kills_;  // times of the steady clock, rising
  std::map<Sha256Digest, SwitchedOff> off_;
};

}  // namespace hearthgate::script
