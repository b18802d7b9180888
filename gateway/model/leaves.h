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

// The leaves of a JSON object. Fails with `bad_document` when it is none or a limit of limits.h is passed, `too_large`
// above kMaxDocumentBytes.
Result<Leaves> leavesOf(const Json& object);
// Reads what canonicalFields() wrote.
Result<Leaves> parseLeaves(std::string_view fields);
// The object that has these leaves, as canonical JSON.
std::string canonicalFields(const Leaves& leaves);

// `patch` applied to `leaves` as RFC 7396 says: null removes, objects merge, anything else replaces.
Result<Leaves> mergePatch(const Leaves& leaves, const Json& patch);

}  // namespace hearthgate::model
