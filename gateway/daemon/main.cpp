// hearthgated: runs one home in the foreground until SIGTERM or SIGINT.
#include <pthread.h>

#include <csignal>
#include <cstdio>

#include "daemon/gateway_process.h"
#include "daemon/options.h"

int main(int argc, char** argv) {
  using namespace hearthgate;
  // Every thread inherits the mask, so that only sigwait() below sees these.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  int exit_status = 0;
  auto options = daemon::parseOptions(argc, argv, &exit_status);
  if (!options) return exit_status;
  auto configuration = daemon::loadConfiguration(*options);
  if (!configuration) return 2;
  if (options->check) return 0;

  daemon::GatewayProcess gateway(*options, std::move(*configuration));
  Status started = gateway.start();
  if (!started.ok()) {
    std::fprintf(stderr, "hearthgated: %s\n", started.error().message.c_str());
    return 1;
  }
  std::printf("%s\n", gateway.readyLine().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  gateway.stop();
  return 0;
}
