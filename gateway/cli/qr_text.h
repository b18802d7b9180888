// A QR code for terminals: two modules a character, black on white whatever the terminal's own colours are. Any thread.
#pragma once

#include <string>

#include "api/pairing_qr.h"

namespace hearthgate::cli {

// Lines of half blocks (U+2580 to U+2588) between ANSI colours (ECMA-48), each with its end.
std::string qrLines(const api::QrCode& code);

}  // namespace hearthgate::cli
