// /circles: what several homes own together (CONTRACT.md). What waits for the keeper, or for the other home, answers 202.
#include <algorithm>

#include "api/json_text.h"
#include "api/router.h"
#include "base/utf8.h"
#include "engine/circle_limits.h"
#include "engine/circles.h"

namespace hearthgate::api {
namespace {

using engine::CircleWish;
using model::OwnerId;
using store::CircleState;

Result<OwnerId> circleOf(const std::string& text) {
  auto id = OwnerId::parse(text);
  if (id && id->isCircle()) return *id;
  return stateError("circle_not_found", "There is no circle '" + displayName(text, kMaxShownBytes) + "' here; `circle list` shows those that there are.");
}

std::string_view stateText(CircleState state) {
  switch (state) {
    case CircleState::kInvited: return "invited";
    case CircleState::kAccepted: return "accepted";
    case CircleState::kMember: return "member";
    case CircleState::kGone: break;
  }
  return "gone";
}

void wishText(ObjectText object, const CircleWish& wish) {
  object.text("id", wish.id).text("wish", engine::wishKindText(wish.kind)).text("by", wish.by.text());
  if (wish.home) object.text("home", wish.home->text());
  if (!wish.name.empty()) object.text("name", wish.name);
  object.text("state", wish.refused ? "refused" : wish.ready ? "pending" : "invited");
  if (wish.kind == CircleWish::Kind::kRules) object.raw("rules", wish.body.empty() ? "{}" : wish.body);
}

// What members have still to send, in entities: the most that one of those that are linked told; of none, what the last one
// said before it went.
uint64_t stillToCome(Gateway& gateway, store::Reader& reader, const OwnerId& circle, const trust::Charter& charter) {
  uint64_t most = 0;
  std::optional<store::PeerPlace> last;
  for (const auto& member : charter.members) {
    auto place = member.home == gateway.home ? std::nullopt : reader.peerPlace(member.home, circle);
    if (!place) continue;
    if (place->remaining > most && gateway.parts.homes.state(member.home).state == "connected") most = place->remaining;
    if (!last || place->at_ms > last->at_ms) last = std::move(place);
  }
  return most == 0 && last ? last->remaining : most;
}

void progressText(std::string* out, Gateway& gateway, store::Reader& reader, const OwnerId& circle, const trust::Charter& charter) {
  const uint64_t to_receive = stillToCome(gateway, reader, circle, charter);
  if (to_receive == 0) {
    out->append("null");
    return;
  }
  // Counting reads all of them, so only while something is to come.
  ObjectText(out).number("here", reader.entityCount(circle)).number("to_receive", to_receive);
}

// `decides`: Circles::decidesHere(), where it is told.
std::string circleText(Gateway& gateway, store::Reader& reader, const store::CircleRow& row, std::optional<bool> decides = std::nullopt) {
  std::string out;
  ObjectText object(&out);
  object.text("id", row.id.text()).text("name", row.name).text("state", stateText(row.state));
  auto proof = row.proof.empty() ? Result<trust::CharterProof>(inputError("bad_charter", "")) : trust::decodeCharterProof(row.proof);
  if (row.state != CircleState::kMember || !proof.ok()) {
    if (row.inviter) object.text("invited_by", row.inviter->text());
    // Called back, as a member by the charter that has forgotten it: as long as it is one.
    if (row.until_ms != engine::kCalledBackMs) object.time("until", row.until_ms);
    object.close();
    return out;
  }
  const trust::Charter& charter = proof->current();
  object.text("keeper", charter.keeper.text()).number("number", charter.number);
  {
    ArrayText members(&object.value("members"));
    for (const auto& member : charter.members) {
      auto peer = reader.peer(member.home);
      ObjectText item(members.item());
      item.text("home", member.home.text()).text("name", member.name);
      item.boolean("forgotten", peer && peer->state == store::PeerState::kForgotten);
    }
  }
  {
    ArrayText pending(&object.value("pending"));
    for (const CircleWish& wish : engine::wishesOf(reader, row.id)) wishText(ObjectText(pending.item()), wish);
  }
  {
    ArrayText invitations(&object.value("invitations"));
    for (const store::CircleGuest& guest : reader.circleGuests(row.id)) {
      ObjectText item(invitations.item());
      item.text("home", guest.home.text()).text("name", guest.name).text("state", guest.accepted ? "accepted" : "invited");
      item.time("until", guest.until_ms);
    }
  }
  // Several lists only after a keeper met a charter of its own that it had forgotten; the first is its own.
  object.raw("rules", engine::circleRulesText({charter.lists.front(), charter.strategies}));
  {
    ArrayText held(&object.value("distrusted"));
    for (const HomeId& home : reader.circleDistrusted(row.id)) held.item()->append("\"").append(home.text()).append("\"");
  }
  object.boolean("needs_pass", row.needs_pass);
  if (decides) object.boolean("decides_here", *decides);
  progressText(&object.value("progress"), gateway, reader, row.id, charter);
  object.close();
  return out;
}

Result<Answer> answerWith(Gateway& gateway, const OwnerId& id, int status) {
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    auto row = reader.circle(id);
    if (!row) return Answer::nothing();
    return Answer::json(circleText(gateway, reader, *row), status);
  });
}

