// PUT /entities/{id}/strategy, /strategy-rules, /strategies.
#include <algorithm>
#include <array>

#include "api/entities.h"
#include "api/json_text.h"
#include "api/router.h"
#include "base/utf8.h"

namespace hearthgate::api {

using model::StrategyRow;

namespace {

struct BuiltIn {
  const char* name;
  const char* description;
};

constexpr std::array<BuiltIn, 5> kBuiltIns = {{
    {"latest-wins", "The version with the latest stamp is shown; the default."},
    {"local-wins", "A version that the owner's home wrote is shown before any other."},
    {"merge", "Field by field: every change is kept, of two of one field the later."},
    {"remote-wins", "A version that another home than the owner's wrote is shown before the owner's."},
    {"user-choice", "A person chooses; until then the entity is in conflict and shows what latest-wins would."},
}};

std::string strategyText(const BuiltIn& strategy) {
  std::string out;
  ObjectText object(&out);
  object.text("name", strategy.name).boolean("builtin", true).text("description", strategy.description);
  object.close();
  return out;
}

const BuiltIn* builtIn(const std::string& name) {
  auto at = std::find_if(kBuiltIns.begin(), kBuiltIns.end(), [&](const BuiltIn& one) { return name == one.name; });
  return at == kBuiltIns.end() ? nullptr : &*at;
}

Result<Answer> listStrategies(Gateway&, Call&) {
  std::vector<std::string> items;
  for (const BuiltIn& one : kBuiltIns) items.push_back(strategyText(one));
  return Answer::json(listText(std::move(items), std::nullopt));
}

Error noStrategy(const std::string& name) {
  return stateError("strategy_not_found",
                    "There is no strategy '" + displayName(name, kMaxShownBytes) + "'; `strategy list` shows them.");
}

Result<Answer> getStrategy(Gateway&, Call& call) {
  const BuiltIn* one = builtIn(call.parameter(0));
  if (one) return Answer::json(strategyText(*one));
  return noStrategy(call.parameter(0));
}

Error builtInStays(const std::string& name) {
  return stateError("strategy_builtin",
                    "The strategy " + name + " is built in and can neither be replaced nor deleted.");
}

Result<Answer> putStrategy(Gateway&, Call& call) {
  if (builtIn(call.parameter(0))) return builtInStays(call.parameter(0));
  return inputError("unknown_strategy",
                    "This version of Hearthgate has the five built-in strategies only and runs no scripts.");
}

Result<Answer> deleteStrategy(Gateway&, Call& call) {
  if (builtIn(call.parameter(0))) return builtInStays(call.parameter(0));
  return noStrategy(call.parameter(0));
}

// `{"strategy":NAME,"here_only"?}`; null takes the row away again.
Result<Answer> putForEntity(Gateway& gateway, Call& call) {
  HG_TRY(model::Address address, parseAddress(gateway, call.parameter(0)));
  HG_TRY(model::Json body, call.readObject({"strategy", "here_only"}));
  HG_TRY(std::optional<std::string> strategy, textMember(body, "strategy"));
  HG_TRY(std::optional<bool> here_only, flagMember(body, "here_only"));
  if (!body.find("strategy")) return missingMember("strategy");
  if (strategy && !conflict::parseStrategy(*strategy)) return unknownStrategy(*strategy);
  bool here = here_only.value_or(false);
  // Looked at first, so that nothing is told of an entity that this home may not see.
  HG_TRY(bool there, gateway.readers.read<bool>([&](store::Reader& reader) -> Result<bool> {
    EntityText text(gateway, reader);
    HG_TRY(store::EntityRow row, readableEntity(gateway, text, reader, address));
    return row.n != 0;
  }));
  if (there && !here && !(address.owner == gateway.me())) return notOwner(address);
  Audited audited{"strategy.put", address.text(), strategy.value_or("none") + (here ? ", here only" : "")};
  HG_CHECK(gateway.write<void>(nullptr, audited, [&](engine::Core& core) -> Status {
    if (here) return core.setStrategyHere(address, strategy);
    if (strategy) return core.setStrategy({StrategyRow::Scope::kEntity, address.id, *strategy});
    core.clearStrategy(StrategyRow::Scope::kEntity, address.id);
    return {};
  }));
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    EntityText text(gateway, reader);
    HG_TRY(store::EntityRow row, readableEntity(gateway, text, reader, address));
    Answer answer = Answer::json(text.text(row));
    answer.headers.emplace_back("ETag", '"' + text.etag(row) + '"');
    return answer;
  });
}

