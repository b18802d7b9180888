#include "script/strikes.h"

#include <algorithm>

#include "script/tuning.h"

namespace hearthgate::script {
namespace {

constexpr int64_t kWindowMs = std::chrono::milliseconds(kStrikeWindow).count();

}  // namespace

bool Strikes::add(const Sha256Digest& hash, const std::string& name) {
  std::lock_guard lock(mutex_);
  const int64_t now_ms = clock_.steadyMs();
  forgetOld(now_ms);
  std::vector<int64_t>& kills = kills_[hash];
  kills.push_back(now_ms);
  if (kills.size() < kStrikes) return off_.contains(hash);
  kills_.erase(hash);
  off_.emplace(hash, SwitchedOff{hash, name, clock_.wallMs()});
  return true;
}

void Strikes::forgetOld(int64_t now_ms) {
  for (auto at = kills_.begin(); at != kills_.end();) {
    std::erase_if(at->second, [&](int64_t kill_ms) { return kill_ms + kWindowMs <= now_ms; });
    at = at->second.empty() ? kills_.erase(at) : std::next(at);
  }
  while (kills_.size() >= kMaxStruck) {
    kills_.erase(std::min_element(kills_.begin(), kills_.end(),
                                  [](const auto& a, const auto& b) { return a.second.back() < b.second.back(); }));
  }
}

bool Strikes::isOff(const Sha256Digest& hash) const {
  std::lock_guard lock(mutex_);
  return off_.contains(hash);
}

std::vector<SwitchedOff> Strikes::off() const {
  std::lock_guard lock(mutex_);
  std::vector<SwitchedOff> all;
  for (const auto& [hash, script] : off_) all.push_back(script);
  return all;
}

bool Strikes::switchOn(const Sha256Digest& hash) {
  std::lock_guard lock(mutex_);
  return off_.erase(hash) > 0;
}

void Strikes::switchOff(const SwitchedOff& script) {
  std::lock_guard lock(mutex_);
  off_.emplace(script.hash, script);
}

}  // namespace hearthgate::script
