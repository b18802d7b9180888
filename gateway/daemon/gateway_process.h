// The wiring of one running gateway: opens what is on disk, makes the layers, and connects them. Main thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "daemon/options.h"
#include "daemon/passphrase.h"
#include "trust/identity.h"

namespace hearthgate::daemon {

// Loads and checks the configuration; nothing when it has problems, which are then written to standard error.
std::optional<config::Loaded> loadConfiguration(const Options& options);

class GatewayProcess {
 public:
  GatewayProcess(Options options, config::Loaded configuration, PassphraseSources passphrase);
  ~GatewayProcess();

  // Serves when it returns success. Errors are one line: WHAT: WHY (what to do).
  Status start();
  // ready admin=… sync=… home=…
  std::string readyLine() const;
  // Ends in order; a second call does nothing.
  void stop();
  // After stop(): threads of plugins hang, so that the process has to be left without waiting for them.
  bool hanging() const { return hanging_; }

 private:
  struct Parts;
  bool had_identity_ = false;  // at the start
  Status openHome(const Passphrase& passphrase);
  Status openDatabase(bool has_identity);
  Result<trust::Identity> openIdentity(const trust::IdentityFiles& files, bool has_identity, const Passphrase& passphrase);
  Status startEngine();
  Status startPlugins();
  Status startApi();

  Options options_;
  config::Loaded configuration_;
  PassphraseSources passphrase_;
  std::unique_ptr<Parts> parts_;
  bool hanging_ = false;
};

}  // namespace hearthgate::daemon
