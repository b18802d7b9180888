// Another passphrase for this home's keys, or none, while no gateway runs: `hearthgated --new-passphrase-file`, `--unseal`.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "daemon/options.h"
#include "daemon/passphrase.h"

namespace hearthgate::daemon {

// Does what `options` ask for and gives a line that says so. Errors are one line, as of GatewayProcess::start().
Result<std::string> changeSeal(const Options& options, const config::Config& config, PassphraseSources& sources);

}  // namespace hearthgate::daemon
