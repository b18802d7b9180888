// JSON to Lua values (values.h).
#include <charconv>
#include <cstdlib>
#include <string>

#include "script/tuning.h"
#include "script/values.h"
#include "script/values_internal.h"

namespace hearthgate::script {
namespace {

constexpr int kUsualMembers = 4;  // a table that is made for so many grows less often

// Reads the canonical text that the model writes. Deeper or other text is the gateway's mistake and raises an error.
class JsonReader {
 public:
  JsonReader(lua_State* L, std::string_view text) : L_(L), text_(text) {}

  void readWhole() {
    readValue(kResultDepth + 1);
    if (at_ != text_.size()) wrong();
  }

 private:
  [[noreturn]] void wrong() {
    luaL_error(L_, "a field is no JSON at byte %d", static_cast<int>(at_));
    std::abort();  // luaL_error() never returns, which its declaration does not say.
  }
  char look() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void expect(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) wrong();
    at_ += word.size();
  }
  bool take(char c) {
    if (look() != c) return false;
    ++at_;
    return true;
  }

  void readValue(size_t levels) {
    if (levels == 0) wrong();
    luaL_checkstack(L_, 4, "nested too deep");
    switch (look()) {
      case '{': return readObject(levels);
      case '[': return readArray(levels);
      case '"': return readString();
      case 't': expect("true"); return lua_pushboolean(L_, 1);
      case 'f': expect("false"); return lua_pushboolean(L_, 0);
      case 'n': expect("null"); return pushNull(L_);
      default: return readNumber();
    }
  }

  void readObject(size_t levels) {
    expect("{");
    if (take('}')) return lua_newtable(L_);
    lua_createtable(L_, 0, kUsualMembers);
    do {
      readString();
      expect(":");
      readValue(levels - 1);
      lua_rawset(L_, -3);
    } while (take(','));
    expect("}");
  }

  void readArray(size_t levels) {
    expect("[");
    lua_newtable(L_);
    markList(L_, -1);
    if (take(']')) return;
    lua_Integer next = 1;
    do {
      readValue(levels - 1);
      lua_rawseti(L_, -2, next++);
    } while (take(','));
    expect("]");
  }

  void readString() {
    expect("\"");
    size_t end = at_;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\\') ++end;
    if (end == text_.size()) wrong();
    if (text_[end] == '"') {
      lua_pushlstring(L_, text_.data() + at_, end - at_);
      at_ = end + 1;
      return;
    }
    std::string text;
    while (!take('"')) {
      if (at_ >= text_.size()) wrong();
      const char c = text_[at_++];
      text += c == '\\' ? readEscaped() : c;
    }
    lua_pushlstring(L_, text.data(), text.size());
  }

  // The canonical form escapes quotes, backslashes and what is below 0x20.
  char readEscaped() {
    const char c = look();
    ++at_;
    switch (c) {
      case '"':
      case '\\': return c;
      case 'b': return '\b';
      case 'f': return '\f';
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      default: break;
    }
    unsigned code = 0;
    const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (c != 'u' || digits.size() != 4 || error != std::errc() || end != digits.data() + 4 || code >= 0x20) wrong();
    at_ += 4;
    return static_cast<char>(code);
  }

  void readNumber() {
    size_t end = at_;
    bool whole = true;
    for (; end < text_.size() && text_[end] != ',' && text_[end] != ']' && text_[end] != '}'; ++end) {
      whole = whole && text_[end] != '.' && text_[end] != 'e';
    }
    const std::string_view number = text_.substr(at_, end - at_);
    const char* const last = number.data() + number.size();
    if (number.empty()) wrong();
    at_ = end;
    if (!whole) {
      double value = 0;
      const auto read = std::from_chars(number.data(), last, value);
      if (read.ptr != last || read.ec != std::errc()) wrong();
      return lua_pushnumber(L_, value);
    }
    int64_t value = 0;
    const auto read = std::from_chars(number.data(), last, value);
    if (read.ptr != last) wrong();
    if (read.ec == std::errc()) return lua_pushinteger(L_, value);
    uint64_t large = 0;
    const auto read_large = std::from_chars(number.data(), last, large);
    if (read_large.ec != std::errc()) wrong();
    pushLarge(L_, large);
  }

  lua_State* L_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

void pushJson(lua_State* L, std::string_view json) { JsonReader(L, json).readWhole(); }

}  // namespace hearthgate::script
