#include "daemon/passphrase.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "trust/private_file.h"
#include "trust/tuning.h"

namespace hearthgate::daemon {
namespace {

constexpr const char* kCredential = "hearthgate.passphrase";

Result<Passphrase> checked(Passphrase found) {
  auto bad = [&](const std::string& why) {
    return inputError("passphrase_bad", found.source() + ": the passphrase " + why + " (one line of text, of at most " +
                                            std::to_string(trust::kMaxPassphraseBytes) + " bytes)");
  };
  if (!found.given()) return bad("is empty");
  if (found.text().size() > trust::kMaxPassphraseBytes) return bad("is too long");
  // A second line is rather another file, and an editor's other line ends would be no part of what is typed elsewhere.
  auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(found.text().begin(), found.text().end(), control)) return bad("has more than one line, or control characters");
  return found;
}

Result<Passphrase> fromFile(Result<std::string> content, const std::string& path) {
  if (!content.ok()) return std::move(content).error();
  if (content->ends_with('\n')) content->pop_back();
  return checked({std::move(*content), path});
}

}  // namespace

PassphraseSources::PassphraseSources() {
  const size_t name = std::strlen(config::kPassphraseVariable);
  // It may be there twice. The first counts, as for getenv().
  for (char** entry = environ; entry && *entry; ++entry) {
    if (std::strncmp(*entry, config::kPassphraseVariable, name) != 0 || (*entry)[name] != '=') continue;
    char* value = *entry + name + 1;
    size_t size = std::strlen(value);
    if (!variable_) {
      std::string text;
      text.reserve(std::max(size, trust::kMaxPassphraseBytes));  // so that moving leaves nothing behind
      text.assign(value, size);
      variable_.emplace(std::move(text), config::kPassphraseVariable);
    }
    // The kernel shows this very memory in /proc/PID/environ for as long as the process lives.
    std::fill(value, value + size, '\0');
  }
  ::unsetenv(config::kPassphraseVariable);
}

Result<Passphrase> PassphraseSources::take(const config::Config& config, const std::string& data) {
  std::optional<Passphrase> variable = std::move(variable_);
  variable_.reset();
  const std::string& named = config.sharing.sync.encryption.passphrase_file;
  if (!named.empty()) return readPassphrase(named.starts_with('/') ? named : data + "/" + named);
  if (variable) return checked(std::move(*variable));
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");  // systemd.exec(5), "Credentials"
  if (!folder || !*folder) return Passphrase();
  std::string path = std::string(folder) + "/" + kCredential;
  auto content = trust::readCredential(path);
  if (!content.ok() && content.error().code == "file_missing") return Passphrase();
  return fromFile(std::move(content), path);
}

Result<Passphrase> readPassphrase(const std::string& path) { return fromFile(trust::readPrivateFile(path), path); }

}  // namespace hearthgate::daemon
