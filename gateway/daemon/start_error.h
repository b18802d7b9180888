// The errors that end a start: one line, WHAT: WHY (what to do).
#pragma once

#include <string>

#include "base/result.h"
#include "daemon/passphrase.h"

namespace hearthgate::daemon {

inline Error startError(const std::string& what, Error error) {
  error.message = what + ": " + error.message;
  return error;
}

// Of loading the identity with that passphrase, which may be none.
inline Error identityError(const Passphrase& passphrase, Error error) {
  bool wrong = error.code == "passphrase_wrong";
  return startError(wrong ? "passphrase of " + passphrase.source() : "identity", std::move(error));
}

}  // namespace hearthgate::daemon
