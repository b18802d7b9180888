#include "trust/handshake_gate.h"

#include <algorithm>

#include "trust/source.h"

namespace hearthgate::trust {

bool HandshakeGate::isKnown(const std::string& source, int64_t now_ms) const {
  auto found = good_.find(source);
  return found != good_.end() && now_ms - found->second < kRecentSuccessMs;
}

bool HandshakeGate::takeToken(Budget& budget, int64_t now_ms) const {
  double full = limits_.per_second;
  if (budget.filled_ms == INT64_MIN) {
    budget.tokens = full;
  } else {
    budget.tokens = std::min(full, budget.tokens + static_cast<double>(now_ms - budget.filled_ms) * full / 1000);
  }
  budget.filled_ms = now_ms;
  if (budget.tokens < 1) return false;
  budget.tokens -= 1;
  return true;
}

Result<HandshakeGate::Ticket> HandshakeGate::admit(std::string_view address, int64_t now_ms) {
  std::string source = sourceOf(address);
  bool known = isKnown(source, now_ms);
  Budget& own = budget(known);
  auto refuse = [&](const std::string& what) {
    ++refused_;
    return networkError("link_throttled", "a link from " + source + " was refused before TLS: " + what);
  };
  if (own.running >= limits_.links) return refuse("too many links are waiting for their handshake");
  auto links = per_source_.find(source);
  if (links != per_source_.end() && links->second >= limits_.links_per_source) {
    return refuse("too many links of this source are waiting for their handshake");
  }
  if (!takeToken(own, now_ms)) return refuse("too many handshakes in this second");
  ++own.running;
  ++per_source_[source];
  running_[next_] = {std::move(source), known, now_ms + kHandshakeLimitMs};
  return next_++;
}

void HandshakeGate::remember(const std::string& source, int64_t now_ms) {
  good_[source] = now_ms;
  if (good_.size() <= kMaxKnownSources) return;
  auto older = [](const auto& a, const auto& b) { return a.second < b.second; };
  good_.erase(std::min_element(good_.begin(), good_.end(), older));
}

void HandshakeGate::authenticated(Ticket ticket, int64_t now_ms) {
  auto found = running_.find(ticket);
  if (found == running_.end()) return;
  remember(found->second.source, now_ms);
  ended(ticket);
}

void HandshakeGate::ended(Ticket ticket) {
  auto found = running_.find(ticket);
  if (found == running_.end()) return;
  --budget(found->second.known).running;
  auto links = per_source_.find(found->second.source);
  if (--links->second == 0) per_source_.erase(links);
  running_.erase(found);
}

std::vector<HandshakeGate::Ticket> HandshakeGate::expire(int64_t now_ms) {
  std::vector<Ticket> late;
  for (const auto& [ticket, running] : running_) {
    if (now_ms >= running.deadline_ms) late.push_back(ticket);
  }
  for (Ticket ticket : late) ended(ticket);
  return late;
}

}  // namespace hearthgate::trust
