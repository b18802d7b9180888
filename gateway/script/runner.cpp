#include "script/runner.h"

#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "base/utf8.h"
#include "script/strikes.h"
#include "script/tuning.h"
#include "script/worker.h"

namespace hearthgate::script {
namespace {

// The worker of one home's scripts.
struct Slot {
  std::mutex mutex;
  std::unique_ptr<Worker> worker;
  uint64_t used = 0;  // the number of the call that used it last; the map's lock guards it
};

Failed failedWith(const Error& error) { return {error.code, error.message}; }

std::string limitText() { return std::to_string((kSilence + kTick).count() + 5) + " ms"; }

// One call of run(): the cases that are sent, in order, and what has become of them. Positions count among those.
class Job {
 public:
  Job(const std::string& program, Strikes& strikes, Slot& slot, const Script& script, std::span<const Case> cases)
      : program_(program), strikes_(strikes), slot_(slot), script_(script), name_(displayName(script.name)), hash_(sha256(script.text)), outcomes_(cases.size()) {
    for (size_t i = 0; i < cases.size(); ++i) encode(cases[i], i);
  }

  std::vector<Outcome> run() {
    if (script_.text.size() > kScriptBytes) {
      failRest({"bad_script", "The script '" + name_ + "' has " + std::to_string(script_.text.size()) + " bytes; at most " +
                                  std::to_string(kScriptBytes) + " are run."});
    } else if (strikes_.isOff(hash_)) {
      failRest(switchedOff());
    }
    while (answered_ < order_.size()) {
      if (!slot_.worker && !begin()) break;
      sendAhead();
      const Worker::Event event = slot_.worker->exchange(since_ + kSilence);
      if (takeAnswers()) continue;
      // Bytes that never become an answer are silence too.
      const bool drips = event == Worker::Event::kBytes && Worker::Clock::now() > since_ + 2 * kSilence;
      if (event == Worker::Event::kSilent || drips) {
        silent();
      } else if (event == Worker::Event::kEnded) {
        ended();
      }
    }
    // A worker that has been told more than it answered is of no use to the next call.
    if (slot_.worker && !frames_.empty()) slot_.worker.reset();
    return std::move(outcomes_);
  }

 private:
  void encode(const Case& what, size_t index) {
    std::string bytes = encodeCase(what);
    if (bytes.size() > kCaseBytes) {
      outcomes_[index] = Failed{"case_too_large", "The versions of " + what.address + " have " + std::to_string(bytes.size()) +
                                                      " bytes together; a script sees at most " + std::to_string(kCaseBytes) +
                                                      ". Choose one by hand."};
      return;
    }
    order_.push_back(index);
    encoded_.push_back(std::move(bytes));
  }

  // Starts a worker that has been told nothing yet.
  bool begin() {
    auto started = Worker::start(program_);
    if (!started.ok()) {
      failRest(failedWith(started.error()));
      return false;
    }
    slot_.worker = std::move(*started);
    fresh_ = true;
    frames_.clear();
    sent_ = answered_;
    return true;
  }

  void sendAhead() {
    if (frames_.empty()) mark();
    while (frames_.size() < kFramesAhead && sent_ < order_.size()) {
      const size_t from = sent_;
      std::string cases;
      do {
        cases += encoded_[sent_++];
      } while (sent_ < order_.size() && sent_ - from < kBatchCases && cases.size() + encoded_[sent_].size() <= kBatchBytes);
      slot_.worker->send(runFrame(name_, script_.text, static_cast<uint32_t>(from), static_cast<uint32_t>(sent_ - from), cases));
      frames_.push_back(sent_);
    }
  }

  // What is worked on now began at this moment, at the latest.
  void mark() {
    since_ = Worker::Clock::now();
    used_ = slot_.worker->used();
  }

  // Whether an answer came, or something that is none.
  bool takeAnswers() {
    bool any = false;
    while (true) {
      auto answer = slot_.worker->nextAnswer();
      if (answer.ok() && !*answer) break;
      any = true;
      auto* of_case = answer.ok() ? std::get_if<CaseAnswer>(&**answer) : nullptr;
      if (of_case == nullptr || of_case->number != answered_ || answered_ >= sent_) {
        slot_.worker.reset();
        strike(answer.ok() ? Failed{"bad_answer", "The worker of the script '" + name_ + "' answered what it was not asked."}
                           : failedWith(answer.error()));
        return true;
      }
      settle(std::move(of_case->outcome));
    }
    if (any) mark();
    return any;
  }

