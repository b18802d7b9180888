// The program `hearthgate`: wires the command line to this process's terminal.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <thread>

#include "cli/run.h"

namespace {

volatile sig_atomic_t g_interrupted = 0;

// Waits for input in small steps, because reading a line itself would not notice Ctrl-C.
std::optional<std::string> readLine() {
  std::string line;
  while (!g_interrupted && std::cin.rdbuf()->in_avail() <= 0) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, 200) > 0) break;
  }
  if (g_interrupted || !std::getline(std::cin, line)) return std::nullopt;
  return line;
}

// CONTRACT: /var/lib/hearthgate, for other users than root the XDG state folder.
std::string defaultData() {
  if (geteuid() == 0) return "/var/lib/hearthgate";
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  if (state && *state == '/') return std::string(state) + "/hearthgate";
  return std::string(home ? home : "") + "/.local/state/hearthgate";
}

// What was said may still have gone nowhere: a full disk fails the command, and a reader that has seen enough ends it
// as it ends every program.
int said(int status) {
  std::cout.flush();
  if (std::cout.good()) return status;
  pollfd output{STDOUT_FILENO, 0, 0};
  if (poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    signal(SIGPIPE, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);  // Poco blocks it.
    raise(SIGPIPE);
  }
  std::cerr << "hearthgate: the output could not be written whole\n"
               "  make room where it goes, and run the command again\n";
  return status != hearthgate::cli::kDone ? status : hearthgate::cli::kFailed;
}

}  // namespace

int main(int count, char** values) {
  std::ios::sync_with_stdio(false);  // so that in_avail() above sees what was read ahead
  // Once only: a second Ctrl-C ends the program at once. Commands that leave nothing behind never ask for this.
  auto catch_interrupts = [] {
    struct sigaction action {};
    action.sa_handler = [](int) { g_interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
  };
  auto pause = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  hearthgate::cli::Terminal terminal{std::cout,
                                     std::cerr,
                                     readLine,
                                     isatty(STDOUT_FILENO) == 1,
                                     hearthgate::systemClock(hearthgate::ClockTrust::kYes),
                                     pause,
                                     catch_interrupts,
                                     [] { return g_interrupted != 0; },
                                     defaultData()};
  return said(hearthgate::cli::run({values + 1, values + count}, terminal));
}
