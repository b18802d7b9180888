// GET /entities/{id}/why?home=: gate by gate why an entity is or is not level with another home (CONTRACT.md). The answer
// is the replicator's; here it is found out between which homes the question is, and what plugins say is added.
#include <algorithm>

#include "api/json_text.h"
#include "api/router.h"
#include "base/utf8.h"

namespace hearthgate::api {

using sync::Why;
using sync::WhyStep;

namespace {

struct Question {
  HomeId shown;                 // as it was asked
  std::optional<HomeId> other;  // the home at the other end; nothing when the answer is here already
  Why answer;
};

// What the plugins that carry links say of themselves, for the gate `transport`.
std::string transportTrouble(Gateway& gateway) {
  const auto& sharing = gateway.parts.configuration.config.sharing;
  if (!sharing.enabled) return " sharing.enabled is false.";
  if (!sharing.sync.enabled) return " sharing.sync.enabled is false.";
  std::string said;
  for (const PluginItem& plugin : gateway.parts.plugins.list()) {
    bool carries = std::find(plugin.roles.begin(), plugin.roles.end(), "transport") != plugin.roles.end();
    if (carries || plugin.name == "lan") {
      said.append(" The plugin ").append(plugin.name).append(" is ").append(plugin.state);
      said.append(plugin.error.message.empty() ? "." : ": " + plugin.error.message);
    }
  }
  return said.empty() ? " There is no such plugin in the plugins' folder." : said;
}

void appendWhy(Gateway& gateway, const model::Address& address, const HomeId& home, const Why& why, std::string* out) {
  ObjectText object(out);
  object.text("entity", address.text()).text("home", home.text()).text("verdict", why.verdict);
  {
    ArrayText steps(&object.value("steps"));
    for (const WhyStep& step : why.steps) {
      ObjectText item(steps.item());
      bool trouble = step.gate == "transport" && !step.passed;
      item.text("gate", step.gate).boolean("passed", step.passed);
      item.text("detail", trouble ? step.detail + transportTrouble(gateway) : step.detail).time("since", step.since_ms);
    }
  }
  object.textOrNull("next_action", why.next_action);
}

Why unknownTo(const std::string& name) {
  return {"unknown",
          {{"known", false, "Nothing of it has come here from " + name +
                                ": it does not exist there, or is not shared with this home.", {}}},
          "Look at the address with `hearthgate entity list` and `hearthgate home list`."};
}

// The home that the question is about at the other end of a link.
Result<Question> questionAbout(Gateway& gateway, store::Reader& reader, const model::Address& address,
                               const std::string& text) {
  HG_TRY(HomeId home, parseHome(text));
  Question question{home, std::nullopt, {}};
  auto peer = reader.peer(home);
  bool paired = peer && peer->state != store::PeerState::kForgotten;
  if (home != gateway.home && !paired) return homeNotFound(text);
  if (address.owner == gateway.me() || address.owner.isCircle()) {
    if (home != gateway.home) {
      question.other = home;
      return question;
    }
    bool there = reader.entity(address).has_value();
    question.answer = {there ? "level" : "unknown",
                       {{"known", there, there ? "It is here." : "There is no " + address.id + " here and never was.", {}}},
                       there ? "" : "Look for its id with `hearthgate entity list`."};
    return question;
  }
  auto owner = reader.peer(address.owner.home());
  if (!owner || owner->state == store::PeerState::kForgotten) {
    question.answer = unknownTo("its owner");
  } else if (home == gateway.home || home == owner->home) {
    question.other = owner->home;
  } else {
    std::string name = displayName(owner->name);
    question.answer = {"unknown",
                       {{"known", true, "The question is about two other homes.", {}},
                        {"owner", false, "It belongs to " + name + ", which alone syncs it with each home.", {}}},
                       "Ask there: `hearthgate why` at " + name + " knows."};
  }
  return question;
}

std::vector<std::string> homesConcerned(Gateway& gateway, store::Reader& reader, const model::Address& address) {
  if (!(address.owner == gateway.me()) && !address.owner.isCircle()) return {address.owner.text()};
  // Of a circle's entities the members that are paired with this home: others get it from them.
  auto circle = reader.circle(address.owner);
  auto proof = circle && !circle->proof.empty() ? trust::decodeCharterProof(circle->proof) : Result<trust::CharterProof>(trustError("none", ""));
  std::vector<std::string> homes;
  for (const store::Peer& peer : reader.peers()) {
    bool concerned = !address.owner.isCircle() || (proof.ok() && proof->current().member(peer.home));
    if (concerned && peer.state != store::PeerState::kForgotten) homes.push_back(peer.home.text());
  }
  return homes;
}

Result<Answer> why(Gateway& gateway, Call& call) {
  HG_TRY(model::Address address, parseAddress(gateway, call.parameter(0)));
  std::string asked = call.queryText("home");
  using Questions = std::vector<Question>;
  HG_TRY(Questions questions, gateway.readers.read<Questions>([&](store::Reader& reader) -> Result<Questions> {
    Questions all;
    std::vector<std::string> homes = asked.empty() ? homesConcerned(gateway, reader, address) : std::vector{asked};
    for (const std::string& home : homes) {
      auto question = questionAbout(gateway, reader, address, home);
      if (question.ok()) {
        all.push_back(std::move(*question));
      } else if (!asked.empty()) {
        return question.error();
      } else {
        // The owner of a foreign entity that is not paired here.
        all.push_back({HomeId::parse(home).value_or(gateway.home), std::nullopt, unknownTo("its owner")});
      }
    }
    return all;
  }));
  std::vector<std::string> items;
  for (Question& question : questions) {
    if (question.other) {
      HG_TRY(question.answer, gateway.parts.homes.why(*question.other, address));
    }
    appendWhy(gateway, address, question.shown, question.answer, &items.emplace_back());
  }
  if (!asked.empty()) return Answer::json(std::move(items.front()));
  std::string out;
  ObjectText object(&out);
  {
    ArrayText list(&object.value("items"));
    for (const std::string& item : items) *list.item() += item;
  }
  object.close();
  return Answer::json(std::move(out));
}

}  // namespace

void addWhyRoutes(Router& router) { router.add({"GET", "/api/v1/entities/{id}/why", {"home"}, why}); }

}  // namespace hearthgate::api
