#include <algorithm>
#include <boost/json.hpp>

#include "base/exact_json.h"
#include "base/utf8.h"
#include "config/keys.h"
#include "config/suggest.h"
#include "config/yaml_tree.h"

extern char** environ;

namespace hearthgate::config {
namespace {

constexpr std::string_view kPluginsPrefix = "HEARTHGATE_PLUGINS_";

std::string upper(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool letter = c >= 'a' && c <= 'z';
    bool digit = c >= '0' && c <= '9';
    out += letter ? static_cast<char>(c - 'a' + 'A') : digit ? c : '_';
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Origin originOf(const std::string& variable) {
  Origin origin;
  origin.kind = Origin::Kind::kEnvironment;
  origin.variable = variable;
  return origin;
}

// A list is a JSON array of texts, or texts with commas between them; empty is the empty list.
std::variant<Value, Objection> parseList(const Key& key, const std::string& text) {
  std::vector<std::string> texts;
  size_t start = text.find_first_not_of(' ');
  if (start != std::string::npos && text[start] == '[') {
    boost::json::error_code error;
    auto value = parseExactJson(text, error);
    if (error || !value.is_array()) return Objection{shown(text) + " is no JSON array", allowedWords(key)};
    for (const auto& item : value.get_array()) {
      if (!item.is_string()) return Objection{"an item of " + shown(text) + " is no text", allowedWords(key)};
      texts.emplace_back(item.get_string());
    }
    return parseTexts(key, std::move(texts));
  }
  for (size_t at = start; at != std::string::npos && at < text.size();) {
    size_t comma = std::min(text.find(',', at), text.size());
    size_t first = text.find_first_not_of(' ', at);
    size_t last = text.find_last_not_of(' ', comma - 1);
    if (first >= comma) return Objection{shown(text) + " has an empty item", allowedWords(key)};
    texts.push_back(text.substr(first, last - first + 1));
    at = comma + 1;
    if (at == text.size() && text.back() == ',')
      return Objection{shown(text) + " has an empty item", allowedWords(key)};
  }
  return parseTexts(key, std::move(texts));
}

void problem(Collected& collected, const std::string& variable, Objection objection) {
  collected.problems.push_back({variable, "", std::move(objection.what), std::move(objection.allowed)});
}

// The plugin that `rest` (what follows HEARTHGATE_PLUGINS_) names, and the setting after it. The longest name wins:
// `MY_LAN_PORT` is `port` of `my_lan` if there is such a plugin.
struct PluginVariable {
  std::string plugin;
  std::string setting;  // empty: the whole section
};
std::optional<PluginVariable> splitPluginVariable(const std::string& rest, const std::vector<std::string>& names) {
  std::optional<PluginVariable> best;
  for (const auto& name : names) {
    std::string start = upper(name);
    if (best && best->plugin.size() >= name.size()) continue;
    if (rest == start) best = PluginVariable{name, ""};
    if (rest.starts_with(start + "_") && rest.size() > start.size() + 1) {
      best = PluginVariable{name, lower(std::string_view(rest).substr(start.size() + 1))};
    }
  }
  return best;
}

// HEARTHGATE_PLUGINS_LAN is the whole section as a JSON object; HEARTHGATE_PLUGINS_LAN_MDNS is its setting `mdns`, JSON
// where it reads as such, else text.
void applyPluginVariable(const Sources& sources, Collected& collected, const std::string& variable,
                         const std::string& text) {
  std::string rest = variable.substr(kPluginsPrefix.size());
  std::vector<std::string> names;
  if (sources.plugins) names = *sources.plugins;
  if (!sources.plugins) {
    for (const auto& [name, section] : collected.plugins) names.push_back(name);
    names.push_back(lower(rest.substr(0, rest.find('_'))));
  }
  auto target = splitPluginVariable(rest, names);
  if (!target) return problem(collected, variable, unknownPlugin(lower(rest), names));
  boost::json::error_code error;
  auto value = parseExactJson(text, error);
  auto& section = collected.plugins[target->plugin];
  section.origin = originOf(variable);
  if (target->setting.empty()) {
    if (error || !value.is_object()) {
      if (section.json.empty()) section.json = "{}";
      return problem(collected, variable, {shown(text) + " is no JSON object", "the plugin's whole section as JSON"});
    }
    section.json = boost::json::serialize(value);
    return;
  }
  if (error) value = boost::json::string(text);
  boost::json::object object;
  if (!section.json.empty()) object = parseExactJson(section.json, error).as_object();
  object[target->setting] = std::move(value);
  section.json = boost::json::serialize(object);
}

void applyUnknown(Collected& collected, const std::string& variable) {
  std::vector<std::string> known;
  for (const auto& key : keys()) known.push_back(variableOf(key.path));
  auto meant = nearest(variable, known);
  problem(
      collected, variable,
      {"there is no such key", meant ? "did you mean " + *meant + "?" : "`hearthgate config schema` lists all keys"});
}

}  // namespace

std::string variableOf(std::string_view key) { return std::string(kVariablePrefix) + upper(key); }

void applyEnvironment(const Sources& sources, Collected& collected) {
  const auto& table = keys();
  for (const auto& entry : sources.environment) {
    // No structured binding: clang 14 lets no lambda name one.
    const std::string& variable = entry.first;
    const std::string& text = entry.second;
    if (!variable.starts_with(kVariablePrefix)) continue;
    if (!isUtf8(variable) || !isUtf8(text)) {
      problem(collected, displayName(variable), {"it is no UTF-8", "text in UTF-8"});
      continue;
    }
    auto key = std::find_if(table.begin(), table.end(), [&](const Key& k) { return variableOf(k.path) == variable; });
    if (key == table.end()) {
      if (variable.starts_with(kPluginsPrefix) && variable.size() > kPluginsPrefix.size()) {
        applyPluginVariable(sources, collected, variable, text);
      } else {
        applyUnknown(collected, variable);
      }
      continue;
    }
    bool list = key->type == Type::kTexts || key->type == Type::kOptionalTexts;
    auto parsed = list ? parseList(*key, text) : parseScalar(*key, text);
    if (auto* objection = std::get_if<Objection>(&parsed)) {
      problem(collected, variable, *objection);
    } else {
      collected.values[static_cast<size_t>(key - table.begin())] = {std::get<Value>(parsed), originOf(variable)};
    }
  }
}

Environment processEnvironment() {
  Environment found;
  for (char** entry = environ; entry && *entry; ++entry) {
    std::string_view line = *entry;
    size_t equals = line.find('=');
    if (!line.starts_with(kVariablePrefix) || equals == std::string_view::npos) continue;
    if (line.substr(0, equals) == kPassphraseVariable) continue;
    found.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return found;
}

}  // namespace hearthgate::config
