#include "model/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>

#include "base/utf8.h"
#include "model/limits.h"

namespace hearthgate::model {
namespace {

using boost::json::error_code;
using boost::json::string_view;

enum class Refusal { kNone, kDuplicate, kNumber };

std::string doubleText(double value) {
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end.ptr);
  // A double keeps looking like one: 1.0 is not 1 (rule 12).
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// Whether a JSON number that std::from_chars calls out of range is too large rather than too small, which it does not
// tell: the place of the first digit that is not zero decides.
bool isAboveOne(std::string_view number) {
  size_t exponent_at = std::min(number.find_first_of("eE"), number.size());
  std::string_view mantissa = number.substr(0, exponent_at);
  size_t point = std::min(mantissa.find('.'), mantissa.size());
  size_t digit = mantissa.find_first_of("123456789");
  if (digit == std::string_view::npos) return false;
  int64_t exponent = 0;
  if (exponent_at < number.size()) {
    size_t from = exponent_at + (number[exponent_at + 1] == '+' ? 2 : 1);
    std::from_chars(number.data() + from, number.data() + number.size(), exponent);
  }
  return static_cast<int64_t>(point) - static_cast<int64_t>(digit) + exponent > 0;
}

// The canonical text of a number that the parser took for a double, or nothing and in `what` why it cannot be kept.
std::optional<std::string> canonicalDouble(const std::string& text, std::string* what) {
  if (text.find_first_of(".eE") == std::string::npos) {
    *what = "the integer " + text.substr(0, 40) + " fits neither int64 nor uint64";
    return std::nullopt;
  }
  // Boost 1.81 may be off by one in the last place, so the text is read again, exactly.
  double value = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range && !isAboveOne(text)) {
    value = text[0] == '-' ? -0.0 : 0.0;  // Too small for the least denormal: rounded, like every other digit too many.
  } else if (read.ec != std::errc() || !std::isfinite(value)) {
    *what = "the number " + text.substr(0, 40) + " is no finite double";
    return std::nullopt;
  }
  return doubleText(value);
}

// Builds the tree from the parser's events.
constexpr size_t kUsualMembers = 8;  // of an object: saves growing

struct Handler {
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  struct Open {
    Json value;
    std::string key;
  };
  std::vector<Open> open;
  std::string part;
  Json root;
  Refusal refusal = Refusal::kNone;
  std::string what;

