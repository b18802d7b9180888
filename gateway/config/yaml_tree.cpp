#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "base/utf8.h"
#include "config/tuning.h"

namespace hearthgate::config {
namespace {

// Thrown through yaml-cpp by the builder below and caught in parseYaml.
struct Refused {
  YAML::Mark mark;
  std::string what;
  std::string allowed;
};

// Builds the tree from yaml-cpp's events. Nodes are kept by value in the frames of what is open, so nothing dangles.
class Builder : public YAML::EventHandler {
 public:
  YamlNode takeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refused{mark, "a second document starts here", "one document, so no second `---`"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(leaf(mark, anchor, YamlNode::Kind::kNull));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{mark, "an alias (`*name`) is used", "write the value out: aliases are not supported"};
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    throw Refused{mark, "an anchor (`&name`) is used", "leave it away: anchors and aliases are not supported"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    // yaml-cpp gives `?` for plain scalars and `!` for those in quotes or blocks.
    if (tag != "?" && tag != "!" && !tag.empty()) refuseTag(mark, tag);
    YamlNode node = leaf(mark, anchor, YamlNode::Kind::kScalar);
    node.text = value;
    node.quoted = tag == "!";
    // yaml-cpp calls only a missing value null; YAML 1.2 section 10.3.2 has these too.
    if (!node.quoted && (value.empty() || value == "~" || value == "null")) node.kind = YamlNode::Kind::kNull;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    std::optional<YamlNode::Entry> pending;      // a map's name that waits for its value
    std::unordered_map<std::string, int> lines;  // of a map's names so far; a scan for each would be quadratic
  };

  [[noreturn]] static void refuseTag(const YAML::Mark& mark, const std::string& tag) {
    throw Refused{mark, "the tag " + shown(tag) + " is used", "plain values: tags such as !include are not supported"};
  }

  static YamlNode leaf(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (anchor != 0)
      throw Refused{mark, "an anchor (`&name`) is used", "leave it away: anchors and aliases are not supported"};
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (tag != "?" && !tag.empty()) refuseTag(mark, tag);
    if (frames_.size() >= kMaxDepth) {
      throw Refused{mark, "nested too deeply", "at most " + std::to_string(kMaxDepth) + " levels"};
    }
    if (!frames_.empty() && frames_.back().node.kind == YamlNode::Kind::kMap && !frames_.back().pending)
      refuseName(mark);
    frames_.push_back({leaf(mark, anchor, kind), std::nullopt, {}});
  }

  void close() {
    YamlNode node = std::move(frames_.back().node);
    frames_.pop_back();
    add(std::move(node));
  }

  [[noreturn]] static void refuseName(const YAML::Mark& mark) {
    throw Refused{mark, "the name of a key is no plain text", "`name: value`"};
  }

  void add(YamlNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlNode::Kind::kList) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.pending) {
      // yaml-cpp places a missing value at the token after it, often in another line.
      bool missing = node.kind == YamlNode::Kind::kNull && node.text.empty() && !node.quoted;
      if (missing) {
        node.line = frame.pending->line;
        node.column = frame.pending->column;
      }
      frame.pending->value = std::move(node);
      frame.node.entries.push_back(std::move(*frame.pending));
      frame.pending.reset();
    } else {
      startEntry(frame, node);
    }
  }

  void startEntry(Frame& frame, const YamlNode& name) {
    YAML::Mark mark;
    mark.line = name.line - 1;
    mark.column = name.column - 1;
    if (name.kind != YamlNode::Kind::kScalar) refuseName(mark);
    auto [earlier, fresh] = frame.lines.emplace(name.text, name.line);
    if (!fresh) {
      throw Refused{mark, "the key " + shown(name.text) + " stands twice in its section",
                    "once; it stands in line " + std::to_string(earlier->second) + " already"};
    }
    frame.pending = YamlNode::Entry{name.text, name.line, name.column, {}};
  }

  YamlNode root_;
  std::vector<Frame> frames_;
  int documents_ = 0;
};

struct Place {
  int line = 1;
  int column = 1;
};

Place placeOf(std::string_view text, size_t at) {
  Place place;
  place.line += static_cast<int>(std::count(text.begin(), text.begin() + at, '\n'));
  size_t newline = text.substr(0, at).rfind('\n');
  place.column = static_cast<int>(newline == std::string_view::npos ? at : at - newline - 1) + 1;
  return place;
}

Problem problemAt(const std::string& file, Place place, std::string what, std::string allowed) {
  return {position(file, place.line, place.column), "", std::move(what), std::move(allowed)};
}

// The start of the first line that is not well-formed UTF-8: enough to find it with an editor.
size_t firstBadLine(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    size_t end = std::min(text.find('\n', at), text.size());
    if (!isUtf8(text.substr(at, end - at))) return at;
    at = end + 1;
  }
  return text.size();
}

// What yaml-cpp would accept, misread or report in a way that helps nobody.
std::optional<Problem> checkBytes(std::string_view text, const std::string& file) {
  if (text.size() > kMaxFileBytes) {
    return Problem{file, "", "the file has " + std::to_string(text.size()) + " bytes",
                   "at most " + std::to_string(kMaxFileBytes)};
  }
  auto control = [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F;
  };
  auto bad = std::find_if(text.begin(), text.end(), control);
  if (bad != text.end()) {
    return problemAt(file, placeOf(text, static_cast<size_t>(bad - text.begin())),
                     *bad == '\0' ? "there is a NUL byte" : "there is a control character", "UTF-8 text");
  }
  if (!isUtf8(text))
    return problemAt(file, placeOf(text, firstBadLine(text)), "this line is no UTF-8 text", "UTF-8 text");
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find('\n', start), text.size());
    size_t indent = std::min(text.find_first_not_of(" \t\r", start), end);
    size_t tab = text.substr(start, indent - start).find('\t');
    if (tab != std::string_view::npos && indent < end) {
      return problemAt(file, placeOf(text, start + tab), "a tab indents this line", "spaces");
    }
    start = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::string position(const std::string& file, int line, int column) {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string shown(std::string_view text) {
  std::string cut = displayName(text, kMaxShownBytes);
  return "\"" + cut + (text.size() > kMaxShownBytes ? "…" : "") + "\"";
}

std::variant<YamlNode, Problem> parseYaml(std::string_view text, const std::string& file) {
  if (auto problem = checkBytes(text, file)) return *problem;
  std::istringstream stream{std::string(text)};
  Builder builder;
  auto place = [](const YAML::Mark& mark) { return Place{std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1}; };
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.takeRoot();
  } catch (const Refused& refused) {
    return problemAt(file, place(refused.mark), refused.what, refused.allowed);
  } catch (const YAML::Exception& error) {
    return problemAt(file, place(error.mark), "this is no YAML: " + displayName(error.msg, 200), "");
  } catch (const std::exception& error) {
    return Problem{file, "", "this is no YAML: " + displayName(error.what(), 200), ""};
  }
}

}  // namespace hearthgate::config
