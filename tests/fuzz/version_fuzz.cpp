// Versions from outside: any bytes, and versions of a random history with bytes changed. What passes the check can be
// taken apart, written and joined in any order, and every strategy shows it.
#include <algorithm>
#include <cstdint>

#include "base/assert.h"
#include "base/utf8.h"
#include "conflict/view.h"
#include "unit/model/random_histories.h"

namespace {

using namespace hearthgate;
using namespace hearthgate::model;

constexpr conflict::Strategy kStrategies[] = {conflict::Strategy::kLatestWins, conflict::Strategy::kMerge,
                                              conflict::Strategy::kLocalWins, conflict::Strategy::kRemoteWins,
                                              conflict::Strategy::kUserChoice};

Table fullTable() {
  Table table;
  for (uint8_t n = 0; n < 4; ++n) {
    table.replicaNumber(replica(static_cast<uint8_t>(n * 80 + 1)));
    table.homeNumber(home(static_cast<uint8_t>(n * 80 + 1)));
  }
  return table;
}

void checkRefusal(const Error& error) {
  static const char* const kCodes[] = {"bad_version", "vector_full",  "unknown_format",
                                       "bad_json",    "bad_document", "too_large"};
  HG_ASSERT(std::find(std::begin(kCodes), std::end(kCodes), error.code) != std::end(kCodes));
  HG_ASSERT(isUtf8(error.message) && error.message.size() < 1000);
}

// What must be true of a version that passed the check.
void checkGood(const Version& version) {
  Version again = version;
  again.fields.clear();
  again.leaf_dots.clear();
  again.dot_stamps.clear();
  setEntries(entriesOf(version), &again);
  HG_ASSERT(contentHash(address(), again) == version.hash);
  HG_ASSERT(!dominates(version, version) && !greater(version, version));
  HG_ASSERT(latestStampMs(version) >= version.stamp.ms && latestStampMs(version) <= kMaxStampMs);
  Table table = fullTable();
  std::string bytes;
  encodeVersion(version, "state", table, &bytes);
  HG_ASSERT(scanNumbers(
      bytes, [](uint32_t) {}, [](uint32_t) {}));
  auto read = decodeVersion(bytes, address(), "state", table);
  HG_ASSERT(read.ok() && read->hash == version.hash && read->tag == version.tag);
}

// Reads hostile bytes; keeps what may be joined.
void take(std::string_view bytes, std::vector<Version>* good) {
  Table table = fullTable();
  auto version = decodeVersion(bytes, address(), "state", table);
  if (!version.ok()) return checkRefusal(version.error());
  auto status = checkVersion(*version);
  if (!status.ok()) return checkRefusal(status.error());
  checkGood(*version);
  good->push_back(std::move(*version));
}

// A version in the place of another keeps the dots of the leaves that say the same, as written leaf by leaf.
void checkDots(const Version& before, const Version& now) {
  Version quick = now;
  keepDots(before, &quick);
  Entries old = entriesOf(before);
  Version plain = now;
  plain.leaf_dots.clear();
  plain.dot_stamps.clear();
  Entries entries = entriesOf(plain);
  for (Entry& entry : entries) {
    for (const Entry& was : old) {
      if (was.path == entry.path && was.value == entry.value) entry = was;
    }
  }
  // A dot of the new version's own needs no mention; no real version takes the place of one with its dot.
  if (std::any_of(old.begin(), old.end(), [&](const Entry& was) { return was.dot == now.dot; })) return;
  setEntries(entries, &plain);
  HG_ASSERT(quick.leaf_dots == plain.leaf_dots && quick.dot_stamps == plain.dot_stamps && quick.fields == plain.fields);
}

void checkTogether(const std::vector<Version>& good) {
  Siblings forward = joined(good);
  Siblings backward = joined({good.rbegin(), good.rend()});
  HG_ASSERT(hashes(forward) == hashes(backward));
  if (forward.empty()) return;
  for (const Version& a : forward) {
    for (const Version& b : forward) HG_ASSERT(!dominates(a, b));
  }
  Table table = fullTable();
  auto read = decodeSiblings(encodeSiblings(forward, "state", table), "state", table);
  HG_ASSERT(read.ok() && hashes(*read) == hashes(forward));
  for (conflict::Strategy strategy : kStrategies) {
    conflict::View view = conflict::view(strategy, forward, address().owner);
    Leaves leaves;
    for (const Entry& entry : view.entries()) leaves.push_back({entry.path, entry.value});
    auto json = parseJson(canonicalFields(leaves), kMaxDepth);
    HG_ASSERT(json.ok());
    auto shown = leavesOf(*json);
    HG_ASSERT(!shown.ok() || *shown == leaves);
    HG_ASSERT(std::is_sorted(view.lost_fields.begin(), view.lost_fields.end()));
    HG_ASSERT(view.differ || (view.lost.empty() && view.lost_fields.empty() && !view.awaits_choice));
    HG_ASSERT(!view.single || std::count(view.lost.begin(), view.lost.end(), view.single) == 0);
  }
}

void fromHistory(Tape* tape, std::vector<Version>* good) {
  std::vector<uint8_t> script;
  for (size_t length = tape->next(200); length > 0; --length) script.push_back(static_cast<uint8_t>(tape->next(256)));
  Tape inner(script);
  History history = randomHistory(&inner, [](const Siblings& seen) {
    return conflict::view(conflict::Strategy::kMerge, seen, address().owner).entries();
  });
  Table table = fullTable();
  for (const Version& version : history.all) {
    std::string bytes;
    encodeVersion(version, "state", table, &bytes);
    for (size_t edits = tape->next(4); edits > 0; --edits) {
      bytes[tape->next(256) % bytes.size()] = static_cast<char>(tape->next(256));
    }
    take(bytes, good);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<Version> good;
  if (data[0] % 2 == 0) {
    take(input, &good);
    Table table = fullTable();
    auto siblings = decodeSiblings(input, "state", table);
    if (!siblings.ok()) checkRefusal(siblings.error());
    (void)scanNumbers(
        input, [](uint32_t) {}, [](uint32_t) {});
  } else {
    Tape tape({data + 1, data + size});
    fromHistory(&tape, &good);
  }
  checkTogether(good);
  for (size_t i = 1; i < good.size(); ++i) checkDots(good[i - 1], good[i]);
  return 0;
}
