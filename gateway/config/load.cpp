#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/keys.h"
#include "config/suggest.h"
#include "config/tuning.h"
#include "config/yaml_tree.h"

namespace hearthgate::config {
namespace {

std::string join(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + "." + name;
}

// A plain scalar as YAML's core schema reads it (YAML 1.2 section 10.3.2, decimal numbers only), anything else as text.
boost::json::value jsonOfScalar(const YamlNode& node) {
  const std::string& text = node.text;
  if (node.quoted) return boost::json::string(text);
  if (text == "true" || text == "false") return text == "true";
  const char* end = text.data() + text.size();
  // A leading zero is part of a code or phone number, not of a number.
  std::string_view digits = std::string_view(text).substr(!text.empty() && text[0] == '-' ? 1 : 0);
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return boost::json::string(text);
  if (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') return boost::json::string(text);
  int64_t whole;
  if (auto r = std::from_chars(text.data(), end, whole); r.ec == std::errc() && r.ptr == end) return whole;
  uint64_t big;
  if (auto r = std::from_chars(text.data(), end, big); r.ec == std::errc() && r.ptr == end) return big;
  double real;
  if (auto r = std::from_chars(text.data(), end, real); r.ec == std::errc() && r.ptr == end && std::isfinite(real)) {
    return real;
  }
  return boost::json::string(text);
}

boost::json::value jsonOf(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return nullptr;
    case YamlNode::Kind::kScalar:
      return jsonOfScalar(node);
    case YamlNode::Kind::kList: {
      boost::json::array array;
      for (const auto& item : node.items) array.push_back(jsonOf(item));
      return array;
    }
    case YamlNode::Kind::kMap:
      break;
  }
  boost::json::object object;
  for (const auto& entry : node.entries) object[entry.name] = jsonOf(entry.value);
  return object;
}

std::string kindWords(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "has no value";
    case YamlNode::Kind::kScalar:
      return "is the value " + shown(node.text);
    case YamlNode::Kind::kList:
      return "is a list";
    case YamlNode::Kind::kMap:
      return "is a section";
  }
  return "";
}

// Reads the tree of one file into Collected.
class Reader {
 public:
  Reader(const Sources& sources, Collected& collected) : sources_(sources), collected_(collected) {}

  void readSection(const YamlNode& node, const std::string& section) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kMap) {
      return problem(node.line, node.column, section, section.empty() ? "the file " + kindWords(node) : kindWords(node),
                     "a section with " + enumerate(namesIn(section)));
    }
    for (const auto& entry : node.entries) {
      std::string path = join(section, entry.name);
      if (entry.name.find('.') != std::string::npos) {
        // `admin.port: 1` would otherwise pass for the path that it spells.
        unknown(entry, section);
      } else if (path == "plugins") {
        readPlugins(entry.value);
      } else if (const Key* key = findKey(path)) {
        readKey(*key, entry.value);
      } else if (isSection(path)) {
        readSection(entry.value, path);
      } else {
        unknown(entry, section);
      }
    }
  }

 private:
  void problem(int line, int column, std::string key, std::string what, std::string allowed) {
    if (collected_.problems.size() >= kMaxProblems) return;
    collected_.problems.push_back(
        {position(sources_.file_name, line, column), std::move(key), std::move(what), std::move(allowed)});
  }

  void readKey(const Key& key, const YamlNode& node) {
    auto parsed = parse(key, node);
    if (auto* objection = std::get_if<Objection>(&parsed)) {
      return problem(node.line, node.column, key.path, objection->what, objection->allowed);
    }
    Origin origin;
    origin.kind = Origin::Kind::kFile;
    origin.file = sources_.file_name;
    origin.line = node.line;
    origin.column = node.column;
    collected_.values[static_cast<size_t>(&key - keys().data())] = {std::get<Value>(parsed), origin};
  }

  static std::variant<Value, Objection> parse(const Key& key, const YamlNode& node) {
    std::string allowed = allowedWords(key);
    if (node.kind == YamlNode::Kind::kNull) {
      // `""` in quotes is a text; nothing at all is more likely a slip.
      if (node.quoted && key.type == Type::kText) return parseScalar(key, node.text);
      return Objection{"has no value; leave the line away for the default " + jsonText(key.fallback), allowed};
    }
    bool list = key.type == Type::kTexts || key.type == Type::kOptionalTexts;
    if (list != (node.kind == YamlNode::Kind::kList) || node.kind == YamlNode::Kind::kMap) {
      return Objection{kindWords(node), allowed};
    }
    if (!list) {
      bool number = key.type == Type::kInteger || key.type == Type::kBoolean;
      if (number && node.quoted)
        return Objection{"is the text " + shown(node.text) + " because of its quotes", allowed};
      return parseScalar(key, node.text);
    }
    std::vector<std::string> texts;
    for (const auto& item : node.items) {
      if (item.kind != YamlNode::Kind::kScalar) return Objection{"an item " + kindWords(item), allowed};
      texts.push_back(item.text);
    }
    return parseTexts(key, std::move(texts));
  }

  void readPlugins(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kMap) {
      return problem(node.line, node.column, "plugins", kindWords(node), "one section for each plugin, by its name");
    }
    for (const auto& entry : node.entries) {
      std::string path = "plugins." + entry.name;
      const auto& available = sources_.plugins;
      if (available && std::find(available->begin(), available->end(), entry.name) == available->end()) {
        auto objection = unknownPlugin(entry.name, *available);
        problem(entry.line, entry.column, path, objection.what, objection.allowed);
        continue;
      }
      if (entry.value.kind != YamlNode::Kind::kMap && entry.value.kind != YamlNode::Kind::kNull) {
        problem(entry.value.line, entry.value.column, path, kindWords(entry.value),
                "the plugin's settings as a section; `{}` runs it with its defaults");
        continue;
      }
      Origin origin;
      origin.kind = Origin::Kind::kFile;
      origin.file = sources_.file_name;
      origin.line = entry.line;
      origin.column = entry.column;
      bool empty = entry.value.kind == YamlNode::Kind::kNull;
      collected_.plugins[entry.name] = {empty ? "{}" : boost::json::serialize(jsonOf(entry.value)), origin};
    }
  }

  void unknown(const YamlNode::Entry& entry, const std::string& section) {
    std::string path = join(section, entry.name);
    auto meant = suggestKey(path);
    if (findKey(path)) {
      size_t dot = path.find('.', section.empty() ? 0 : section.size() + 1);
      meant = path.substr(0, dot) + ": {" + path.substr(dot + 1) + ": …}";
    }
    problem(entry.line, entry.column, path, "there is no such key" + (meant ? ", did you mean " + *meant + "?" : ""),
            (section.empty() ? "here: " : "in " + section + ": ") + enumerate(namesIn(section)));
  }

  const Sources& sources_;
  Collected& collected_;
};

