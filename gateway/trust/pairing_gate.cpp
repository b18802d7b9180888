#include "trust/pairing_gate.h"

#include <algorithm>

#include "trust/source.h"
#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {
constexpr int64_t kMinuteMs = 60'000;

Error throttled(const std::string& what) {
  return networkError("pairing_throttled", "a pairing handshake was refused: " + what + "; wait and try again");
}
}  // namespace

void PairingGate::open(int64_t now_ms, int64_t ttl_ms) {
  open_ = true;
  expires_ms_ = now_ms + ttl_ms;
  first_of_code_ = next_;
  failures_.clear();
}

void PairingGate::close() { open_ = false; }

bool PairingGate::isOpen(int64_t now_ms) { return open_ = open_ && now_ms < expires_ms_; }

Result<PairingGate::Ticket> PairingGate::admit(std::string_view address, int64_t now_ms) {
  if (!isOpen(now_ms)) {
    return stateError("pairing_not_open", "no pairing code is open here: it was used, withdrawn or has expired");
  }
  while (!admitted_.empty() && admitted_.front() <= now_ms - kMinuteMs) admitted_.pop_front();
  std::string source = sourceOf(address);
  auto failures = failures_.find(source);
  if (failures != failures_.end() && failures->second >= kPairFailuresPerSource) {
    return networkError("pairing_throttled", "a pairing handshake was refused: " + std::to_string(failures->second) +
                                                 " from " + source + " failed; use a new code");
  }
  if (running_.size() >= kPairHandshakesAtOnce) return throttled("too many are running");
  if (std::any_of(running_.begin(), running_.end(), [&](const auto& entry) { return entry.second.source == source; })) {
    return throttled("one from " + source + " is running");
  }
  if (admitted_.size() >= kPairHandshakesPerMinute) return throttled("too many in this minute");
  admitted_.push_back(now_ms);
  running_[next_] = {std::move(source), now_ms};
  return next_++;
}

std::optional<PairingGate::Ticket> PairingGate::giveWay(std::string_view address, int64_t now_ms) {
  std::string source = sourceOf(address);
  auto failures = failures_.find(source);
  bool shut_out = failures != failures_.end() && failures->second >= kPairFailuresPerSource;
  if (!isOpen(now_ms) || shut_out || admitted_.size() >= kPairHandshakesPerMinute) return std::nullopt;
  // Tickets rise, so the first one that is found is the oldest.
  auto own = std::find_if(running_.begin(), running_.end(), [&](const auto& entry) { return entry.second.source == source; });
  auto chosen = own;
  if (own == running_.end() && running_.size() >= kPairHandshakesAtOnce) chosen = running_.begin();
  if (chosen == running_.end() || now_ms - chosen->second.began_ms < kPairGiveWayMs) return std::nullopt;
  Ticket ticket = chosen->first;
  failed(ticket);
  return ticket;
}

void PairingGate::failed(Ticket ticket) {
  auto running = running_.find(ticket);
  if (running == running_.end()) return;
  if (ticket >= first_of_code_) ++failures_[running->second.source];
  running_.erase(running);
}

bool PairingGate::succeeded(Ticket ticket, int64_t now_ms) {
  if (running_.erase(ticket) == 0 || ticket < first_of_code_ || !isOpen(now_ms)) return false;
  open_ = false;
  return true;
}

std::vector<PairingGate::Ticket> PairingGate::expire(int64_t now_ms) {
  std::vector<Ticket> late;
  for (const auto& [ticket, running] : running_) {
    if (now_ms >= running.began_ms + kHandshakeLimitMs) late.push_back(ticket);
  }
  for (Ticket ticket : late) failed(ticket);
  return late;
}

std::vector<PairingGate::FailedTries> PairingGate::failedTries() const {
  std::vector<FailedTries> list;
  for (const auto& [source, count] : failures_) list.push_back({source, count});
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  return list;
}

int PairingGate::failedCount() const {
  int sum = 0;
  for (const auto& [source, count] : failures_) sum += count;
  return sum;
}

std::string PairingGate::failedText() const {
  std::string text;
  for (const auto& [address, count] : failedTries()) {
    if (text.empty()) {
      text = std::to_string(count) + (count == 1 ? " failed try" : " failed tries");
    } else {
      text += ", " + std::to_string(count);
    }
    text += " from " + address;
  }
  return text;
}

}  // namespace hearthgate::trust
