// GET /audit: who did what and when, newest first.
#include <charconv>

#include "api/json_text.h"
#include "api/router.h"

namespace hearthgate::api {
namespace {

std::string auditText(const store::AuditRow& row) {
  std::string out;
  ObjectText object(&out);
  object.number("id", row.n).time("at", row.at_ms).text("actor", row.actor).text("action", row.action);
  object.text("subject", row.subject).text("detail", row.detail).number("count", row.count);
  object.close();
  return out;
}

Result<Answer> list(Gateway& gateway, Call& call) {
  store::AuditFilter filter{call.queryText("actor"), call.queryText("action"), call.queryText("subject"), std::nullopt};
  HG_TRY(size_t limit, call.queryLimit());
  if (std::string since = call.queryText("since"); !since.empty()) {
    int64_t since_ms = 0;
    if (!parseRfc3339(since, &since_ms)) {
      return inputError("bad_query", "The query key since is a time as 2030-01-31T18:00:00Z (RFC 3339).");
    }
    filter.since_ms = since_ms;
  }
  std::optional<int64_t> before;
  if (std::string mark = call.queryText("after"); !mark.empty()) {
    HG_TRY(std::string text, parsePageMark(mark));
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
      return inputError("bad_query", "The query key after is not what the audit gave as `next`.");
    }
    before = number;
  }
  return gateway.read([&](store::Reader& reader) -> Result<Answer> {
    std::vector<store::AuditRow> rows = reader.audit(filter, before, limit + 1);
    std::optional<std::string> next;
    if (rows.size() > limit) {
      rows.pop_back();
      next = pageMark(std::to_string(rows.back().n));
    }
    std::vector<std::string> items;
    for (const store::AuditRow& row : rows) items.push_back(auditText(row));
    return Answer::json(listText(std::move(items), next));
  });
}

}  // namespace

void addAuditRoutes(Router& router) {
  router.add({"GET", "/api/v1/audit", {"actor", "action", "subject", "since", "limit", "after"}, list});
}

}  // namespace hearthgate::api
