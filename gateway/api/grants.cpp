// PUT and DELETE /entities/{id}/grants/{home}, GET /grants.
#include <algorithm>

#include "api/entities.h"
#include "api/json_text.h"
#include "api/router.h"
#include "base/utf8.h"

namespace hearthgate::api {
namespace {

// The id or glob of own entities that stands in the path. Errors: bad_id, not_owner.
Result<std::string> patternOf(const Gateway& gateway, const std::string& text) {
  size_t sign = text.rfind('@');
  std::string pattern = text.substr(0, sign);
  HG_CHECK(model::checkPattern(pattern));
  if (sign == std::string::npos) return pattern;
  auto owner = model::OwnerId::parse(std::string_view(text).substr(sign + 1));
  if (!owner) return inputError("bad_id", "'" + displayName(text, kMaxShownBytes) + "' names no owner after its @.");
  if (*owner == gateway.me()) return pattern;
  return stateError("not_owner", "Only the owner of " + pattern + " may say who else sees it.");
}

Result<HomeId> pairedHome(Gateway& gateway, const std::string& text) {
  HG_TRY(HomeId home, parseHome(text));
  if (model::OwnerId(home) == gateway.me()) {
    return stateError("home_not_found", "That is this home itself, which may do everything with what it owns; name another.");
  }
  return gateway.readers.read<HomeId>([&](store::Reader& reader) -> Result<HomeId> {
    auto peer = reader.peer(home);
    if (!peer || peer->state == store::PeerState::kForgotten) return homeNotFound(text);
    return home;
  });
}

std::string grantText(const HomeId& home, const model::AccessRow& row) {
  std::string out;
  ObjectText object(&out);
  object.text("entity", row.pattern).text("home", home.text()).text("access", model::accessText(row.access));
  object.time("until", row.until_ms);
  object.close();
  return out;
}

Result<Answer> put(Gateway& gateway, Call& call) {
  HG_TRY(std::string pattern, patternOf(gateway, call.parameter(0)));
  HG_TRY(HomeId home, pairedHome(gateway, call.parameter(1)));
  HG_TRY(model::Json body, call.readObject({"access", "until"}));
  HG_TRY(std::optional<std::string> access_text, textMember(body, "access"));
  HG_TRY(std::optional<std::string> until_text, textMember(body, "until"));
  if (!access_text) return missingMember("access");
  auto access = model::parseAccess(*access_text);
  if (!access) return inputError("bad_document", "\"access\" of the body is read, write or none.");
  model::AccessRow row{pattern, *access, std::nullopt};
  if (until_text) {
    int64_t until_ms = 0;
    if (!parseRfc3339(*until_text, &until_ms)) {
      return inputError("bad_document", "\"until\" of the body is a time as 2030-01-31T18:00:00Z (RFC 3339).");
    }
    row.until_ms = until_ms;
  }
  std::string what = *access_text + " for " + home.text();
  if (row.until_ms) what.append(" until ").append(rfc3339(*row.until_ms));
  HG_CHECK(gateway.write<void>(
      nullptr, {"grant.put", pattern, what},
      [&](engine::Core& core) -> Status { return core.grant(home, pattern, row.access, row.until_ms); }));
  // What it matches now, so that nobody shares nothing, or everything, by mistake.
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    std::map<std::string, uint64_t> kinds = reader.entitiesMatching(gateway.me(), pattern);
    uint64_t matches = 0;
    std::vector<std::string> names;
    for (const auto& [kind, count] : kinds) {
      matches += count;
      names.push_back(model::jsonString(kind));
    }
    std::string out = grantText(home, row);
    out.pop_back();
    out.append(",\"matches\":").append(std::to_string(matches)).append(",\"kinds\":[");
    for (size_t i = 0; i < names.size(); ++i) out.append(i ? "," : "").append(names[i]);
    return Answer::json(out.append("]}"));
  });
}

Result<Answer> remove(Gateway& gateway, Call& call) {
  HG_TRY(std::string pattern, patternOf(gateway, call.parameter(0)));
  HG_TRY(HomeId home, pairedHome(gateway, call.parameter(1)));
  HG_TRY(bool there,
         gateway.write<bool>(nullptr, [&](engine::Core& core) -> Result<bool> {
           bool revoked = core.revoke(home, pattern);
           if (revoked) core.audit(kTokenActor, "grant.revoke", pattern, "of " + home.text());
           return revoked;
         }));
  if (!there) {
    return stateError("grant_not_found", "There is no grant of exactly " + pattern +
                                             " for that home; `grants` lists those that there are.");
  }
  return Answer::nothing();
}

Result<Answer> list(Gateway& gateway, Call& call) {
  HG_TRY(size_t limit, call.queryLimit());
  std::string after;
  if (std::string mark = call.queryText("after"); !mark.empty()) {
    HG_TRY(after, parsePageMark(mark));
  }
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    // By pattern and home; of several lists in force (TRUST.md T15) every row.
    std::map<std::string, std::string> rows;
    for (const auto& [home, rules] : reader.rulesOf(gateway.me())) {
      for (const model::AccessRows& rows_of_list : rules.lists) {
        for (const model::AccessRow& row : rows_of_list) {
          std::string text = grantText(home, row);
          rows.emplace(row.pattern + " " + home.text() + " " + text, text);
        }
      }
    }
    std::vector<std::string> items;
    std::optional<std::string> next;
    for (auto at = after.empty() ? rows.begin() : rows.upper_bound(after); at != rows.end(); ++at) {
      if (items.size() == limit) {
        next = pageMark(std::prev(at)->first);
        break;
      }
      items.push_back(at->second);
    }
    return Answer::json(listText(std::move(items), next));
  });
}

}  // namespace

void addGrantRoutes(Router& router) {
  router.add({"GET", "/api/v1/grants", {"limit", "after"}, list});
  router.add({"PUT", "/api/v1/entities/{id}/grants/{home}", {}, put});
  router.add({"DELETE", "/api/v1/entities/{id}/grants/{home}", {}, remove});
}

}  // namespace hearthgate::api
