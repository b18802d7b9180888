// The list in an entity's row of where its newest versions stand in `history` (db/migrations/0006_history_places.sql), oldest
// first: of each the differences to the one before of row number and change, then the place within the change, as LEB128
// numbers. What is listed is not refused. Values, the engine's thread and readers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/rows.h"

namespace hearthgate::store {

// So many are listed at most: some hundred bytes of the entity's row. Then the oldest half goes to `history_place`, so that
// one page of it is written for eight changes.
inline constexpr size_t kRecentMost = 16;
inline constexpr size_t kRecentLeave = 8;

std::string encodeRecent(const std::vector<PlacedHistory>& list);
// False when the bytes are broken.
bool decodeRecent(std::string_view bytes, std::vector<PlacedHistory>* list);

}  // namespace hearthgate::store
