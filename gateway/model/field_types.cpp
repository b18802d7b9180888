#include "model/field_types.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/utf8.h"
#include "model/limits.h"

namespace hearthgate::model {
namespace {

constexpr std::string_view kKeyText = "\"$type\":";  // as it stands in canonical text, where no string holds bare quotes
constexpr std::string_view kTypeStep{"$type\0", 6};     // as it stands in a path
constexpr std::string_view kThere = "true";
constexpr std::string_view kIdLetters = "abcdefghijklmnopqrstuvwxyz234567";
constexpr size_t kWriterLetters = 8;  // of a replica id: tells the 1,024 of one entity apart but once in two million

// Takes the first key from a path, where it needs no unescaping.
std::optional<std::string_view> takeKey(std::string_view* rest) {
  size_t end = rest->find('\0');
  if (end == std::string_view::npos || (end + 1 < rest->size() && (*rest)[end + 1] == '\xFF')) return std::nullopt;
  std::string_view key = rest->substr(0, end);
  rest->remove_prefix(end + 1);
  return key;
}

std::optional<int64_t> integer(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool isShare(int64_t value) { return value <= kMaxShare && value >= -kMaxShare; }

// The type that a statement names.
std::optional<FieldType> statedType(const Json& value) {
  const Json* name = value.find(kTypeKey);
  return name && name->isString() ? parseFieldType(name->text) : std::nullopt;
}

// The type of kept content, and what it has.
struct Kept {
  FieldType type;
  const Json* content;
};
std::optional<Kept> keptAs(const Json& value) {
  const Json* outer = value.find(kTypeKey);
  if (!outer || !outer->isObject() || outer->members.size() != 1) return std::nullopt;
  auto type = parseFieldType(outer->members.front().first);
  if (!type) return std::nullopt;
  return Kept{*type, &outer->members.front().second};
}

Json number(int64_t value) { return {Json::Type::kNumber, std::to_string(value), {}, {}}; }
Json string(std::string_view text) { return {Json::Type::kString, std::string(text), {}, {}}; }
Json emptyObject() { return {Json::Type::kObject, "", {}, {}}; }
Json objectOf(std::string_view key, Json value) {
  Json out = emptyObject();
  out.members.emplace_back(std::string(key), std::move(value));
  return out;
}

constexpr size_t kShownPathBytes = 200;  // in a message

std::string shownPath(const Path& path) { return displayName(pathJson(path), kShownPathBytes); }

Error bad(std::string message) { return inputError("bad_document", std::move(message)); }

std::string nameOf(FieldType type) {
  switch (type) {
    case FieldType::kGset: return "a set that only grows (gset)";
    case FieldType::kOrset: return "a set (orset)";
    case FieldType::kCounter: return "a counter";
  }
  return "a set";
}

// One write, on its way through a document.
class Statement {
 public:
  explicit Statement(const std::function<ReplicaId()>& self) : self_(self) {}

  Result<Json> whole(const Json& document, const Json* shown) {
    if (document.find(kTypeKey)) return typed(document, shown && keptAs(*shown) ? shown : nullptr);
    if (shown && keptAs(*shown)) return becomes(document, *shown);
    if (!document.isObject()) return document;
    Json out = emptyObject();
    for (const auto& [key, value] : document.members) {
      keys_.push_back(key);
      HG_TRY(Json made, whole(value, shown ? shown->find(key) : nullptr));
      keys_.pop_back();
      out.members.emplace_back(key, std::move(made));
    }
    return out;
  }

  Status patch(Json* target, const Json& document) {
    if (document.find(kTypeKey)) {
      HG_TRY(*target, typed(document, target->isNull() ? nullptr : target));
      return {};
    }
    if (keptAs(*target)) {
      HG_TRY(*target, becomes(document, *target));
      return {};
    }
    if (!document.isObject()) {
      *target = document;
      return {};
    }
    if (!target->isObject()) *target = emptyObject();
    for (const auto& [key, value] : document.members) {
      auto at = std::lower_bound(target->members.begin(), target->members.end(), key,
                                 [](const auto& member, const std::string& wanted) { return member.first < wanted; });
      bool there = at != target->members.end() && at->first == key;
      if (value.isNull()) {
        if (there) target->members.erase(at);
        continue;
      }
      if (!there) at = target->members.emplace(at, key, Json{});
      keys_.push_back(key);
      HG_CHECK(patch(&at->second, value));
      keys_.pop_back();
    }
    return {};
  }

  std::vector<Path> takeAnew() { return std::move(anew_); }

 private:
  // Writers of each element, or shares.
  using Content = std::map<std::string, Json>;

  Error tooFar() const { return bad("The counter " + here() + " would go beyond what one home counts: 2^50 up or down."); }
  std::string here() const { return shownPath(joinPath(keys_)); }
  Json there() {
    return objectOf(self_().text().substr(0, kWriterLetters), {Json::Type::kBool, std::string(kThere), {}, {}});
  }

  // A plain value in the place of a set or counter.
  Result<Json> becomes(const Json& value, const Json& shown) {
    Json statement = objectOf(kTypeKey, string(fieldTypeText(keptAs(shown)->type)));
    statement.members.emplace_back("is", value);
    return typed(statement, &shown);
  }

  // What a statement makes of a set or counter, or of nothing.
  Result<Json> typed(const Json& statement, const Json* shown) {
    auto type = statedType(statement);
    if (!type) return bad("The field " + here() + " has a $type that is none of gset, orset and counter.");
    if (keys_.empty()) return bad("All fields together cannot be a set or a counter; name a field.");
    Content content;
    if (shown) {
      auto now = keptAs(*shown);
      if (!now || now->type != *type) {
        return bad("The field " + here() + (now ? " is " + nameOf(now->type) : std::string(" has a plain value")) +
                   ", so it cannot be written as " + nameOf(*type) + "; remove it first.");
      }
      for (const auto& [key, value] : now->content->members) content.emplace(key, value);
    }
    HG_CHECK(*type == FieldType::kCounter ? count(statement, &content) : change(*type, statement, &content));
    Json members = emptyObject();
    for (auto& [key, value] : content) members.members.emplace_back(key, std::move(value));
    return objectOf(kTypeKey, objectOf(fieldTypeText(*type), std::move(members)));
  }

  Status onlyMembers(FieldType type, const Json& statement, std::initializer_list<std::string_view> allowed) {
    for (const auto& [key, value] : statement.members) {
      if (key == kTypeKey || std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
      return bad("The field " + here() + " is written as " + nameOf(type) + " with \"" + displayName(key, kShownPathBytes) + "\", which that does not have.");
    }
    if (statement.find("is") && statement.members.size() > 2) {
      return bad("The field " + here() + " is written with \"is\", beside which nothing else can stand.");
    }
    return {};
  }

  Result<std::vector<std::string>> elements(const Json& statement, std::string_view member) {
    std::vector<std::string> texts;
    const Json* list = statement.find(member);
    if (!list) return texts;
    if (list->type != Json::Type::kArray) {
      return bad("The field " + here() + " is a set, whose elements are given as an array; to write something else there, remove "
                 "it first.");
    }
    for (const Json& item : list->items) {
      texts.push_back(canonicalJson(item));
      if (texts.back().size() > kMaxElementBytes) {
        return bad("An element of the set " + here() + " has " + std::to_string(texts.back().size()) +
                   " bytes; at most 255 are allowed. What is larger is an entity of its own.");
      }
    }
    return texts;
  }

  Status change(FieldType type, const Json& statement, Content* content) {
    bool grows_only = type == FieldType::kGset;
    HG_CHECK(grows_only ? onlyMembers(type, statement, {"add", "is"}) : onlyMembers(type, statement, {"add", "remove", "is"}));
    HG_TRY(std::vector<std::string> added, elements(statement, "add"));
    HG_TRY(std::vector<std::string> removed, elements(statement, "remove"));
    HG_TRY(std::vector<std::string> all, elements(statement, "is"));
    if (statement.find("is") && !grows_only) {
      std::erase_if(*content, [&](const auto& element) {
        return !element.first.empty() && std::find(all.begin(), all.end(), element.first) == all.end();
      });
    }
    for (const std::string& element : all) {
      if (!content->contains(element)) content->emplace(element, there());
    }
    for (const std::string& element : removed) {
      if (std::find(added.begin(), added.end(), element) != added.end()) {
        return bad("The set " + here() + " is to get and to lose the element " + displayName(element, kShownPathBytes) +
                   " in one write.");
      }
      content->erase(element);
    }
    // Said again on purpose, also where it is there: another home that takes it away at the same time has not seen this.
    for (const std::string& element : added) {
      Json mine = there();
      std::vector<std::string> path = keys_;
      path.insert(path.end(), {std::string(kTypeKey), std::string(fieldTypeText(type)), element, mine.members.front().first});
      anew_.push_back(joinPath(path));
      content->insert_or_assign(element, std::move(mine));
    }
    if (!content->contains("")) content->emplace("", there());
    return {};
  }

  Status count(const Json& statement, Content* content) {
    HG_CHECK(onlyMembers(FieldType::kCounter, statement, {"increment", "is"}));
    int64_t step = 0;
    for (std::string_view member : {"increment", "is"}) {
      const Json* value = statement.find(member);
      if (!value) continue;
      auto whole = value->type == Json::Type::kNumber ? integer(value->text) : std::nullopt;
      if (!whole) {
        return bad("The field " + here() + " is a counter, which an integer changes; to write something else there, remove it "
                   "first.");
      }
      if (!isShare(*whole)) return tooFar();
      step = *whole;
    }
    if (statement.find("is")) {
      for (const auto& [replica, share] : *content) step -= shareOf(share.text).value_or(0);
    }
    if (step == 0 && !content->empty()) return {};
    std::string self = self_().text();
    auto mine = content->find(self);
    int64_t share = step + (mine == content->end() ? 0 : shareOf(mine->second.text).value_or(0));
    if (!isShare(share)) return tooFar();
    content->insert_or_assign(self, number(share));
    return {};
  }

  const std::function<ReplicaId()>& self_;
  std::vector<std::string> keys_;  // of the place in the document
  std::vector<Path> anew_;
};

// Gives each set and counter its statement.
void restate(Json* node) {
  if (auto kept = keptAs(*node)) {
    Json is{kept->type == FieldType::kCounter ? Json::Type::kNumber : Json::Type::kArray, "", {}, {}};
    int64_t sum = 0;
    for (const auto& [key, value] : kept->content->members) {
      if (kept->type == FieldType::kCounter) {
        sum += shareOf(value.text).value_or(0);
      } else if (auto element = parseJson(key, kMaxDepth); element.ok()) {
        is.items.push_back(std::move(*element));
      }
    }
    if (kept->type == FieldType::kCounter) is.text = std::to_string(sum);
    Json statement = objectOf(kTypeKey, string(fieldTypeText(kept->type)));
    statement.members.emplace_back("is", std::move(is));
    *node = std::move(statement);
    return;
  }
  if (!node->isObject()) return;
  for (auto& [key, value] : node->members) restate(&value);
}

// Where the key that names types stands in a path; npos where it does not.
size_t typeStep(std::string_view path) {
  for (size_t at = path.find(kTypeStep); at != std::string_view::npos; at = path.find(kTypeStep, at + 1)) {
    bool begins = at == 0 || path[at - 1] == '\0';
    bool ends = at + kTypeStep.size() == path.size() || path[at + kTypeStep.size()] != '\xFF';
    if (begins && ends) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view fieldTypeText(FieldType type) {
  switch (type) {
    case FieldType::kGset: return "gset";
    case FieldType::kOrset: return "orset";
    case FieldType::kCounter: return "counter";
  }
  return "orset";
}

std::optional<FieldType> parseFieldType(std::string_view text) {
  for (FieldType type : {FieldType::kGset, FieldType::kOrset, FieldType::kCounter}) {
    if (fieldTypeText(type) == text) return type;
  }
  return std::nullopt;
}

bool mentionsTypes(std::string_view fields) { return fields.find(kKeyText) != std::string_view::npos; }

bool mentionsTypes(const Json& document) {
  return std::any_of(document.members.begin(), document.members.end(),
                     [](const auto& member) { return member.first == kTypeKey || mentionsTypes(member.second); });
}

std::optional<TypedPart> typedPart(std::string_view path) {
  size_t at = typeStep(path);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  std::string_view rest = path.substr(at + kTypeStep.size());
  auto name = takeKey(&rest);
  auto type = name ? parseFieldType(*name) : std::nullopt;
  auto key = type ? takeKey(&rest) : std::nullopt;
  if (!key) return std::nullopt;
  TypedPart part{path.substr(0, at), *type, *key, {}};
  if (*type != FieldType::kCounter) {
    auto writer = takeKey(&rest);
    if (!writer) return std::nullopt;
    part.writer = *writer;
  }
  return rest.empty() ? std::optional(part) : std::nullopt;
}

void TypedFields::notice(std::string_view path) {
  auto part = typedPart(path);
  if (!part || (!fields_.empty() && isBelow(path, fields_.back().path))) return;
  // What lies below it and sorts before $type is none of its own.
  while (!fields_.empty() && isBelow(fields_.back().path, part->field)) fields_.pop_back();
  fields_.push_back({Path(part->field), part->type});
}

const TypedFields::Field* TypedFields::of(std::string_view leaf) const {
  // The last field that sorts before the leaf is the only one that it can be below, for none lies below another.
  auto after = std::upper_bound(fields_.begin(), fields_.end(), leaf,
                                [](std::string_view wanted, const Field& field) { return wanted < field.path; });
  if (after == fields_.begin()) return nullptr;
  const Field& field = *std::prev(after);
  return isBelow(leaf, field.path) ? &field : nullptr;
}

const TypedFields::Field* TypedFields::at(std::string_view path) const {
  auto found = std::lower_bound(fields_.begin(), fields_.end(), path,
                                [](const Field& field, std::string_view wanted) { return field.path < wanted; });
  return found != fields_.end() && found->path == path ? &*found : nullptr;
}

bool fits(const TypedFields::Field& field, std::string_view path, std::string_view value) {
  auto part = typedPart(path);
  if (!part || part->field != field.path || part->type != field.type) return false;
  if (field.type == FieldType::kCounter) return shareOf(value) && ReplicaId::parse(part->key);
  bool names_writer = part->writer.size() == kWriterLetters && part->writer.find_first_not_of(kIdLetters) == part->writer.npos;
  if (value != kThere || !names_writer || part->key.size() > kMaxElementBytes) return false;
  if (part->key.empty()) return true;
  // In its array it is one level below that, which is one below the object that has the field.
  size_t above = splitPath(field.path).size() + 1;
  auto element = parseJson(part->key, above < kMaxDepth ? kMaxDepth - above : 1);
  return element.ok() && canonicalJson(*element) == part->key;
}

Status checkTypes(std::string_view fields) {
  Leaves leaves = scanLeaves(fields);
  const TypedFields typed(leaves);
  for (const Leaf& leaf : leaves) {
    const TypedFields::Field* field = typed.of(leaf.path);
    if (field && !fits(*field, leaf.path, leaf.value)) {
      return bad("The field " + shownPath(field->path) + " is " + nameOf(field->type) + " with something else in it: " +
                 shownPath(leaf.path) + ".");
    }
    if (!field && typeStep(leaf.path) != std::string_view::npos) {
      return bad(shownPath(leaf.path) + " is no set or counter; $type names one of gset, orset and counter.");
    }
  }
  return {};
}

Leaves plainLeaves(const Leaves& kept) {
  const TypedFields typed(kept);
  Leaves plain;
  plain.reserve(kept.size());
  for (size_t i = 0; i < kept.size();) {
    const TypedFields::Field* field = typed.of(kept[i].path);
    if (!field) {
      plain.push_back(kept[i++]);
      continue;
    }
    std::string list = "[";
    std::string_view last;
    int64_t sum = 0;
    for (; i < kept.size() && isBelow(kept[i].path, field->path); ++i) {
      if (!fits(*field, kept[i].path, kept[i].value)) continue;
      std::string_view key = typedPart(kept[i].path)->key;
      if (field->type == FieldType::kCounter) sum += *shareOf(kept[i].value);
      // An element's writers stand together.
      if (field->type == FieldType::kCounter || key == last) continue;
      if (list.size() > 1) list += ',';
      list += key;
      last = key;
    }
    plain.push_back({field->path, field->type == FieldType::kCounter ? std::to_string(sum) : list + "]"});
  }
  return plain;
}

std::string plainFields(std::string_view kept) {
  if (!mentionsTypes(kept)) return std::string(kept);
  return canonicalFields(plainLeaves(scanLeaves(kept)));
}

std::string typesText(std::string_view kept) {
  if (!mentionsTypes(kept)) return "{}";
  Leaves types;
  const TypedFields typed(scanLeaves(kept));
  for (const auto& field : typed.all()) types.push_back({field.path, jsonString(fieldTypeText(field.type))});
  return canonicalFields(types);
}

Result<Stated> stateFields(std::string_view shown, const Json& document, Extent extent,
                           const std::function<ReplicaId()>& self) {
  if (!document.isObject()) return bad("The fields of an entity are a JSON object.");
  HG_TRY(Json now, parseJson(shown, kMaxDepth));
  Statement statement(self);
  if (extent == Extent::kWhole) {
    HG_TRY(now, statement.whole(document, &now));
  } else {
    HG_CHECK(statement.patch(&now, document));
  }
  Stated stated;
  HG_TRY(stated.fields, fieldsText(now));
  stated.anew = statement.takeAnew();
  std::sort(stated.anew.begin(), stated.anew.end());
  return stated;
}

Result<Json> statementOf(std::string_view kept) {
  HG_TRY(Json document, parseJson(kept, kMaxDepth));
  restate(&document);
  return document;
}

std::optional<int64_t> shareOf(std::string_view value) {
  auto share = integer(value);
  return share && isShare(*share) ? share : std::nullopt;
}

}  // namespace hearthgate::model
