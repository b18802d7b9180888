#include "sync/why.h"

#include "base/utf8.h"
#include "sync/tuning.h"

namespace hearthgate::sync {

void WhyText::pass(const char* gate, std::string detail, std::optional<int64_t> since_ms) {
  why_.steps.push_back({gate, true, std::move(detail), since_ms});
}

void WhyText::fail(const char* gate, Grade grade, std::string detail, std::string next_action,
                   std::optional<int64_t> since_ms) {
  why_.steps.push_back({gate, false, std::move(detail), since_ms});
  if (gravest_ && *gravest_ >= grade) return;
  gravest_ = grade;
  why_.next_action = std::move(next_action);
}

Why WhyText::take() {
  switch (gravest_.value_or(Grade::kNote)) {
    case Grade::kNote: why_.verdict = "level"; break;
    case Grade::kOnItsWay: why_.verdict = "on_its_way"; break;
    case Grade::kHeld: why_.verdict = "held"; break;
    case Grade::kRefused: why_.verdict = "refused"; break;
    case Grade::kNotShared: why_.verdict = "not_shared"; break;
    case Grade::kUnsure:
    case Grade::kUnknown: why_.verdict = "unknown"; break;
  }
  return std::move(why_);
}

std::string toldReason(const std::string& reason) {
  std::string shown = displayName(reason, kMaxReasonBytes);
  return shown.empty() ? "no reason given" : shown;
}

const char* gateOf(const std::string& reason) {
  if (reason == "drift") return kGateClock;
  if (reason == "quota" || reason == "many siblings" || reason == "counter jump") return kGateLimit;
  return kGateAcknowledged;
}

std::string heldDetail(const std::string& reason, const std::string& name, bool there) {
  std::string what = there ? name + " holds back what this home sent: " : "What " + name + " sent is held back here: ";
  if (reason == "drift") return what + "it is stamped further ahead of the receiver's clock than max_clock_drift_s allows.";
  if (reason == "quota") return what + "it is more than one home may keep there (peer_entities, peer_bytes).";
  if (reason == "many siblings") {
    return what + "more was written to it at the same time than one entity holds (1,024 versions, 8 MiB).";
  }
  if (reason == "restored") return what + "a data folder was put back there, and nobody has looked at its homes and grants yet.";
  if (reason == "unseen history") return what + "it builds on changes that were never seen.";
  if (reason == "counter jump") return what + "it skips more changes than any home makes.";
  if (reason == "member distrusted") return what + "it showed forged counts of this home's writes three times in a day.";
  if (reason == "unknown format") return what + "it is of a form that the receiver's version does not know.";
  return what + reason + ".";
}

std::string heldAction(const std::string& reason, const std::string& name, bool there) {
  if (reason == "drift") {
    return "Set the clocks of both homes right (time synchronisation); it is taken in by itself when its time has come.";
  }
  if (reason == "quota") {
    return there ? "At " + name + ": raise sharing.sync.peer_entities or peer_bytes; or share less with it."
                 : "Raise sharing.sync.peer_entities or peer_bytes here, or have less shared by " + name + ".";
  }
  if (reason == "many siblings") {
    return there ? "At " + name + ": write the entity, or resolve its conflict; then there is room."
                 : "Write the entity, or resolve its conflict; then there is room.";
  }
  if (reason == "restored") return std::string(there ? "There" : "Here") + ": `hearthgate home confirm`.";
  if (reason == "member distrusted") {
    return there ? "Ask the person of " + name + " about it." : "Decide: `hearthgate circle trust CIRCLE " + name + "`, or `circle remove`.";
  }
  if (reason == "unknown format") return there ? "Update the gateway of " + name + "." : "Update this gateway.";
  return there ? "Ask the person of " + name + " to look at `hearthgate status` there."
               : "Look at " + name + ", and `hearthgate home forget` it if you do not trust it.";
}

std::string linkDetail(const LinkFacts& link) {
  if (link.state == "connected") return "Connected with " + link.name + ".";
  if (link.kept_apart) return "Not connected: a person disconnected " + link.name + " here.";
  auto failed = failedStep(link);
  if (!link.refused_reason.empty()) {
    return "Not connected: refused (" + link.refused_reason + "). " + (failed ? failed->detail : link.last_error);
  }
  if (!link.has_address) return "Not connected: no address of " + link.name + " is known, so it is waited for.";
  std::string detail = link.state == "connecting" ? "Not connected, trying now." : "Not connected.";
  std::string last = failed ? failed->detail : link.last_error;
  return last.empty() ? detail : detail + " Last: " + last;
}

std::string linkAction(const LinkFacts& link) {
  if (link.kept_apart) return "`hearthgate home connect " + link.name + "` ends that.";
  if (!link.any_transport) return "Enable a plugin that carries links: `hearthgate plugin enable lan`.";
  if (!link.refused_reason.empty()) {
    std::string action = refusedAction(link.name, link.refused_reason);
    return action.empty() ? "Forget " + link.name + " and pair again." : action;
  }
  if (auto failed = failedStep(link)) return failed->next_action;
  return "Look whether " + link.name + " is switched on and can be reached; if it has moved: `hearthgate home set " +
         link.name + " --at ADDRESS:PORT`. It is tried again by itself.";
}

}  // namespace hearthgate::sync
