// The admin token in DIR/admin.token and the limit on wrong ones (TRUST.md T28). Any thread for AdminToken, which does
// not change; a WrongTokenLimiter locks itself, because the HTTP pool shares it.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/random.h"
#include "base/result.h"

namespace hearthgate::trust {

class AdminToken {
 public:
  // The token in `path`, or a new one of 32 random bytes in a file made 0600 (52 letters of base32 and a line end).
  // Fails with `file_exposed` when others can read it, `token_corrupt` when it holds something else, or a file's error.
  static Result<AdminToken> loadOrCreate(const std::string& path, Random& random);
  // A new token in place of the one in `path`; the old one is no longer right anywhere.
  static Result<AdminToken> rotate(const std::string& path, Random& random);

  // Constant time: hashes are compared.
  bool matches(std::string_view presented) const;
  const std::string& text() const { return text_; }

 private:
  explicit AdminToken(std::string text);
  std::string text_;
  std::string hash_;
};

// Look whether the token is right first, then ask this: the right token always passes.
class WrongTokenLimiter {
 public:
  enum class Verdict { kPass, kUnauthorized, kTooMany };  // 200, 401, 429
  // `right`: whether the presented token matched. A wrong one is counted against the source of `address`.
  Verdict judge(bool right, std::string_view address, int64_t now_ms);
  // Seconds until a wrong token of that source would get 401 again, for Retry-After; 0 when it would now.
  int64_t retryAfterS(std::string_view address, int64_t now_ms);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::deque<int64_t>> wrong_;  // source → times within the last minute
};

}  // namespace hearthgate::trust
