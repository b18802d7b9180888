// JSON answers written as text: canonical fields go in as they are, and no tree is built. Values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/json.h"

namespace hearthgate::api {

// What objects and arrays share: the brackets and the commas. close() or the destructor ends it.
class BracketText {
 public:
  BracketText(std::string* out, char opening, char closing) : out_(out), closing_(closing) { *out_ += opening; }
  ~BracketText() { close(); }
  BracketText(const BracketText&) = delete;
  BracketText& operator=(const BracketText&) = delete;

  void close() {
    if (!open_) return;
    open_ = false;
    *out_ += closing_;
  }

 protected:
  // Where the next member goes, after its comma.
  std::string* next() {
    if (any_) *out_ += ',';
    any_ = true;
    return out_;
  }

 private:
  std::string* out_;
  char closing_;
  bool any_ = false;
  bool open_ = true;
};

// Appends one object to `out`.
class ObjectText : public BracketText {
 public:
  explicit ObjectText(std::string* out) : BracketText(out, '{', '}') {}

  // Writes the key; the caller appends exactly one value. `name` needs no escaping.
  std::string& value(std::string_view name) {
    std::string& out = *next();
    out += '"';
    out += name;
    out += "\":";
    return out;
  }
  ObjectText& raw(std::string_view name, std::string_view json) {
    value(name) += json;
    return *this;
  }
  ObjectText& text(std::string_view name, std::string_view text) {
    model::appendJsonString(text, &value(name));
    return *this;
  }
  ObjectText& textOrNull(std::string_view name, std::string_view text) {
    return text.empty() ? raw(name, "null") : this->text(name, text);
  }
  template <typename Number>
  ObjectText& number(std::string_view name, Number number) {
    value(name) += std::to_string(number);
    return *this;
  }
  ObjectText& boolean(std::string_view name, bool yes) { return raw(name, yes ? "true" : "false"); }
  ObjectText& time(std::string_view name, std::optional<int64_t> wall_ms) {
    if (!wall_ms) return raw(name, "null");
    std::string& out = value(name);
    out += '"';
    out += rfc3339(*wall_ms);
    out += '"';
    return *this;
  }
};

// Appends one array; each item() puts the comma.
class ArrayText : public BracketText {
 public:
  explicit ArrayText(std::string* out) : BracketText(out, '[', ']') {}

  std::string* item() { return next(); }
  void text(std::string_view text) { model::appendJsonString(text, item()); }
};

}  // namespace hearthgate::api
