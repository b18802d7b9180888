#include "trust/pairing_code.h"

#include "base/base32.h"
#include "support.h"
#include "trust/pairing_uri.h"

namespace hearthgate::trust {
namespace {

constexpr std::string_view kSymbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// The code of 15 symbols, its check symbol found by trying.
PairingCode codeOf(const std::string& symbols) {
  for (char check : kSymbols) {
    auto code = PairingCode::parse(symbols + check);
    if (code.ok()) return *code;
  }
  ADD_FAILURE() << symbols;
  return PairingCode::generate(systemRandom());
}

std::string bare(const PairingCode& code) {
  std::string text = code.text().substr(6);
  std::erase(text, '-');
  return text;
}

// vectors.py computes them with Python's hmac.
TEST(PairingCode, GivesTheKeysOfTheVectors) {
  EXPECT_EQ(hex(codeOf("000000000000000").psk()), "2504d6419541b8606bb8624c4475df152caef54097843081c95a56efac51835b");
  EXPECT_EQ(hex(codeOf("0123456789ABCDE").psk()), "1d5df06d0802c95c1d367ba3bedbc23e5887344544eb425a826525237c615b72");
  EXPECT_EQ(hex(codeOf("HEARTH0ZYXWVTSR").psk()), "02a1f1296d4267d1f6009973f27315d2fe10783f7914a6a82f300688145882e5");
}

TEST(PairingCode, IsReadHoweverItIsTyped) {
  SeededRandom random(21);
  for (int round = 0; round < 500; ++round) {
    PairingCode code = PairingCode::generate(random);
    std::string text = code.text(), lower = text, confused = bare(code), spaced;
    EXPECT_EQ(text.size(), 26u);
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    for (char& c : confused) c = c == '0' ? 'o' : c == '1' ? (round % 2 ? 'l' : 'I') : c;
    for (char c : bare(code)) spaced += std::string(" ") + c + "-";
    for (const std::string& typed : {text, lower, confused, spaced, bare(code), "hearth" + bare(code)}) {
      auto parsed = PairingCode::parse(typed);
      ASSERT_TRUE(parsed.ok()) << typed;
      EXPECT_EQ(*parsed, code);
      EXPECT_EQ(parsed->psk(), code.psk());
    }
  }
}

TEST(PairingCode, MayItselfBeginWithThePrefix) {
  PairingCode code = codeOf("HEARTHHEARTH000");
  EXPECT_EQ(*PairingCode::parse(bare(code)), code);
  EXPECT_EQ(*PairingCode::parse(code.text()), code);
  EXPECT_EQ(code.text().substr(0, 14), "HEARTH-HEAR-TH");
  // Sixteen symbols are a code, whatever they spell; ten after HEARTH are none.
  EXPECT_FALSE(PairingCode::parse("HEARTH-0000-0000-00").ok());
}

TEST(PairingCode, CatchesEverySingleSlipAndNearlyEverySwap) {
  SeededRandom random(22);
  int swaps = 0, missed = 0;
  for (int round = 0; round < 200; ++round) {
    std::string code = bare(PairingCode::generate(random));
    for (size_t at = 0; at < code.size(); ++at) {
      for (char symbol : kSymbols) {
        std::string slip = code;
        slip[at] = symbol;
        EXPECT_EQ(PairingCode::parse(slip).ok(), slip == code);
      }
      if (at + 1 == code.size() || code[at] == code[at + 1]) continue;
      std::string swapped = code;
      std::swap(swapped[at], swapped[at + 1]);
      ++swaps;
      // Luhn modulo an even number cannot see the swap of the first and the last symbol of its alphabet, and no other.
      bool blind = std::min(code[at], code[at + 1]) == '0' && std::max(code[at], code[at + 1]) == 'Z';
      EXPECT_EQ(PairingCode::parse(swapped).ok(), blind) << code << " " << at;
      if (blind) ++missed;
    }
  }
  EXPECT_LT(missed * 100, swaps);
  RecordProperty("swaps", swaps);
  RecordProperty("missed", missed);
}

TEST(PairingCode, SaysThatItWasMistyped) {
  for (const char* typed : {"", "HEARTH", "HEARTH-", "0000-0000-0000-000", "0000-0000-0000-0000-0", "000000000000000U",
                            "00000000000000\xc3\xa4", "HEARTH-0000-0000-0000-0001"}) {
    auto parsed = PairingCode::parse(typed);
    ASSERT_FALSE(parsed.ok()) << typed;
    EXPECT_EQ(parsed.error().code, "pairing_code_mistyped");
    EXPECT_EQ(parsed.error().domain, Domain::kInput);
  }
  EXPECT_FALSE(PairingCode::parse(std::string(1 << 20, '0')).ok());
}

TEST(PairingUri, CarriesCodeAddressesAndExpiry) {
  SeededRandom random(23);
  PairingUri uri{
      PairingCode::generate(random), {"192.0.2.7:8765", "[2001:db8::7]:8765", "[fe80::1%eth0]:8765"}, 1763632800000};
  std::string text = uri.text();
  EXPECT_TRUE(text.starts_with(
      "hearthgate://pair?a=192.0.2.7:8765&a=[2001:db8::7]:8765&a=[fe80::1%25eth0]:8765&e=1763632800#HEARTH-"));
  auto parsed = PairingUri::parse(text);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->code, uri.code);
  EXPECT_EQ(parsed->addresses, uri.addresses);
  EXPECT_EQ(parsed->expires_at_ms, uri.expires_at_ms);
  EXPECT_EQ(PairingUri::parse("hearthgate://pair#" + uri.code.text())->addresses.size(), 0u);
  EXPECT_TRUE(PairingUri::parse("hearthgate://pair?new=1#" + uri.code.text()).ok());
}

TEST(PairingUri, MeansTheSameInCapitalsButForAZone) {
  SeededRandom random(25);
  PairingUri uri{PairingCode::generate(random), {"gate.local:8765", "[2001:db8::7]:8765"}, 1763632800000};
  std::string text = uri.text();
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  auto parsed = PairingUri::parse(text);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->code, uri.code);
  EXPECT_EQ(parsed->addresses, uri.addresses);
  EXPECT_EQ(parsed->expires_at_ms, uri.expires_at_ms);
  EXPECT_EQ(PairingUri::parse("HEARTHGATE://PAIR?a=[FE80::1%25Eth0]:8765#" + uri.code.text())->addresses.at(0), "[fe80::1%Eth0]:8765");
}

