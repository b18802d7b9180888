#include "daemon/change_seal.h"

#include <unistd.h>

#include "daemon/data_directory.h"
#include "daemon/start_error.h"
#include "trust/identity.h"

namespace hearthgate::daemon {

Result<std::string> changeSeal(const Options& options, const config::Config& config, PassphraseSources& sources) {
  trust::IdentityFiles files(options.data, config.sharing.sync.encryption.key_path);
  Passphrase next;
  if (options.new_passphrase_file) {
    auto read = readPassphrase(*options.new_passphrase_file);
    if (!read.ok()) return startError("new passphrase", read.error());
    next = std::move(*read);
  }
  auto present = sources.take(config, options.data);
  if (!present.ok()) return startError("passphrase", present.error());
  // Looked for before the folder is opened, which makes one.
  if (::access(files.keyPath().c_str(), F_OK) != 0) {
    return systemError("identity_missing", "identity " + files.keyPath() +
                                               ": there is none (name the data folder with --data; a new home is sealed "
                                               "when it starts with a passphrase)");
  }
  DataDirectory directory(options.data);
  HG_CHECK(directory.open());
  auto identity = trust::Identity::load(files, present->text());
  if (!identity.ok() && identity.error().code == "passphrase_wrong" && next.given()) {
    // An earlier change got as far as this.
    auto changed = trust::Identity::load(files, next.text());
    if (changed.ok()) identity = std::move(changed);
  }
  if (!identity.ok()) return identityError(*present, identity.error());
  std::shared_ptr<const trust::Seal> seal;
  if (next.given()) {
    auto made = trust::Seal::make(next.text());
    if (!made.ok()) return startError("new passphrase", made.error());
    seal = std::move(*made);
  }
  auto resealed = identity->resealed(std::move(seal));
  if (!resealed.ok()) return startError("identity", resealed.error());
  if (next.given()) return "sealed: from now on " + files.keyPath() + " opens with the passphrase of " + next.source();
  std::string line = "unsealed: " + files.keyPath() + " opens without a passphrase";
  if (present->given()) line += "; take the one of " + present->source() + " away, or the next start seals it again";
  return line;
}

}  // namespace hearthgate::daemon
