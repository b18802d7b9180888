// JSON and Lua values, both ways. Whole numbers stay exact: up to 2^63-1 as integers, above it as values of their own that
// are compared and returned but not calculated with. null is a value of its own too; a list is a table that bears a mark, so that an
// empty one is told from an empty object. The worker's only thread.
#pragma once

#include <lua.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hearthgate::script {

// Makes what the functions below need in a fresh state.
void prepareValues(lua_State* L);

// Pushes the value of a JSON text that the gateway wrote. Raises a Lua error when it is none (which would be the gateway's mistake).
void pushJson(lua_State* L, std::string_view json);

// Why a value has no JSON: `code` is an outcome's.
struct NoJson {
  const char* code;
  std::string message;
};
// Appends the value at `index` as JSON to `out`, at most `max_bytes` in all. Keys of objects are in order of their bytes.
std::optional<NoJson> appendJson(lua_State* L, int index, size_t max_bytes, std::string* out);

// Pushes null.
void pushNull(lua_State* L);
bool isNull(lua_State* L, int index);
// A whole number above 2^63-1.
bool isLarge(lua_State* L, int index);
// Its digits.
std::string_view largeText(lua_State* L, int index);
// Marks the table at `index` as a list.
void markList(lua_State* L, int index);
bool isMarkedList(lua_State* L, int index);
// Whether the table at `index` has another metatable than that mark: a library, or a script's globals.
bool isGuarded(lua_State* L, int index);

// The keys of the table at `index` as a new list: numbers, then texts, then booleans, each in their order. Raises an error
// where a key is something else, because such keys have no order that is the same everywhere.
void pushSortedKeys(lua_State* L, int index);
// Whether the key at `a` comes before the one at `b` in that order.
bool keyBefore(lua_State* L, int a, int b);

// Functions for scripts: deep copy, deep comparison, list mark, JSON text.
extern const luaL_Reg kValueFunctions[];

}  // namespace hearthgate::script
