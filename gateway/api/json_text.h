// JSON answers written as text: canonical fields go in as they are, and no tree is built. Values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/json.h"

namespace hearthgate::api {

// Appends one object to `out`; close() or the destructor ends it.
class ObjectText {
 public:
  explicit ObjectText(std::string* out) : out_(out) { *out_ += '{'; }
  ~ObjectText() { close(); }
  ObjectText(const ObjectText&) = delete;
  ObjectText& operator=(const ObjectText&) = delete;

  // Writes the key; the caller appends exactly one value. `name` needs no escaping.
  std::string& value(std::string_view name) {
    if (any_) *out_ += ',';
    any_ = true;
    *out_ += '"';
    *out_ += name;
    *out_ += "\":";
    return *out_;
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
  void close() {
    if (!open_) return;
    open_ = false;
    *out_ += '}';
  }

 private:
  std::string* out_;
  bool any_ = false;
  bool open_ = true;
};

// Appends one array; each item() puts the comma.
class ArrayText {
 public:
  explicit ArrayText(std::string* out) : out_(out) { *out_ += '['; }
  ~ArrayText() { close(); }
  ArrayText(const ArrayText&) = delete;
  ArrayText& operator=(const ArrayText&) = delete;

  std::string* item() {
    if (any_) *out_ += ',';
    any_ = true;
    return out_;
  }
  void text(std::string_view text) { model::appendJsonString(text, item()); }
  void close() {
    if (!open_) return;
    open_ = false;
    *out_ += ']';
  }

 private:
  std::string* out_;
  bool any_ = false;
  bool open_ = true;
};

}  // namespace hearthgate::api
