// One worker process (worker_main.cpp): started with two pipes and an empty environment, talked to in frames, ended. One thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "script/frames.h"

namespace hearthgate::script {

// How a worker ended, and whose doing it was.
struct Ending {
  enum class Cause {
    kScript,   // it crashed, broke out of what it may do, or ended itself after its time
    kOutside,  // somebody killed it
    kWorker,   // it could not do its work
  };
  Cause cause = Cause::kOutside;
  bool time = false;  // it ended itself after its time
  std::string how;    // part of a sentence
};

class Worker {
 public:
  using Clock = std::chrono::steady_clock;

  // Starts `program`, an absolute path, and waits until it says that it is ready. Fails with `worker_missing` or `worker_not_started`.
  static Result<std::unique_ptr<Worker>> start(const std::string& program);
  // Kills it, if it runs.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  pid_t pid() const { return pid_; }

  // Adds frames to what is sent. exchange() sends.
  void send(std::string frames) { outgoing_ += frames; }
  // Everything that was given to send() has left.
  bool idle() const { return outgoing_.empty(); }

  enum class Event { kBytes, kSilent, kEnded };
  // Sends and receives until something came, it ended, or `deadline` passed.
  Event exchange(Clock::time_point deadline);
  // The next answer that came, if there is a whole one; fails with `bad_answer`.
  Result<std::optional<Answer>> nextAnswer();

  // Processor time that it has used so far.
  std::chrono::nanoseconds used() const;
  // Kills it; answers that it gave before can still be taken.
  void kill();
  // After kEnded: how.
  Ending ending();

 private:
  Worker() = default;
  void closeAll();
  int reap();

  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
  // The worker's end of its input, kept open so that writing to one that has died is no SIGPIPE; its output tells the end.
  int kept_ = -1;
  std::string outgoing_, incoming_;
  size_t taken_ = 0;  // of incoming_
};

}  // namespace hearthgate::script
