// The QR code of a pairing URI, for the picture in answers and the one that the command line draws. Any thread.
#pragma once

#include <string>
#include <vector>

namespace hearthgate::api {

struct QrCode {
  int size = 0;            // modules on a side, with the quiet zone
  std::vector<bool> dark;  // row by row

  // Light beyond the edge.
  bool at(int x, int y) const { return y < size && x < size && dark[static_cast<size_t>(y) * static_cast<size_t>(size) + static_cast<size_t>(x)]; }
};

// Fails, with a size of 0, only for a text that is longer than QR codes hold (some 2,900 bytes).
QrCode pairingQr(const std::string& uri);
// The same as one path of unit squares.
std::string qrSvg(const QrCode& code);

}  // namespace hearthgate::api
