#include "script/values.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "script/tuning.h"
#include "script/values_internal.h"

namespace hearthgate::script {
namespace {

// Where the registry keeps the two metatables; their addresses are the keys.
const char kListMark = 0;
const char kLargeMark = 0;

bool hasMark(lua_State* L, int index, const char* mark) {
  if (!lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, mark);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same;
}

// Where a large number stands among the others: -1, 0 or 1 for less, equal, greater. Long doubles hold 64 bits on all machines.
int compareNumbers(lua_State* L, int a, int b) {
  const auto value = [&](int index) -> long double {
    if (const Large* large = toLarge(L, index)) return static_cast<long double>(large->value);
    if (!lua_isnumber(L, index) || lua_type(L, index) != LUA_TNUMBER) {
      luaL_error(L, "attempt to compare a large whole number with a %s value", luaL_typename(L, index));
    }
    if (lua_isinteger(L, index)) return static_cast<long double>(lua_tointeger(L, index));
    return static_cast<long double>(lua_tonumber(L, index));
  };
  const long double left = value(a);
  const long double right = value(b);
  return left < right ? -1 : left > right ? 1 : left == right ? 0 : 2;  // 2: with a NaN
}

int largeLess(lua_State* L) {
  lua_pushboolean(L, compareNumbers(L, 1, 2) == -1);
  return 1;
}
int largeLessOrEqual(lua_State* L) {
  const int order = compareNumbers(L, 1, 2);
  lua_pushboolean(L, order == -1 || order == 0);
  return 1;
}
int largeEqual(lua_State* L) {
  const Large* a = toLarge(L, 1);
  const Large* b = toLarge(L, 2);
  lua_pushboolean(L, a != nullptr && b != nullptr && a->value == b->value);
  return 1;
}

constexpr luaL_Reg kLargeFunctions[] = {{"__lt", largeLess}, {"__le", largeLessOrEqual}, {"__eq", largeEqual}, {nullptr, nullptr}};

// Where a key stands: numbers, texts, booleans. Nothing else has an order.
int keyRank(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TNUMBER: return 0;
    case LUA_TSTRING: return 1;
    case LUA_TBOOLEAN: return 2;
    default: return luaL_error(L, "a key of this table is a %s; only numbers, texts and booleans have an order", luaL_typename(L, index));
  }
}

struct SortKey {
  int rank;
  lua_Integer place;  // in the list of keys
  const char* text;
  size_t size;
};

// A key that stands in the list at the top of the stack, at `place`.
SortKey sortKey(lua_State* L, lua_Integer place) {
  SortKey key{keyRank(L, -1), place, nullptr, 0};
  if (key.rank == 1) key.text = lua_tolstring(L, -1, &key.size);
  return key;
}

int compareTexts(const SortKey& a, const SortKey& b) {
  const int order = std::memcmp(a.text, b.text, std::min(a.size, b.size));
  return order != 0 ? order : a.size < b.size ? -1 : a.size > b.size ? 1 : 0;
}

bool keyLess(lua_State* L, int list, const SortKey& a, const SortKey& b) {
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.rank == 1) return compareTexts(a, b) < 0;
  lua_rawgeti(L, list, a.place);
  lua_rawgeti(L, list, b.place);
  const bool less = a.rank == 0 ? lua_compare(L, -2, -1, LUA_OPLT) != 0 : lua_toboolean(L, -2) < lua_toboolean(L, -1);
  lua_pop(L, 2);
  return less;
}

int valueCopy(lua_State* L);
int valueEqual(lua_State* L);
int valueList(lua_State* L);
int valueIsList(lua_State* L);
int valueText(lua_State* L);
int valueAt(lua_State* L);
int sortedKeys(lua_State* L);

}  // namespace

void prepareValues(lua_State* L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kListMark);
  luaL_newlib(L, kLargeFunctions);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kLargeMark);
}

void pushNull(lua_State* L) { lua_pushlightuserdata(L, nullptr); }
bool isNull(lua_State* L, int index) { return lua_islightuserdata(L, index); }

void pushLarge(lua_State* L, uint64_t value) {
  auto* large = static_cast<Large*>(lua_newuserdatauv(L, sizeof(Large), 0));
  large->value = value;
  *std::to_chars(large->digits, large->digits + sizeof large->digits - 1, value).ptr = '\0';
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kLargeMark);
  lua_setmetatable(L, -2);
}

