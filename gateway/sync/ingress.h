// The judgement on each version that another home sends: may it be joined, is it kept for later, or refused (TRUST.md
// T13, T14, T18)? Rules come first, then vector and drift. Part of the replicator; engine thread.
#pragma once

#include <string>

#include "engine/core.h"

namespace hearthgate::sync {

inline constexpr char kDrift[] = "drift";
inline constexpr char kRestored[] = "restored";
inline constexpr char kQuota[] = "quota";
inline constexpr char kManySiblings[] = "many siblings";
inline constexpr char kDistrusted[] = "member distrusted";

enum class Verdict { kJoin, kHold, kRefuse };

struct Judgement {
  Verdict verdict = Verdict::kJoin;
  // Joining changes nothing: what it says was written over already. Nothing else was looked at, so the owner vouches
  // for it only when it is one of the siblings.
  bool covered = false;
  std::string reason;  // drift, restored, unseen history, counter jump, quota, many siblings, member distrusted; or why it is refused
};

class Ingress {
 public:
  explicit Ingress(engine::Core& core) : core_(core) {}

  // `version` came from `sender` and has passed checkVersion(); a tag on a version of an own entity is ours. `siblings` are
  // those of the entity now.
  Judgement judge(const HomeId& sender, const model::Address& address, const model::Version& version,
                  const model::Siblings& siblings);

 private:
  Judgement judgeInCircle(const HomeId& sender, const model::Address& address, const model::Version& version,
                          const model::Siblings& siblings);
  Judgement judgeAsOwner(const HomeId& sender, const model::Address& address, const model::Version& version,
                         const model::Siblings& siblings);
  Judgement joinIfRoom(const model::Address& address, const model::Version& version, const model::Siblings& siblings);
  bool drifts(const model::Version& version);

  engine::Core& core_;
};

}  // namespace hearthgate::sync
