#include "script/library.h"

#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

#include "script/helpers.h"
#include "script/tuning.h"
#include "script/values.h"

namespace hearthgate::script {
namespace {

// Replaces the value at `index`, which is no number and no text, by its name, which tells no address.
void replaceByName(lua_State* L, int index) {
  if (lua_isboolean(L, index)) {
    lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
  } else if (isNull(L, index)) {
    lua_pushliteral(L, "null");
  } else if (isLarge(L, index)) {
    const std::string_view digits = largeText(L, index);
    lua_pushlstring(L, digits.data(), digits.size());
  } else {
    lua_pushstring(L, luaL_typename(L, index));
  }
  lua_replace(L, index);
}

// A NaN has a sign that one processor sets and another does not, and that printing shows.
void dropSignOfNan(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TNUMBER || lua_isinteger(L, index) || !std::isnan(lua_tonumber(L, index))) return;
  lua_pushnumber(L, std::fabs(lua_tonumber(L, index)));
  lua_replace(L, index);
}

int safeToString(lua_State* L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  dropSignOfNan(L, 1);
  if (lua_type(L, 1) != LUA_TNUMBER && lua_type(L, 1) != LUA_TSTRING) replaceByName(L, 1);
  luaL_tolstring(L, 1, nullptr);
  return 1;
}

// Calls the original, which is the first upvalue, with all arguments. Its errors get the line of the script, which they would not find.
int callOriginal(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  if (lua_pcall(L, lua_gettop(L) - 1, 1, 0) == LUA_OK) return 1;
  luaL_where(L, 1);
  lua_insert(L, -2);
  lua_concat(L, 2);
  return lua_error(L);
}

// The original with what it would tell of addresses taken away.
int safeFormat(lua_State* L) {
  const std::string_view format(luaL_checkstring(L, 1), lua_rawlen(L, 1));
  int argument = 1;
  for (size_t at = 0; (at = format.find('%', at)) != std::string_view::npos;) {
    at = format.find_first_not_of("-+ #0123456789.", at + 1);
    if (at == std::string_view::npos) break;
    const char conversion = format[at++];
    if (conversion == '%') continue;
    if (conversion == 'p') return luaL_error(L, "string.format: '%%p' would tell an address");
    if (++argument > lua_gettop(L)) break;  // The original says what is missing.
    const int type = lua_type(L, argument);
    dropSignOfNan(L, argument);
    if (conversion == 's' && type != LUA_TNUMBER && type != LUA_TSTRING) replaceByName(L, argument);
  }
  return callOriginal(L);
}

int safeRep(lua_State* L) {
  size_t length = 0;
  size_t between = 0;
  luaL_checklstring(L, 1, &length);
  const lua_Integer count = luaL_checkinteger(L, 2);
  luaL_optlstring(L, 3, "", &between);
  if (count <= 0 || length + between == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (static_cast<lua_Unsigned>(count) > kTextBytes / (length + between)) {
    return luaL_error(L, "string.rep: the text would be longer than %d bytes", static_cast<int>(kTextBytes));
  }
  lua_settop(L, 3);
  return callOriginal(L);
}

// The next key, the value there: upvalues are the table, its keys and the number of the last one.
int step(lua_State* L) {
  lua_Integer at = lua_tointeger(L, lua_upvalueindex(3));
  while (lua_rawgeti(L, lua_upvalueindex(2), ++at) != LUA_TNIL) {
    lua_pushvalue(L, -1);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1)) {
      lua_pushinteger(L, at);
      lua_replace(L, lua_upvalueindex(3));
      return 2;
    }
    lua_pop(L, 2);  // It was taken out meanwhile.
  }
  return 1;
}

int orderedPairs(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  pushSortedKeys(L, 1);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, step, 3);
  return 1;
}

