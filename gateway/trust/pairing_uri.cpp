#include "trust/pairing_uri.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "trust/tuning.h"

namespace hearthgate::trust {
namespace {

constexpr std::string_view kHead = "hearthgate://pair";
// Eight addresses of the greatest length, escaped, the code and the expiry fit well within.
constexpr size_t kMaxUriBytes = 4096;

Error bad(const std::string& what) {
  return inputError("pairing_uri_bad", "the pairing link cannot be used: " + what + "; scan it again or type the code");
}

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(".:-[]_").find(c) != std::string_view::npos;
}

std::string escaped(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<uint8_t>(c);
    if (plain(c)) {
      out.push_back(c);
    } else {
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    uint8_t byte = 0;
    const char* digits = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool hostSymbol(char c) { return plain(c) && c != ':' && c != '[' && c != ']'; }

}  // namespace

bool isAddressWithPort(std::string_view text) {
  size_t colon = text.rfind(':');
  if (text.size() > kMaxAddressBytes || colon == std::string_view::npos || colon == 0) return false;
  std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
  uint32_t number = 0;
  auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() || number < 1 || number > 65535) return false;
  if (host.front() != '[') {
    for (char c : host) {
      if (!hostSymbol(c)) return false;
    }
    return true;
  }
  if (host.back() != ']' || host.size() < 4) return false;
  for (char c : host.substr(1, host.size() - 2)) {
    if (!hostSymbol(c) && c != ':' && c != '%') return false;
  }
  return true;
}

std::string addressWithPort(const std::string& address, uint16_t port) {
  bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::string PairingUri::text() const {
  std::string out(kHead);
  char separator = '?';
  for (const std::string& address : addresses) {
    out.push_back(separator);
    out.append("a=").append(escaped(address));
    separator = '&';
  }
  if (expires_at_ms > 0) {
    out.push_back(separator);
    out.append("e=").append(std::to_string(expires_at_ms / 1000));
  }
  return out.append("#").append(code.text());
}

Result<PairingUri> PairingUri::parse(std::string_view text) {
  size_t hash = text.find('#');
  if (text.size() > kMaxUriBytes || lower(text.substr(0, kHead.size())) != kHead) return bad("it does not begin with hearthgate://pair");
  if (hash == std::string_view::npos) return bad("it holds no code");
  HG_TRY(PairingCode code, PairingCode::parse(text.substr(hash + 1)));
  PairingUri uri{std::move(code), {}, 0};
  std::string_view query = text.substr(kHead.size(), hash - kHead.size());
  if (!query.empty() && query.front() != '?') return bad("it does not begin with hearthgate://pair");
  if (!query.empty()) query.remove_prefix(1);
  while (!query.empty()) {
    std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const std::string key = lower(part.substr(0, 2));
    if (key == "a=") {
      auto address = unescaped(part.substr(2));
      if (!address || !isAddressWithPort(*address)) return bad("an address in it is not ADDRESS:PORT");
      if (uri.addresses.size() == kMaxPairingAddresses) return bad("it holds too many addresses");
      // Names and the digits of IPv6 mean the same in capitals; the zone, an interface's name, does not.
      const size_t zone = std::min(address->find('%'), address->size());
      uri.addresses.push_back(lower(address->substr(0, zone)) + address->substr(zone));
    } else if (key == "e=") {
      int64_t seconds = 0;
      auto parsed = std::from_chars(part.data() + 2, part.data() + part.size(), seconds);
      if (parsed.ec != std::errc() || parsed.ptr != part.data() + part.size() || seconds < 0 || seconds > 1ll << 40) {
        return bad("its expiry is no time");
      }
      uri.expires_at_ms = seconds * 1000;
    }
  }
  return uri;
}

}  // namespace hearthgate::trust
