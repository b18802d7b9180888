// How far the way to another home leads, step by step: filled where dials and links end (link_hub_reach.cpp), told by `doctor`
// and `why`. Values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearthgate::sync {

// In their order. kName: an address is known, and what is a name in it is known to the resolver. kAddress: a way leads there.
// kTcp: somebody takes the connection. kWebSocket: and opens a link. kTls: and shakes hands as a home does. kPinned: each has
// the other's key pinned. kLevel: hellos were exchanged, so that both can become level.
enum class Step { kName, kAddress, kTcp, kWebSocket, kTls, kPinned, kLevel };
inline constexpr Step kSteps[] = {Step::kName, Step::kAddress, Step::kTcp, Step::kWebSocket, Step::kTls, Step::kPinned, Step::kLevel};
// `tcp`, as in the ids of GET /doctor.
std::string_view stepName(Step step);

// How the last dial of an address, or the last link over it, ended; or how far one has come that is under way.
struct DialNote {
  std::string address;
  Step stopped = Step::kName;  // the first step that was not taken
  std::string code;            // of the transport, the channel or the other home; empty: under way
  std::string message;
  bool came = false;  // the other home dialled
};

// The step at which an error with this code ended a link that was `opened` (WebSocket) and `established` (TLS).
Step stepOf(std::string_view code, bool opened, bool established);

// What the links know of a home; the replicator has no sockets.
struct LinkFacts {
  std::string name;             // as people know it
  std::string state = "offline";  // connected, connecting, offline, refused
  int64_t since_ms = 0;           // 0: not known
  std::string transport;          // of the link that is up
  std::string remote_address;     // of that link
  bool dialled = false;           // from here
  bool hello = false;             // hellos were exchanged on it
  bool any_transport = true;      // some transport runs
  bool kept_apart = false;
  bool has_address = true;
  std::string last_error;      // of the last try or link
  std::string refused_reason;  // a code, see HomeState
  std::vector<DialNote> dials;
};

struct ReachStep {
  enum class Verdict { kOk, kFailed, kSkipped };
  Step step = Step::kName;
  Verdict verdict = Verdict::kOk;
  std::string detail;
  std::string next_action;  // of a failed one
};

// All steps. Of several addresses the one that leads furthest counts, of equal ones the first; the others that ended at the
// same step are named with it. Nothing when the way was not tried: no transport runs, or a person keeps the home apart.
std::vector<ReachStep> reachSteps(const LinkFacts& link);
// The one that failed.
std::optional<ReachStep> failedStep(const LinkFacts& link);
// A link that was refused for `reason` (HomeState::refused_reason): what that means, and what to do, which is empty for reasons
// that are not known here.
struct Refusal {
  std::string detail;
  std::string next_action;
};
Refusal refusal(const std::string& name, const std::string& reason);
std::string refusedAction(const std::string& name, const std::string& reason);

}  // namespace hearthgate::sync
