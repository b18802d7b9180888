// Laws that hold for all documents and histories: reading and writing are inverse, and the join is a semilattice.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

#include "unit/model/random_histories.h"

namespace hearthgate::model {
namespace {

Entries greatestOf(const Siblings& siblings) {
  const Version* best = &siblings[0];
  for (const Version& version : siblings) {
    if (greater(version, *best)) best = &version;
  }
  return entriesOf(*best);
}

History played(const std::vector<uint8_t>& bytes) {
  Tape tape(bytes);
  return randomHistory(&tape, greatestOf);
}

// Longer tapes than the default, so that histories have something to disagree about.
rc::Gen<std::vector<uint8_t>> tapes() {
  return rc::gen::scale(6.0, rc::gen::container<std::vector<uint8_t>>(rc::gen::arbitrary<uint8_t>()));
}

bool isAntichain(const Siblings& siblings) {
  for (size_t i = 0; i < siblings.size(); ++i) {
    if (i > 0 && !(siblings[i - 1].hash < siblings[i].hash)) return false;
    for (size_t j = 0; j < siblings.size(); ++j) {
      if (dominates(siblings[i], siblings[j])) return false;
    }
  }
  return true;
}

// The maximal ones by definition, each compared with each.
std::vector<ContentHash> maximal(const std::vector<Version>& all) {
  std::vector<ContentHash> out;
  for (const Version& a : all) {
    if (std::none_of(all.begin(), all.end(), [&](const Version& b) { return dominates(b, a); })) out.push_back(a.hash);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

RC_GTEST_PROP(DocumentLaws, CanonicalFieldsReadAsThemselves, ()) {
  Tape tape(*tapes());
  std::string text = randomDocument(&tape);
  auto leaves = parseLeaves(text);
  RC_ASSERT(leaves.ok());
  std::string canonical = canonicalFields(*leaves);
  auto again = parseLeaves(canonical);
  RC_ASSERT(again.ok());
  RC_ASSERT(*again == *leaves);
  RC_ASSERT(canonicalFields(*again) == canonical);
  auto json = parseJson(text, kMaxDepth);
  RC_ASSERT(canonicalJson(*json) == canonical);
  for (size_t i = 1; i < leaves->size(); ++i) {
    RC_ASSERT((*leaves)[i - 1].path < (*leaves)[i].path);
    RC_ASSERT(splitPath((*leaves)[i - 1].path) < splitPath((*leaves)[i].path));
    RC_ASSERT(!isBelow((*leaves)[i].path, (*leaves)[i - 1].path));
  }
}

// One byte of a canonical text is another: the check that builds nothing and the reader that builds all agree.
RC_GTEST_PROP(DocumentLaws, WhatIsCheckedAsCanonicalIsWhatWouldBeWritten, (uint16_t where, uint8_t byte)) {
  Tape tape(*tapes());
  std::string text = canonicalFields(*parseLeaves(randomDocument(&tape)));
  auto leaves = checkFieldsText(text);
  RC_ASSERT(leaves.ok());
  RC_ASSERT(*leaves == parseLeaves(text)->size());
  text[where % text.size()] = static_cast<char>(byte % 3 == 0 ? "{}[],:\"\\ 0ue"[byte % 13] : byte);
  auto json = parseJson(text, kMaxDepth);
  auto written = json.ok() ? fieldsText(*json) : Result<std::string>(json.error());
  auto checked = checkFieldsText(text);
  RC_ASSERT(checked.ok() == (written.ok() && *written == text));
  if (checked.ok()) RC_ASSERT(*checked == parseLeaves(text)->size());
}

// What the engine does with the text of a PUT is what rule 5 says of its leaves.
RC_GTEST_PROP(VersionLaws, LeavesThatSayTheSameKeepTheirDots, ()) {
  Tape tape(*tapes());
  std::string next = canonicalFields(*parseLeaves(randomDocument(&tape)));
  for (const Version& before : played(*tapes()).all) {
    if (before.deleted) continue;
    Writer writer{250};
    Version wanted = writer.put({before}, entriesOf(before), next);
    Version made = wanted;
    keepDots(before, &made);
    RC_ASSERT(made.leaf_dots == wanted.leaf_dots);
    RC_ASSERT(made.dot_stamps == wanted.dot_stamps);
    RC_ASSERT(checkVersion(made).ok());
  }
}

RC_GTEST_PROP(DocumentLaws, EveryDoubleReadsBackBitForBit, (uint64_t bits)) {
  double value;
  static_assert(sizeof value == sizeof bits);
  std::memcpy(&value, &bits, sizeof value);
  RC_PRE(std::isfinite(value));
  char text[64];
  snprintf(text, sizeof text, "%.17e", value);
  auto json = parseJson(text, 1);
  RC_ASSERT(json.ok());
  double back = strtod(json->text.c_str(), nullptr);
  RC_ASSERT(std::memcmp(&back, &value, sizeof value) == 0);
  RC_ASSERT(parseJson(json->text, 1)->text == json->text);
  RC_ASSERT(json->text.find_first_of(".e") != std::string::npos);
}

RC_GTEST_PROP(DocumentLaws, EveryIntegerKeepsItsText, (int64_t number, uint64_t magnitude)) {
  RC_ASSERT(parseJson(std::to_string(number), 1)->text == std::to_string(number));
  RC_ASSERT(parseJson(std::to_string(magnitude), 1)->text == std::to_string(magnitude));
}

// RFC 7396, section 2, in its own words, on trees; made apart from the code under test.
Json rfcMergePatch(Json target, const Json& patch) {
  if (!patch.isObject()) return patch;
  if (!target.isObject()) {
    target = Json{};
    target.type = Json::Type::kObject;
  }
  for (const auto& [name, value] : patch.members) {
    std::map<std::string, Json> members;
    for (const auto& [old_name, old_value] : target.members) members[old_name] = old_value;
    if (value.isNull()) {
      members.erase(name);
    } else {
      members[name] = rfcMergePatch(members.count(name) ? members[name] : Json{}, value);
    }
    target.members.clear();
    for (const auto& [new_name, new_value] : members) target.members.emplace_back(new_name, new_value);
  }
  return target;
}

RC_GTEST_PROP(DocumentLaws, AMergePatchDoesWhatRfc7396Says, ()) {
  Tape tape(*tapes());
  std::string text = randomDocument(&tape);
  auto patch = parseJson(randomDocument(&tape), kMaxDepth);
  auto patched = mergePatch(*parseLeaves(text), *patch);
  RC_ASSERT(patched.ok());
  RC_ASSERT(canonicalFields(*patched) == canonicalJson(rfcMergePatch(*parseJson(text, kMaxDepth), *patch)));
}

RC_GTEST_PROP(VersionLaws, EveryWrittenVersionPassesTheCheckAndRoundTrips, ()) {
  History history = played(*tapes());
  Table table;
  for (const Version& version : history.all) {
    RC_ASSERT(checkVersion(version).ok());
    Version again = version;
    again.fields.clear();
    again.leaf_dots.clear();
    again.dot_stamps.clear();
    setEntries(entriesOf(version), &again);
    RC_ASSERT(contentHash(address(), again) == version.hash);
    std::string bytes;
    encodeVersion(version, "state", table, &bytes);
    auto read = decodeVersion(bytes, address(), "state", table);
    RC_ASSERT(read.ok());
    RC_ASSERT(read->hash == version.hash);
    std::string rewritten;
    encodeVersion(*read, "state", table, &rewritten);
    RC_ASSERT(rewritten == bytes);
  }
}

RC_GTEST_PROP(JoinLaws, TheJoinIsTheMaximalVersionsInAnyOrderWithDoubles, (uint32_t seed)) {
  History history = played(*tapes());
  std::vector<ContentHash> expected = maximal(history.all);
  std::vector<Version> shuffled = history.all;
  shuffled.insert(shuffled.end(), history.all.begin(), history.all.end());
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(seed));
  Siblings siblings = joined(shuffled);
  RC_ASSERT(isAntichain(siblings));
  RC_ASSERT(hashes(siblings) == expected);
  RC_CLASSIFY(siblings.size() > 1, "several siblings");
  RC_CLASSIFY(siblings.size() > 2, "more than two siblings");
}

RC_GTEST_PROP(JoinLaws, SetsJoinCommutativelyAssociativelyAndIdempotently, ()) {
  History history = played(*tapes());
  const auto& [a, b, c, d] = std::tie(history.homes[0], history.homes[1], history.homes[2], history.homes[3]);
  RC_ASSERT(hashes(joinedSets(a, b)) == hashes(joinedSets(b, a)));
  RC_ASSERT(hashes(joinedSets(joinedSets(a, b), c)) == hashes(joinedSets(a, joinedSets(b, c))));
  RC_ASSERT(hashes(joinedSets(a, a)) == hashes(a));
  RC_ASSERT(hashes(joinedSets(joinedSets(a, b), b)) == hashes(joinedSets(a, b)));
  RC_ASSERT(hashes(joinedSets(joinedSets(a, b), joinedSets(c, d))) ==
            hashes(joinedSets(joinedSets(d, c), joinedSets(b, a))));
  RC_ASSERT(isAntichain(joinedSets(a, b)));
}

RC_GTEST_PROP(JoinLaws, WhatFallsIsExactlyWhatIsDominated, ()) {
  History history = played(*tapes());
  Siblings siblings;
  for (const Version& version : history.all) {
    Siblings before = siblings, fell;
    JoinOutcome outcome = join(version, &siblings, &fell);
    for (const Version& old : before) {
      bool gone = std::any_of(fell.begin(), fell.end(), [&](const Version& v) { return v.hash == old.hash; });
      RC_ASSERT(gone == (outcome == JoinOutcome::kAdded && dominates(version, old)));
      RC_ASSERT(gone !=
                std::any_of(siblings.begin(), siblings.end(), [&](const Version& v) { return v.hash == old.hash; }));
    }
    RC_ASSERT(outcome == JoinOutcome::kAdded || hashes(siblings) == hashes(before));
    RC_ASSERT(joinedVector(siblings).covers(version.vector));
  }
}

RC_GTEST_PROP(OrderLaws, TheOrderIsTotal, ()) {
  History history = played(*tapes());
  for (const Version& a : history.all) {
    for (const Version& b : history.all) {
      RC_ASSERT((a.hash == b.hash) == (!greater(a, b) && !greater(b, a)));
      RC_ASSERT(!(greater(a, b) && greater(b, a)));
      for (const Version& c : history.all) RC_ASSERT(!(greater(a, b) && greater(b, c)) || greater(a, c));
    }
    if (&a - history.all.data() > 12) break;
  }
}

}  // namespace
}  // namespace hearthgate::model
