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
  // The new token's text; the old one is wrong from then on.
  Result<std::string> rotate(Random& random) {
    std::lock_guard lock(mutex_);
    HG_TRY(trust::AdminToken token, trust::AdminToken::rotate(path_, random));
    token_ = std::move(token);
    return token_.text();
  }

 private:
  std::mutex mutex_;
  trust::AdminToken token_;
  const std::string path_;
};

}  // namespace hearthgate::api
