// The fields of an entity as leaves: the paths at which values stand. Arrays and `{}` are values; other objects are
// paths. A path is kept as one byte string that sorts as its array of keys does. Values, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/json.h"

namespace hearthgate::model {

// The keys of a path, each followed by a zero byte; a zero byte inside a key is followed by 0xFF, which UTF-8 never
// holds. So byte order is the order of the arrays of keys, and a path that starts with another lies below it.
using Path = std::string;

Path joinPath(const std::vector<std::string>& keys);
std::vector<std::string> splitPath(const Path& path);
// ["attributes","color"] as JSON, the form of CONTRACT's `lost_fields`.
std::string pathJson(const Path& path);
// Whether `path` lies below `ancestor` (and is not it).
bool isBelow(std::string_view path, std::string_view ancestor);

struct Leaf {
  Path path;
  std::string value;  // canonical JSON
  bool operator==(const Leaf&) const = default;
};

// Sorted by path; no leaf lies below another.
using Leaves = std::vector<Leaf>;

// The canonical text of a JSON object that may be the fields of an entity. Fails as leavesOf() does.
Result<std::string> fieldsText(const Json& object);
// What fieldsText() would give for this text, if it is that already: how many leaves it has. Fails with `bad_version` when it
// is not canonical, and as leavesOf() does. Builds no tree: every version that comes from another home is looked at so.
Result<size_t> checkFieldsText(std::string_view text);

// Goes over the leaves of canonical fields in order, without copying them. Only for what fieldsText() gave, or
// checkFieldsText() or checkKept() has passed: in anything else it ends where it cannot go on, and is broken().
class LeafScan {
 public:
  enum class Paths { kRead, kPassedOver };  // Counting needs none, and building them is most of the work.
  explicit LeafScan(std::string_view fields, Paths paths = Paths::kRead) : fields_(fields), paths_(paths) {}
  // To the next leaf; false after the last one.
  bool next();
  std::string_view path() const { return path_; }  // until next()
  std::string_view value() const { return value_; }  // within the fields
  bool broken() const { return broken_; }

 private:
  char look() const;  // zero, which no field holds, after the last byte
  bool fail();
  void readEscaped();
  void appendKeyTo(size_t end);
  bool readKey();
  size_t stringEnd(size_t at) const;
  size_t valueEnd() const;

  std::string_view fields_;
  Paths paths_;
  size_t at_ = 1;
  Path path_;
  std::vector<size_t> open_;  // length of the path to each object around the present one
  size_t length_ = 0;         // of the path to the present one
  std::string_view value_;
  bool broken_ = false;
};

// The leaves of a JSON object. Fails with `bad_document` when it is none or a limit of limits.h is passed, `too_large`
// above kMaxDocumentBytes.
Result<Leaves> leavesOf(const Json& object);
// Those of canonical fields, as LeafScan reads them.
Leaves scanLeaves(std::string_view fields);
// Reads what canonicalFields() wrote.
Result<Leaves> parseLeaves(std::string_view fields);
// The object that has these leaves, as canonical JSON.
std::string canonicalFields(const Leaves& leaves);

// `patch` applied to `leaves` as RFC 7396 says: null removes, objects merge, anything else replaces.
Result<Leaves> mergePatch(const Leaves& leaves, const Json& patch);

}  // namespace hearthgate::model
