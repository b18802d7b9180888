#include "trust/pairing_commit.h"

#include "base/assert.h"
#include "trust/crypto.h"
#include "trust/tuning.h"
#include "trust/wire.h"

namespace hearthgate::trust {
namespace {
constexpr uint8_t kCommit = 1, kDone = 2, kAck = 3;
constexpr size_t kIdBytes = 32;

std::string payloadOf(uint8_t type, std::string_view id) { return Writer().u8(type).field(id).take(); }

Error refused(const std::string& what) {
  return trustError("pairing_refused", "the end of a pairing was refused: " + what + "; pair again");
}
}  // namespace

PairingCommit::PairingCommit(PairingRole role, std::string pairing_id, int64_t now_ms)
    : role_(role), id_(std::move(pairing_id)), deadline_ms_(now_ms + kPendingLimitMs), next_dial_ms_(now_ms) {
  HG_ASSERT(id_.size() == kIdBytes);
}

PairingCommit PairingCommit::fromPin(PairingRole role, std::string pairing_id, bool marked, int64_t now_ms) {
  PairingCommit commit(role, std::move(pairing_id), now_ms);
  commit.state_ = marked ? State::kUnacknowledged : State::kPaired;
  commit.deadline_ms_ = now_ms + kUnacknowledgedLimitMs;
  return commit;
}

std::string PairingCommit::payload(uint8_t type) const { return payloadOf(type, id_); }

bool PairingCommit::dialDue(int64_t now_ms) {
  if (role_ != PairingRole::kJoiner || state_ != State::kPending || now_ms < next_dial_ms_) return false;
  next_dial_ms_ = now_ms + kCommitRetryMs;
  return true;
}

PairingCommit::Actions PairingCommit::linkOpened() {
  Actions actions;
  if (role_ == PairingRole::kJoiner && state_ == State::kPending) actions.send.push_back(payload(kCommit));
  // The acknowledgement was lost, or this is the first link since: ask for it again.
  if (state_ == State::kUnacknowledged) actions.send.push_back(payload(kDone));
  return actions;
}

Result<PairingCommit::Actions> PairingCommit::onMessage(std::string_view bytes, int64_t now_ms) {
  Reader reader(bytes);
  uint8_t type = reader.u8();
  std::string_view id = reader.fixed(kIdBytes);
  if (!reader.done()) return refused("the message could not be read");
  if (state_ == State::kPaired) return answerPaired(type, id);
  if (!equalSecrets(id, id_)) return refused("it belongs to another pairing");
  // Time may have passed without a tick; what is over must not be committed any more.
  if (state_ == State::kGone || (state_ == State::kPending && now_ms >= deadline_ms_))
    return refused("it took too long");
  bool listener = role_ == PairingRole::kListener;
  if (type == kCommit && listener) return onCommit();
  if (type == kDone && !listener) return onDone();
  if (type == kAck && listener && state_ != State::kPending) return onAck();
  return refused("the message does not fit its state");
}

Result<PairingCommit::Actions> PairingCommit::answerPaired(uint8_t type, std::string_view id) const {
  Actions actions;
  if (type == kCommit) {
    actions.send.push_back(payloadOf(kDone, id));
  } else if (type == kDone) {
    actions.send.push_back(payloadOf(kAck, id));
  } else if (type != kAck) {
    return refused("the message is of an unknown type");
  }
  return actions;
}

PairingCommit::Actions PairingCommit::onCommit() {
  Actions actions;
  if (state_ == State::kPending) {
    state_ = State::kStoring;
    actions.store_pin = actions.mark = true;
  } else if (state_ != State::kStoring) {
    actions.send.push_back(payload(kDone));
  }
  return actions;
}

PairingCommit::Actions PairingCommit::onDone() {
  Actions actions;
  if (state_ == State::kPending) {
    state_ = State::kStoring;
    actions.store_pin = true;
  }
  return actions;
}

PairingCommit::Actions PairingCommit::onAck() {
  Actions actions;
  if (state_ != State::kUnacknowledged) return actions;
  state_ = State::kPaired;
  actions.drop_mark = actions.paired = true;
  return actions;
}

PairingCommit::Actions PairingCommit::stored(bool ok, int64_t now_ms) {
  HG_ASSERT(state_ == State::kStoring);
  Actions actions;
  if (cancelled_) {
    state_ = State::kGone;
    (ok ? actions.remove_pin : actions.drop_pending) = true;
    return actions;
  }
  if (!ok) {
    state_ = State::kPending;
    return actions;
  }
  bool listener = role_ == PairingRole::kListener;
  state_ = listener ? State::kUnacknowledged : State::kPaired;
  deadline_ms_ = now_ms + kUnacknowledgedLimitMs;
  actions.send.push_back(payload(listener ? kDone : kAck));
  actions.paired = !listener;
  return actions;
}

PairingCommit::Actions PairingCommit::cancel() {
  Actions actions;
  cancelled_ = state_ == State::kStoring;  // stored() goes on.
  actions.drop_pending = state_ == State::kPending;
  actions.remove_pin = state_ == State::kUnacknowledged;
  if (actions.drop_pending || actions.remove_pin) state_ = State::kGone;
  return actions;
}

PairingCommit::Actions PairingCommit::tick(int64_t now_ms) {
  Actions actions;
  if (now_ms < deadline_ms_) return actions;
  if (state_ == State::kPending) actions.drop_pending = true;
  if (state_ == State::kUnacknowledged) actions.remove_pin = true;
  if (actions.drop_pending || actions.remove_pin) state_ = State::kGone;
  return actions;
}

}  // namespace hearthgate::trust
