// The answer to "why is this entity (not) level with that home?": gate by gate, what each said and since when. Made by the
// replicator from the state that decides, told by the API. Values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/reach.h"

namespace hearthgate::sync {

// The gates in their order (CONTRACT, GET /entities/{id}/why).
inline constexpr char kGateKnown[] = "known";
inline constexpr char kGateOwner[] = "owner";
inline constexpr char kGateGrant[] = "grant";
inline constexpr char kGateUntil[] = "until";
inline constexpr char kGateLink[] = "link";
inline constexpr char kGateTransport[] = "transport";
inline constexpr char kGateClock[] = "clock";
inline constexpr char kGateLimit[] = "limit";
inline constexpr char kGateThrottle[] = "throttle";
inline constexpr char kGateAcknowledged[] = "acknowledged";
inline constexpr char kGateStrategy[] = "strategy";
inline constexpr char kGateBrake[] = "brake";

struct WhyStep {
  std::string gate;
  bool passed = true;
  std::string detail;
  std::optional<int64_t> since_ms;
};

struct Why {
  std::string verdict = "level";  // level, on_its_way, held, refused, not_shared, unknown
  std::vector<WhyStep> steps;
  std::string next_action;  // empty when there is nothing to do
};

// Collects the steps of one answer. The gravest failure gives verdict and next action, of equal ones the first.
class WhyText {
 public:
  enum class Grade { kNote, kUnsure, kOnItsWay, kHeld, kRefused, kNotShared, kUnknown };

  void pass(const char* gate, std::string detail, std::optional<int64_t> since_ms = {});
  void fail(const char* gate, Grade grade, std::string detail, std::string next_action, std::optional<int64_t> since_ms = {});
  Why take();

 private:
  Why why_;
  std::optional<Grade> gravest_;
};

// A reason that another home gave, fit to be kept and shown.
std::string toldReason(const std::string& reason);
// What a person can do about versions that wait for `reason` (ingress.h). `there`: at the other home.
std::string heldDetail(const std::string& reason, const std::string& name, bool there);
std::string heldAction(const std::string& reason, const std::string& name, bool there);
// The gate that such a reason belongs to.
const char* gateOf(const std::string& reason);
// Why there is no link, and what to do.
std::string linkDetail(const LinkFacts& link);
std::string linkAction(const LinkFacts& link);

}  // namespace hearthgate::sync
