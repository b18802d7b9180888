#include "base/utf8.h"

#include <cstdint>

namespace hearthgate {
namespace {

// Decodes the character at `at`; gives its length, or 0 when it is not well-formed.
size_t decode(std::string_view text, size_t at, uint32_t* character) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t first = byte(at);
  if (first < 0x80) {
    *character = first;
    return 1;
  }
  size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return 0;
  uint32_t value = first & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
    value = (value << 6) | (byte(at + i) & 0x3F);
  }
  bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
  *character = value;
  return length;
}

bool isHidden(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) ||           // controls
         c == 0x061C || (c >= 0x200B && c <= 0x200F) ||   // zero width and direction marks
         (c >= 0x2028 && c <= 0x202E) ||                  // line separators and direction overrides
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;     // invisible operators and isolates
}

}  // namespace

bool isUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    uint32_t character;
    size_t length = decode(text, at, &character);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string displayName(std::string_view text, size_t max_bytes) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string out;
  for (size_t at = 0; at < text.size();) {
    uint32_t character = 0;
    size_t length = decode(text, at, &character);
    std::string_view piece = length == 0 || isHidden(character) ? kReplacement : text.substr(at, length);
    if (out.size() + piece.size() > max_bytes) break;
    out += piece;
    at += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace hearthgate
