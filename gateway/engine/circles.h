// The circles of this home (DESIGN.md section 3, TRUST.md T16 and T17): founded, joined, changed and left; charters that come
// from other members; what a member may do. Part of Core, under its conditions: engine thread, inside a transaction.
// Charters in force reach access and strategies as rules do (Core::receiveRules), so that nothing else has to know whether
// an owner is a home or a circle.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"
#include "model/json.h"
#include "model/rules.h"
#include "store/store.h"
#include "trust/charter.h"
#include "trust/identity.h"

namespace hearthgate::engine {

class Core;

// This home as one that signs charters.
struct CharterSigner {
  std::function<trust::CharterSignature(const trust::Charter&)> sign;
  std::function<trust::KeyChain()> chain;
  // trust::verifyCharterProof(), or what a simulation remembers of it.
  std::function<Status(const model::OwnerId&, const trust::CharterProof&, const std::map<HomeId, trust::KeyChain>&)> verify =
      trust::verifyCharterProof;
};

// With the operating key that `identity` has when it signs.
CharterSigner signerOf(const trust::Identity& identity);

// Kind and beginning of the ids of wishes of members (T17): entities of the circle that every member may write.
inline constexpr char kWishKind[] = "circle.request";
inline constexpr char kWishPrefix[] = "circle.request_";

// What a member asks of the keeper.
struct CircleWish {
  enum class Kind { kAdd, kRemove, kKeeper, kRules };
  std::string id;  // what follows kWishPrefix
  Kind kind = Kind::kAdd;
  HomeId by;
  std::optional<HomeId> home;  // whom it is about; none for kRules
  std::string name;            // of a home that is to be added
  bool ready = true;           // false: that home's person has not accepted yet
  bool refused = false;
  std::string body;            // kRules: as the charter's rows; kKeeper: a proof with one vote
};
std::string_view wishKindText(CircleWish::Kind kind);

// Rows and strategies of a charter, as they are asked for.
struct CircleRules {
  std::vector<trust::Charter::Row> rows;
  model::StrategyRows strategies;
};

class Circles {
 public:
  explicit Circles(Core& core) : core_(core) {}

  // Reads everything, at the start and after a failed commit.
  void load();

  // --- for people ---------------------------------------------------------------------------------------------------------
  // Errors of all: circle_not_found, not_a_member; of those that change the charter also circle_needs_pass, circle_full.
  // Those that give a bool: true when it is done, false when it waits for the keeper (or, an invitation, for that home).
  Result<model::OwnerId> found(const std::string& name);  // bad_name, circles_full
  Status invite(const model::OwnerId& circle, const HomeId& home, const std::string& name);  // already_member, home_is_own
  Status accept(const model::OwnerId& circle);  // invitation_not_found
  // A member or somebody who was invited. This home itself: leaves, or declines. keeper_must_hand_over, home_not_found.
  Result<bool> remove(const model::OwnerId& circle, const HomeId& home);
  Result<bool> handOver(const model::OwnerId& circle, const HomeId& home);
  Result<bool> setRules(const model::OwnerId& circle, const CircleRules& rules);  // bad_id, unknown_strategy
  // The keeper's answer to a wish. wish_not_found, wish_not_ready, not_keeper.
  Status answer(const model::OwnerId& circle, const std::string& wish, bool yes);
  // Takes in what such a member sends again; the other answer is to remove it. home_not_found.
  Status trustAgain(const model::OwnerId& circle, const HomeId& home);
  // After a restore, a keeper may change the charter though no member has shown it what it has (T17).
  Status insist(const model::OwnerId& circle);

