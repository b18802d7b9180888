// The audit: who did what and when, in the commit of what was done.
#include <algorithm>

#include "base/utf8.h"
#include "engine/core.h"
#include "engine/tuning.h"

namespace hearthgate::engine {

void Core::audit(const std::string& actor, const std::string& action, const std::string& subject,
                 const std::string& detail) {
  store_.addAudit({0, clock_.wallMs(), actor, action, displayName(subject, kMaxAuditText),
                   displayName(detail, kMaxAuditText), 1});
}

void Core::auditRefusal(const HomeId& peer, const std::string& reason, const std::string& entity) {
  auditOften(peer.text(), "refused", reason, entity, reason);
}

void Core::auditOften(const std::string& actor, const std::string& action, const std::string& key,
                      const std::string& subject, const std::string& detail, uint64_t times) {
  int64_t now = clock_.steadyMs();
  auto wanted = std::tuple(actor, action, key);
  auto at = often_.find(wanted);
  if (at != often_.end() && now - at->second.written_ms < kAuditOftenMs) {
    at->second.left_out += times;
    return;
  }
  uint64_t count = times;
  if (at != often_.end()) {
    count += at->second.left_out;
    at->second = {now, 0};
  } else {
    // The one that was written longest ago makes room; what it left out is told before it is forgotten.
    if (often_.size() >= kMaxAuditOften) {
      auto oldest = std::min_element(often_.begin(), often_.end(), [](const auto& a, const auto& b) {
        return a.second.written_ms < b.second.written_ms;
      });
      if (oldest->second.left_out > 0) {
        const auto& [old_actor, old_action, old_key] = oldest->first;
        store_.addAudit({0, clock_.wallMs(), old_actor, old_action, "", displayName(old_key, kMaxAuditText),
                         oldest->second.left_out});
      }
      often_.erase(oldest);
    }
    often_.emplace(std::move(wanted), Often{now, 0});
  }
  store_.addAudit({0, clock_.wallMs(), actor, action, displayName(subject, kMaxAuditText),
                   displayName(detail, kMaxAuditText), count});
}

}  // namespace hearthgate::engine