std::string ruleText(const Gateway& gateway, const StrategyRow& row) {
  std::string out;
  ObjectText object(&out);
  switch (row.scope) {
    case StrategyRow::Scope::kEntity:
      object.text("entity", row.pattern);
      break;
    case StrategyRow::Scope::kGlob:
      object.text("glob", row.pattern);
      break;
    case StrategyRow::Scope::kKind:
      object.text("kind", row.pattern);
      break;
    case StrategyRow::Scope::kOwner:
    case StrategyRow::Scope::kDefault:
      object.text("owner", gateway.home.text());
      break;
  }
  object.text("strategy", row.strategy);
  object.close();
  return out;
}

Result<Answer> listRules(Gateway& gateway, Call&) {
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    std::vector<std::string> items;
    for (const StrategyRow& row : reader.strategyRows()) items.push_back(ruleText(gateway, row));
    return Answer::json(listText(std::move(items), std::nullopt));
  });
}

std::string scopeText(const StrategyRow& row) {
  if (row.scope == StrategyRow::Scope::kGlob) return "glob " + row.pattern;
  if (row.scope == StrategyRow::Scope::kKind) return "kind " + row.pattern;
  return "owner";
}

// Exactly one of glob, kind and owner. Errors: bad_document, not_owner.
Result<StrategyRow> ruleOf(const Gateway& gateway, const model::Json& body) {
  HG_TRY(std::optional<std::string> glob, textMember(body, "glob"));
  HG_TRY(std::optional<std::string> kind, textMember(body, "kind"));
  HG_TRY(std::optional<std::string> owner, textMember(body, "owner"));
  HG_TRY(std::optional<std::string> strategy, textMember(body, "strategy"));
  if (int{glob.has_value()} + int{kind.has_value()} + int{owner.has_value()} != 1) {
    return inputError("bad_document",
                      "A rule says for what it is with exactly one of \"glob\", \"kind\" and \"owner\".");
  }
  StrategyRow row;
  row.strategy = strategy.value_or("");
  if (glob) {
    row.scope = StrategyRow::Scope::kGlob;
    row.pattern = *glob;
    HG_CHECK(model::checkPattern(*glob));
  } else if (kind) {
    row.scope = StrategyRow::Scope::kKind;
    row.pattern = *kind;
    HG_CHECK(model::checkKind(*kind));
  } else {
    row.scope = StrategyRow::Scope::kOwner;
    if (*owner != gateway.home.text()) {
      return stateError("not_owner", "Rules are the owner's: this home can make them for what it owns itself (owner " +
                                         gateway.home.text() + ").");
    }
  }
  return row;
}

Result<Answer> putRule(Gateway& gateway, Call& call) {
  HG_TRY(model::Json body, call.readObject({"glob", "kind", "owner", "strategy"}));
  HG_TRY(StrategyRow row, ruleOf(gateway, body));
  if (row.strategy.empty()) return missingMember("strategy");
  HG_CHECK(gateway.write<void>(nullptr, {"strategy.put", scopeText(row), row.strategy},
                               [&](engine::Core& core) -> Status { return core.setStrategy(row); }));
  return Answer::json(ruleText(gateway, row));
}

Result<Answer> deleteRule(Gateway& gateway, Call& call) {
  HG_TRY(model::Json body, call.readObject({"glob", "kind", "owner", "strategy"}));
  HG_TRY(StrategyRow row, ruleOf(gateway, body));
  HG_TRY(bool there, gateway.write<bool>(nullptr, [&](engine::Core& core) -> Result<bool> {
    bool cleared = core.clearStrategy(row.scope, row.pattern);
    if (cleared) core.audit(kTokenActor, "strategy.delete", scopeText(row), "");
    return cleared;
  }));
  if (!there)
    return stateError("rule_not_found",
                      "There is no such strategy rule; GET /strategy-rules lists those that there are.");
  return Answer::nothing();
}

}  // namespace

void addStrategyRoutes(Router& router) {
  router.add({"PUT", "/api/v1/entities/{id}/strategy", {}, putForEntity});
  router.add({"GET", "/api/v1/strategy-rules", {}, listRules});
  router.add({"PUT", "/api/v1/strategy-rules", {}, putRule});
  router.add({"DELETE", "/api/v1/strategy-rules", {}, deleteRule});
  router.add({"GET", "/api/v1/strategies", {}, listStrategies});
  router.add({"GET", "/api/v1/strategies/{name}", {}, getStrategy});
  router.add({"PUT", "/api/v1/strategies/{name}", {}, putStrategy});
  router.add({"DELETE", "/api/v1/strategies/{name}", {}, deleteStrategy});
}

}  // namespace hearthgate::api