Result<Answer> list(Gateway& gateway, Call& call) {
  HG_TRY(size_t limit, call.queryLimit());
  std::string after;
  if (std::string mark = call.queryText("after"); !mark.empty()) {
    HG_TRY(after, parsePageMark(mark));
  }
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    std::map<std::string, store::CircleRow> rows;
    for (store::CircleRow& row : reader.circles()) {
      if (row.state != CircleState::kGone) rows.emplace(row.id.text(), std::move(row));
    }
    std::vector<std::string> items;
    std::optional<std::string> next;
    for (auto at = rows.upper_bound(after); at != rows.end(); ++at) {
      if (items.size() == limit) {
        next = pageMark(std::prev(at)->first);
        break;
      }
      items.push_back(circleText(gateway, reader, at->second));
    }
    return Answer::json(listText(std::move(items), next));
  });
}

Result<Answer> get(Gateway& gateway, Call& call) {
  HG_TRY(OwnerId id, circleOf(call.parameter(0)));
  bool decides = false;
  HG_CHECK(gateway.parts.engine.run([&](engine::Core& core) { decides = core.circles().decidesHere(id); }));
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    auto row = reader.circle(id);
    if (!row || row->state == CircleState::kGone) {
      return stateError("circle_not_found", "There is no circle " + id.text() + " here; `circle list` shows those that there are.");
    }
    return Answer::json(circleText(gateway, reader, *row, decides));
  });
}

// The body's "home".
Result<HomeId> homeOf(Call& call) {
  HG_TRY(model::Json body, call.readObject({"home"}));
  HG_TRY(std::optional<std::string> home, textMember(body, "home"));
  if (!home) return missingMember("home");
  return parseHome(*home);
}

Result<Answer> found(Gateway& gateway, Call& call) {
  HG_TRY(model::Json body, call.readObject({"name"}));
  HG_TRY(std::optional<std::string> name, textMember(body, "name"));
  if (!name) return missingMember("name");
  HG_TRY(OwnerId id, gateway.write<OwnerId>("write", {"circle.create", displayName(*name), ""},
                                            [&](engine::Core& core) { return core.circles().found(*name); }));
  return answerWith(gateway, id, 201);
}

Result<Answer> invite(Gateway& gateway, Call& call) {
  HG_TRY(OwnerId id, circleOf(call.parameter(0)));
  HG_TRY(HomeId home, homeOf(call));
  HG_CHECK(gateway.write<void>("write", {"circle.invite", id.text(), home.text()}, [&](engine::Core& core) -> Status {
    auto peer = core.store().peer(home);
    bool paired = peer && peer->state == store::PeerState::kPaired;
    if (!paired && home != core.settings().home) return homeNotFound(home.text());
    return core.circles().invite(id, home, peer ? peer->name : "");
  }));
  return answerWith(gateway, id, 202);
}

Result<Answer> accept(Gateway& gateway, Call& call) {
  HG_TRY(OwnerId id, circleOf(call.parameter(0)));
  HG_CHECK(gateway.write<void>("write", {"circle.accept", id.text(), ""}, [&](engine::Core& core) { return core.circles().accept(id); }));
  return answerWith(gateway, id, 202);
}

