// The built-in strategies: from an entity's siblings to the value that people see, as a pure function that writes
// nothing (DESIGN.md section 2, rules 2 to 6). Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/version.h"

namespace hearthgate::conflict {

enum class Strategy { kLatestWins, kMerge, kLocalWins, kRemoteWins, kUserChoice };

std::optional<Strategy> parseStrategy(std::string_view name);
std::string_view strategyName(Strategy strategy);

struct View {
  bool deleted = false;
  // The shown version among the siblings, or null when the value is made of several: under `merge`, and where their sets
  // and counters differ.
  const model::Version* single = nullptr;
  std::string kind;
  model::Entries merged;  // what is shown where it is made of several
  // Only where siblings differ:
  std::vector<const model::Version*> lost;  // siblings of which something is not shown
  // Paths, sorted, whose value in some sibling is not shown, or that are shown although a sibling removed them.
  std::vector<model::Path> lost_fields;
  // The siblings differ in what they say, so there is something to record (rule 4: equal fields are no conflict).
  bool differ = false;
  // A person's choice is awaited; the value is that of latest-wins meanwhile.
  bool awaits_choice = false;

  // The version's id, or the hash of the sorted ids of all siblings for a merged value.
  std::string version_id;

  // What is shown in kept form (field_types.h), with the write that made each leaf.
  model::Entries entries() const { return single ? model::entriesOf(*single) : merged; }
  // Its canonical text.
  std::string fields() const;
};

// `siblings` must not be empty; the view points into it.
View view(Strategy strategy, const model::Siblings& siblings, const model::OwnerId& owner);

// What a person's choice of `version`, a live one, says: its plain fields, and the sets and counters of all `siblings` joined.
model::Entries chosen(const model::Version& version, const model::Siblings& siblings);

// Equal in all homes that see the same siblings of the same entity: base32 of a hash over address and sorted ids.
std::string conflictKey(const model::Address& address, const model::Siblings& siblings);

}  // namespace hearthgate::conflict
