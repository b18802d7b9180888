#include "cli/json_view.h"

#include "base/utf8.h"
#include "cli/tuning.h"

namespace hearthgate::cli {

const Json& at(const Json& value, std::string_view name) {
  static const Json nothing;
  if (!value.is_object()) return nothing;
  const Json* member = value.get_object().if_contains(name);
  return member ? *member : nothing;
}

std::string textAt(const Json& value, std::string_view name) {
  const Json& member = at(value, name);
  return member.is_string() ? std::string(member.get_string()) : "";
}

int64_t numberAt(const Json& value, std::string_view name) {
  boost::json::error_code error;
  auto read = at(value, name).is_number() ? at(value, name).to_number<int64_t>(error) : 0;
  return error ? 0 : read;
}

bool flagAt(const Json& value, std::string_view name) {
  const Json& member = at(value, name);
  return member.is_bool() && member.get_bool();
}

const boost::json::array& itemsAt(const Json& value, std::string_view name) {
  static const boost::json::array nothing;
  const Json& member = at(value, name);
  return member.is_array() ? member.get_array() : nothing;
}

std::string safe(std::string_view text) { return displayName(text, kMaxCellBytes); }

std::string readable(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return safe(value.get_string());
  return safe(boost::json::serialize(value));
}

std::string fieldsLine(const Json& fields) {
  if (!fields.is_object()) return "-";
  std::string out;
  for (const auto& field : fields.get_object()) {
    if (!out.empty()) out += ' ';
    out += safe(field.key()) + "=" + readable(field.value());
  }
  return out.empty() ? "(no fields)" : out;
}

std::string toSeconds(const std::string& time) {
  size_t dot = time.find('.');
  return safe(dot == std::string::npos || !time.ends_with('Z') ? time : time.substr(0, dot) + "Z");
}

std::string dayAndMinute(const std::string& time) {
  constexpr size_t kYear = 5, kDay = 5, kMinute = 5;  // 2026- 11-20 T 10:00
  if (time.size() <= kYear + kDay + 1 + kMinute || !time.ends_with('Z')) return safe(time);
  return safe(time.substr(kYear, kDay) + " " + time.substr(kYear + kDay + 1, kMinute) + "Z");
}

std::string number(int64_t value) { return std::to_string(value); }

std::string grouped(const std::string& id) {
  std::string out;
  for (size_t at = 0; at < id.size(); at += 4) out += (at == 0 ? "" : " ") + id.substr(at, 4);
  return safe(out);
}

}  // namespace hearthgate::cli