// The key after the given one in the order of pairs(), whatever was added meanwhile. Looks at all keys.
int orderedNext(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushnil(L);  // 3: the best so far
  lua_pushnil(L);  // 4: the key looked at
  while (lua_next(L, 1) != 0) {
    lua_pop(L, 1);
    const bool comes = lua_isnil(L, 2) || keyBefore(L, 2, 4);
    if (comes && (lua_isnil(L, 3) || keyBefore(L, 4, 3))) {
      lua_pushvalue(L, 4);
      lua_replace(L, 3);
    }
  }
  lua_settop(L, 3);
  if (lua_isnil(L, 3)) return 1;
  lua_pushvalue(L, 3);
  lua_rawget(L, 1);
  return 2;
}

}  // namespace

bool isMemoryError(int status, bool refused) {
  if (status == LUA_OK) return false;
  return refused || (status != LUA_ERRRUN && status != LUA_ERRERR);
}

namespace {

int protectedCall(lua_State* L) {
  luaL_checkany(L, 1);
  auto* const spent = static_cast<Spent*>(lua_touserdata(L, lua_upvalueindex(1)));
  const size_t refused = spent->heap.refused();
  const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  if (isMemoryError(status, spent->heap.refused() > refused)) spent->memory = true;
  // Whoever used up the memory does not go on: how far it would come differs between machines.
  if (spent->memory) return lua_error(L);
  lua_pushboolean(L, status == LUA_OK);
  lua_insert(L, 1);
  return lua_gettop(L);
}

// Whether the value at `b` comes before the one at `a`; the function to ask is at 2, or nil.
bool sortsBefore(lua_State* L, int b, int a) {
  if (lua_isnil(L, 2)) return lua_compare(L, b, a, LUA_OPLT) != 0;
  lua_pushvalue(L, 2);
  lua_pushvalue(L, b);
  lua_pushvalue(L, a);
  lua_call(L, 2, 1);
  const bool before = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return before;
}

// Sorts by merging: what is equal keeps its order, and no clock is asked, as Lua's own does when it takes long.
int stableSort(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, 1));
  lua_newtable(L);  // 3
  for (lua_Integer width = 1; width < count; width *= 2) {
    for (lua_Integer from = 1; from <= count; from += 2 * width) {
      lua_Integer left = from;
      lua_Integer right = std::min(from + width, count + 1);
      const lua_Integer middle = right;
      const lua_Integer end = std::min(from + 2 * width, count + 1);
      for (lua_Integer to = from; to < end; ++to) {
        lua_rawgeti(L, 1, left < middle ? left : right);
        if (left < middle && right < end) {
          lua_rawgeti(L, 1, right);
          const bool second = sortsBefore(L, 5, 4);
          lua_remove(L, second ? 4 : 5);
          second ? ++right : ++left;
        } else {
          left < middle ? ++left : ++right;
        }
        lua_rawseti(L, 3, to);
      }
    }
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(L, 3, i);
      lua_rawseti(L, 1, i);
    }
  }
  return 0;
}

int refuseChange(lua_State* L) { return luaL_error(L, "the libraries cannot be changed"); }

// Wraps the table at the top so that it is read and not changed; nothing reaches the table itself.
void protect(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuseChange);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

// Moves those fields of the table at the top into a new one, which takes its place.
template <size_t kCount>
void keepOnly(lua_State* L, const char* const (&names)[kCount]) {
  lua_createtable(L, 0, kCount + 2);
  for (const char* name : names) {
    lua_getfield(L, -2, name);
    lua_setfield(L, -2, name);
  }
  lua_remove(L, -2);
}

// Replaces a field of the table at the top by a function that knows the original.
void wrap(lua_State* L, const char* name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

// Pushes a library. Where Lua looks for the names of functions when it tells of an error, it stands whole; scripts do not get there.
void open(lua_State* L, const char* name, lua_CFunction opener) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushcfunction(L, opener);
  lua_pushstring(L, name);
  lua_call(L, 1, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, name);
  lua_remove(L, -2);
}

