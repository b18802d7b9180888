// What members ask of the keeper, as entities of the circle that everybody in it sees (TRUST.md T17); and the votes by which
// a majority replaces a keeper that is gone (T16), which are such wishes too.
#include <algorithm>

#include "engine/circles.h"
#include "base/base32.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "engine/circle_limits.h"
#include "engine/core.h"
#include "model/limits.h"
#include "trust/tuning.h"

namespace hearthgate::engine {

using model::Json;
using model::OwnerId;
using trust::Charter;
using trust::CharterProof;

namespace {

constexpr std::string_view kKinds[] = {"add", "remove", "keeper", "rules"};
constexpr size_t kWishIdBytes = 10;

std::string textOf(const Json& json, std::string_view key) {
  const Json* found = json.find(key);
  return found && found->isString() ? found->text : std::string();
}

std::optional<CircleWish> readWish(const store::EntityRow& row) {
  if (row.kind != kWishKind || row.state != store::EntityState::kLive || row.siblings.empty()) return std::nullopt;
  conflict::View shown = conflict::view(conflict::Strategy::kLatestWins, row.siblings, row.address.owner);
  if (shown.deleted || !shown.single) return std::nullopt;
  auto json = model::parseJson(shown.fields(), model::kMaxDepth);
  if (!json.ok()) return std::nullopt;
  CircleWish wish;
  wish.id = row.address.id.substr(std::string_view(kWishPrefix).size());
  const auto kind = std::find(std::begin(kKinds), std::end(kKinds), textOf(*json, "op"));
  if (kind == std::end(kKinds)) return std::nullopt;
  wish.kind = static_cast<CircleWish::Kind>(kind - std::begin(kKinds));
  wish.home = HomeId::parse(textOf(*json, "home"));
  if (wish.kind != CircleWish::Kind::kRules && !wish.home) return std::nullopt;
  const Json* refused = json->find("refused");
  wish.refused = refused && refused->text == "true";
  // Who refused it wrote last.
  auto by = HomeId::parse(textOf(*json, "by"));
  wish.by = wish.refused && by ? *by : shown.single->author;
  wish.name = displayName(textOf(*json, "name"), trust::kMaxHomeNameBytes);
  wish.ready = textOf(*json, "state") != "invited";
  if (wish.kind == CircleWish::Kind::kKeeper) wish.body = textOf(*json, "vote");
  const Json* rules = json->find("rules");
  if (wish.kind == CircleWish::Kind::kRules && rules) wish.body = model::canonicalJson(*rules);
  return wish;
}

}  // namespace

std::string_view wishKindText(CircleWish::Kind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::vector<CircleWish> wishesOf(store::Reader& reader, const OwnerId& circle) {
  std::vector<CircleWish> wishes;
  store::EntityFilter filter;
  filter.owner = circle;
  filter.prefix = kWishPrefix;
  std::optional<model::Address> after;
  size_t bytes = 0;
  for (size_t looked = 0; looked < kMaxWishes && bytes < kMaxWishesBytes;) {
    store::EntityPage page = reader.entityPage(filter, after, {kFeedRows, kFeedRows});
    looked += kFeedRows;
    for (const store::EntityRow& row : page.rows) {
      bytes += row.stored_bytes;
      if (auto wish = readWish(row)) wishes.push_back(std::move(*wish));
    }
    if (!page.next) break;
    after = page.next;
  }
  return wishes;
}

Result<CircleRules> readCircleRules(const Json& json) {
  CircleRules rules;
  const Json* rows = json.find("rows");
  if (rows && rows->type != Json::Type::kArray) return inputError("bad_document", "\"rows\" is a list.");
  for (const Json& item : rows ? rows->items : std::vector<Json>()) {
    Charter::Row row;
    row.pattern = textOf(item, "pattern");
    HG_CHECK(model::checkPattern(row.pattern));
    const std::string home = textOf(item, "home");
    if (!home.empty() && home != "*") {
      row.home = HomeId::parse(home);
      if (!row.home) return inputError("home_not_found", "A row names a home that is no member; give its id, or * for all members.");
    }
    auto access = model::parseAccess(textOf(item, "access"));
    if (!access || *access == model::Access::kNone) return inputError("bad_document", "\"access\" of a row is read or write: all members of a circle may read.");
    row.access = *access;
    rules.rows.push_back(std::move(row));
  }
  const Json* strategies = json.find("strategies");
  if (strategies && strategies->type != Json::Type::kArray) return inputError("bad_document", "\"strategies\" is a list.");
  for (const Json& item : strategies ? strategies->items : std::vector<Json>()) {
    model::StrategyRow row;
    row.pattern = textOf(item, "pattern");
    row.strategy = textOf(item, "strategy");
    if (!conflict::parseStrategy(row.strategy)) {
      return inputError("unknown_strategy", "There is no strategy '" + displayName(row.strategy) + "'; there are latest-wins, merge and user-choice.");
    }
    const std::string kind = textOf(item, "kind");
    if (!kind.empty()) {
      HG_CHECK(model::checkKind(kind));
      row.scope = model::StrategyRow::Scope::kKind;
      row.pattern = kind;
    } else if (row.pattern.empty()) {
      row.scope = model::StrategyRow::Scope::kDefault;
    } else {
      HG_CHECK(model::checkPattern(row.pattern));
      row.scope = model::isGlob(row.pattern) ? model::StrategyRow::Scope::kGlob : model::StrategyRow::Scope::kEntity;
    }
    rules.strategies.push_back(std::move(row));
  }
  if (rules.rows.size() > trust::kMaxCharterRows || rules.strategies.size() > trust::kMaxCharterRows) {
    return stateError("rules_full", "A circle has 1,000 rows of access and as many of strategies at most; use globs in place of single entities.");
  }
  return rules;
}

std::string circleRulesText(const CircleRules& rules) {
  std::string out = "{\"rows\":[";
  for (const Charter::Row& row : rules.rows) {
    if (out.back() != '[') out.push_back(',');
    out.append("{\"pattern\":").append(model::jsonString(row.pattern));
    if (row.home) out.append(",\"home\":\"").append(row.home->text()).append("\"");
    out.append(",\"access\":\"").append(model::accessText(row.access)).append("\"}");
  }
  out.append("],\"strategies\":[");
  for (const model::StrategyRow& row : rules.strategies) {
    if (out.back() != '[') out.push_back(',');
    out.append("{");
    if (row.scope == model::StrategyRow::Scope::kKind) out.append("\"kind\":").append(model::jsonString(row.pattern)).append(",");
    if (row.scope == model::StrategyRow::Scope::kGlob || row.scope == model::StrategyRow::Scope::kEntity) {
      out.append("\"pattern\":").append(model::jsonString(row.pattern)).append(",");
    }
    out.append("\"strategy\":").append(model::jsonString(row.strategy)).append("}");
  }
  return out.append("]}");
}

// --- asking -----------------------------------------------------------------------------------------------------------------

std::string Circles::wishId(const std::string& about) const {
  auto digest = sha256(about + me().text());
  return base32({reinterpret_cast<const char*>(digest.data()), kWishIdBytes});
}

// `about` tells the wishes of one home apart; `fields` without who asks. Never done at once: gives false.
Result<bool> Circles::wish(Circle& circle, const std::string& about, const std::string& fields) {
  HG_TRY(Json json, model::parseJson(fields, model::kMaxDepth));
  json.members.emplace_back("by", Json{Json::Type::kString, me().text(), {}, {}});
  std::sort(json.members.begin(), json.members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const std::string id = wishId(about);
  WriteOrder order;
  order.address = {circle.row.id, kWishPrefix + id};
  order.kind = kWishKind;
  // The same again is the same wish.
  auto row = core_.store().entity(order.address);
  if (row && row->state == store::EntityState::kLive && row->siblings.size() == 1 && row->siblings.front().fields == model::canonicalJson(json)) return false;
  order.fields = std::move(json);
  HG_CHECK(core_.write(order));
  tell(circle.row.id, "wish", ",\"wish\":\"" + id + "\"");
  return false;
}

void Circles::dropWish(const OwnerId& circle, const std::string& id) {
  WriteOrder order;
  order.address = {circle, kWishPrefix + id};
  order.mode = WriteOrder::Mode::kDelete;
  (void)core_.write(order);  // Gone already, or its vector is full: then it stays and says what it wished.
}

// A vote for `home` as keeper. True when it made the majority.
Result<bool> Circles::vote(Circle& circle, const HomeId& home) {
  HG_CHECK(castVote(circle, home));
  reviewWishes(circle);
  return circle.charter() && circle.charter()->keeper == home;
}

std::vector<Circles::Vote> Circles::votesAmong(const Circle& circle, const std::vector<CircleWish>& wishes) {
  std::vector<Vote> votes;
  for (const CircleWish& wish : wishes) {
    if (wish.kind != CircleWish::Kind::kKeeper || wish.refused) continue;
    auto bytes = parseBase32(wish.body);
    auto proof = bytes ? trust::decodeCharterProof(*bytes) : Result<CharterProof>(inputError("bad_charter", ""));
    if (!proof.ok() || proof->chain.size() < 2 || proof->chain.back().signatures.size() != 1) continue;
    const Charter& proposed = proof->current();
    const HomeId voter = proof->chain.back().signatures.front().home;
    if (proposed.previous != circle.hash || proposed.number >= trust::kMaxCharterNumber - 1 || !circle.charter()->member(voter)) continue;
    if (known_votes_.size() >= kVotesKnown) known_votes_.clear();
    auto [known, fresh] = known_votes_.try_emplace(sha256(*bytes), false);
    if (fresh) known->second = trust::isVoteOf(*proof, voter, knownKeys(*proof));
    if (known->second) votes.push_back({voter, wish.by == voter, proof->chain.back(), proof->keys.at(voter), proposed.hash()});
  }
  return votes;
}

Status Circles::castVote(Circle& circle, const HomeId& home) {
  const OwnerId id = circle.row.id;
  const CharterSigner& signer = core_.settings().signer;
  // Others' proposal for the same home on which this home can still vote is signed too, else another number begins.
  std::optional<Charter> choice;
  uint64_t number = circle.charter()->number + 1;
  for (const Vote& other : votesAmong(circle, wishesOf(core_.store(), id))) {
    const Charter& proposed = other.choice.charter;
    const std::string voted = core_.store().circleVote(id, proposed.number);
    number = std::max(number, proposed.number + (voted.empty() ? 0 : 1));
    const bool free = voted.empty() || voted == other.hash.view();
    if (proposed.keeper == home && free && (!choice || proposed.number > choice->number)) choice = proposed;
  }
  if (!choice) {
    while (!core_.store().circleVote(id, number).empty()) ++number;
    Charter next = trust::nextCharter(*circle.charter());
    next.keeper = home;
    ++next.hand_overs;
    next.number = number;
    choice = std::move(next);
  }
  core_.store().putCircleVote(id, choice->number, choice->hash().view());
  CharterProof mine = *circle.proof;
  mine.chain.push_back({*choice, {signer.sign(*choice)}});
  mine.keys[me()] = signer.chain();
  HG_CHECK(wish(circle, "keeper", "{\"op\":\"keeper\",\"home\":\"" + home.text() + "\",\"vote\":\"" + base32(trust::encodeCharterProof(mine)) + "\"}"));
  return {};
}

// --- answering --------------------------------------------------------------------------------------------------------------

Status Circles::answer(const OwnerId& id, const std::string& wish_id, bool yes) {
  HG_TRY(Circle * circle, member(id));
  auto wishes = wishesOf(core_.store(), id);
  auto at = std::find_if(wishes.begin(), wishes.end(), [&](const CircleWish& one) { return one.id == wish_id; });
  if (at == wishes.end()) return stateError("wish_not_found", "There is no such wish in " + circle->row.name + "; `circle list` shows those that there are.");
  if (!keeps(*circle)) {
    // Who asked may take it back.
    if (at->by == me() && !yes) {
      dropWish(id, wish_id);
      return {};
    }
    return stateError("not_keeper", "Only the keeper of " + circle->row.name + " answers wishes.");
  }
  if (!yes) {
    WriteOrder order;
    order.address = {id, kWishPrefix + wish_id};
    order.mode = WriteOrder::Mode::kPatch;
    HG_TRY(order.fields, model::parseJson("{\"by\":\"" + at->by.text() + "\",\"refused\":true}", model::kMaxDepth));
    HG_CHECK(core_.write(order));
    tell(id, "wish_refused", ",\"wish\":\"" + wish_id + "\"");
    return {};
  }
  if (!at->ready) return stateError("wish_not_ready", "That home's person has not accepted the invitation yet.");
  return grant(*circle, *at);
}

Status Circles::grant(Circle& circle, const CircleWish& wish) {
  const OwnerId id = circle.row.id;
  Result<bool> done = true;
  switch (wish.kind) {
    case CircleWish::Kind::kAdd: done = addMember(circle, *wish.home, wish.name.empty() ? "home" : wish.name); break;
    case CircleWish::Kind::kRemove:
      // It has gone already, or left meanwhile.
      if (circle.charter()->member(*wish.home)) done = remove(id, *wish.home);
      break;
    case CircleWish::Kind::kKeeper: done = handOver(id, *wish.home); break;
    case CircleWish::Kind::kRules: {
      HG_TRY(Json json, model::parseJson(wish.body.empty() ? "{}" : wish.body, model::kMaxDepth));
      HG_TRY(CircleRules rules, readCircleRules(json));
      done = setRules(id, rules);
      break;
    }
  }
  HG_CHECK(done);
  dropWish(id, wish.id);
  return {};
}

void Circles::reviewWishes(Circle& circle) {
  const OwnerId id = circle.row.id;
  const std::vector<CircleWish> wishes = wishesOf(core_.store(), id);
  for (const CircleWish& wish : wishes) {
    if (wish.refused) continue;
    // A home may always leave; that it is the one which asks is what the circle's members vouch for.
    if (wish.kind == CircleWish::Kind::kRemove && wish.by == *wish.home && keeps(circle) && !circle.row.needs_pass) {
      (void)grant(circle, wish);  // Else it waits, seen by all.
      if (circle.row.state != store::CircleState::kMember) return;
    }
    // Done already: another member asked too, or the keeper's person was first.
    if (wish.kind == CircleWish::Kind::kAdd && keeps(circle) && circle.charter()->member(*wish.home)) dropWish(id, wish.id);
    const bool gone = wish.kind == CircleWish::Kind::kRemove && wish.by != *wish.home && !circle.charter()->member(*wish.home);
    if (gone && keeps(circle) && !circle.row.needs_pass) dropWish(id, wish.id);
  }
  countVotes(circle, wishes);
}

void Circles::countVotes(Circle& circle, const std::vector<CircleWish>& wishes) {
  const OwnerId id = circle.row.id;
  std::map<trust::CharterHash, CharterProof> choices;
  const Charter* own_choice = nullptr;
  const std::vector<Vote> votes = votesAmong(circle, wishes);
  for (const Vote& vote : votes) {
    if (vote.voter == me() && vote.standing) own_choice = &vote.choice.charter;
    CharterProof& proof = choices[vote.hash];
    if (proof.chain.empty()) {
      proof = *circle.proof;
      proof.chain.push_back({vote.choice.charter, {}});
    }
    auto& all = proof.chain.back().signatures;
    if (std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.home == vote.voter; })) continue;
    all.push_back(vote.choice.signatures.front());
    auto [known, fresh] = proof.keys.try_emplace(vote.voter, vote.keys);
    if (!fresh && trust::compareChains(known->second, vote.keys) == trust::ChainOrder::kNewer) known->second = vote.keys;
  }
  // Of a charter that is no more: whoever asked takes it back.
  for (const CircleWish& wish : wishes) {
    if (wish.kind == CircleWish::Kind::kKeeper && wish.by == me() && !wish.refused && !own_choice) dropWish(id, wish.id);
  }
  // Others who want the same home have voted under a later number, because of votes that were split: this home's goes with them.
  uint64_t highest = 0;
  for (const Vote& vote : votes) {
    if (own_choice && vote.choice.charter.keeper == own_choice->keeper) highest = std::max(highest, vote.choice.charter.number);
  }
  if (own_choice && highest > own_choice->number) {
    wishes_changed_.insert(id);
    if (!castVote(circle, own_choice->keeper).ok()) return;
  }
  for (const auto& [hash, proof] : choices) {
    if (2 * proof.chain.back().signatures.size() <= circle.charter()->members.size()) continue;
    if (meet(id, trust::encodeCharterProof(proof)).ok() && circle.hash == hash) return;
  }
}

void Circles::review() {
  const int64_t now = core_.clock().wallMs();
  if (core_.clock().steadyMs() >= next_review_ms_) {
    next_review_ms_ = core_.clock().steadyMs() + kCircleReviewMs;
    for (const auto& [id, circle] : circles_) wishes_changed_.insert(id);
  }
  std::set<OwnerId> changed = std::exchange(wishes_changed_, {});
  for (const OwnerId& id : changed) {
    Circle* circle = find(id);
    if (!circle || circle->row.state != store::CircleState::kMember || !circle->proof) continue;
    for (const store::CircleGuest& guest : guests(id)) {
      if (guest.until_ms <= now && !guest.accepted) {
        dropGuest(id, guest.home);
        tell(id, "invitation_ended", ",\"home\":\"" + guest.home.text() + "\"");
      } else if (keeps(*circle) && guest.accepted && !circle->row.needs_pass) {
        auto added = addMember(*circle, guest.home, guest.name);
        if (added.ok()) continue;
        core_.event("attention", "{\"code\":\"" + added.error().code + "\",\"circle\":\"" + id.text() + "\"}");
      } else if (!keeps(*circle)) {
        const std::string about = "add" + guest.home.text();
        // What the keeper has refused stays so until a person asks again.
        auto asked = core_.store().entity(model::Address{id, kWishPrefix + wishId(about)});
        auto known = asked ? readWish(*asked) : std::nullopt;
        if (known && known->refused) continue;
        const std::string state = guest.accepted ? "accepted" : "invited";
        (void)wish(*circle, about, "{\"op\":\"add\",\"home\":\"" + guest.home.text() + "\",\"name\":" + model::jsonString(guest.name) +
                               ",\"state\":\"" + state + "\"}");
      }
    }
    reviewWishes(*circle);
  }
}

}  // namespace hearthgate::engine
