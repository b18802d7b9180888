// The seed of Lua's hash of texts, made the same in every worker. Lua draws it from addresses, which differ from process to process;
// it decides where keys lie in a table, and so what `#` says of a list with gaps. Also: the program's clock, which stands
// still. The worker's only thread.
#pragma once

#include <cstddef>
#include <optional>

namespace hearthgate::script {

// Where a state keeps its seed: bytes from the beginning of the first block that lua_newstate() asks for. It may be written when
// the second block is asked for: the seed is drawn by then, and no text was hashed yet. Nothing where it was not found; then
// states keep the seeds that they draw.
std::optional<size_t> seedPlace();

// What is written there.
inline constexpr unsigned kSeed = 0x48474154;

}  // namespace hearthgate::script
