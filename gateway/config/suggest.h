// "Did you mean": the known name that is most like a mistyped one. Used for keys, plugins and choices. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearthgate::config {

// The name of `known` nearest to `typed`, if it is so near that a slip of the hand explains it (a third of the
// letters).
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known);

// `a, b or c`; for no names, `none`.
std::string enumerate(const std::vector<std::string>& names);

}  // namespace hearthgate::config
