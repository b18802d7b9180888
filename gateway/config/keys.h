// The one table of configuration keys. Validation, the typed Config, the JSON schema, `config explain` and the
// environment variables are all made from it; a new key is one row in keys.cpp and one member of Config. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace hearthgate::config {

// monostate: not set (only keys of kOptionalTexts).
using Value = std::variant<std::monostate, bool, int64_t, std::string, std::vector<std::string>>;

enum class Type { kText, kBoolean, kInteger, kChoice, kTexts, kOptionalTexts };

// Why a value of the right type is still wrong.
struct Objection {
  std::string what;
  std::string allowed;
};

struct Key {
  std::string path;
  Type type;
  Value fallback;  // the default
  int64_t least;   // of kInteger
  int64_t most;
  std::vector<std::string> choices;                 // of kChoice
  std::string allowed;                              // in words; empty: made from the type, see allowedWords()
  std::string help;                                 // one sentence
  std::optional<Objection> (*check)(const Value&);  // may be null
  void (*assign)(Config&, const Value&);
};

// In the order of the documentation.
const std::vector<Key>& keys();
const Key* findKey(std::string_view path);

// The help of a section, of `plugins` and of the whole; empty for anything else.
std::string sectionHelp(std::string_view section);
// The names that may stand directly in `section` (empty: the root), in the table's order.
std::vector<std::string> namesIn(std::string_view section);
bool isSection(std::string_view path);

// `a whole number from 1 to 3600`.
std::string allowedWords(const Key& key);
// The value as JSON text.
std::string jsonText(const Value& value);

// `text` as a value of `key`; an Objection when it is of another type, out of range or refused by the key's check.
std::variant<Value, Objection> parseScalar(const Key& key, const std::string& text);
// A list for a kTexts or kOptionalTexts key.
std::variant<Value, Objection> parseTexts(const Key& key, std::vector<std::string> texts);

inline constexpr std::string_view kVariablePrefix = "HEARTHGATE_";

// Lays the values of the environment over `values`; declared here for load.cpp alone.
struct Chosen {
  Value value;
  Origin origin;
};
struct PluginSection {
  std::string json;  // an object
  Origin origin;
};
struct Collected {
  std::vector<Chosen> values;  // by the key's place in keys()
  std::map<std::string, PluginSection> plugins;
  std::vector<Problem> problems;
};
void applyEnvironment(const Sources& sources, Collected& collected);

// Problem's text for a plugin that is not among `available`.
Objection unknownPlugin(const std::string& name, const std::vector<std::string>& available);

}  // namespace hearthgate::config
