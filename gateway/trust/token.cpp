#include "trust/token.h"

#include <algorithm>

#include "base/base32.h"
#include "trust/crypto.h"
#include "trust/private_file.h"
#include "trust/source.h"
#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr int64_t kMinuteMs = 60'000;

std::string newToken(Random& random) {
  std::string bytes = random.bytes(kTokenBytes);
  std::string text = base32(bytes);
  wipe(bytes);
  return text;
}

void forgetOld(std::deque<int64_t>& times, int64_t now_ms) {
  while (!times.empty() && times.front() <= now_ms - kMinuteMs) times.pop_front();
}

}  // namespace

AdminToken::AdminToken(std::string text) : text_(std::move(text)), hash_(sha256Bytes(text_)) {}

Result<AdminToken> AdminToken::loadOrCreate(const std::string& path, Random& random) {
  auto content = readPrivateFile(path);
  if (!content.ok() && content.error().code == "file_missing") {
    std::string text = newToken(random);
    HG_CHECK(createPrivateFile(path, text + "\n"));
    return AdminToken(std::move(text));
  }
  if (!content.ok()) return std::move(content).error();
  std::string text = std::move(*content);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  auto bytes = parseBase32(text);
  if (!bytes || bytes->size() != kTokenBytes) {
    return storageError("token_corrupt", path + " does not hold a token of 52 letters (remove it to get a new one)");
  }
  return AdminToken(std::move(text));
}

Result<AdminToken> AdminToken::rotate(const std::string& path, Random& random) {
  std::string text = newToken(random);
  HG_CHECK(writePrivateFile(path, text + "\n"));
  return AdminToken(std::move(text));
}

bool AdminToken::matches(std::string_view presented) const { return equalSecrets(sha256Bytes(presented), hash_); }

WrongTokenLimiter::Verdict WrongTokenLimiter::judge(bool right, std::string_view address, int64_t now_ms) {
  if (right) return Verdict::kPass;
  std::lock_guard lock(mutex_);
  std::string source = sourceOf(address);
  if (!wrong_.contains(source) && wrong_.size() >= kMaxWrongTokenSources) {
    auto older = [](const auto& a, const auto& b) { return a.second.back() < b.second.back(); };
    wrong_.erase(std::min_element(wrong_.begin(), wrong_.end(), older));
  }
  std::deque<int64_t>& times = wrong_[source];
  forgetOld(times, now_ms);
  // Those beyond the limit are not counted: whoever waits a minute may try again.
  if (times.size() >= kWrongTokensPerMinute) return Verdict::kTooMany;
  times.push_back(now_ms);
  return Verdict::kUnauthorized;
}

int64_t WrongTokenLimiter::retryAfterS(std::string_view address, int64_t now_ms) {
  std::lock_guard lock(mutex_);
  auto found = wrong_.find(sourceOf(address));
  if (found == wrong_.end()) return 0;
  forgetOld(found->second, now_ms);
  bool free = found->second.size() < kWrongTokensPerMinute;
  int64_t first_ms = free ? 0 : found->second.front();
  if (found->second.empty()) wrong_.erase(found);  // judge() relies on there being no empty list
  if (free) return 0;
  return (first_ms + kMinuteMs - now_ms + 999) / 1000;
}

}  // namespace hearthgate::trust
