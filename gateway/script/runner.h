// Runs scripts for the gateway: a worker process for each home whose scripts are in use, deadlines, restarts, and scripts that are
// switched off because they had to be killed. Whatever happens is an outcome. Any thread; a call takes as long as the scripts do.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sha256.h"
#include "script/case.h"
#include "script/frames.h"

namespace hearthgate::script {

struct Script {
  std::string name;    // as errors call it
  std::string text;
  std::string origin;  // home that it comes from, as text; scripts of one home share a worker
};

// A script that runs no more.
struct SwitchedOff {
  Sha256Digest hash;  // of its text
  std::string name;
  int64_t at_ms = 0;  // since 1970
};

class Runner {
 public:
  // `program` is the worker's absolute path; `clock` outlives the runner.
  Runner(std::string program, Clock& clock);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // One outcome for each case, in their order. A case that takes too long ends after 250 ms with `time_limit`, and the others go on.
  // Calls for one origin wait for each other.
  std::vector<Outcome> run(const Script& script, std::span<const Case> cases);

  // What a text says of itself, without running resolve(). Fails with `bad_script` or another code of Failed.
  Result<Description> describe(std::string_view text, const std::string& origin);

  // Scripts that had to be killed three times within an hour.
  std::vector<SwitchedOff> switchedOff() const;
  // A person lets it run again; false when it was not off.
  bool switchOn(const Sha256Digest& hash);
  // Puts it back after a start, so that a restart lets nothing run again.
  void switchOff(const SwitchedOff& script);

  // Ends the workers that nobody uses at the moment; the next call starts one again.
  void endIdleWorkers();

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace hearthgate::script
