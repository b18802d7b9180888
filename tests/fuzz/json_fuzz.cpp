// JSON from outside: whatever is read has one canonical text that reads as itself, leaves that write the document
// again, merge patches that do nothing the second time, and sets and counters that stay what they are.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/assert.h"
#include "base/utf8.h"
#include "model/field_types.h"
#include "model/leaves.h"
#include "model/limits.h"

namespace {

using namespace hearthgate;
using namespace hearthgate::model;

void checkRefusal(const Error& error) {
  HG_ASSERT(error.code == "bad_json" || error.code == "bad_document" || error.code == "too_large");
  HG_ASSERT(isUtf8(error.message) && error.message.size() < 1000);
}

// A number is the double or the integer that the C library reads, and looks like the one that it is.
void checkNumber(std::string_view input, const Json& json) {
  std::string text(input);
  bool is_double = text.find_first_of(".eE") != std::string::npos;
  HG_ASSERT(is_double == (json.text.find_first_of(".e") != std::string::npos));
  if (!is_double) return;
  double theirs = std::strtod(text.c_str(), nullptr);
  double ours = std::strtod(json.text.c_str(), nullptr);
  HG_ASSERT(std::isfinite(ours) && std::memcmp(&theirs, &ours, sizeof ours) == 0);
}

void checkLeaves(const Json& object, const std::string& canonical) {
  auto leaves = leavesOf(object);
  if (!leaves.ok()) return checkRefusal(leaves.error());
  HG_ASSERT(canonicalFields(*leaves) == canonical);
  HG_ASSERT(canonical.size() <= kMaxDocumentBytes && leaves->size() <= kMaxFields);
  auto again = parseLeaves(canonical);
  HG_ASSERT(again.ok() && *again == *leaves);
  for (size_t i = 0; i < leaves->size(); ++i) {
    const Path& path = (*leaves)[i].path;
    HG_ASSERT(joinPath(splitPath(path)) == path);
    HG_ASSERT(isUtf8(pathJson(path)));
    if (i == 0) continue;
    const Path& before = (*leaves)[i - 1].path;
    HG_ASSERT(before < path && splitPath(before) < splitPath(path) && !isBelow(path, before));
  }
}

// The leaves as the tree has them, without the scanner.
void walk(const Json& object, std::vector<std::string>* keys, Leaves* out) {
  for (const auto& [key, value] : object.members) {
    keys->push_back(key);
    if (value.isObject() && !value.members.empty()) {
      walk(value, keys, out);
    } else {
      out->push_back({joinPath(*keys), canonicalJson(value)});
    }
    keys->pop_back();
  }
}

// The check without a tree takes exactly the texts that the tree would write, and the scanner finds its leaves in them.
void checkFields(std::string_view input) {
  auto quick = checkFieldsText(input);
  auto json = parseJson(input, kMaxDepth);
  bool object = json.ok() && json->isObject();
  bool canonical = object && canonicalJson(*json) == input;
  auto text = object ? fieldsText(*json) : Result<std::string>(inputError("bad_document", "no object"));
  HG_ASSERT(quick.ok() == (canonical && text.ok()));
  if (text.ok()) HG_ASSERT(*text == canonicalJson(*json) && checkFieldsText(*text).ok());
  if (!quick.ok()) {
    HG_ASSERT(isUtf8(quick.error().message) && quick.error().message.size() < 1000);
    return;
  }
  Leaves leaves;
  std::vector<std::string> keys;
  walk(*json, &keys, &leaves);
  HG_ASSERT(leaves.size() == *quick && scanLeaves(input) == leaves);
}

void checkPatch(const Json& object, const Json& patch) {
  auto leaves = leavesOf(object);
  if (!leaves.ok()) return;
  auto once = mergePatch(*leaves, patch);
  if (!once.ok()) return checkRefusal(once.error());
  auto twice = mergePatch(*once, patch);
  HG_ASSERT(twice.ok() && *twice == *once);
  HG_ASSERT(parseLeaves(canonicalFields(*once)).ok());
}

// What is kept, and what a document makes of it, in whatever form it comes.
void checkStatement(std::string_view shown, const Json& document) {
  ReplicaId self;
  self.bytes.fill(7);
  for (Extent extent : {Extent::kWhole, Extent::kPatch}) {
    auto stated = stateFields(shown, document, extent, [&] { return self; });
    if (!stated.ok()) {
      checkRefusal(stated.error());
      continue;
    }
    HG_ASSERT(checkFieldsText(stated->fields).ok());
    std::string plain = plainFields(stated->fields);
    auto shows = parseJson(plain, kMaxDepth);
    HG_ASSERT(shows.ok() && !mentionsTypes(*shows));
    HG_ASSERT(parseJson(typesText(stated->fields), kMaxDepth).ok());
    // Said as a whole, on top of itself and of nothing, it is the same.
    auto statement = statementOf(stated->fields);
    HG_ASSERT(statement.ok());
    for (const std::string& on : {stated->fields, std::string("{}")}) {
      auto again = stateFields(on, *statement, Extent::kWhole, [&] { return self; });
      // What counted to the end cannot be counted at once by one home.
      if (again.ok()) HG_ASSERT(plainFields(again->fields) == plain);
      else checkRefusal(again.error());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  checkFields(input);
  auto json = parseJson(input, kMaxDepth);
  if (!json.ok()) {
    checkRefusal(json.error());
  } else {
    std::string canonical = canonicalJson(*json);
    HG_ASSERT(isUtf8(canonical));
    auto again = parseJson(canonical, kMaxDepth);
    HG_ASSERT(again.ok() && canonicalJson(*again) == canonical);
    if (json->type == Json::Type::kNumber) checkNumber(input, *json);
    if (json->isObject()) checkLeaves(*json, canonical);
    // No text that is read at one depth is refused at a greater one.
    HG_ASSERT(parseJson(input, kMaxDepth + 5).ok());
  }
  // A document and a patch, one line each.
  size_t line = input.find('\n');
  if (line != std::string_view::npos) {
    auto object = parseJson(input.substr(0, line), kMaxDepth);
    auto patch = parseJson(input.substr(line + 1), kMaxDepth);
    if (object.ok() && patch.ok() && object->isObject()) checkPatch(*object, *patch);
    auto kept = checkFieldsText(input.substr(0, line));
    if (kept.ok() && patch.ok() && patch->isObject()) checkStatement(input.substr(0, line), *patch);
  }
  return 0;
}
