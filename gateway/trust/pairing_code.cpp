#include "trust/pairing_code.h"

#include "trust/crypto.h"

namespace hearthgate::trust {
namespace {

// A rogue server can test guesses offline on one recorded handshake, so 75 bits are the least that will do (T1).
static_assert(kCodeRandomSymbols * 5 >= 75, "a pairing code may never be shortened");

// Douglas Crockford's base32: no I, L, O or U.
constexpr std::string_view kSymbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view kPrefix = "HEARTH";
constexpr size_t kCodeSymbols = kCodeRandomSymbols + 1;

// Luhn's algorithm modulo 32: doubled at every second place from the right, the digits of the doubled value added up.
char checkSymbol(std::string_view symbols) {
  uint32_t sum = 0;
  bool doubled = true;
  for (size_t i = symbols.size(); i-- > 0; doubled = !doubled) {
    auto value = static_cast<uint32_t>(kSymbols.find(symbols[i]));
    if (doubled) value *= 2;
    sum += value / 32 + value % 32;
  }
  return kSymbols[(32 - sum % 32) % 32];
}

Error mistyped(const std::string& what) {
  return inputError("pairing_code_mistyped",
                    "the pairing code was mistyped: " + what + "; compare it with the other screen");
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

char unconfused(char c) {
  if (c == 'O') return '0';
  return c == 'I' || c == 'L' ? '1' : c;
}

}  // namespace

PairingCode PairingCode::generate(Random& random) {
  std::string bytes = random.bytes(kCodeRandomSymbols);
  std::string symbols;
  // 256 is a multiple of 32, so the low five bits are equally likely without rejection.
  for (char byte : bytes) symbols.push_back(kSymbols[static_cast<uint8_t>(byte) & 31]);
  symbols.push_back(checkSymbol(symbols));
  wipe(bytes);
  return PairingCode(std::move(symbols));
}

Result<PairingCode> PairingCode::parse(std::string_view typed) {
  std::string symbols;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    if (symbols.size() > kPrefix.size() + kCodeSymbols) break;
    symbols.push_back(upper(c));
  }
  // HEARTH is made of valid symbols itself, so the length alone tells whether it is the prefix.
  if (symbols.size() == kPrefix.size() + kCodeSymbols && symbols.starts_with(kPrefix)) symbols.erase(0, kPrefix.size());
  if (symbols.size() != kCodeSymbols) return mistyped("it has 16 symbols after HEARTH");
  for (char& c : symbols) {
    c = unconfused(c);
    if (kSymbols.find(c) == std::string_view::npos) return mistyped("it holds a symbol that no code has");
  }
  if (checkSymbol(std::string_view(symbols).substr(0, kCodeRandomSymbols)) != symbols.back()) {
    return mistyped("its check symbol does not fit");
  }
  return PairingCode(std::move(symbols));
}

std::string PairingCode::text() const {
  std::string out(kPrefix);
  for (size_t i = 0; i < symbols_.size(); ++i) {
    if (i % 4 == 0) out.push_back('-');
    out.push_back(symbols_[i]);
  }
  return out;
}

std::string PairingCode::psk() const {
  return hkdf("hearthgate pair v1", std::string_view(symbols_).substr(0, kCodeRandomSymbols), "psk", 32);
}

}  // namespace hearthgate::trust