  bool refuse(Refusal reason, std::string detail, error_code& ec) {
    refusal = reason;
    what = std::move(detail);
    ec = boost::json::error::syntax;
    return false;
  }
  bool add(Json value) {
    if (open.empty()) {
      root = std::move(value);
    } else if (open.back().value.isObject()) {
      open.back().value.members.emplace_back(std::move(open.back().key), std::move(value));
      open.back().key.clear();
    } else {
      open.back().value.items.push_back(std::move(value));
    }
    return true;
  }
  bool begin(Json::Type type) {
    open.push_back({});
    open.back().value.type = type;
    if (type == Json::Type::kObject) open.back().value.members.reserve(kUsualMembers);
    return true;
  }
  bool end(error_code& ec) {
    Json value = std::move(open.back().value);
    open.pop_back();
    if (value.isObject()) {
      auto byKey = [](const auto& a, const auto& b) { return a.first < b.first; };
      if (!std::is_sorted(value.members.begin(), value.members.end(), byKey)) {
        std::sort(value.members.begin(), value.members.end(), byKey);
      }
      auto twice = std::adjacent_find(value.members.begin(), value.members.end(),
                                      [](const auto& a, const auto& b) { return a.first == b.first; });
      if (twice != value.members.end()) return refuse(Refusal::kDuplicate, twice->first, ec);
    }
    return add(std::move(value));
  }
  bool scalar(Json::Type type, std::string text) {
    Json value;
    value.type = type;
    value.text = std::move(text);
    return add(std::move(value));
  }
  std::string takePart(string_view last) {
    std::string whole = std::move(part);
    part.clear();
    whole.append(last.data(), last.size());
    return whole;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return begin(Json::Type::kObject); }
  bool on_object_end(size_t, error_code& ec) { return end(ec); }
  bool on_array_begin(error_code&) { return begin(Json::Type::kArray); }
  bool on_array_end(size_t, error_code& ec) { return end(ec); }
  bool on_key_part(string_view s, size_t, error_code&) { return on_part(s); }
  bool on_key(string_view s, size_t, error_code&) {
    open.back().key = takePart(s);
    return true;
  }
  bool on_part(string_view s) {
    part.append(s.data(), s.size());
    return true;
  }
  bool on_string_part(string_view s, size_t, error_code&) { return on_part(s); }
  bool on_string(string_view s, size_t, error_code&) { return scalar(Json::Type::kString, takePart(s)); }
  bool on_number_part(string_view s, error_code&) { return on_part(s); }
  bool on_int64(int64_t value, string_view s, error_code&) {
    // "-0" is the integer 0; everything else is its own shortest text.
    takePart(s);
    return scalar(Json::Type::kNumber, std::to_string(value));
  }
  bool on_uint64(uint64_t value, string_view s, error_code&) {
    takePart(s);
    return scalar(Json::Type::kNumber, std::to_string(value));
  }
  bool on_double(double, string_view s, error_code& ec) {
    std::string text = takePart(s);
    std::string why;
    auto canonical = canonicalDouble(text, &why);
    if (!canonical) return refuse(Refusal::kNumber, std::move(why), ec);
    return scalar(Json::Type::kNumber, std::move(*canonical));
  }
  bool on_bool(bool value, error_code&) { return scalar(Json::Type::kBool, value ? "true" : "false"); }
  bool on_null(error_code&) { return add(Json{}); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

// Compares a text with the canonical one of what the parser reads in it, event by event, and builds nothing.
struct Comparison {
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  struct Open {
    bool object = false;
    bool empty = true;
    std::string key;  // the last one
  };
  std::string_view text;
  const std::function<Status(std::string_view)>* check_key = nullptr;
  size_t at = 0;
  std::vector<Open> open;
  size_t arrays = 0;  // that are open
  size_t leaves = 0;
  std::string part, piece;
  std::optional<Error> error;

  bool refuse(Error reason, error_code& ec) {
    error = std::move(reason);
    ec = boost::json::error::syntax;
    return false;
  }
  bool expect(std::string_view canonical, error_code& ec) {
    if (text.substr(at, canonical.size()) != canonical) {
      return refuse(inputError("bad_version", "The fields are not in canonical form."), ec);
    }
    at += canonical.size();
    return true;
  }
  // What stands before a value or, with `key`, before a key.
  bool separate(bool key, error_code& ec) {
    if (open.empty() || (open.back().object && !key) || std::exchange(open.back().empty, false)) return true;
    return expect(",", ec);
  }
  bool noObject(error_code& ec) {
    return refuse(inputError("bad_document", "The fields of an entity are a JSON object."), ec);
  }
  bool value(std::string_view canonical, error_code& ec) {
    if (open.empty()) return noObject(ec);
    if (arrays == 0) ++leaves;
    return separate(false, ec) && expect(canonical, ec);
  }
  bool begin(bool object, error_code& ec) {
    if (open.empty() && !object) return noObject(ec);
    if (!separate(false, ec)) return false;
    if (!object && arrays++ == 0) ++leaves;
    open.emplace_back();
    open.back().object = object;
    return expect(object ? "{" : "[", ec);
  }
  bool end(error_code& ec) {
    bool object = open.back().object;
    // `{}` is a leaf where it is not the whole.
    if (object && open.back().empty && arrays == 0 && open.size() > 1) ++leaves;
    open.pop_back();
    if (!object) --arrays;
    return expect(object ? "}" : "]", ec);
  }
  bool number(std::string_view canonical, error_code& ec) {
    part.clear();
    return value(canonical, ec);
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) { return begin(true, ec); }
  bool on_object_end(size_t, error_code& ec) { return end(ec); }
  bool on_array_begin(error_code& ec) { return begin(false, ec); }
  bool on_array_end(size_t, error_code& ec) { return end(ec); }
  bool on_part(string_view s) {
    part.append(s.data(), s.size());
    return true;
  }
  bool on_key_part(string_view s, size_t, error_code&) { return on_part(s); }
  bool on_key(string_view s, size_t, error_code& ec) {
    bool first = open.back().empty;
    piece.clear();
    part.append(s.data(), s.size());
    appendJsonString(part, &piece);
    piece += ':';
    if (!separate(true, ec) || !expect(piece, ec)) return false;
    std::string& before = open.back().key;
    if (!first && part <= before) return refuse(inputError("bad_version", "The keys of an object are not in order."), ec);
    Status checked = arrays == 0 ? (*check_key)(part) : Status();
    if (!checked.ok()) return refuse(checked.error(), ec);
    before.assign(part);
    part.clear();
    return true;
  }
  bool on_string_part(string_view s, size_t, error_code&) { return on_part(s); }
  bool on_string(string_view s, size_t, error_code& ec) {
    piece.clear();
    part.append(s.data(), s.size());
    appendJsonString(part, &piece);
    part.clear();
    return value(piece, ec);
  }
  bool on_number_part(string_view s, error_code&) { return on_part(s); }
  bool on_int64(int64_t given, string_view, error_code& ec) { return number(std::to_string(given), ec); }
  bool on_uint64(uint64_t given, string_view, error_code& ec) { return number(std::to_string(given), ec); }
  bool on_double(double, string_view s, error_code& ec) {
    on_part(s);
    std::string why;
    auto canonical = canonicalDouble(part, &why);
    if (!canonical) return refuse(inputError("bad_document", "A number cannot be kept exactly: " + why + "."), ec);
    return number(*canonical, ec);
  }
  bool on_bool(bool given, error_code& ec) { return value(given ? "true" : "false", ec); }
  bool on_null(error_code& ec) { return value("null", ec); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

}  // namespace

const Json* Json::find(std::string_view key) const {
  auto at = std::lower_bound(members.begin(), members.end(), key,
                             [](const auto& member, std::string_view wanted) { return member.first < wanted; });
  return at != members.end() && at->first == key ? &at->second : nullptr;
}

Result<Json> parseJson(std::string_view text, size_t max_depth) {
  boost::json::parse_options options;
  options.max_depth = max_depth;
  boost::json::basic_parser<Handler> parser(options);
  error_code ec;
  size_t used = parser.write_some(false, text.data(), text.size(), ec);
  Handler& handler = parser.handler();
  if (handler.refusal == Refusal::kDuplicate) {
    return inputError("bad_document", "The key \"" + displayName(handler.what, kMaxNameBytes) + "\" stands twice in one object; give it once.");
  }
  if (handler.refusal == Refusal::kNumber) {
    return inputError("bad_document", "A number cannot be kept exactly: " + handler.what + "; write it as a string.");
  }
  if (ec == boost::json::error::too_deep) {
    return inputError("bad_document", "The document is nested deeper than " + std::to_string(max_depth) + " levels.");
  }
  if (ec == boost::json::error::exponent_overflow) {
    return inputError("bad_document", "A number cannot be kept exactly: its exponent at byte " + std::to_string(used) +
                                          " is out of range; write it as a string.");
  }
  if (ec) return inputError("bad_json", "Not JSON at byte " + std::to_string(used) + ": " + ec.message() + ".");
  if (used < text.size() && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
    return inputError("bad_json", "Not JSON: something follows the value at byte " + std::to_string(used) + ".");
  }
  return std::move(handler.root);
}

Result<size_t> checkCanonicalObject(std::string_view text, size_t max_depth,
                                    const std::function<Status(std::string_view)>& check_key) {
  boost::json::parse_options options;
  options.max_depth = max_depth;
  boost::json::basic_parser<Comparison> parser(options);
  Comparison& comparison = parser.handler();
  comparison.text = text;
  comparison.check_key = &check_key;
  error_code ec;
  size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (comparison.error) return std::move(*comparison.error);
  if (ec == boost::json::error::too_deep) {
    return inputError("bad_document", "The document is nested deeper than " + std::to_string(max_depth) + " levels.");
  }
  if (ec) return inputError("bad_json", "Not JSON at byte " + std::to_string(used) + ": " + ec.message() + ".");
  if (comparison.at != text.size()) return inputError("bad_version", "The fields are not in canonical form.");
  return comparison.leaves;
}

void appendJsonString(std::string_view text, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  *out += '"';
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text, from, i - from);
    from = i + 1;
    *out += '\\';
    switch (c) {
      case '"': *out += '"'; break;
      case '\\': *out += '\\'; break;
      case '\b': *out += 'b'; break;
      case '\f': *out += 'f'; break;
      case '\n': *out += 'n'; break;
      case '\r': *out += 'r'; break;
      case '\t': *out += 't'; break;
      default:
        *out += "u00";
        *out += kDigits[c >> 4];
        *out += kDigits[c & 15];
    }
  }
  out->append(text, from, text.size() - from);
  *out += '"';
}

std::string jsonString(std::string_view text) {
  std::string out;
  appendJsonString(text, &out);
  return out;
}

void appendCanonicalJson(const Json& value, std::string* out) {
  switch (value.type) {
    case Json::Type::kNull: *out += "null"; return;
    case Json::Type::kBool:
    case Json::Type::kNumber: *out += value.text; return;
    case Json::Type::kString: appendJsonString(value.text, out); return;
    case Json::Type::kArray: {
      *out += '[';
      bool first = true;
      for (const Json& item : value.items) {
        if (!first) *out += ',';
        first = false;
        appendCanonicalJson(item, out);
      }
      *out += ']';
      return;
    }
    case Json::Type::kObject: {
      *out += '{';
      bool first = true;
      for (const auto& [key, member] : value.members) {
        if (!first) *out += ',';
        first = false;
        appendJsonString(key, out);
        *out += ':';
        appendCanonicalJson(member, out);
      }
      *out += '}';
      return;
    }
  }
}

std::string canonicalJson(const Json& value) {
  std::string out;
  appendCanonicalJson(value, &out);
  return out;
}

}  // namespace hearthgate::model
