#include "cli/fields.h"

#include <charconv>
#include <cmath>
#include <map>

#include "base/exact_json.h"

namespace hearthgate::cli {
namespace {

enum class What { kValue, kAdd, kRemove, kCount };

struct Field {
  std::string key;
  What what = What::kValue;
  bool json = false;
  bool down = false;  // of a counter
  std::string value;
};

// Nothing for a text that is no field.
std::optional<Field> split(const std::string& text) {
  Field field;
  size_t equals = text.find('=');
  std::string left = text.substr(0, equals);
  auto ends = [&](std::string_view with) { return left.size() > with.size() && left.ends_with(with); };
  if (ends("++") || ends("--")) {
    field.what = What::kCount;
    field.down = ends("--");
    field.key = left.substr(0, left.size() - 2);
    field.value = equals == std::string::npos ? "1" : text.substr(equals + 1);
    return field;
  }
  if (equals == std::string::npos) return std::nullopt;
  field.value = text.substr(equals + 1);
  if (ends(":")) {
    field.json = true;
    left.pop_back();
  }
  if (ends("+") || ends("-")) {
    field.what = left.back() == '+' ? What::kAdd : What::kRemove;
    left.pop_back();
  }
  field.key = left;
  return left.empty() || left == ":" ? std::nullopt : std::optional(field);
}

Json valueOf(Context& context, const Field& field) {
  if (!field.json) return Json(field.value);
  boost::json::error_code error;
  Json value = parseExactJson(field.value, error);
  bool too_large = value.is_double() && !std::isfinite(value.get_double());
  if (error || too_large) {
    context.misuse("the value of \"" + field.key + "\" is no JSON: " + field.value + " (for text write " + field.key + "=" +
                   field.value + ")");
  }
  return value;
}

int64_t stepOf(Context& context, const Field& field) {
  int64_t step = 0;
  const char* end = field.value.data() + field.value.size();
  auto read = std::from_chars(field.value.data(), end, step);
  if (read.ec != std::errc() || read.ptr != end || step < 0) {
    context.misuse("a counter goes up or down by a whole number, not by \"" + field.value + "\"");
  }
  return field.down ? -step : step;
}

}  // namespace

boost::json::object parseFields(Context& context, const std::vector<std::string>& texts, const Json& types, bool grows_only) {
  boost::json::object fields;
  std::map<std::string, boost::json::object> sets;  // what each gets and loses
  for (const auto& text : texts) {
    auto field = split(text);
    if (!field) context.misuse("\"" + text + "\" is no field; write KEY=TEXT or KEY:=JSON");
    bool of_set = field->what == What::kAdd || field->what == What::kRemove;
    if (fields.contains(field->key) && !(of_set && sets.contains(field->key))) {
      context.misuse("the field \"" + field->key + "\" is given twice");
    }
    Json& value = fields[field->key];
    if (field->what == What::kCount) {
      value = {{"$type", "counter"}, {"increment", stepOf(context, *field)}};
    } else if (of_set) {
      Json& elements = sets[field->key][field->what == What::kAdd ? "add" : "remove"];
      if (!elements.is_array()) elements = boost::json::array{};
      elements.get_array().push_back(valueOf(context, *field));
    } else {
      value = valueOf(context, *field);
    }
  }
  for (auto& [key, elements] : sets) {
    std::string known = textAt(types, key);
    boost::json::object statement{{"$type", known.empty() ? (grows_only ? "gset" : "orset") : known}};
    for (const auto& list : elements) statement[list.key()] = list.value();
    fields[key] = std::move(statement);
  }
  return fields;
}

bool changesSets(const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(), [](const std::string& text) {
    auto field = split(text);
    return field && (field->what == What::kAdd || field->what == What::kRemove);
  });
}

}  // namespace hearthgate::cli
