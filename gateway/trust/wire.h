// The binary form of everything that trust signs or sends outside TLS (TRUST.md T10): big-endian numbers, and fields
// with a four-byte length before them. The reader is for hostile input: it never reads past the end and fails for good
// at the first fault. Any thread; an object belongs to one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hearthgate::trust {

class Writer {
 public:
  Writer& u8(uint8_t value);
  Writer& u32(uint32_t value);
  Writer& u64(uint64_t value);
  // A field: its length, then its bytes.
  Writer& field(std::string_view bytes);
  // Bytes without a length, where the format fixes it.
  Writer& raw(std::string_view bytes);
  const std::string& bytes() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// After a fault every read gives zero or nothing, so a decoder may read to its end and ask ok() or done() once.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint8_t u8();
  uint32_t u32();
  uint64_t u64();
  // A field of at most `max` bytes; a longer one is a fault.
  std::string_view field(size_t max);
  // A field of exactly `size` bytes.
  std::string_view fixed(size_t size);
  // `size` bytes without a length.
  std::string_view raw(size_t size);
  // A count of things to come, at most `max`.
  uint32_t count(uint32_t max);
  void fail() { ok_ = false; }

  bool ok() const { return ok_; }
  // Everything was read and nothing was left over.
  bool done() const { return ok_ && rest_.empty(); }

 private:
  uint64_t number(size_t size);

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace hearthgate::trust