  // --- for sync -----------------------------------------------------------------------------------------------------------
  struct Circle {
    store::CircleRow row;
    std::optional<trust::CharterProof> proof;  // in force
    trust::CharterHash hash;
    std::map<HomeId, model::RulesInForce> access;
    std::map<HomeId, std::string> removed;  // what homes that are no longer members are shown
    std::set<HomeId> distrusted;            // whose writes are held until a person decides (T13)
    const trust::Charter* charter() const { return proof ? &proof->current() : nullptr; }
  };
  const std::map<model::OwnerId, Circle>& all() const { return circles_; }
  // Null when this home is no member.
  const Circle* membership(const model::OwnerId& circle) const;
  bool isMember(const model::OwnerId& circle, const HomeId& home) const;
  // What a member may do, by the charter in force here.
  model::Access accessOf(const model::OwnerId& circle, const HomeId& home, std::string_view id) const;
  // Tells apart under what two members exchange entities: what both may do, and how often `teller` began anew. Never 0.
  uint64_t markFor(const model::OwnerId& circle, const HomeId& teller, const HomeId& other) const;
  // A charter that a member, or the home that invited this one, has shown. Fails with what is wrong with it.
  Status meet(const model::OwnerId& circle, std::string_view proof);
  // What another home says of its invitations to this one: all that stand. `member`: circles of which it says that this home
  // is a member.
  struct Invitation {
    model::OwnerId circle;
    std::string name;
    int64_t until_ms = 0;
  };
  void invited(const HomeId& by, const std::vector<Invitation>& invitations, const std::set<model::OwnerId>& member);
  std::vector<Invitation> invitationsFor(const HomeId& home);
  // What this home answers to invitations of `home`: true, accepted; false, declined. By circle, with until_ms.
  struct Reply {
    model::OwnerId circle;
    int64_t until_ms = 0;
    bool accepted = false;
  };
  std::vector<Reply> repliesFor(const HomeId& home);
  void replied(const HomeId& by, const std::vector<Reply>& replies);
  // A comparison with all members that are linked has ended, or (after a restore) a pass from 0.
  void passEnded(const model::OwnerId& circle, bool replaced);
  // Others may write less than before, are members no more or have forgotten what they sent: what this home may only read is
  // compared with what those have who may write it.
  void compareAnew(const model::OwnerId& circle);
  void restored();
  // `by` has shown counters of this home that it never issued (T13). The third time in a day its writes are held from now on.
  void forged(const model::OwnerId& circle, const HomeId& by);
  bool distrusts(const model::OwnerId& circle, const HomeId& home) const;
  // A link to that home has begun, or ended.
  void linked(const HomeId& home, bool is);
  // Whether a script that resolves siblings runs here: at the keeper, and at every member that was not linked to it for
  // kKeeperAwayMs. Their answers may differ; siblings that are all resolutions are shown by the newest.
  bool decidesHere(const model::OwnerId& circle) const;
  // The keys of this home are others: signs again what it signed and is still shown.
  void signAgain();
  // A paired home was forgotten: it goes from circles that this home keeps (T11).
  void forgotten(const HomeId& home);

  // Entities of a circle whose id begins with kWishPrefix have changed.
  void noticeWish(const model::OwnerId& circle) { wishes_changed_.insert(circle); }
  // Does what waits: members that accepted, those that leave, votes, invitations that ended.
  void review();
  // Circles of which something that other homes are told has changed since the last call.
  std::set<model::OwnerId> takeChanged() { return std::exchange(changed_, {}); }

  // Of which an invitation stands, all it says is in `row`.
  std::vector<store::CircleGuest> guests(const model::OwnerId& circle);

 private:
  Circle* find(const model::OwnerId& circle);
  Result<Circle*> member(const model::OwnerId& circle);
  HomeId me() const;
  bool keeps(const Circle& circle) const;
  void put(Circle& circle);
  void tell(const model::OwnerId& circle, const std::string& what, const std::string& rest = "");

  // circles_charter.cpp
  Status issue(Circle& circle, trust::Charter next);
  void adopt(Circle& circle, trust::CharterProof proof);
  void enforce(Circle& circle);
  void leaveBehind(Circle& circle);
  std::map<HomeId, trust::KeyChain> knownKeys(const trust::CharterProof& proof);
  Status mayIssue(const Circle& circle);
  Result<bool> addMember(Circle& circle, const HomeId& home, const std::string& name);

  // circles_wishes.cpp
  Result<bool> wish(Circle& circle, const std::string& about, const std::string& fields);
  std::string wishId(const std::string& about) const;
  void dropGuest(const model::OwnerId& circle, const HomeId& home);
  void dropWish(const model::OwnerId& circle, const std::string& id);
  Result<bool> vote(Circle& circle, const HomeId& home);
  Status castVote(Circle& circle, const HomeId& home);
  // Votes among `wishes` that stand on the charter in force and are signed by the member that casts them.
  struct Vote {
    HomeId voter;
    bool standing = false;  // it stands in that member's own wish; others perhaps show an earlier one
    trust::SignedCharter choice;  // with this one signature
    trust::KeyChain keys;
    trust::CharterHash hash;
  };
  std::vector<Vote> votesAmong(const Circle& circle, const std::vector<CircleWish>& wishes);
  void reviewWishes(Circle& circle);
  void countVotes(Circle& circle, const std::vector<CircleWish>& wishes);
  Status grant(Circle& circle, const CircleWish& wish);

  Core& core_;
  std::map<model::OwnerId, Circle> circles_;
  std::set<model::OwnerId> changed_;
  std::set<model::OwnerId> wishes_changed_;
  int64_t next_review_ms_ = 0;  // of the steady clock
  std::map<Sha256Digest, bool> known_votes_;  // by the hash of the whole vote; see kVotesKnown
  std::map<HomeId, std::optional<int64_t>> away_since_;  // by the steady clock; nothing while linked
  std::optional<int64_t> running_since_;
  std::map<std::pair<model::OwnerId, HomeId>, std::vector<int64_t>> forgeries_;  // of this run, by the steady clock
};

// What each member may do by a charter.
std::map<HomeId, model::RulesInForce> accessBy(const trust::Charter& charter);

// Wishes as they stand among a circle's entities; what is no wish is left out.
std::vector<CircleWish> wishesOf(store::Reader& reader, const model::OwnerId& circle);
// `{"rows":[{"pattern","home","access"}],"strategies":[…]}`. Errors: bad_id, bad_document, unknown_strategy.
Result<CircleRules> readCircleRules(const model::Json& json);
std::string circleRulesText(const CircleRules& rules);

}  // namespace hearthgate::engine
