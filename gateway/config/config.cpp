#include "config/config.h"

#include "base/utf8.h"
#include "config/keys.h"
#include "config/suggest.h"
#include "config/yaml_tree.h"

namespace hearthgate::config {

std::string Problem::text() const {
  constexpr size_t kLongestLine = 2048;  // lists of names are long; a line stays a line
  std::string line = where + ": ";
  if (!key.empty()) line += key + ": ";
  line += what;
  if (!allowed.empty()) line += " (" + allowed + ")";
  return displayName(line, kLongestLine);
}

std::string Origin::text() const {
  switch (kind) {
    case Kind::kDefault:
      return "default";
    case Kind::kFile:
      return position(file, line, column);
    case Kind::kEnvironment:
      return variable;
  }
  return "";
}

Objection unknownPlugin(const std::string& name, const std::vector<std::string>& available) {
  auto meant = nearest(name, available);
  std::string list;
  for (const auto& plugin : available) list += (list.empty() ? "" : ", ") + plugin;
  return {"there is no plugin of this name" + (meant ? ", did you mean " + *meant + "?" : ""),
          available.empty() ? "no plugins are there; see plugins_path" : "there are: " + list};
}

std::optional<std::string> suggestKey(std::string_view key) {
  size_t dot = key.rfind('.');
  std::string section(dot == std::string_view::npos ? "" : key.substr(0, dot));
  std::string name(dot == std::string_view::npos ? key : key.substr(dot + 1));
  // First a neighbour, then the same name elsewhere, then anything that is spelled alike as a whole.
  if (auto meant = nearest(name, namesIn(section))) return section.empty() ? *meant : section + "." + *meant;
  std::vector<std::string> all;
  for (const auto& known : keys()) {
    if (known.path.ends_with("." + name)) return known.path;
    all.push_back(known.path);
  }
  return nearest(key, all);
}

}  // namespace hearthgate::config
