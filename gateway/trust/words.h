// The 2048 words in which people copy secrets: twelve for the recovery seed (TRUST.md T31), three for the comparison of
// two screens while pairing (T4). The list follows from a rule, so nothing has to be shipped. Any thread.
//
// A word is consonant, vowel, consonant, vowel, consonant ("badol"). Its number's eleven bits choose, from the top: one
// of 16 consonants, one of the vowels a e i o, one of 16 consonants, one of the vowels o u. The last consonant is a
// check over the first four letters, so that no single wrong letter makes another word; four letters name a word
// already. Changing the rule or the letters would turn words on paper into another home: never.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearthgate::trust {

inline constexpr size_t kWordCount = 2048;
inline constexpr size_t kSeedBytes = 16;
inline constexpr size_t kRecoveryWords = 12;
inline constexpr size_t kComparisonWords = 3;

// The word of a number below kWordCount.
std::string wordOf(uint32_t number);

// Twelve words of a 16-byte seed: its 128 bits, then the first four bits of its SHA-256.
std::vector<std::string> recoveryWords(std::string_view seed);
// The seed of twelve words, any case, separated by anything that is no letter; four letters of a word are enough. Fails
// with `recovery_words_mistyped`, naming the number of the word that is wrong, never the word.
Result<std::string> parseRecoveryWords(std::string_view text);

// The three words of the first 33 bits of `hash` (at least 5 bytes).
std::vector<std::string> comparisonWords(std::string_view hash);

}  // namespace hearthgate::trust
