// JSON as the model needs it: exact numbers, no duplicate keys, one canonical text for each value (DESIGN.md section 2,
// rule 12: UTF-8, keys sorted by bytes, no spaces, shortest round-trip doubles). Reading is Boost.JSON's parser; what is
// ours is the tree, because Boost's own turns large integers into doubles. Values, any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hearthgate::model {

struct JsonMember;

struct Json {
  enum class Type { kNull, kBool, kNumber, kString, kArray, kObject };

  Type type = Type::kNull;
  // kString: the characters. kBool, kNumber: the canonical text.
  std::string text;
  std::vector<Json> items;          // kArray
  std::vector<JsonMember> members;  // kObject, sorted by key

  bool isNull() const { return type == Type::kNull; }
  bool isObject() const { return type == Type::kObject; }
  bool isString() const { return type == Type::kString; }
  // The member called `key`, or null when this is no object or has none.
  const Json* find(std::string_view key) const;
};

// A pair of key and value. No std::pair, which may not be named before Json is complete.
struct JsonMember {
  std::string first;
  Json second;
  JsonMember(std::string key, Json value) : first(std::move(key)), second(std::move(value)) {}
};

// Reads one JSON text. Fails with `bad_json` (not JSON, broken UTF-8, lone surrogates) or `bad_document` (deeper than
// `max_depth`, where the outermost value is 1; a duplicate key; an integer that fits neither int64 nor uint64; a number
// that is no finite double).
Result<Json> parseJson(std::string_view text, size_t max_depth);

// Whether `text` is a JSON object in its canonical form, at most `max_depth` deep, without building a tree. `check_key` is
// asked about each key that stands in no array. Gives the number of values that stand in no array and are no object with
// members. Fails with the errors of parseJson(), `bad_version` where the canonical text is another, and those of
// `check_key`.
Result<size_t> checkCanonicalObject(std::string_view text, size_t max_depth,
                                    const std::function<Status(std::string_view)>& check_key);

// The canonical text of `value`.
std::string canonicalJson(const Json& value);
void appendCanonicalJson(const Json& value, std::string* out);
// `text` as a JSON string with its quotes.
void appendJsonString(std::string_view text, std::string* out);
std::string jsonString(std::string_view text);

}  // namespace hearthgate::model
