// Ids, patterns and rows from outside, each line one: globs match as a matcher that tries everything says, the order of
// rows decides nothing, and one more list gives nobody more.
#include <algorithm>
#include <cstdint>

#include "base/assert.h"
#include "base/utf8.h"
#include "model/address.h"
#include "model/limits.h"
#include "model/rules.h"

namespace {

using namespace hearthgate;
using namespace hearthgate::model;

// One row of the table of (prefix of the glob, prefix of the text) after the other.
bool matchesByTable(std::string_view glob, std::string_view text) {
  std::vector<char> row(text.size() + 1, 0);
  row[0] = 1;
  for (char g : glob) {
    std::vector<char> next(text.size() + 1, 0);
    next[0] = row[0] && g == '*';
    for (size_t i = 1; i <= text.size(); ++i) {
      next[i] = g == '*' ? (row[i] || next[i - 1]) : (row[i - 1] && (g == '?' || g == text[i - 1]));
    }
    row = std::move(next);
  }
  return row.back() != 0;
}

std::vector<std::string_view> lines(std::string_view input) {
  std::vector<std::string_view> out;
  while (out.size() < 16) {
    size_t end = input.find('\n');
    out.push_back(input.substr(0, std::min(end, kMaxNameBytes)));
    if (end == std::string_view::npos) break;
    input.remove_prefix(end + 1);
  }
  return out;
}

void checkNames(std::string_view text) {
  auto id = checkEntityId(text);
  auto pattern = checkPattern(text);
  HG_ASSERT(id.ok() || (id.error().code == "bad_id" && isUtf8(id.error().message)));
  HG_ASSERT(pattern.ok() || isUtf8(pattern.error().message));
  if (id.ok()) HG_ASSERT(pattern.ok() && !isGlob(text) && globMatches(text, text) && specificity(text) == SIZE_MAX);
  if (pattern.ok() && !id.ok()) HG_ASSERT(isGlob(text) && specificity(text) < text.size());
  auto kind = checkKind(text);
  HG_ASSERT(kind.ok() || isUtf8(kind.error().message));
  auto owner = OwnerId::parse(text);
  if (owner) HG_ASSERT(owner->text() == text && OwnerId::fromBytes(owner->raw()) == owner);
  auto access = parseAccess(text);
  if (access) HG_ASSERT(accessText(*access) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string_view> all = lines({reinterpret_cast<const char*>(data), size});
  std::string_view id = all[0];
  for (std::string_view text : all) checkNames(text);
  AccessRows rows;
  StrategyRows strategies;
  for (size_t i = 1; i < all.size(); ++i) {
    HG_ASSERT(globMatches(all[i], id) == matchesByTable(all[i], id));
    auto letter = all[i].empty() ? size_t{0} : static_cast<uint8_t>(all[i].back());
    rows.push_back({std::string(all[i]), static_cast<Access>(letter % 3), {}});
    strategies.push_back({static_cast<StrategyRow::Scope>(letter % 5), std::string(all[i]), std::string(all[i])});
  }
  Access access = accessFor(rows, id);
  bool any = std::any_of(rows.begin(), rows.end(), [&](const AccessRow& row) { return globMatches(row.pattern, id); });
  HG_ASSERT(any || access == Access::kNone);
  Rules rules;
  HG_ASSERT(rules.accessFor(id) == Access::kNone);
  rules.lists.push_back(rows);
  HG_ASSERT(rules.accessFor(id) == access);
  rules.lists.push_back({rows.begin(), rows.begin() + static_cast<ptrdiff_t>(rows.size() / 2)});
  HG_ASSERT(rules.accessFor(id) <= access);
  std::reverse(rows.begin(), rows.end());
  HG_ASSERT(accessFor(rows, id) == access);
  // Among rows of one scope and pattern the first stands, so only the pattern is compared.
  std::string strategy(strategyFor(strategies, id, id));
  HG_ASSERT(strategy == "latest-wins" || std::any_of(strategies.begin(), strategies.end(),
                                                     [&](const auto& row) { return row.strategy == strategy; }));
  std::erase_if(strategies, [](const StrategyRow& row) { return row.scope > StrategyRow::Scope::kKind; });
  strategy = strategyFor(strategies, id, id);
  std::reverse(strategies.begin(), strategies.end());
  HG_ASSERT(strategyFor(strategies, id, id) == strategy);
  return 0;
}