TEST(PairingUri, RefusesWhatItCannotUse) {
  SeededRandom random(24);
  std::string code = PairingCode::generate(random).text();
  for (const std::string& text :
       {std::string("https://example.com/#") + code, std::string("hearthgate://pair?a=192.0.2.7:8765"),
        "hearthgate://pair?a=192.0.2.7#" + code, "hearthgate://pair?a=192.0.2.7:0#" + code,
        "hearthgate://pair?a=a%2#" + code, "hearthgate://pair?a=x%0a:1#" + code, "hearthgate://pair?e=soon#" + code,
        "hearthgate://pairs#" + code, std::string("hearthgate://pair#HEARTH-0000")}) {
    EXPECT_FALSE(PairingUri::parse(text).ok()) << text;
  }
  std::string many = "hearthgate://pair?";
  for (int i = 0; i < 9; ++i) many += "a=192.0.2.7:8765&";
  EXPECT_FALSE(PairingUri::parse(many + "#" + code).ok());
  EXPECT_TRUE(isAddressWithPort("gate.local:8765"));
  EXPECT_FALSE(isAddressWithPort("2001:db8::7:8765"));
  EXPECT_FALSE(isAddressWithPort("gate local:8765"));
  EXPECT_FALSE(isAddressWithPort(":8765"));
}

}  // namespace
}  // namespace hearthgate::trust
