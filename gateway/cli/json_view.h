// Reading the gateway's answers without trusting their shape: a member that is missing or of another type reads as
// nothing. Any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace hearthgate::cli {

using Json = boost::json::value;

// The member, or null when `value` is no object or has none.
const Json& at(const Json& value, std::string_view name);
std::string textAt(const Json& value, std::string_view name);
int64_t numberAt(const Json& value, std::string_view name);
bool flagAt(const Json& value, std::string_view name);
// The items of a list member; empty when there is none.
const boost::json::array& itemsAt(const Json& value, std::string_view name);

// A value as a person reads it: texts bare, everything else as JSON; nothing in it that moves a terminal's cursor.
std::string readable(const Json& value);
// Text of any origin, fit for a terminal (TRUST.md T34).
std::string safe(std::string_view text);
// `state=on brightness=128` of an object.
std::string fieldsLine(const Json& fields);
// A time of the gateway without its milliseconds: what a table has room for.
std::string toSeconds(const std::string& time);
// `11-20 10:00Z` of one.
std::string dayAndMinute(const std::string& time);
std::string number(int64_t value);
// A home id in groups of four, as people compare it.
std::string grouped(const std::string& id);

}  // namespace hearthgate::cli