  void settle(Outcome outcome) {
    outcomes_[order_[answered_++]] = std::move(outcome);
    encoded_[answered_ - 1].clear();
    fresh_ = true;
    barren_ = 0;
    starved_ = 0;
    spent_ = {};
    while (!frames_.empty() && frames_.front() <= answered_) frames_.pop_front();
  }

  void failRest(const Failed& failed) {
    while (answered_ < order_.size()) outcomes_[order_[answered_++]] = failed;
    frames_.clear();
  }

  Failed switchedOff() const {
    return {"switched_off", "The script '" + name_ + "' had to be stopped " + std::to_string(kStrikes) +
                                " times within an hour and is off. Mend it, or switch it on again."};
  }

  // The first case that has no answer made it necessary to kill the worker.
  void strike(const Failed& failed) {
    settle(failed);
    if (strikes_.add(hash_, name_)) failRest(switchedOff());
  }

  void silent() {
    spent_ += slot_.worker->used() - used_;
    slot_.worker->kill();
    const size_t before = answered_;
    const bool came = takeAnswers();
    slot_.worker.reset();
    if (came || answered_ != before) return;  // It had just gone on: another worker does the rest.
    if (spent_ >= kHonestTime) return timeIsUp();
    if (++starved_ < kStarvedTries) return;
    settle(Failed{"starved", "The script '" + name_ + "' got no processor time for " + limitText() + ", " +
                                 std::to_string(kStarvedTries) + " times; this machine has too much to do. It is tried again later."});
  }

  void timeIsUp() {
    strike({"time_limit", "The script '" + name_ + "' did not come to an end within " + limitText() +
                              " and was stopped. The conflict stays open; mend the script."});
  }

  void ended() {
    const Ending ending = slot_.worker->ending();
    slot_.worker.reset();
    if (ending.time) return timeIsUp();
    if (ending.cause == Ending::Cause::kScript) {
      return strike({"worker_crashed", "The worker of the script '" + name_ + "' broke while it ran: " + ending.how + "."});
    }
    // One that was there before may have been gone when it was called.
    if (!std::exchange(fresh_, true)) return;
    const bool outside = ending.cause == Ending::Cause::kOutside;
    const Failed failed{outside ? "worker_killed" : "worker_not_started",
                        "The worker of the script '" + name_ + "' is gone: " + ending.how +
                            (outside ? ". It was not the gateway that ended it; the system's log says whether memory was short."
                                     : ". Install the gateway's programs again, all of one version.")};
    ++barren_;
    if (barren_ >= kBarrenStarts) return failRest(failed);
    const int barren = barren_;
    settle(failed);
    barren_ = barren;
  }

  const std::string& program_;
  Strikes& strikes_;
  Slot& slot_;
  const Script& script_;
  const std::string name_;
  const Sha256Digest hash_;
  std::vector<Outcome> outcomes_;
  std::vector<size_t> order_;         // which case stands at a position
  std::vector<std::string> encoded_;  // by position
  size_t sent_ = 0, answered_ = 0;    // positions
  std::deque<size_t> frames_;         // that are not answered yet: the position after each
  Worker::Clock::time_point since_{};
  std::chrono::nanoseconds used_{};
  bool fresh_ = false;    // the worker was started for this call, or has answered it
  std::chrono::nanoseconds spent_{};  // processor time of workers that were killed over the next case
  int starved_ = 0;       // how often the next case got no processor time
  int barren_ = 0;        // workers in a row that ended without an answer
};

}  // namespace

struct Runner::Inner {
  Inner(std::string given_program, Clock& clock) : program(std::move(given_program)), strikes(clock) {}

  const std::string program;
  Strikes strikes;
  std::mutex mutex;  // of what follows
  std::map<std::string, std::shared_ptr<Slot>> slots;
  uint64_t calls = 0;

  std::shared_ptr<Slot> slotOf(const std::string& origin) {
    std::lock_guard lock(mutex);
    auto& slot = slots[origin];
    if (!slot) slot = std::make_shared<Slot>();
    slot->used = ++calls;
    const std::shared_ptr<Slot> wanted = slot;
    if (slots.size() > kMaxWorkers) endOldest();
    return wanted;
  }

