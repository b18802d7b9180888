// Who may begin a link on /peer (TRUST.md T7), so that a flood of strangers costs little and shuts out no paired home.
// Ask it before the WebSocket upgrade; it does no I/O and reads no clock. Links' thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "trust/tuning.h"

namespace hearthgate::trust {

class HandshakeGate {
 public:
  using Ticket = uint64_t;
  struct Limits {
    int links = kUnauthenticatedLinks;                 // at a time, for each of the two budgets
    int links_per_source = kUnauthenticatedPerSource;  // at a time
    int per_second = kHandshakesPerSecond;             // for each of the two budgets
  };

  HandshakeGate() = default;
  explicit HandshakeGate(Limits limits) : limits_(limits) {}

  // A link from `address` wants to begin. Fails with `link_throttled`: close it, it cost nothing yet. Sources from
  // which a paired home authenticated within a day have a budget of their own.
  Result<Ticket> admit(std::string_view address, int64_t now_ms);
  // The other side proved to be a paired home; the link no longer counts.
  void authenticated(Ticket ticket, int64_t now_ms);
  // The link ended or failed before that.
  void ended(Ticket ticket);
  // Links that took longer than kHandshakeLimitMs; they no longer count: close them.
  std::vector<Ticket> expire(int64_t now_ms);

  size_t running() const { return running_.size(); }
  uint64_t refused() const { return refused_; }

 private:
  struct Running {
    std::string source;
    bool known = false;
    int64_t deadline_ms = 0;
  };
  // A token bucket of one second's worth.
  struct Budget {
    int running = 0;
    double tokens = 0;
    int64_t filled_ms = INT64_MIN;
  };

  bool isKnown(const std::string& source, int64_t now_ms) const;
  bool takeToken(Budget& budget, int64_t now_ms) const;
  void remember(const std::string& source, int64_t now_ms);
  Budget& budget(bool known) { return known ? known_ : strangers_; }

  Limits limits_;
  Ticket next_ = 1;
  std::map<Ticket, Running> running_;
  std::unordered_map<std::string, int> per_source_;
  std::unordered_map<std::string, int64_t> good_;  // source → when a paired home authenticated from it last
  Budget strangers_, known_;
  uint64_t refused_ = 0;
};

}  // namespace hearthgate::trust
