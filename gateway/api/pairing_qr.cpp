#include "api/pairing_qr.h"

#include <algorithm>
#include <cstdint>
#include <qrcodegen/qrcodegen.hpp>
#include <utility>

namespace hearthgate::api {
namespace {

using qrcodegen::QrSegment;

// The quiet zone that scanners need around it (ISO/IEC 18004).
constexpr int kQuiet = 4;
// A run of letters that is shorter costs more as a segment of its own than as bytes: twice a head of 12 or 13 bits, and each
// symbol saves 2.5.
constexpr size_t kWorthItsHead = 10;

// Capitals take 5.5 bits each, digits 3.3 and anything else 8. A URI means the same in capitals but for a zone in it.
std::string inCapitals(std::string uri) {
  bool zone = uri.find('%') != std::string::npos;
  auto end = zone ? std::find(uri.begin(), uri.end(), '?') : uri.end();
  std::transform(uri.begin(), end, uri.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return uri;
}

bool isAlphanumeric(char c) { return QrSegment::isAlphanumeric(std::string(1, c).c_str()); }

std::vector<QrSegment> segmentsOf(const std::string& text) {
  std::vector<QrSegment> segments;
  std::vector<uint8_t> bytes;
  auto flush = [&] {
    if (!bytes.empty()) segments.push_back(QrSegment::makeBytes(std::exchange(bytes, {})));
  };
  for (size_t at = 0; at < text.size();) {
    auto end = std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), isAlphanumeric);
    std::string run(text.begin() + static_cast<std::ptrdiff_t>(at), end);
    if (run.size() >= kWorthItsHead) {
      flush();
      segments.push_back(QrSegment::isNumeric(run.c_str()) ? QrSegment::makeNumeric(run.c_str())
                                                           : QrSegment::makeAlphanumeric(run.c_str()));
    } else {
      if (run.empty()) run = text.substr(at, 1);
      bytes.insert(bytes.end(), run.begin(), run.end());
    }
    at += run.size();
  }
  flush();
  return segments;
}

}  // namespace

QrCode pairingQr(const std::string& uri) {
  try {
    // The lowest correction: a screen has no stains, and fewer modules fit a terminal of 24 lines.
    auto code = qrcodegen::QrCode::encodeSegments(segmentsOf(inCapitals(uri)), qrcodegen::QrCode::Ecc::LOW);
    QrCode out;
    out.size = code.getSize() + 2 * kQuiet;
    for (int y = 0; y < out.size; ++y) {
      for (int x = 0; x < out.size; ++x) out.dark.push_back(code.getModule(x - kQuiet, y - kQuiet));  // Light outside.
    }
    return out;
  } catch (const qrcodegen::data_too_long&) {
    return {};
  }
}

std::string qrSvg(const QrCode& code) {
  std::string side = std::to_string(code.size);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + side + " " + side +
                    "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h" + side + "v" + side +
                    "H0z\"/><path d=\"";
  for (int y = 0; y < code.size; ++y) {
    for (int x = 0; x < code.size; ++x) {
      if (code.at(x, y)) svg += "M" + std::to_string(x) + " " + std::to_string(y) + "h1v1h-1z";
    }
  }
  return svg + "\"/></svg>";
}

}  // namespace hearthgate::api
