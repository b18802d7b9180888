// Sets and counters among an entity's fields (DESIGN.md section 2, rule 5; their shapes outside: CONTRACT.md, Entity). In a
// version's fields such a field is an object whose leaves are what carries dots, so sets and counters are stored, sent and
// merged as all other leaves are:
//
//   {"$type":{"orset":{ELEMENT:{WRITER:true}}}}   ELEMENT: canonical JSON as a key, or empty: the set itself, so that it can
//   {"$type":{"gset":{ELEMENT:{WRITER:true}}}}    be there without elements. WRITER: who added it, since two homes may add the
//                                                 same at once, and what one adds is not gone where the other's is removed
//   {"$type":{"counter":{REPLICA:N}}}             N: what was counted under that replica id
//
// `Kept` fields are in that form, `plain` ones show an array or a number instead. Values, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "model/json.h"
#include "model/leaves.h"
#include "model/limits.h"

namespace hearthgate::model {

enum class FieldType : uint8_t { kGset, kOrset, kCounter };

inline constexpr std::string_view kTypeKey = "$type";

std::string_view fieldTypeText(FieldType type);
std::optional<FieldType> parseFieldType(std::string_view text);

// Whether kept fields have any set or counter. Looks for the key alone, so it is quick; never false where there is one.
bool mentionsTypes(std::string_view fields);
// Whether a document states anything about a set or counter: has the key outside of arrays.
bool mentionsTypes(const Json& document);

// What a leaf's path says of the set or counter that it belongs to. Views into the path.
struct TypedPart {
  std::string_view field;   // path of the field
  FieldType type;
  std::string_view key;     // the element's text, as the path has it, or the share's replica id
  std::string_view writer;  // of sets
};
// Nothing for a leaf that is no part of any, or of none that is known.
std::optional<TypedPart> typedPart(std::string_view path);

// The sets and counters among sorted leaves.
class TypedFields {
 public:
  struct Field {
    Path path;
    FieldType type;
  };
  TypedFields() = default;
  explicit TypedFields(std::vector<Field> sorted) : fields_(std::move(sorted)) {}
  // `Leaf` is Leaf or Entry, sorted by path.
  template <typename Leaf>
  explicit TypedFields(const std::vector<Leaf>& leaves) {
    for (const auto& leaf : leaves) notice(leaf.path);
  }

  // The field that a leaf belongs to, or in whose way it is; null for one that is no part of any.
  const Field* of(std::string_view leaf) const;
  // The one at exactly this path, or null.
  const Field* at(std::string_view path) const;
  const std::vector<Field>& all() const { return fields_; }  // sorted by path; none lies below another
  bool none() const { return fields_.empty(); }

 private:
  void notice(std::string_view path);
  std::vector<Field> fields_;
};

// Whether a leaf below `field` is what its type has: an element or a share.
bool fits(const TypedFields::Field& field, std::string_view path, std::string_view value);

// What must hold for kept fields that mention types, whoever sends them: each is of one known type, not all of the fields, and
// has nothing else in it. Fails with `bad_document`.
Status checkTypes(std::string_view fields);

// Kept fields as people and programs see them: sets as arrays in the order of their elements' canonical text, counters as
// the sum of their shares.
std::string plainFields(std::string_view kept);
Leaves plainLeaves(const Leaves& kept);
// CONTRACT's `types`: nested as the fields are, the type's name in place of the value.
std::string typesText(std::string_view kept);

// What a writer says: all fields (PUT), or what changes of them (merge patch of RFC 7396).
enum class Extent { kWhole, kPatch };

struct Stated {
  std::string fields;       // kept
  std::vector<Path> anew;   // leaves that were said again on purpose: they take the dot of this write, as new ones do
};

// What `document` makes of the `shown` kept fields. Statements about sets and counters are CONTRACT's
// `{"$type":"orset","add":[…],"remove":[…]}`, `{"$type":"gset","add":[…]}` and `{"$type":"counter","increment":N}`; in place of
// these members `"is"` says what it shall be. An array or a number where `shown` has a set or counter means that too. A
// gset keeps what it has. `self` gives the replica id under which this is written, drawn only when it is needed.
// Fails with `bad_document` and `too_large`.
Result<Stated> stateFields(std::string_view shown, const Json& document, Extent extent,
                           const std::function<ReplicaId()>& self);

// A document that makes anything into these kept fields (Extent::kWhole): what restore writes.
Result<Json> statementOf(std::string_view kept);

// The most that one share counts, up or down: all that one document can hold add up within 64 bits.
inline constexpr int64_t kMaxShare = int64_t{1} << 50;
static_assert(kMaxShare <= INT64_MAX / static_cast<int64_t>(kMaxFields));

// The number in a share's leaf.
std::optional<int64_t> shareOf(std::string_view value);

}  // namespace hearthgate::model
