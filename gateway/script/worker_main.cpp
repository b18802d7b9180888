// hearthgate-script: runs Lua strategies for the gateway, which starts it with two pipes and nothing else, and stops it when it takes
// too long. It gives up what it can before it reads the first script (sandbox.h). Not for people to call.
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "script/frames.h"
#include "script/sandbox.h"
#include "script/state.h"
#include "script/tuning.h"

namespace hearthgate::script {
namespace {

// What is answered waits here until there is much of it, until the batch ends, or until a tick finds that the next conflict
// takes long: so the gateway knows which one did. Written by the program, handed out by it or by the handler of the tick,
// which interrupts it: the program is never in flush() when the handler hands out.
class Answers {
 public:
  void add(std::string_view frame) {
    silent_ticks_ = 0;
    if (end_ + frame.size() > sizeof bytes_) flush();
    if (frame.size() > sizeof bytes_) ::_exit(kExitRequest);  // All that goes into an answer is limited before.
    std::memcpy(bytes_ + end_, frame.data(), frame.size());
    end_ = end_ + frame.size();
    if (kSanitized) flush();  // The thread sanitizer holds signals back while a program computes.
  }
  void flush() {
    flushing_ = true;
    writeOut();
    sent_ = 0;
    end_ = 0;
    flushing_ = false;
  }
  void begin() { silent_ticks_ = 0; }
  void tick() {
    if (++silent_ticks_ > kSilentTicks) ::_exit(kExitTime);
    if (!flushing_) writeOut();
  }

 private:
  void writeOut() {
    while (sent_ < end_) {
      const ssize_t wrote = ::write(STDOUT_FILENO, bytes_ + sent_, end_ - sent_);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) ::_exit(kExitDone);  // Nobody is left to read it.
      sent_ = sent_ + static_cast<size_t>(wrote);
    }
  }

  char bytes_[kFrameBytes + 64] = {};
  std::atomic<size_t> sent_{0}, end_{0};
  std::atomic<bool> flushing_{false};
  std::atomic<int> silent_ticks_{0};
};
static_assert(std::atomic<size_t>::is_always_lock_free, "a signal handler takes no lock");

Answers answers;
char request[kFrameBytes];

void tick(int) {
  const int kept = errno;
  answers.tick();
  errno = kept;
}

// Fills `bytes`; false at the end of the input.
bool readAll(char* bytes, size_t size) {
  for (size_t got = 0; got < size;) {
    const ssize_t count = ::read(STDIN_FILENO, bytes + got, size - got);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    got += static_cast<size_t>(count);
  }
  return true;
}

bool run(FrameReader reader, ScriptState* state) {
  const std::string_view name = reader.text();
  const std::string_view text = reader.text();
  const uint32_t base = reader.number();
  const uint32_t count = reader.number();
  if (!reader.ok()) return false;
  state->load(name, text);
  for (uint32_t i = 0; i < count; ++i) {
    answers.begin();
    const Outcome outcome = state->run(&reader);
    if (!reader.ok()) return false;
    answers.add(answerFrame(base + i, outcome));
  }
  return reader.whole();
}

bool describe(FrameReader reader, ScriptState* state) {
  const std::string_view text = reader.text();
  if (!reader.whole()) return false;
  state->load("script", text);
  const auto described = state->describe();
  if (const auto* failed = std::get_if<Failed>(&described)) {
    answers.add(answerFrame(0, *failed));
  } else {
    answers.add(answerFrame(std::get<Description>(described)));
  }
  return true;
}

// Pages that a batch gives back are the next one's; getting them from the kernel anew costs more than running a small script. What
// a large one took goes back at once.
void keepMemory() {
  ::mallopt(M_TRIM_THRESHOLD, static_cast<int>(kKeptBytes));
  ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(kKeptBytes));
  ::mallopt(M_TOP_PAD, static_cast<int>(kKeptBytes / 16));
}

int serve() {
  keepMemory();
  answers.add(readyFrame());
  for (size_t used = 0;;) {
    answers.flush();
    if (used > kKeptBytes) ::malloc_trim(0);
    ScriptState state;  // made before it is needed, so that nobody waits for it
    char length[4];
    if (!readAll(length, sizeof length)) return kExitDone;
    const size_t size = FrameReader({length, sizeof length}).number();
    if (size > sizeof request) return kExitRequest;
    if (!readAll(request, size)) return kExitDone;
    answers.begin();
    FrameReader reader({request, size});
    const auto kind = static_cast<Request>(reader.byte());
    const bool understood = kind == Request::kRun ? run(reader, &state) : kind == Request::kDescribe && describe(reader, &state);
    if (!understood) return kExitRequest;
    used = state.mostUsed();
  }
}

}  // namespace
}  // namespace hearthgate::script

int main() {
  using namespace hearthgate::script;
  int status = confine(tick);
  if (status == kExitDone) status = serve();
  // Nothing is left to do that an ordinary end would do, and most of it is forbidden by now.
  ::_exit(status);
}
