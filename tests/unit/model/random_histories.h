// Documents and histories read from a tape of bytes, so that rapidcheck shrinks them and a fuzzer steers them. A
// history has real causality: writers write on top of what they hold and hand each other parts of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "unit/model/histories.h"

namespace hearthgate::model {

class Tape {
 public:
  explicit Tape(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}
  bool atEnd() const { return at_ >= bytes_.size(); }
  // Below `limit`; 0 when the tape has ended.
  size_t next(size_t limit) { return atEnd() ? 0 : bytes_[at_++] % limit; }

 private:
  std::vector<uint8_t> bytes_;
  size_t at_ = 0;
};

inline std::string randomValue(Tape* tape) {
  static const char* const kValues[] = {"0",    "1",    "2",  "1.0", "-0.0",        "\"on\"", "\"\\u0000{\"",
                                        "null", "true", "[]", "{}",  "[{\"a\":1}]", "5e-324", "18446744073709551615"};
  return kValues[tape->next(std::size(kValues))];
}

// A small document as JSON text; names repeat often, so that histories meet at the same paths.
inline std::string randomDocument(Tape* tape, int depth = 1) {
  static const char* const kNames[] = {"\"a\"", "\"a\\u0000\"", "\"b\"", "\"\"", "\"\xC3\xA9\""};
  std::string text = "{";
  for (const char* name : kNames) {
    size_t choice = tape->next(4);
    if (choice == 0) continue;
    if (text.size() > 1) text += ',';
    text += name;
    text += ':';
    text += choice == 1 && depth < 3 ? randomDocument(tape, depth + 1) : randomValue(tape);
  }
  return text + "}";
}

struct History {
  std::vector<Writer> writers;
  std::vector<Siblings> homes;  // what each writer holds
  std::vector<Version> all;     // every version that was ever written
};

// `base` gives what a writer sees of its siblings when it writes.
inline History randomHistory(Tape* tape, const std::function<Entries(const Siblings&)>& base) {
  constexpr size_t kWriters = 4;
  History history;
  history.homes.resize(kWriters);
  for (uint8_t n = 0; n < kWriters; ++n) history.writers.push_back({static_cast<uint8_t>(n * 80 + 1)});
  auto write = [&](size_t who, auto make) {
    Siblings& siblings = history.homes[who];
    Version version = make(history.writers[who], siblings);
    history.all.push_back(version);
    join(std::move(version), &siblings);
  };
  while (!tape->atEnd() && history.all.size() < 40) {
    size_t who = tape->next(kWriters);
    size_t what = tape->next(8);
    Stamp stamp{tape->next(4) > 0, static_cast<int64_t>(tape->next(4)), static_cast<uint32_t>(tape->next(2))};
    if (what == 0) {
      write(who, [&](Writer& w, const Siblings& seen) { return w.erase(seen, stamp); });
    } else if (what < 5) {
      // The whole, or a patch of what is seen, so that most leaves keep their dots.
      auto json = parseJson(randomDocument(tape, what == 2 ? 1 : 2), kMaxDepth);
      Reason reason = what == 1 ? Reason::kResolution : Reason::kWrite;
      write(who, [&](Writer& w, const Siblings& seen) {
        Entries entries = seen.empty() ? Entries{} : base(seen);
        Leaves leaves;
        for (const Entry& entry : entries) leaves.push_back({entry.path, entry.value});
        leaves = *(what == 2 ? leavesOf(*json) : mergePatch(leaves, *json));
        return w.put(seen, entries, canonicalFields(leaves), stamp, reason);
      });
    } else {
      // Hands over some of what `who` holds.
      size_t to = tape->next(kWriters);
      Siblings from = history.homes[who];
      for (const Version& version : from) {
        if (tape->next(3) > 0) join(version, &history.homes[to]);
      }
    }
  }
  return history;
}

inline Siblings joinedSets(Siblings a, const Siblings& b) {
  for (const Version& version : b) join(version, &a);
  return a;
}

}  // namespace hearthgate::model
