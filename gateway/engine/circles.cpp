// Circles as people make, join and leave them, and what homes tell each other about invitations.
#include "engine/circles.h"

#include <algorithm>

#include "base/sha256.h"
#include "base/utf8.h"
#include "engine/circle_limits.h"
#include "engine/core.h"
#include "trust/tuning.h"

namespace hearthgate::engine {

using model::OwnerId;
using store::CircleState;
using trust::Charter;

namespace {

// Every member may write wishes, whatever the rows say.
model::RulesInForce rulesOf(const Charter& charter, const HomeId& home) {
  model::Rules rules;
  rules.lists = charter.rowsFor(home);
  for (model::AccessRows& list : rules.lists) list.push_back({std::string(kWishPrefix) + "*", model::Access::kWrite, std::nullopt});
  rules.strategies = charter.strategies;
  return model::RulesInForce(std::move(rules));
}

// What was left or declined is remembered only as long as there is room: those whose invitation says nothing any more go first.
bool hasRoom(store::Store& store, std::map<OwnerId, Circles::Circle>* circles) {
  size_t live = 0;
  for (const auto& [id, circle] : *circles) live += circle.row.state != CircleState::kGone ? 1 : 0;
  while (circles->size() >= 2 * kMaxCircles && live < kMaxCircles) {
    auto oldest = circles->end();
    for (auto at = circles->begin(); at != circles->end(); ++at) {
      const bool gone = at->second.row.state == CircleState::kGone;
      if (gone && (oldest == circles->end() || at->second.row.until_ms < oldest->second.row.until_ms)) oldest = at;
    }
    for (const auto& [home, proof] : oldest->second.removed) store.putCircleRemoved(oldest->first, home, "");
    store.removeCircle(oldest->first);
    circles->erase(oldest);
  }
  return live < kMaxCircles;
}

Error noCircle(const OwnerId& circle) {
  return stateError("circle_not_found", "There is no circle " + circle.text() + " here; `circle list` shows those that there are.");
}

}  // namespace

std::map<HomeId, model::RulesInForce> accessBy(const Charter& charter) {
  std::map<HomeId, model::RulesInForce> access;
  for (const Charter::Member& member : charter.members) access.emplace(member.home, rulesOf(charter, member.home));
  return access;
}

HomeId Circles::me() const { return core_.settings().home; }

void Circles::load() {
  if (!running_since_) running_since_ = core_.clock().steadyMs();
  circles_.clear();
  changed_.clear();
  wishes_changed_.clear();
  for (store::CircleRow& row : core_.store().circles()) {
    Circle circle;
    circle.row = std::move(row);
    if (!circle.row.proof.empty()) {
      auto proof = trust::decodeCharterProof(circle.row.proof);
      if (proof.ok()) circle.proof = std::move(*proof);
    }
    wishes_changed_.insert(circle.row.id);
    circles_.emplace(circle.row.id, std::move(circle));
  }
  for (auto& [id, circle] : circles_) {
    circle.removed = core_.store().circleRemoved(id);
    if (!circle.proof) continue;
    circle.hash = circle.proof->current().hash();
    circle.access = accessBy(circle.proof->current());
    circle.distrusted = core_.store().circleDistrusted(id);
  }
}

Circles::Circle* Circles::find(const OwnerId& circle) {
  auto at = circles_.find(circle);
  return at == circles_.end() ? nullptr : &at->second;
}

const Circles::Circle* Circles::membership(const OwnerId& circle) const {
  auto at = circles_.find(circle);
  if (at == circles_.end() || at->second.row.state != CircleState::kMember || !at->second.proof) return nullptr;
  return &at->second;
}

Result<Circles::Circle*> Circles::member(const OwnerId& circle) {
  Circle* found = find(circle);
  if (!found || found->row.state == CircleState::kGone) return noCircle(circle);
  if (found->row.state != CircleState::kMember) {
    return stateError("not_a_member", "This home was invited to " + found->row.name + " and is no member yet; accept first.");
  }
  return found;
}

bool Circles::isMember(const OwnerId& circle, const HomeId& home) const {
  const Circle* found = membership(circle);
  return found && found->access.contains(home);
}

model::Access Circles::accessOf(const OwnerId& circle, const HomeId& home, std::string_view id) const {
  const Circle* found = membership(circle);
  if (!found) return model::Access::kNone;
  auto at = found->access.find(home);
  return at == found->access.end() ? model::Access::kNone : at->second.accessFor(id);
}

uint64_t Circles::markFor(const OwnerId& circle, const HomeId& teller, const HomeId& other) const {
  const Circle* found = membership(circle);
  if (!found) return 0;
  std::string text;
  for (const HomeId* home : {&std::min(teller, other), &std::max(teller, other)}) {
    auto at = found->access.find(*home);
    if (at == found->access.end()) return 0;
    text.append(home->view());
    for (const model::AccessRows& list : at->second.rules().lists) {
      for (const model::AccessRow& row : list) text.append(row.pattern).append(1, static_cast<char>(row.access));
      text.append(1, '\n');
    }
  }
  if (teller == me()) text.append(std::to_string(found->row.passes));
  auto digest = sha256(text);
  uint64_t mark = 0;
  for (size_t i = 0; i < 6; ++i) mark = mark << 8 | digest[i];  // numbers of rules are below 2^53
  return mark | 1;
}

bool Circles::keeps(const Circle& circle) const { return circle.charter() && circle.charter()->keeper == me(); }

void Circles::put(Circle& circle) {
  core_.store().putCircle(circle.row);
  changed_.insert(circle.row.id);
}

void Circles::tell(const OwnerId& circle, const std::string& what, const std::string& rest) {
  const Circle* found = find(circle);
  core_.event("circle", "{\"circle\":\"" + circle.text() + "\",\"name\":" + model::jsonString(found ? found->row.name : "") +
                            ",\"what\":\"" + what + "\"" + rest + "}");
}

// --- people -----------------------------------------------------------------------------------------------------------------

Result<OwnerId> Circles::found(const std::string& name) {
  if (name.empty() || displayName(name, trust::kMaxHomeNameBytes) != name) {
    return inputError("bad_name", "A circle's name has 1 to 64 bytes of text that can be shown.");
  }
  if (!hasRoom(core_.store(), &circles_)) {
    return stateError("circles_full", "There are " + std::to_string(kMaxCircles) + " circles here, the most that one home takes part in; leave one.");
  }
  Charter charter = trust::foundCircle(name, {me(), displayName(core_.settings().name, trust::kMaxHomeNameBytes)}, core_.random());
  const OwnerId id = charter.circleId();
  Circle circle;
  circle.row.id = id;
  circle.row.state = CircleState::kMember;
  circle.row.name = name;
  core_.writer().owner(id);
  Circle& placed = circles_.insert_or_assign(id, std::move(circle)).first->second;
  HG_CHECK(issue(placed, std::move(charter)));
  return id;
}

Status Circles::invite(const OwnerId& id, const HomeId& home, const std::string& name) {
  HG_TRY(Circle * circle, member(id));
  if (home == me()) return inputError("home_is_own", "That is this home itself, which is a member already.");
  if (circle->charter()->member(home)) return stateError("already_member", "That home is a member of " + circle->row.name + " already.");
  if (circle->charter()->members.size() >= trust::kMaxCircleMembers) {
    return stateError("circle_full", circle->row.name + " has " + std::to_string(trust::kMaxCircleMembers) + " members, the most that a circle takes.");
  }
  if (keeps(*circle)) HG_CHECK(mayIssue(*circle));
  dropWish(id, wishId("add" + home.text()));
  // Its end names it, so that of two the first is not taken for the other: who declined is asked once more.
  const auto apart = static_cast<int64_t>(core_.random().bytes(1)[0] & 0x7f) * 256 + static_cast<int64_t>(core_.random().bytes(1)[0] & 0x7f);
  core_.store().putCircleGuest(id, {home, displayName(name, trust::kMaxHomeNameBytes), core_.clock().wallMs() + kInvitationMs + apart, false});
  changed_.insert(id);
  wishes_changed_.insert(id);
  tell(id, "invitation_sent", ",\"home\":\"" + home.text() + "\"");
  return {};
}

Status Circles::accept(const OwnerId& id) {
  Circle* circle = find(id);
  if (!circle || circle->row.state == CircleState::kGone) return noCircle(id);
  if (circle->row.state == CircleState::kMember) return stateError("already_member", "This home is a member of " + circle->row.name + " already.");
  if (circle->row.until_ms <= core_.clock().wallMs()) {
    return stateError("invitation_not_found", "The invitation to " + circle->row.name + " has ended; ask for another one.");
  }
  circle->row.state = CircleState::kAccepted;
  put(*circle);
  tell(id, "accepted");
  return {};
}

Result<bool> Circles::remove(const OwnerId& id, const HomeId& home) {
  Circle* circle = find(id);
  if (!circle || circle->row.state == CircleState::kGone) return noCircle(id);
  if (home == me() && circle->row.state != CircleState::kMember) {
    circle->row.state = CircleState::kGone;
    put(*circle);
    tell(id, "declined");
    return true;
  }
  HG_TRY(circle, member(id));
  for (const store::CircleGuest& guest : guests(id)) {
    if (guest.home != home) continue;
    dropGuest(id, home);
    tell(id, "invitation_withdrawn", ",\"home\":\"" + home.text() + "\"");
    return true;
  }
  const Charter& charter = *circle->charter();
  if (!charter.member(home)) return stateError("home_not_found", "That home is no member of " + circle->row.name + ".");
  if (home == charter.keeper && charter.members.size() > 1) {
    return stateError("keeper_must_hand_over", home == me() ? "This home keeps " + circle->row.name + "; make another member its keeper first."
                                                             : "That home keeps " + circle->row.name + "; another member has to become its keeper first.");
  }
  if (!keeps(*circle)) return wish(*circle, "remove" + home.text(), "{\"op\":\"remove\",\"home\":\"" + home.text() + "\"}");
  HG_CHECK(mayIssue(*circle));
  if (home == me()) {
    // The last one.
    leaveBehind(*circle);
    tell(id, "ended");
    return true;
  }
  Charter next = trust::nextCharter(charter);
  std::erase_if(next.members, [&](const Charter::Member& one) { return one.home == home; });
  for (auto& list : next.lists) {
    std::erase_if(list, [&](const Charter::Row& row) { return row.home == home; });
  }
  HG_CHECK(issue(*circle, std::move(next)));
  return true;
}

Result<bool> Circles::handOver(const OwnerId& id, const HomeId& home) {
  HG_TRY(Circle * circle, member(id));
  const Charter& charter = *circle->charter();
  if (!charter.member(home)) return stateError("home_not_found", "That home is no member of " + circle->row.name + ".");
  if (charter.keeper == home) return true;
  if (!keeps(*circle)) return vote(*circle, home);
  HG_CHECK(mayIssue(*circle));
  Charter next = trust::nextCharter(charter);
  next.keeper = home;
  ++next.hand_overs;
  HG_CHECK(issue(*circle, std::move(next)));
  return true;
}

Result<bool> Circles::setRules(const OwnerId& id, const CircleRules& rules) {
  HG_TRY(Circle * circle, member(id));
  for (const Charter::Row& row : rules.rows) {
    if (row.home && !circle->charter()->member(*row.home)) return stateError("home_not_found", "A row names a home that is no member of " + circle->row.name + ".");
  }
  if (!keeps(*circle)) return wish(*circle, "rules", "{\"op\":\"rules\",\"rules\":" + circleRulesText(rules) + "}");
  HG_CHECK(mayIssue(*circle));
  Charter next = trust::nextCharter(*circle->charter());
  // Who changes the rules has looked at them: of several lists (T17) this one goes on.
  next.lists = {rules.rows};
  next.strategies = rules.strategies;
  HG_CHECK(issue(*circle, std::move(next)));
  return true;
}

Status Circles::insist(const OwnerId& id) {
  HG_TRY(Circle * circle, member(id));
  circle->row.needs_pass = false;
  put(*circle);
  return {};
}

// --- invitations ------------------------------------------------------------------------------------------------------------

std::vector<store::CircleGuest> Circles::guests(const OwnerId& circle) { return core_.store().circleGuests(circle); }

// With the wish that it stands for, where another home keeps the circle.
void Circles::dropGuest(const OwnerId& circle, const HomeId& home) {
  core_.store().removeCircleGuest(circle, home);
  dropWish(circle, wishId("add" + home.text()));
  changed_.insert(circle);
}

std::vector<Circles::Invitation> Circles::invitationsFor(const HomeId& home) {
  std::vector<Invitation> all;
  for (const auto& [id, circle] : circles_) {
    if (circle.row.state != CircleState::kMember) continue;
    for (const store::CircleGuest& guest : guests(id)) {
      if (guest.home == home && guest.until_ms > core_.clock().wallMs()) all.push_back({id, circle.row.name, guest.until_ms});
    }
  }
  return all;
}

void Circles::invited(const HomeId& by, const std::vector<Invitation>& invitations, const std::set<OwnerId>& member) {
  for (const Invitation& one : invitations) {
    Circle* circle = find(one.circle);
    if (circle && circle->row.state == CircleState::kMember) continue;
    // Who has left or declined says so, and is not called back.
    const bool called_back = one.until_ms == kCalledBackMs;
    if (circle && called_back && circle->row.state != CircleState::kInvited) continue;
    if (circle && circle->row.inviter == by && circle->row.until_ms == one.until_ms) continue;
    // Two that invite to one circle: the first is answered.
    if (circle && circle->row.state != CircleState::kGone && circle->row.inviter != by) continue;
    // Its sender sees that nobody answers.
    const auto from_it = std::count_if(circles_.begin(), circles_.end(), [&](const auto& known) {
      return known.second.row.state == CircleState::kInvited && known.second.row.inviter == by;
    });
    if (static_cast<size_t>(from_it) >= kMaxInvitationsOfOne || !hasRoom(core_.store(), &circles_)) continue;
    core_.writer().owner(one.circle);
    Circle& placed = circles_[one.circle];
    placed.row.id = one.circle;
    placed.row.state = CircleState::kInvited;
    placed.row.name = displayName(one.name, trust::kMaxHomeNameBytes);
    placed.row.inviter = by;
    placed.row.until_ms = one.until_ms;
    put(placed);
    tell(one.circle, "invited", ",\"home\":\"" + by.text() + "\"");
  }
  // What is not named any more was withdrawn, or has ended.
  for (auto& [id, circle] : circles_) {
    const bool waits = circle.row.state == CircleState::kInvited || circle.row.state == CircleState::kAccepted;
    if (!waits || circle.row.inviter != by) continue;
    // Who has accepted perhaps is a member already, and its invitation is over by that.
    if (member.contains(id)) continue;
    const OwnerId& named = id;  // clang 14 captures no structured binding
    if (std::any_of(invitations.begin(), invitations.end(), [&](const Invitation& one) { return one.circle == named; })) continue;
    circle.row.state = CircleState::kGone;
    put(circle);
    tell(id, "invitation_withdrawn");
  }
}

std::vector<Circles::Reply> Circles::repliesFor(const HomeId& home) {
  std::vector<Reply> all;
  for (const auto& [id, circle] : circles_) {
    if (circle.row.inviter != home || circle.row.until_ms == 0) continue;
    if (circle.row.state == CircleState::kAccepted) all.push_back({id, circle.row.until_ms, true});
    if (circle.row.state == CircleState::kGone && !circle.proof) all.push_back({id, circle.row.until_ms, false});
  }
  return all;
}

void Circles::replied(const HomeId& by, const std::vector<Reply>& replies) {
  for (const Reply& reply : replies) {
    Circle* circle = find(reply.circle);
    if (!circle || circle->row.state != CircleState::kMember) continue;
    if (reply.until_ms == 0 && circle->charter()->member(by)) {
      // It has left, and this home does not know, or has forgotten.
      auto removed = remove(reply.circle, by);
      // A keeper that may not act now is asked later, as a person.
      if (!removed.ok()) removed = wish(*circle, "remove" + by.text(), "{\"op\":\"remove\",\"home\":\"" + by.text() + "\"}");
      if (!removed.ok()) core_.auditOften(by.text(), "circle.left", removed.error().code, reply.circle.text(), removed.error().message);
      continue;
    }
    for (store::CircleGuest& guest : guests(reply.circle)) {
      if (guest.home != by || guest.until_ms != reply.until_ms || (guest.accepted && reply.accepted)) continue;
      if (reply.accepted) {
        guest.accepted = true;
        core_.store().putCircleGuest(reply.circle, guest);
      } else {
        dropGuest(reply.circle, by);
        tell(reply.circle, "declined", ",\"home\":\"" + by.text() + "\"");
      }
      changed_.insert(reply.circle);
      wishes_changed_.insert(reply.circle);
    }
  }
}

void Circles::passEnded(const OwnerId& id, bool replaced) {
  Circle* circle = find(id);
  if (!circle || (!replaced && !circle->row.needs_pass)) return;
  circle->row.needs_pass = false;
  if (replaced) ++circle->row.passes;
  put(*circle);
}

void Circles::forged(const OwnerId& id, const HomeId& by) {
  Circle* circle = find(id);
  if (!circle) return;
  const int64_t now = core_.clock().steadyMs();
  std::vector<int64_t>& times = forgeries_[{id, by}];
  std::erase_if(times, [&](int64_t at) { return at + kForgeryDayMs <= now; });
  times.push_back(now);
  core_.event("attention", "{\"code\":\"counters_forged\",\"circle\":\"" + id.text() + "\",\"home\":\"" + by.text() + "\"}");
  core_.audit("system", "circle.forged", id.text(), "by " + by.text());
  if (times.size() < kForgeriesInADay || !circle->distrusted.insert(by).second) return;
  core_.store().putCircleDistrust(id, by, core_.clock().wallMs());
  core_.event("attention", "{\"code\":\"member_distrusted\",\"circle\":\"" + id.text() + "\",\"home\":\"" + by.text() + "\"}");
}

void Circles::linked(const HomeId& home, bool is) {
  away_since_[home] = is ? std::nullopt : std::optional(core_.clock().steadyMs());
}

bool Circles::decidesHere(const OwnerId& id) const {
  const Circle* circle = membership(id);
  if (!circle) return false;
  if (keeps(*circle)) return true;
  auto at = away_since_.find(circle->charter()->keeper);
  const std::optional<int64_t> since = at == away_since_.end() ? running_since_ : at->second;
  return since && core_.clock().steadyMs() - *since >= kKeeperAwayMs;
}

bool Circles::distrusts(const OwnerId& circle, const HomeId& home) const {
  auto at = circles_.find(circle);
  return at != circles_.end() && at->second.distrusted.contains(home);
}

Status Circles::trustAgain(const OwnerId& id, const HomeId& home) {
  HG_TRY(Circle * circle, member(id));
  if (circle->distrusted.erase(home) == 0) return stateError("home_not_found", "Nothing is held back of that home in " + circle->row.name + ".");
  forgeries_.erase({id, home});
  core_.store().putCircleDistrust(id, home, std::nullopt);
  return {};
}

void Circles::restored() {
  for (auto& [id, circle] : circles_) {
    if (circle.row.state != CircleState::kMember) continue;
    circle.row.needs_pass = circle.charter() && circle.charter()->members.size() > 1;
    put(circle);
  }
}

void Circles::forgotten(const HomeId& home) {
  for (auto& [id, circle] : circles_) {
    if (circle.row.state != CircleState::kMember) {
      if (circle.row.inviter == home && circle.row.state != CircleState::kGone) {
        circle.row.state = CircleState::kGone;
        put(circle);
      }
      continue;
    }
    core_.store().removeCircleGuest(id, home);
    if (!circle.charter()->member(home)) continue;
    // Where another home keeps it, or this one may not, a person is asked: request its removal, or leave (T11).
    auto done = keeps(circle) ? remove(id, home) : Result<bool>(false);
    if (done.ok() && *done) continue;
    core_.event("attention", "{\"code\":\"forgotten_member\",\"home\":\"" + home.text() + "\",\"circle\":\"" + id.text() + "\"}");
  }
}

}  // namespace hearthgate::engine
