// Base32 after RFC 4648 section 6, lower case and without padding: the text form of every id. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hearthgate {

// Text of `bytes`, ceil(8n/5) characters of [a-z2-7].
std::string base32(std::string_view bytes);
void appendBase32(std::string_view bytes, std::string* out);

// The bytes of `text`, or nothing when a character is foreign, the length impossible, or the unused low bits of the
// last character are not zero (so that each value has one text).
std::optional<std::string> parseBase32(std::string_view text);

// Lower-case hexadecimal.
std::string hex(std::string_view bytes);
std::optional<std::string> parseHex(std::string_view text);

}  // namespace hearthgate
