// hearthgated: runs one home in the foreground until SIGTERM or SIGINT.
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "daemon/change_seal.h"
#include "daemon/gateway_process.h"
#include "daemon/options.h"

// Ends the gateway, and the process at once when threads of plugins hang: everything is on disk, and waiting for them
// would take for ever.
static int leave(hearthgate::daemon::GatewayProcess& gateway, int status) {
  gateway.stop();
  if (!gateway.hanging()) return status;
  std::fflush(nullptr);
  std::_Exit(status);
}

int main(int argc, char** argv) {
  using namespace hearthgate;
  daemon::PassphraseSources passphrase;
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
  if (options->unseal || options->new_passphrase_file) {
    auto changed = daemon::changeSeal(*options, configuration->config, passphrase);
    if (changed.ok()) return std::printf("%s\n", changed->c_str()) < 0;
    std::fprintf(stderr, "hearthgated: %s\n", changed.error().message.c_str());
    return 1;
  }

  daemon::GatewayProcess gateway(*options, std::move(*configuration), std::move(passphrase));
  Status started = gateway.start();
  if (!started.ok()) {
    std::fprintf(stderr, "hearthgated: %s\n", started.error().message.c_str());
    return leave(gateway, 1);
  }
  std::printf("%s\n", gateway.readyLine().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return leave(gateway, 0);
}
