// What rules and strategies say about one entity, asked of the database: used by the API's read connections and, through
// Core's cache, by the engine. Any thread that owns the reader.
#pragma once

#include <optional>
#include <string>

#include "conflict/view.h"
#include "model/rules.h"
#include "store/reader.h"

namespace hearthgate::engine {

// What this home may do with an entity.
enum class OwnAccess { kNone, kRead, kWrite, kOwner };
std::string_view ownAccessText(OwnAccess access);

struct EffectiveStrategy {
  std::string name;               // as the rules say
  conflict::Strategy shown;       // latest-wins for a name that this release does not know
  bool known = true;
};
EffectiveStrategy effectiveStrategy(std::string name);

// `owner_rows` are the owner's strategy rows as this home has them.
EffectiveStrategy strategyOf(const std::optional<std::string>& here, const model::StrategyRows& owner_rows,
                             const model::Address& address, std::string_view kind);

// The same, asked of the database. `default_strategy` is conflict_resolution.strategy of this home.
EffectiveStrategy strategyOf(store::Reader& reader, const HomeId& me, const std::string& default_strategy,
                             const model::Address& address, std::string_view kind);
OwnAccess accessOf(store::Reader& reader, const HomeId& me, const model::Address& address);

// The entity's ETag: its shown version's id, and with several siblings also what they and the strategy are.
std::string etag(const conflict::View& view, const model::Siblings& siblings, std::string_view strategy);

}  // namespace hearthgate::engine
