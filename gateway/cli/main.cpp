// The program `hearthgate`: wires the command line to this process's terminal.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>
#include <thread>

#include "cli/run.h"

namespace {

volatile sig_atomic_t g_interrupted = 0;

// Whether a line, or the end, is there within `time`; also after Ctrl-C, which ends the waiting.
bool inputWaits(std::chrono::milliseconds time) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return g_interrupted || std::cin.rdbuf()->in_avail() > 0 || poll(&input, 1, static_cast<int>(time.count())) > 0 || g_interrupted;
}

// What the environment says of the terminal (locale(7), term(7)).
std::string noPictures() {
  auto value = [](const char* name) -> std::string_view {
    const char* text = std::getenv(name);
    return text ? text : "";
  };
  if (value("TERM").empty() || value("TERM") == "dumb") return "this terminal shows no colours";
  std::string_view locale = value("LC_ALL").empty() ? value("LC_CTYPE") : value("LC_ALL");
  if (locale.empty()) locale = value("LANG");
  for (const char* utf8 : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
    if (locale.find(utf8) != std::string_view::npos) return "";
  }
  return "the locale is not UTF-8";
}

size_t columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

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
    sigaction(SIGHUP, &action, nullptr);  // The terminal was closed.
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
                                     defaultData(),
                                     inputWaits,
                                     noPictures(),
                                     columns()};
  return said(hearthgate::cli::run({values + 1, values + count}, terminal));
}
