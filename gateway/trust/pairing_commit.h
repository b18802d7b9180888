// The second half of a pairing (TRUST.md T5): how two homes that are both `pending` become paired over /peer, such that
// any cut leaves nothing or both. No I/O and no clock: the caller opens links, sends payloads, stores and removes pins,
// as the answers say. One object per pairing and side; one thread.
//
//   joiner                       listener
//   pair_commit →                stores the pin, marked unacknowledged
//                                ← pair_done
//   stores the pin
//   pair_ack →                   drops the mark
//
// While `pending`, the other home's key counts as pinned for this exchange alone: no hello, feed or grant on that link.
// The same holds at the listener for a pin with the mark. Store the pairing id with the pin: after a restart the object
// is made again from it, and a listener whose acknowledgement was lost asks for it on the next link. A home that is
// paired holds the other one's pin, so it answers whatever pairing of the two is asked for: a pairing again of which
// one side knows nothing any more ends well at the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "trust/pairing_messages.h"

namespace hearthgate::trust {

class PairingCommit {
 public:
  enum class State {
    kPending,         // in memory only; gone after kPendingLimitMs
    kStoring,         // the caller is making the pin durable
    kUnacknowledged,  // listener: the pin is durable, carries no feed, removes itself after kUnacknowledgedLimitMs
    kPaired,
    kGone,  // nothing is left; another pairing is needed
  };
  // What the caller has to do, in this order.
  struct Actions {
    bool store_pin = false;         // make the pin durable, then call stored()
    bool mark = false;              // with store_pin: as unacknowledged
    bool drop_mark = false;         // the pin becomes an ordinary one, durably
    bool remove_pin = false;        // the pin never got its acknowledgement, or a person took it back
    bool drop_pending = false;      // forget the peer of this pairing
    std::vector<std::string> send;  // on the link at hand; if it is closed by now, drop them
    bool paired = false;            // tell the person: `join` and `pair` answer (after `send` went out)
  };

  // From PairingSession in kPending, with its pairingId().
  PairingCommit(PairingRole role, std::string pairing_id, int64_t now_ms);
  // From a stored pin at start. Its time begins anew, so a listener's mark outlives a restart by at most its limit.
  static PairingCommit fromPin(PairingRole role, std::string pairing_id, bool marked, int64_t now_ms);

  // Joiner: whether to dial now. At most every kCommitRetryMs while pending; the caller knows whether a link is open.
  bool dialDue(int64_t now_ms);
  // A link to the other home was authenticated: its key is the peer's operating key.
  Actions linkOpened();
  // A payload of the commit arrived on such a link. Fails with `pairing_refused` for another pairing's, an unreadable
  // one, or one that this state does not allow: close the link.
  Result<Actions> onMessage(std::string_view payload, int64_t now_ms);
  // The pin of store_pin is durable, or could not be made so (`ok` false: as if the message had never come).
  Actions stored(bool ok, int64_t now_ms);
  // The person at this home takes it back: nothing more is stored, and a pin that is stored goes.
  Actions cancel();
  // At least once a second.
  Actions tick(int64_t now_ms);

  State state() const { return state_; }
  const std::string& pairingId() const { return id_; }

 private:
  std::string payload(uint8_t type) const;
  Result<Actions> answerPaired(uint8_t type, std::string_view id) const;
  Actions onCommit();
  Actions onDone();
  Actions onAck();

  PairingRole role_;
  std::string id_;
  State state_ = State::kPending;
  bool cancelled_ = false;  // while the caller stores
  int64_t deadline_ms_;
  int64_t next_dial_ms_;
};

}  // namespace hearthgate::trust
