#include "mdns_messages.h"

#include <boost/json.hpp>

namespace hearthgate::lan {
namespace {

namespace json = boost::json;

json::array listOf(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

std::string line(const json::object& message) { return json::serialize(message) + "\n"; }

std::optional<json::object> parsed(std::string_view text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string textOf(const json::object& message, const char* name) {
  const json::value* value = message.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}
int64_t numberOf(const json::object& message, const char* name) {
  const json::value* value = message.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}
bool flagOf(const json::object& message, const char* name) {
  const json::value* value = message.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}
std::vector<std::string> textsOf(const json::object& message, const char* name) {
  std::vector<std::string> texts;
  const json::value* value = message.if_contains(name);
  if (value == nullptr || !value->is_array()) return texts;
  for (const json::value& text : value->get_array()) {
    if (text.is_string()) texts.emplace_back(text.get_string());
  }
  return texts;
}

}  // namespace

std::string encode(const MdnsOrder& order) {
  return line({{"what", static_cast<int64_t>(order.what)},
               {"number", static_cast<int64_t>(order.number)},
               {"type", order.service.type},
               {"name", order.service.name},
               {"port", order.service.port},
               {"txt", listOf(order.service.txt)},
               {"address", order.service.address}});
}

std::optional<MdnsOrder> decodeOrder(std::string_view text) {
  const auto message = parsed(text);
  if (!message) return std::nullopt;
  const int64_t what = numberOf(*message, "what");
  if (what < 0 || what > static_cast<int64_t>(MdnsOrder::What::kEnd)) return std::nullopt;
  return MdnsOrder{static_cast<MdnsOrder::What>(what), static_cast<uint64_t>(numberOf(*message, "number")),
                   {textOf(*message, "type"), textOf(*message, "name"), static_cast<uint16_t>(numberOf(*message, "port")),
                    textsOf(*message, "txt"), textOf(*message, "address")}};
}

std::string encode(const MdnsReport& report) {
  const sdk::ServiceInstance& instance = report.instance;
  return line({{"what", static_cast<int64_t>(report.what)},
               {"number", static_cast<int64_t>(report.number)},
               {"change", static_cast<int64_t>(report.change)},
               {"type", instance.type},
               {"name", instance.name},
               {"interface", instance.interface},
               {"address", instance.address},
               {"port", instance.port},
               {"txt", listOf(instance.txt)},
               {"own", instance.own},
               {"on_link", instance.on_link},
               {"code", report.outcome.code},
               {"message", report.outcome.message},
               {"text", report.text},
               {"level", static_cast<int64_t>(report.level)}});
}

std::optional<MdnsReport> decodeReport(std::string_view text) {
  const auto message = parsed(text);
  if (!message) return std::nullopt;
  const int64_t what = numberOf(*message, "what"), change = numberOf(*message, "change"), level = numberOf(*message, "level");
  if (what < 0 || what > static_cast<int64_t>(MdnsReport::What::kLog) || change < 0 ||
      change > static_cast<int64_t>(sdk::ServiceChange::kLost) || level < 0 || level > static_cast<int64_t>(sdk::Log::Level::kError)) {
    return std::nullopt;
  }
  return MdnsReport{static_cast<MdnsReport::What>(what),
                    static_cast<uint64_t>(numberOf(*message, "number")),
                    static_cast<sdk::ServiceChange>(change),
                    {textOf(*message, "type"), textOf(*message, "name"), textOf(*message, "interface"), textOf(*message, "address"),
                     static_cast<uint16_t>(numberOf(*message, "port")), textsOf(*message, "txt"), flagOf(*message, "own"),
                     flagOf(*message, "on_link")},
                    {textOf(*message, "code"), textOf(*message, "message")},
                    textOf(*message, "text"),
                    static_cast<sdk::Log::Level>(level)};
}

}  // namespace hearthgate::lan
