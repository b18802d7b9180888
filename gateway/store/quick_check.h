// A check of the database's pages that ends in time, over a connection of its own. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace hearthgate::store {

// What is wrong with them, at most so many; nothing when `limit` passed before all were looked at. Half a second for 100 MiB.
// Errors: those of reading it.
Result<std::optional<std::vector<std::string>>> quickCheck(const std::string& path, size_t most, std::chrono::milliseconds limit);

}  // namespace hearthgate::store
