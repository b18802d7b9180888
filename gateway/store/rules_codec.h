// Rules as bytes: the form of the `rules` table and of the wire. Values, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/rules.h"

namespace hearthgate::store {

// Rows that one home may be sent by one owner; far above what a person writes, and it bounds what a hostile owner can make
// a home keep and match.
inline constexpr size_t kMaxRuleRows = 10'000;     // of access, over all lists
inline constexpr size_t kMaxStrategyRows = 2'000;  // that travel with them
inline constexpr size_t kMaxRuleLists = 16;
// The row of `meta` that counts changes of rules, so that what was read of them can be kept.
inline constexpr char kRulesGeneration[] = "rules_generation";

// Without the number.
std::string encodeRules(const model::Rules& rules);
// Checks patterns and limits; fails with `bad_rules`.
Result<model::Rules> decodeRules(std::string_view bytes);
// The same without the limits on counts: what is in the own database is read however much it is, for a home that cannot
// read its rules does not start.
Result<model::Rules> decodeStoredRules(std::string_view bytes);

}  // namespace hearthgate::store
