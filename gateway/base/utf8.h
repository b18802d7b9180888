// UTF-8 checks (RFC 3629) and the rule for names that come from other homes (TRUST.md T34). Any thread.
#pragma once

#include <string>
#include <string_view>

namespace hearthgate {

// Well-formed UTF-8: no surrogates, no overlong forms, nothing above U+10FFFF.
bool isUtf8(std::string_view text);

// `text` fit to be shown: invalid bytes, control and bidirectional-override characters are replaced by U+FFFD, and it is
// cut at a character boundary to at most `max_bytes`.
std::string displayName(std::string_view text, size_t max_bytes = 64);

}  // namespace hearthgate
