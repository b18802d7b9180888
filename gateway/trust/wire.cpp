#include "trust/wire.h"

#include "base/assert.h"

namespace hearthgate::trust {

Writer& Writer::u8(uint8_t value) {
  out_.push_back(static_cast<char>(value));
  return *this;
}

Writer& Writer::u32(uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) u8(static_cast<uint8_t>(value >> shift));
  return *this;
}

Writer& Writer::u64(uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) u8(static_cast<uint8_t>(value >> shift));
  return *this;
}

Writer& Writer::field(std::string_view bytes) {
  HG_ASSERT(bytes.size() <= UINT32_MAX);
  u32(static_cast<uint32_t>(bytes.size()));
  return raw(bytes);
}

Writer& Writer::raw(std::string_view bytes) {
  out_.append(bytes);
  return *this;
}

uint64_t Reader::number(size_t size) {
  std::string_view bytes = raw(size);
  uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

uint8_t Reader::u8() { return static_cast<uint8_t>(number(1)); }
uint32_t Reader::u32() { return static_cast<uint32_t>(number(4)); }
uint64_t Reader::u64() { return number(8); }

std::string_view Reader::raw(size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

std::string_view Reader::field(size_t max) {
  uint32_t size = u32();
  if (size > max) ok_ = false;
  return raw(size);
}

std::string_view Reader::fixed(size_t size) {
  if (u32() != size) ok_ = false;
  return raw(size);
}

uint32_t Reader::count(uint32_t max) {
  uint32_t value = u32();
  if (value > max) ok_ = false;
  return ok_ ? value : 0;
}

}  // namespace hearthgate::trust
