#include "api/call.h"

#include <algorithm>
#include <charconv>

#include "base/base32.h"
#include "base/utf8.h"
#include "model/limits.h"

namespace hearthgate::api {
namespace {

// A request's own object stands one level above the fields.
constexpr size_t kBodyDepth = model::kMaxDepth + 1;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string shown(std::string_view text) { return displayName(text, kMaxShownBytes); }

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error wrongType(std::string_view name, std::string_view wanted) {
  return inputError("bad_document", "\"" + std::string(name) + "\" of the body is " + std::string(wanted) + ".");
}

}  // namespace

Result<std::string> Call::readBody(size_t limit) {
  auto length = bodyLength();
  auto too_large = [limit] {
    return inputError("body_too_large",
                      "The body is larger than " + std::to_string(limit) + " bytes, the most that this call takes.");
  };
  if (length && *length > limit) return too_large();
  std::string body;
  if (length) body.reserve(static_cast<size_t>(*length));
  char part[16384];
  std::istream& in = bodyStream();
  while (in.good()) {
    in.read(part, sizeof part);
    body.append(part, static_cast<size_t>(in.gcount()));
    if (body.size() > limit) return too_large();
  }
  if (!bodyComplete(body.size()))
    return inputError("body_broken", "The connection ended before the body did; nothing was changed.");
  return body;
}

Status Call::checkContentType(const std::vector<std::string_view>& allowed) const {
  std::string type = lower(header("Content-Type").value_or(""));
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  if (std::find(allowed.begin(), allowed.end(), type) != allowed.end()) return {};
  std::string list;
  for (std::string_view one : allowed) list += (list.empty() ? "" : " or ") + std::string(one);
  return inputError("unsupported_media_type",
                    "The body of " + method + " " + shown(path) + " has to be " + list +
                        (type.empty() ? "; the request names no Content-Type." : ", not " + shown(type) + "."));
}

Result<model::Json> Call::readJson(const std::vector<std::string_view>& content_types) {
  HG_CHECK(checkContentType(content_types));
  HG_TRY(std::string body, readBody(kMaxBodyBytes));
  auto json = model::parseJson(body, kBodyDepth);
  if (json.ok()) return json;
  Error error = json.error();
  std::string of_what = "The body of " + method + " " + shown(path) + " ";
  error.message = isUtf8(body) ? of_what + "cannot be read: " + error.message : of_what + "holds bytes that are no UTF-8.";
  return error;
}

Result<model::Json> Call::readObject(const std::vector<std::string_view>& known, bool may_be_empty) {
  if (may_be_empty && !hasBody()) {
    model::Json empty;
    empty.type = model::Json::Type::kObject;
    return empty;
  }
  HG_TRY(model::Json json, readJson({kJson}));
  if (!json.isObject()) return inputError("bad_document", "The body has to be a JSON object.");
  HG_CHECK(checkMembers(json, known));
  return json;
}

Result<std::optional<bool>> Call::queryFlag(const std::string& name) const {
  auto at = query.find(name);
  if (at == query.end()) return std::optional<bool>{};
  if (at->second == "true") return std::optional<bool>{true};
  if (at->second == "false") return std::optional<bool>{false};
  return inputError("bad_query", "The query key " + name + " is true or false, not '" + shown(at->second) + "'.");
}

Result<size_t> Call::queryLimit() const {
  auto at = query.find("limit");
  if (at == query.end()) return kDefaultLimit;
  size_t limit = 0;
  const std::string& text = at->second;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error == std::errc{} && end == text.data() + text.size() && limit >= 1 && limit <= kMaxLimit) return limit;
  return inputError("bad_query", "The query key limit is a whole number from 1 to 1000, not '" + shown(text) + "'.");
}

std::string Call::queryText(const std::string& name) const {
  auto at = query.find(name);
  return at == query.end() ? std::string() : at->second;
}

Result<std::optional<std::string>> textMember(const model::Json& object, std::string_view name) {
  const model::Json* member = object.find(name);
  if (!member || member->isNull()) return std::optional<std::string>{};
  if (!member->isString()) return wrongType(name, "a text");
  return std::optional<std::string>{member->text};
}

Result<std::optional<bool>> flagMember(const model::Json& object, std::string_view name) {
  const model::Json* member = object.find(name);
  if (!member) return std::optional<bool>{};
  if (member->type != model::Json::Type::kBool) return wrongType(name, "true or false");
  return std::optional<bool>{member->text == "true"};
}

Result<std::optional<int64_t>> wholeMember(const model::Json& object, std::string_view name) {
  const model::Json* member = object.find(name);
  if (!member || member->isNull()) return std::optional<int64_t>{};
  int64_t value = 0;
  const std::string& text = member->text;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (member->type != model::Json::Type::kNumber || error != std::errc{} || end != text.data() + text.size()) {
    return wrongType(name, "a whole number");
  }
  return std::optional<int64_t>{value};
}

Error missingMember(std::string_view name) {
  return inputError("bad_document", "The body has no \"" + std::string(name) + "\", which this call needs.");
}

Status checkMembers(const model::Json& object, const std::vector<std::string_view>& known) {
  for (const auto& [key, value] : object.members) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string list;
    for (std::string_view one : known) list += (list.empty() ? "" : ", ") + std::string(one);
    return inputError("bad_document",
                      "The body has the unknown member \"" + shown(key) + "\"; known are: " + list + ".");
  }
  return {};
}

std::optional<std::string> percentDecoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      bool whole = i + 2 < text.size();
      int high = whole ? hexDigit(text[i + 1]) : -1;
      int low = whole ? hexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' && plus_is_space ? ' ' : text[i];
    }
  }
  if (out.find('\0') != std::string::npos || !isUtf8(out)) return std::nullopt;
  return out;
}

Result<std::map<std::string, std::string>> parseQuery(std::string_view text) {
  std::map<std::string, std::string> query;
  while (!text.empty()) {
    size_t end = std::min(text.find('&'), text.size());
    std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    size_t equals = std::min(pair.find('='), pair.size());
    auto key = percentDecoded(pair.substr(0, equals), true);
    auto value = percentDecoded(equals < pair.size() ? pair.substr(equals + 1) : "", true);
    if (!key || !value) return inputError("bad_query", "The query holds a broken %XX or bytes that are no UTF-8.");
    if (!query.emplace(*key, *value).second) {
      return inputError("bad_query", "The query key '" + shown(*key) + "' stands twice; give it once.");
    }
  }
  return query;
}

std::string pageMark(std::string_view text) { return base32(text); }

Result<std::string> parsePageMark(const std::string& mark) {
  auto text = parseBase32(mark);
  if (text && !text->empty()) return std::move(*text);
  return inputError("bad_query", "The query key after is what a list gave as `next`; '" + shown(mark) + "' is not.");
}

}  // namespace hearthgate::api
