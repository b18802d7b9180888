// A YAML text as a tree that remembers where each part stood. Wraps yaml-cpp's event interface, so that hostile texts
// are refused while they are read and no yaml-cpp type or exception leaves this folder. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/problem.h"

namespace hearthgate::config {

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  std::string text;             // of a scalar
  bool quoted = false;          // a scalar in quotes or a block: always text, never a number or boolean
  int line = 0;                 // from 1
  int column = 0;               // from 1
  std::vector<YamlNode> items;  // of a list
  std::vector<Entry> entries;   // of a map, in the file's order, names unique
};

struct YamlNode::Entry {
  std::string name;
  int line = 0;  // of the name
  int column = 0;
  YamlNode value;
};

// Reads one document; an empty text is a kNull. Anchors, aliases, tags, more than one document, duplicate or composed
// names, tabs that indent, bytes that are no UTF-8 text, more than kMaxFileBytes or kMaxDepth are problems.
// `file` only names the text in problems. One problem at most: after it, what follows cannot be understood.
std::variant<YamlNode, Problem> parseYaml(std::string_view text, const std::string& file);

// `FILE:LINE:COLUMN`.
std::string position(const std::string& file, int line, int column);

// `text` in double quotes, cut to kMaxShownBytes and with nothing unprintable in it.
std::string shown(std::string_view text);

}  // namespace hearthgate::config
