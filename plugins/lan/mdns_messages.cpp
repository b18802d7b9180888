#include "mdns_messages.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <boost/json.hpp>

#include "lan/tuning.h"

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

// Within what it can be in a message: a number that does not fit says something else than it seems to.
bool isPort(int64_t number) { return number >= 0 && number <= 65535; }

// An IP literal, of IPv6 perhaps with its zone, or nothing.
bool isAddress(const std::string& text) {
  const size_t zone = text.find('%');
  const std::string literal = text.substr(0, zone);
  in6_addr parsed{};
  if (literal.find(':') == std::string::npos) {
    return text.empty() || (zone == std::string::npos && ::inet_pton(AF_INET, literal.c_str(), &parsed) == 1);
  }
  const size_t zone_bytes = zone == std::string::npos ? 1 : text.size() - zone - 1;
  return zone_bytes > 0 && zone_bytes < IF_NAMESIZE && text.find('\0') == std::string::npos &&
         ::inet_pton(AF_INET6, literal.c_str(), &parsed) == 1;
}

bool canBe(const sdk::ServiceInstance& instance) {
  size_t txt_bytes = 0;
  for (const std::string& text : instance.txt) txt_bytes += text.size() + 1;
  return instance.type.size() <= kMaxTypeBytes && instance.name.size() <= kMaxLabelBytes && instance.interface.size() < IF_NAMESIZE &&
         isAddress(instance.address) && txt_bytes <= sdk::kMaxTxtBytes;
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
  if (what < 0 || what > static_cast<int64_t>(MdnsOrder::What::kEnd) || !isPort(numberOf(*message, "port"))) return std::nullopt;
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
      change > static_cast<int64_t>(sdk::ServiceChange::kLost) || level < 0 || level > static_cast<int64_t>(sdk::Log::Level::kError) || !isPort(numberOf(*message, "port"))) {
    return std::nullopt;
  }
  MdnsReport report{static_cast<MdnsReport::What>(what),
                    static_cast<uint64_t>(numberOf(*message, "number")),
                    static_cast<sdk::ServiceChange>(change),
                    {textOf(*message, "type"), textOf(*message, "name"), textOf(*message, "interface"), textOf(*message, "address"),
                     static_cast<uint16_t>(numberOf(*message, "port")), textsOf(*message, "txt"), flagOf(*message, "own"),
                     flagOf(*message, "on_link")},
                    {textOf(*message, "code"), textOf(*message, "message")},
                    textOf(*message, "text"),
                    static_cast<sdk::Log::Level>(level)};
  if (!canBe(report.instance) || report.text.size() > kMaxReportTextBytes || report.outcome.code.size() > kMaxLabelBytes ||
      report.outcome.message.size() > kMaxReportTextBytes) {
    return std::nullopt;
  }
  return report;
}

}  // namespace hearthgate::lan
