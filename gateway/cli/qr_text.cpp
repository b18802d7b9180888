#include "cli/qr_text.h"

namespace hearthgate::cli {

std::string qrLines(const api::QrCode& code) {
  std::string out;
  for (int y = 0; y < code.size; y += 2) {
    out += "\x1b[30;47m";
    for (int x = 0; x < code.size; ++x) {
      const bool upper = code.at(x, y), lower = code.at(x, y + 1);
      out += upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ");
    }
    out += "\x1b[0m\n";
  }
  return out;
}

}  // namespace hearthgate::cli