constexpr const char* kBase[] = {"assert", "error", "ipairs", "rawequal", "rawlen", "select", "tonumber", "type"};
// Without dump, and without pack and unpack, whose sizes are the machine's.
constexpr const char* kString[] = {"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse", "sub", "upper"};
constexpr const char* kTable[] = {"concat", "insert", "pack", "remove", "unpack"};
// Exact on every machine; sines, powers and logarithms differ in the last digit between C libraries.
constexpr const char* kMath[] = {"abs", "ceil", "floor", "fmod", "huge", "max", "maxinteger", "min", "mininteger", "modf", "sqrt", "tointeger", "type", "ult"};
constexpr const char* kUtf8[] = {"char", "charpattern", "codepoint", "codes", "len", "offset"};

void setText(lua_State* L) {
  open(L, LUA_STRLIBNAME, luaopen_string);
  keepOnly(L, kString);
  wrap(L, "format", safeFormat);
  wrap(L, "rep", safeRep);
  // ("…"):upper() finds the same functions.
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 2);
}

int appendChunk(lua_State*, const void* bytes, size_t size, void* out) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return 0;
}

// Pushes helpers.lua as a function. It is compiled once, by the first state of the process: the only compiled code that is ever loaded.
void pushHelpers(lua_State* L) {
  static std::string compiled;
  if (!compiled.empty()) {
    if (luaL_loadbufferx(L, compiled.data(), compiled.size(), "=hg", "b") != LUA_OK) lua_error(L);
    return;
  }
  if (luaL_loadbufferx(L, kHelpers, std::strlen(kHelpers), "=hg", "t") != LUA_OK) lua_error(L);
  lua_dump(L, appendChunk, &compiled, 0);
}

// hg: helpers.lua, which sees the globals that are at the top, and a few functions from here.
void setHelpers(lua_State* L) {
  const int globals = lua_gettop(L);
  pushHelpers(L);
  lua_pushvalue(L, globals);
  lua_setupvalue(L, -2, 1);
  lua_newtable(L);
  luaL_setfuncs(L, kValueFunctions, 0);
  lua_call(L, 1, 1);
  protect(L);
  lua_setfield(L, globals, "hg");
}

}  // namespace

void pushGlobals(lua_State* L, Spent* spent) {
  // luaopen_base() fills the global table, which scripts never see.
  open(L, LUA_GNAME, luaopen_base);
  keepOnly(L, kBase);
  const int globals = lua_gettop(L);
  constexpr luaL_Reg kOwn[] = {{"tostring", safeToString}, {"pairs", orderedPairs}, {"next", orderedNext}, {nullptr, nullptr}};
  luaL_setfuncs(L, kOwn, 0);
  lua_pushlightuserdata(L, spent);
  lua_pushcclosure(L, protectedCall, 1);
  lua_setfield(L, globals, "pcall");
  pushNull(L);
  lua_setfield(L, globals, "null");

  setText(L);
  protect(L);
  lua_setfield(L, globals, LUA_STRLIBNAME);

  open(L, LUA_TABLIBNAME, luaopen_table);
  keepOnly(L, kTable);
  lua_pushcfunction(L, stableSort);
  lua_setfield(L, -2, "sort");
  protect(L);
  lua_setfield(L, globals, LUA_TABLIBNAME);

  open(L, LUA_MATHLIBNAME, luaopen_math);
  keepOnly(L, kMath);
  lua_pushnumber(L, 3.14159265358979323846);
  lua_setfield(L, -2, "pi");
  protect(L);
  lua_setfield(L, globals, LUA_MATHLIBNAME);

  open(L, LUA_UTF8LIBNAME, luaopen_utf8);
  keepOnly(L, kUtf8);
  protect(L);
  lua_setfield(L, globals, LUA_UTF8LIBNAME);

  setHelpers(L);
}

}  // namespace hearthgate::script
