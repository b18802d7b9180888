// What scripts may call: the parts of Lua's standard library that read no clock, file or environment, draw no random number, tell no
// address and go over tables in one order everywhere, and the helpers `hg`. The worker's only thread.
#pragma once

#include <lua.hpp>

namespace hearthgate::script {

// Told by the state's owner, for errors that a script is not to swallow.
struct Spent {
  bool memory = false;  // Lua asked for more than it gets, and did not get it
};

// Pushes the table that scripts find their globals in. Raises a Lua error when memory is short. `spent` outlives the state.
void pushGlobals(lua_State* L, Spent* spent);

}  // namespace hearthgate::script
