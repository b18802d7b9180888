// The limits of the configuration, with their reasons. They bound what a hostile or broken file can cost.
#pragma once

#include <cstddef>

namespace hearthgate::config {

// A file with every key and a hundred plugin devices takes some 20 KiB; yaml-cpp needs about 100 bytes a byte of text.
constexpr size_t kMaxFileBytes = 256 * 1024;
// Our own keys need four levels; plugins' sections may nest. yaml-cpp itself stops at 500, with much more stack.
constexpr size_t kMaxDepth = 24;
// Ends a report on a file that is not a configuration at all; nobody reads on after so many.
constexpr size_t kMaxProblems = 50;
// Longer texts of the file are cut in messages, so that a message stays one line of a terminal or two.
constexpr size_t kMaxShownBytes = 60;
// TRUST.md T34: names of homes are at most 64 bytes, here too, since the name is told to others.
constexpr size_t kMaxNameBytes = 64;

}  // namespace hearthgate::config
