// What the files behind values.h share.
#pragma once

#include <cstdint>
#include <lua.hpp>

namespace hearthgate::script {

// A whole number above 2^63-1.
struct Large {
  uint64_t value;
  char digits[24];
};

void pushLarge(lua_State* L, uint64_t value);
const Large* toLarge(lua_State* L, int index);

}  // namespace hearthgate::script
