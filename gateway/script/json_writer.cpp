// Lua values to JSON (values.h).
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "model/limits.h"
#include "script/tuning.h"
#include "script/values.h"

namespace hearthgate::script {
namespace {

constexpr size_t kUsualDepth = 8;
constexpr size_t kUsualKeys = 32;

// Most texts are ASCII, and that is quickly seen.
bool isText(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }) || isUtf8(text);
}

class JsonWriter {
 public:
  JsonWriter(lua_State* L, size_t max_bytes, std::string* out) : L_(L), end_(out->size() + max_bytes), out_(*out) {
    open_.reserve(kUsualDepth);
    path_.reserve(kUsualDepth);
    keys_.reserve(kUsualKeys);
  }

  std::optional<NoJson> write(int index) {
    writeValue(lua_absindex(L_, index));
    return std::move(problem_);
  }

 private:
  bool refuse(const char* code, const std::string& what) {
    std::string where;
    for (const std::string_view key : path_) where += (where.empty() ? "" : ".") + std::string(key.substr(0, 40));
    if (!problem_) problem_ = NoJson{code, (where.empty() ? "what it returned " : "its result at '" + where + "' ") + what};
    return false;
  }
  bool bad(const std::string& what) { return refuse("bad_result", what); }
  bool append(std::string_view text) {
    if (out_.size() + text.size() > end_) {
      return refuse("result_too_large", "is longer than " + std::to_string(kResultBytes >> 10) + " KiB as JSON");
    }
    out_.append(text);
    return true;
  }

  bool writeValue(int index) {
    luaL_checkstack(L_, 6, "nested too deep");
    switch (lua_type(L_, index)) {
      case LUA_TBOOLEAN: return append(lua_toboolean(L_, index) ? "true" : "false");
      case LUA_TNUMBER: return writeNumber(index);
      case LUA_TSTRING: return writeText(index);
      case LUA_TTABLE: return writeTable(index);
      default: break;
    }
    if (isNull(L_, index)) return append("null");
    if (isLarge(L_, index)) return append(largeText(L_, index));
    return bad(std::string("is a ") + luaL_typename(L_, index) + ", which no field can be");
  }

  bool writeNumber(int index) {
    char digits[40];
    if (lua_isinteger(L_, index)) {
      const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<int64_t>(lua_tointeger(L_, index))).ptr;
      return append({digits, static_cast<size_t>(end - digits)});
    }
    const double value = lua_tonumber(L_, index);
    if (!std::isfinite(value)) return bad("is no finite number");
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    const std::string_view text(digits, static_cast<size_t>(end - digits));
    // 1.0 is not 1 (DESIGN.md section 2, rule 12).
    return append(text) && (text.find_first_of(".e") != std::string_view::npos || append(".0"));
  }

  bool writeText(int index) {
    size_t size = 0;
    const char* const bytes = lua_tolstring(L_, index, &size);
    const std::string_view text(bytes, size);
    if (size > kResultBytes) return append(text);  // Too long, whatever it says.
    return append("\"") && (isText(text) || bad("is no UTF-8 text")) && appendEscaped(text) && append("\"");
  }

  bool appendEscaped(std::string_view text) {
    size_t from = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c >= 0x20 && c != '"' && c != '\\') continue;
      constexpr char kDigits[] = "0123456789abcdef";
      constexpr std::string_view kShort = "\b\f\n\r\t\"\\";
      constexpr std::string_view kLetters = "bfnrt\"\\";
      const size_t at = kShort.find(static_cast<char>(c));
      const char escaped[] = {'\\', at < kShort.size() ? kLetters[at] : 'u', '0', '0', kDigits[c >> 4], kDigits[c & 15]};
      if (!append(text.substr(from, i - from)) || !append({escaped, at < kShort.size() ? size_t{2} : size_t{6}})) return false;
      from = i + 1;
    }
    return append(text.substr(from));
  }

  bool writeTable(int index) {
    if (isGuarded(L_, index)) return bad("is a library");
    const void* const self = lua_topointer(L_, index);
    if (std::find(open_.begin(), open_.end(), self) != open_.end()) return bad("holds itself");
    if (open_.size() >= kResultDepth) return bad("is nested deeper than " + std::to_string(kResultDepth) + " levels");
    open_.push_back(self);
    lua_Integer texts = 0;
    lua_Integer numbers = 0;
    lua_Integer highest = 0;
    bool written = true;
    lua_pushnil(L_);
    while (written && lua_next(L_, index) != 0) {
      lua_pop(L_, 1);
      if (lua_type(L_, -1) == LUA_TSTRING) {
        ++texts;
      } else if (lua_isinteger(L_, -1) && lua_tointeger(L_, -1) > 0) {
        ++numbers;
        highest = std::max(highest, lua_tointeger(L_, -1));
      } else {
        written = bad(std::string("has a key that is ") + describeKey());
      }
    }
    const bool list = numbers > 0 || isMarkedList(L_, index);
    if (written && list && texts > 0) written = bad("mixes a list and an object");
    if (written && list && highest != numbers) written = bad("is a list with gaps");
    if (written) written = list ? writeList(index, numbers) : writeObject(index);
    open_.pop_back();
    return written;
  }

  std::string describeKey() const {
    if (lua_type(L_, -1) == LUA_TNUMBER) return "a number other than 1, 2, 3 …; in an object write it as a text";
    return std::string("a ") + luaL_typename(L_, -1);
  }

  bool writeList(int index, lua_Integer count) {
    if (!append("[")) return false;
    for (lua_Integer i = 1; i <= count; ++i) {
      if (i > 1 && !append(",")) return false;
      lua_rawgeti(L_, index, i);
      if (!writeValue(lua_gettop(L_))) return false;
      lua_pop(L_, 1);
    }
    return append("]");
  }

  bool writeObject(int index) {
    // The texts stay where they are, since nothing takes the keys out of the table meanwhile.
    const size_t from = keys_.size();
    lua_pushnil(L_);
    while (lua_next(L_, index) != 0) {
      lua_pop(L_, 1);
      size_t size = 0;
      const char* const text = lua_tolstring(L_, -1, &size);
      if (size > model::kMaxNameBytes) return bad("has a key of more than 255 bytes");
      if (keys_.size() - from == model::kMaxFields) return refuse("result_too_large", "has more than 4096 fields");
      keys_.emplace_back(text, size);
    }
    const size_t end = keys_.size();
    std::sort(keys_.begin() + static_cast<ptrdiff_t>(from), keys_.end());
    if (!append("{")) return false;
    for (size_t i = from; i < end; ++i) {
      const std::string_view key = keys_[i];
      if (!isText(key)) return bad("has a key that is no UTF-8 text");
      path_.push_back(key);
      if ((i > from && !append(",")) || !append("\"") || !appendEscaped(key) || !append("\":")) return false;
      lua_pushlstring(L_, key.data(), key.size());
      lua_rawget(L_, index);
      if (!writeValue(lua_gettop(L_))) return false;
      lua_pop(L_, 1);
      path_.pop_back();
    }
    keys_.resize(from);
    return append("}");
  }

  lua_State* const L_;
  const size_t end_;
  std::string& out_;
  std::vector<const void*> open_;
  std::vector<std::string_view> keys_;  // of the objects that are being written
  std::vector<std::string_view> path_;
  std::optional<NoJson> problem_;
};

}  // namespace

std::optional<NoJson> appendJson(lua_State* L, int index, size_t max_bytes, std::string* out) {
  const int top = lua_gettop(L);
  auto problem = JsonWriter(L, max_bytes, out).write(index);
  lua_settop(L, top);
  return problem;
}

}  // namespace hearthgate::script
