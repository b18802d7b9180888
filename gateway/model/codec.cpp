#include "model/codec.h"

#include <algorithm>

#include "base/assert.h"
#include "model/limits.h"

namespace hearthgate::model {
namespace {

// Flags of a version: bits 0-3 as named, bits 4-6 the reason.
constexpr uint8_t kDeleted = 1;
constexpr uint8_t kTrusted = 2;
constexpr uint8_t kTagged = 4;
constexpr uint8_t kOwnKind = 8;

Error broken() { return inputError("bad_version", "A version could not be read: its bytes are cut off or broken."); }

// The stamp of a leaf's dot, as the difference to the version's: ms, then count doubled plus the trusted bit.
void encodeStamp(const Stamp& stamp, int64_t base_ms, ByteWriter* out) {
  out->signedNumber(base_ms - stamp.ms);
  out->number(uint64_t{stamp.count} * 2 + (stamp.trusted ? 1 : 0));
}

bool decodeStamp(ByteReader* in, int64_t base_ms, Stamp* stamp) {
  int64_t behind = in->signedNumber();
  uint64_t rest = in->number();
  if (behind < -kMaxStampMs || behind > kMaxStampMs || (rest >> 1) > UINT32_MAX) return false;
  stamp->ms = base_ms - behind;
  stamp->count = static_cast<uint32_t>(rest >> 1);
  stamp->trusted = (rest & 1) != 0;
  return true;
}

// What every version begins with, after the format.
struct Head {
  uint8_t flags = 0;
  std::string_view kind;  // with kOwnKind
  uint64_t author = 0;    // numbers
  uint64_t replica = 0;
  uint64_t counter = 0;
};

Head readHead(ByteReader* in) {
  Head head;
  head.flags = in->byte();
  if (head.flags & kOwnKind) head.kind = in->bytes();
  head.author = in->number();
  head.replica = in->number();
  head.counter = in->number();
  return head;
}

Result<Version> decode(std::string_view bytes, std::string_view entity_kind, const Names& names) {
  ByteReader in(bytes);
  if (in.byte() != kVersionFormat) {
    if (!in.ok()) return broken();
    return inputError("unknown_format", "A version has a format that this release does not know; update it.");
  }
  bool names_known = true;
  auto replica = [&](uint64_t number) {
    const ReplicaId* id = number <= UINT32_MAX ? names.replicaName(static_cast<uint32_t>(number)) : nullptr;
    names_known = names_known && id != nullptr;
    return id ? *id : ReplicaId{};
  };
  Version version;
  Head head = readHead(&in);
  uint8_t flags = head.flags;
  uint8_t reason = flags >> 4;
  if (reason > static_cast<uint8_t>(Reason::kDelete)) return broken();
  version.deleted = (flags & kDeleted) != 0;
  version.reason = static_cast<Reason>(reason);
  version.kind = (flags & kOwnKind) ? head.kind : entity_kind;
  const HomeId* home = head.author <= UINT32_MAX ? names.homeName(static_cast<uint32_t>(head.author)) : nullptr;
  names_known = names_known && home != nullptr;
  if (home) version.author = *home;
  version.dot = {replica(head.replica), head.counter};
  // The trusted bit of the own stamp stands in the flags and only there, so that one version has one form.
  if (!decodeStamp(&in, 0, &version.stamp) || version.stamp.trusted) return broken();
  version.stamp.trusted = (flags & kTrusted) != 0;
  version.vector.raise(version.dot.replica, version.dot.counter);
  size_t entries = in.count(2);
  if (entries > kMaxVectorEntries) return inputError("vector_full", "A version vector has more than 1024 entries.");
  for (size_t i = 0; i < entries; ++i) {
    ReplicaId id = replica(in.number());
    uint64_t counter = in.number();
    // A second entry of the same replica would make two byte strings of one version.
    if (counter == 0 || version.vector.at(id) != 0) return broken();
    version.vector.raise(id, counter);
  }
  version.fields = in.bytes();
  size_t leaf_dots = in.count(3);
  if (leaf_dots > kMaxFields) return broken();
  uint64_t leaf = 0;
  for (size_t i = 0; i < leaf_dots; ++i) {
    uint64_t step = in.number();
    // Looked at before it is added, for the sum could wrap around.
    if (step > kMaxFields || leaf + step > kMaxFields) return broken();
    leaf += step;
    Dot dot;
    dot.replica = replica(in.number());
    dot.counter = in.number();
    version.leaf_dots.push_back({static_cast<uint32_t>(leaf), dot});
  }
  for (const auto& entry : version.leaf_dots) version.dot_stamps.push_back({entry.dot, {}});
  auto byDot = [](const auto& a, const auto& b) { return a.dot < b.dot; };
  auto sameDot = [](const auto& a, const auto& b) { return a.dot == b.dot; };
  std::sort(version.dot_stamps.begin(), version.dot_stamps.end(), byDot);
  version.dot_stamps.erase(std::unique(version.dot_stamps.begin(), version.dot_stamps.end(), sameDot),
                           version.dot_stamps.end());
  for (auto& entry : version.dot_stamps) {
    if (!decodeStamp(&in, version.stamp.ms, &entry.stamp)) return broken();
  }
  if (flags & kTagged) {
    std::string_view tag = in.raw(16);
    version.tag.emplace();
    std::copy(tag.begin(), tag.end(), version.tag->begin());
  }
  if (!in.ok() || !in.atEnd() || !names_known) return broken();
  return version;
}

}  // namespace

void ByteWriter::number(uint64_t value) {
  while (value >= 128) {
    byte(static_cast<uint8_t>(value | 128));
    value >>= 7;
  }
  byte(static_cast<uint8_t>(value));
}

void ByteWriter::signedNumber(int64_t value) {
  number((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

uint8_t ByteReader::byte() {
  if (in_.empty()) {
    fail();
    return 0;
  }
  auto value = static_cast<uint8_t>(in_.front());
  in_.remove_prefix(1);
  return value;
}

uint64_t ByteReader::number() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    uint8_t next = byte();
    if (shift == 63 && next > 1) break;
    value |= uint64_t{next & 127u} << shift;
    // One number has one form: no trailing zero groups.
    if (next == 0 && shift > 0) break;
    if (next < 128) return value;
  }
  fail();
  return 0;
}

int64_t ByteReader::signedNumber() {
  uint64_t value = number();
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::string_view ByteReader::raw(size_t count) {
  if (count > in_.size()) {
    fail();
    return {};
  }
  std::string_view value = in_.substr(0, count);
  in_.remove_prefix(count);
  return value;
}

std::string_view ByteReader::bytes() {
  uint64_t length = number();
  if (length > in_.size()) {
    fail();
    return {};
  }
  return raw(static_cast<size_t>(length));
}

size_t ByteReader::count(size_t min_bytes_each) {
  uint64_t value = number();
  if (value > in_.size() / min_bytes_each) {
    fail();
    return 0;
  }
  return static_cast<size_t>(value);
}

void encodeVersion(const Version& version, std::string_view entity_kind, Numbering& numbers, std::string* out) {
  // The own entry of the vector is left out because it is the own dot.
  HG_ASSERT(version.vector.at(version.dot.replica) == version.dot.counter && version.dot.counter > 0);
  ByteWriter writer(out);
  writer.byte(kVersionFormat);
  bool own_kind = version.kind != entity_kind;
  writer.byte(static_cast<uint8_t>((version.deleted ? kDeleted : 0) | (version.stamp.trusted ? kTrusted : 0) |
                                   (version.tag ? kTagged : 0) | (own_kind ? kOwnKind : 0) |
                                   (static_cast<uint8_t>(version.reason) << 4)));
  if (own_kind) writer.bytes(version.kind);
  writer.number(numbers.homeNumber(version.author));
  writer.number(numbers.replicaNumber(version.dot.replica));
  writer.number(version.dot.counter);
  // The trusted bit stands in the flags; the same form as of leaves' stamps keeps one reader.
  encodeStamp({false, version.stamp.ms, version.stamp.count}, 0, &writer);
  writer.number(version.vector.size() - 1);
  for (const auto& entry : version.vector.entries()) {
    if (entry.replica == version.dot.replica) continue;
    writer.number(numbers.replicaNumber(entry.replica));
    writer.number(entry.counter);
  }
  writer.bytes(version.fields);
  writer.number(version.leaf_dots.size());
  uint32_t last = 0;
  for (const auto& entry : version.leaf_dots) {
    writer.number(entry.leaf - last);
    last = entry.leaf;
    writer.number(numbers.replicaNumber(entry.dot.replica));
    writer.number(entry.dot.counter);
  }
  for (const auto& entry : version.dot_stamps) encodeStamp(entry.stamp, version.stamp.ms, &writer);
  if (version.tag) writer.raw({reinterpret_cast<const char*>(version.tag->data()), version.tag->size()});
}

Result<Version> decodeVersion(std::string_view bytes, const Address& address, std::string_view entity_kind,
                              const Names& names) {
  HG_TRY(Version version, decode(bytes, entity_kind, names));
  version.hash = contentHash(address, version);
  return version;
}

Result<Version> decodeVersion(std::string_view bytes, const ContentHash& hash, std::string_view entity_kind,
                              const Names& names) {
  HG_TRY(Version version, decode(bytes, entity_kind, names));
  HG_CHECK(checkKept(version));
  version.hash = hash;
  return version;
}

std::optional<Dot> decodeDot(std::string_view bytes, const Names& names) {
  ByteReader in(bytes);
  if (in.byte() != kVersionFormat) return std::nullopt;
  Head head = readHead(&in);
  if (!in.ok() || head.replica > UINT32_MAX) return std::nullopt;
  const ReplicaId* id = names.replicaName(static_cast<uint32_t>(head.replica));
  return id ? std::optional<Dot>({*id, head.counter}) : std::nullopt;
}

bool scanNumbers(std::string_view bytes, const std::function<void(uint32_t)>& replica,
                 const std::function<void(uint32_t)>& home) {
  ByteReader in(bytes);
  if (in.byte() != kVersionFormat) return false;
  auto tell = [&](const std::function<void(uint32_t)>& whom, uint64_t number) {
    if (number > UINT32_MAX) in.fail();
    if (in.ok()) whom(static_cast<uint32_t>(number));
  };
  Head head = readHead(&in);
  tell(home, head.author);
  tell(replica, head.replica);
  in.number();
  in.number();
  for (size_t i = in.count(2); i > 0 && in.ok(); --i) {
    tell(replica, in.number());
    in.number();
  }
  in.bytes();
  for (size_t i = in.count(3); i > 0 && in.ok(); --i) {
    in.number();
    tell(replica, in.number());
    in.number();
  }
  return in.ok();
}

std::string encodeSiblings(const Siblings& siblings, std::string_view entity_kind, Numbering& numbers) {
  std::string out;
  ByteWriter writer(&out);
  writer.number(siblings.size());
  std::string one;
  for (const Version& version : siblings) {
    one.clear();
    encodeVersion(version, entity_kind, numbers, &one);
    writer.raw(version.hash.view());
    writer.bytes(one);
  }
  return out;
}

bool scanSiblings(std::string_view bytes, const std::function<void(const ContentHash&, std::string_view)>& each) {
  ByteReader in(bytes);
  for (size_t i = in.count(ContentHash::kSize); i > 0 && in.ok(); --i) {
    auto hash = in.id<ContentHash>();
    std::string_view version = in.bytes();
    if (in.ok()) each(hash, version);
  }
  return in.ok() && in.atEnd();
}

Result<Siblings> decodeSiblings(std::string_view bytes, std::string_view entity_kind, const Names& names) {
  Siblings siblings;
  std::optional<Error> error;
  bool whole = scanSiblings(bytes, [&](const ContentHash& hash, std::string_view encoded) {
    auto version = decodeVersion(encoded, hash, entity_kind, names);
    if (version.ok()) {
      siblings.push_back(std::move(*version));
    } else if (!error) {
      error = version.error();
    }
  });
  if (error) return *error;
  if (!whole) return broken();
  return siblings;
}

}  // namespace hearthgate::model
