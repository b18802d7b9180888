#include "model/rules.h"

#include <algorithm>

#include "model/address.h"

namespace hearthgate::model {

std::string_view accessText(Access access) {
  switch (access) {
    case Access::kNone: return "none";
    case Access::kRead: return "read";
    case Access::kWrite: return "write";
  }
  return "none";
}

std::optional<Access> parseAccess(std::string_view text) {
  if (text == "none") return Access::kNone;
  if (text == "read") return Access::kRead;
  if (text == "write") return Access::kWrite;
  return std::nullopt;
}

bool globMatches(std::string_view glob, std::string_view text) {
  // Linear in practice: only the last star is ever tried again.
  size_t g = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_text = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

size_t specificity(std::string_view pattern) {
  if (!isGlob(pattern)) return SIZE_MAX;
  return static_cast<size_t>(std::count_if(pattern.begin(), pattern.end(), [](char c) { return c != '*' && c != '?'; }));
}

const AccessRow* decidingRow(const AccessRows& rows, std::string_view id) {
  const AccessRow* deciding = nullptr;
  size_t best = 0;
  for (const AccessRow& row : rows) {
    if (!globMatches(row.pattern, id)) continue;
    size_t rank = specificity(row.pattern);
    if (!deciding || rank > best || (rank == best && row.access < deciding->access)) {
      deciding = &row;
      best = rank;
    }
  }
  return deciding;
}

Access accessFor(const AccessRows& rows, std::string_view id) {
  const AccessRow* row = decidingRow(rows, id);
  return row ? row->access : Access::kNone;
}

std::string_view strategyFor(const StrategyRows& rows, std::string_view id, std::string_view kind) {
  const StrategyRow* best = nullptr;
  for (const StrategyRow& row : rows) {
    bool matches = row.scope == StrategyRow::Scope::kEntity ? row.pattern == id
                   : row.scope == StrategyRow::Scope::kGlob ? globMatches(row.pattern, id)
                   : row.scope == StrategyRow::Scope::kKind ? row.pattern == kind
                                                            : true;
    if (!matches) continue;
    bool better = !best || row.scope < best->scope;
    if (best && row.scope == best->scope && row.scope == StrategyRow::Scope::kGlob) {
      size_t mine = specificity(row.pattern);
      size_t theirs = specificity(best->pattern);
      // Two globs of equal weight: the pattern that sorts first, so that every home chooses the same.
      better = mine > theirs || (mine == theirs && row.pattern < best->pattern);
    }
    if (better) best = &row;
  }
  if (kind == kConfigKind && (!best || best->scope == StrategyRow::Scope::kDefault)) return "merge";
  return best ? std::string_view(best->strategy) : std::string_view("latest-wins");
}

const AccessRow* Rules::decidingRow(std::string_view id) const {
  const AccessRow* least = nullptr;
  for (const AccessRows& rows : lists) {
    const AccessRow* row = model::decidingRow(rows, id);
    if (!row) return nullptr;
    if (!least || row->access < least->access) least = row;
  }
  return least;
}

Access Rules::accessFor(std::string_view id) const {
  const AccessRow* row = decidingRow(id);
  return row ? row->access : Access::kNone;
}

AccessIndex::AccessIndex(const AccessRows& rows) {
  for (const AccessRow& row : rows) {
    size_t weight = specificity(row.pattern);
    if (isGlob(row.pattern)) {
      globs_.push_back({weight, row.pattern, row.access});
    } else {
      auto [at, fresh] = exact_.try_emplace(row.pattern, row.access);
      if (!fresh) at->second = std::min(at->second, row.access);
    }
  }
  std::stable_sort(globs_.begin(), globs_.end(), [](const Glob& a, const Glob& b) { return a.specificity > b.specificity; });
}

Access AccessIndex::accessFor(std::string_view id) const {
  if (auto at = exact_.find(id); at != exact_.end()) return at->second;
  std::optional<Access> access;
  size_t weight = 0;
  for (const Glob& glob : globs_) {
    if (access && glob.specificity < weight) break;
    if (!globMatches(glob.pattern, id)) continue;
    access = access ? std::min(*access, glob.access) : glob.access;
    weight = glob.specificity;
  }
  return access.value_or(Access::kNone);
}

RulesInForce::RulesInForce(Rules rules) : rules_(std::move(rules)) {
  for (const AccessRows& rows : rules_.lists) lists_.emplace_back(rows);
}

Access RulesInForce::accessFor(std::string_view id) const {
  if (lists_.empty()) return Access::kNone;
  Access least = Access::kWrite;
  for (const AccessIndex& list : lists_) least = std::min(least, list.accessFor(id));
  return least;
}

}  // namespace hearthgate::model
