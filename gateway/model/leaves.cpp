#include "model/leaves.h"

#include <algorithm>

#include "base/assert.h"
#include "model/field_types.h"
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

Status checkKey(std::string_view key) {
  if (key.size() > kMaxNameBytes) {
    return inputError("bad_document", "A field name has " + std::to_string(key.size()) + " bytes; at most 255 are allowed.");
  }
  return {};
}

Error tooDeep() {
  return inputError("bad_document", "The fields are nested deeper than 32 levels; flatten them or keep them as text.");
}
Error tooManyFields() {
  return inputError("bad_document", "The document has more than 4096 fields; split it over several entities.");
}
Error tooLarge() { return inputError("too_large", "The document is larger than 1 MiB; keep large content in files."); }

// Whether `value` has more than `levels` levels of arrays and objects.
bool isDeeperThan(const Json& value, size_t levels) {
  if (value.type != Json::Type::kArray && !value.isObject()) return false;
  if (levels == 0) return true;
  auto deeper = [&](const Json& inner) { return isDeeperThan(inner, levels - 1); };
  return std::any_of(value.items.begin(), value.items.end(), deeper) ||
         std::any_of(value.members.begin(), value.members.end(), [&](const auto& member) { return deeper(member.second); });
}

Status appendFields(const Json& object, size_t levels, size_t* leaves, std::string* out) {
  if (levels == 0) return tooDeep();
  *out += '{';
  for (const auto& [key, value] : object.members) {
    HG_CHECK(checkKey(key));
    if (out->back() != '{') *out += ',';
    appendJsonString(key, out);
    *out += ':';
    if (value.isObject() && !value.members.empty()) {
      HG_CHECK(appendFields(value, levels - 1, leaves, out));
    } else {
      if (++*leaves > kMaxFields) return tooManyFields();
      if (isDeeperThan(value, levels - 1)) return tooDeep();
      appendCanonicalJson(value, out);
    }
    if (out->size() > kMaxDocumentBytes) return tooLarge();
  }
  *out += '}';
  return {};
}

constexpr size_t kUsualFields = 512;  // bytes: saves growing

// A tree of what is there, so that a patch can be applied level by level.
Result<Json> toTree(const Leaves& leaves) {
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
    if (!value.ok()) return storageError("database_corrupt", "A stored field is not JSON: the database is damaged.");
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

Result<std::string> fieldsText(const Json& object) {
  if (!object.isObject()) return inputError("bad_document", "The fields of an entity are a JSON object.");
  std::string text;
  text.reserve(kUsualFields);
  size_t leaves = 0;
  HG_CHECK(appendFields(object, kMaxDepth, &leaves, &text));
  if (text.size() > kMaxDocumentBytes) return tooLarge();
  if (mentionsTypes(text)) HG_CHECK(checkTypes(text));
  return text;
}

Result<size_t> checkFieldsText(std::string_view text) {
  if (text.size() > kMaxDocumentBytes) return tooLarge();
  HG_TRY(size_t leaves, checkCanonicalObject(text, kMaxDepth, checkKey));
  if (leaves > kMaxFields) return tooManyFields();
  if (mentionsTypes(text)) HG_CHECK(checkTypes(text));
  return leaves;
}

char LeafScan::look() const { return at_ < fields_.size() ? fields_[at_] : '\0'; }

bool LeafScan::fail() {
  broken_ = true;
  at_ = fields_.size();
  return false;
}

// The quote that ends the string whose first one stands at `at`; npos where there is none.
size_t LeafScan::stringEnd(size_t at) const {
  for (size_t from = at + 1;;) {
    size_t end = fields_.find('"', from);
    if (end == std::string_view::npos) return end;
    size_t escape = fields_.substr(from, end - from).find('\\');
    if (escape == std::string_view::npos) return end;
    from += escape + 2;  // What is escaped, a quote perhaps, is passed over.
  }
}

// Appends the character that stands escaped at `at_`, which goes to its last byte.
void LeafScan::readEscaped() {
  ++at_;
  char c = look();
  switch (c) {
    case 'b': c = '\b'; break;
    case 'f': c = '\f'; break;
    case 'n': c = '\n'; break;
    case 'r': c = '\r'; break;
    case 't': c = '\t'; break;
    case 'u': {
      // Only the characters below 0x20 are written so, with lower-case digits.
      at_ += 3;
      int high = look() - '0';
      ++at_;
      int low = look() <= '9' ? look() - '0' : look() - 'a' + 10;
      c = static_cast<char>(high * 16 + low);
      break;
    }
    default: break;
  }
  path_ += c;
  if (c == '\0') path_ += '\xFF';
}

// Appends the key whose quotes stand at `at_` and `end` to the path of the object around it.
void LeafScan::appendKeyTo(size_t end) {
  path_.resize(length_);
  std::string_view key = fields_.substr(at_ + 1, end - at_ - 1);
  if (key.find('\\') == std::string_view::npos) {
    path_ += key;
  } else {
    for (++at_; at_ < end; ++at_) {
      char c = fields_[at_];
      if (c == '\\') {
        readEscaped();
      } else {
        path_ += c;
      }
    }
  }
  path_ += '\0';
}

bool LeafScan::readKey() {
  size_t end = look() == '"' ? stringEnd(at_) : std::string_view::npos;
  if (end >= fields_.size()) return false;
  if (paths_ == Paths::kRead) appendKeyTo(end);
  at_ = end + 1;
  if (look() != ':') return false;
  ++at_;
  return true;
}

// Where the value that begins at `at_` ends; npos where it does not.
size_t LeafScan::valueEnd() const {
  char first = look();
  if (first == '"') {
    size_t end = stringEnd(at_);
    return end < fields_.size() ? end + 1 : std::string_view::npos;
  }
  if (first != '[' && first != '{') return fields_.find_first_of(",}", at_);
  size_t depth = 0;
  for (size_t at = at_; at < fields_.size(); ++at) {
    char c = fields_[at];
    if (c == '"') {
      for (++at; at < fields_.size() && fields_[at] != '"'; ++at) {
        if (fields_[at] == '\\') ++at;
      }
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == '}')) {
      return at;
    } else if (c == ']' || c == '}') {
      if (depth-- == 0) break;
    }
  }
  return std::string_view::npos;
}

bool LeafScan::next() {
  while (true) {
    char c = look();
    if (c == '}') {
      if (open_.empty()) {
        broken_ = broken_ || at_ + 1 != fields_.size();
        return false;
      }
      length_ = open_.back();
      open_.pop_back();
      ++at_;
      continue;
    }
    if (c == ',') ++at_;
    if (!readKey()) return fail();
    bool object = look() == '{' && at_ + 1 < fields_.size() && fields_[at_ + 1] != '}';
    if (object) {
      open_.push_back(length_);
      length_ = path_.size();
      ++at_;
      continue;
    }
    size_t end = valueEnd();
    if (end == std::string_view::npos) return fail();
    value_ = fields_.substr(at_, end - at_);
    at_ = end;
    return true;
  }
}

Leaves scanLeaves(std::string_view fields) {
  Leaves leaves;
  for (LeafScan scan(fields); scan.next();) leaves.push_back({Path(scan.path()), std::string(scan.value())});
  return leaves;
}

Result<Leaves> leavesOf(const Json& object) {
  HG_TRY(std::string text, fieldsText(object));
  return scanLeaves(text);
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
  HG_TRY(Json tree, toTree(leaves));
  applyPatch(&tree, patch);
  return leavesOf(tree);
}

}  // namespace hearthgate::model
