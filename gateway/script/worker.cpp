#include "script/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "script/tuning.h"

namespace hearthgate::script {
namespace {

// A pipe whose ends are no standard descriptors, even where the gateway was started without those.
bool openPipe(int* read_end, int* write_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  for (int& end : ends) {
    if (end > STDERR_FILENO) continue;
    const int higher = ::fcntl(end, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    ::close(end);
    end = higher;
  }
  *read_end = ends[0];
  *write_end = ends[1];
  return ends[0] >= 0 && ends[1] >= 0;
}

// posix_spawn (3) with nothing inherited: no environment, no descriptors but the two, no signals held back, a group of its own
// so that Ctrl-C on a terminal reaches the gateway alone, and a folder that keeps no disk busy.
int spawn(const std::string& program, int input, int output, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  char name[] = "hearthgate-script";
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  const int error = ::posix_spawn(pid, program.c_str(), &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::start(const std::string& program) {
  std::unique_ptr<Worker> worker(new Worker());
  int output = -1;
  const bool piped = openPipe(&worker->kept_, &worker->to_) && openPipe(&worker->from_, &output);
  int error = piped ? spawn(program, worker->kept_, output, &worker->pid_) : errno;
  if (output >= 0) ::close(output);
  if (error != 0) {
    worker->pid_ = -1;
    const bool missing = piped && (error == ENOENT || error == EACCES || error == ENOEXEC || error == ENOTDIR);
    return systemError(missing ? "worker_missing" : "worker_not_started",
                       "Scripts cannot run: starting " + program + " failed: " + std::strerror(error) +
                           (missing ? ". Install the gateway's programs again." : "."));
  }
  ::fcntl(worker->to_, F_SETFL, O_NONBLOCK);
  ::fcntl(worker->from_, F_SETFL, O_NONBLOCK);
  const auto deadline = Clock::now() + kStartTime;
  while (true) {
    const Event event = worker->exchange(deadline);
    auto answer = worker->nextAnswer();
    std::string why;
    if (!answer.ok()) {
      why = "it greeted with bytes that are no greeting";
    } else if (*answer && std::holds_alternative<Ready>(**answer)) {
      if (std::get<Ready>(**answer).protocol == kProtocol) return worker;
      why = "it is of another version";
    } else if (*answer || event == Event::kSilent) {
      why = *answer ? "it answered before it was asked" : "it was not ready after " + std::to_string(kStartTime.count()) + " s";
    } else if (event == Event::kEnded) {
      why = worker->ending().how;
    }
    if (!why.empty()) return systemError("worker_not_started", "Scripts cannot run: " + program + " was started, but " + why + ".");
  }
}

Worker::~Worker() { kill(); }

void Worker::closeAll() {
  for (int* end : {&to_, &from_, &kept_}) {
    if (*end >= 0) ::close(*end);
    *end = -1;
  }
}

int Worker::reap() {
  int status = 0;
  while (pid_ > 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

Worker::Event Worker::exchange(Clock::time_point deadline) {
  while (true) {
    while (!outgoing_.empty()) {
      const ssize_t wrote = ::write(to_, outgoing_.data(), outgoing_.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) break;
      outgoing_.erase(0, static_cast<size_t>(wrote));
    }
    std::array<pollfd, 2> polled = {pollfd{from_, POLLIN, 0}, pollfd{to_, POLLOUT, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    const int ready = ::poll(polled.data(), outgoing_.empty() ? 1 : 2, static_cast<int>(std::max<int64_t>(left, 0)));
    if (ready == 0) return Event::kSilent;
    if (polled[0].revents == 0) continue;
    std::array<char, size_t{64} << 10> bytes;
    const ssize_t got = ::read(from_, bytes.data(), bytes.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return Event::kEnded;
    incoming_.erase(0, taken_);
    taken_ = 0;
    incoming_.append(bytes.data(), static_cast<size_t>(got));
    return Event::kBytes;
  }
}

Result<std::optional<Answer>> Worker::nextAnswer() {
  HG_TRY(const std::optional<std::string_view> frame, firstFrame(std::string_view(incoming_).substr(taken_)));
  if (!frame) return std::optional<Answer>();
  taken_ += 4 + frame->size();
  HG_TRY(Answer answer, parseAnswer(*frame));
  return std::optional(std::move(answer));
}

std::chrono::nanoseconds Worker::used() const {
  clockid_t clock;
  timespec time = {};
  if (pid_ <= 0 || ::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void Worker::kill() {
  if (pid_ <= 0) return closeAll();
  ::kill(pid_, SIGKILL);
  reap();
  outgoing_.clear();
  // What it handed out before is still in the pipe, whose other end nobody has any more.
  const auto at_once = Clock::now();
  while (exchange(at_once) == Event::kBytes && incoming_.size() - taken_ <= 2 * kFrameBytes) {
  }
  closeAll();
}

Ending Worker::ending() {
  // It has closed its output, which it does at its end alone; one that does it otherwise ends here.
  siginfo_t about = {};
  if (pid_ > 0 && (::waitid(P_PID, static_cast<id_t>(pid_), &about, WEXITED | WNOHANG | WNOWAIT) != 0 || about.si_pid == 0)) {
    // Between closing and ending there are microseconds.
    const auto deadline = Clock::now() + kSilence;
    while (Clock::now() < deadline && about.si_pid == 0) {
      ::poll(nullptr, 0, 1);
      if (::waitid(P_PID, static_cast<id_t>(pid_), &about, WEXITED | WNOHANG | WNOWAIT) != 0) break;
    }
    if (about.si_pid == 0) ::kill(pid_, SIGKILL);
  }
  const bool by_itself = about.si_pid != 0;
  const int status = reap();
  closeAll();
  if (!by_itself) return {Ending::Cause::kScript, false, "it closed its output and went on"};
  if (WIFEXITED(status)) {
    const int code = WEXITSTATUS(status);
    const auto cause = code == kExitTime ? Ending::Cause::kScript : Ending::Cause::kWorker;
    return {cause, code == kExitTime, exitText(code)};
  }
  const int number = WTERMSIG(status);
  constexpr std::array kOwnDoing = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP, SIGXCPU, SIGXFSZ};
  const bool own = std::find(kOwnDoing.begin(), kOwnDoing.end(), number) != kOwnDoing.end();
  return {own ? Ending::Cause::kScript : Ending::Cause::kOutside, false,
          "its process ended with signal " + std::to_string(number) + " (" + ::strsignal(number) + ")"};
}

}  // namespace hearthgate::script
