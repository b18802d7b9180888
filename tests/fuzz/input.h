// The bytes of a fuzzer read as a program: from front to back, so that an edit changes one decision and leaves those
// before it as they were. Past the end everything reads as zero. Used by the fuzzers that steer objects with a state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hearthgate::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool atEnd() const { return rest_.empty(); }
  uint8_t byte() {
    if (rest_.empty()) return 0;
    auto value = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  bool flag() { return (byte() & 1) != 0; }
  // 0 to `limit` - 1, of one byte.
  size_t below(size_t limit) { return byte() % limit; }
  template <size_t kCount, typename T>
  const T& oneOf(const T (&choices)[kCount]) {
    return choices[below(kCount)];
  }
  uint64_t word() {
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = (value << 8) | byte();
    return value;
  }
  // A length byte and so many bytes, or what is left of them.
  std::string_view bytes() {
    size_t count = byte();
    std::string_view value = rest_.substr(0, count);
    rest_.remove_prefix(value.size());
    return value;
  }
  std::string_view rest() const { return rest_; }
  // Up to two bytes of `bytes`, which are some, become others.
  void damage(std::string* bytes) {
    for (size_t edits = below(3); edits > 0; --edits) {
      size_t at = byte() * size_t{256};
      at = (at + byte()) % bytes->size();
      (*bytes)[at] = static_cast<char>(byte());
    }
  }

 private:
  std::string_view rest_;
};

}  // namespace hearthgate::fuzz