const Large* toLarge(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || !hasMark(L, index, &kLargeMark)) return nullptr;
  return static_cast<const Large*>(lua_touserdata(L, index));
}
bool isLarge(lua_State* L, int index) { return toLarge(L, index) != nullptr; }
std::string_view largeText(lua_State* L, int index) {
  const Large* large = toLarge(L, index);
  return large == nullptr ? "" : large->digits;
}

void markList(lua_State* L, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kListMark);
  lua_setmetatable(L, index);
}
bool isMarkedList(lua_State* L, int index) { return hasMark(L, index, &kListMark); }

bool isGuarded(lua_State* L, int index) {
  if (!lua_getmetatable(L, index)) return false;
  lua_pop(L, 1);
  return !isMarkedList(L, index);
}

bool keyBefore(lua_State* L, int a, int b) {
  const int rank_a = keyRank(L, a);
  const int rank_b = keyRank(L, b);
  if (rank_a != rank_b) return rank_a < rank_b;
  if (rank_a == 0) return lua_compare(L, a, b, LUA_OPLT) != 0;
  if (rank_a == 2) return lua_toboolean(L, a) < lua_toboolean(L, b);
  SortKey left{1, 0, nullptr, 0};
  SortKey right{1, 0, nullptr, 0};
  left.text = lua_tolstring(L, a, &left.size);
  right.text = lua_tolstring(L, b, &right.size);
  return compareTexts(left, right) < 0;
}

void pushSortedKeys(lua_State* L, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 6, "too much at a time");
  lua_createtable(L, 4, 0);
  const int list = lua_gettop(L);
  lua_Integer count = 0;
  bool sorted = true;
  SortKey last{};
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    const SortKey key = sortKey(L, ++count);
    lua_rawseti(L, list, count);
    sorted = sorted && (count == 1 || keyLess(L, list, last, key));
    last = key;
  }
  if (sorted) return;
  // The keys are anchored in the list; the array is Lua's, so that it counts and goes by itself.
  auto* keys = static_cast<SortKey*>(lua_newuserdatauv(L, static_cast<size_t>(count) * sizeof(SortKey), 0));
  for (lua_Integer i = 0; i < count; ++i) {
    lua_rawgeti(L, list, i + 1);
    keys[i] = sortKey(L, i + 1);
    lua_pop(L, 1);
  }
  std::sort(keys, keys + count, [&](const SortKey& a, const SortKey& b) { return keyLess(L, list, a, b); });
  lua_createtable(L, static_cast<int>(std::min<lua_Integer>(count, 1 << 20)), 0);
  for (lua_Integer i = 0; i < count; ++i) {
    lua_rawgeti(L, list, keys[i].place);
    lua_rawseti(L, -2, i + 1);
  }
  lua_replace(L, list);
  lua_settop(L, list);
}

const luaL_Reg kValueFunctions[] = {{"copy", valueCopy},      {"equal", valueEqual}, {"list", valueList},
                                    {"is_list", valueIsList}, {"json", valueText},   {"get", valueAt},
                                    {"sorted_keys", sortedKeys}, {nullptr, nullptr}};

namespace {

constexpr int kCopyDepth = 100;  // of what a script builds for itself; what it returns may be a third of it deep

void checkDepth(lua_State* L, int depth) {
  if (depth > kCopyDepth) luaL_error(L, "a table is nested deeper than %d levels, or within itself", kCopyDepth);
  luaL_checkstack(L, 6, "nested too deep");
}

// Pushes a copy of the value at `index`.
void pushCopy(lua_State* L, int index, int depth) {
  index = lua_absindex(L, index);
  if (!lua_istable(L, index)) return lua_pushvalue(L, index);
  checkDepth(L, depth);
  lua_newtable(L);
  if (isMarkedList(L, index)) markList(L, -1);
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pushvalue(L, -2);
    pushCopy(L, -2, depth + 1);
    lua_rawset(L, -5);
    lua_pop(L, 1);
  }
}

int valueCopy(lua_State* L) {
  luaL_checkany(L, 1);
  pushCopy(L, 1, 1);
  return 1;
}

