#pragma once

#include <cstdint>
#include <string>

namespace hearthgate {

// `1 version`, `2 versions`: for words whose plural has an s.
inline std::string counted(int64_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

}  // namespace hearthgate
