// The limits of the command line, with their reasons.
#pragma once

#include <chrono>
#include <cstddef>

namespace hearthgate::cli {

// What every terminal shows without breaking lines.
constexpr size_t kColumns = 80;
// One page of a list; the largest that the REST interface gives.
constexpr size_t kPageSize = 1000;
// Ends a walk through pages that a faulty gateway would make endless: ten million items.
constexpr size_t kMaxPages = 10'000;
// A value from a gateway is cut at this length before it is laid out.
constexpr size_t kMaxCellBytes = 4096;
// How often a pairing is looked at: fast enough for a person who looks at two screens.
constexpr std::chrono::milliseconds kPairingPoll{300};
// How long a code is open unless told otherwise (CONTRACT).
constexpr std::chrono::seconds kPairingTtl{300};
// How soon Ctrl-C is noticed while an answer is waited for.
constexpr std::chrono::milliseconds kInterruptPoll{100};
// Two minutes of confirming, ten of the other side's acknowledgement (TRUST.md T5) and some more; beside what the code is open.
constexpr std::chrono::minutes kPairingLimit{15};
// `join` answers after both persons confirmed, which takes up to 120 s after up to 3 s for each of 64 addresses.
constexpr std::chrono::seconds kJoinTimeout{330};
// `watch` comes back this often, a second apart, when the gateway is restarted.
constexpr int kWatchTries = 30;
constexpr std::chrono::milliseconds kWatchPause{1000};
// Of a version id in a table: more than tell versions of one entity apart, and `restore` takes the start of an id. No
// mark of what is missing follows it, so that it can be copied.
constexpr size_t kShownVersion = 12;
// A whole one.
constexpr size_t kWholeVersion = 32;
// What `audit` shows unless told otherwise: a screen or two.
constexpr unsigned kAuditRows = 50;
// A home id (CONTRACT.md).
constexpr size_t kHomeIdLetters = 52;
// A short id shows the home; enough letters that two homes of one person differ.
constexpr size_t kShortIdLetters = 8;

}  // namespace hearthgate::cli