bool areEqual(lua_State* L, int a, int b, int depth) {
  if (!lua_istable(L, a) || !lua_istable(L, b)) {
    // 1 and 1.0 are two values to the model, and to Lua they are one.
    if (lua_type(L, a) == LUA_TNUMBER && lua_isinteger(L, a) != lua_isinteger(L, b)) return false;
    return lua_compare(L, a, b, LUA_OPEQ) != 0;
  }
  a = lua_absindex(L, a);
  b = lua_absindex(L, b);
  if (lua_rawequal(L, a, b)) return true;
  checkDepth(L, depth);
  if (isMarkedList(L, a) != isMarkedList(L, b) && lua_rawlen(L, a) == 0 && lua_rawlen(L, b) == 0) return false;
  size_t left = 0;
  lua_pushnil(L);
  while (lua_next(L, a) != 0) {
    ++left;
    lua_pushvalue(L, -2);
    lua_rawget(L, b);
    const bool same = areEqual(L, -2, -1, depth + 1);
    lua_pop(L, 2);
    if (same) continue;
    lua_pop(L, 1);
    return false;
  }
  lua_pushnil(L);
  for (; lua_next(L, b) != 0; --left) {
    lua_pop(L, 1);
    if (left > 0) continue;
    lua_pop(L, 1);
    return false;
  }
  return left == 0;
}

int valueEqual(lua_State* L) {
  luaL_checkany(L, 2);
  lua_pushboolean(L, areEqual(L, 1, 2, 1));
  return 1;
}

int valueList(lua_State* L) {
  if (lua_isnone(L, 1)) lua_newtable(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  // What guards a library is a metatable too, and must not make way for the mark.
  if (isGuarded(L, 1)) return luaL_error(L, "a library is no list");
  markList(L, 1);
  return 1;
}

int valueIsList(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, lua_istable(L, 1) && (isMarkedList(L, 1) || lua_rawlen(L, 1) > 0));
  return 1;
}

int valueText(lua_State* L) {
  luaL_checkany(L, 1);
  std::string text;
  if (const auto problem = appendJson(L, 1, kTextBytes, &text)) return luaL_error(L, "no JSON: %s", problem->message.c_str());
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

// Whether the table at `index` has a value that counts as yes under `key`.
bool has(lua_State* L, int index, const char* key) {
  lua_pushstring(L, key);
  const bool yes = lua_rawget(L, index) != LUA_TNIL && lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return yes;
}

// Replaces the table at the top by what it has under `key`; false where it is no object.
bool descend(lua_State* L, std::string_view key) {
  if (!lua_istable(L, -1) || isMarkedList(L, -1) || lua_rawlen(L, -1) > 0) return false;
  lua_pushlstring(L, key.data(), key.size());
  lua_rawget(L, -2);
  lua_remove(L, -2);
  return true;
}

// get(version or fields, path): the value there, or nil.
int valueAt(lua_State* L) {
  if (!lua_istable(L, 1)) return luaL_error(L, "get: a version or its fields come first");
  if (lua_type(L, 2) != LUA_TSTRING) return luaL_error(L, "get: a path is a text such as 'attributes.color'");
  const std::string_view path(lua_tostring(L, 2), lua_rawlen(L, 2));
  lua_settop(L, 2);
  lua_pushvalue(L, 1);
  if (has(L, 1, "changed") && has(L, 1, "author") && has(L, 1, "fields")) lua_getfield(L, 1, "fields");
  std::string key;  // only where something is escaped
  for (size_t from = 0, at = 0;; ++at) {
    if (at < path.size() && path[at] == '\\') {
      key.append(path, from, at - from);
      from = ++at;
    } else if (at >= path.size() || path[at] == '.') {
      at = std::min(at, path.size());
      const std::string_view rest = path.substr(std::min(from, at), at - std::min(from, at));
      const bool there = key.empty() ? descend(L, rest) : descend(L, key.append(rest));
      if (!there) lua_pushnil(L);
      if (!there || at == path.size()) return 1;
      key.clear();
      from = at + 1;
    }
  }
}

int sortedKeys(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  pushSortedKeys(L, 1);
  return 1;
}

}  // namespace

}  // namespace hearthgate::script
