// The passphrase under which this home's keys are sealed, and where it comes from: the file that
// sharing.sync.encryption.passphrase_file names, else the variable HEARTHGATE_PASSPHRASE, else systemd's credential
// `hearthgate.passphrase`; the first that is there. One line of text, of at most kMaxPassphraseBytes. Main thread.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "trust/crypto.h"

namespace hearthgate::daemon {

class Passphrase {
 public:
  Passphrase() = default;  // none
  Passphrase(std::string text, std::string source) : secret_(std::move(text)), source_(std::move(source)) {}
  Passphrase(Passphrase&& other) noexcept { *this = std::move(other); }
  Passphrase& operator=(Passphrase&& other) noexcept {
    secret_.text.swap(other.secret_.text);
    source_.swap(other.source_);
    return *this;
  }

  bool given() const { return !secret_.text.empty(); }
  const std::string& text() const { return secret_.text; }
  const std::string& source() const { return source_; }

 private:
  trust::Secret secret_;
  std::string source_;
};

// Takes the variable out of the environment, where children, plugins and /proc would show it. To be made first of all.
class PassphraseSources {
 public:
  PassphraseSources();

  // None where none is there; to be called once. Fails with `passphrase_bad`, or as readPrivateFile(). `data` is the data
  // folder.
  Result<Passphrase> take(const config::Config& config, const std::string& data);

 private:
  std::optional<Passphrase> variable_;  // as it stood there, not yet looked at
};

// The passphrase in `path`, which others must not be able to read.
Result<Passphrase> readPassphrase(const std::string& path);

}  // namespace hearthgate::daemon
