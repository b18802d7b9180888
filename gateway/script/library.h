// What scripts may call: the parts of Lua's standard library that read no clock, file or environment, draw no random number, tell no
// address and go over tables in one order everywhere, and the helpers `hg`. The worker's only thread.
#pragma once

#include <lua.hpp>

#include "script/heap.h"

namespace hearthgate::script {

// What a script is not to swallow with pcall.
struct Spent {
  const Heap& heap;
  bool memory = false;  // Lua asked for more than it gets, and did not get it
};

// Whether a call that ended with `status` wanted memory, of which some was refused meanwhile or not: what is neither an error of the
// script's nor one while an error was handled is that, a C++ exception too; and buffers of the string library raise an ordinary
// error when they get none.
bool isMemoryError(int status, bool refused);

// Pushes the table that scripts find their globals in. Raises a Lua error when memory is short. `spent` outlives the state.
void pushGlobals(lua_State* L, Spent* spent);

}  // namespace hearthgate::script