// What only shows when several keys are looked at together.
void checkTogether(Collected& collected) {
  const auto& table = keys();
  auto chosen = [&](std::string_view path) -> const Chosen& {
    return collected.values[static_cast<size_t>(findKey(path) - table.data())];
  };
  const Chosen& interval = chosen("storage.commit_interval_ms");
  const Chosen& durability = chosen("storage.durability");
  if (std::get<int64_t>(interval.value) > 0 && std::get<std::string>(durability.value) == "full") {
    bool variable = interval.origin.kind == Origin::Kind::kEnvironment;
    collected.problems.push_back(
        {interval.origin.text(), variable ? "" : "storage.commit_interval_ms",
         "a commit may not wait while storage.durability is full (" + durability.origin.text() + ")",
         "0, or `storage.durability: normal` beside it"});
  }
}

Collected collect(const Sources& sources) {
  Collected collected;
  for (const auto& key : keys()) collected.values.push_back({key.fallback, {}});
  auto tree = parseYaml(sources.text, sources.file_name);
  if (auto* problem = std::get_if<Problem>(&tree)) {
    collected.problems.push_back(*problem);
  } else {
    Reader(sources, collected).readSection(std::get<YamlNode>(tree), "");
  }
  applyEnvironment(sources, collected);
  checkTogether(collected);
  return collected;
}

}  // namespace

Loaded load(const Sources& sources) {
  Collected collected = collect(sources);
  Loaded loaded;
  const auto& table = keys();
  for (size_t i = 0; i < table.size(); ++i) {
    const auto& [value, origin] = collected.values[i];
    table[i].assign(loaded.config, value);
    loaded.settings.push_back({table[i].path, jsonText(value), origin});
  }
  for (const auto& [name, section] : collected.plugins) {
    loaded.config.plugins[name] = section.json;
    loaded.settings.push_back({"plugins." + name, section.json, section.origin});
  }
  loaded.problems = std::move(collected.problems);
  return loaded;
}

Config defaultConfig() { return load({}).config; }

FileText readConfigFile(const std::string& path) {
  if (path.empty()) return {};
  auto failed = [&](const std::string& why, const std::string& what_to_do) {
    return FileText{"", Problem{path, "", why, what_to_do}};
  };
  // A pipe without a writer would hold the start up for ever.
  std::error_code ignored;
  auto type = std::filesystem::status(path, ignored).type();
  bool readable = type == std::filesystem::file_type::regular || type == std::filesystem::file_type::character;
  if (std::filesystem::exists(path, ignored) && !readable) {
    return failed(type == std::filesystem::file_type::directory ? "this is a folder" : "this is no regular file",
                  "a YAML file");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    int reason = errno;
    if (reason == ENOENT) return {};
    return failed(std::string("the file cannot be opened: ") + std::strerror(reason), "a file that this user may read");
  }
  // One byte more than allowed tells a file that is too large, without reading all of a device or a huge file.
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return failed("the file cannot be read: " + std::string(std::strerror(errno)), "a regular file");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) {
    return failed("the file is too large", "at most " + std::to_string(kMaxFileBytes) + " bytes");
  }
  return {std::move(text), std::nullopt};
}

Loaded loadFile(const std::string& path, Environment environment, std::optional<std::vector<std::string>> plugins) {
  FileText file = readConfigFile(path);
  Loaded loaded = load({path, std::move(file.text), std::move(environment), std::move(plugins)});
  if (file.problem) loaded.problems.insert(loaded.problems.begin(), *file.problem);
  return loaded;
}

}  // namespace hearthgate::config
