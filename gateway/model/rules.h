// Who may do what with an owner's entities, and which strategy decides: rows of patterns, the most specific one wins
// (DESIGN.md section 1, "rules"). Values, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hearthgate::model {

enum class Access : uint8_t { kNone = 0, kRead = 1, kWrite = 2 };
std::string_view accessText(Access access);
std::optional<Access> parseAccess(std::string_view text);

// `*` stands for any characters, `?` for one.
bool globMatches(std::string_view glob, std::string_view text);

// How specific a pattern is: an exact id above every glob, of two globs the one with more characters other than * and ?.
size_t specificity(std::string_view pattern);

struct AccessRow {
  std::string pattern;
  Access access = Access::kNone;
  std::optional<int64_t> until_ms;
  bool operator==(const AccessRow&) const = default;
};
using AccessRows = std::vector<AccessRow>;

// The row of `rows` that decides about entity `id`: the most specific one, of equally specific ones that with the least
// access; null without one.
const AccessRow* decidingRow(const AccessRows& rows, std::string_view id);
// What `rows` give for entity `id`: the most specific row, of equally specific ones the least access, none without a row.
Access accessFor(const AccessRows& rows, std::string_view id);

// The strategy that is shown for an entity; precedence is the order of the members (CONTRACT "Strategies": entity, glob,
// kind, owner, then the owner's default as the last row).
struct StrategyRow {
  enum class Scope : uint8_t { kEntity = 0, kGlob = 1, kKind = 2, kOwner = 3, kDefault = 4 };
  Scope scope = Scope::kDefault;
  std::string pattern;  // entity id, glob or kind; empty for kOwner and kDefault
  std::string strategy;
  bool operator==(const StrategyRow&) const = default;
};
using StrategyRows = std::vector<StrategyRow>;

// The settings of a program: each key is set by itself, so two devices that set different ones both keep both (SYSTEMS.md M4).
inline constexpr std::string_view kConfigKind = "config";

// The name of the strategy for an entity. Where no row speaks of it but the owner's default, that is `merge` for kConfigKind; without
// any row `latest-wins` for the others.
std::string_view strategyFor(const StrategyRows& rows, std::string_view id, std::string_view kind);

// The rows of one list, made ready to be asked often: 10,000 rows of single entities cost no more than one.
class AccessIndex {
 public:
  explicit AccessIndex(const AccessRows& rows);
  // As accessFor() of the rows.
  Access accessFor(std::string_view id) const;

 private:
  struct Glob {
    size_t specificity;
    std::string pattern;
    Access access;
  };
  std::map<std::string, Access, std::less<>> exact_;
  std::vector<Glob> globs_;  // the most specific first
};

// What an owner tells one home: several lists when the owner may have forgotten one (TRUST.md T15), each access then
// being the lesser of their answers.
struct Rules {
  uint64_t number = 0;
  std::vector<AccessRows> lists;
  StrategyRows strategies;

  Access accessFor(std::string_view id) const;
  // The row that decides, of several lists that with the least access; null when some list has none.
  const AccessRow* decidingRow(std::string_view id) const;
  bool operator==(const Rules&) const = default;
  bool sameRows(const Rules& other) const { return lists == other.lists && strategies == other.strategies; }
};

// Rules in force. They do not change, so that what is made ready of them holds.
class RulesInForce {
 public:
  explicit RulesInForce(Rules rules);
  const Rules& rules() const { return rules_; }
  Access accessFor(std::string_view id) const;

 private:
  Rules rules_;
  std::vector<AccessIndex> lists_;
};

}  // namespace hearthgate::model
