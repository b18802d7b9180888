// The binary form of versions, shared by the database and the wire: replica ids and homes are numbers of a table, a dot
// stands only where it differs from the version's own, stamps are deltas (DESIGN.md sections 3 and 6). The content hash
// is not in it: the receiver computes it. Values, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/version.h"

namespace hearthgate::model {

inline constexpr uint8_t kVersionFormat = 1;

// Appends little-endian base-128 integers (LEB128) and length-prefixed bytes.
class ByteWriter {
 public:
  explicit ByteWriter(std::string* out) : out_(out) {}
  void byte(uint8_t value) { *out_ += static_cast<char>(value); }
  void number(uint64_t value);
  // Zigzag, so that small negative numbers are short too.
  void signedNumber(int64_t value);
  void raw(std::string_view bytes) { out_->append(bytes); }
  void bytes(std::string_view bytes) {
    number(bytes.size());
    raw(bytes);
  }

 private:
  std::string* out_;
};

// Reads what ByteWriter wrote, from hostile bytes: after the first read past the end (or a number longer than 64 bits)
// ok() is false and everything reads as zero or empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}
  uint8_t byte();
  uint64_t number();
  int64_t signedNumber();
  std::string_view raw(size_t count);
  std::string_view bytes();
  // A count of things that take at least `min_bytes_each`: above what the rest can hold it fails, so that hostile
  // counts reserve no memory.
  size_t count(size_t min_bytes_each = 1);
  template <typename Id>
  Id id() {
    auto value = Id::fromBytes(raw(Id::kSize));
    return value.value_or(Id{});
  }
  bool ok() const { return ok_; }
  bool atEnd() const { return in_.empty(); }
  size_t left() const { return in_.size(); }
  void fail() {
    ok_ = false;
    in_ = {};
  }

 private:
  std::string_view in_;
  bool ok_ = true;
};

// Numbers for replica ids and homes; each side of a link and the database have a table of their own.
class Numbering {
 public:
  virtual ~Numbering() = default;
  virtual uint32_t replicaNumber(const ReplicaId& id) = 0;
  virtual uint32_t homeNumber(const HomeId& id) = 0;
};
class Names {
 public:
  virtual ~Names() = default;
  // Null for a number that is not in the table.
  virtual const ReplicaId* replicaName(uint32_t number) const = 0;
  virtual const HomeId* homeName(uint32_t number) const = 0;
};

// Appends `version` without its hash; the kind only when it differs from `entity_kind`.
void encodeVersion(const Version& version, std::string_view entity_kind, Numbering& numbers, std::string* out);

// Reads one version and computes its hash. Fails with `unknown_format` for a format byte that is not kVersionFormat and
// with `bad_version` for broken bytes; checkVersion() is the caller's.
Result<Version> decodeVersion(std::string_view bytes, const Address& address, std::string_view entity_kind,
                              const Names& names);
// The same with a hash that is already known (from the database); what passes checkKept() is believed.
Result<Version> decodeVersion(std::string_view bytes, const ContentHash& hash, std::string_view entity_kind,
                              const Names& names);
// The dot alone, of bytes that are there from the database; nothing when they are broken that far.
std::optional<Dot> decodeDot(std::string_view bytes, const Names& names);

// Calls back for every replica and home number in an encoded version, so that a sender knows which rows of the table
// the receiver needs. False when the bytes are broken.
bool scanNumbers(std::string_view bytes, const std::function<void(uint32_t)>& replica,
                 const std::function<void(uint32_t)>& home);

// A sibling set as one blob: count, then of each hash and version.
std::string encodeSiblings(const Siblings& siblings, std::string_view entity_kind, Numbering& numbers);
Result<Siblings> decodeSiblings(std::string_view bytes, std::string_view entity_kind, const Names& names);
// Walks over such a blob without decoding it: calls back with hash and encoded version. False when it is broken.
bool scanSiblings(std::string_view bytes, const std::function<void(const ContentHash&, std::string_view)>& each);

}  // namespace hearthgate::model
