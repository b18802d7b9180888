#include "model/leaves.h"

#include <algorithm>

#include "base/assert.h"
#include "model/limits.h"

namespace hearthgate::model {
namespace {

void appendKey(std::string_view key, Path* path) {
  for (char c : key) {
    *path += c;
    if (c == '\0') *path += '\xFF';
  }
  *path += '\0';
}

// Appends the first key of `path` as JSON; gives how many bytes of the path it is.
size_t appendFirstKey(std::string_view path, std::string* out) {
  size_t end = path.find('\0');
  if (end + 1 >= path.size() || path[end + 1] != '\xFF') {
    appendJsonString(path.substr(0, end), out);
    return end + 1;
  }
  std::string key;  // with zero bytes of its own
  size_t at = 0;
  for (; path[at] != '\0' || (at + 1 < path.size() && path[at + 1] == '\xFF'); ++at) {
    key += path[at];
    if (path[at] == '\0') ++at;
  }
  appendJsonString(key, out);
  return at + 1;
}

// Whether `value` has more than `levels` levels of arrays and objects.
bool isDeeperThan(const Json& value, size_t levels) {
  if (value.type != Json::Type::kArray && !value.isObject()) return false;
  if (levels == 0) return true;
  auto deeper = [&](const Json& inner) { return isDeeperThan(inner, levels - 1); };
  return std::any_of(value.items.begin(), value.items.end(), deeper) ||
         std::any_of(value.members.begin(), value.members.end(), [&](const auto& member) { return deeper(member.second); });
}

// Sets and counters are written as objects with this key (CONTRACT.md, entity); kept as plain fields they could not be told
// from them later.
constexpr std::string_view kTypeKey = "$type";

// What one pass over a document gathers.
struct Collected {
  Leaves leaves;
  Path prefix;
  size_t bytes = 0;  // of the canonical text so far
  std::string text;  // of one name
};

Status collect(const Json& object, Collected* out) {
  out->bytes += 2;
  for (const auto& [key, value] : object.members) {
    if (key.size() > kMaxNameBytes) {
      return inputError("bad_document", "A field name has " + std::to_string(key.size()) + " bytes; at most 255 are allowed.");
    }
    if (key == kTypeKey) {
      return inputError("bad_document", "A field whose value names a $type is a set or a counter; this version of Hearthgate keeps "
                                        "plain values only.");
    }
    size_t length = out->prefix.size();
    appendKey(key, &out->prefix);
    // The name with its quotes, the colon, and a comma before all but the first.
    out->text.clear();
    appendJsonString(key, &out->text);
    out->bytes += out->text.size() + (&value == &object.members.front().second ? 1 : 2);
    if (value.isObject() && !value.members.empty()) {
      HG_CHECK(collect(value, out));
    } else {
      if (out->leaves.size() == kMaxFields) {
        return inputError("bad_document", "The document has more than 4096 fields; split it over several entities.");
      }
      out->leaves.push_back({out->prefix, canonicalJson(value)});
      out->bytes += out->leaves.back().value.size();
    }
    if (out->bytes > kMaxDocumentBytes) {
      return inputError("too_large", "The document is larger than 1 MiB; keep large content in files.");
    }
    out->prefix.resize(length);
  }
  return {};
}

// A tree of what is there, so that a patch can be applied level by level.
Json toTree(const Leaves& leaves) {
  Json root;
  root.type = Json::Type::kObject;
  for (const Leaf& leaf : leaves) {
    Json* at = &root;
    for (std::string& key : splitPath(leaf.path)) {
      if (at->members.empty() || at->members.back().first != key) at->members.emplace_back(std::move(key), Json{});
      at = &at->members.back().second;
      if (at->type == Json::Type::kNull) at->type = Json::Type::kObject;
    }
    auto value = parseJson(leaf.value, kMaxDepth);
    HG_ASSERT(value.ok());  // Leaves hold canonical JSON.
    *at = std::move(*value);
  }
  return root;
}

void applyPatch(Json* target, const Json& patch) {
  if (!patch.isObject()) {
    *target = patch;
    return;
  }
  if (!target->isObject()) {
    *target = Json{};
    target->type = Json::Type::kObject;
  }
  for (const auto& [key, value] : patch.members) {
    auto at = std::lower_bound(target->members.begin(), target->members.end(), key,
                               [](const auto& member, const std::string& wanted) { return member.first < wanted; });
    bool there = at != target->members.end() && at->first == key;
    if (value.isNull()) {
      if (there) target->members.erase(at);
      continue;
    }
    if (!there) at = target->members.emplace(at, key, Json{});
    applyPatch(&at->second, value);
  }
}

}  // namespace

Path joinPath(const std::vector<std::string>& keys) {
  Path path;
  for (const std::string& key : keys) appendKey(key, &path);
  return path;
}

std::vector<std::string> splitPath(const Path& path) {
  std::vector<std::string> keys;
  std::string key;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '\0') {
      key += path[i];
    } else if (i + 1 < path.size() && path[i + 1] == '\xFF') {
      key += '\0';
      ++i;
    } else {
      keys.push_back(std::move(key));
      key.clear();
    }
  }
  return keys;
}

std::string pathJson(const Path& path) {
  std::string out = "[";
  for (const std::string& key : splitPath(path)) {
    if (out.size() > 1) out += ',';
    appendJsonString(key, &out);
  }
  return out + "]";
}

bool isBelow(std::string_view path, std::string_view ancestor) {
  return path.size() > ancestor.size() && path.substr(0, ancestor.size()) == ancestor && path[ancestor.size()] != '\xFF';
}

Result<Leaves> leavesOf(const Json& object) {
  if (!object.isObject()) return inputError("bad_document", "The fields of an entity are a JSON object.");
  // The parser looked already, but at a whole request rather than at its fields.
  if (isDeeperThan(object, kMaxDepth)) {
    return inputError("bad_document", "The fields are nested deeper than 32 levels; flatten them or keep them as text.");
  }
  Collected collected;
  HG_CHECK(collect(object, &collected));
  return std::move(collected.leaves);
}

Result<Leaves> parseLeaves(std::string_view fields) {
  HG_TRY(Json object, parseJson(fields, kMaxDepth));
  return leavesOf(object);
}

std::string canonicalFields(const Leaves& leaves) {
  std::string out = "{";
  // The objects that are open, by the length of their path within the leaf before.
  std::vector<size_t> open;
  std::string_view before;
  for (const Leaf& leaf : leaves) {
    std::string_view path = leaf.path;
    size_t common = 0;
    while (common < open.size() && isBelow(path, before.substr(0, open[common]))) ++common;
    out.append(open.size() - common, '}');
    open.resize(common);
    if (out.back() != '{') out += ',';
    for (size_t at = open.empty() ? 0 : open.back(); at < path.size();) {
      at += appendFirstKey(path.substr(at), &out);
      out += ':';
      if (at == path.size()) break;
      out += '{';
      open.push_back(at);
    }
    out += leaf.value;
    before = path;
  }
  out.append(open.size() + 1, '}');
  return out;
}

Result<Leaves> mergePatch(const Leaves& leaves, const Json& patch) {
  if (!patch.isObject()) return inputError("bad_document", "A patch of an entity's fields is a JSON object.");
  Json tree = toTree(leaves);
  applyPatch(&tree, patch);
  return leavesOf(tree);
}

}  // namespace hearthgate::model