  // Of those that nobody waits for; with all in use there is one more for a while.
  void endOldest() {
    auto oldest = slots.end();
    for (auto at = slots.begin(); at != slots.end(); ++at) {
      if (at->second.use_count() == 1 && (oldest == slots.end() || at->second->used < oldest->second->used)) oldest = at;
    }
    if (oldest != slots.end()) slots.erase(oldest);
  }
};

Runner::Runner(std::string program, Clock& clock) : inner_(std::make_unique<Inner>(std::move(program), clock)) {}
Runner::~Runner() = default;

std::vector<Outcome> Runner::run(const Script& script, std::span<const Case> cases) {
  const auto slot = inner_->slotOf(script.origin);
  std::lock_guard lock(slot->mutex);
  return Job(inner_->program, inner_->strikes, *slot, script, cases).run();
}

Result<Description> Runner::describe(std::string_view text, const std::string& origin) {
  if (text.size() > kScriptBytes) {
    return inputError("bad_script", "The script has " + std::to_string(text.size()) + " bytes; at most " +
                                        std::to_string(kScriptBytes) + " are run.");
  }
  const auto hash = sha256(text);
  if (inner_->strikes.isOff(hash)) {
    return stateError("switched_off", "The script had to be stopped several times within an hour and is off. Mend it, or switch it on again.");
  }
  const auto slot = inner_->slotOf(origin);
  std::lock_guard lock(slot->mutex);
  // A worker that was there may have been killed meanwhile, and a machine may give one no time: then another one is tried.
  Error last = stateError("starved", "The script's worker got no processor time; this machine has too much to do. Try again later.");
  std::chrono::nanoseconds spent{};
  for (int tries = 0; tries < kStarvedTries; ++tries) {
    if (!slot->worker) {
      HG_TRY(slot->worker, Worker::start(inner_->program));
    }
    Worker& worker = *slot->worker;
    const auto used = worker.used();
    worker.send(describeFrame(text));
    const auto deadline = Worker::Clock::now() + kSilence;
    Worker::Event event = Worker::Event::kBytes;
    auto answer = worker.nextAnswer();
    while (answer.ok() && !*answer && event == Worker::Event::kBytes) {
      event = Worker::Clock::now() > deadline + kSilence ? Worker::Event::kSilent : worker.exchange(deadline);
      answer = worker.nextAnswer();
    }
    if (answer.ok() && *answer) {
      if (auto* description = std::get_if<Description>(&**answer)) return std::move(*description);
      const auto* of_case = std::get_if<CaseAnswer>(&**answer);
      const auto* failed = of_case != nullptr ? std::get_if<Failed>(&of_case->outcome) : nullptr;
      if (failed != nullptr) return inputError(failed->code, failed->message);
    }
    // The name or a pattern is what was refused.
    if (!answer.ok() && answer.error().domain == Domain::kInput) return std::move(answer).error();
    spent += worker.used() - used;
    const bool starved = event == Worker::Event::kSilent && spent < kHonestTime;
    Ending ending;
    if (event == Worker::Event::kEnded) ending = worker.ending();
    slot->worker.reset();
    if (event == Worker::Event::kBytes) return pluginError("bad_answer", "The script's worker answered what it was not asked.");
    if (starved) continue;
    if (event == Worker::Event::kEnded && ending.cause != Ending::Cause::kScript) {
      last = stateError("worker_killed", "The script's worker is gone while it read the definition: " + ending.how + ". Try again.");
      continue;
    }
    (void)inner_->strikes.add(hash, "script");
    if (event == Worker::Event::kSilent || ending.time) {
      return inputError("time_limit", "The script did not come to its definition within " + limitText() + " and was stopped.");
    }
    return inputError("worker_crashed", "The script's worker broke while it read the definition: " + ending.how + ".");
  }
  return last;
}

std::vector<SwitchedOff> Runner::switchedOff() const { return inner_->strikes.off(); }
bool Runner::switchOn(const Sha256Digest& hash) { return inner_->strikes.switchOn(hash); }
void Runner::switchOff(const SwitchedOff& script) { inner_->strikes.switchOff(script); }

void Runner::endIdleWorkers() {
  std::lock_guard lock(inner_->mutex);
  std::erase_if(inner_->slots, [](const auto& slot) { return slot.second.use_count() == 1; });
}

}  // namespace hearthgate::script
