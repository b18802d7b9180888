// The admin token as the server holds it: checked by many threads, replaced by a rotation (TRUST.md T28).
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "base/random.h"
#include "trust/token.h"

namespace hearthgate::api {

class TokenKeeper {
 public:
  TokenKeeper(trust::AdminToken token, std::string path) : token_(std::move(token)), path_(std::move(path)) {}

  bool matches(std::string_view presented) {
    std::lock_guard lock(mutex_);
    return token_.matches(presented);
  }
  // The new token's text; the old one is wrong from then on. After an error the right one is that in the file.
  Result<std::string> rotate(Random& random) {
    std::lock_guard lock(mutex_);
    auto token = trust::AdminToken::rotate(path_, random);
    if (token.ok()) {
      token_ = std::move(*token);
      return token_.text();
    }
    // A file that was replaced and whose folder could not be synced holds the new one: only a power cut would undo that.
    auto kept = trust::AdminToken::loadOrCreate(path_, random);
    if (kept.ok()) token_ = std::move(*kept);
    return token.error();
  }

 private:
  std::mutex mutex_;
  trust::AdminToken token_;
  const std::string path_;
};

}  // namespace hearthgate::api
