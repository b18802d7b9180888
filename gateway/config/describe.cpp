// The table for readers: the JSON schema and `config explain`.
#include <algorithm>
#include <boost/json.hpp>

#include "config/keys.h"

namespace hearthgate::config {
namespace {

boost::json::object schemaOfKey(const Key& key) {
  boost::json::object out{{"description", key.help}, {"default", boost::json::parse(jsonText(key.fallback))}};
  switch (key.type) {
    case Type::kBoolean:
      out["type"] = "boolean";
      if (key.allowed == "true") out["const"] = true;
      break;
    case Type::kInteger:
      out["type"] = "integer";
      out["minimum"] = key.least;
      out["maximum"] = key.most;
      break;
    case Type::kChoice:
      out["type"] = "string";
      out["enum"] = boost::json::array(key.choices.begin(), key.choices.end());
      break;
    case Type::kText:
      out["type"] = "string";
      break;
    case Type::kTexts:
    case Type::kOptionalTexts:
      out["type"] = "array";
      out["items"] = {{"type", "string"}};
      if (std::holds_alternative<std::monostate>(key.fallback)) out.erase("default");
      break;
  }
  out["x-allowed"] = allowedWords(key);
  out["x-environment"] = variableOf(key.path);
  return out;
}

boost::json::object schemaOfSection(const std::string& section) {
  boost::json::object properties;
  for (const auto& name : namesIn(section)) {
    std::string path = section.empty() ? name : section + "." + name;
    const Key* key = findKey(path);
    properties[name] = key ? schemaOfKey(*key) : schemaOfSection(path);
  }
  boost::json::object out{{"type", "object"}, {"description", sectionHelp(section)}};
  if (section == "plugins") {
    out["additionalProperties"] = {{"type", boost::json::array{"object", "null"}}};
  } else {
    out["properties"] = std::move(properties);
    out["additionalProperties"] = false;
  }
  return out;
}

const char* typeWord(Type type) {
  switch (type) {
    case Type::kBoolean:
      return "boolean";
    case Type::kInteger:
      return "whole number";
    case Type::kChoice:
    case Type::kText:
      return "text";
    case Type::kTexts:
    case Type::kOptionalTexts:
      return "list of texts";
  }
  return "";
}

std::string inUse(std::string_view path, const Loaded* loaded) {
  if (!loaded) return "";
  for (const auto& setting : loaded->settings) {
    if (setting.key == path) return "  in use    " + setting.value + "  (" + setting.origin.text() + ")\n";
  }
  return "";
}

std::string explainSection(const std::string& section, const Loaded* loaded) {
  std::string out = (section.empty() ? "" : section + ": ") + sectionHelp(section) + "\n\n";
  if (section == "plugins") {
    for (const auto& setting : loaded ? loaded->settings : std::vector<Setting>{}) {
      if (setting.key.starts_with("plugins.")) out += "  " + setting.key + "  (" + setting.origin.text() + ")\n";
    }
    return out + "  A plugin's own settings are described with the plugin.\n";
  }
  size_t width = 0;
  auto inside = [&](const Key& key) { return section.empty() || key.path.starts_with(section + "."); };
  for (const auto& key : keys()) width = std::max(width, inside(key) ? key.path.size() : 0);
  for (const auto& key : keys()) {
    if (inside(key))
      out += "  " + key.path + std::string(width + 2 - key.path.size(), ' ') + jsonText(key.fallback) + "\n";
  }
  return out;
}

}  // namespace

std::string schema() {
  auto root = schemaOfSection("");
  boost::json::object out{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Hearthgate"}};
  for (auto& member : root) out[member.key()] = std::move(member.value());
  return boost::json::serialize(out);
}

std::optional<std::string> explain(std::string_view path, const Loaded* loaded) {
  const Key* key = findKey(path);
  if (!key) {
    if (isSection(path)) return explainSection(std::string(path), loaded);
    return std::nullopt;
  }
  return key->path + ": " + key->help + "\n\n" + "  type      " + typeWord(key->type) + "\n  allowed   " +
         allowedWords(*key) + "\n  default   " + jsonText(key->fallback) + "\n  variable  " + variableOf(key->path) +
         "\n" + inUse(path, loaded);
}

}  // namespace hearthgate::config