// Runs what is done at once or waits for the keeper.
Result<Answer> change(Gateway& gateway, const OwnerId& id, const Audited& audited,
                      const std::function<Result<bool>(engine::Circles&)>& code) {
  HG_TRY(bool done, gateway.write<bool>("write", audited, [&](engine::Core& core) { return code(core.circles()); }));
  return answerWith(gateway, id, done ? 200 : 202);
}

Result<Answer> remove(Gateway& gateway, Call& call) {
  HG_TRY(OwnerId id, circleOf(call.parameter(0)));
  HG_TRY(HomeId home, parseHome(call.parameter(1)));
  return change(gateway, id, {"circle.remove", id.text(), home.text()}, [&](engine::Circles& circles) { return circles.remove(id, home); });
}

Result<Answer> keeper(Gateway& gateway, Call& call) {
  HG_TRY(OwnerId id, circleOf(call.parameter(0)));
  HG_TRY(HomeId home, homeOf(call));
  return change(gateway, id, {"circle.keeper", id.text(), home.text()}, [&](engine::Circles& circles) { return circles.handOver(id, home); });
}

Result<Answer> rules(Gateway& gateway, Call& call) {
  HG_TRY(OwnerId id, circleOf(call.parameter(0)));
  HG_TRY(model::Json body, call.readObject({"rows", "strategies"}));
  HG_TRY(engine::CircleRules rules, engine::readCircleRules(body));
  return change(gateway, id, {"circle.rules", id.text(), ""}, [&](engine::Circles& circles) { return circles.setRules(id, rules); });
}

Result<Answer> answerWish(Gateway& gateway, Call& call) {
  HG_TRY(OwnerId id, circleOf(call.parameter(0)));
  HG_TRY(model::Json body, call.readObject({"accept"}));
  HG_TRY(std::optional<bool> yes, flagMember(body, "accept"));
  if (!yes) return missingMember("accept");
  HG_CHECK(gateway.write<void>("write", {"circle.answer", id.text(), *yes ? "accepted" : "refused"}, [&](engine::Core& core) {
    return core.circles().answer(id, call.parameter(1), *yes);
  }));
  return answerWith(gateway, id, 200);
}

Result<Answer> trustAgain(Gateway& gateway, Call& call) {
  HG_TRY(OwnerId id, circleOf(call.parameter(0)));
  HG_TRY(HomeId home, parseHome(call.parameter(1)));
  HG_CHECK(gateway.write<void>("write", {"circle.trust", id.text(), home.text()}, [&](engine::Core& core) { return core.circles().trustAgain(id, home); }));
  return answerWith(gateway, id, 200);
}

Result<Answer> insist(Gateway& gateway, Call& call) {
  HG_TRY(OwnerId id, circleOf(call.parameter(0)));
  HG_CHECK(gateway.write<void>("write", {"circle.insist", id.text(), ""}, [&](engine::Core& core) { return core.circles().insist(id); }));
  return answerWith(gateway, id, 200);
}

}  // namespace

void addCircleRoutes(Router& router) {
  router.add({"GET", "/api/v1/circles", {"limit", "after"}, list});
  router.add({"POST", "/api/v1/circles", {}, found});
  router.add({"GET", "/api/v1/circles/{id}", {}, get});
  router.add({"POST", "/api/v1/circles/{id}/invitations", {}, invite});
  router.add({"POST", "/api/v1/circles/{id}/accept", {}, accept});
  router.add({"DELETE", "/api/v1/circles/{id}/members/{home}", {}, remove});
  router.add({"POST", "/api/v1/circles/{id}/members/{home}/trust", {}, trustAgain});
  router.add({"PUT", "/api/v1/circles/{id}/keeper", {}, keeper});
  router.add({"PUT", "/api/v1/circles/{id}/rules", {}, rules});
  router.add({"POST", "/api/v1/circles/{id}/requests/{request}", {}, answerWish});
  router.add({"POST", "/api/v1/circles/{id}/insist", {}, insist});
}

}  // namespace hearthgate::api
