#include "trust/words.h"

#include <optional>

#include "base/assert.h"
#include "trust/crypto.h"

namespace hearthgate::trust {
namespace {

constexpr std::string_view kConsonants = "bdfghjklmnprstvz";
constexpr std::string_view kFirstVowels = "aeio";
constexpr std::string_view kSecondVowels = "ou";

// The check letter: a sum in which each letter has an odd weight or, for the vowels, a step below 16, so that a change
// of any one of them changes the sum modulo 16.
char checkLetter(uint32_t first, uint32_t vowel, uint32_t second, uint32_t last_vowel) {
  return kConsonants[(first + 3 * second + 5 * vowel + 7 * last_vowel + 1) % 16];
}

// The number of a word or of its first four letters.
std::optional<uint32_t> numberOf(std::string_view word) {
  if (word.size() != 4 && word.size() != 5) return std::nullopt;
  size_t first = kConsonants.find(word[0]), vowel = kFirstVowels.find(word[1]);
  size_t second = kConsonants.find(word[2]), last_vowel = kSecondVowels.find(word[3]);
  for (size_t place : {first, vowel, second, last_vowel}) {
    if (place == std::string_view::npos) return std::nullopt;
  }
  uint32_t number = static_cast<uint32_t>(first << 7 | vowel << 5 | second << 1 | last_vowel);
  if (word.size() == 5 && wordOf(number) != word) return std::nullopt;
  return number;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words(1);
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c >= 'a' && c <= 'z') {
      words.back().push_back(c);
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// The words of the first 11 * `count` bits of `bytes`.
std::vector<std::string> wordsOfBits(std::string_view bytes, size_t count) {
  std::vector<std::string> words;
  uint32_t bits = 0;
  size_t have = 0, next = 0;
  while (words.size() < count) {
    while (have < 11) {
      HG_ASSERT(next < bytes.size());
      bits = bits << 8 | static_cast<uint8_t>(bytes[next++]);
      have += 8;
    }
    have -= 11;
    words.push_back(wordOf(bits >> have & (kWordCount - 1)));
  }
  return words;
}

}  // namespace

std::string wordOf(uint32_t number) {
  HG_ASSERT(number < kWordCount);
  uint32_t first = number >> 7, vowel = number >> 5 & 3, second = number >> 1 & 15, last_vowel = number & 1;
  return {kConsonants[first], kFirstVowels[vowel], kConsonants[second], kSecondVowels[last_vowel],
          checkLetter(first, vowel, second, last_vowel)};
}

std::vector<std::string> recoveryWords(std::string_view seed) {
  HG_ASSERT(seed.size() == kSeedBytes);
  std::string bits(seed);
  bits.push_back(sha256Bytes(seed)[0]);
  auto words = wordsOfBits(bits, kRecoveryWords);
  wipe(bits);
  return words;
}

Result<std::string> parseRecoveryWords(std::string_view text) {
  std::vector<std::string> words = split(text);
  if (words.size() != kRecoveryWords) {
    return inputError("recovery_words_mistyped", "the recovery words are twelve, but " + std::to_string(words.size()) +
                                                     " were entered; enter all twelve in their order");
  }
  std::string seed;
  uint32_t bits = 0;
  size_t have = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    auto number = numberOf(words[i]);
    if (!number) {
      return inputError(
          "recovery_words_mistyped",
          "word " + std::to_string(i + 1) + " is none of the recovery words; compare it with what was written");
    }
    bits = bits << 11 | *number;
    have += 11;
    while (have >= 8) {
      have -= 8;
      seed.push_back(static_cast<char>(bits >> have));
    }
  }
  // Four bits are left: the check.
  if ((bits & 15) != static_cast<uint8_t>(sha256Bytes(seed)[0]) >> 4) {
    return inputError("recovery_words_mistyped",
                      "the twelve words do not belong together; look for a wrong word or a wrong order");
  }
  return seed;
}

std::vector<std::string> comparisonWords(std::string_view hash) { return wordsOfBits(hash, kComparisonWords); }

}  // namespace hearthgate::trust
