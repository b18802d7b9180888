// Who may try a TLS handshake on an open pairing code (TRUST.md T1). Ask it before any TLS; it does no I/O and reads no
// clock. A code is never killed by failures: a source that failed too often is shut out, the code stays. Links' thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearthgate::trust {

class PairingGate {
 public:
  using Ticket = uint64_t;
  struct FailedTries {
    std::string address;  // source: an address, or the /64 of one
    int count = 0;
  };

  // A new code replaces the one before, and forgets its failures.
  void open(int64_t now_ms, int64_t ttl_ms);
  // Cancelled by a person.
  void close();
  // Open, not expired and not consumed. While it is not, /pair answers 404 without TLS (T34).
  bool isOpen(int64_t now_ms);

  // Asks for one handshake from `address`. Codes: `pairing_not_open` (404), `pairing_throttled` (429).
  Result<Ticket> admit(std::string_view address, int64_t now_ms);
  // After a refusal: the running handshake that ends in favour of `address`, the one of its own source or, when all places
  // are taken, the oldest, if it is older than kPairGiveWayMs. It counts as failed; close its link and ask again. Without
  // it, somebody who connects and says nothing would keep a home from pairing for ten seconds at a time.
  std::optional<Ticket> giveWay(std::string_view address, int64_t now_ms);
  // The handshake of `ticket` failed, or its link was cut before it ended: a guess either way.
  void failed(Ticket ticket);
  // It succeeded. True for the first success on a code, which consumes it; false when the code is gone: drop the link.
  bool succeeded(Ticket ticket, int64_t now_ms);
  // It succeeded, and this home is busy with another pairing: neither a guess nor the end of the code. Drop the link.
  void release(Ticket ticket) { running_.erase(ticket); }
  // Handshakes that took too long. They count as failed; close their links.
  std::vector<Ticket> expire(int64_t now_ms);

  // Failures on the present code, or on the last one, the most first.
  std::vector<FailedTries> failedTries() const;
  int failedCount() const;
  // "3 failed tries from 192.0.2.7, 1 from 192.0.2.9", or empty.
  std::string failedText() const;

 private:
  struct Running {
    std::string source;
    int64_t began_ms = 0;
  };

  bool open_ = false;
  int64_t expires_ms_ = 0;
  Ticket next_ = 1;
  Ticket first_of_code_ = 1;  // tickets below belong to an earlier code
  std::map<Ticket, Running> running_;
  std::map<std::string, int> failures_;
  std::deque<int64_t> admitted_;  // of the last minute, whatever the code
};

}  // namespace hearthgate::trust
